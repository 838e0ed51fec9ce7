//! What an event of the model registry says, and whether it can be believed.

use aws_sdk_sagemaker::primitives::{DateTime, DateTimeFormat};
use identifiers::{ModelPackageArn, ModelPackageGroupName};
use serde_json::Value;

use crate::aws::ModelPackage;
use crate::configuration::Caller;

/// The fields whose change is a decision, of those in `UpdatedModelPackageFields`.
const FIELDS_OF_A_DECISION: [&str; 2] = ["ModelApprovalStatus", "ApprovalDescription"];

/// What somebody decided about a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Go live.
    Approved,
    /// Do not go live, or live no longer.
    Rejected,
}

impl Decision {
    /// From `ModelApprovalStatus`; `None` for pending, and for whatever status the registry learns next.
    pub(crate) fn of_status(status: &str) -> Option<Self> {
        match status {
            "Approved" => Some(Self::Approved),
            "Rejected" => Some(Self::Rejected),
            _ => None,
        }
    }
}

/// One `SageMaker Model Package State Change`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateChange {
    /// The version that changed.
    pub package: ModelPackageArn,
    /// Its group as the registry spells it: ARNs may have it in lower case, parameter names know the difference.
    pub group: ModelPackageGroupName,
    /// What the change comes to.
    pub meaning: Meaning,
    /// `LastModifiedTime` in milliseconds since the epoch, where the event has one that can be read.
    pub changed: Option<i64>,
}

/// What a change of a version comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// Somebody decided.
    Decided(Decision),
    /// The version waits for a decision, or has a status that is none.
    NotDecided,
    /// A version that was decided on changed in something else.
    Edited,
}

impl StateChange {
    /// When the change was made, in milliseconds since the epoch.
    pub(crate) fn at(&self, package: &ModelPackage) -> i64 {
        self.changed.unwrap_or(package.last_modified)
    }
}

/// An event nobody can act on. Running it again changes nothing, so it ends with the failed events.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidEvent {
    /// Every fault found, each naming its field.
    #[error("the event is not a model package state change: {}", .0.join("; "))]
    Faults(Vec<String>),
}

/// What a registry event says, from its JSON form; `None` where it is about a package outside every group, which has no
/// approval.
///
/// The event is read as a JSON value and not into a struct: the service is known to send a key twice, which a struct
/// refuses and a value takes as its last occurrence. Only `detail.ModelPackageArn` (or `resources[0]`) and
/// `detail.ModelApprovalStatus` must be there.
///
/// # Errors
/// All faults together: a missing or malformed ARN or status, and a package of another account or region. A target account
/// can never approve, so such an event is refused, whoever forwarded it.
pub(crate) fn read(event: &Value, caller: &Caller) -> Result<Option<StateChange>, InvalidEvent> {
    let mut faults = Vec::new();
    let detail = event.get("detail");
    let arn = detail
        .and_then(|detail| detail.get("ModelPackageArn"))
        .or_else(|| event.get("resources").and_then(|resources| resources.get(0)));
    let package = match arn {
        None => {
            faults.push("detail.ModelPackageArn is missing".to_owned());
            None
        }
        Some(Value::String(arn)) if is_unversioned(arn) => return Ok(None),
        Some(Value::String(arn)) => match arn.parse::<ModelPackageArn>() {
            Ok(package) => Some(package),
            Err(expected) => {
                faults.push(format!("detail.ModelPackageArn is {arn:?}: expected {expected}"));
                None
            }
        },
        Some(other) => {
            faults.push(format!("detail.ModelPackageArn is {other}: expected a string"));
            None
        }
    };
    let decision = match detail.and_then(|detail| detail.get("ModelApprovalStatus")) {
        None => {
            faults.push("detail.ModelApprovalStatus is missing".to_owned());
            None
        }
        Some(Value::String(status)) => Some(Decision::of_status(status)),
        Some(other) => {
            faults.push(format!("detail.ModelApprovalStatus is {other}: expected a string"));
            None
        }
    };
    if let Some(package) = &package {
        faults.extend(foreign(package, event, caller));
    }
    match (package, decision) {
        (Some(package), Some(decision)) if faults.is_empty() => {
            let group = spelled(&package, detail);
            let meaning = match decision {
                None => Meaning::NotDecided,
                Some(_) if is_edit(detail) => Meaning::Edited,
                Some(decision) => Meaning::Decided(decision),
            };
            let changed = detail.and_then(|detail| milliseconds(detail.get("LastModifiedTime")?));
            Ok(Some(StateChange { package, group, meaning, changed }))
        }
        _ => Err(InvalidEvent::Faults(faults)),
    }
}

/// The ARN of a package outside every group ends with its name alone: `...:model-package/<name>`.
fn is_unversioned(arn: &str) -> bool {
    arn.split_once(":model-package/")
        .is_some_and(|(head, name)| head.starts_with("arn:") && !name.is_empty() && !name.contains('/'))
}

fn spelled(package: &ModelPackageArn, detail: Option<&Value>) -> ModelPackageGroupName {
    detail
        .and_then(|detail| detail.get("ModelPackageGroupName"))
        .and_then(Value::as_str)
        .filter(|name| name.eq_ignore_ascii_case(package.group().as_str()))
        .and_then(|name| name.parse().ok())
        .unwrap_or_else(|| package.group().clone())
}

/// Whether the event says what changed, and that it was not the approval.
fn is_edit(detail: Option<&Value>) -> bool {
    let fields = detail.and_then(|detail| detail.get("UpdatedModelPackageFields")).and_then(Value::as_array);
    let is_decision = |field: &Value| {
        let known = |name: &&str| field.as_str().is_some_and(|field| field.eq_ignore_ascii_case(name));
        FIELDS_OF_A_DECISION.iter().any(known)
    };
    fields.is_some_and(|fields| !fields.is_empty() && !fields.iter().any(is_decision))
}

/// Events have times as RFC 3339 or in milliseconds. Another form is not worth losing an approval: the registry has the
/// time too.
fn milliseconds(time: &Value) -> Option<i64> {
    match time {
        Value::String(text) => DateTime::from_str(text, DateTimeFormat::DateTimeWithOffset).ok()?.to_millis().ok(),
        other => other.as_i64(),
    }
}

/// RFC 3339; `None` for a time beyond every calendar.
pub(crate) fn in_words(milliseconds: i64) -> Option<String> {
    DateTime::from_millis(milliseconds).fmt(DateTimeFormat::DateTime).ok()
}

fn foreign(package: &ModelPackageArn, event: &Value, caller: &Caller) -> Vec<String> {
    let mut faults = Vec::new();
    if package.account_id() != &caller.account_id {
        faults.push(format!(
            "detail.ModelPackageArn names account {}: only packages of account {} are deployed from here",
            package.account_id(),
            caller.account_id
        ));
    }
    if package.region() != &caller.region {
        faults.push(format!(
            "detail.ModelPackageArn names region {}: only packages of region {} are deployed from here",
            package.region(),
            caller.region
        ));
    }
    if let Some(account) = event.get("account").and_then(Value::as_str)
        && account != caller.account_id.as_str()
    {
        faults.push(format!(
            "account is {account:?}: expected {}, another account's event counts for nothing",
            caller.account_id
        ));
    }
    faults
}
