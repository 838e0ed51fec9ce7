//! The sample events are what the state machine sends: whole plans of stages.
#![allow(clippy::unwrap_used, reason = "a failed assumption of a test is a failed test")]

use deployment::{S3Uri, StagePlan, payload_limit};
use serde_json::Value;

#[test]
fn the_sample_events_hold_plans() {
    for (text, accounts) in [
        (include_str!("../../../events/model-access-two-stages.json"), 2),
        (include_str!("../../../events/model-access-new-account.json"), 3),
    ] {
        let event: Value = serde_json::from_str(text).unwrap();
        let stages: Vec<StagePlan> = serde_json::from_value(event["stages"].clone()).unwrap();
        assert_eq!(stages.iter().map(|stage| stage.accounts.len()).sum::<usize>(), accounts);
        if let Some(payload) = event.get("payload") {
            assert_eq!(payload["path"], "$.verification.payload.s3Uri");
            let limits = stages.iter().map(|stage| payload_limit(&stage.endpoint));
            assert_eq!(payload["limit"].as_u64(), limits.min());
            let _: S3Uri = serde_json::from_value(payload["s3Uri"].clone()).unwrap();
        }
        for stage in stages {
            assert_eq!(event["platformName"], stage.platform_name.as_str());
            assert_eq!(event["modelPackageArn"], stage.model_package_arn.as_str());
            assert_eq!(event["modelPackageGroupName"], stage.model_package_group_name.as_str());
        }
    }
}
