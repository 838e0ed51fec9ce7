use aws_ports::AwsError;

/// How many of them fit into what CloudFormation shows.
const LISTED: usize = 5;

/// Why a domain could not be emptied.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A listing failed.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// Deletions that no waiting helps. Everything else was asked to go.
    #[error(
        "{} deletions were refused; clear the cause and delete again: {}",
        deletions.len(),
        deletions.iter().take(LISTED).cloned().collect::<Vec<_>>().join("; ")
    )]
    Refused {
        /// App or space and what SageMaker answered.
        deletions: Vec<String>,
    },
}
