use std::collections::BTreeSet;

use custom_resource::{FromProperties, Reader};
use identifiers::RoleName;

use crate::OWNER_TAG_VALUE;

const ROLE_NAMES: &str = "RoleNames";

/// What the template asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Properties {
    /// `RoleNames`: at least one, each once.
    pub role_names: Vec<RoleName>,
}

impl FromProperties for Properties {
    fn from_properties(reader: &mut Reader<'_>) -> Option<Self> {
        let role_names: Vec<RoleName> = reader.list(ROLE_NAMES)?;
        if role_names.is_empty() {
            reader.fault(ROLE_NAMES, "is empty, expected at least one role's name");
        }
        // To IAM, two names that differ in case alone are one role.
        let mut once = BTreeSet::new();
        let twice: BTreeSet<_> = role_names.iter().filter(|name| !once.insert(name.as_str().to_lowercase())).collect();
        for name in twice {
            reader.fault(ROLE_NAMES, format_args!("holds {name} more than once, expected each role once"));
        }
        if role_names.iter().any(|name| name.as_str() == OWNER_TAG_VALUE) {
            let reason = "is the name of an attribute with another meaning, expected another name";
            reader.fault(ROLE_NAMES, format_args!("holds {OWNER_TAG_VALUE}, which {reason}"));
        }
        Some(Self { role_names })
    }
}
