use crate::model::{
    Addressees, Definition, Instance, InstanceStatus, Location, Operation, OperationResult, StackSet, StackSetId,
    Status,
};
use crate::ports::{Deploying, Removing, StackSets};
use aws_ports::AwsError;
use deployment::{CallAs, OperationPreferences, Permissions};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Which side of a call's effect a fault is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// The service refused.
    Before,
    /// The service did it, and its answer was lost.
    After,
}

/// A CloudFormation without a network: operations take their time, one at a time, and fail where they are told to.
#[derive(Debug, Default)]
pub struct InMemory(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    sets: BTreeMap<String, Set>,
    broken: BTreeMap<Location, String>,
    looks_until_done: usize,
    calls: Vec<&'static str>,
    fault: Option<(usize, Moment)>,
}

#[derive(Debug)]
struct Set {
    stack_set: StackSet,
    instances: BTreeMap<Location, Stack>,
    operations: Vec<Run>,
}

#[derive(Debug)]
struct Stack {
    status: InstanceStatus,
    reason: Option<String>,
    parameters: BTreeMap<String, String>,
}

#[derive(Debug)]
struct Run {
    id: String,
    status: Status,
    looks_left: usize,
    work: Work,
    results: Vec<OperationResult>,
}

#[derive(Debug, Clone)]
enum Work {
    Update { failures_allowed: bool },
    Create { at: Vec<Location>, failures_allowed: bool },
    Delete { at: Vec<Location> },
}

impl InMemory {
    /// Empty.
    pub fn new() -> Self {
        Self::default()
    }

    /// An operation has ended once it was looked at so many times.
    pub fn looks_until_done(self, looks: usize) -> Self {
        self.state().looks_until_done = looks;
        self
    }

    /// Every operation fails there, for this reason.
    pub fn break_at(&self, at: Location, reason: &str) {
        self.state().broken.insert(at, reason.to_owned());
    }

    /// Operations succeed everywhere again.
    pub fn repair(&self) {
        self.state().broken.clear();
    }

    /// The call of this number from now on, counted from 0, fails once.
    pub fn fail_call(&self, number: usize, moment: Moment) {
        let mut state = self.state();
        state.fault = Some((state.calls.len() + number, moment));
    }

    /// The operations that were called, in order.
    pub fn calls(&self) -> Vec<&'static str> {
        self.state().calls.clone()
    }

    /// Ids of the operations that a set was ever told to do, in order.
    pub fn operation_ids(&self, set: &str) -> Vec<String> {
        let state = self.state();
        state.sets.get(set).map(|set| set.operations.iter().map(|run| run.id.clone()).collect()).unwrap_or_default()
    }

    /// The names of all sets.
    pub fn names(&self) -> Vec<String> {
        self.state().sets.keys().cloned().collect()
    }

    /// One parameter of every stack of a set, with the status that the set gives it.
    pub fn stacks(&self, set: &str, parameter: &str) -> BTreeMap<Location, (InstanceStatus, String)> {
        let state = self.state();
        let stacks = state.sets.get(set).map(|set| &set.instances).into_iter().flatten();
        let value = |stack: &Stack| stack.parameters.get(parameter).cloned().unwrap_or_default();
        stacks.map(|(at, stack)| (at.clone(), (stack.status, value(stack)))).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn call<T>(
        &self,
        operation: &'static str,
        effect: impl FnOnce(&mut State) -> Result<T, AwsError>,
    ) -> Result<T, AwsError> {
        let mut state = self.state();
        let fault = state.fault.filter(|(number, _)| *number == state.calls.len()).map(|(_, moment)| moment);
        state.calls.push(operation);
        if fault == Some(Moment::Before) {
            return Err(AwsError::answered(operation, "Throttling", "Rate exceeded"));
        }
        let answer = effect(&mut state);
        match fault {
            Some(_) => Err(AwsError::answered(operation, "InternalFailure", "the answer was lost")),
            None => answer,
        }
    }
}

impl State {
    fn set(&mut self, operation: &'static str, id: &StackSetId) -> Result<&mut Set, AwsError> {
        let missing = || AwsError::answered(operation, "StackSetNotFoundException", "StackSet not found");
        self.sets.get_mut(&id.name).ok_or_else(missing)
    }

