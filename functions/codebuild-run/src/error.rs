use std::fmt;

use aws_ports::AwsError;

use crate::build::Phase;
use crate::properties::{PROJECT_NAME, ProjectName};

/// Messages of a failed phase that fit into what CloudFormation shows, and characters of each.
const MESSAGES: usize = 3;
const MESSAGE_CHARS: usize = 600;

/// Why a build did not run, or not to a good end.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// CodeBuild does not know the project. Nothing was started.
    #[error(
        "{PROJECT_NAME} is {project_name}, which CodeBuild does not have in this account and region, expected the name of \
         a project that exists before this resource is made: {source}"
    )]
    NoProject {
        /// Of the property.
        project_name: ProjectName,
        /// CodeBuild's answer.
        source: Box<AwsError>,
    },
    /// The build ended, and not well.
    #[error("build {id} ended as {status}{}{}", Reason(phase.as_ref()), Log(logs_url.as_deref()))]
    Build {
        /// `project:uuid`.
        id: String,
        /// Such as `FAILED`.
        status: String,
        /// Where it went wrong, if CodeBuild says so.
        phase: Option<Phase>,
        /// Where the log is to be read, if there is one.
        logs_url: Option<String>,
    },
    /// CodeBuild does not know a build that it started.
    #[error(
        "build {id}, which was started for this request, is unknown to CodeBuild: it was deleted, or its project was"
    )]
    Gone {
        /// `project:uuid`.
        id: String,
    },
    /// A call failed.
    #[error(transparent)]
    Aws(#[from] AwsError),
}

struct Reason<'a>(Option<&'a Phase>);

impl fmt::Display for Reason<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(Phase { name, messages }) = self.0 else {
            return Ok(());
        };
        write!(f, " in phase {name}")?;
        for (at, message) in messages.iter().take(MESSAGES).enumerate() {
            let before = if at == 0 { ": " } else { "; " };
            match message.char_indices().nth(MESSAGE_CHARS) {
                Some((end, _)) => write!(f, "{before}{}...", message.get(..end).unwrap_or_default())?,
                None => write!(f, "{before}{message}")?,
            }
        }
        match messages.len().saturating_sub(MESSAGES) {
            0 => Ok(()),
            more => write!(f, "; and {more} more messages"),
        }
    }
}

struct Log<'a>(Option<&'a str>);

impl fmt::Display for Log<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |url| write!(f, "; its log: {url}"))
    }
}
