//! What keeps a correction from doing harm, one guard after the other.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a failed assumption of a test is a failed test"
)]

mod world;

use control_records::MarkState;
use findings::CorrectionState::{Capped, Done, Dropped, Marked, WouldDo};
use serde_json::{Value, json};
use world::invariants::text;
use world::resources::Thing;
use world::{OWN, World};

const STOP: &str = "sagemaker:StopNotebookInstance";
const INTERNET: &str = "notebook-no-direct-internet";

fn corrections(corrections: Value) -> Value {
    json!({"corrective": {"corrections": corrections, "cap": {"resources": 5, "percent": 100}}})
}

fn stopping() -> Value {
    corrections(json!([{"control": INTERNET, "action": "stop", "mode": "act", "graceHours": 24}]))
}

#[tokio::test]
async fn a_failure_is_marked_told_and_stopped_when_its_grace_is_over() {
    let world = World::new(&stopping());
    let arn = world.add(Thing::notebook("Lab"));
    assert_eq!(world.sweep().await["marked"], 0, "the event has marked it already");
    world.wait(23);
    world.sweep().await;
    assert_eq!((world.states(), world.calls()), (vec![Marked], vec![]));
    world.wait(1);
    assert_eq!(world.sweep().await["acted"], 1);
    assert_eq!((world.states(), world.calls()), (vec![Marked, Done], vec![STOP]));
    assert_eq!(world.status(&arn).as_deref(), Some("Stopping"));
    assert!(matches!(world.marks().await[0].state, MarkState::Done { idle_hours: None, .. }));

    let evidence = world.evidence();
    assert_eq!(world.decisions(), ["marked", "acting", "done"]);
    let (acting, done) = (&evidence[1], &evidence[2]);
    assert_eq!(acting["call"], json!({"operation": STOP, "input": {"NotebookInstanceName": "Lab"}}));
    assert_eq!(acting["seen"]["status"], "InService");
    assert_eq!(acting["seen"]["verdict"]["reason"], "DirectInternetAccess is \"Enabled\"");
    assert!(text(acting, "/configuration").starts_with('v'));
    assert_eq!((&acting["requestId"], text(done, "/requestId").len()), (&Value::Null, 36));
    world.wait(100);
    world.sweep().await;
    assert_eq!(world.calls(), [STOP], "nothing is stopped twice");
    world.assert_sound();
}

#[tokio::test]
async fn evidence_holds_nothing_but_what_was_judged() {
    let world = World::new(&corrections(
        json!([{"control": "job-network-isolation", "action": "stop", "mode": "act", "graceHours": 0}]),
    ));
    world.add(Thing::training_job("churn"));
    world.sweep().await;
    assert_eq!(world.calls(), ["sagemaker:StopTrainingJob"]);
    let seen = &world.evidence()[1]["seen"];
    assert_eq!(
        seen["description"].as_object().unwrap().keys().collect::<Vec<_>>(),
        ["CreationTime", "LastModifiedTime"]
    );
    world.assert_sound();
}

#[tokio::test]
async fn an_event_that_comes_twice_or_late_changes_nothing() {
    let world = World::new(&stopping());
    let arn = world.add(Thing::notebook("lab"));
    let failed = world.detect(None).await;
    for _ in 0..3 {
        for event in &failed {
            world.hear(event).await.unwrap().unwrap();
        }
    }
    assert_eq!(world.states(), [Marked]);
    world.change(&arn, |thing, _| _ = thing.members.insert("DirectInternetAccess".into(), "Disabled".into()));
    let recovered = world.detect(None).await;
    for event in recovered.iter().chain(&failed) {
        world.hear(event).await.unwrap().unwrap();
    }
    assert_eq!(world.states(), [Marked, Dropped], "an old failure is none");
    world.wait(48);
    world.sweep().await;
    assert_eq!(world.calls(), [""; 0]);
    world.assert_sound();
}

