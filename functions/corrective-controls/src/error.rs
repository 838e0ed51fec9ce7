use aws_ports::AwsError;
use control_records::RecordError;
use controls::InvalidConfiguration;
use lambda_runtime::Diagnostic;

/// Why an event or a task came to nothing. Nothing was done that is not in the evidence.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Neither a finding nor a task.
    #[error("the input is neither a finding nor a task: {0}")]
    InvalidInput(#[source] serde_json::Error),
    /// The document has faults. Nothing is done by half of it.
    #[error(transparent)]
    InvalidConfiguration(#[from] InvalidConfiguration),
    /// The configuration is no text.
    #[error("the controls' configuration is not UTF-8, so nothing is judged or done by it")]
    UnreadableConfiguration,
    /// The bus did not take an event that it should have passed on.
    #[error("events:PutEvents did not take the event: {code}: {message}")]
    NotAnnounced {
        /// EventBridge's.
        code: String,
        /// EventBridge's.
        message: String,
    },
    /// An event is not JSON.
    #[error("the event cannot be written: {0}")]
    Unwritable(#[source] serde_json::Error),
    /// The metrics did not reach the log.
    #[error("the metrics cannot be written: {0}")]
    Metrics(#[source] std::io::Error),
    /// The function's own ARN names no account and region.
    #[error("{0:?} is no ARN of a function")]
    Nowhere(String),
    /// A mark or a resource's record.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A call failed.
    #[error(transparent)]
    Aws(#[from] AwsError),
}

impl Error {
    /// What the state machine's retriers and a failed invocation call it.
    #[must_use]
    pub fn error_type(&self) -> &'static str {
        match self {
            Self::Aws(error) | Self::Record(RecordError::Aws(error)) if error.is_transient() => "RetryableAwsError",
            Self::NotAnnounced { .. } => "RetryableAwsError",
            Self::Aws(_) | Self::Record(RecordError::Aws(_)) => "AwsError",
            Self::Record(_) => "UnreadableRecord",
            Self::InvalidInput(_) => "InvalidInput",
            Self::InvalidConfiguration(_) | Self::UnreadableConfiguration => "InvalidConfiguration",
            Self::Unwritable(_) | Self::Metrics(_) | Self::Nowhere(_) => "Internal",
        }
    }
}

impl From<Error> for Diagnostic {
    fn from(error: Error) -> Self {
        let error_type = error.error_type();
        tracing::error!(error_type, error = %error, "nothing more is done");
        Self { error_type: error_type.to_owned(), error_message: error.to_string() }
    }
}
