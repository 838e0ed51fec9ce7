//! Random sequences of what people and services do.

use crate::rules::{Registered, Rules};
use crate::simulation::{Person, Reply, Simulation};
use crate::world::{Armed, Fault, HUB, Outage, at};
use proptest::prelude::*;
use serde_json::{Value, json};
use stack_sets::Moment;

/// The accounts of the first stage.
pub const STAGING: [&str; 2] = ["222222222222", "333333333333"];
/// The accounts of the second stage.
pub const PROD: [&str; 3] = ["444444444444", "555555555555", "666666666666"];
/// Alarms in the hub.
pub const ALARMS: [&str; 2] = ["orders", "composite-orders"];

/// What a group is registered with.
#[derive(Debug, Clone, Copy)]
pub struct Setup {
    /// Somebody has to say yes to production.
    pub asks: bool,
    /// `separationOfDuties`.
    pub separates: bool,
    /// `rollbackOnReject`.
    pub rolls_back: bool,
    /// One account goes first.
    pub canary: bool,
    /// Waves serve for a while before they are looked at again.
    pub bakes: bool,
    /// Alarms of the hub are looked at between two waves.
    pub alarms: bool,
    /// Operations succeed in spite of failed accounts.
    pub tolerates: bool,
    /// The endpoints are invoked.
    pub verifies: bool,
}

impl Setup {
    /// With everything that there is.
    pub const FULL: Self = Self {
        asks: true,
        separates: true,
        rolls_back: true,
        canary: true,
        bakes: true,
        alarms: true,
        tolerates: false,
        verifies: true,
    };

    /// The document. `size` is of the instances.
    pub fn registration(&self, size: &str) -> Value {
        let bake = if self.bakes { 900 } else { 0 };
        let tolerance = if self.tolerates { 100 } else { 0 };
        let wave = |alarms: &[&str]| {
            let alarms: Vec<_> = alarms.iter().filter(|_| self.alarms).collect();
            json!({"bakeSeconds": bake, "failureTolerancePercentage": tolerance, "alarmNames": alarms})
        };
        let mut waves = json!({"rest": wave(&[ALARMS[1]])});
        if self.canary {
            waves["canary"] = wave(&[ALARMS[0]]);
            waves["canary"]["accounts"] = json!(1);
        }
        let mut registration = json!({
            "stages": [
                {"name": "staging", "organizationalUnitIds": ["ou-ab12-staging1"], "waves": waves},
                {"name": "prod", "organizationalUnitIds": ["ou-ab12-prod0001"], "waves": waves},
            ],
            "endpoint": {"type": "realTime",
                "variants": [{"name": "AllTraffic", "instance": {"type": format!("ml.m5.{size}"), "count": 1}}]},
            "modelExecutionRoleName": "ModelExecution",
            "stackSet": {"permissionModel": "SELF_MANAGED", "executionRoleName": "StackSetExecution",
                "administrationRoleArn": format!("arn:aws:iam::{HUB}:role/StackSetAdministration")},
            "rollbackOnReject": self.rolls_back,
            "separationOfDuties": self.separates,
        });
        if self.asks {
            registration["stages"][1]["approval"] = json!({"expiresAfterHours": 72});
        }
        if self.verifies {
            registration["verification"] =
                json!({"payload": {"text": "5.1,3.5"}, "contentType": "text/csv", "invocations": 1});
        }
        registration
    }

    /// A world in which the group is registered so.
    pub fn simulation(&self) -> Simulation {
        let simulation = Simulation::new("mlops", "churn", &self.registration("large"));
        {
            let mut state = simulation.world.state();
            for (unit, accounts) in [("ou-ab12-staging1", &STAGING[..]), ("ou-ab12-prod0001", &PROD[..])] {
                state.units.insert(unit.to_owned(), accounts.iter().map(|id| (*id).to_owned()).collect());
            }
            state.alarms.extend(ALARMS.map(|name| (name.to_owned(), false)));
            // The environment opens its bucket to the organization.
            let open = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*",
                "Action": "s3:GetObject", "Resource": "arn:aws:s3:::models/*"}]});
            state.policies.insert("bucket/models".to_owned(), open.to_string());
        }
        simulation
    }

    /// What the rules know of it.
    pub fn rules(&self) -> Rules {
        let stages = vec![("staging", STAGING.to_vec()), ("prod", PROD.to_vec())];
        let registered = Registered { asks: self.asks, rolls_back: self.rolls_back, separates: self.separates };
        Rules::new("mlops", "churn", stages, registered)
    }
}

/// What goes wrong in an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Stack set operations fail, so many or all.
    Operation(Moment, Option<usize>),
    /// The endpoint takes the next update back.
    SilentRollBack,
    /// The model answers with an error.
    NoAnswer,
    /// An alarm goes off.
    Alarm,
    /// An update takes so many looks.
    Slow(usize),
}