#[tokio::test]
async fn a_failure_that_no_event_told_of_is_marked_by_the_run() {
    let world = World::new(&json!({}));
    world.add(Thing::notebook("lab"));
    world.sweep().await;
    assert_eq!(world.states(), []);
    world.configure(&stopping());
    assert_eq!(world.sweep().await["marked"], 1);
    world.wait(24);
    world.sweep().await;
    assert_eq!(world.states(), [Marked, Done]);
    world.assert_sound();
}

#[tokio::test]
async fn a_dry_run_does_everything_but_the_call_and_acting_needs_a_new_notice() {
    let dry = corrections(json!([{"control": INTERNET, "action": "stop", "mode": "dryRun", "graceHours": 24}]));
    let world = World::new(&dry);
    let arn = world.add(Thing::notebook("lab"));
    world.sweep().await;
    world.wait(24);
    assert_eq!(world.sweep().await["wouldDo"], 1);
    world.wait(24);
    world.sweep().await;
    assert_eq!((world.states(), world.calls()), (vec![Marked, WouldDo], vec![]));
    assert_eq!(text(&world.evidence()[1], "/call/operation"), STOP);
    assert_eq!(world.status(&arn).as_deref(), Some("InService"));
    world.configure(&stopping());
    world.sweep().await;
    world.wait(23);
    world.sweep().await;
    assert_eq!((world.states(), world.calls()), (vec![Marked, WouldDo, Marked], vec![]));
    world.wait(1);
    world.sweep().await;
    assert_eq!(world.calls(), [STOP]);
    world.assert_sound();
}

#[tokio::test]
async fn a_harder_action_needs_a_new_notice_too() {
    let notify = corrections(json!([{"control": INTERNET, "action": "notify", "mode": "act", "graceHours": 24}]));
    let world = World::new(&notify);
    world.add(Thing::notebook("lab"));
    world.sweep().await;
    world.wait(20);
    world.configure(&stopping());
    world.sweep().await;
    world.wait(20);
    world.sweep().await;
    assert_eq!((world.states(), world.calls()), (vec![Marked, Marked], vec![]));
    world.wait(4);
    world.sweep().await;
    assert_eq!(world.calls(), [STOP]);
    world.assert_sound();
}

#[tokio::test]
async fn a_notice_is_all_that_notify_does() {
    let notify = corrections(json!([{"control": INTERNET, "action": "notify", "mode": "act", "graceHours": 1}]));
    let world = World::new(&notify);
    let arn = world.add(Thing::notebook("lab"));
    for _ in 0..4 {
        world.sweep().await;
        world.wait(1);
    }
    assert_eq!((world.states(), world.calls()), (vec![Marked, Done], vec![]));
    assert_eq!(world.status(&arn).as_deref(), Some("InService"));
}

#[tokio::test]
async fn an_exemption_protects_before_and_after_the_mark() {
    let exempt = |expires: &str| {
        let mut configuration = stopping();
        configuration["exemptions"] = json!([{
            "control": INTERNET, "resource": "arn:aws:sagemaker:*:111111111111:notebook-instance/lab*",
            "owner": "ml@example.com", "reason": "driver tests", "expires": expires,
        }]);
        configuration
    };
    let world = World::new(&exempt("2026-11-03"));
    world.add(Thing::notebook("Lab-1"));
    world.sweep().await;
    assert_eq!(world.states(), []);
    // The exemption ends, and the failure is marked; then it is prolonged.
    world.wait(48);
    world.sweep().await;
    assert_eq!(world.states(), [Marked]);
    world.configure(&exempt("2026-12-31"));
    world.wait(24);
    world.sweep().await;
    assert_eq!((world.states(), world.calls()), (vec![Marked, Dropped], vec![]));
    let (_, reason) = &world.changes()[1];
    assert_eq!(reason, "exempt until 2026-12-31: driver tests (ml@example.com)");
    world.assert_sound();
}

