use aws_ports::AwsError;
use deployment::Fault;
use identifiers::AccountId;
use lambda_runtime::Diagnostic;
use std::fmt::Write;

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
    /// The deployment must not start. At least one of the lists has a fault.
    #[error("{}", listed(registration, package))]
    Refused {
        /// In the registration, or in what it refers to.
        registration: Vec<Fault>,
        /// In the model package.
        package: Vec<Fault>,
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
            Self::Aws(error) | Self::Organization(organization::Error::Aws(error)) => Some(error),
            Self::Account { source, .. } => Some(source),
            _ => None,
        }
    }

    /// What the state machine's retriers and a failed execution call it.
    pub fn error_type(&self) -> &'static str {
        match self {
            _ if self.aws().is_some_and(AwsError::is_transient) => "RetryableAwsError",
            Self::InvalidInput(_) => "InvalidInput",
            Self::InvalidAnswer(_) => "InvalidAnswer",
            Self::NotRegistered { .. } => "NotRegistered",
            Self::Refused { registration, .. } if registration.is_empty() => "NotDeployable",
            Self::Refused { .. } => "InvalidRegistration",
            Self::ForeignStackSet { .. } => "ForeignStackSet",
            Self::Organization(_) | Self::Aws(_) | Self::Account { .. } => "AwsError",
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

fn listed(registration: &[Fault], package: &[Fault]) -> String {
    let mut text = match registration.len() + package.len() {
        1 => "the deployment has 1 fault".to_owned(),
        count => format!("the deployment has {count} faults"),
    };
    let labelled = registration.iter().map(|fault| ("registration ", fault));
    for (index, (label, fault)) in labelled.chain(package.iter().map(|fault| ("", fault))).enumerate() {
        // Writing to a string cannot fail.
        let _ = write!(text, "{} {label}{fault}", if index == 0 { ":" } else { ";" });
    }
    text
}
