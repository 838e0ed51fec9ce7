//! The sample events hold properties that the resource accepts, under the id that it gives them.
#![allow(clippy::unwrap_used, reason = "a failed assumption of a test is a failed test")]

use serde_json::Value;
use studio_domain::Properties;

#[test]
fn the_sample_events_are_accepted() {
    for event in [
        include_str!("../../../events/studio-domain-create.json"),
        include_str!("../../../events/studio-domain-update.json"),
        include_str!("../../../events/studio-domain-delete.json"),
    ] {
        let event: Value = serde_json::from_str(event).unwrap();
        let properties = custom_resource::read_properties::<Properties>(&event["ResourceProperties"]).unwrap();
        assert_eq!(properties.environment.path(), "/churn/dev/");
        if let Some(id) = event["PhysicalResourceId"].as_str() {
            assert!(id.starts_with("studio-domain/churn/dev/"), "{id}");
        }
    }
}