#[tokio::test]
async fn too_many_at_once_are_none_at_all() {
    let capped = |resources: u32, percent: u32| {
        let mut configuration = stopping();
        configuration["corrective"]["cap"] = json!({"resources": resources, "percent": percent});
        configuration
    };
    let world = World::new(&capped(2, 100));
    for name in ["a", "b", "c"] {
        world.add(Thing::notebook(name));
    }
    world.sweep().await;
    world.wait(24);
    assert_eq!(world.sweep().await["capped"], 3);
    assert_eq!((world.states(), world.calls()), (vec![Marked, Marked, Marked, Capped], vec![]));
    let (_, reason) = world.changes().pop().unwrap();
    assert!(
        reason.starts_with("3 resources are due, and a run may touch 2: at most 2, and 100 % of the 3"),
        "{reason}"
    );
    assert_eq!(world.decisions().iter().filter(|decision| *decision == "capped").count(), 3);
    world.configure(&capped(3, 50));
    world.sweep().await;
    assert_eq!(world.calls(), [""; 0]);
    world.configure(&capped(3, 100));
    world.sweep().await;
    assert_eq!(world.calls(), [STOP; 3]);
    world.assert_sound();
}

#[tokio::test]
async fn a_dry_run_shows_the_cap_and_does_not_use_it_up() {
    let mut configuration = corrections(json!([
        {"control": INTERNET, "action": "stop", "mode": "dryRun", "graceHours": 0},
        {"control": "job-network-isolation", "action": "stop", "mode": "act", "graceHours": 0},
    ]));
    configuration["corrective"]["cap"] = json!({"resources": 1, "percent": 100});
    let world = World::new(&configuration);
    world.add(Thing::notebook("a"));
    world.add(Thing::notebook("b"));
    world.add(Thing::training_job("churn"));
    let tally = world.sweep().await;
    assert_eq!((&tally["capped"], &tally["wouldDo"], &tally["acted"]), (&json!(2), &json!(0), &json!(1)));
    world.assert_sound();
}

#[tokio::test]
async fn a_configuration_with_faults_stops_everything_and_names_them_all() {
    let world = World::new(&stopping());
    world.add(Thing::notebook("lab"));
    let events = world.detect(None).await;
    let mut faulty = stopping();
    faulty["corrective"]["corrections"][0]["action"] = "delete".into();
    faulty["exemptions"] =
        json!([{"control": "no-such", "resource": "*", "owner": "", "reason": "", "expires": "soon"}]);
    world.configure(&faulty);
    let mut refused = vec![world.act().await.unwrap().unwrap_err()];
    refused.push(world.hear(&events[0]).await.unwrap().unwrap_err());
    for error in refused {
        assert_eq!(error.error_type(), "InvalidConfiguration");
        let message = error.to_string();
        for expected in ["has no action delete", "no-such", "an ARN of SageMaker", "who answers", "why", "the last day"]
        {
            assert!(message.contains(expected), "{expected}: {message}");
        }
    }
    world.configure(&stopping());
    world.sweep().await;
    world.wait(24);
    world.configure(&faulty);
    assert!(world.act().await.unwrap().is_err());
    assert_eq!((world.states(), world.calls()), (vec![Marked], vec![]));
    assert_eq!(world.waiting().await, 1);
    world.assert_sound();
}

#[tokio::test]
async fn what_the_configuration_does_not_name_is_not_touched() {
    let elsewhere = corrections(json!([
        {"control": INTERNET, "accounts": ["222222222222"], "action": "stop", "mode": "act", "graceHours": 0},
    ]));
    let world = World::new(&elsewhere);
    world.add(Thing::notebook("lab"));
    world.sweep().await;
    world.sweep().await;
    assert_eq!(world.states(), []);
    world.configure(&stopping());
    world.sweep().await;
    let mut disabled = stopping();
    disabled["disabled"] = json!([INTERNET]);
    world.configure(&disabled);
    world.wait(24);
    world.act().await.unwrap().unwrap();
    assert_eq!((world.states(), world.calls()), (vec![Marked, Dropped], vec![]));
    // No object at all is a configuration too: one that allows nothing.
    world.configure(&stopping());
    world.wait(1);
    world.sweep().await;
    world.lock().configuration = None;
    world.wait(24);
    world.act().await.unwrap().unwrap();
    assert_eq!(world.states(), [Marked, Dropped, Marked, Dropped], "{:?}", world.changes());
    assert_eq!(world.calls(), [""; 0]);
}

