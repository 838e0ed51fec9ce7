use std::collections::BTreeSet;

use aws_ports::AwsError;
use identifiers::OrganizationNode;

use crate::properties::{ACCOUNT_IDS, ORGANIZATIONAL_UNIT_IDS};

/// Why the accounts could not be found.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// All the units and roots that Organizations does not know.
    #[error("{}", nodes.iter().map(|node| format!(
        "{ORGANIZATIONAL_UNIT_IDS} holds {node}, which does not exist, expected a unit or root of organization {organization}"
    )).collect::<Vec<_>>().join("; "))]
    UnknownNodes {
        /// Of the property.
        nodes: BTreeSet<OrganizationNode>,
        /// The organization that was asked, `o-...`.
        organization: String,
    },
    /// Organizations does not answer this account, or this role.
    #[error(
        "{0}; Organizations answers the management account and delegated administrators: deploy this stack there, \
         register this account as a delegated administrator, or give {ACCOUNT_IDS} instead of {ORGANIZATIONAL_UNIT_IDS}"
    )]
    Denied(#[source] AwsError),
    /// The account stands alone.
    #[error(
        "{0}; this account is in no organization: give {ACCOUNT_IDS} instead of {ORGANIZATIONAL_UNIT_IDS}, or deploy \
         this stack in an organization's account"
    )]
    NoOrganization(#[source] AwsError),
    /// An answer that contradicts the service's own documentation.
    #[error("{operation} answered {what}")]
    Unexpected {
        /// As in an IAM policy.
        operation: &'static str,
        /// What was wrong with the answer.
        what: String,
    },
    /// A call failed.
    #[error(transparent)]
    Aws(AwsError),
}

impl From<AwsError> for Error {
    fn from(error: AwsError) -> Self {
        match error.code() {
            Some("AWSOrganizationsNotInUseException") => Self::NoOrganization(error),
            _ if error.is_access_denied() => Self::Denied(error),
            _ => Self::Aws(error),
        }
    }
}

impl From<organization::Error> for Error {
    fn from(error: organization::Error) -> Self {
        match error {
            organization::Error::Aws(error) => error.into(),
            organization::Error::Unexpected { operation, found, expected } => {
                Self::Unexpected { operation, what: format!("{found:?}, expected {expected}") }
            }
        }
    }
}
