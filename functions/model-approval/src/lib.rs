//! Decides what an approval or rejection in the model registry means.
//!
//! One event is one call of [`handle`]. It asks no more than it must: SSM for the group's registration, the registry for
//! the version *now*, Step Functions for what is under way, SSM for what is live. Nothing is kept between events, and
//! nothing is stopped from here: an execution looks itself whether a newer one supersedes it or rejects its version, takes
//! back what it changed and ends saying why. So all that an event can do is to start one execution.
//!
//! # Invariants
//! - The version in the event is the version deployed, never "the newest approved".
//! - One decision starts at most one execution, however often and in whatever order its events arrive: the execution's
//!   name is made from the decision's time.
//! - An approval is never lost: it is answered with an execution, with what is live or under way, with a later approval of
//!   another version, or with an error that Lambda hands over to the failed events.
//! - Whatever status the registry does not give any more, its event decides nothing.
//! - An event, a registration or a record that cannot be understood is an error that names every fault.
//!
//! # Decisions
//! - **Which decision an event is about** is its `LastModifiedTime`, and the registry's where the event has none. Two
//!   events of one change have the same. The registry's own moves on with every edit of the version, so a delivery after
//!   an edit would look like another approval.
//! - **An edit is no decision.** The registry sends an event for every change of a version, with its approval status, and
//!   lists in `UpdatedModelPackageFields` what changed. An event that lists only other fields than `ModelApprovalStatus`
//!   and `ApprovalDescription` is ignored. The description counts because approving an approved version again may change
//!   nothing else. An event that lists nothing is taken as a decision: the registration of an approved version lists
//!   nothing. Where the service leaves the list out, an edit of an approved version that is not under way deploys
//!   it; nothing in the event or in `DescribeModelPackage` tells the two apart.
//! - **Under way** is a version that the running executions of its group lead to: no other version was approved after it,
//!   and it was not rejected after it. Anything else running moves the stages away from it, so an approval starts an
//!   execution even where every stage is recorded as running the version already.
//! - **Live** is a version by the decision that brought it. A later approval of it deploys it again: what is recorded as live
//!   need not be what runs, after a roll-back that failed or an execution that somebody stopped, and accounts may have
//!   joined. Where nothing differs, nothing changes.
//! - **Events of two versions may overtake each other.** An approval does not start anything where another version is
//!   under way or live by a later approval and still approved; started now, it would supersede the later one.
//! - **Who approved** is the registry's `LastModifiedBy`, as long as the version did not change since the event. After an
//!   edit it would name the editor, so nobody is named, and where duties are to be separated the approval is refused.
//! - **The same person** is the same source identity or the same Studio profile. Where neither can be compared, it is the
//!   same IAM principal, sessions of a role included: Studio gives all users of an execution role one session name, so two
//!   people without profiles are taken for one rather than one for two. A session name is as good as the role's trust
//!   policy that bounds it (`sts:RoleSessionName`).
//!
//! # Limits
//! - Step Functions lists an execution a moment after its start, and two events may be decided at the same moment. A
//!   rejection within that moment may find nothing under way; planning asks the registry once more before it touches
//!   anything. Two approvals within it both start, and the one whose execution starts later supersedes the other.
//! - An approval of a version that is under way already leaves no trace: an approval of another version that was made
//!   between the two, and whose event comes last, starts.
//! - An approval that comes after a later one of another version whose execution has failed is not known to be the older
//!   one, and starts.

mod aws;
mod configuration;
mod duties;
mod error;
mod event;
mod live;
mod outcome;
mod under_way;

use aws_ports::AwsError;
use deployment::{Approval, DeploymentRequest, ParameterNames, Registration, RequestKind, goes_back};
use serde_json::Value;

pub use aws::{Deployments, Execution, ModelPackage, Registry, Started};
pub use configuration::{Caller, Configuration, ConfigurationError};
pub use duties::{Breach, DutiesNotSeparated, User};
pub use error::Error;
pub use event::{Decision, InvalidEvent, Meaning, StateChange};
use live::Stages;
pub use outcome::{Ignored, Outcome};
use under_way::UnderWay;

/// Decides on one event of the registry.
///
/// # Errors
/// What cannot be understood, an approval by the wrong person, and AWS calls that failed; see [`Error`].
pub async fn handle(
    aws: &impl Deployments,
    configuration: &Configuration,
    caller: &Caller,
    event: &Value,
) -> Result<Outcome, Error> {
    let outcome = decide(aws, configuration, caller, event).await;
    let event_id = event.get("id").and_then(Value::as_str);
    match &outcome {
        Ok(outcome) => tracing::info!(event_id, %outcome, "event decided"),
        Err(error) => tracing::error!(event_id, %error, "event not decided"),
    }
    outcome
}

async fn decide(
    aws: &impl Deployments,
    configuration: &Configuration,
    caller: &Caller,
    event: &Value,
) -> Result<Outcome, Error> {
    let Some(change) = event::read(event, caller)? else {
        return Ok(Ignored::NotVersioned.into());
    };
    let decision = match change.meaning {
        Meaning::Decided(decision) => decision,
        Meaning::NotDecided => return Ok(Ignored::NotDecided.into()),
        Meaning::Edited => return Ok(Ignored::Edited.into()),
    };
    let names = ParameterNames::new(&configuration.platform_name, &change.group);
    let Some(registration) = registration(aws, names.registration()).await? else {
        return Ok(Ignored::NotRegistered.into());
    };
    let package = aws.model_package(&change.package).await?;
    if Decision::of_status(&package.approval_status) != Some(decision) {
        return Ok(Ignored::OutOfDate.into());
    }
    let state_machine = &configuration.state_machine_arn;
    let request = request(configuration, &change, decision, &package);
    let (running, stages) =
        tokio::try_join!(async { Ok(aws.running(state_machine).await?) }, Stages::read(aws, &names, &registration))?;
    let case = Case {
        state_machine,
        registration: &registration,
        package: &package,
        at: change.at(&package),
        under_way: UnderWay::of_group(running, &request.model_package_arn),
        name: request.execution_name(),
        request,
        stages,
    };
    match decision {
        Decision::Approved => case.approve(aws).await,
        Decision::Rejected => case.reject(aws).await,
    }
}