#[tokio::test]
async fn another_resource_of_the_name_is_another_resource() {
    let world = World::new(&stopping());
    world.add(Thing::notebook("lab"));
    world.sweep().await;
    world.wait(23);
    world.add(Thing::notebook("lab"));
    world.wait(1);
    world.act().await.unwrap().unwrap();
    assert_eq!((world.states(), world.calls()), (vec![Marked, Dropped], vec![]));
    assert!(world.changes()[1].1.starts_with("another one of its name was made"));
    world.sweep().await;
    world.wait(24);
    world.sweep().await;
    assert_eq!((world.states(), world.calls()), (vec![Marked, Dropped, Marked, Done], vec![STOP]));
    world.assert_sound();
}

#[tokio::test]
async fn what_nobody_knows_is_left_alone_and_looked_at_again() {
    let world = World::new(&stopping());
    let arn = world.add(Thing::notebook("lab"));
    world.sweep().await;
    world.wait(24);
    world.change(&arn, |thing, _| _ = thing.members.remove("DirectInternetAccess"));
    world.sweep().await;
    assert_eq!((world.states(), world.waiting().await), (vec![Marked], 1));
    assert_eq!(world.decisions(), ["marked", "waiting"]);
    assert!(text(&world.evidence()[1], "/reason").starts_with("nobody knows whether it fails"));
    world.change(&arn, |thing, _| _ = thing.members.insert("DirectInternetAccess".into(), "Enabled".into()));
    world.sweep().await;
    assert_eq!(world.calls(), [STOP]);
    world.assert_sound();
}

#[tokio::test]
async fn what_has_stopped_by_itself_is_not_stopped_until_it_runs_again() {
    let world = World::new(&stopping());
    let arn = world.add(Thing::notebook("lab"));
    world.sweep().await;
    world.change(&arn, |thing, now| thing.enter("Updating", now));
    world.lock().now = "2026-11-03T09:00:00Z".parse().unwrap();
    world.sweep().await;
    assert_eq!(world.decisions(), ["marked", "waiting"], "between two states");
    world.wait(1);
    world.sweep().await;
    world.wait(1);
    world.sweep().await;
    assert_eq!(world.states(), [Marked, Dropped]);
    world.change(&arn, |thing, now| thing.enter("InService", now));
    world.wait(1);
    world.sweep().await;
    assert_eq!(world.states(), [Marked, Dropped, Marked], "with the whole grace");
    world.wait(24);
    world.sweep().await;
    assert_eq!(world.calls(), [STOP]);
    // And again, once somebody starts what was stopped.
    world.wait(1);
    world.change(&arn, |thing, now| thing.enter("InService", now));
    world.wait(1);
    world.sweep().await;
    assert_eq!(world.states(), [Marked, Dropped, Marked, Done, Marked]);
    world.assert_sound();
}

#[tokio::test]
async fn what_the_function_did_itself_is_no_reason_to_do_more() {
    for actor in [
        OWN,
        "arn:aws:iam::222222222222:role/mlops-controls",
        "arn:aws:sts::111111111111:assumed-role/mlops-CorrectiveControlsRole-X/x",
    ] {
        let world = World::new(&stopping());
        world.add(Thing::notebook("lab"));
        for event in world.detect(Some(actor)).await {
            let answer = world.hear(&event).await.unwrap().unwrap();
            assert_eq!(answer["outcome"], "nothing", "{actor}: {answer}");
        }
        world.act().await.unwrap().unwrap();
        assert_eq!(world.states(), [], "{actor}");
        // But it is one that it still fails when somebody else looks.
        world.wait(6);
        world.sweep().await;
        assert_eq!(world.states(), [Marked], "{actor}");
    }
    for other in [
        "arn:aws:iam::111111111111:role/Execution as mlops-controls",
        "arn:aws:iam::111111111111:user/mlops-controls",
        "",
    ] {
        let world = World::new(&stopping());
        world.add(Thing::notebook("lab"));
        for event in world.detect(Some(other)).await {
            world.hear(&event).await.unwrap().unwrap();
        }
        assert_eq!(world.states(), [Marked], "{other}");
    }
}
