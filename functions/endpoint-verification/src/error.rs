use aws_ports::AwsError;
use deployment::{S3Uri, StageName, WaveName};
use identifiers::AccountId;
use lambda_runtime::Diagnostic;

/// Why a task has no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The state machine sent something else than a task.
    #[error("the input is no task: {0}")]
    InvalidInput(#[source] serde_json::Error),
    /// There is no such part of the stage.
    #[error("stage {stage} has no wave {:?}", .wave.as_str())]
    NoWave {
        /// The stage.
        stage: StageName,
        /// What it has not.
        wave: WaveName,
    },
    /// The function was deployed without its configuration.
    #[error("the environment variable {} is not set: it names the bucket of deployment records", crate::RECORDS_BUCKET)]
    NoBucket,
    /// The answer is not JSON.
    #[error("the answer cannot be written: {0}")]
    InvalidAnswer(#[source] serde_json::Error),
    /// The results are no XML.
    #[error("the results cannot be written: {0}")]
    InvalidResults(#[from] quick_junit::SerializeError),
    /// The sample payload cannot be sent.
    #[error("registration $.verification.payload.s3Uri: {uri} {problem}")]
    Payload {
        /// Where it is looked for.
        uri: S3Uri,
        /// What is wrong, and the way out.
        problem: String,
    },
    /// What an earlier task kept cannot be read.
    #[error("s3://{bucket}/{key} cannot be read: {source}; delete the object to ask the endpoints once more")]
    Kept {
        /// Of deployment records.
        bucket: String,
        /// Of the object.
        key: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A call failed.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// A call in a target account failed.
    #[error("account {account}: {source}")]
    Account {
        /// Which.
        account: AccountId,
        /// Why.
        source: Box<AwsError>,
    },
}

impl Error {
    fn aws(&self) -> Option<&AwsError> {
        match self {
            Self::Aws(error) => Some(error),
            Self::Account { source, .. } => Some(source),
            _ => None,
        }
    }

    /// What the state machine's retriers and a failed execution call it.
    pub fn error_type(&self) -> &'static str {
        match self {
            _ if self.aws().is_some_and(AwsError::is_transient) => "RetryableAwsError",
            Self::InvalidInput(_) | Self::NoWave { .. } => "InvalidInput",
            Self::NoBucket => "InvalidConfiguration",
            Self::InvalidAnswer(_) | Self::InvalidResults(_) => "InvalidAnswer",
            Self::Payload { .. } => "InvalidRegistration",
            Self::Kept { .. } => "InvalidRecord",
            Self::Aws(_) | Self::Account { .. } => "AwsError",
        }
    }
}

impl From<Error> for Diagnostic {
    fn from(error: Error) -> Self {
        let error_type = error.error_type();
        tracing::error!(error_type, error = %error, "task failed");
        Self { error_type: error_type.to_owned(), error_message: error.to_string() }
    }
}
