//! Hardening takes several runs; deleting and the reaping of what is idle take one.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a failed assumption of a test is a failed test"
)]

mod world;

use control_records::MarkState;
use findings::CorrectionState::{Done, Dropped, Marked};
use jiff::SignedDuration;
use serde_json::{Value, json};
use world::World;
use world::faults::{Fault, Faults};
use world::resources::Thing;

const STOP: &str = "sagemaker:StopNotebookInstance";
const UPDATE: &str = "sagemaker:UpdateNotebookInstance";
const START: &str = "sagemaker:StartNotebookInstance";

fn hardening() -> Value {
    json!({"corrective": {
        "corrections": [{"control": "notebook-no-root-access", "action": "harden", "mode": "act", "graceHours": 24}],
        "cap": {"resources": 5, "percent": 100},
    }})
}

#[tokio::test]
async fn a_notebook_that_runs_is_stopped_updated_and_started_again() {
    let world = World::new(&hardening());
    let arn = world.add(Thing::notebook("Lab"));
    world.sweep().await;
    world.wait(24);
    world.sweep().await;
    assert_eq!((world.calls(), world.states()), (vec![STOP], vec![Marked]));
    world.sweep().await;
    assert_eq!(world.calls(), [STOP], "it is still Stopping");
    for _ in 0..4 {
        world.wait(1);
        world.sweep().await;
    }
    assert_eq!((world.calls(), world.states()), (vec![STOP, UPDATE, START], vec![Marked, Done]));
    assert_eq!(world.status(&arn).as_deref(), Some("InService"));
    let members = world.lock().things[&arn].members.clone();
    assert_eq!(members["RootAccess"], "Disabled");
    assert_eq!(members["InstanceMetadataServiceConfiguration"], json!({"MinimumInstanceMetadataServiceVersion": "2"}));
    assert!(world.decisions().ends_with(&["acting".to_owned(), "done".to_owned()]), "{:?}", world.decisions());
    world.wait(24);
    world.sweep().await;
    assert_eq!(world.calls().len(), 3);
    world.assert_sound();
}

#[tokio::test]
async fn a_notebook_that_was_stopped_stays_stopped() {
    let world = World::new(&hardening());
    let arn = world.add(Thing::notebook("lab"));
    world.change(&arn, |thing, now| thing.enter("Stopped", now));
    world.sweep().await;
    world.wait(24);
    for _ in 0..3 {
        world.sweep().await;
        world.wait(1);
    }
    assert_eq!((world.calls(), world.states()), (vec![UPDATE], vec![Marked, Done]));
    assert_eq!(world.status(&arn).as_deref(), Some("Stopped"));
    world.assert_sound();
}

#[tokio::test]
async fn an_exemption_in_the_middle_ends_it_and_says_what_was_left_stopped() {
    let world = World::new(&hardening());
    let arn = world.add(Thing::notebook("lab"));
    world.sweep().await;
    world.wait(24);
    world.sweep().await;
    let mut exempt = hardening();
    exempt["exemptions"] = json!([{"control": "notebook-no-root-access", "resource": arn, "owner": "ml@example.com",
        "reason": "drivers", "expires": "2026-12-31"}]);
    world.configure(&exempt);
    for _ in 0..3 {
        world.wait(1);
        world.sweep().await;
    }
    assert_eq!((world.calls(), world.states()), (vec![STOP], vec![Marked, Dropped]));
    assert!(world.changes()[1].1.ends_with("it may have been stopped for this, and is not started again"));
    world.assert_sound();
}

#[tokio::test]
async fn who_starts_it_in_between_is_told_anew() {
    let world = World::new(&hardening());
    let arn = world.add(Thing::notebook("lab"));
    world.sweep().await;
    world.wait(24);
    world.sweep().await;
    world.wait_minutes(10);
    world.change(&arn, |thing, now| thing.enter("InService", now));
    world.wait_minutes(50);
    world.sweep().await;
    assert_eq!((world.calls(), world.states()), (vec![STOP], vec![Marked, Marked]));
    world.wait(24);
    for _ in 0..4 {
        world.sweep().await;
        world.wait(1);
    }
    assert_eq!(world.calls(), [STOP, STOP, UPDATE, START]);
    world.assert_sound();
}

