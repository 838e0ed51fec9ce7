use custom_resource::Attributes;

use crate::error::Error;
use crate::mark::Mark;

/// A build, as far as this function looks at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    /// `project:uuid`.
    pub id: String,
    /// Its ARN.
    pub arn: Option<String>,
    /// Counts from 1 in each project.
    pub number: Option<i64>,
    /// How it stands.
    pub status: Status,
    /// Such as `BUILD`.
    pub current_phase: Option<String>,
    /// The phase that did not go well.
    pub failed_phase: Option<Phase>,
    /// Where its log is to be read.
    pub logs_url: Option<String>,
    /// The commit or object version that was built.
    pub resolved_source_version: Option<String>,
    /// `None` if somebody else started it.
    pub mark: Option<Mark>,
}

/// How a build stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// Queued or running.
    InProgress,
    /// Ended well.
    Succeeded,
    /// Ended otherwise: `FAILED`, `FAULT`, `TIMED_OUT`, `STOPPED`, or what may come.
    Ended(String),
}

/// A phase that did not go well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phase {
    /// Such as `BUILD`.
    pub name: String,
    /// What CodeBuild says of it, such as `COMMAND_EXECUTION_ERROR: ...`.
    pub messages: Vec<String>,
}

impl Build {
    /// It is the resource's own.
    #[must_use]
    pub fn is_of(&self, physical_id: &str) -> bool {
        self.mark.as_ref().is_some_and(|mark| mark.started_by == physical_id)
    }

    /// What `Fn::GetAtt` reads. A name without a value is there as well: a stack would fail for want of it.
    #[must_use]
    pub fn attributes(&self) -> Attributes {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        Attributes::new()
            .with("BuildId", &self.id)
            .with("BuildArn", text(&self.arn))
            .with("BuildNumber", self.number.map(|number| number.to_string()).unwrap_or_default())
            .with("LogsUrl", text(&self.logs_url))
            .with("ResolvedSourceVersion", text(&self.resolved_source_version))
    }

    /// Why it did not succeed.
    pub(crate) fn failure(self, status: String) -> Error {
        Error::Build { id: self.id, status, phase: self.failed_phase, logs_url: self.logs_url }
    }
}
