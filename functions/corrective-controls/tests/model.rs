//! Whatever happens in whatever order: events that are lost, doubled and late, configurations that change, owners who mend,
//! break, stop, start, delete and make anew, a clock that runs, calls that fail and functions that end in the middle.
//! Nothing compliant, exempt, unknown or new is ever touched, nothing without notice, grace and evidence, and never more
//! than the cap allows ([`world::invariants`]); and once everything is quiet, what is to be corrected is.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a failed assumption of a test is a failed test, and what it went through is worth a line"
)]

mod world;

use std::cell::Cell;
use std::collections::VecDeque;

use control_records::MarkState;
use findings::CorrectionState;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use world::faults::{Fault, Faults};
use world::resources::Thing;
use world::{OWN, World};

/// Unless `PROPTEST_CASES` says otherwise.
const SEQUENCES: u32 = 300;

/// What happens next.
#[derive(Debug, Clone)]
enum Step {
    /// The detective looks, after a call of its own function's or somebody else's.
    Detect {
        own: bool,
    },
    /// The bus delivers: the event at this place of those that wait, and keeps it where it is to come again.
    Deliver {
        place: usize,
        again: bool,
    },
    /// The bus loses everything.
    Lose,
    Run,
    /// Two runs at once.
    Runs,
    Wait {
        minutes: i64,
    },
    Configure(Settings),
    /// An owner does something.
    Owner {
        resource: usize,
        deed: Deed,
    },
    /// The next operations but so many fail.
    Faults(Vec<(usize, Fault)>),
}

#[derive(Debug, Clone, Copy)]
enum Deed {
    Mend,
    Break,
    /// The service's answer loses a member.
    Blur,
    Stop,
    Start,
    Delete,
    MakeAnew,
    Use,
}

/// A configuration as a person writes it.
#[derive(Debug, Clone)]
struct Settings {
    /// Of each control the action's place among those below, the mode and the grace; `None`: no correction.
    corrections: [Option<(usize, bool, u32)>; 4],
    exempt: Option<usize>,
    cap: (u32, u32),
    disabled: bool,
    faulty: bool,
    absent: bool,
}

const CONTROLS: [(&str, &[&str]); 4] = [
    ("notebook-no-root-access", &["notify", "stop", "harden"]),
    ("notebook-no-direct-internet", &["notify", "stop"]),
    ("job-network-isolation", &["notify", "stop"]),
    ("app-idle", &["notify", "delete"]),
];
const NAMES: usize = 5;

fn arn(resource: usize) -> String {
    thing(resource).arn
}

fn thing(resource: usize) -> Thing {
    match resource {
        0 => Thing::notebook("a"),
        1 => Thing::notebook("b"),
        2 => Thing::notebook("c"),
        3 => Thing::training_job("job"),
        _ => Thing::app("default"),
    }
}

impl Settings {
    fn document(&self) -> Value {
        let corrections: Vec<Value> = CONTROLS
            .iter()
            .zip(&self.corrections)
            .filter_map(|((control, actions), correction)| {
                let (action, act, grace) = (*correction)?;
                let mode = if act { "act" } else { "dryRun" };
                let action = actions[action % actions.len()];
                Some(json!({"control": control, "action": action, "mode": mode, "graceHours": grace}))
            })
            .collect();
        let exemptions: Vec<Value> = self
            .exempt
            .iter()
            .flat_map(|resource| {
                CONTROLS.map(|(control, _)| {
                    json!({"control": control, "resource": arn(*resource), "owner": "o", "reason": "r", "expires": "2026-11-04"})
                })
            })
            .collect();
        let mut document = json!({
            "parameters": {"idleHours": {"apps": 4}},
            "exemptions": exemptions,
            "corrective": {"corrections": corrections, "cap": {"resources": self.cap.0, "percent": self.cap.1}},
        });
        if self.disabled {
            document["disabled"] = json!(["notebook-no-root-access"]);
        }
        if self.faulty {
            document["correctiv"] = json!({});
        }
        document
    }
}

