//! The sample events hold properties that the resource accepts.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking, where it is set up too")]

use custom_resource::read_properties;
use environment_configuration::Properties;
use serde_json::Value;

#[test]
fn the_sample_events_are_accepted() {
    for (event, parameters) in [
        (include_str!("../../../events/environment-configuration-create.json"), 2),
        (include_str!("../../../events/environment-configuration-update.json"), 16),
        (include_str!("../../../events/environment-configuration-delete.json"), 16),
    ] {
        let event: Value = serde_json::from_str(event).unwrap();
        let properties = read_properties::<Properties>(&event["ResourceProperties"]).unwrap();
        assert_eq!((properties.project.as_str(), properties.parameters.len()), ("churn-model", parameters));
    }
}
