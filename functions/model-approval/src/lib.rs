//! Decides what an approval or rejection in the model registry means.
//!
//! One event is one call of [`handle`]. It asks no more than it must: SSM for the group's registration, the registry for
//! the version's status *now*, Step Functions for what is under way. Nothing is kept between events.
//!
//! Invariants:
//! - The version in the event is the version deployed, never "the newest approved".
//! - One approval starts at most one execution, however often and in whatever order its events arrive: the execution's
//!   name is made from the approval.
//! - An event that cannot be understood is an error that names every fault, so that Lambda hands it over to the failed
//!   events; it is never dropped.

mod aws;
mod configuration;
mod event;

use aws_ports::AwsError;
use deployment::{
    Approval, DeploymentRequest, InvalidRegistration, LiveRecord, ParameterNames, Registration, is_execution_of,
};
use lambda_runtime::Diagnostic;
use serde::Serialize;
use serde_json::Value;

pub use aws::{Deployments, Execution, ModelPackage, Registry, Started};
pub use configuration::{Caller, Configuration, ConfigurationError};
pub use event::{Decision, InvalidEvent, StateChange};

/// What an event came to. It is the function's answer and, with the same names, its log line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Outcome {
    /// An execution deploys the version, from now or from an earlier delivery of this event.
    DeploymentStarted {
        /// The execution's ARN.
        execution: String,
    },
    /// The rejected version was under way; these executions were stopped.
    DeploymentStopped {
        /// The executions' ARNs.
        executions: Vec<String>,
    },
    /// Nothing was done.
    Ignored {
        /// Why.
        reason: Ignored,
    },
}

/// Why an event changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Ignored {
    /// The package is in no group, so nobody approves it.
    NotVersioned,
    /// Pending, or a status that decides nothing.
    NotDecided,
    /// The group is not registered with this platform.
    NotRegistered,
    /// The registry says something else by now; the event of that change decides.
    OutOfDate,
    /// Every stage runs this version already.
    Live,
    /// An execution deploys this version already.
    UnderWay,
    /// The execution that this approval started has ended.
    EndedBefore,
    /// The rejected version is not under way.
    NothingUnderWay,
}

/// What keeps an event from being decided.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The event itself; running it again changes nothing.
    #[error(transparent)]
    InvalidEvent(#[from] InvalidEvent),
    /// The registration of the group; somebody has to correct it and approve again.
    #[error("the registration {name} cannot be used: {source}")]
    InvalidRegistration {
        /// The parameter's name.
        name: String,
        /// Every fault.
        source: InvalidRegistration,
    },
    /// A call that failed.
    #[error(transparent)]
    Aws(#[from] AwsError),
}

impl From<Error> for Diagnostic {
    fn from(error: Error) -> Self {
        let error_type = match &error {
            Error::InvalidEvent(_) => "InvalidEvent",
            Error::InvalidRegistration { .. } => "InvalidRegistration",
            Error::Aws(_) => "AwsError",
        };
        Self { error_type: error_type.to_owned(), error_message: error.to_string() }
    }
}

/// Decides on one event of the registry.
///
/// # Errors
/// An event or a registration that cannot be used, and AWS calls that failed; see [`Error`].
pub async fn handle(
    aws: &impl Deployments,
    configuration: &Configuration,
    caller: &Caller,
    event: &Value,
) -> Result<Outcome, Error> {
    let outcome = decide(aws, configuration, caller, event).await;
    let event_id = event.get("id").and_then(Value::as_str);
    match &outcome {
        Ok(outcome) => tracing::info!(event_id, outcome = %shown(outcome), "event decided"),
        Err(error) => tracing::error!(event_id, error = %error, "event not decided"),
    }
    outcome
}

async fn decide(
    aws: &impl Deployments,
    configuration: &Configuration,
    caller: &Caller,
    event: &Value,
) -> Result<Outcome, Error> {
    let ignored = |reason| Ok(Outcome::Ignored { reason });
    let Some(change) = event::read(event, caller)? else {
        return ignored(Ignored::NotVersioned);
    };
    let Some(decision) = change.decision else {
        return ignored(Ignored::NotDecided);
    };
    let names = ParameterNames::new(&configuration.platform_name, &change.group);
    let Some(registration) = registration(aws, names.registration()).await? else {
        return ignored(Ignored::NotRegistered);
    };
    let package = aws.model_package(&change.package).await?;
    if Decision::of_status(&package.approval_status) != Some(decision) {
        return ignored(Ignored::OutOfDate);
    }
    match decision {
        Decision::Approved => {
            let request = DeploymentRequest {
                platform_name: configuration.platform_name.clone(),
                model_package_arn: change.package,
                model_package_group_name: Some(change.group.clone()),
                approval: Approval { id: package.last_modified.to_string(), time: None, by: package.decided_by },
            };
            start(aws, configuration, &names, &registration, &request).await
        }
        Decision::Rejected => stop(aws, configuration, &change).await,
    }
}

async fn registration(aws: &impl Deployments, name: String) -> Result<Option<Registration>, Error> {
    match aws.parameters(std::slice::from_ref(&name)).await?.remove(&name) {
        None => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|source| Error::InvalidRegistration { name, source }),
    }
}