fn settings() -> impl Strategy<Value = Settings> {
    let correction = || prop::option::weighted(0.8, (0..3_usize, prop::bool::weighted(0.8), 0..4_u32));
    let corrections = [correction(), correction(), correction(), correction()];
    let cap = (1..5_u32, prop::sample::select(vec![10_u32, 40, 70, 100]));
    let rare = || prop::bool::weighted(0.08);
    (corrections, prop::option::weighted(0.2, 0..NAMES), cap, rare(), rare(), rare()).prop_map(
        |(corrections, exempt, cap, disabled, faulty, absent)| Settings {
            corrections,
            exempt,
            cap,
            disabled,
            faulty,
            absent,
        },
    )
}

fn fault() -> impl Strategy<Value = Fault> {
    prop::sample::select(vec![
        Fault::Refused("AccessDeniedException"),
        Fault::Refused("ThrottlingException"),
        Fault::Lost,
        Fault::AnswerLost,
        Fault::KilledBefore,
        Fault::KilledAfter,
    ])
}

fn step() -> impl Strategy<Value = Step> {
    let deed = prop::sample::select(vec![
        Deed::Mend,
        Deed::Break,
        Deed::Break,
        Deed::Blur,
        Deed::Stop,
        Deed::Start,
        Deed::Start,
        Deed::Delete,
        Deed::MakeAnew,
        Deed::Use,
    ]);
    prop_oneof![
        4 => prop::bool::weighted(0.1).prop_map(|own| Step::Detect { own }),
        4 => (0..8_usize, prop::bool::weighted(0.2)).prop_map(|(place, again)| Step::Deliver { place, again }),
        1 => Just(Step::Lose),
        6 => Just(Step::Run),
        1 => Just(Step::Runs),
        6 => prop::sample::select(vec![1_i64, 20, 60, 60, 120, 240]).prop_map(|minutes| Step::Wait { minutes }),
        2 => settings().prop_map(Step::Configure),
        5 => (0..NAMES, deed).prop_map(|(resource, deed)| Step::Owner { resource, deed }),
        2 => prop::collection::vec((0..25_usize, fault()), 1..4).prop_map(Step::Faults),
    ]
}

async fn owner(world: &World, resource: usize, deed: Deed) {
    let arn = arn(resource);
    let mut changed = thing(resource);
    let broken = changed.members.clone();
    match deed {
        Deed::MakeAnew => {
            world.add(changed);
            return;
        }
        Deed::Delete => {
            world.lock().things.remove(&arn);
            return;
        }
        _ => {}
    }
    changed.settle(world.lock().now);
    world.change(&arn, |thing, now| match deed {
        Deed::Mend => {
            for (name, good) in [("RootAccess", json!("Disabled")), ("DirectInternetAccess", json!("Disabled"))] {
                if let Some(member) = thing.members.get_mut(name) {
                    *member = good;
                }
            }
            if let Some(member) = thing.members.get_mut("EnableNetworkIsolation") {
                *member = true.into();
            }
        }
        Deed::Break => thing.members.extend(broken),
        Deed::Blur => {
            for name in ["RootAccess", "DirectInternetAccess", "EnableNetworkIsolation"] {
                thing.members.remove(name);
            }
        }
        Deed::Stop if thing.status == "InService" && thing.kind == controls::Kind::NotebookInstance => {
            thing.enter("Stopping", now);
        }
        Deed::Start if thing.status == "Stopped" && thing.kind == controls::Kind::NotebookInstance => {
            thing.enter("Pending", now);
        }
        Deed::Use => {
            if let Some(member) = thing.members.get_mut("LastUserActivityTimestamp") {
                *member = json!(now.as_second());
            }
        }
        _ => {}
    });
}

