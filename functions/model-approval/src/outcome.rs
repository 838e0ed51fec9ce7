use serde::Serialize;
use std::fmt::{Display, Formatter};

/// What an event came to. It is the function's answer and, with the same names, its log line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Outcome {
    /// An execution deploys the version, from now or from an earlier delivery of this event.
    DeploymentStarted {
        /// The execution's ARN.
        execution: String,
    },
    /// The same, with a version older than the live one.
    RollBackStarted {
        /// The execution's ARN.
        execution: String,
    },
    /// An execution lets the one that deploys the rejected version know, and brings the last good version back where the
    /// rejected one is live and the registration wants that.
    RejectionStarted {
        /// The execution's ARN.
        execution: String,
    },
    /// Nothing was done.
    Ignored {
        /// Why.
        reason: Ignored,
    },
}

/// Why an event changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Ignored {
    /// The package is in no group, so nobody approves it.
    NotVersioned,
    /// Pending, or a status that decides nothing.
    NotDecided,
    /// Something else of the version changed than its approval.
    Edited,
    /// The group is not registered with this platform.
    NotRegistered,
    /// The registry says something else by now; the event of that change decides.
    OutOfDate,
    /// Every stage runs this version by this decision already, and nothing is under way.
    Live,
    /// An execution does already what was decided.
    UnderWay,
    /// Another version was approved later, and is live or under way.
    Superseded,
    /// The execution that this decision started has ended.
    EndedBefore,
    /// The rejected version is neither live nor under way.
    NotLive,
    /// The rejected version is live and goes on serving: the registration does not set `rollbackOnReject`.
    Stays,
}

impl From<Ignored> for Outcome {
    fn from(reason: Ignored) -> Self {
        Self::Ignored { reason }
    }
}

impl Display for Outcome {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| std::fmt::Error)?)
    }
}
