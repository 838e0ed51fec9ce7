//! The sample events hold properties that the resource accepts, under the id that it gives them.
#![allow(clippy::unwrap_used, reason = "a failed assumption of a test is a failed test")]

use serde_json::Value;
use studio_storage::{OnDelete, Properties};

#[test]
fn the_sample_events_are_accepted() {
    for (event, backs_up) in [
        (include_str!("../../../events/studio-storage-create.json"), false),
        (include_str!("../../../events/studio-storage-update.json"), true),
        (include_str!("../../../events/studio-storage-delete.json"), true),
    ] {
        let event: Value = serde_json::from_str(event).unwrap();
        let properties = custom_resource::read_properties::<Properties>(&event["ResourceProperties"]).unwrap();
        assert_eq!(properties.environment.path(), "/churn/dev/");
        assert_eq!(matches!(properties.on_delete, OnDelete::Backup(_)), backs_up);
        if let Some(id) = event["PhysicalResourceId"].as_str() {
            assert!(id.starts_with("studio-storage/churn/dev/vpc-0a1b2c3d4e5f67890/"), "{id}");
        }
    }
}
