use crate::answer::{Answer, Kind, Started};
use crate::error::Error;
use aws_ports::AwsError;
use deployment::{DeploymentReport, Failure, Phase, StagePlan};
use stack_sets::{StackSetId, StackSets, Status};
use std::collections::BTreeMap;

/// How an operation ended.
pub(crate) enum Outcome {
    Running,
    Succeeded,
    /// At least one.
    Failed(Vec<Failure>),
}

pub(crate) fn stack_set_id(stage: &StagePlan) -> StackSetId {
    StackSetId { name: stage.stack_set_name.clone(), call_as: stage.permissions.call_as() }
}

/// Asks for an operation that this execution started.
///
/// # Errors
/// Of the calls; an operation that failed is an answer.
pub(crate) async fn poll(aws: &impl StackSets, stage: &StagePlan, operation: &Started) -> Result<Answer, Error> {
    match outcome(aws, stage, &operation.id).await? {
        // One that is not known was started a moment ago.
        None | Some(Outcome::Running) => Ok(Answer::waiting(running(operation))),
        Some(Outcome::Succeeded) => Ok(Answer::Done),
        // An account that left the stage and cannot be cleared must not keep the others from the version; it is inoperable
        // now, which is how the next look knows it.
        Some(Outcome::Failed(failures)) if operation.kind == Kind::Remove => {
            for failure in failures {
                tracing::warn!(account = ?failure.account, region = ?failure.region, reason = failure.reason, "left behind");
            }
            Ok(Answer::Done)
        }
        Some(Outcome::Failed(failures)) => {
            Ok(Answer::Failed { report: DeploymentReport::new(stage, Phase::Deploy, failures) })
        }
    }
}

pub(crate) fn running(operation: &Started) -> String {
    format!("stack set operation {} ({}) to end", operation.id, operation.kind.as_str())
}

/// How an operation ended; `None` if it never began.
///
/// # Errors
/// Of the calls.
pub(crate) async fn outcome(aws: &impl StackSets, stage: &StagePlan, id: &str) -> Result<Option<Outcome>, AwsError> {
    let set = stack_set_id(stage);
    let operation = match aws.operation(&set, id).await {
        Err(error) if error.code() == Some("OperationNotFoundException") => return Ok(None),
        operation => operation?,
    };
    if operation.status == Status::Running {
        return Ok(Some(Outcome::Running));
    }
    // Within the tolerance an operation succeeds in spite of failures; a stage does not.
    let failed = aws.operation_results(&set, id).await?.into_iter().filter(|result| result.has_failed);
    let mut failures: Vec<_> = failed
        .map(|result| Failure {
            account: Some(result.at.account),
            region: Some(result.at.region),
            reason: result.reason.unwrap_or_default(),
        })
        .collect();
    if failures.iter().any(|failure| failure.reason.is_empty()) {
        let instances = aws.instances(&set).await?.into_iter();
        let reasons: BTreeMap<_, _> = instances
            .map(|instance| ((Some(instance.at.account), Some(instance.at.region)), instance.reason))
            .collect();
        for failure in failures.iter_mut().filter(|failure| failure.reason.is_empty()) {
            let reason = reasons.get(&(failure.account.clone(), failure.region.clone())).cloned().flatten();
            failure.reason = reason.unwrap_or_else(|| format!("operation {id} failed without a reason"));
        }
    }
    if failures.is_empty() && operation.status != Status::Succeeded {
        let how = if operation.status == Status::Stopped { "was stopped" } else { "failed" };
        let reason = operation.reason.unwrap_or_else(|| "no reason given".to_owned());
        failures.push(Failure { account: None, region: None, reason: format!("operation {id} {how}: {reason}") });
    }
    Ok(Some(if failures.is_empty() { Outcome::Succeeded } else { Outcome::Failed(failures) }))
}
