use aws_ports::AwsError;
use deployment::StageName;
use lambda_runtime::Diagnostic;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The state machine sent something else than a request.
    #[error("the input is no request for access: {0}")]
    InvalidInput(#[source] serde_json::Error),
    /// One request is about one version.
    #[error("stage {stage} deploys {found}, expected the version of the request")]
    OtherVersion {
        /// Of the stage.
        stage: StageName,
        /// The stage's version.
        found: String,
    },
    /// A statement of ours does not serialize.
    #[error(transparent)]
    Statement(#[from] policy_document::Error),
    /// A call failed, and not because of what it is about.
    #[error(transparent)]
    Aws(#[from] AwsError),
}

impl Error {
    /// What the state machine's retriers and a failed execution call it.
    #[must_use]
    pub fn error_type(&self) -> &'static str {
        match self {
            Self::InvalidInput(_) | Self::OtherVersion { .. } => "InvalidInput",
            Self::Statement(_) => "InvalidStatement",
            Self::Aws(error) if error.is_passing() => "RetryableAwsError",
            Self::Aws(_) => "AwsError",
        }
    }
}

impl From<Error> for Diagnostic {
    fn from(error: Error) -> Self {
        let error_type = error.error_type();
        tracing::error!(error_type, error = %error, "access not looked at");
        Self { error_type: error_type.to_owned(), error_message: error.to_string() }
    }
}

/// The error is about the very thing that was asked for or written: it is missing, not for this function, or not as the
/// service takes it. Whoever owns the thing can help, and another try cannot.
pub(crate) fn concerns(error: &AwsError) -> bool {
    error.is_access_denied()
        || error.is_not_found()
        || matches!(
            error.code(),
            Some(
                "InvalidArnException"
                    | "InvalidBucketName"
                    | "InvalidParameterException"
                    | "KMSInvalidStateException"
                    | "NoSuchBucket"
                    | "ValidationException"
            )
        )
}
