//! One case for each rule, and together one for each way through the machine that needs more than a failed call.

use crate::sequence::{PROD, STAGING, Setup};
use crate::simulation::{Person, Reply, Simulation, outcome};
use std::collections::BTreeMap;

/// What most questions are answered with.
pub const YES: Reply = Reply::Yes(Person::Bob);

/// Without questions and without waiting.
const QUIET: Setup = Setup { asks: false, separates: false, bakes: false, alarms: false, ..Setup::FULL };

/// A case by its name.
pub type Case = (&'static str, fn() -> Simulation);

macro_rules! cases {
    ($list:ident: $($(#[$doc:meta])* fn $name:ident() -> Simulation $body:block)*) => {
        /// All of this file.
        pub const $list: &[Case] = &[$((stringify!($name), $name)),*];
        $($(#[$doc])* pub fn $name() -> Simulation $body)*
    };
}

mod deciding;
mod deploying;
mod failing;
mod holding;

pub use deciding::*;
pub use deploying::*;
pub use failing::*;
pub use holding::*;

/// All of them.
pub fn all() -> Vec<Case> {
    [DECIDING, DEPLOYING, FAILING, HOLDING].concat()
}

/// The versions that run in each account of both stages.
fn running(simulation: &Simulation) -> BTreeMap<String, u32> {
    let names = simulation.world.stack_sets.names();
    let all = names.iter().flat_map(|name| simulation.world.running(name));
    all.map(|(at, (_, arn))| (at.account.to_string(), arn.version())).collect()
}

fn everywhere(version: u32) -> BTreeMap<String, u32> {
    STAGING.iter().chain(&PROD).map(|account| ((*account).to_owned(), version)).collect()
}

/// Approves, lets everything end, and says how.
fn deployed(simulation: &mut Simulation, version: u32) -> String {
    simulation.approve("churn", version);
    simulation.rest(YES, 0);
    simulation.last_outcome()
}

/// With this version everywhere.
fn with_live(setup: Setup, version: u32) -> Simulation {
    let mut simulation = setup.simulation();
    assert_eq!(deployed(&mut simulation, version), "live");
    assert_eq!(running(&simulation), everywhere(version));
    simulation
}

/// Lets an execution go on until it is in front of a state, or at its end.
fn advance(simulation: &mut Simulation, index: usize, state: &str) {
    for _ in 0..10_000 {
        let execution = &simulation.executions[index];
        if !simulation.can_step(index) || execution.state == state {
            break;
        }
        simulation.step(index);
    }
    assert_eq!(simulation.executions[index].state, state, "{:?}", simulation.executions[index].trace);
}

fn outcomes(simulation: &Simulation) -> Vec<String> {
    simulation.executions.iter().map(|it| outcome(&it.status)).collect()
}

fn states(simulation: &Simulation) -> Vec<String> {
    let events = &simulation.world.state().events;
    events.iter().map(|event| event["Detail"]["state"].as_str().unwrap().to_owned()).collect()
}

fn question(simulation: &Simulation) -> deployment::PendingApproval {
    simulation.world.pending().first().cloned().unwrap()
}
