use std::collections::BTreeMap;

use controls::{Action, CorrectionMode, Kind};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A failure that something is going to be done about, unless it is mended before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mark {
    /// The control's id.
    pub control: String,
    /// The resource.
    pub arn: String,
    /// What it is.
    pub kind: Kind,
    /// Its name, or its id where it has one instead.
    pub name: String,
    /// What the calls about it are told, as in [`ResourceRecord::key`](crate::ResourceRecord::key).
    pub key: BTreeMap<String, String>,
    /// What it runs on, as far as it is known.
    #[serde(default)]
    pub instance_type: Option<String>,
    /// When the resource was made: one of the same name that was made later bears no mark.
    pub created: Option<Timestamp>,
    /// Since when the control has failed it.
    pub since: Timestamp,
    /// Who made the call after which the control failed, as an ARN; `None` when a sweep found it.
    pub actor: Option<String>,
    /// What is going to be done.
    pub action: Action,
    /// Whether it is done or only said.
    pub mode: CorrectionMode,
    /// When it was marked and its owner told.
    pub marked: Timestamp,
    /// When it may be done.
    pub due: Timestamp,
    /// How far it has come.
    pub state: MarkState,
    /// How often doing it has failed.
    pub failures: u32,
}

/// How far a correction has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum MarkState {
    /// Its time has not come.
    Waiting,
    /// A call was made; what came of it shows in the resource.
    Acting {
        /// When it was made.
        at: Timestamp,
        /// Which one, as in an IAM policy.
        call: String,
        /// The service answered. If it did not, the call may still be under way.
        answered: bool,
        /// The resource ran before the first call, so that it is started again after the last.
        restart: bool,
    },
    /// It was done, or would have been in a dry run.
    Done {
        /// When.
        at: Timestamp,
        /// What it had been idle for, in whole hours, where that is why it was stopped.
        idle_hours: Option<u32>,
    },
    /// It was not needed any more, or not allowed: mended, gone, exempt, made anew, or taken out of the configuration.
    Dropped {
        /// When.
        at: Timestamp,
        /// Why.
        reason: String,
    },
}
