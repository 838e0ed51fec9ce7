use std::collections::BTreeMap;

use identifiers::{AccountId, Region};
use jiff::Timestamp;
use serde_json::Value;

use crate::Kind;

/// A resource as it was described.
#[derive(Debug, Clone)]
pub struct Resource {
    /// What it is.
    pub kind: Kind,
    /// The account it is in.
    pub account: AccountId,
    /// The region it is in.
    pub region: Region,
    /// Its name, or its id where it has one instead.
    pub name: String,
    /// Its ARN as the service writes it.
    pub arn: String,
    /// The service's answer to the describing call, member by member as it came.
    pub description: Value,
    /// What else was read for the controls that [need](crate::Control::needs) it. What is not here could not be read.
    pub related: BTreeMap<Need, Value>,
    /// When it was described: what a control measures the time since something from.
    pub looked_at: Timestamp,
}

/// What a control may have to see beside a resource's description. Each is the answer of a call, as it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Need {
    /// `sagemaker:ListTags`, all pages: a list of `{"Key", "Value"}`.
    Tags,
    /// `kms:DescribeKey` of the key that the resource's `KmsKeyId` names: `{"KeyMetadata": ...}`. Absent where it names none.
    Key,
    /// `sagemaker:DescribeNotebookInstanceLifecycleConfig` of the one that the notebook instance names. Absent where it names none.
    LifecycleConfiguration,
    /// The policies of the role that the resource runs as: `{"attached": [ARN], "documents": [policy document]}`, the
    /// documents of inline and of customer managed policies.
    RolePolicies,
    /// The monitoring job definition that a schedule names. Absent where it holds its own.
    JobDefinition,
    /// When somebody last opened the notebook instance: `{"at": time}`, from the events of its presigned URLs. Absent
    /// where nobody was seen to.
    LastOpened,
}

impl Resource {
    /// The member of the description at `pointer` (RFC 6901), unless it is absent, null or an empty string.
    #[must_use]
    pub fn member(&self, pointer: &str) -> Option<&Value> {
        present(self.description.pointer(pointer))
    }

    /// The ARN of the role that it runs what it runs as; of a domain, the one that its users have by default.
    #[must_use]
    pub fn role(&self) -> Option<&str> {
        const MEMBERS: [&str; 3] = ["/RoleArn", "/ExecutionRoleArn", "/DefaultUserSettings/ExecutionRole"];
        MEMBERS.iter().find_map(|pointer| self.member(pointer)?.as_str())
    }

    /// What was read beside the description.
    #[must_use]
    pub fn related(&self, need: Need) -> Option<&Value> {
        self.related.get(&need)
    }

    /// The state of a resource that is on its way out or never came to be; `None` while it can be judged.
    #[must_use]
    pub fn leaving(&self) -> Option<&str> {
        let status = self.member(self.kind.facts().status?)?.as_str()?;
        // Images spell their states in capitals.
        ["Deleting", "Deleted"].iter().any(|leaving| status.eq_ignore_ascii_case(leaving)).then_some(status)
    }
}

/// A value that is neither null nor an empty string.
pub(crate) fn present(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| !value.is_null() && value.as_str() != Some(""))
}
