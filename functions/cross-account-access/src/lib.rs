//! `Custom::CrossAccountAccess` {`BucketName`, `KeyArns`, `ModelPackageGroupNames`, `Accounts` or `OrganizationPaths`,
//! `RoleName`, `ExecutionRoleName`, `BreakGlassPrincipalArns`} -> {`FullestPolicyPercent`}: one role of each target account may
//! read models, and only through the account's own VPC endpoints; with `ExecutionRoleName` a second one may make models of
//! versions in the groups, as CloudFormation does that makes endpoints, and reads neither bucket nor key.
//!
//! Access is given in the resources' own policies: the bucket's, each key's and each model package group's. Nobody in them
//! is named: targets are accounts by id or by their place in the organization, the role by its name, the network by whose
//! endpoint a call came through. So no call leaves this account, the number of calls does not depend on the number of
//! targets, and an account that joins or leaves a unit needs no new policy. What the statements say and why stands beside
//! them, in `statements.rs`.
//!
//! `FullestPolicyPercent`: how much of what its service takes the fullest of the policies uses, in whole percent.
//!
//! # Invariants
//! - A statement is ours by its `Sid`: `CrossAccount`, a purpose, and a hash of stack and logical id. Every other statement
//!   stays as it is, to the byte, and two stacks on one bucket do not see each other's.
//! - Every request states the whole wish. What an outsider took away, changed or added under one of our `Sid`s is made good
//!   by the next request; where all is as wished, nothing is written.
//! - All or nothing: every policy is read, computed and measured before the first is written, and when a later write fails
//!   those before it are put back as they were read, or deleted where there was none. The error says so, and says what could
//!   not be put back.
//! - A policy that would hold nothing else is deleted, not left empty.
//! - Reading and writing policies is never denied to anybody by our statements, so that they can be repaired.
//!
//! # Decisions
//! - Nothing in the properties forces a replacement. A new `BucketName` is opened first and the old one closed afterwards, in
//!   the same update: statements are put back as easily as they are taken away, so a rollback finds what it needs. With a
//!   replacement, closing the old resource would take the statements from keys and groups that both have in common.
//! - Before each write the policy is read once more. When somebody else changed it in the meantime, all is put back and the
//!   request begins anew, some times. With the function's reserved concurrency of 1, two of our own never meet.
//! - The network Deny knows a principal's own account only. Where VPCs are shared between accounts, or endpoints kept in a
//!   central account, calls come through another account's endpoint and are refused.
//! - Service-linked roles that read the bucket by themselves, such as Macie's, come through no endpoint. List
//!   `arn:aws:iam::<account>:role/aws-service-role/*` in `BreakGlassPrincipalArns` where that is wanted.
//! - Two resources on one bucket each deny what the other one's break-glass principals do from outside: give both the same.

mod aws;
mod changes;
mod error;
mod names;
mod place;
mod properties;
mod statements;

use std::time::Duration;

use custom_resource::{Attributes, CustomResource, Failure, Progress, Request, Scope};

pub use aws::{AwsServices, Ports};
use changes::{Survey, commit};
pub use error::{Cause, Error, Fault, StalePrincipal, Undone};
pub use names::{BucketName, Expected, KeyArn, OrganizationPath, PrincipalPattern, RoleName};
pub use place::Place;
pub use properties::{Properties, Targets};
use statements::{Owner, Statements};

/// A conflicting operation on a bucket ends within seconds.
const INTERVAL: Duration = Duration::from_secs(5);
/// With [`INTERVAL`], well within the function's time.
const ATTEMPTS: u64 = 10;

/// The custom resource, over any implementation of its [`Ports`].
#[derive(Debug)]
pub struct CrossAccountAccess<A> {
    aws: A,
}

impl<A: Ports> CrossAccountAccess<A> {
    /// Calls nothing.
    pub const fn new(aws: A) -> Self {
        Self { aws }
    }

