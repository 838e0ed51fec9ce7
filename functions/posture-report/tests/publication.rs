//! What is written, in which order, and what comes of a task that is delivered again, too late, or in vain.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on should say where")]

mod world;

use serde_json::json;
use world::{INTERNET, SWEEP, World, at, fail, home, notebook, swept};

const NEXT: &str = "2026-02-01T12:00:00.000Z";

#[tokio::test]
async fn a_task_that_was_cut_off_ends_the_same() {
    let [whole, first] = [World::default(), World::default()];
    let mut keys = Vec::new();
    for world in [&whole, &first] {
        world.put(&home(), &notebook(&home(), "lab", &[(INTERNET, fail("x"))])).await;
        world.sweep(SWEEP, &[home()]).await;
        keys = world.bucket.writes();
    }
    let base = "posture/2026-01-31T12:00:00.000Z";
    let expected = [&format!("{base}.json"), &format!("{base}.html"), "posture/latest.json", "posture/latest.html"];
    assert_eq!(keys, expected, "latest last");
    whole.sweep(NEXT, &[home()]).await;
    for cut in 0..4 {
        let world = World::default();
        world.put(&home(), &notebook(&home(), "lab", &[(INTERNET, fail("x"))])).await;
        world.put(&home(), &swept(&home(), NEXT)).await;
        world.sweep(SWEEP, &[home()]).await;
        *world.bucket.cut_at.lock().unwrap() = Some(4 + cut);
        let task = json!({"sweep": NEXT, "scopes": [home()]});
        let error = world.task(task.clone()).await.unwrap_err();
        assert_eq!(error.error_type(), "RetryableAwsError");
        *world.bucket.cut_at.lock().unwrap() = None;
        if cut > 0 {
            // What happens between the deliveries belongs to the next report.
            world.put(&home(), &notebook(&home(), "made since", &[(INTERNET, fail("x"))])).await;
        }
        let answers = [world.task(task.clone()).await.unwrap(), world.task(task).await.unwrap()];
        assert_eq!(answers[0], answers[1]);
        assert_eq!(world.bucket.all(), whole.bucket.all(), "cut at {cut}");
    }
}

#[tokio::test]
async fn of_two_deliveries_at_once_the_first_one_to_write_counts() {
    let world = World::default();
    world.sweep(SWEEP, &[home()]).await;
    let theirs =
        world.bucket.text("posture/2026-01-31T12:00:00.000Z.json").replace("\"resources\":0", "\"resources\":41");
    world.bucket.remove("posture/2026-01-31T12:00:00.000Z.json");
    let overtaken = ("posture/2026-01-31T12:00:00.000Z.json".to_owned(), theirs.clone().into_bytes());
    *world.bucket.overtaken_by.lock().unwrap() = Some(overtaken);
    world.task(json!({"sweep": SWEEP, "scopes": [home()]})).await.unwrap();
    assert_eq!(world.bucket.text("posture/latest.json"), theirs);
    assert!(world.bucket.text("posture/latest.html").contains("41 resources"));
}

#[tokio::test]
async fn an_older_sweep_does_not_become_the_latest() {
    let world = World::default();
    world.sweep(NEXT, &[home()]).await;
    let report = world.sweep(SWEEP, &[home()]).await;
    assert_eq!(report.no_trend.as_deref(), Some("posture/latest.json is not of an earlier sweep"));
    assert_eq!(world.bucket.report("posture/latest.json").sweep, at(NEXT));
    assert!(world.bucket.text("posture/latest.html").contains("2026-02-01 12:00"));
}

#[tokio::test]
async fn an_earlier_report_that_cannot_be_read_is_said_and_replaced() {
    for (broken, expected) in [("x", "cannot be read: expected value"), ("{\"sweep\": 1}", "cannot be read: ")] {
        let world = World::default();
        world.bucket.set("posture/latest.json", broken);
        let report = world.sweep(SWEEP, &[home()]).await;
        assert!(report.no_trend.as_deref().unwrap().contains(expected), "{:?}", report.no_trend);
        assert_eq!(world.bucket.report("posture/latest.json"), report);
    }
    let world = World::default();
    world.sweep(SWEEP, &[home()]).await;
    let newer = world.bucket.text("posture/latest.json").replace("\"version\":1", "\"version\":2");
    world.bucket.set("posture/latest.json", newer);
    let report = world.sweep(NEXT, &[home()]).await;
    assert_eq!(report.no_trend.as_deref(), Some("posture/latest.json cannot be read: it is of version 2"));
}

#[tokio::test]
async fn what_a_report_cannot_do_without_stops_it() {
    let world = World::default();
    let task = json!({"sweep": SWEEP, "scopes": [home()]});
    world.configure(&json!({"exemptions": [{"control": "none"}], "disabled": "x"}));
    let error = world.task(task.clone()).await.unwrap_err();
    assert_eq!(error.error_type(), "InvalidControlsConfiguration");
    let message = error.to_string();
    assert!(
        message.starts_with("configuration.json cannot be used: ") && message.matches("\n- ").count() > 2,
        "{message}"
    );
    world.configure(&json!({}));
    world.bucket.set("posture/2026-01-31T12:00:00.000Z.json", "{}");
    assert_eq!(world.task(task.clone()).await.unwrap_err().error_type(), "UnreadableReport");
    world.bucket.remove("posture/2026-01-31T12:00:00.000Z.json");
    world.records.overwrite(&home(), "resource/x", "{}");
    assert_eq!(world.task(task).await.unwrap_err().error_type(), "UnreadableRecord");
    for bad in [
        json!({"sweep": SWEEP, "scopes": []}),
        json!({"sweep": "today", "scopes": [home()]}),
        json!({}),
        json!({"sweep": SWEEP, "scopes": [{"account": "1", "region": "x"}]}),
    ] {
        assert_eq!(world.task(bad).await.unwrap_err().error_type(), "InvalidInput");
    }
    assert!(world.bucket.writes().is_empty(), "{:?}", world.bucket.writes());
}

#[tokio::test]
async fn what_a_service_refuses_is_worth_another_try() {
    let world = World::default();
    let refusal = aws_ports::AwsError::answered("dynamodb:Query", "ThrottlingException", "slow down");
    world.records.fail(vec![refusal]);
    let error = world.task(json!({"sweep": SWEEP, "scopes": [home()]})).await.unwrap_err();
    assert_eq!(error.error_type(), "RetryableAwsError");
}
