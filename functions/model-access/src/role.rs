use std::fmt;

use deployment::Permissions;
use identifiers::{AccountId, RoleName};

/// What the role of a service-managed stack set is called in a target account: AWS makes it there, and chooses the rest.
const SERVICE_MANAGED: &str = "stacksets-exec-*";

/// What a role of the target accounts is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Duty {
    /// The endpoint runs as it.
    Serves,
    /// CloudFormation makes the model with it.
    Makes,
}

/// A role of every target account, by its name or by what its name begins with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Role {
    pub(crate) duty: Duty,
    name: String,
}

impl Role {
    pub(crate) fn of_model(name: &RoleName) -> Self {
        Self { duty: Duty::Serves, name: name.to_string() }
    }

    pub(crate) fn of_stack_set(permissions: &Permissions) -> Self {
        let name = match permissions {
            Permissions::SelfManaged { execution_role_name, .. } => execution_role_name.as_str(),
            Permissions::ServiceManaged { .. } => SERVICE_MANAGED,
        };
        Self { duty: Duty::Makes, name: name.to_owned() }
    }

    /// Its ARN in an account, which may end in a `*`: then those patterns alone match it that match all that it stands for.
    pub(crate) fn arn(&self, partition: &str, account: &AccountId) -> String {
        format!("arn:{partition}:iam::{account}:role/{}", self.name)
    }

    /// The pattern of its ARN in whatever account.
    pub(crate) fn pattern(&self, partition: &str) -> String {
        format!("arn:{partition}:iam::*:role/{}", self.name)
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}
