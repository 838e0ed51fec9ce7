use aws_ports::AwsError;
use lambda_runtime::Diagnostic;

/// Why a task has no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The state machine sent something else than a task.
    #[error("the input is no task: {0}")]
    InvalidInput(#[source] serde_json::Error),
    /// The answer is not JSON.
    #[error("the answer cannot be written: {0}")]
    InvalidAnswer(#[source] serde_json::Error),
    /// Without it nobody knows what a stage is to be taken back to, so the stage must not be touched.
    #[error("{place} cannot be read: {problem}; restore an earlier version of it, or delete it to begin anew")]
    UnreadableRecord {
        /// A parameter's name, or an object's address.
        place: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A call failed.
    #[error(transparent)]
    Aws(#[from] AwsError),
}

impl Error {
    /// What the state machine's retriers and a failed execution call it.
    pub fn error_type(&self) -> &'static str {
        match self {
            Self::Aws(error) if error.is_transient() => "RetryableAwsError",
            Self::Aws(_) => "AwsError",
            Self::InvalidInput(_) => "InvalidInput",
            Self::InvalidAnswer(_) => "InvalidAnswer",
            Self::UnreadableRecord { .. } => "UnreadableRecord",
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
