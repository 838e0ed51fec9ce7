use std::fmt;
use std::str::FromStr;

use custom_resource::{FromProperties, Reader};

use crate::mark::digest;

pub(crate) const PROJECT_NAME: &str = "ProjectName";

/// What the template asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Properties {
    /// `ProjectName`: the project whose build runs.
    pub project_name: ProjectName,
    /// `SourceVersion`: a commit, branch, tag or S3 object version in place of the project's own.
    pub source_version: Option<String>,
    /// `SourceLocation`: a repository or `bucket/key` in place of the project's own.
    pub source_location: Option<String>,
    /// `AsOf`: any text. A new one makes the next Update run a build.
    pub as_of: Option<String>,
}

impl Properties {
    /// Tells builds of one source from those of another, in letters that fit everywhere.
    #[must_use]
    pub fn digest(&self) -> String {
        let optional = |text: &Option<String>| text.clone().unwrap_or_default();
        let (version, location) = (optional(&self.source_version), optional(&self.source_location));
        digest(&[self.project_name.as_str(), &version, &location, &optional(&self.as_of)])
    }
}

impl FromProperties for Properties {
    fn from_properties(reader: &mut Reader<'_>) -> Option<Self> {
        let project_name = reader.required(PROJECT_NAME);
        let (version, location) = (reader.optional("SourceVersion"), reader.optional("SourceLocation"));
        let as_of = reader.optional("AsOf");
        Some(Self { project_name: project_name?, source_version: version?, source_location: location?, as_of: as_of? })
    }
}

/// The name of a CodeBuild project of this account and region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectName(String);

/// What the text should have been; completes the sentence "expected ...".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the name of a CodeBuild project: 2 to 255 letters, digits, hyphens and underscores, a letter or digit first")]
pub struct InvalidProjectName;

impl ProjectName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ProjectName {
    type Err = InvalidProjectName;

    fn from_str(text: &str) -> Result<Self, InvalidProjectName> {
        let is_name = (2..=255).contains(&text.len())
            && text.starts_with(|first: char| first.is_ascii_alphanumeric())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        if is_name { Ok(Self(text.to_owned())) } else { Err(InvalidProjectName) }
    }
}

impl fmt::Display for ProjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
