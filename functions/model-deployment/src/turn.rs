use crate::aws::executions::{Executions, Running};
use crate::aws::hub::Hub;
use crate::error::Error;
use deployment::{DeploymentRequest, ExecutionSubject, ParameterNames, PendingApproval, RequestKind};
use serde::Serialize;

/// Whether an execution may go on.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "status", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(crate) enum Turn {
    /// It may.
    Go,
    /// Not yet; ask the same again.
    Waiting {
        /// In words.
        waiting_for: String,
    },
    /// It may not; it takes back what it changed.
    Stop {
        /// `Superseded` or `Rejected`.
        error: &'static str,
        /// In words.
        cause: String,
    },
}

/// Where in its execution somebody asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Place {
    /// Before it has touched anything: one execution of a group at a time.
    Start,
    /// Before something of a stage that a newer approval may still prevent.
    Stage,
    /// In the last stage, which a newer approval waits for.
    LastStage,
}

/// Whether the execution is superseded, its version rejected, or another execution of the group still at work.
///
/// The list of running executions is the only thing that executions know of each other: none of them is stopped from
/// outside, so each ends with its stages as they should be.
///
/// # Errors
/// Of the calls.
pub(crate) async fn turn(
    aws: &impl Executions,
    hub: &impl Hub,
    state_machine: &str,
    execution: &str,
    request: &DeploymentRequest,
    place: Place,
) -> Result<Turn, Error> {
    let own = ExecutionSubject::of(request.kind, &request.model_package_arn);
    let group = own.in_turn(aws.running(state_machine).await?, |running| (running.started, &running.name));
    let Some(position) = group.iter().position(|(_, running)| running.name == execution) else {
        // The list lags behind; what it does not show of us it may not show of others.
        return Ok(Turn::Waiting { waiting_for: format!("execution {execution} to be listed as running") });
    };
    let (older, newer) = (group.get(..position).unwrap_or_default(), group.get(position + 1..).unwrap_or_default());
    if let Some(stop) = stopped_by(&own, newer, place) {
        return Ok(stop);
    }
    match older {
        [.., (_, before)] if place == Place::Start => {
            release(aws, hub, request, older).await?;
            Ok(Turn::Waiting { waiting_for: format!("execution {} to end", before.name) })
        }
        _ => Ok(Turn::Go),
    }
}

fn stopped_by(own: &ExecutionSubject, newer: &[(ExecutionSubject, Running)], place: Place) -> Option<Turn> {
    // A roll-back of a rejected version is never in anybody's way for long, and nobody asked for something else.
    if own.kind == RequestKind::Rejection {
        return None;
    }
    let rejection = |(other, _): &&(ExecutionSubject, Running)| {
        other.kind == RequestKind::Rejection && other.version == own.version
    };
    if let Some((_, other)) = newer.iter().find(rejection) {
        let cause = format!("version {} was rejected: execution {}", own.version, other.name);
        return Some(Turn::Stop { error: "Rejected", cause });
    }
    let approval = newer.iter().rev().find(|(other, _)| other.kind == RequestKind::Approval);
    let (subject, other) = approval.filter(|_| place != Place::LastStage)?;
    let cause = format!("version {} was approved since: execution {}", subject.version, other.name);
    Some(Turn::Stop { error: "Superseded", cause })
}

/// Lets executions that wait for a person's answer know that it is not needed any more.
async fn release(
    aws: &impl Executions,
    hub: &impl Hub,
    request: &DeploymentRequest,
    older: &[(ExecutionSubject, Running)],
) -> Result<(), Error> {
    let own = ExecutionSubject::of(request.kind, &request.model_package_arn);
    let names = ParameterNames::new(&request.platform_name, request.group());
    for (name, value) in hub.parameters_under(&names.pending()).await? {
        let Ok(pending) = serde_json::from_str::<PendingApproval>(&value) else {
            tracing::warn!(parameter = name, "pending approval could not be read");
            continue;
        };
        let Some((asking, _)) = older.iter().find(|(_, running)| running.name == pending.execution) else { continue };
        let after = [(own.clone(), Running { name: request.execution_name(), started: i64::MAX })];
        if let Some(Turn::Stop { error, cause }) = stopped_by(asking, &after, Place::Stage) {
            aws.give_up_waiting(&pending.task_token, error, &cause).await?;
            tracing::info!(execution = pending.execution, error, "waiting execution released");
        }
    }
    Ok(())
}
