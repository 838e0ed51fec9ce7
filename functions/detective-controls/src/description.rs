use controls::{Kind, Resource};
use jiff::Timestamp;
use serde_json::Value;

/// Where descriptions have the one instance type that a resource runs on.
const INSTANCE_TYPES: [&str; 5] = [
    "/InstanceType",
    "/ResourceConfig/InstanceType",
    "/ResourceSpec/InstanceType",
    "/TransformResources/InstanceType",
    "/ProcessingResources/ClusterConfig/InstanceType",
];

/// When it was made: `CreationTime`, in seconds since 1970 on the wire.
pub(crate) fn created(description: &Value) -> Option<Timestamp> {
    match description.get("CreationTime")? {
        Value::String(text) => text.parse().ok(),
        number => {
            #[allow(
                clippy::cast_possible_truncation,
                reason = "what does not fit is clamped, and refused by the next step"
            )]
            let milliseconds = (number.as_f64()? * 1000.0).round() as i64;
            Timestamp::from_millisecond(milliseconds).ok()
        }
    }
}

/// Its state, as the API spells it.
pub(crate) fn status(kind: Kind, description: &Value) -> Option<&str> {
    description.pointer(kind.facts().status?)?.as_str()
}

/// The ARN in a description or a listing's item.
pub(crate) fn arn(kind: Kind, description: &Value) -> Option<&str> {
    description.pointer(kind.facts().arn)?.as_str().filter(|arn| !arn.is_empty())
}

/// What it runs on.
pub(crate) fn instance_type(resource: &Resource) -> Option<String> {
    let found = INSTANCE_TYPES.iter().find_map(|pointer| resource.member(pointer)?.as_str())?;
    Some(found.to_owned())
}

/// Whether a job of that state will not change any more.
pub(crate) fn has_ended(status: Option<&str>) -> bool {
    matches!(status, Some("Completed" | "Failed" | "Stopped"))
}

/// Whether it is listed although it is not there any more, as an app is for a day.
pub(crate) fn is_deleted(status: Option<&str>) -> bool {
    status == Some("Deleted")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn times_of_creation() {
        let expected = "2024-04-01T12:00:00.25Z".parse().ok();
        for value in [json!(1_711_972_800.25), json!("2024-04-01T12:00:00.250Z")] {
            assert_eq!(created(&json!({"CreationTime": value})), expected, "{value}");
        }
        for value in [json!(null), json!("yesterday"), json!(1e300), json!({})] {
            assert_eq!(created(&json!({"CreationTime": value})), None, "{value}");
        }
        assert_eq!(created(&json!([])), None);
    }
}