    fn start(
        &mut self,
        name: &'static str,
        id: &StackSetId,
        operation_id: &str,
        work: Work,
    ) -> Result<&mut Set, AwsError> {
        let looks_left = self.looks_until_done;
        let set = self.set(name, id)?;
        if set.operations.iter().any(|run| run.id == operation_id) {
            // The same request once more.
            return Ok(set);
        }
        if set.operations.iter().any(|run| run.status == Status::Running) {
            return Err(AwsError::answered(name, "OperationInProgressException", "another operation is in progress"));
        }
        let run = Run { id: operation_id.to_owned(), status: Status::Running, looks_left, work, results: Vec::new() };
        set.operations.push(run);
        Ok(set)
    }

    /// Time passes when somebody looks.
    fn look(&mut self, operation: &'static str, id: &StackSetId) -> Result<&mut Set, AwsError> {
        let broken = self.broken.clone();
        let set = self.set(operation, id)?;
        let Set { stack_set, instances, operations } = set;
        for run in operations.iter_mut().filter(|run| run.status == Status::Running) {
            match run.looks_left.checked_sub(1) {
                Some(left) => run.looks_left = left,
                None => run.finish(stack_set, instances, &broken),
            }
        }
        Ok(set)
    }
}

impl Run {
    fn finish(
        &mut self,
        set: &StackSet,
        instances: &mut BTreeMap<Location, Stack>,
        broken: &BTreeMap<Location, String>,
    ) {
        let (at, failures_allowed) = match &self.work {
            Work::Update { failures_allowed } => {
                let reached = instances.iter().filter(|(_, stack)| stack.status != InstanceStatus::Inoperable);
                (reached.map(|(at, _)| at.clone()).collect(), *failures_allowed)
            }
            Work::Create { at, failures_allowed } => (at.clone(), *failures_allowed),
            Work::Delete { at } => (at.clone(), true),
        };
        let mut failed = false;
        for at in at {
            let reason = broken.get(&at).cloned();
            failed |= reason.is_some();
            match (&self.work, &reason) {
                (Work::Delete { .. }, None) => {
                    instances.remove(&at);
                }
                (Work::Delete { .. }, Some(reason)) => {
                    if let Some(stack) = instances.get_mut(&at) {
                        (stack.status, stack.reason) = (InstanceStatus::Inoperable, Some(reason.clone()));
                    }
                }
                (_, None) => {
                    let parameters = set.parameters.clone();
                    instances.insert(at.clone(), Stack { status: InstanceStatus::Current, reason: None, parameters });
                }
                (_, Some(reason)) => {
                    let stack = instances.entry(at.clone()).or_insert_with(|| Stack {
                        status: InstanceStatus::Outdated,
                        reason: None,
                        parameters: BTreeMap::new(),
                    });
                    (stack.status, stack.reason) = (InstanceStatus::Outdated, Some(reason.clone()));
                }
            }
            self.results.push(OperationResult { at, has_failed: reason.is_some(), reason });
        }
        self.status = if failed && !failures_allowed { Status::Failed } else { Status::Succeeded };
    }
}

fn operation(run: &Run) -> Operation {
    Operation { id: run.id.clone(), status: run.status, reason: None }
}

fn defined(definition: &Definition) -> StackSet {
    let (model, administration, execution) = match &definition.permissions {
        Permissions::SelfManaged { administration_role_arn, execution_role_name } => {
            ("SELF_MANAGED", Some(administration_role_arn.to_string()), Some(execution_role_name.clone()))
        }
        Permissions::ServiceManaged { .. } => ("SERVICE_MANAGED", None, None),
    };
    StackSet {
        template: definition.template.clone(),
        parameters: definition.parameters.clone(),
        tags: definition.tags.clone(),
        permission_model: model.to_owned(),
        administration_role_arn: administration,
        execution_role_name: execution,
        organizational_units: Vec::new(),
    }
}

impl StackSets for InMemory {
    async fn stack_set(&self, id: &StackSetId) -> Result<Option<StackSet>, AwsError> {
        self.call("cloudformation:DescribeStackSet", |state| {
            Ok(state.sets.get(&id.name).map(|set| set.stack_set.clone()))
        })
    }

