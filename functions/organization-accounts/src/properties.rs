use std::collections::BTreeSet;

use custom_resource::{FromProperties, Reader};
use identifiers::{AccountId, OrganizationNode};

pub(crate) const ORGANIZATIONAL_UNIT_IDS: &str = "OrganizationalUnitIds";
pub(crate) const ACCOUNT_IDS: &str = "AccountIds";
const EXCLUDE: &str = "Exclude";
/// Any text. CloudFormation updates a resource only when a property changed, and an account that joins a unit changes
/// none: a new text here is what makes it ask again.
const AS_OF: &str = "AsOf";

/// What the template asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Properties {
    /// Where the accounts come from.
    pub source: Source,
    /// `Exclude`: accounts that never appear in the answer.
    pub exclude: BTreeSet<AccountId>,
}

/// Exactly one of two properties.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// `OrganizationalUnitIds`: every active account under these units and roots, at any depth.
    Under(BTreeSet<OrganizationNode>),
    /// `AccountIds`: these accounts, unasked whether they are active.
    Listed(BTreeSet<AccountId>),
}

impl FromProperties for Properties {
    fn from_properties(reader: &mut Reader<'_>) -> Option<Self> {
        // All are read before the first `?`, so that one answer has the faults of all.
        let nodes = reader.set(ORGANIZATIONAL_UNIT_IDS);
        let accounts = reader.set(ACCOUNT_IDS);
        let exclude = reader.set(EXCLUDE);
        let as_of = reader.optional::<String>(AS_OF);
        let (nodes, accounts, _) = (nodes?, accounts?, as_of?);
        let source = match (nodes, accounts) {
            (nodes, accounts) if accounts.is_empty() && !nodes.is_empty() => Source::Under(nodes),
            (nodes, accounts) if nodes.is_empty() && !accounts.is_empty() => Source::Listed(accounts),
            (nodes, _) => {
                let given =
                    if nodes.is_empty() { "and AccountIds are both empty" } else { "and AccountIds are both given" };
                reader.fault(ORGANIZATIONAL_UNIT_IDS, format_args!("{given}, expected one of the two"));
                return None;
            }
        };
        Some(Self { source, exclude: exclude? })
    }
}