async fn happens(world: &World, bus: &mut VecDeque<Value>, step: Step) {
    match step {
        Step::Detect { own } => bus.extend(world.detect(own.then_some(OWN)).await),
        Step::Deliver { place, again } => {
            if bus.is_empty() {
                return;
            }
            let place = place % bus.len();
            let event = if again { bus.get(place).cloned() } else { bus.remove(place) };
            let _ = world.hear(&event.unwrap()).await;
        }
        Step::Lose => bus.clear(),
        Step::Run => _ = world.act().await,
        Step::Runs => world.act_at_once().await,
        Step::Wait { minutes } => world.wait_minutes(minutes),
        Step::Configure(settings) => {
            world.configure(&settings.document());
            if settings.absent {
                world.lock().configuration = None;
            }
        }
        Step::Owner { resource, deed } => owner(world, resource, deed).await,
        Step::Faults(faults) => world.lock().faults = Faults(faults.into()),
    }
}

/// Everything is quiet, the configuration allows everything, and the sweep goes its way.
async fn settles(world: &World) {
    let allowed = Settings {
        corrections: [Some((2, true, 2)), Some((1, true, 2)), Some((1, true, 2)), Some((1, true, 2))],
        exempt: None,
        cap: (100, 100),
        disabled: false,
        faulty: false,
        absent: false,
    };
    world.lock().faults = Faults::default();
    world.configure(&allowed.document());
    for resource in 0..NAMES {
        // The service answers all members again, if it left any out.
        let members = thing(resource).members;
        world.change(&arn(resource), |thing, _| {
            for (name, value) in members {
                thing.members.entry(name).or_insert(value);
            }
        });
    }
    for _ in 0..16 {
        world.wait(1);
        world.sweep().await;
    }
    let things = world.lock().things.clone();
    let said = world.changes();
    let marks = world.marks().await;
    for (arn, thing) in &things {
        let member = |name: &str| thing.members.get(name).cloned().unwrap_or_default();
        let fails = member("DirectInternetAccess") == "Enabled" || member("EnableNetworkIsolation") == false;
        assert!(
            !(fails && matches!(thing.status, "InService" | "InProgress")),
            "{arn} still runs: {thing:?}\n{said:#?}\n{marks:#?}"
        );
        assert!(thing.kind != controls::Kind::App, "{arn} was not used for hours: {thing:?}\n{said:#?}\n{marks:#?}");
        assert_ne!(member("RootAccess"), "Enabled", "{arn}");
    }
    for mark in marks {
        assert!(!matches!(mark.state, MarkState::Acting { .. }), "{mark:?}\n{said:#?}");
    }
}

#[test]
fn nothing_is_touched_that_should_not_be_and_everything_is_that_should() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (sequences, steps, calls, notices) = (Cell::new(0), Cell::new(0), Cell::new(0), Cell::new(0));
    let (capped, failed, dropped) = (Cell::new(0), Cell::new(0), Cell::new(0));
    let add = |counter: &Cell<usize>, count: usize| counter.set(counter.get() + count);
    let strategy = (settings(), prop::collection::vec(step(), 20..60));
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|count| count.parse().ok()).unwrap_or(SEQUENCES);
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 300, ..Config::default() };
    let result = TestRunner::new(config).run(&strategy, |(settings, sequence)| {
        runtime.block_on(async {
            let world = World::new(&Settings { faulty: false, ..settings }.document());
            for resource in 0..NAMES {
                world.add(thing(resource));
            }
            let mut bus = VecDeque::new();
            add(&steps, sequence.len());
            for step in sequence {
                happens(&world, &mut bus, step).await;
            }
            settles(&world).await;
            world.assert_sound();
            add(&sequences, 1);
            add(&calls, world.calls().len());
            let states = world.states();
            let count = |state| states.iter().filter(|other| **other == state).count();
            add(&notices, count(CorrectionState::Marked));
            add(&capped, count(CorrectionState::Capped));
            add(&failed, count(CorrectionState::Failed));
            add(&dropped, count(CorrectionState::Dropped));
        });
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
    let [sequences, steps, calls, notices, capped, failed, dropped] =
        [sequences, steps, calls, notices, capped, failed, dropped].map(|counter| counter.get());
    println!(
        "{sequences} sequences of {steps} steps: {notices} notices, {calls} calls, {dropped} dropped, {failed} failed, \
         {capped} runs capped"
    );
    assert!(calls > sequences && capped > 0 && failed > 0 && dropped > 0, "too little happened");
}
