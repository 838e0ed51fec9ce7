//! Whether the target accounts of a deployment may read all that a model version is made of, before anything is deployed.
//!
//! A task of the state machine: {`platformName`, `modelPackageArn`, `modelPackageGroupName`, `stages`, `payload`} ->
//! {`status`: `done`, `faults`, `repaired`, `notes`}. A fault is {`path`, `problem`} like those of the plan, which the state
//! machine joins it with; its `path` names the thing: `bucket <name>`, `key <arn>`, `repository <name>`, `image <uri>`,
//! `model package <arn>`, `model package group <name>`, or where the registration names the sample payload.
//!
//! A version is a description in the registry, an image, and model data in a bucket, which a key may encrypt. Each of these
//! has a policy, and an endpoint whose account is missing in one of them fails a quarter of an hour later with half a reason.
//! So the policies are judged here as the services will judge them, for the roles of every account: the model's, which reads
//! data and image, and the stack set's, with which CloudFormation makes the model.
//!
//! `payload` is a sample payload in S3 and how large it may be. It is looked at too when a plan has faults and so no stages.
//!
//! # Invariants
//! - Nothing is called in a target account, and the number of calls does not depend on how many there are.
//! - No artifact is read, not even its description. The one object that is looked at is the sample payload.
//! - Only what is this platform's is written: the policy of the model package group, which is registered with it, and those of
//!   repositories that carry its tag. Bucket and keys are the environment's, whose `Custom::CrossAccountAccess` opens them.
//! - Nothing is written when nothing is missing, nor while a fault keeps the deployment from starting. Where a service refuses
//!   one of several policies that is the fault, and `repaired` has the others.
//! - A statement is ours by its `Sid`; every other one stays as it is, to the byte. Ours only ever gains accounts, as an
//!   account that left may still run the version before.
//! - All faults come in one answer, accounts that miss the same in one of them. What is missing or denied is a fault; an error
//!   is only what says nothing about the thing, such as a throttled call.
//!
//! # Decisions
//! - A policy is judged leniently where it asks for what nobody knows beforehand, such as an account's place in the
//!   organization: it counts as met, and a note says so. A false alarm would stop a deployment that works; a note explains
//!   one that does not. What is known is judged strictly.
//! - The key of model data is the bucket's default key. Which key an object was written with only a right to read it tells,
//!   and the network Denies of the bucket would refuse a function outside of any network. A note says so.
//! - The network Denies of `Custom::CrossAccountAccess` are met by a role that calls through its own account's endpoints,
//!   which is how model roles are built; an endpoint of another account is noted.
//! - AWS names the role of a service-managed stack set, `stacksets-exec-` and a hash of its own. A statement counts that opens
//!   the group to all such names.
//! - Grants, access points and service control policies are not looked at. An access that only a grant of a key gives is
//!   reported as missing.
//! - Neither SageMaker nor ECR has a conditional write. Another writer of the same policy within the same half second can
//!   lose its change; the next execution makes good what this platform needs.

mod answer;
mod aws;
mod error;
mod fault;
mod input;
mod judgement;
mod package;
mod parts;
mod payload;
mod place;
mod repair;
mod role;
mod survey;

use serde_json::Value;

pub use answer::Answer;
pub use aws::{AwsServices, ImageName, Key, Located, Ports};
pub use error::Error;
use error::concerns;
use fault::Fault;
use input::{Hub, Request};
pub use package::{Container, ModelData, ModelPackage};
use place::Place;
use repair::{Author, Repair};
use survey::Survey;

/// Looks, repairs what is ours, and says what is missing elsewhere.
///
/// # Errors
/// A call that failed for reasons of its own, and an input that is none.
pub async fn handle<A: Ports>(aws: &A, event: Value) -> Result<Answer, Error> {
    let request: Request = serde_json::from_value(event).map_err(Error::InvalidInput)?;
    let (hub, targets) = (request.hub(), request.targets()?);
    let mut survey = Survey::new(aws, &hub, &targets);
    if let Some(payload) = &request.payload {
        survey.payload(payload).await?;
    }
    if request.has_stages() {
        look(&mut survey, &request, &hub).await?;
    }
    let Survey { mut faults, notes, repairs, .. } = survey;
    let mut repaired = Vec::new();
    if faults.is_empty() {
        (repaired, faults) = write(aws, &hub, repairs).await?;
    }
    tracing::info!(repaired = ?repaired, faults = faults.len(), notes = notes.len(), "access looked at");
    let faults = faults.into_iter().map(deployment::Fault::from).collect();
    Ok(Answer { faults, repaired, notes }.bounded())
}

/// Looks at the version, at what it is made of, and at the policies of all that.
async fn look<A: Ports>(survey: &mut Survey<'_, A>, request: &Request, hub: &Hub) -> Result<(), Error> {
    let arn = &request.model_package_arn;
    let package = match survey.aws.describe_model_package(arn.as_str()).await {
        Ok(package) => package,
        Err(source) => {
            return survey.unreadable(format!("model package {arn}"), "what it is made of", arn.to_string(), source);
        }
    };
    let parts = package.parts();
    let others = parts.others.iter();
    survey
        .notes
        .extend(others.map(|other| format!("{other} was not looked at: it is in no bucket and no registry of ECR")));
    survey.artifacts(&parts.artifacts).await?;
    survey.images(&parts.images).await?;
    survey.need(Place::Group(request.model_package_group_name.clone()), package.arn.clone());
    let packages = package.arn.rsplit_once('/').map_or(package.arn.as_str(), |(group, _)| group);
    let author = Author {
        platform: &request.platform_name,
        group: &request.model_package_group_name,
        hub,
        packages: &format!("{packages}/*"),
    };
    survey.policies(&author).await
}

/// Writes every policy, or all that the services take: each by itself makes the next try shorter.
async fn write(aws: &impl Ports, hub: &Hub, repairs: Vec<Repair>) -> Result<(Vec<String>, Vec<Fault>), Error> {
    let mut repaired = Vec::new();
    let mut faults = Vec::new();
    for repair in repairs {
        match repair.write(aws, hub).await {
            Ok(()) => {
                tracing::info!(place = %repair.place, bytes = repair.policy.len(), "policy written");
                repaired.push(repair.gives);
            }
            Err(source) if concerns(&source) => {
                let on = repair.place.arn(hub);
                faults.push(Fault::NotWritten { place: repair.place, on, source });
            }
            Err(source) => return Err(Error::Aws(source)),
        }
    }
    Ok((repaired, faults))
}
