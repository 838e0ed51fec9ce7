use aws_ports::AwsError;
use deployment::InvalidRegistration;
use lambda_runtime::Diagnostic;

use crate::duties::DutiesNotSeparated;
use crate::event::InvalidEvent;

/// What keeps an event from being decided.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The event itself; running it again changes nothing.
    #[error(transparent)]
    InvalidEvent(#[from] InvalidEvent),
    /// The registration of the group; somebody has to correct it and approve again.
    #[error("the registration {name} cannot be used: {source}")]
    InvalidRegistration {
        /// The parameter's name.
        name: String,
        /// Every fault.
        source: InvalidRegistration,
    },
    /// The records of what is live, where a rejection depends on them. Approving any version writes them anew.
    #[error(
        "cannot tell whether version {version} is live: {}; approve the version that should serve, or correct the \
         parameters and reject version {version} again",
        .faults.join("; ")
    )]
    InvalidRecords {
        /// The rejected version.
        version: u32,
        /// Each unreadable parameter by name, and why.
        faults: Vec<String>,
    },
    /// An approval by the wrong person; somebody else has to approve again.
    #[error(transparent)]
    SeparationOfDuties(#[from] DutiesNotSeparated),
    /// A call that failed.
    #[error(transparent)]
    Aws(#[from] AwsError),
}

impl From<Error> for Diagnostic {
    fn from(error: Error) -> Self {
        let error_type = match &error {
            Error::InvalidEvent(_) => "InvalidEvent",
            Error::InvalidRegistration { .. } => "InvalidRegistration",
            Error::InvalidRecords { .. } => "InvalidRecords",
            Error::SeparationOfDuties(_) => "SeparationOfDuties",
            Error::Aws(_) => "AwsError",
        };
        Self { error_type: error_type.to_owned(), error_message: error.to_string() }
    }
}
