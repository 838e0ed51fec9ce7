use crate::names::{PlatformName, fingerprint};
use identifiers::{ModelPackageArn, ModelPackageGroupName};
use serde::{Deserialize, Serialize};
use std::fmt::{Display, Formatter};

/// The input of the state machine: what somebody decided about this version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeploymentRequest {
    /// The platform whose registration of the group counts.
    pub platform_name: PlatformName,
    /// Whether the version is to go live or to go.
    #[serde(default)]
    pub kind: RequestKind,
    /// The version that was decided on; never "the newest approved".
    pub model_package_arn: ModelPackageArn,
    /// The version's group as the registry spells it, where the ARN does not: ARNs may have it in lower case, and the
    /// names of parameters know the difference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_package_group_name: Option<ModelPackageGroupName>,
    /// Who decided, and when.
    pub approval: Approval,
}

/// What an execution is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RequestKind {
    /// Brings the version to every stage.
    #[default]
    Approval,
    /// Brings every stage that runs the version back to the last good one.
    Rejection,
}

/// One decision on one version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Approval {
    /// The same for every delivery of one decision and another for the next decision on the same version.
    pub id: String,
    /// When, as the registry says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// Who, where the registry says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Who registered the version, where the registry says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registered_by: Option<String>,
}

impl DeploymentRequest {
    /// The version's group as the registry spells it.
    pub fn group(&self) -> &ModelPackageGroupName {
        self.model_package_group_name.as_ref().unwrap_or_else(|| self.model_package_arn.group())
    }

    /// The name of the execution that serves this request: Step Functions starts a name only once, so a decision that
    /// is delivered again starts nothing. At most 80 characters.
    pub fn execution_name(&self) -> String {
        let hash = fingerprint(8, &[self.platform_name.as_str(), self.model_package_arn.as_str(), &self.approval.id]);
        format!("{}-{hash}", ExecutionSubject::of(self.kind, &self.model_package_arn))
    }
}

/// What an execution's name says of it: the beginning of [`DeploymentRequest::execution_name`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutionSubject {
    /// The group as its ARNs spell it, cut where the name has no room for it.
    pub group: String,
    /// What it is for.
    pub kind: RequestKind,
    /// The version.
    pub version: u32,
}

impl ExecutionSubject {
    /// A group has at most 63 characters, so only versions beyond a hundred thousand cut it.
    pub fn of(kind: RequestKind, package: &ModelPackageArn) -> Self {
        const LONGEST: usize = 80 - "-12345678".len();
        let version = package.version();
        let room = LONGEST - format!("-v{version}").len();
        let group = package.group().as_str();
        Self { group: group.get(..room).unwrap_or(group).to_owned(), kind, version }
    }

    /// From an execution's name; `None` for a name that is none of these.
    pub fn from_name(name: &str) -> Option<Self> {
        let (subject, hash) = name.rsplit_once('-')?;
        let (group, version) = subject.rsplit_once('-')?;
        let (kind, digits) = version.split_at_checked(1)?;
        let kind = match kind {
            "v" => RequestKind::Approval,
            "r" => RequestKind::Rejection,
            _ => return None,
        };
        let is_hash = hash.len() == 8 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        (is_hash && !group.is_empty())
            .then(|| Some(Self { group: group.to_owned(), kind, version: digits.parse().ok()? }))?
    }

    /// Whether both are about versions of one group. Groups whose names were cut to the same text count as one.
    pub fn is_of_same_group(&self, other: &Self) -> bool {
        let shorter = self.group.len().min(other.group.len());
        let cut = |subject: &Self| subject.to_string().len() == 80 - "-12345678".len();
        self.group == other.group
            || ((cut(self) || cut(other)) && self.group.get(..shorter) == other.group.get(..shorter))
    }
}

impl ExecutionSubject {
    /// The executions of this one's group, in the order in which they take turns: by start, in milliseconds since the
    /// epoch, and by name where the time is the same. One whose name is none of ours was started by hand, and is about no
    /// group. Whoever decides on a group and each of its executions must see the same order.
    pub fn in_turn<E>(
        &self,
        running: impl IntoIterator<Item = E>,
        start_and_name: impl Fn(&E) -> (i64, &str),
    ) -> Vec<(Self, E)> {
        let subject = |execution: E| Some((Self::from_name(start_and_name(&execution).1)?, execution));
        let mut group: Vec<_> =
            running.into_iter().filter_map(subject).filter(|(subject, _)| subject.is_of_same_group(self)).collect();
        group.sort_by(|(_, a), (_, b)| start_and_name(a).cmp(&start_and_name(b)));
        group
    }
}

impl Display for ExecutionSubject {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let kind = match self.kind {
            RequestKind::Approval => 'v',
            RequestKind::Rejection => 'r',
        };
        write!(f, "{}-{kind}{}", self.group, self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(version: u32, id: &str) -> DeploymentRequest {
        let arn = format!("arn:aws:sagemaker:eu-central-1:111111111111:model-package/churn/{version}");
        DeploymentRequest {
            platform_name: "mlops".parse().unwrap(),
            model_package_arn: arn.parse().unwrap(),
            kind: RequestKind::Approval,
            model_package_group_name: None,
            approval: Approval { id: id.to_owned(), time: None, by: None, registered_by: None },
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
    fn a_name_tells_what_it_is_about_and_fits() {
        for (kind, text) in [(RequestKind::Approval, "churn-v7"), (RequestKind::Rejection, "churn-r7")] {
            let name = DeploymentRequest { kind, ..request(7, "a") }.execution_name();
            let subject = ExecutionSubject::from_name(&name).unwrap();
            assert_eq!(subject, ExecutionSubject::of(kind, &request(7, "b").model_package_arn));
            assert_eq!(subject.to_string(), text);
        }
        for other in
            ["churn-v7", "churn-x7-01234567", "churn-v-01234567", "-v7-01234567", "churn-v7-0123456z", "nightly"]
        {
            assert_eq!(ExecutionSubject::from_name(other), None, "{other}");
        }

        let mut longest = request(u32::MAX, "a");
        let arn = format!("arn:aws:sagemaker:eu-central-1:111111111111:model-package/{}/{}", "g".repeat(63), u32::MAX);
        longest.model_package_arn = arn.parse().unwrap();
        assert_eq!(longest.execution_name().len(), 80);
        let cut = ExecutionSubject::from_name(&longest.execution_name()).unwrap();
        let whole = ExecutionSubject { group: "g".repeat(63), kind: RequestKind::Approval, version: 1 };
        assert!(cut.is_of_same_group(&whole) && whole.is_of_same_group(&cut));
        let shorter = ExecutionSubject { group: "g".repeat(5), kind: RequestKind::Approval, version: 1 };
        assert!(!whole.is_of_same_group(&shorter));
    }

    #[test]
    fn wire_form() {
        let json = serde_json::to_value(request(7, "a")).unwrap();
        assert_eq!(
            json,
            serde_json::json!({
                "platformName": "mlops",
                "kind": "approval",
                "modelPackageArn": "arn:aws:sagemaker:eu-central-1:111111111111:model-package/churn/7",
                "approval": {"id": "a"},
            })
        );
        assert_eq!(serde_json::from_value::<DeploymentRequest>(json).unwrap(), request(7, "a"));
    }
}