/// Whatever breaks off in whichever of its runs, it ends hardened and running, with each call made once.
#[tokio::test]
async fn breaking_off_anywhere_hardens_it_all_the_same() {
    let mut broken = 0;
    for fault in [Fault::KilledBefore, Fault::KilledAfter, Fault::Lost, Fault::AnswerLost] {
        for run in 0..3 {
            for count in 0..40 {
                let world = World::new(&hardening());
                let arn = world.add(Thing::notebook("lab"));
                world.sweep().await;
                world.wait(24);
                for _ in 0..run {
                    world.sweep().await;
                    world.wait(1);
                }
                world.lock().faults = Faults::after(count, fault);
                let _ = world.act().await;
                if !world.lock().faults.0.is_empty() {
                    break;
                }
                broken += 1;
                for _ in 0..6 {
                    world.wait(1);
                    world.sweep().await;
                }
                assert_eq!(world.calls(), [STOP, UPDATE, START], "{fault:?} at {count} of run {run}");
                assert_eq!(world.status(&arn).as_deref(), Some("InService"), "{fault:?} at {count} of run {run}");
                assert!(
                    matches!(world.marks().await[0].state, MarkState::Done { .. }),
                    "{fault:?} at {count} of run {run}"
                );
                world.assert_sound();
            }
        }
    }
    assert!(broken >= 100, "{broken}");
}

fn reaping() -> Value {
    json!({
        "parameters": {"idleHours": {"apps": 8, "notebooks": 24}},
        "corrective": {
            "corrections": [
                {"control": "app-idle", "action": "delete", "mode": "act", "graceHours": 2},
                {"control": "notebook-idle", "action": "stop", "mode": "act", "graceHours": 2},
            ],
            "cap": {"resources": 5, "percent": 100},
        },
    })
}

#[tokio::test]
async fn idle_apps_are_deleted_and_idle_notebooks_stopped_and_both_say_for_how_long() {
    let world = World::new(&reaping());
    let (app, notebook) = (world.add(Thing::app("default")), world.add(Thing::notebook("lab")));
    for _ in 0..30 {
        world.sweep().await;
        world.wait(1);
    }
    world.sweep().await;
    assert_eq!(world.calls(), ["sagemaker:DeleteApp", STOP]);
    assert_eq!((world.status(&app), world.status(&notebook).as_deref()), (None, Some("Stopped")));
    let key = json!({"DomainId": "d-abcdefghijkl", "UserProfileName": "Alice", "AppType": "JupyterLab", "AppName": "default"});
    let called = world.evidence().into_iter().find(|evidence| evidence["decision"] == "acting").unwrap();
    assert_eq!(called["call"]["input"], key);
    let idle: Vec<Option<u32>> = world
        .marks()
        .await
        .iter()
        .map(|mark| match mark.state {
            MarkState::Done { idle_hours, .. } => idle_hours,
            _ => panic!("{mark:?}"),
        })
        .collect();
    assert_eq!(idle, [Some(11), Some(27)]);
    // Started again and idle again, it is reaped again.
    world.change(&notebook, |thing, now| thing.enter("InService", now));
    for _ in 0..30 {
        world.sweep().await;
        world.wait(1);
    }
    assert_eq!(world.calls(), ["sagemaker:DeleteApp", STOP, STOP]);
    world.assert_sound();
}

#[tokio::test]
async fn who_comes_back_before_the_grace_is_over_keeps_the_app() {
    let world = World::new(&reaping());
    let app = world.add(Thing::app("default"));
    for hour in 0..30 {
        world.sweep().await;
        world.wait(1);
        if hour % 9 == 8 {
            world.change(&app, |thing, now| {
                let used = now - SignedDuration::from_mins(1);
                _ = thing.members.insert("LastUserActivityTimestamp".into(), json!(used.as_second()));
            });
        }
    }
    assert_eq!(world.calls(), [""; 0]);
    assert!(world.states().contains(&Marked) && world.states().contains(&Dropped), "{:?}", world.changes());
    world.assert_sound();
}