async fn start(
    aws: &impl Deployments,
    configuration: &Configuration,
    names: &ParameterNames<'_>,
    registration: &Registration,
    request: &DeploymentRequest,
) -> Result<Outcome, Error> {
    let state_machine = &configuration.state_machine_arn;
    let name = request.execution_name();
    let running = aws.running(state_machine).await?;
    let of_version: Vec<_> =
        running.iter().filter(|execution| is_execution_of(&execution.name, &request.model_package_arn)).collect();
    // The same approval again: answered with the execution that it started.
    if let Some(own) = of_version.iter().find(|execution| execution.name == name) {
        return Ok(Outcome::DeploymentStarted { execution: own.arn.clone() });
    }
    if !of_version.is_empty() {
        return Ok(Outcome::Ignored { reason: Ignored::UnderWay });
    }
    if is_live(aws, names, registration, request).await? {
        return Ok(Outcome::Ignored { reason: Ignored::Live });
    }
    #[expect(clippy::expect_used, reason = "the request is texts under fixed names, which always serialize")]
    let input = serde_json::to_string(request).expect("BUG: a deployment request does not serialize");
    match aws.start(state_machine, &name, &input).await? {
        Started::Execution(execution) => Ok(Outcome::DeploymentStarted { execution }),
        Started::EndedBefore => Ok(Outcome::Ignored { reason: Ignored::EndedBefore }),
    }
}

/// A version is live when the record of every stage says so. A record that cannot be read counts as another version:
/// deploying once more converges, not deploying would leave it.
async fn is_live(
    aws: &impl Deployments,
    names: &ParameterNames<'_>,
    registration: &Registration,
    request: &DeploymentRequest,
) -> Result<bool, AwsError> {
    let names: Vec<_> = registration.stages.iter().map(|stage| names.live(&stage.name)).collect();
    let records = aws.parameters(&names).await?;
    Ok(names.iter().all(|name| {
        records
            .get(name)
            .and_then(|record| serde_json::from_str::<LiveRecord>(record).ok())
            .is_some_and(|record| record.model_package_arn == request.model_package_arn)
    }))
}

/// A rejected version goes no further. What is live already stays: taking it back is a deployment of another version.
async fn stop(aws: &impl Deployments, configuration: &Configuration, change: &StateChange) -> Result<Outcome, Error> {
    let cause = format!("version {} of {} was rejected", change.package.version(), change.group);
    let mut stopped = Vec::new();
    for execution in aws.running(&configuration.state_machine_arn).await? {
        if is_execution_of(&execution.name, &change.package) {
            aws.stop(&execution, &cause).await?;
            stopped.push(execution.arn);
        }
    }
    if stopped.is_empty() {
        return Ok(Outcome::Ignored { reason: Ignored::NothingUnderWay });
    }
    Ok(Outcome::DeploymentStopped { executions: stopped })
}

fn shown(outcome: &Outcome) -> String {
    serde_json::to_string(outcome).unwrap_or_default()
}
