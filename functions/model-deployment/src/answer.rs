use deployment::DeploymentReport;
use serde::{Deserialize, Serialize};

/// How far a stage is.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "status", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Answer {
    /// The stack set is doing this; ask for it.
    Started {
        /// What to poll.
        operation: Started,
        /// In words.
        waiting_for: String,
    },
    /// Not yet; ask the same again.
    Waiting {
        /// In words.
        waiting_for: String,
    },
    /// Done; go on.
    Done,
    /// The stage has failed.
    Failed {
        /// Where and why.
        report: DeploymentReport,
    },
}

/// An operation of a stack set that this execution started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Started {
    /// As CloudFormation knows it.
    pub id: String,
    /// What it does.
    pub kind: Kind,
}

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// Takes the endpoint out of accounts that left the stage.
    Remove,
    /// Brings all accounts to the version.
    Update,
    /// Puts the endpoint into accounts that have none.
    Create,
}

impl Kind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Remove => "remove",
            Self::Update => "update",
            Self::Create => "create",
        }
    }
}

impl Answer {
    pub(crate) fn waiting(waiting_for: impl Into<String>) -> Self {
        Self::Waiting { waiting_for: waiting_for.into() }
    }

    pub(crate) fn log(&self) {
        match self {
            Self::Started { operation, waiting_for } => {
                tracing::info!(operation_id = operation.id, waiting_for, "operation started");
            }
            Self::Waiting { waiting_for } => tracing::info!(waiting_for, "not yet"),
            Self::Done => tracing::info!("done"),
            Self::Failed { report } => tracing::error!(report = %report, "stage failed"),
        }
    }
}
