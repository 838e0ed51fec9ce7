use aws_ports::AwsError;
use identifiers::RoleArn;

/// Why storage could not be taken away.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// AWS Backup assumes a role of the account whose file system it reads.
    #[error(
        "BackupRoleArn holds {role} of account {} in partition {}, expected a role of account {account_id} in partition \
         {partition}",
        role.account_id(),
        role.partition()
    )]
    ForeignRole {
        /// As the template has it.
        role: RoleArn,
        /// The stack's account.
        account_id: String,
        /// The stack's partition.
        partition: String,
    },
    /// A backup is not complete and will not be.
    #[error("{}; nothing was deleted, clear the cause and delete again", failed.join("; "))]
    NotBackedUp {
        /// Job, file system, state and message.
        failed: Vec<String>,
    },
    /// What cannot be deleted, and nothing changes any more.
    #[error("{}; take away what uses it and delete again", stuck.join("; "))]
    Stuck {
        /// Each with what still refers to it.
        stuck: Vec<String>,
    },
    /// A call failed on the way. What is done stays done.
    #[error("{source}; left: {left}")]
    Halted {
        /// What is still there.
        left: String,
        /// Why it did not go on.
        source: Box<Error>,
    },
    /// A call failed.
    #[error(transparent)]
    Aws(#[from] AwsError),
}
