use std::fmt;

use aws_ports::AwsError;
use identifiers::RoleName;

use crate::known_roles::PATH;

/// Why it cannot be said which roles the stack makes.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Roles of others that SageMaker's projects could not use.
    #[error(
        "{}. This stack does not change roles that it did not make: let the services assume them, or delete the roles that \
         no project uses any more, and an update of this stack makes them",
        differences.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    )]
    Unfit {
        /// Each such role, in the order of `RoleNames`.
        differences: Vec<Difference>,
    },
    /// This function may not look at the role.
    #[error(
        "role {name} cannot be looked at: {source}; the role of this function, its permissions boundary and the \
         organization's policies must allow iam:GetRole"
    )]
    Denied {
        /// Of `RoleNames`.
        name: RoleName,
        /// IAM's answer.
        source: Box<AwsError>,
    },
    /// The look failed otherwise.
    #[error("role {name} cannot be looked at: {source}")]
    Unseen {
        /// Of `RoleNames`.
        name: RoleName,
        /// IAM's answer.
        source: Box<AwsError>,
    },
}

impl Error {
    pub(crate) fn of_look(name: RoleName, source: AwsError) -> Self {
        let is_denied = source.is_access_denied();
        let source = Box::new(source);
        if is_denied { Self::Denied { name, source } } else { Self::Unseen { name, source } }
    }

    /// The failed call behind it.
    pub(crate) fn aws(&self) -> Option<&AwsError> {
        match self {
            Self::Unfit { .. } => None,
            Self::Denied { source, .. } | Self::Unseen { source, .. } => Some(source),
        }
    }
}

/// What is wrong with a role that somebody else made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The role.
    pub name: RoleName,
    /// The stack that made it, if a tag says so.
    pub owner: Option<String>,
    /// Its path, if that is not the one that SageMaker looks for.
    pub path: Option<String>,
    /// The services that may not assume it and should, by their first label.
    pub untrusted: Vec<&'static str>,
    /// Why its trust policy cannot be read.
    pub unreadable: Option<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "role {}", self.name)?;
        if let Some(owner) = &self.owner {
            write!(f, " of {owner}")?;
        }
        let mut joint = " ";
        if let Some(path) = &self.path {
            write!(f, "{joint}has the path {path}, expected {PATH}, which only a new role can have")?;
            joint = ", and ";
        }
        match &self.unreadable {
            Some(reason) => write!(f, "{joint}has a trust policy that cannot be read: {reason}; expected one for ")?,
            None if self.untrusted.is_empty() => return Ok(()),
            None => write!(f, "{joint}does not trust ")?,
        }
        let principals: Vec<_> = self.untrusted.iter().map(|service| format!("{service}.amazonaws.com")).collect();
        f.write_str(&principals.join(", "))
    }
}
