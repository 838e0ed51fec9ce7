use crate::answer::{Answer, Kind, Started};
use crate::error::Error;
use crate::operation::{Outcome, outcome, running, stack_set_id};
use aws_ports::AwsError;
use deployment::{
    DeploymentReport, ENDPOINT_TEMPLATE, Failure, Permissions, Phase, StagePlan, Wave, WaveName, fingerprint,
};
use identifiers::{AccountId, OrganizationNode};
use stack_sets::{
    Addressees, Definition, Deploying, Instance, InstanceStatus, Location, StackSet, StackSetId, by_regions,
};
use std::collections::BTreeSet;

/// The next operation.
enum Step {
    Remove(Addressees),
    /// `None`: the set has no instances.
    Update(Option<Addressees>),
    Create(Addressees),
    Blocked(Vec<Failure>),
    Nothing,
}

/// Looks at the stage's stack set and starts the next operation that brings one wave to the plan.
///
/// Accounts that left the stage come first, so that nothing is deployed to them; then the instances that are there; then
/// the missing ones, which get the new version at once.
///
/// # Errors
/// Of the calls, and a stack set that is somebody else's.
pub(crate) async fn deploy(
    aws: &impl Deploying,
    stage: &StagePlan,
    wave: WaveName,
    execution: &str,
) -> Result<Answer, Error> {
    let wave = stage.wave(wave).ok_or_else(|| Error::NoWave { stage: stage.name.clone(), wave: wave.as_str() })?;
    let (set, wanted) = (stack_set_id(stage), definition(stage, wave));
    let found = aws.stack_set(&set).await?;
    match &found {
        Some(found) => refuse_foreign(&set, found, &wanted)?,
        None if stage.accounts.is_empty() => return Ok(Answer::Done),
        None => match aws.create_stack_set(&set, &wanted, &operation_id(execution, "define", None)).await {
            Err(error) if error.is_already_exists() => return Ok(Answer::waiting(error.to_string())),
            made => made?,
        },
    }
    // One that was made just now is as it should be.
    let is_defined = found.is_none_or(|found| found.is(&wanted));
    if let Some(operation) = aws.running_operation(&set).await? {
        return Ok(match own_operation(execution, &operation.id) {
            Some(operation) => started(operation),
            None => Answer::waiting(format!("operation {} on stack set {} to end", operation.id, set.name)),
        });
    }
    let instances = aws.instances(&set).await?;
    let mut left_behind = BTreeSet::new();
    loop {
        let step = step(stage, wave, is_defined, &instances, &left_behind);
        let (kind, addressees) = match &step {
            Step::Remove(addressees) => (Kind::Remove, Some(addressees)),
            Step::Update(addressees) => (Kind::Update, addressees.as_ref()),
            Step::Create(addressees) => (Kind::Create, Some(addressees)),
            Step::Blocked(failures) => {
                return Ok(Answer::Failed { report: DeploymentReport::new(stage, Phase::Deploy, failures.clone()) });
            }
            Step::Nothing => return Ok(Answer::Done),
        };
        let operation = Started { id: operation_id(execution, kind.as_str(), addressees), kind };
        // Asked first, because the same id may be taken for the same request once more and start nothing.
        match (outcome(aws, stage, &operation.id).await?, &step) {
            (None, _) => {}
            (Some(Outcome::Running), _) => return Ok(started(operation)),
            (Some(Outcome::Failed(_)), Step::Remove(addressees)) => {
                left_behind.extend(addressees.locations());
                continue;
            }
            (Some(Outcome::Failed(failures)), _) => {
                return Ok(Answer::Failed { report: DeploymentReport::new(stage, Phase::Deploy, failures) });
            }
            (Some(Outcome::Succeeded), _) => {
                return Ok(Answer::waiting(format!(
                    "stack set {} to show what operation {} did, unless somebody changed it since",
                    set.name, operation.id
                )));
            }
        }
        let start = match &step {
            Step::Remove(addressees) => aws.delete_instances(&set, addressees, &operation.id).await,
            Step::Create(addressees) => {
                aws.create_instances(&set, addressees, &wanted.preferences, &operation.id).await
            }
            _ => aws.update_stack_set(&set, &wanted, addressees, &operation.id).await,
        };
        return match start {
            Ok(()) => Ok(started(operation)),
            Err(error) if has_moved(&error) => Ok(Answer::waiting(error.to_string())),
            Err(error) => Err(error.into()),
        };
    }
}

/// Somebody else did something to the stack set between the look and the call.
fn has_moved(error: &AwsError) -> bool {
    matches!(
        error.code(),
        Some(
            "OperationInProgressException"
                | "OperationIdAlreadyExistsException"
                | "StaleRequestException"
                | "StackSetNotFoundException"
                | "StackInstanceNotFoundException"
        )
    )
}

fn started(operation: Started) -> Answer {
    Answer::Started { waiting_for: running(&operation), operation }
}

