//! Every failure of every call, systematically, and with that every way through the machine.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on should say where, and how much was tried is worth saying"
)]

use deployment_model::cases::{self, YES};
use deployment_model::machine::State;
use deployment_model::rules::Rules;
use deployment_model::sequence::{PROD, Setup};
use deployment_model::simulation::{Simulation, definition};
use deployment_model::world::{Armed, Fault, Outage, at};
use stack_sets::Moment;
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::thread;

/// Something that an execution does, and what comes of it where nothing else fails.
#[derive(Clone, Copy)]
struct Scenario {
    name: &'static str,
    /// Versions that were approved before.
    before: &'static [u32],
    /// An account cannot be updated once.
    breaks: bool,
    rejects: bool,
    outcome: &'static str,
}

const SCENARIOS: [Scenario; 4] = [
    Scenario { name: "a deployment", before: &[1], breaks: false, rejects: false, outcome: "live" },
    Scenario { name: "a failing deployment", before: &[1], breaks: true, rejects: false, outcome: "StageFailed" },
    Scenario { name: "a failing first deployment", before: &[], breaks: true, rejects: false, outcome: "StageFailed" },
    Scenario { name: "a rejection", before: &[1, 2], breaks: false, rejects: true, outcome: "live" },
];

/// With all that there is, but somebody is asked only where that matters to the scenario.
const SETUP: Setup = Setup { separates: false, ..Setup::FULL };

impl Scenario {
    /// At rest, just before it happens.
    fn prepared(&self) -> (Simulation, Rules) {
        let (mut simulation, mut rules) = (SETUP.simulation(), SETUP.rules());
        for version in self.before {
            simulation.approve("churn", *version);
            simulation.rest(YES, 0);
        }
        rules.at_rest(&simulation).unwrap();
        if self.breaks {
            simulation.world.stack_sets.fail_at(at(PROD[2]), "quota", Moment::Before, Some(1));
        }
        (rules.faulty, rules.ever_faulty) = (true, true);
        (simulation, rules)
    }

    fn happen(&self, simulation: &mut Simulation) {
        match self.rejects {
            true => simulation.reject("churn", 2),
            false => simulation.approve("churn", 3),
        }
        simulation.rest(YES, 0);
    }

    /// With something that fails on the way.
    fn with(&self, what: &str, arm: impl FnOnce(&Simulation)) -> Simulation {
        let (mut simulation, mut rules) = self.prepared();
        arm(&simulation);
        self.happen(&mut simulation);
        let found = rules.at_rest(&simulation);
        found.unwrap_or_else(|error| panic!("{} with {what}: {error}", self.name));
        simulation
    }
}

/// Does all jobs, on all processors.
fn side_by_side<J: Sync>(jobs: &[J], job: impl Fn(&J) + Sync) {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let next = Mutex::new(jobs.iter());
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let Some(one) = next.lock().unwrap().next() else { break };
                    job(one);
                }
            });
        }
    });
}

#[test]
fn a_process_may_end_at_any_call() {
    let mut jobs = Vec::new();
    for (index, scenario) in SCENARIOS.iter().enumerate() {
        let (mut simulation, _) = scenario.prepared();
        let before = simulation.world.state().calls;
        scenario.happen(&mut simulation);
        let calls = simulation.world.state().calls - before;
        let killed = |moment| Fault::Killed(moment, "Runtime.ExitError");
        let both = [killed(Moment::Before), killed(Moment::After)];
        for after in 0..calls {
            let faults = if index < 2 { both.to_vec() } else { vec![[both[0], both[1], Fault::Lost][after % 3]] };
            jobs.extend(faults.into_iter().map(|fault| (scenario, Armed { after, fault })));
        }
    }
    side_by_side(&jobs, |(scenario, armed)| {
        let simulation = scenario.with(&format!("{armed:?}"), |it| it.world.state().faults.push(*armed));
        assert_eq!(simulation.last_outcome(), scenario.outcome, "{} with {armed:?}", scenario.name);
        assert!(simulation.world.state().faults.is_empty(), "{} does not come to {armed:?}", scenario.name);
    });
    println!("{} executions, each with one call that failed", jobs.len());
}

/// Errors of a state's task: those that are tried again, and how often it takes for the next one to be caught.
fn errors(state: &State) -> Vec<(String, usize)> {
    let State::Task(task) = state else { return Vec::new() };
    let mut errors = Vec::new();
    for retrier in &task.retry {
        let tries = usize::try_from(retrier.max_attempts).unwrap() + 1;
        for error in &retrier.error_equals {
            let error = if error == "States.TaskFailed" { "ServiceUnavailable" } else { error };
            errors.push((error.to_owned(), 1));
        }
        let first = retrier.error_equals.first().unwrap();
        let first = if first == "States.TaskFailed" { "ServiceUnavailable" } else { first };
        errors.push((first.to_owned(), tries));
    }
    errors.push(("Somebody.NeverHeardOf".to_owned(), 1));
    errors
}

#[test]
fn every_path_is_taken() {
    let machine = definition();
    let seen = Mutex::new(BTreeSet::new());
    side_by_side(&cases::all(), |(_, case)| seen.lock().unwrap().extend(case().seen.paths));
    let mut jobs = Vec::new();
    for scenario in &SCENARIOS {
        let (mut simulation, _) = scenario.prepared();
        scenario.happen(&mut simulation);
        let trace = &simulation.executions.last().unwrap().trace;
        let visited: BTreeSet<_> = trace.iter().cloned().collect();
        for name in visited {
            let visits = trace.iter().filter(|state| **state == name).count();
            for (error, times) in errors(&machine.states[&name]) {
                for after in BTreeSet::from([0, visits - 1]) {
                    // What is done before an answer is lost is done twice; a wait for a token has no answer to lose.
                    let moments = if name == "WaitForApproval" {
                        vec![Moment::Before]
                    } else {
                        vec![Moment::Before, Moment::After]
                    };
                    jobs.extend(moments.into_iter().map(|moment| {
                        (scenario, Outage { state: name.clone(), error: error.clone(), moment, after, times })
                    }));
                }
            }
        }
    }
    // Of the many names of one retrier, each is tried once somewhere; all ways of failing are tried everywhere.
    let mut names = BTreeSet::new();
    jobs.retain(|(_, outage)| {
        let is_first = names.insert((outage.error.clone(), outage.state.clone()));
        is_first || outage.times > 1 || outage.error.starts_with("Somebody") || outage.error == "Runtime.ExitError"
    });
    side_by_side(&jobs, |(scenario, outage)| {
        let simulation = scenario.with(&format!("{outage:?}"), |it| it.world.state().outages.push(outage.clone()));
        let is_tried_again = outage.times == 1 && !outage.error.starts_with("Somebody");
        if is_tried_again {
            assert_eq!(simulation.last_outcome(), scenario.outcome, "{} with {outage:?}", scenario.name);
        }
        seen.lock().unwrap().extend(simulation.seen.paths);
    });
    let seen = seen.into_inner().unwrap();
    let all = machine.paths();
    let missing: Vec<_> = all.iter().filter(|path| !seen.contains(*path)).collect();
    println!("{} executions with an outage; {} of {} paths taken", jobs.len(), all.len() - missing.len(), all.len());
    assert!(missing.is_empty(), "no test takes {missing:#?}");
}