/// One thing that happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A status in the registry.
    Decide(u32, &'static str, Person),
    /// The same by Bob, and after a while all events that wait are delivered.
    Settled(u32, &'static str),
    /// The event that waits longest.
    Deliver,
    /// Another one that waits.
    DeliverOutOfOrder(usize),
    /// One that was delivered.
    DeliverAgain(usize),
    /// To the question that is asked.
    Answer(Reply),
    /// One of the running executions does so many steps.
    Advance(usize, usize),
    /// In an account, by its index in both stages.
    Trouble(usize, Trouble),
    /// An alarm of the hub goes off.
    HubAlarm(usize),
    /// Everything works again.
    Repair,
    /// A call fails.
    Fault(Armed),
    /// A state's task fails: the state's index, how often, and whether it was done all the same.
    Outage(usize, usize, Moment),
    /// Other instances from now on.
    Register(&'static str),
    /// Everything comes to its end.
    Rest(Reply, u64),
}

fn person() -> impl Strategy<Value = Person> {
    prop_oneof![4 => Just(Person::Bob), 1 => Just(Person::Ann)]
}

fn reply() -> impl Strategy<Value = Reply> {
    prop_oneof![
        6 => person().prop_map(Reply::Yes),
        1 => person().prop_map(Reply::No),
        1 => Just(Reply::Silence),
    ]
}

fn moment() -> impl Strategy<Value = Moment> {
    prop_oneof![Just(Moment::Before), Just(Moment::After)]
}

fn trouble() -> impl Strategy<Value = Trouble> {
    prop_oneof![
        3 => (moment(), prop_oneof![Just(Some(1)), Just(Some(2)), Just(None)])
            .prop_map(|(moment, times)| Trouble::Operation(moment, times)),
        1 => Just(Trouble::SilentRollBack),
        1 => Just(Trouble::NoAnswer),
        1 => Just(Trouble::Alarm),
        1 => (1..4usize).prop_map(Trouble::Slow),
    ]
}

fn fault() -> impl Strategy<Value = Fault> {
    let killed = |error| moment().prop_map(move |moment| Fault::Killed(moment, error));
    prop_oneof![
        4 => killed("Runtime.ExitError"),
        1 => killed("Sandbox.Timedout"),
        1 => killed("States.Timeout"),
        1 => Just(Fault::Throttled),
        1 => Just(Fault::Lost),
        1 => Just(Fault::Denied),
    ]
}

/// One thing that happens. Without `faults` nothing fails.
fn step(faults: bool) -> BoxedStrategy<Step> {
    let status = || prop_oneof![6 => Just("Approved"), 3 => Just("Rejected"), 1 => Just("PendingManualApproval")];
    let peaceful = prop_oneof![
        5 => (1..=4u32, status(), person()).prop_map(|(version, status, by)| Step::Decide(version, status, by)),
        8 => (1..=4u32, status()).prop_map(|(version, status)| Step::Settled(version, status)),
        5 => Just(Step::Deliver),
        1 => (0..4usize).prop_map(Step::DeliverOutOfOrder),
        2 => (0..8usize).prop_map(Step::DeliverAgain),
        3 => reply().prop_map(Step::Answer),
        8 => (0..3usize, 1..60usize).prop_map(|(execution, steps)| Step::Advance(execution, steps)),
        1 => prop_oneof![Just("large"), Just("xlarge")].prop_map(Step::Register),
        4 => (reply(), any::<u64>()).prop_map(|(reply, seed)| Step::Rest(reply, seed)),
    ];
    if !faults {
        return peaceful.boxed();
    }
    prop_oneof![
        30 => peaceful,
        3 => (0..5usize, trouble()).prop_map(|(account, trouble)| Step::Trouble(account, trouble)),
        1 => (0..2usize).prop_map(Step::HubAlarm),
        3 => Just(Step::Repair),
        9 => (0..90usize, fault()).prop_map(|(after, fault)| Step::Fault(Armed { after, fault })),
        2 => (any::<usize>(), prop_oneof![3 => Just(1), 1 => Just(9)], moment())
            .prop_map(|(state, times, moment)| Step::Outage(state, times, moment)),
    ]
    .boxed()
}

/// Any registration, and any sequence over it: in every third nothing fails.
pub fn sequences() -> impl Strategy<Value = (Setup, Vec<Step>)> {
    let setup =
        any::<[bool; 8]>().prop_map(|[asks, separates, rolls_back, canary, bakes, alarms, tolerates, verifies]| {
            Setup { asks, separates, rolls_back, canary, bakes, alarms, tolerates, verifies }
        });
    let steps = prop_oneof![2 => Just(true), 1 => Just(false)]
        .prop_flat_map(|faults| prop::collection::vec(step(faults), 1..32));
    (setup, steps)
}

/// Does a sequence, comes to rest, and compares with the rules whenever it is at rest.
///
/// # Errors
/// What is against the rules.
pub fn run(setup: &Setup, steps: &[Step]) -> Result<Simulation, String> {
    let mut simulation = setup.simulation();
    let mut rules = setup.rules();
    for step in steps {
        apply(&mut simulation, &mut rules, setup, step)?;
    }
    let rest = Step::Rest(Reply::Yes(Person::Bob), 0);
    apply(&mut simulation, &mut rules, setup, &rest)?;
    Ok(simulation)
}

fn apply(simulation: &mut Simulation, rules: &mut Rules, setup: &Setup, step: &Step) -> Result<(), String> {
    match step {
        Step::Decide(version, status, by) => simulation.decide("churn", *version, status, *by),
        Step::Settled(version, status) => {
            simulation.decide("churn", *version, status, Person::Bob);
            while !simulation.queue.is_empty() {
                simulation.pass_lag();
                simulation.deliver(0);
            }
        }
        Step::Deliver => simulation.deliver(0),
        Step::DeliverOutOfOrder(index) => {
            let index = index % simulation.queue.len().max(1);
            simulation.deliver(index);
        }
        Step::DeliverAgain(index) => {
            let index = index % simulation.delivered.len().max(1);
            simulation.deliver_again(index);
        }
        Step::Answer(reply) => {
            if let Some(question) = simulation.world.pending().first().cloned() {
                simulation.answer(&question, *reply);
            }
        }
        Step::Advance(which, steps) => {
            let able: Vec<_> = (0..simulation.executions.len()).filter(|index| simulation.can_step(*index)).collect();
            if let Some(index) = able.get(which % able.len().max(1)).copied() {
                for _ in 0..*steps {
                    if simulation.can_step(index) {
                        simulation.step(index);
                    }
                }
            }
        }
        Step::Rest(reply, seed) => {
            simulation.rest(*reply, *seed);
            rules.at_rest(simulation)?;
            let state = simulation.world.state();
            let works = state.faults.is_empty() && state.outages.iter().all(|outage| outage.times == 0);
            let troubles = &state.troubles;
            let works = works
                && troubles.rolls_back_silently.is_empty()
                && troubles.fails_to_answer.is_empty()
                && troubles.alarmed.is_empty()
                && !state.alarms.values().any(|is_in_alarm| *is_in_alarm)
                && !simulation.world.stack_sets.is_broken();
            rules.faulty = !works;
        }
        Step::Register(size) => simulation.register("mlops", "churn", &setup.registration(size)),
        Step::Trouble(account, trouble) => {
            (rules.faulty, rules.ever_faulty) = (true, true);
            let at = at([&STAGING[..], &PROD[..]].concat()[account % 5]);
            let mut state = simulation.world.state();
            match trouble {
                Trouble::Operation(moment, times) => {
                    simulation.world.stack_sets.fail_at(at, "the stack could not be updated", *moment, *times);
                }
                Trouble::SilentRollBack => drop(state.troubles.rolls_back_silently.insert(at)),
                Trouble::NoAnswer => drop(state.troubles.fails_to_answer.insert(at)),
                Trouble::Alarm => drop(state.troubles.alarmed.insert(at)),
                Trouble::Slow(looks) => drop(state.troubles.updating.insert(at, *looks)),
            }
        }
        Step::HubAlarm(index) => {
            (rules.faulty, rules.ever_faulty) = (true, true);
            simulation.world.state().alarms.insert(ALARMS[index % 2].to_owned(), true);
        }
        Step::Repair => {
            let mut state = simulation.world.state();
            state.faults.clear();
            state.outages.clear();
            state.troubles = crate::world::Troubles::default();
            state.alarms.values_mut().for_each(|is_in_alarm| *is_in_alarm = false);
            for account in STAGING.iter().chain(&PROD) {
                simulation.world.stack_sets.repair_at(&at(account));
            }
        }
        Step::Fault(armed) => {
            (rules.faulty, rules.ever_faulty) = (true, true);
            simulation.world.state().faults.push(*armed);
        }
        Step::Outage(index, times, moment) => {
            (rules.faulty, rules.ever_faulty) = (true, true);
            let (state, error) = outage(*index);
            // A wait for a token that took effect has no answer yet that could be lost.
            let moment = if state == "WaitForApproval" { Moment::Before } else { *moment };
            let outage = Outage { state, error, moment, after: 0, times: *times };
            simulation.world.state().outages.push(outage);
        }
    }
    Ok(())
}

/// A state that calls something, and an error that it may meet.
fn outage(index: usize) -> (String, String) {
    let definition = crate::simulation::definition();
    let tasks: Vec<_> = definition
        .states
        .iter()
        .filter_map(|(name, state)| match state {
            crate::machine::State::Task(task) => Some((name, &task.resource)),
            _ => None,
        })
        .collect();
    let (name, resource) = tasks[index % tasks.len()];
    let error = match resource.split(':').nth(2) {
        Some("lambda") => ["Lambda.ServiceException", "Lambda.TooManyRequestsException", "Lambda.Unknown"][index % 3],
        _ => "ServiceUnavailable",
    };
    (name.clone(), error.to_owned())
}