    /// Ends with the wish in every policy and nothing of ours in the leaving ones.
    async fn converge(&self, request: &Request<Properties>, leaving: Vec<Place>) -> Result<Progress, Failure> {
        let (properties, scope) = (&request.properties, &request.scope);
        let faults = properties.faults(scope);
        if !faults.is_empty() {
            return Err(Error::Refused(faults).into());
        }
        let owner = Owner::of(scope);
        let mut survey = Survey::default();
        for place in properties.places() {
            match self.wished(properties, scope, &place).await {
                Ok(wished) => survey.wish(&self.aws, scope, &owner, place, wished).await,
                Err(Wish::Unknown(source)) => survey.faults.push(Fault::Unreadable {
                    place,
                    account: scope.account_id.clone(),
                    region: scope.region.clone(),
                    source,
                }),
                Err(Wish::Failed(error)) => return Err(Failure::half_made(error)),
            }
        }
        for place in leaving {
            survey.leave(&self.aws, scope, &owner, place, Place::is_foreign).await;
        }
        let Survey { changes, faults, found_own, fullest } = survey;
        let ended =
            if faults.is_empty() { commit(&self.aws, scope, &changes).await } else { Err(Error::Refused(faults)) };
        match ended {
            Ok(()) => Ok(Attributes::new().with("FullestPolicyPercent", fullest.to_string()).into()),
            Err(error) => again_or(request.state.as_ref(), error, |error| {
                let left = matches!(&error, Error::NotWritten { undone, .. } if !undone.not_put_back.is_empty());
                // An earlier delivery of this request, cut off, may have left statements too.
                if left || found_own { Failure::half_made(error) } else { Failure::new(error) }
            }),
        }
    }

    async fn wished(
        &self,
        properties: &Properties,
        scope: &Scope,
        place: &Place,
    ) -> Result<Vec<policy_document::Statement>, Wish> {
        let statements = Statements::new(properties, scope);
        let wished = match place {
            Place::Bucket(bucket) => statements.of_bucket(bucket),
            Place::Key(_) => statements.of_key(),
            Place::Group(group) => {
                let arn = self.aws.describe_model_package_group(group.as_str()).await.map_err(Wish::Unknown)?;
                if !arn.contains(":model-package-group/") {
                    return Err(Wish::Failed(Error::NoArn(arn)));
                }
                statements.of_group(&arn)
            }
        };
        wished.map_err(|error| Wish::Failed(error.into()))
    }
}

/// Why there are no statements for a place.
enum Wish {
    /// The group cannot be described.
    Unknown(aws_ports::AwsError),
    Failed(Error),
}

impl<A: Ports> CustomResource for CrossAccountAccess<A> {
    const KIND: &'static str = "cross-account-access";
    type Properties = Properties;

    async fn create(&self, request: &Request<Properties>) -> Result<Progress, Failure> {
        self.converge(request, Vec::new()).await
    }

    async fn update(&self, request: &Request<Properties>, old: Option<&Properties>) -> Result<Progress, Failure> {
        if old.is_none() {
            tracing::warn!("old properties are unreadable, so no place is known to have left");
        }
        let stay: Vec<Place> = request.properties.places().collect();
        let leaving = old.into_iter().flat_map(|old| own_places(old, &request.scope));
        self.converge(request, leaving.filter(|place| !stay.contains(place)).collect()).await
    }

    async fn delete(&self, request: &Request<Option<Properties>>) -> Result<Progress, Failure> {
        let Some(properties) = &request.properties else {
            tracing::warn!("properties are unreadable, so no statement is taken away");
            return Ok(Attributes::new().into());
        };
        let (scope, owner) = (&request.scope, Owner::of(&request.scope));
        // Each by itself: access that can be taken away is, whatever becomes of the rest.
        let mut left = Vec::new();
        for place in own_places(properties, scope) {
            let mut survey = Survey::default();
            survey.leave(&self.aws, scope, &owner, place, |_, _| false).await;
            left.append(&mut survey.faults);
            for change in survey.changes {
                match change.write_unseen(&self.aws, scope).await {
                    Err(error) if change.place().is_gone(&error) => {}
                    Err(source) => left.push(Fault::NotRemoved { place: change.place().clone(), source }),
                    Ok(()) => {}
                }
            }
        }
        if left.is_empty() {
            return Ok(Attributes::new().into());
        }
        again_or(request.state.as_ref(), Error::Left(left), Failure::new)
    }
}

/// Places where this stack can have written. Another account's or region's key is refused before anything is.
fn own_places(properties: &Properties, scope: &Scope) -> impl Iterator<Item = Place> {
    properties.places().filter(move |place| match place {
        Place::Key(key) => key.is_of(scope),
        Place::Bucket(_) | Place::Group(_) => true,
    })
}

/// Another try where it may help, at most [`ATTEMPTS`] in all.
fn again_or(
    state: Option<&serde_json::Value>,
    error: Error,
    failure: impl FnOnce(Error) -> Failure,
) -> Result<Progress, Failure> {
    let tried = state.and_then(|state| state.get("tried")?.as_u64()).unwrap_or_default() + 1;
    if !error.passes() || tried >= ATTEMPTS {
        return Err(failure(error));
    }
    tracing::warn!(%error, tried, "another try follows");
    Ok(Progress::Unfinished {
        waiting_for: error.to_string(),
        state: serde_json::json!({ "tried": tried }),
        again_in: INTERVAL,
    })
}
