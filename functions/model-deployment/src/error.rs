use aws_ports::AwsError;
use deployment::{InvalidRegistration, StageName};
use identifiers::{AccountId, ModelPackageArn};
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
    /// Nobody registered the group for deployment.
    #[error("no registration in parameter {parameter}: register the model package group before approving a version")]
    NotRegistered {
        /// Where it was looked for.
        parameter: String,
    },
    /// What was read without a fault is no registration all the same.
    #[error(transparent)]
    Registration(InvalidRegistration),
    /// Accounts shall go first in a stage that they are not in.
    #[error("stage {stage} has no accounts {strangers:?}, which shall go first")]
    Waves {
        /// The stage.
        stage: StageName,
        /// Not in it.
        strangers: Vec<AccountId>,
    },
    /// The state machine asks for a wave that the plan does not have.
    #[error("stage {stage} has no wave {wave}")]
    NoWave {
        /// The stage.
        stage: StageName,
        /// What was asked for.
        wave: &'static str,
    },
    /// A live version was rejected, and no earlier one is still approved.
    #[error(
        "{model_package_arn} was rejected and goes on serving: no version that was live before is still approved; \
         approve the one that shall serve"
    )]
    NothingToComeBackTo {
        /// What was rejected.
        model_package_arn: ModelPackageArn,
    },
    /// The stack set's name belongs to somebody else.
    #[error("stack set {name} is not this stage's: {problem}")]
    ForeignStackSet {
        /// Of the stack set.
        name: String,
        /// How it shows.
        problem: String,
    },
    /// Organizations does not say what the deployment needs.
    #[error(transparent)]
    Organization(#[from] organization::Error),
    /// A call failed.
    #[error(transparent)]
    Aws(#[from] AwsError),
}

impl Error {
    fn aws(&self) -> Option<&AwsError> {
        match self {
            Self::Aws(error) | Self::Organization(organization::Error::Aws(error)) => Some(error),
            _ => None,
        }
    }

    /// What the state machine's retriers and a failed execution call it.
    pub fn error_type(&self) -> &'static str {
        match self {
            _ if self.aws().is_some_and(AwsError::is_transient) => "RetryableAwsError",
            Self::InvalidInput(_) | Self::NoWave { .. } => "InvalidInput",
            Self::InvalidAnswer(_) => "InvalidAnswer",
            Self::NotRegistered { .. } => "NotRegistered",
            Self::Registration(_) | Self::Waves { .. } => "InvalidRegistration",
            Self::NothingToComeBackTo { .. } => "NothingToComeBackTo",
            Self::ForeignStackSet { .. } => "ForeignStackSet",
            Self::Organization(_) | Self::Aws(_) => "AwsError",
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
