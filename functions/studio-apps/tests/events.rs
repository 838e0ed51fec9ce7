//! The sample events hold properties that the resource accepts.

use custom_resource::read_properties;
use serde_json::Value;
use studio_apps::Properties;

#[test]
fn the_sample_events_are_accepted() {
    for event in [
        include_str!("../../../events/studio-apps-create.json"),
        include_str!("../../../events/studio-apps-update.json"),
        include_str!("../../../events/studio-apps-delete.json"),
    ] {
        let event: Value = serde_json::from_str(event).unwrap();
        let properties = read_properties::<Properties>(&event["ResourceProperties"]).unwrap();
        assert_eq!(properties.domain_id.as_str(), "d-0a1b2c3d4e5f");
    }
}
