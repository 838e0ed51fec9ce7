use std::collections::BTreeSet;
use std::fmt;

use aws_ports::AwsError;
use deployment::StageName;
use identifiers::{AccountId, Region};
use policy_document::Statement;

use crate::input::StoredPayload;
use crate::judgement::Lack;
use crate::place::Place;
use crate::role::Role;

/// One thing that keeps the deployment from starting, and the way out. As text it says what is wrong with what
/// [`Fault::path`] names.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// Something is not there, or not for this function to see.
    #[error("{what} cannot be read: {source}{}", way(on, source))]
    Unreadable {
        path: String,
        /// What was asked for.
        what: &'static str,
        /// The ARN that the operation is allowed on.
        on: String,
        source: AwsError,
    },
    /// SageMaker makes a model of nothing that is in another region.
    #[error(
        "is in region {found}, and SageMaker takes it for endpoints of that region alone: take {wanted} out of the regions \
         of {} {}, or register a version there that is made of copies in {wanted}",
        if stages.len() == 1 { "stage" } else { "stages" }, listed(stages)
    )]
    OtherRegion {
        /// An image, or a bucket with model data.
        path: String,
        found: String,
        /// An endpoint's.
        wanted: Region,
        /// Where that is wanted.
        stages: BTreeSet<StageName>,
    },
    /// The key of a service of this account.
    #[error(
        "is the default of {} and managed by AWS, so that no other account can ever decrypt with it: give the bucket a \
         default key whose policy you can change, and write the model data anew",
        named(buckets)
    )]
    AwsManagedKey { key: String, buckets: BTreeSet<String> },
    /// A key that decrypts nothing.
    #[error("is the default of {} and is {state}, expected Enabled", named(buckets))]
    KeyNotEnabled {
        key: String,
        buckets: BTreeSet<String>,
        /// Such as `PendingDeletion`.
        state: String,
    },
    /// What a service keeps as policy is none.
    #[error("its policy cannot be read: {source}; write it anew")]
    Unparsable { place: Place, source: policy_document::Error },
    /// A statement shuts targets out.
    #[error(
        "statement {statement} of its policy denies {} on {} to role {role} of {}: take them out of it",
        listed(&lack.actions), listed(&lack.resources), accounts(&lack.accounts)
    )]
    Denied {
        place: Place,
        /// By `Sid` or number.
        statement: String,
        role: Role,
        lack: Lack,
    },
    /// No statement lets targets in, and the policy is not this platform's.
    #[error(
        "its policy does not allow {} on {} to role {role} of {}: {way}, or add this statement to it: {}",
        listed(&lack.actions), listed(&lack.resources), accounts(&lack.accounts), statement.json()
    )]
    Missing {
        place: Place,
        role: Role,
        lack: Lack,
        /// What makes the statement.
        way: String,
        /// The statement that is missing.
        statement: Statement,
    },
    /// The service would refuse the policy.
    #[error(
        "its policy would have {size} bytes with the {own} of the missing statements, and {limit} is the limit: let a \
         statement of your own allow the targets by aws:PrincipalOrgPaths, whose size does not depend on their number"
    )]
    TooLarge {
        place: Place,
        /// Bytes of the whole policy.
        size: usize,
        /// Bytes of what is missing.
        own: usize,
        /// Bytes the service takes.
        limit: usize,
    },
    /// The service refused the policy.
    #[error("its policy was not written with what is missing: {source}{}", way(on, source))]
    NotWritten {
        place: Place,
        /// Its ARN.
        on: String,
        source: AwsError,
    },
    /// SageMaker would refuse it, and the model had nothing to do with that.
    #[error(
        "is {} of {size} bytes, and the endpoints take at most {}: give a smaller sample",
        payload.s3_uri, payload.limit
    )]
    PayloadTooLarge {
        payload: StoredPayload,
        /// Bytes.
        size: u64,
    },
    /// Not in the records bucket, which is here.
    #[error("is {} of a bucket in region {region}: {PUT_IT_THERE}", payload.s3_uri)]
    PayloadElsewhere { payload: StoredPayload, region: String },
    /// Not there, or not for this function to see.
    #[error("is {}, which cannot be read: {source}; {}", payload.s3_uri, payload_way(source))]
    PayloadUnreadable { payload: StoredPayload, source: AwsError },
}

const PUT_IT_THERE: &str = "put the payload under payloads/ of the platform's records bucket, and name that";

impl Fault {
    /// What is wrong, in words of its owner's.
    fn path(&self) -> String {
        match self {
            Self::Unreadable { path, .. } | Self::OtherRegion { path, .. } => path.clone(),
            Self::AwsManagedKey { key, .. } | Self::KeyNotEnabled { key, .. } => format!("key {key}"),
            Self::Unparsable { place, .. }
            | Self::Denied { place, .. }
            | Self::Missing { place, .. }
            | Self::TooLarge { place, .. }
            | Self::NotWritten { place, .. } => place.to_string(),
            Self::PayloadTooLarge { payload, .. }
            | Self::PayloadElsewhere { payload, .. }
            | Self::PayloadUnreadable { payload, .. } => payload.path.clone(),
        }
    }
}

impl From<Fault> for deployment::Fault {
    fn from(fault: Fault) -> Self {
        Self { path: fault.path(), problem: fault.to_string() }
    }
}

/// What to do about a refusal.
fn way(on: &str, source: &AwsError) -> String {
    if source.is_access_denied() {
        let action = source.operation();
        // A bucket that is another account's is forbidden too, as its owner is told with every call.
        let owner = if action.starts_with("s3:") { "; it has to be a bucket of the registry's account" } else { "" };
        format!(
            "; allow {action} on {on} to the role of this function, and let the resource's own policy not deny it{owner}"
        )
    } else if source.is_not_found() || source.code() == Some("NoSuchBucket") {
        format!("; expected in the account and region of the registry: {on}")
    } else {
        String::new()
    }
}

fn payload_way(source: &AwsError) -> String {
    if source.is_access_denied() {
        // Without the right to list the bucket, S3 does not tell the one from the other.
        format!("{PUT_IT_THERE}; if it names that, nothing is there")
    } else {
        PUT_IT_THERE.to_owned()
    }
}

/// How many accounts, and which when they are few: a statement names them all.
pub(crate) fn accounts(accounts: &BTreeSet<AccountId>) -> String {
    match (accounts.len(), accounts.first(), accounts.last()) {
        (1, Some(account), _) => format!("account {account}"),
        (2..=4, ..) => format!("accounts {}", listed(accounts)),
        (count, Some(first), Some(last)) => format!("{count} accounts ({first} to {last})"),
        _ => "no account".to_owned(),
    }
}

pub(crate) fn named(buckets: &BTreeSet<String>) -> String {
    format!("bucket{} {}", if buckets.len() == 1 { "" } else { "s" }, listed(buckets))
}

pub(crate) fn listed<T: fmt::Display>(items: &BTreeSet<T>) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
