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
    broken: BTreeMap<Location, Trouble>,
    looks_until_done: usize,
    calls: Vec<&'static str>,
    fault: Option<(usize, Moment)>,
}

/// Why operations fail somewhere.
#[derive(Debug)]
struct Trouble {
    reason: String,
    moment: Moment,
    /// How often from now on; `None`: always.
    left: Option<usize>,
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
    Update { at: Vec<Location>, failures_allowed: bool },
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
        self.take_looks(looks);
        self
    }

    /// The same for operations from now on.
    pub fn take_looks(&self, looks: usize) {
        self.state().looks_until_done = looks;
    }

    /// Every operation fails there, for this reason.
    pub fn break_at(&self, at: Location, reason: &str) {
        self.fail_at(at, reason, Moment::Before, None);
    }

    /// The next operations fail there, so many or all; after their effect: the stack is as the operation wanted it, and
    /// the set does not know.
    pub fn fail_at(&self, at: Location, reason: &str, moment: Moment, times: Option<usize>) {
        let trouble = Trouble { reason: reason.to_owned(), moment, left: times };
        self.state().broken.insert(at, trouble);
    }

    /// Operations succeed there again; an instance that nothing touches any more was deleted with its stack.
    pub fn repair_at(&self, at: &Location) {
        let mut state = self.state();
        state.broken.remove(at);
        for set in state.sets.values_mut() {
            set.instances.retain(|other, stack| other != at || stack.status != InstanceStatus::Inoperable);
        }
    }

    /// Operations succeed everywhere again.
    pub fn repair(&self) {
        self.state().broken.clear();
    }

    /// Whether operations fail anywhere, or left an instance that none touches any more.
    pub fn is_broken(&self) -> bool {
        let state = self.state();
        let mut instances = state.sets.values().flat_map(|set| set.instances.values());
        !state.broken.is_empty() || instances.any(|stack| stack.status == InstanceStatus::Inoperable)
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

    /// All parameters of one stack of a set; empty for a stack that was never made.
    pub fn parameters(&self, set: &str, at: &Location) -> BTreeMap<String, String> {
        let state = self.state();
        let stack = state.sets.get(set).and_then(|set| set.instances.get(at));
        stack.map(|stack| stack.parameters.clone()).unwrap_or_default()
    }

    /// Somebody else tells the set to do something that changes nothing, and takes as many looks as any operation.
    ///
    /// # Errors
    /// There is no such set, or it is busy.
    pub fn keep_busy(&self, set: &str, operation_id: &str) -> Result<(), AwsError> {
        let id = StackSetId { name: set.to_owned(), call_as: None };
        let work = Work::Create { at: Vec::new(), failures_allowed: true };
        self.state().start("cloudformation:CreateStackInstances", &id, operation_id, work).map(drop)
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
        let mut broken = std::mem::take(&mut self.broken);
        if let Some(Set { stack_set, instances, operations }) = self.sets.get_mut(&id.name) {
            for run in operations.iter_mut().filter(|run| run.status == Status::Running) {
                match run.looks_left.checked_sub(1) {
                    Some(left) => run.looks_left = left,
                    None => run.finish(stack_set, instances, &mut broken),
                }
            }
        }
        self.broken = broken;
        self.set(operation, id)
    }
}

impl Run {
    fn finish(
        &mut self,
        set: &StackSet,
        instances: &mut BTreeMap<Location, Stack>,
        broken: &mut BTreeMap<Location, Trouble>,
    ) {
        let (at, failures_allowed) = match &self.work {
            Work::Update { at, failures_allowed } => {
                let operable =
                    |at: &&Location| instances.get(*at).is_some_and(|stack| stack.status != InstanceStatus::Inoperable);
                (at.iter().filter(operable).cloned().collect(), *failures_allowed)
            }
            Work::Create { at, failures_allowed } => (at.clone(), *failures_allowed),
            Work::Delete { at } => (at.clone(), true),
        };
        let mut failed = false;
        for at in at {
            let trouble = next_trouble(broken, &at);
            failed |= trouble.is_some();
            let reason = trouble.as_ref().map(|(reason, _)| reason.clone());
            if let Some((_, Moment::After)) = trouble {
                take_effect(&self.work, &at, set, instances);
            }
            match (&self.work, &reason) {
                (Work::Delete { .. }, Some(reason)) => {
                    if let Some(stack) = instances.get_mut(&at) {
                        (stack.status, stack.reason) = (InstanceStatus::Inoperable, Some(reason.clone()));
                    }
                }
                (_, None) => take_effect(&self.work, &at, set, instances),
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

fn next_trouble(broken: &mut BTreeMap<Location, Trouble>, at: &Location) -> Option<(String, Moment)> {
    let trouble = broken.get_mut(at)?;
    let found = (trouble.reason.clone(), trouble.moment);
    if let Some(left) = &mut trouble.left {
        *left = left.saturating_sub(1);
        if *left == 0 {
            broken.remove(at);
        }
    }
    Some(found)
}

fn take_effect(work: &Work, at: &Location, set: &StackSet, instances: &mut BTreeMap<Location, Stack>) {
    match work {
        Work::Delete { .. } => drop(instances.remove(at)),
        Work::Update { .. } | Work::Create { .. } => {
            let parameters = set.parameters.clone();
            instances.insert(at.clone(), Stack { status: InstanceStatus::Current, reason: None, parameters });
        }
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
        addressees: Option<&Addressees>,
        operation_id: &str,
    ) -> Result<(), AwsError> {
        let name = "cloudformation:UpdateStackSet";
        let failures_allowed = definition.preferences.failure_tolerance_percentage > 0;
        self.call(name, |state| {
            let known: Vec<_> = state.set(name, id)?.instances.keys().cloned().collect();
            let at: Vec<_> = addressees.map_or_else(|| known.clone(), |addressees| addressees.locations().collect());
            if let Some(stranger) = at.iter().find(|at| !known.contains(at)) {
                let message = format!("no stack instance {stranger}");
                return Err(AwsError::answered(name, "StackInstanceNotFoundException", &message));
            }
            let set = state.start(name, id, operation_id, Work::Update { at, failures_allowed })?;
            let wanted = defined(definition);
            let Set { stack_set, instances, .. } = set;
            // An update without a change leaves the instances that it does not address as they are.
            let is_change = (&stack_set.template, &stack_set.parameters) != (&wanted.template, &wanted.parameters);
            for stack in instances.values_mut().filter(|stack| is_change && stack.status == InstanceStatus::Current) {
                stack.status = InstanceStatus::Outdated;
            }
            *stack_set = wanted;
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
