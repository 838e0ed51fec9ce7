use std::collections::BTreeMap;

use controls::{Action, Kind};
use serde_json::{Value, json};

pub(crate) const STOP_NOTEBOOK: &str = "sagemaker:StopNotebookInstance";
pub(crate) const UPDATE_NOTEBOOK: &str = "sagemaker:UpdateNotebookInstance";
pub(crate) const START_NOTEBOOK: &str = "sagemaker:StartNotebookInstance";
const DELETE_APP: &str = "sagemaker:DeleteApp";

/// Every call that changes a resource. There is no other one, whatever the configuration says.
pub const CALLS: [&str; 9] = [
    STOP_NOTEBOOK,
    UPDATE_NOTEBOOK,
    START_NOTEBOOK,
    "sagemaker:StopTrainingJob",
    "sagemaker:StopProcessingJob",
    "sagemaker:StopTransformJob",
    "sagemaker:StopHyperParameterTuningJob",
    "sagemaker:StopAutoMLJob",
    DELETE_APP,
];

/// What an action is to a resource in the state that it is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// The call to make; `None`: there is only something to say.
    Ready(Option<&'static str>),
    /// The resource is between two states, or in one that nobody knows.
    Passing,
    /// There is nothing left to be done: it is what the action makes of it, or has ended by itself.
    Over,
    /// There is no such action on a resource of that kind.
    Never,
}

/// What the first call of an action would be.
pub(crate) fn standing(action: Action, kind: Kind, status: Option<&str>) -> Standing {
    let status = status.unwrap_or_default();
    let job = |call| match status {
        "InProgress" => Standing::Ready(Some(call)),
        "Completed" | "Failed" | "Stopping" | "Stopped" | "Deleting" | "DeleteFailed" => Standing::Over,
        _ => Standing::Passing,
    };
    match (action, kind) {
        (Action::Notify, _) => Standing::Ready(None),
        (Action::Stop, Kind::NotebookInstance) => match status {
            "InService" => Standing::Ready(Some(STOP_NOTEBOOK)),
            "Stopping" | "Stopped" | "Failed" | "Deleting" => Standing::Over,
            _ => Standing::Passing,
        },
        (Action::Harden, Kind::NotebookInstance) => match status {
            "InService" => Standing::Ready(Some(STOP_NOTEBOOK)),
            "Stopped" => Standing::Ready(Some(UPDATE_NOTEBOOK)),
            "Failed" | "Deleting" => Standing::Over,
            _ => Standing::Passing,
        },
        (Action::Stop, Kind::TrainingJob) => job("sagemaker:StopTrainingJob"),
        (Action::Stop, Kind::ProcessingJob) => job("sagemaker:StopProcessingJob"),
        (Action::Stop, Kind::TransformJob) => job("sagemaker:StopTransformJob"),
        (Action::Stop, Kind::HyperParameterTuningJob) => job("sagemaker:StopHyperParameterTuningJob"),
        (Action::Stop, Kind::AutoMlJob) => job("sagemaker:StopAutoMLJob"),
        (Action::Delete, Kind::App) => match status {
            "InService" => Standing::Ready(Some(DELETE_APP)),
            "Deleting" | "Deleted" | "Failed" => Standing::Over,
            _ => Standing::Passing,
        },
        (Action::Stop | Action::Harden | Action::Delete, _) => Standing::Never,
    }
}

/// What a call is told. `key` tells the resource from all others.
#[must_use]
pub fn input(call: &str, key: &BTreeMap<String, String>) -> Value {
    let mut input = json!(key);
    if let (UPDATE_NOTEBOOK, Some(members)) = (call, input.as_object_mut()) {
        members.insert("RootAccess".to_owned(), "Disabled".into());
        let metadata = json!({"MinimumInstanceMetadataServiceVersion": "2"});
        members.insert("InstanceMetadataServiceConfiguration".to_owned(), metadata);
    }
    input
}

/// The value of the template's parameter `CorrectiveActions` that gives the right to a call.
pub(crate) fn parameter(call: &str) -> &'static str {
    if call == DELETE_APP { "StopAndDelete" } else { "Stop or StopAndDelete" }
}
