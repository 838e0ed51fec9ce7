use crate::aws::Records;
use crate::error::Error;
use aws_ports::AwsError;
use deployment::{CallAs, ParameterNames, PlatformName, fingerprint, stack_set_prefix, tags};
use serde::{Deserialize, Serialize};
use stack_sets::{Instance, Location, Removing, StackSet, StackSetId, by_regions};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{SystemTime, UNIX_EPOCH};

/// By stack set: the places that this request has had cleared already, as `account in region`. What is still there when
/// no operation runs any more cannot be cleared.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Tried(BTreeMap<String, BTreeSet<String>>);

/// What one look leaves.
pub(crate) enum Left {
    Nothing,
    Waiting { waiting_for: String, tried: Tried },
}

/// What one look leaves of one stack set.
enum Remainder {
    Gone,
    Waiting,
    Stuck(Vec<Instance>),
}

/// Reasons that fit into what CloudFormation shows.
const REASONS_LISTED: usize = 10;

/// The stack sets of a platform.
pub(crate) async fn find(
    aws: &impl Removing,
    platform: &PlatformName,
) -> Result<Vec<(StackSetId, StackSet)>, AwsError> {
    let (prefix, tags) = (stack_set_prefix(platform), tags(platform, None, None));
    let mut found: Vec<(StackSetId, StackSet)> = Vec::new();
    for call_as in [CallAs::Itself, CallAs::DelegatedAdmin] {
        for name in aws.stack_set_names(call_as).await?.into_iter().filter(|name| name.starts_with(&prefix)) {
            if found.iter().any(|(id, _)| id.name == name) {
                continue;
            }
            let id = StackSetId { name, call_as: Some(call_as).filter(|call_as| *call_as == CallAs::DelegatedAdmin) };
            match aws.stack_set(&id).await? {
                Some(set) if set.is_tagged(&tags) => found.push((id, set)),
                Some(_) => tracing::info!(stack_set = id.name, "not this platform's"),
                None => {}
            }
        }
    }
    Ok(found)
}

/// Starts what can be started and says what is left.
///
/// # Errors
/// Of the calls; and, once nothing goes on any more, the places that cannot be cleared.
pub(crate) async fn remove(
    aws: &impl Removing,
    platform: &PlatformName,
    request_id: &str,
    mut tried: Tried,
) -> Result<Left, Error> {
    let (mut waiting, mut stuck) = (Vec::new(), Vec::new());
    for (id, set) in find(aws, platform).await? {
        let places = tried.0.entry(id.name.clone()).or_default();
        match remove_set(aws, &id, &set, request_id, places).await? {
            Remainder::Gone => {
                tracing::info!(stack_set = id.name, "stack set deleted");
                tried.0.remove(&id.name);
            }
            Remainder::Waiting => waiting.push(id.name),
            Remainder::Stuck(instances) => stuck.extend(instances),
        }
    }
    if let [first, others @ ..] = waiting.as_slice() {
        let more = if others.is_empty() { String::new() } else { format!(" and {} more", others.len()) };
        return Ok(Left::Waiting { waiting_for: format!("the endpoints of stack set {first}{more} to go"), tried });
    }
    if stuck.is_empty() {
        return Ok(Left::Nothing);
    }
    let reason =
        |instance: &Instance| format!("{}: {}", instance.at, instance.reason.as_deref().unwrap_or("no reason given"));
    Err(Error::Left { count: stuck.len(), listed: stuck.iter().take(REASONS_LISTED).map(reason).collect() })
}

async fn remove_set(
    aws: &impl Removing,
    id: &StackSetId,
    set: &StackSet,
    request_id: &str,
    tried: &mut BTreeSet<String>,
) -> Result<Remainder, AwsError> {
    if aws.running_operation(id).await?.is_some() {
        return Ok(Remainder::Waiting);
    }
    let instances = aws.instances(id).await?;
    if instances.is_empty() {
        return match aws.delete_stack_set(id).await {
            Ok(()) => Ok(Remainder::Gone),
            Err(error) if has_moved(&error) => Ok(Remainder::Waiting),
            Err(error) => Err(error),
        };
    }
    let untried = instances.iter().map(|instance| &instance.at).filter(|at| !tried.contains(&at.to_string()));
    let Some(addressees) = by_regions(untried.cloned(), &set.organizational_units).into_iter().next() else {
        return Ok(Remainder::Stuck(instances));
    };
    match aws.delete_instances(id, &addressees, &operation_id(request_id)).await {
        Ok(()) => {
            tracing::info!(stack_set = id.name, accounts = addressees.accounts.len(), "removal started");
            tried.extend(addressees.locations().map(|at: Location| at.to_string()));
            Ok(Remainder::Waiting)
        }
        Err(error) if has_moved(&error) => Ok(Remainder::Waiting),
        Err(error) => Err(error),
    }
}

/// Somebody else did something to the stack set between the look and the call.
fn has_moved(error: &AwsError) -> bool {
    matches!(
        error.code(),
        Some(
            "OperationInProgressException"
                | "StackSetNotEmptyException"
                | "StackSetNotFoundException"
                | "StackInstanceNotFoundException"
        )
    )
}

/// CloudFormation sends the same request id when a deletion is tried again, and that has to start a new operation. One
/// request never starts two at once: it waits while any is running.
fn operation_id(request_id: &str) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("remove-{}", fingerprint(24, &[request_id, &now.as_nanos().to_string()]))
}

/// Deletes the records of what was live; says how many there were.
pub(crate) async fn remove_records(records: &impl Records, platform: &PlatformName) -> Result<usize, AwsError> {
    let mut names = records.names_under(&ParameterNames::root(platform)).await?;
    names.retain(|name| ParameterNames::is_left_by_deployments(platform, name));
    records.delete(&names).await?;
    Ok(names.len())
}
