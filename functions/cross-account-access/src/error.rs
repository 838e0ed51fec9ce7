use std::fmt;

use aws_ports::AwsError;

use crate::names::{KeyArn, PrincipalPattern};
use crate::place::Place;
use crate::properties::ORGANIZATION_PATHS;

/// Why access could not be given or taken away.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Everything that keeps the policies from being written. Nothing was written.
    #[error("{}", listed(.0, "; "))]
    Refused(Vec<Fault>),
    /// A write failed.
    #[error("the policy of {place} was not written: {cause}{undone}")]
    NotWritten {
        /// Whose policy.
        place: Place,
        /// Why.
        cause: Cause,
        /// What became of the policies that were written before.
        undone: Undone,
    },
    /// Own statements that could not be taken away; those of all other places are.
    #[error("{}", listed(.0, "; "))]
    Left(Vec<Fault>),
    /// The group exists, and its description has no ARN.
    #[error("sagemaker:DescribeModelPackageGroup answered {0:?}, expected the ARN of a model package group")]
    NoArn(String),
    /// A statement of ours does not serialize.
    #[error(transparent)]
    Statement(#[from] policy_document::Error),
}

/// One thing that is wrong, with its name, and the way out.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// A key whose policy is not this stack's to write.
    #[error("KeyArns holds {key}, expected a key of account {account} in region {region} and partition {partition}")]
    ForeignKey {
        /// The key.
        key: KeyArn,
        /// The stack's.
        account: String,
        /// The stack's.
        region: String,
        /// The stack's.
        partition: String,
    },
    /// A principal that cannot exist here.
    #[error("{property} holds {principal}, expected a principal of partition {partition}")]
    ForeignPrincipal {
        /// The property's name.
        property: &'static str,
        /// The principal.
        principal: PrincipalPattern,
        /// The stack's.
        partition: String,
    },
    /// Not there, not this account's, in another region, or not to be read by this function.
    #[error(
        "{} holds {place}, expected one of account {account} in region {region} whose policy this function may read: {source}",
        place.property()
    )]
    Unreadable {
        /// Whose policy.
        place: Place,
        /// The stack's.
        account: String,
        /// The stack's.
        region: String,
        /// What the service answered.
        source: AwsError,
    },
    /// What the service keeps as policy is none.
    #[error("the policy of {place} cannot be read: {source}; write it anew, then update this stack again")]
    Unparsable {
        /// Whose policy.
        place: Place,
        /// What is wrong with it.
        source: policy_document::Error,
    },
    /// In documents of the older version `${...}` is text: the network Deny would refuse everybody.
    #[error(
        "the policy of {place} has Version {}, in which policy variables do not work, expected 2012-10-17: \
         change it there, then update this stack again", version.as_deref().unwrap_or("2008-10-17, as it names none")
    )]
    OldVersion {
        /// Whose policy.
        place: Place,
        /// `None` when the document names none.
        version: Option<String>,
    },
    /// The service would refuse the policy.
    #[error(
        "the policy of {place} would have {size} bytes with the statements of this stack, and {limit} is the limit; \
         {} of them are other statements; give {ORGANIZATION_PATHS} instead of Accounts, whose size does not depend on \
         the number of accounts", size.saturating_sub(*own)
    )]
    TooLarge {
        /// Whose policy.
        place: Place,
        /// Bytes of the whole policy.
        size: usize,
        /// Bytes of this resource's statements.
        own: usize,
        /// Bytes the service takes.
        limit: usize,
    },
    /// Own statements stay where they are.
    #[error("{place} keeps the statements of this stack: {source}")]
    NotRemoved {
        /// Whose policy.
        place: Place,
        /// What the service answered.
        source: AwsError,
    },
}

/// Why a policy was not written.
#[derive(Debug)]
pub enum Cause {
    /// The service's answer.
    Aws(AwsError),
    /// The service refuses the document, and these statements of others name principals that IAM knows no more.
    StalePrincipals(Vec<StalePrincipal>, AwsError),
    /// Somebody else wrote the policy after it was read here.
    Moved,
}

/// A statement of somebody else that no service takes any more: its principal was deleted, and IAM left an id in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StalePrincipal {
    /// `statement Sid`, or its index, counted from 0, where it has none.
    pub statement: String,
    /// Such as `AROA...`.
    pub id: String,
}

/// What became of the policies written before the one that failed.
#[derive(Debug, Default)]
pub struct Undone {
    /// They are as they were, to the byte.
    pub put_back: Vec<Place>,
    /// They hold the new policy.
    pub not_put_back: Vec<(Place, AwsError)>,
}

impl Error {
    /// The same request may succeed a little later, and nothing is left of this try.
    pub(crate) fn passes(&self) -> bool {
        match self {
            Self::Refused(faults) | Self::Left(faults) => faults.iter().all(|fault| match fault {
                Fault::Unreadable { source, .. } | Fault::NotRemoved { source, .. } => source.is_passing(),
                _ => false,
            }),
            Self::NotWritten { cause, undone, .. } => {
                undone.not_put_back.is_empty()
                    && match cause {
                        Cause::Aws(error) => error.is_passing(),
                        Cause::StalePrincipals(..) => false,
                        Cause::Moved => true,
                    }
            }
            Self::NoArn(_) | Self::Statement(_) => false,
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Aws(error) => error.fmt(f),
            Self::StalePrincipals(stale, error) => write!(
                f,
                "{} of somebody else names a principal that was deleted, and so no policy with it is taken: remove that id \
                 from the statement, or name its principal anew, then update this stack again: {error}",
                listed(stale, "; ")
            ),
            Self::Moved => f.write_str("somebody else keeps changing it: update this stack again when that has ended"),
        }
    }
}

impl fmt::Display for StalePrincipal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "statement {} with {}", self.statement, self.id)
    }
}

impl fmt::Display for Undone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.put_back.is_empty() {
            write!(f, "; put back as before: {}", listed(&self.put_back, ", "))?;
        }
        for (place, error) in &self.not_put_back {
            write!(f, "; {place} could not be put back and holds the new policy: {error}")?;
        }
        Ok(())
    }
}

fn listed<T: fmt::Display>(items: &[T], between: &str) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(between)
}
