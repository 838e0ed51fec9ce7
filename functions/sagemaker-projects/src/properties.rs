use std::collections::BTreeSet;

use custom_resource::{FromProperties, Reader};
use identifiers::RoleArn;

pub(crate) const EXECUTION_ROLE_ARNS: &str = "ExecutionRoleArns";

/// What the template asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Properties {
    /// `ExecutionRoleArns`: the roles that may use SageMaker's project templates; at least one, each once, all of the
    /// stack's own account and partition.
    pub execution_role_arns: BTreeSet<RoleArn>,
}

impl FromProperties for Properties {
    fn from_properties(reader: &mut Reader<'_>) -> Option<Self> {
        let listed: Vec<RoleArn> = reader.list(EXECUTION_ROLE_ARNS)?;
        if listed.is_empty() {
            reader.fault(EXECUTION_ROLE_ARNS, "is empty, expected at least one role's ARN");
            return None;
        }
        let mut execution_role_arns = BTreeSet::new();
        let mut twice = BTreeSet::new();
        for role in listed {
            if let Some(role) = execution_role_arns.replace(role) {
                twice.insert(role);
            }
        }
        for role in &twice {
            reader.fault(EXECUTION_ROLE_ARNS, format_args!("holds {role} more than once, expected each role once"));
        }
        twice.is_empty().then_some(Self { execution_role_arns })
    }
}