fn step(
    stage: &StagePlan,
    wave: &Wave,
    is_defined: bool,
    instances: &[Instance],
    left_behind: &BTreeSet<Location>,
) -> Step {
    let units: Vec<_> = stage.organization_root.iter().cloned().map(OrganizationNode::Root).collect();
    let places = |accounts: &[AccountId]| -> BTreeSet<Location> {
        let (accounts, regions) = (accounts.to_vec(), stage.regions.clone());
        Addressees { accounts, regions, organizational_units: units.clone() }.locations().collect()
    };
    let first = |locations: Vec<Location>| by_regions(locations, &units).into_iter().next();
    let is_operable = |instance: &&Instance| instance.status != InstanceStatus::Inoperable;

    let targets = places(&stage.accounts);
    let departed: Vec<_> = instances.iter().filter(|instance| !targets.contains(&instance.at)).collect();
    let removable = departed.iter().copied().filter(|it| is_operable(it) && !left_behind.contains(&it.at));
    if let Some(addressees) = first(removable.map(|instance| instance.at.clone()).collect()) {
        return Step::Remove(addressees);
    }
    let targets = places(&wave.accounts);
    let present: Vec<_> = instances.iter().filter(|instance| targets.contains(&instance.at)).collect();
    let stuck = departed.into_iter().filter(|it| stage.cleared.contains(&it.at.account));
    let blocked: Vec<_> = stuck.chain(present.iter().copied().filter(|instance| !is_operable(instance))).collect();
    let blocked = (!blocked.is_empty()).then(|| Step::Blocked(inoperable(stage, &blocked)));
    // A roll-back brings back all others before it says so.
    let is_each_tried = wave.operation_preferences.failure_tolerance_percentage == 100;
    if wave.accounts.is_empty() || (blocked.is_some() && !is_each_tried) {
        return blocked.unwrap_or(Step::Nothing);
    }
    let operable = present.iter().filter(|instance| is_operable(instance));
    let outdated = operable.filter(|it| !is_defined || it.status != InstanceStatus::Current);
    if let Some(addressees) = first(outdated.map(|instance| instance.at.clone()).collect()) {
        return Step::Update(Some(addressees));
    }
    if !is_defined && !instances.iter().any(|instance| is_operable(&instance)) {
        return Step::Update(None);
    }
    // Where only other waves have instances the set cannot change without touching one of them: the missing ones are made
    // as the set still is, and brought to the plan next.
    let present: BTreeSet<_> = present.into_iter().map(|instance| instance.at.clone()).collect();
    first(targets.difference(&present).cloned().collect()).map_or(blocked.unwrap_or(Step::Nothing), Step::Create)
}

fn inoperable(stage: &StagePlan, instances: &[&Instance]) -> Vec<Failure> {
    let failure = |instance: &&Instance| Failure {
        account: Some(instance.at.account.clone()),
        region: Some(instance.at.region.clone()),
        reason: format!(
            "the stack instance is inoperable since its removal failed ({}): delete it from stack set {} with \
             RetainStacks, and its stack from the account",
            instance.reason.as_deref().unwrap_or("no reason given"),
            stage.stack_set_name
        ),
    };
    instances.iter().map(failure).collect()
}

fn definition(stage: &StagePlan, wave: &Wave) -> Definition {
    Definition {
        template: ENDPOINT_TEMPLATE.to_owned(),
        parameters: stage.parameters(ENDPOINT_TEMPLATE),
        tags: stage.tags(),
        permissions: stage.permissions.clone(),
        preferences: wave.operation_preferences,
    }
}

fn refuse_foreign(set: &StackSetId, found: &StackSet, wanted: &Definition) -> Result<(), Error> {
    let refuse = |problem: String| Err(Error::ForeignStackSet { name: set.name.clone(), problem });
    if !found.is_tagged(&wanted.tags) {
        return refuse(format!("expected tags {:?}, found {:?}", wanted.tags, found.tags));
    }
    let model = match wanted.permissions {
        Permissions::SelfManaged { .. } => "SELF_MANAGED",
        Permissions::ServiceManaged { .. } => "SERVICE_MANAGED",
    };
    if found.permission_model != model {
        return refuse(format!(
            "it is {}, and the registration asks for {model}: delete its instances and the stack set first",
            found.permission_model
        ));
    }
    Ok(())
}

/// Begins with what only this execution's operations begin with.
fn operation_id(execution: &str, kind: &str, addressees: Option<&Addressees>) -> String {
    let locations: Vec<_> = addressees.into_iter().flat_map(Addressees::locations).map(|at| at.to_string()).collect();
    let parts: Vec<_> = locations.iter().map(String::as_str).collect();
    format!("{}-{kind}-{}", own_prefix(execution), fingerprint(12, &parts))
}

fn own_operation(execution: &str, id: &str) -> Option<Started> {
    let rest = id.strip_prefix(&own_prefix(execution))?.strip_prefix('-')?;
    let kind = [Kind::Remove, Kind::Update, Kind::Create].into_iter().find(|kind| rest.starts_with(kind.as_str()))?;
    Some(Started { id: id.to_owned(), kind })
}

fn own_prefix(execution: &str) -> String {
    format!("deploy-{}", fingerprint(16, &[execution]))
}
