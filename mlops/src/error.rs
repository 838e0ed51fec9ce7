//! Why a command did not do what was asked.

use std::fmt::Write;
use std::io;

use aws_ports::AwsError;

/// Each kind has its own way out, and the exit code to take it by.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A call failed.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// Standard output, standard error or standard input.
    #[error("cannot use standard input and output: {0}")]
    Terminal(#[from] io::Error),
    /// Documents of the platform that cannot be read, each with where it is and why.
    #[error("{}", listed("documents of the platform cannot be read", .0))]
    Documents(Vec<(String, String)>),
    /// The question at the terminal was not answered with yes.
    #[error("not confirmed: nothing was sent")]
    NotConfirmed,
    /// The arguments do not go together, or do not go with what is there.
    #[error("{0}")]
    Usage(String),
    /// There is nothing of what was asked for.
    #[error("{0}")]
    Nothing(String),
    /// Whoever registered a version does not decide on it.
    #[error("refused: {reason}; version {version} of {group} asks for two persons: somebody else has to decide")]
    Refused {
        /// Whose version it is.
        group: String,
        /// The version.
        version: u32,
        /// Why the caller counts as the one who registered it.
        reason: String,
    },
    /// The question no longer stands.
    #[error(
        "the question whether stage {stage} of {group} may have version {version} is closed: it expired ({expires}) or was \
         answered meanwhile, and this answer was not taken; `mlops status --group {group}` shows what became of it \
         ({} answered {}, request id {})", answer.operation(), answer.code().unwrap_or("nothing"),
        answer.request_id().unwrap_or("unknown")
    )]
    Closed {
        /// Whose version it is.
        group: String,
        /// The stage.
        stage: String,
        /// The version.
        version: u32,
        /// Until when the question stood.
        expires: String,
        /// What the service said.
        answer: Box<AwsError>,
    },
}

impl Error {
    /// What the process ends with, as `mlops --help` lists it. 0 is success.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Aws(_) | Self::Terminal(_) | Self::Documents(_) | Self::NotConfirmed => 1,
            Self::Usage(_) => 2,
            Self::Nothing(_) => 3,
            Self::Refused { .. } => 4,
            Self::Closed { .. } => 5,
        }
    }
}

fn listed(what: &str, faults: &[(String, String)]) -> String {
    let mut text = what.to_owned();
    for (place, problem) in faults {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n  {place}: {problem}");
    }
    text
}
