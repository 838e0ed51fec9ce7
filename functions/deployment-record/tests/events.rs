//! The sample event is what the state machine sends.
#![allow(clippy::unwrap_used, reason = "a failed assumption of a test is a failed test")]

use deployment::{DeploymentRequest, StagePlan};
use serde_json::Value;

#[test]
fn the_sample_event_asks_what_a_stage_is_taken_back_to() {
    let event: Value = serde_json::from_str(include_str!("../../../events/deployment-record-before.json")).unwrap();
    assert_eq!(event["action"], "before");
    let stage: StagePlan = serde_json::from_value(event["stage"].clone()).unwrap();
    assert_eq!((stage.model_package_arn.version(), stage.accounts.len()), (7, 2));
}

#[test]
fn the_sample_event_records_a_stage() {
    let event: Value = serde_json::from_str(include_str!("../../../events/deployment-record-stage.json")).unwrap();
    assert_eq!((event["action"].as_str(), event["kind"].as_str()), (Some("record"), Some("stage")));
    let request: DeploymentRequest = serde_json::from_value(event["request"].clone()).unwrap();
    let stage: StagePlan = serde_json::from_value(event["stage"].clone()).unwrap();
    assert_eq!(request.model_package_arn, stage.model_package_arn);
}
