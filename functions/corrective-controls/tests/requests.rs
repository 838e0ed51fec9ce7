//! The committed requests, which tests/templates/test_corrective_requests.py holds against the service's model, are those
//! that the code sends; and the sample events are those that start it.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a failed assumption of a test is a failed test"
)]

use std::collections::BTreeMap;

use controls::{Action, CONTROLS, Kind, Need};
use corrective_controls::{CALLS, input};
use findings::Transition;
use serde_json::Value;

/// What tells one resource of a kind from all others.
fn key(kind: Kind) -> BTreeMap<String, String> {
    let value = |name: &str| match name {
        "DomainId" => "d-abcdefghijkl",
        "SpaceName" => "shared",
        "AppType" => "JupyterLab",
        _ => "lab",
    };
    let names = kind.facts().key.iter().map(|(name, _)| *name).filter(|name| *name != "UserProfileName");
    names.map(|name| (name.to_owned(), value(name).to_owned())).collect()
}

fn kind(call: &str) -> Kind {
    let named = |kind: &&Kind| call.ends_with(kind.facts().name);
    // `StopTransformJob` ends with no other kind's name.
    *Kind::ALL.iter().filter(named).max_by_key(|kind| kind.facts().name.len()).unwrap()
}

#[test]
fn the_committed_requests_are_those_that_are_sent() {
    let committed: Vec<Value> = serde_json::from_str(include_str!("requests.json")).unwrap();
    let sent = CALLS.map(|call| serde_json::json!({"operation": call, "input": input(call, &key(kind(call)))}));
    assert_eq!(committed, sent);
}

/// Whatever else a control needs would not be read, and it would never be acted on.
#[test]
fn what_is_acted_on_can_be_seen() {
    for control in CONTROLS {
        let touches = control.actions.iter().any(|action| *action != Action::Notify);
        let seen = |need: &Need| matches!(need, Need::LastOpened | Need::LifecycleConfiguration);
        assert!(!touches || control.needs.iter().all(seen), "{} needs {:?}", control.id, control.needs);
    }
}

#[test]
fn the_sample_events_are_a_finding_and_a_task() {
    let event: Value = serde_json::from_str(include_str!("../../../events/corrective-controls-finding.json")).unwrap();
    assert_eq!(event["detail-type"], Transition::DETAIL_TYPE);
    let finding: Transition = serde_json::from_value(event["detail"].clone()).unwrap();
    assert_eq!((finding.from.as_deref(), finding.to.as_str()), (None, "fail"));
    assert!(controls::control(&finding.control).unwrap().actions.contains(&Action::Stop));
    let task: Value = serde_json::from_str(include_str!("../../../events/corrective-controls-act.json")).unwrap();
    assert_eq!(task["task"], "act");
    serde_json::from_value::<control_records::Scope>(task["scope"].clone()).unwrap();
}
