use aws_ports::AwsError;
use control_records::RecordError;
use controls::InvalidConfiguration;
use lambda_runtime::Diagnostic;

/// Why an event or a task has no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The state machine sent something else than a task.
    #[error("the input is no task: {0}")]
    InvalidInput(#[source] serde_json::Error),
    /// A cursor that belongs to another sweep.
    #[error("the cursor is of another sweep or scope than the task")]
    ForeignCursor,
    /// The answer, or an event, is not JSON.
    #[error("the answer cannot be written: {0}")]
    InvalidAnswer(#[source] serde_json::Error),
    /// The function does not know its own account and region.
    #[error("the function's own ARN names no account and region")]
    NoHub,
    /// Nothing is judged by a configuration that is not understood whole.
    #[error(transparent)]
    InvalidConfiguration(#[from] InvalidConfiguration),
    /// Others wrote a record each time it was going to be written.
    #[error("{0} was written by others as often as it was read")]
    Contended(String),
    /// What an event is about could not be described.
    #[error("{} could not be read: {}", .0.len(), .0.join("; "))]
    Unread(Vec<String>),
    /// Security Hub or the bus did not take everything. What they did not take is on record and told again next time.
    #[error("{findings} findings and {events} events were not taken; first: {first}")]
    Untold {
        /// By Security Hub.
        findings: usize,
        /// By the bus.
        events: usize,
        /// What was said of the first.
        first: String,
    },
    /// A record could not be read or written.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A call failed.
    #[error(transparent)]
    Aws(#[from] AwsError),
}

impl Error {
    /// What the state machine's retriers and a failed execution call it.
    #[must_use]
    pub fn error_type(&self) -> &'static str {
        match self {
            Self::Aws(error) | Self::Record(RecordError::Aws(error)) if error.is_transient() => "RetryableAwsError",
            Self::Contended(_) => "RetryableAwsError",
            Self::Aws(_) | Self::Record(RecordError::Aws(_)) => "AwsError",
            Self::Record(_) => "InvalidRecord",
            Self::InvalidInput(_) | Self::ForeignCursor => "InvalidInput",
            Self::InvalidAnswer(_) => "InvalidAnswer",
            Self::NoHub | Self::InvalidConfiguration(_) => "InvalidConfiguration",
            Self::Unread(_) => "Unread",
            Self::Untold { .. } => "Untold",
        }
    }
}

impl From<Error> for Diagnostic {
    fn from(error: Error) -> Self {
        let error_type = error.error_type();
        tracing::error!(error_type, error = %error, "failed");
        Self { error_type: error_type.to_owned(), error_message: error.to_string() }
    }
}
