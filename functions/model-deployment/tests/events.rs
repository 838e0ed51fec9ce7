//! The sample event is what the state machine sends.
#![allow(clippy::unwrap_used, reason = "a failed assumption of a test is a failed test")]

use deployment::DeploymentRequest;
use serde_json::Value;

#[test]
fn the_sample_event_asks_for_a_plan() {
    let event: Value = serde_json::from_str(include_str!("../../../events/model-deployment-plan.json")).unwrap();
    assert_eq!(event["action"], "plan");
    let request: DeploymentRequest = serde_json::from_value(event["request"].clone()).unwrap();
    assert_eq!((request.group().as_str(), request.model_package_arn.version()), ("churn", 7));
}