    async fn instances(&self, id: &StackSetId) -> Result<Vec<Instance>, AwsError> {
        let name = "cloudformation:ListStackInstances";
        self.call(name, |state| {
            let instances = state.set(name, id)?.instances.iter();
            Ok(instances
                .map(|(at, stack)| Instance { at: at.clone(), status: stack.status, reason: stack.reason.clone() })
                .collect())
        })
    }

    async fn running_operation(&self, id: &StackSetId) -> Result<Option<Operation>, AwsError> {
        let name = "cloudformation:ListStackSetOperations";
        self.call(name, |state| {
            let running = state.look(name, id)?.operations.iter().find(|run| run.status == Status::Running);
            Ok(running.map(operation))
        })
    }

    async fn operation(&self, id: &StackSetId, operation_id: &str) -> Result<Operation, AwsError> {
        let name = "cloudformation:DescribeStackSetOperation";
        self.call(name, |state| {
            let found = state.look(name, id)?.operations.iter().find(|run| run.id == operation_id);
            found
                .map(operation)
                .ok_or_else(|| AwsError::answered(name, "OperationNotFoundException", "no such operation"))
        })
    }

    async fn operation_results(&self, id: &StackSetId, operation_id: &str) -> Result<Vec<OperationResult>, AwsError> {
        let name = "cloudformation:ListStackSetOperationResults";
        self.call(name, |state| {
            let found = state.set(name, id)?.operations.iter().find(|run| run.id == operation_id);
            Ok(found.map(|run| run.results.clone()).unwrap_or_default())
        })
    }

    async fn delete_instances(
        &self,
        id: &StackSetId,
        addressees: &Addressees,
        operation_id: &str,
    ) -> Result<(), AwsError> {
        let work = Work::Delete { at: addressees.locations().collect() };
        let name = "cloudformation:DeleteStackInstances";
        self.call(name, |state| state.start(name, id, operation_id, work).map(drop))
    }
}

impl Deploying for InMemory {
    async fn create_stack_set(&self, id: &StackSetId, definition: &Definition, _: &str) -> Result<(), AwsError> {
        let name = "cloudformation:CreateStackSet";
        self.call(name, |state| {
            if state.sets.contains_key(&id.name) {
                return Err(AwsError::answered(name, "NameAlreadyExistsException", "the name exists"));
            }
            let set = Set { stack_set: defined(definition), instances: BTreeMap::new(), operations: Vec::new() };
            state.sets.insert(id.name.clone(), set);
            Ok(())
        })
    }

    async fn update_stack_set(
        &self,
        id: &StackSetId,
        definition: &Definition,
        operation_id: &str,
    ) -> Result<(), AwsError> {
        let name = "cloudformation:UpdateStackSet";
        let failures_allowed = definition.preferences.failure_tolerance_percentage > 0;
        self.call(name, |state| {
            let set = state.start(name, id, operation_id, Work::Update { failures_allowed })?;
            set.stack_set = defined(definition);
            for stack in set.instances.values_mut().filter(|stack| stack.status == InstanceStatus::Current) {
                stack.status = InstanceStatus::Outdated;
            }
            Ok(())
        })
    }

    async fn create_instances(
        &self,
        id: &StackSetId,
        addressees: &Addressees,
        preferences: &OperationPreferences,
        operation_id: &str,
    ) -> Result<(), AwsError> {
        let failures_allowed = preferences.failure_tolerance_percentage > 0;
        let work = Work::Create { at: addressees.locations().collect(), failures_allowed };
        let name = "cloudformation:CreateStackInstances";
        self.call(name, |state| state.start(name, id, operation_id, work).map(drop))
    }
}

impl Removing for InMemory {
    async fn stack_set_names(&self, call_as: CallAs) -> Result<Vec<String>, AwsError> {
        self.call("cloudformation:ListStackSets", |state| {
            let own = call_as == CallAs::Itself;
            Ok(state.sets.keys().filter(|_| own).cloned().collect())
        })
    }

    async fn delete_stack_set(&self, id: &StackSetId) -> Result<(), AwsError> {
        let name = "cloudformation:DeleteStackSet";
        self.call(name, |state| {
            if state.sets.get(&id.name).is_some_and(|set| !set.instances.is_empty()) {
                return Err(AwsError::answered(name, "StackSetNotEmptyException", "StackSet is not empty"));
            }
            state.sets.remove(&id.name);
            Ok(())
        })
    }
}
