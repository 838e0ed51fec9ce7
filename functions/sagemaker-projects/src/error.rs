use aws_ports::AwsError;
use identifiers::RoleArn;

use crate::properties::EXECUTION_ROLE_ARNS;

/// Why projects could not be enabled, opened or closed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Properties that name what this stack cannot associate. Nothing was called.
    #[error("{}", roles.iter().map(|role| format!(
        "{EXECUTION_ROLE_ARNS} holds {role} of account {} in partition {}, expected a role of account {account_id} \
         in partition {partition}", role.account_id(), role.partition())).collect::<Vec<_>>().join("; "))]
    ForeignRoles {
        /// Each role that is not the stack's.
        roles: Vec<RoleArn>,
        /// The stack's account.
        account_id: String,
        /// The stack's partition.
        partition: String,
    },
    /// Service Catalog still refuses the role after the time that a new role takes to become known everywhere.
    #[error("{EXECUTION_ROLE_ARNS} holds {role}, which Service Catalog refuses, expected a role that exists: {source}")]
    RefusedRole {
        /// The role.
        role: RoleArn,
        /// What Service Catalog answered last.
        source: Box<AwsError>,
    },
    /// A call failed.
    #[error(transparent)]
    Aws(#[from] AwsError),
}
