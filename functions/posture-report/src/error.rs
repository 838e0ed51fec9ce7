use aws_ports::AwsError;
use control_records::RecordError;
use controls::InvalidConfiguration;
use lambda_runtime::Diagnostic;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The state machine sent something else than a task.
    #[error("the input is no task: {0}")]
    InvalidInput(#[source] serde_json::Error),
    /// Without an account nothing was swept, and the next report would take everything for new.
    #[error("the input is no task: scopes is empty")]
    NoScopes,
    /// What is exempt is not known, so a report would be wrong.
    #[error("{key} cannot be used: {problem}")]
    Configuration {
        /// The object.
        key: &'static str,
        /// All of its faults.
        #[source]
        problem: InvalidConfiguration,
    },
    /// A record cannot be read.
    #[error(transparent)]
    Record(RecordError),
    /// The report of this sweep is there, and is not what this software writes.
    #[error("{key} cannot be read: {problem}; delete it to have it written anew")]
    UnreadableReport {
        /// The object.
        key: String,
        /// What is wrong with it.
        problem: serde_json::Error,
    },
    /// The report or the answer is not JSON.
    #[error("the report cannot be written: {0}")]
    Unwritable(#[source] serde_json::Error),
    /// The metrics did not reach the log.
    #[error("the metrics cannot be written: {0}")]
    Metrics(#[source] std::io::Error),
    /// A call failed.
    #[error(transparent)]
    Aws(#[from] AwsError),
}

impl Error {
    /// What the state machine's retriers and a failed execution call it.
    pub fn error_type(&self) -> &'static str {
        match self {
            Self::Aws(error) if error.is_passing() => "RetryableAwsError",
            // Two deliveries write one object at the same moment.
            Self::Aws(error) if error.code() == Some("ConditionalRequestConflict") => "RetryableAwsError",
            Self::Aws(_) => "AwsError",
            Self::InvalidInput(_) | Self::NoScopes => "InvalidInput",
            Self::Configuration { .. } => "InvalidControlsConfiguration",
            Self::Record(_) => "UnreadableRecord",
            Self::UnreadableReport { .. } => "UnreadableReport",
            Self::Unwritable(_) | Self::Metrics(_) => "Unwritable",
        }
    }
}

impl From<RecordError> for Error {
    fn from(error: RecordError) -> Self {
        match error {
            RecordError::Aws(error) => Self::Aws(error),
            error => Self::Record(error),
        }
    }
}

impl From<Error> for Diagnostic {
    fn from(error: Error) -> Self {
        let error_type = error.error_type();
        tracing::error!(error_type, error = %error, "report failed");
        Self { error_type: error_type.to_owned(), error_message: error.to_string() }
    }
}
