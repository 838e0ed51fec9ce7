//! The hub account, its organization and its target accounts in memory, and the functions over them.

mod accounts;
mod functions;
mod integrations;
mod ports;

pub use crate::machine::timestamp as timestamp_of;
use crate::machine::{Called, Resources, TaskError};
use accounts::Endpoints;
use deployment::{HistoryRecord, LiveRecord, PendingApproval};
pub use functions::FUNCTION;
use identifiers::{AccountId, ModelPackageArn};
use model_approval::User;
use serde_json::Value;
use stack_sets::{InMemory, Location, Moment};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The hub's region.
pub const REGION: &str = "eu-central-1";
/// The hub's account.
pub const HUB: &str = "111111111111";
/// Where deployment records are.
pub const BUCKET: &str = "deployment-records";

/// All that is there.
#[derive(Debug)]
pub struct World {
    /// CloudFormation.
    pub stack_sets: InMemory,
    state: Mutex<State>,
    runtime: tokio::runtime::Runtime,
}

/// What the world knows, apart from stack sets.
#[derive(Debug, Default)]
pub struct State {
    /// Milliseconds. No two steps are at the same time.
    pub now: i64,
    /// Parameter Store.
    pub parameters: BTreeMap<String, String>,
    /// S3, by `bucket/key`.
    pub objects: BTreeMap<String, Vec<u8>>,
    /// The registry, by ARN.
    pub packages: BTreeMap<String, Version>,
    /// Organizational units and their accounts.
    pub units: BTreeMap<String, Vec<String>>,
    /// Every execution that was ever started.
    pub executions: Vec<Listed>,
    /// Executions show in the list, or vanish from it, so many milliseconds later.
    pub lag: i64,
    /// `states:SendTaskFailure` that no execution has heard of yet: token and error.
    pub given_up: Vec<(String, TaskError)>,
    /// The hub's alarms by name: whether they are in ALARM.
    pub alarms: BTreeMap<String, bool>,
    /// Messages to those who may answer.
    pub messages: Vec<Value>,
    /// Events on the bus.
    pub events: Vec<Value>,
    /// Metrics that were put.
    pub metrics: Vec<Value>,
    /// Resource policies by what they are on.
    pub policies: BTreeMap<String, String>,
    /// What goes wrong in target accounts.
    pub troubles: Troubles,
    /// What goes wrong with calls.
    pub faults: Vec<Armed>,
    /// What goes wrong with states.
    pub outages: Vec<Outage>,
    /// Calls of ports so far.
    pub calls: usize,
    /// How often a process was ended so far.
    pub kills: usize,
    endpoints: Endpoints,
}

/// A version in the registry.
#[derive(Debug, Clone)]
pub struct Version {
    /// `ModelApprovalStatus`.
    pub status: String,
    /// Who registered it.
    pub created_by: User,
    /// Who changed it last.
    pub modified_by: User,
    /// When, in milliseconds.
    pub modified: i64,
}

/// An execution as Step Functions lists it.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    /// The state machine's ARN.
    pub state_machine: String,
    /// As it was started.
    pub name: String,
    /// As it was started.
    pub input: String,
    /// In milliseconds.
    pub started: i64,
    /// In milliseconds.
    pub ended: Option<i64>,
}

/// What goes wrong in target accounts, apart from stack set operations.
#[derive(Debug, Clone, Default)]
pub struct Troubles {
    /// An update of the endpoint succeeds and leaves the earlier configuration.
    pub rolls_back_silently: BTreeSet<Location>,
    /// The model answers with an error.
    pub fails_to_answer: BTreeSet<Location>,
    /// An alarm beside the endpoint is in ALARM.
    pub alarmed: BTreeSet<Location>,
    /// The endpoint is being updated for so many looks.
    pub updating: BTreeMap<Location, usize>,
}

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The process ends, before or after the call took effect. The name is what Step Functions calls that.
    Killed(Moment, &'static str),
    /// The service asks for a slower pace.
    Throttled,
    /// The call took effect and its answer was lost.
    Lost,
    /// The caller may not.
    Denied,
}

/// A fault, and when it comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Armed {
    /// So many calls succeed before.
    pub after: usize,
    /// What becomes of the next one.
    pub fault: Fault,
}

/// A state whose task fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outage {
    /// The state.
    pub state: String,
    /// The error's name.
    pub error: String,
    /// Whether the task is done all the same.
    pub moment: Moment,
    /// This many visits of the state succeed before.
    pub after: usize,
    /// How often from then on.
    pub times: usize,
}

