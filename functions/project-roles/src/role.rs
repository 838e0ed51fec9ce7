use std::collections::BTreeMap;

use custom_resource::Scope;
use identifiers::RoleName;
use policy_document::PolicyDocument;

use crate::OWNER_TAG;
use crate::error::Difference;
use crate::known_roles::{PATH, is_service, services_of};

/// CloudFormation's own tag.
const STACK_TAG: &str = "aws:cloudformation:stack-id";

/// A role, as IAM has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Begins and ends with a slash.
    pub path: String,
    /// The JSON of the trust policy, decoded; empty if IAM gave none that is text.
    pub trust_policy: String,
    /// Key and value.
    pub tags: BTreeMap<String, String>,
}

/// What a role of this name is to the stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// There is none: the stack makes it.
    Missing,
    /// The stack made it.
    Own,
    /// Somebody else made it.
    Foreign {
        /// What keeps SageMaker's projects from using it.
        differs: Option<Difference>,
    },
}

impl Role {
    /// The stack that made it, if a tag says so.
    #[must_use]
    pub fn owner(&self) -> Option<&str> {
        self.tags.get(OWNER_TAG).or_else(|| self.tags.get(STACK_TAG)).map(String::as_str)
    }

    /// What the role is to the stack of `scope`.
    #[must_use]
    pub fn standing(&self, name: &RoleName, scope: &Scope) -> Standing {
        if [OWNER_TAG, STACK_TAG].iter().any(|tag| self.tags.get(*tag) == Some(&scope.stack_id)) {
            return Standing::Own;
        }
        let Some(services) = services_of(name) else {
            return Standing::Foreign { differs: None };
        };
        let path = (self.path != PATH).then(|| self.path.clone());
        let (untrusted, unreadable) = match self.trust_policy.parse::<PolicyDocument>() {
            Ok(policy) => {
                let trusted = policy.trusted_services();
                let is_trusted =
                    |service: &str| trusted.iter().any(|principal| is_service(principal, service, &scope.region));
                (services.iter().copied().filter(|service| !is_trusted(service)).collect(), None)
            }
            Err(error) => (services.to_vec(), Some(error.to_string())),
        };
        let differs = path.is_some() || !untrusted.is_empty();
        Standing::Foreign {
            differs: differs.then(|| Difference {
                name: name.clone(),
                owner: self.owner().map(str::to_owned),
                path,
                untrusted,
                unreadable,
            }),
        }
    }
}
