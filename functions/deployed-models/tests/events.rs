//! The sample events hold properties that the resource accepts.
#![allow(clippy::unwrap_used, reason = "a failed assumption of a test is a failed test")]

use custom_resource::read_properties;
use deployed_models::{OnDelete, Properties};
use serde_json::Value;

#[test]
fn the_sample_events_are_accepted() {
    for event in [
        include_str!("../../../events/deployed-models-create.json"),
        include_str!("../../../events/deployed-models-update.json"),
        include_str!("../../../events/deployed-models-delete.json"),
    ] {
        let event: Value = serde_json::from_str(event).unwrap();
        let properties = read_properties::<Properties>(&event["ResourceProperties"]).unwrap();
        assert_eq!((properties.platform_name.as_str(), properties.on_delete), ("secure-mlops", OnDelete::Delete));
    }
}