async fn registration(aws: &impl Deployments, name: String) -> Result<Option<Registration>, Error> {
    match aws.parameters(std::slice::from_ref(&name)).await?.remove(&name) {
        None => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|source| Error::InvalidRegistration { name, source }),
    }
}

fn request(
    configuration: &Configuration,
    change: &StateChange,
    decision: Decision,
    package: &ModelPackage,
) -> DeploymentRequest {
    let at = change.at(package);
    let decided_by = package.decided_by(at);
    DeploymentRequest {
        platform_name: configuration.platform_name.clone(),
        kind: match decision {
            Decision::Approved => RequestKind::Approval,
            Decision::Rejected => RequestKind::Rejection,
        },
        model_package_arn: change.package.clone(),
        model_package_group_name: Some(change.group.clone()),
        approval: Approval {
            id: at.to_string(),
            time: event::in_words(at),
            by: decided_by.map(ToString::to_string),
            registered_by: package.created_by.as_ref().map(ToString::to_string),
        },
    }
}

/// All that is known when a decision of a registered group is decided on.
struct Case<'a> {
    state_machine: &'a str,
    registration: &'a Registration,
    package: &'a ModelPackage,
    /// When it was decided, in milliseconds since the epoch.
    at: i64,
    under_way: UnderWay,
    stages: Stages,
    request: DeploymentRequest,
    /// Of the execution that serves the request.
    name: String,
}

impl Case<'_> {
    async fn approve(&self, aws: &impl Deployments) -> Result<Outcome, Error> {
        let arn = &self.request.model_package_arn;
        if let Some(own) = self.under_way.named(&self.name) {
            return Ok(self.started(own.arn.clone()));
        }
        if self.under_way.leads_to(arn.version()) {
            return Ok(Ignored::UnderWay.into());
        }
        if self.under_way.is_empty() && self.stages.are_live_by(&self.request) {
            return Ok(Ignored::Live.into());
        }
        if self.is_superseded(aws).await? {
            return Ok(Ignored::Superseded.into());
        }
        if self.registration.separation_of_duties {
            duties::check(arn, self.package, self.at)?;
        }
        self.start(aws).await
    }

    async fn reject(&self, aws: &impl Deployments) -> Result<Outcome, Error> {
        let version = self.request.model_package_arn.version();
        if let Some(own) = self.under_way.named(&self.name) {
            return Ok(self.started(own.arn.clone()));
        }
        // Whatever the registration says about live versions: the running execution has to learn of it.
        if self.under_way.has_unanswered_approval(version) {
            return self.start(aws).await;
        }
        if self.under_way.has_rejection(version) {
            return Ok(Ignored::UnderWay.into());
        }
        match (self.stages.any_runs(version)?, self.registration.rollback_on_reject) {
            (true, true) => self.start(aws).await,
            (true, false) => Ok(Ignored::Stays.into()),
            (false, _) => Ok(Ignored::NotLive.into()),
        }
    }

    /// Whether another version was approved later, is under way or live by that, and still approved.
    async fn is_superseded(&self, aws: &impl Deployments) -> Result<bool, AwsError> {
        let own = &self.request.model_package_arn;
        let mut later: Vec<_> = self.stages.approvals().filter(|(_, at)| *at > self.at).map(|(arn, _)| arn).collect();
        for execution in self.under_way.approvals_of_others(own.version()) {
            // An execution that was started by hand may have any input.
            let input = aws.input(execution).await?.and_then(|input| serde_json::from_str(&input).ok());
            let other: Option<DeploymentRequest> = input;
            later.extend(
                other.filter(|other| live::decided_at(&other.approval) > Some(self.at)).map(|it| it.model_package_arn),
            );
        }
        later.retain(|arn| arn.version() != own.version());
        later.sort();
        later.dedup();
        for arn in &later {
            match aws.model_package(arn).await {
                Ok(package) if Decision::of_status(&package.approval_status) == Some(Decision::Approved) => {
                    return Ok(true);
                }
                Err(error) if !error.is_not_found() => return Err(error),
                _ => (),
            }
        }
        Ok(false)
    }

    async fn start(&self, aws: &impl Deployments) -> Result<Outcome, Error> {
        #[expect(clippy::expect_used, reason = "the request is texts under fixed names, which always serialize")]
        let input = serde_json::to_string(&self.request).expect("BUG: a deployment request does not serialize");
        match aws.start(self.state_machine, &self.name, &input).await? {
            Started::Execution(execution) => Ok(self.started(execution)),
            Started::EndedBefore => Ok(Ignored::EndedBefore.into()),
        }
    }

    fn started(&self, execution: String) -> Outcome {
        match self.request.kind {
            RequestKind::Rejection => Outcome::RejectionStarted { execution },
            RequestKind::Approval if goes_back(&self.request, self.stages.last()) => {
                Outcome::RollBackStarted { execution }
            }
            RequestKind::Approval => Outcome::DeploymentStarted { execution },
        }
    }
}
