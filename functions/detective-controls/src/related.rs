use std::collections::BTreeMap;
use std::fmt;

use controls::{Kind, Need};
use serde_json::Value;

use crate::subject::Subject;

/// What a description names that several resources may have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Named {
    /// A KMS key, by id, ARN or alias.
    Key(String),
    /// An IAM role, by its name.
    Role(String),
    /// Another resource of SageMaker.
    Resource(Subject),
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(name) | Self::Role(name) => f.write_str(name),
            Self::Resource(subject) => write!(f, "{} {}", subject.kind, subject.name()),
        }
    }
}

/// Where the descriptions have the role that a resource runs as.
const ROLES: [&str; 3] = ["/RoleArn", "/ExecutionRoleArn", "/DefaultUserSettings/ExecutionRole"];

/// What of this need a description names; `None`: nothing.
pub(crate) fn named(need: Need, description: &Value) -> Option<Named> {
    let text = |pointer: &str| description.pointer(pointer)?.as_str().filter(|text| !text.is_empty());
    match need {
        Need::Key => Some(Named::Key(text("/KmsKeyId")?.to_owned())),
        Need::RolePolicies => {
            let arn = ROLES.iter().find_map(|pointer| text(pointer))?;
            Some(Named::Role(arn.rsplit('/').next()?.to_owned()))
        }
        Need::LifecycleConfiguration => {
            let name = text("/NotebookInstanceLifecycleConfigName")?;
            resource(Kind::NotebookInstanceLifecycleConfig, name)
        }
        Need::JobDefinition => {
            let config = "/MonitoringScheduleConfig";
            let name = text(&format!("{config}/MonitoringJobDefinitionName"))?;
            let types = [format!("{config}/MonitoringType"), "/MonitoringType".to_owned()];
            resource(definition_of(types.iter().find_map(|pointer| text(pointer))?)?, name)
        }
        // Of the resource alone.
        Need::Tags | Need::LastOpened => None,
    }
}

fn resource(kind: Kind, name: &str) -> Option<Named> {
    let (member, _) = kind.facts().key.last()?;
    Some(Named::Resource(Subject { kind, key: BTreeMap::from([((*member).to_owned(), name.to_owned())]) }))
}

/// The job definitions of a type of monitoring.
fn definition_of(monitoring: &str) -> Option<Kind> {
    match monitoring {
        "DataQuality" => Some(Kind::DataQualityJobDefinition),
        "ModelQuality" => Some(Kind::ModelQualityJobDefinition),
        "ModelBias" => Some(Kind::ModelBiasJobDefinition),
        "ModelExplainability" => Some(Kind::ModelExplainabilityJobDefinition),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_descriptions_name() {
        let named = |need, description: Value| named(need, &description).map(|named| named.to_string());
        for (need, description, expected) in [
            (Need::Key, json!({"KmsKeyId": "alias/ml"}), Some("alias/ml")),
            (Need::Key, json!({"KmsKeyId": ""}), None),
            (Need::Key, json!([]), None),
            (Need::RolePolicies, json!({"RoleArn": "arn:aws:iam::111111111111:role/team/Lab"}), Some("Lab")),
            (Need::RolePolicies, json!({"ExecutionRoleArn": "arn:aws:iam::111111111111:role/Model"}), Some("Model")),
            (
                Need::RolePolicies,
                json!({"DefaultUserSettings": {"ExecutionRole": "arn:aws:iam::111111111111:role/Studio"}}),
                Some("Studio"),
            ),
            (
                Need::LifecycleConfiguration,
                json!({"NotebookInstanceLifecycleConfigName": "setup"}),
                Some("NotebookInstanceLifecycleConfig setup"),
            ),
            (
                Need::JobDefinition,
                json!({"MonitoringScheduleConfig": {"MonitoringJobDefinitionName": "drift", "MonitoringType": "ModelBias"}}),
                Some("ModelBiasJobDefinition drift"),
            ),
            (
                Need::JobDefinition,
                json!({"MonitoringType": "DataQuality", "MonitoringScheduleConfig": {"MonitoringJobDefinitionName": "drift"}}),
                Some("DataQualityJobDefinition drift"),
            ),
            (
                Need::JobDefinition,
                json!({"MonitoringScheduleConfig": {"MonitoringJobDefinition": {}, "MonitoringType": "DataQuality"}}),
                None,
            ),
        ] {
            assert_eq!(named(need, description.clone()).as_deref(), expected, "{description}");
        }
    }
}
