use aws_ports::AwsError;

/// Why models could not be taken away.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A call failed.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// Some accounts cannot be cleared.
    #[error(
        "{count} stacks could not be deleted; clear the cause and delete again, or keep them with OnDelete Retain: {}",
        listed.join("; ")
    )]
    Left {
        /// How many.
        count: usize,
        /// Account, region and reason of the first ones.
        listed: Vec<String>,
    },
}
