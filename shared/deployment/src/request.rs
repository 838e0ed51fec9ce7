use crate::names::{PlatformName, fingerprint};
use identifiers::{ModelPackageArn, ModelPackageGroupName};
use serde::{Deserialize, Serialize};

/// The input of the state machine: deploy this version, because of this approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeploymentRequest {
    /// The platform whose registration of the group counts.
    pub platform_name: PlatformName,
    /// The version to deploy; never "the newest approved".
    pub model_package_arn: ModelPackageArn,
    /// The version's group as the registry spells it, where the ARN does not: ARNs may have it in lower case, and the
    /// names of parameters know the difference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_package_group_name: Option<ModelPackageGroupName>,
    /// What allowed it.
    pub approval: Approval,
}

/// One approval of one version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Approval {
    /// The same for every delivery of one approval and another for the next approval of the same version.
    pub id: String,
    /// When, as the registry says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// Who, where the registry says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

impl DeploymentRequest {
    /// The version's group as the registry spells it.
    pub fn group(&self) -> &ModelPackageGroupName {
        self.model_package_group_name.as_ref().unwrap_or_else(|| self.model_package_arn.group())
    }

    /// The name of the execution that serves this request: Step Functions starts a name only once, so an approval that
    /// is delivered again starts nothing. At most 80 characters.
    pub fn execution_name(&self) -> String {
        let hash = fingerprint(8, &[self.platform_name.as_str(), self.model_package_arn.as_str(), &self.approval.id]);
        format!("{}-{hash}", execution_subject(&self.model_package_arn))
    }
}

/// Whether the execution of this name, made by [`DeploymentRequest::execution_name`], deploys this version, whatever
/// approval it serves.
pub fn is_execution_of(name: &str, package: &ModelPackageArn) -> bool {
    name.rsplit_once('-').is_some_and(|(subject, _)| subject == execution_subject(package))
}

/// Group and version. A group has at most 63 characters, so only versions beyond a hundred thousand cut it.
fn execution_subject(package: &ModelPackageArn) -> String {
    const LONGEST: usize = 80 - "-12345678".len();
    let version = format!("-v{}", package.version());
    let group = package.group().as_str();
    format!("{}{version}", group.get(..group.len().min(LONGEST - version.len())).unwrap_or(group))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(version: u32, id: &str) -> DeploymentRequest {
        let arn = format!("arn:aws:sagemaker:eu-central-1:111111111111:model-package/churn/{version}");
        DeploymentRequest {
            platform_name: "mlops".parse().unwrap(),
            model_package_arn: arn.parse().unwrap(),
            model_package_group_name: None,
            approval: Approval { id: id.to_owned(), time: None, by: None },
        }
    }

    #[test]
    fn one_name_for_one_approval() {
        let mut delivered_again = request(7, "2026-01-01T00:00:00Z");
        delivered_again.approval.by = Some("somebody".to_owned());
        let name = request(7, "2026-01-01T00:00:00Z").execution_name();
        assert_eq!(delivered_again.execution_name(), name);
        assert!(name.starts_with("churn-v7-") && name.len() == "churn-v7-".len() + 8, "{name}");
        assert_ne!(request(7, "2026-01-02T00:00:00Z").execution_name(), name);
        assert_ne!(request(8, "2026-01-01T00:00:00Z").execution_name(), name);
    }

    #[test]
    fn a_name_tells_its_version_and_fits() {
        let name = request(7, "a").execution_name();
        assert!(is_execution_of(&name, &request(7, "b").model_package_arn));
        assert!(!is_execution_of(&name, &request(70, "a").model_package_arn));
        assert!(!is_execution_of("churn-v7", &request(7, "a").model_package_arn));
        assert!(!is_execution_of("churn-v7-x-v1-01234567", &request(7, "a").model_package_arn));

        let mut longest = request(u32::MAX, "a");
        let arn = format!("arn:aws:sagemaker:eu-central-1:111111111111:model-package/{}/{}", "g".repeat(63), u32::MAX);
        longest.model_package_arn = arn.parse().unwrap();
        assert_eq!(longest.execution_name().len(), 80);
    }

    #[test]
    fn wire_form() {
        let json = serde_json::to_value(request(7, "a")).unwrap();
        assert_eq!(
            json,
            serde_json::json!({
                "platformName": "mlops",
                "modelPackageArn": "arn:aws:sagemaker:eu-central-1:111111111111:model-package/churn/7",
                "approval": {"id": "a"},
            })
        );
        assert_eq!(serde_json::from_value::<DeploymentRequest>(json).unwrap(), request(7, "a"));
    }
}