impl World {
    /// With nothing in it.
    pub fn new(now: i64) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let state = State { now, lag: 3_000, ..State::default() };
        Self { stack_sets: InMemory::new().looks_until_done(1), state: Mutex::new(state), runtime }
    }

    /// To look at it or to change it.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next moment.
    pub fn tick(&self, until: i64) -> i64 {
        let mut state = self.state();
        state.now = until.max(state.now + 1);
        state.now
    }

    /// What is recorded as live.
    pub fn live(&self, platform: &str, group: &str, stage: &str) -> Option<LiveRecord> {
        let state = self.state();
        let text = state.parameters.get(&format!("/{platform}/deployments/{group}/live/{stage}"));
        text.map(|text| serde_json::from_str(text).unwrap())
    }

    /// The questions that wait for an answer.
    pub fn pending(&self) -> Vec<PendingApproval> {
        let state = self.state();
        let questions = state.parameters.iter().filter(|(name, _)| name.contains("/approval/"));
        questions.map(|(_, text)| serde_json::from_str(text).unwrap()).collect()
    }

    /// Records of a group's history, oldest first.
    pub fn history(&self, group: &str) -> Vec<HistoryRecord> {
        let state = self.state();
        let prefix = format!("{BUCKET}/history/{group}/");
        let records = state.objects.iter().filter(|(key, _)| key.starts_with(&prefix));
        records.map(|(_, body)| serde_json::from_slice(body).unwrap()).collect()
    }

    /// The configuration and the model package that each endpoint of a name runs, by place.
    pub fn running(&self, endpoint: &str) -> BTreeMap<Location, (String, ModelPackageArn)> {
        let mut state = self.state();
        state.endpoints.follow(&self.stack_sets);
        state.endpoints.running(endpoint)
    }

    /// What becomes of the next call.
    fn next_fault(&self) -> Option<Fault> {
        let mut state = self.state();
        state.calls += 1;
        let due = state.faults.iter().position(|armed| armed.after == 0);
        state.faults.iter_mut().for_each(|armed| armed.after = armed.after.saturating_sub(1));
        let fault = state.faults.remove(due?).fault;
        state.kills += usize::from(matches!(fault, Fault::Killed(..)));
        Some(fault)
    }

    fn next_outage(&self, name: &str) -> Option<(String, Moment)> {
        let mut state = self.state();
        for outage in state.outages.iter_mut().filter(|outage| outage.state == name) {
            match (outage.after, outage.times) {
                (0, 0) => {}
                (0, _) => {
                    outage.times -= 1;
                    return Some((outage.error.clone(), outage.moment));
                }
                _ => outage.after -= 1,
            }
        }
        None
    }

    /// `states:StartExecution`; `None` if an execution of that name has ended, or runs with another input.
    pub fn start(&self, state_machine: &str, name: &str, input: &str) -> Option<String> {
        let mut state = self.state();
        let arn = format!("{}:{name}", state_machine.replace(":stateMachine:", ":execution:"));
        let found = state.executions.iter().find(|it| it.state_machine == state_machine && it.name == name);
        if let Some(found) = found {
            return (found.ended.is_none() && found.input == input).then_some(arn);
        }
        let (state_machine, name) = (state_machine.to_owned(), name.to_owned());
        let started = state.now;
        state.executions.push(Listed { state_machine, name, input: input.to_owned(), started, ended: None });
        Some(arn)
    }

    fn listed(&self, state_machine: &str) -> Vec<Listed> {
        let state = self.state();
        let shown = |it: &&Listed| {
            it.state_machine == state_machine
                && it.started + state.lag <= state.now
                && it.ended.is_none_or(|ended| ended + state.lag > state.now)
        };
        state.executions.iter().filter(shown).cloned().collect()
    }

    /// An execution has ended.
    pub fn end(&self, name: &str) {
        let mut state = self.state();
        let now = state.now;
        state.executions.iter_mut().filter(|it| it.name == name).for_each(|it| it.ended = Some(now));
    }
}

/// The world as one step of an execution reaches it.
pub struct Caller<'w>(pub &'w World);

impl Resources for Caller<'_> {
    fn call(&mut self, execution: &str, state: &str, resource: &str, arguments: Value) -> Called {
        let outage = self.0.next_outage(state);
        let failed = |error: String| {
            let cause = format!("{execution} met it in {state}");
            Called::Answered(Err(TaskError { error, cause }))
        };
        match outage {
            Some((error, Moment::Before)) => failed(error),
            Some((error, Moment::After)) => {
                self.0.do_call(resource, arguments);
                failed(error)
            }
            None => self.0.do_call(resource, arguments),
        }
    }
}

impl World {
    fn do_call(&self, resource: &str, arguments: Value) -> Called {
        match resource.strip_prefix("arn:aws:states:::") {
            Some(integration) => self.integrate(integration, &arguments),
            None => Called::Answered(self.invoke(resource, arguments)),
        }
    }
}

/// A place in the hub's region.
pub fn at(account: &str) -> Location {
    Location { account: account.parse::<AccountId>().unwrap(), region: REGION.parse().unwrap() }
}
