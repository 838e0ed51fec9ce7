//! What fails keeps its mark, and what breaks off is brought to its end.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a failed assumption of a test is a failed test"
)]

mod world;

use control_records::MarkState;
use findings::CorrectionState::{Done, Failed, Marked};
use serde_json::{Value, json};
use world::World;
use world::faults::{Fault, Faults};
use world::invariants::text;
use world::resources::Thing;

const STOP: &str = "sagemaker:StopNotebookInstance";

fn stopping() -> Value {
    json!({"corrective": {
        "corrections": [{"control": "notebook-no-direct-internet", "action": "stop", "mode": "act", "graceHours": 24}],
        "cap": {"resources": 5, "percent": 100},
    }})
}

#[tokio::test]
async fn a_call_that_fails_keeps_its_mark_and_says_what_to_change() {
    let world = World::new(&stopping());
    world.add(Thing::notebook("lab"));
    world.sweep().await;
    world.wait(24);
    // After the configuration, marks, records, two looks, the mark and the evidence comes the call.
    let before_the_call = 7;
    world.lock().faults = Faults::after(before_the_call, Fault::Refused("AccessDeniedException"));
    let tally = world.act().await.unwrap().unwrap();
    assert_eq!((&tally["failed"], &tally["acted"]), (&json!(1), &json!(0)));
    assert_eq!((world.states(), world.calls()), (vec![Marked, Failed], vec![]));
    let (_, reason) = world.changes().pop().unwrap();
    assert!(reason.contains("StopNotebookInstance answered AccessDeniedException"), "{reason}");
    assert!(reason.ends_with("parameter CorrectiveActions is Stop or StopAndDelete"), "{reason}");
    let mark = world.marks().await.remove(0);
    assert_eq!((mark.failures, &mark.state), (1, &MarkState::Waiting));
    assert_eq!(text(world.evidence().last().unwrap(), "/error/code"), "AccessDeniedException");
    world.sweep().await;
    assert_eq!((world.states(), world.calls()), (vec![Marked, Failed, Done], vec![STOP]));
    world.assert_sound();
}

#[tokio::test]
async fn one_that_fails_keeps_no_other_from_being_corrected() {
    let world = World::new(&stopping());
    world.add(Thing::notebook("a"));
    world.add(Thing::notebook("b"));
    world.sweep().await;
    world.wait(24);
    world.lock().faults = Faults::after(3, Fault::Refused("ThrottlingException"));
    let tally = world.act().await.unwrap().unwrap();
    assert_eq!((&tally["failed"], &tally["acted"]), (&json!(1), &json!(1)));
    world.sweep().await;
    assert_eq!(world.calls(), [STOP; 2]);
    world.assert_sound();
}

/// Whatever operation is the last one, or fails, or is answered in vain: the next runs bring it to the same end, with one
/// call.
#[tokio::test]
async fn a_run_that_breaks_off_anywhere_is_brought_to_its_end() {
    let mut broken = 0;
    for fault in [
        Fault::KilledBefore,
        Fault::KilledAfter,
        Fault::Lost,
        Fault::AnswerLost,
        Fault::Refused("InternalFailure"),
        Fault::Refused("AccessDeniedException"),
    ] {
        for count in 0..40 {
            let world = World::new(&stopping());
            let arn = world.add(Thing::notebook("lab"));
            world.sweep().await;
            world.wait(24);
            world.lock().faults = Faults::after(count, fault);
            let ended = world.act().await;
            if !world.lock().faults.0.is_empty() {
                assert!(count > 9, "{count}");
                break;
            }
            broken += 1;
            for _ in 0..3 {
                world.wait(1);
                world.sweep().await;
            }
            assert_eq!(world.calls(), [STOP], "{fault:?} at {count}: {ended:?}");
            assert_eq!(world.status(&arn).as_deref(), Some("Stopped"), "{fault:?} at {count}");
            assert!(matches!(world.marks().await[0].state, MarkState::Done { .. }), "{fault:?} at {count}");
            assert!(world.states().contains(&Done), "{fault:?} at {count}: {:?}", world.changes());
            world.assert_sound();
        }
    }
    assert!(broken >= 60, "{broken}");
}

#[tokio::test]
async fn two_runs_at_once_make_one_call() {
    let world = World::new(&stopping());
    for name in ["a", "b", "c"] {
        world.add(Thing::notebook(name));
    }
    world.sweep().await;
    world.wait(24);
    let (one, other) = tokio::join!(world.act(), world.act());
    let acted = [one, other].map(|ended| ended.unwrap().unwrap()["acted"].as_u64().unwrap());
    assert_eq!(acted.iter().sum::<u64>(), 3, "{acted:?}");
    assert_eq!(world.calls(), [STOP; 3]);
    assert_eq!(world.states().iter().filter(|state| **state == Done).count(), 3);
    let violations: Vec<String> = world.lock().violations.clone();
    assert!(violations.is_empty(), "{violations:?}");
}
