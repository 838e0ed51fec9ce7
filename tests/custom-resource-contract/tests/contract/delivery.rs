//! How the answer gets to its bucket, and what becomes of it when the bucket does not take it.

use std::time::Duration;

use lambda_process::{Behaviour, Outcome};
use serde_json::{Value, json};

use crate::stage::{Event, Handed, Setting, Stage};

async fn handed(setting: Setting) -> Handed {
    let mut stage = Stage::set(setting).await;
    let handed = stage.hand(&Event::create(json!({"Size": "10"}))).await;
    stage.end().await;
    handed
}

/// Attempts that must each be repeated with the same bytes until the bucket takes them.
async fn assert_repeated(refusals: &[Behaviour]) {
    let script = refusals.iter().copied().chain([Behaviour::Status(200)]);
    let handed = handed(Setting::bucket(script)).await;
    assert_eq!(handed.one_answer()["Status"], "SUCCESS");
    assert_eq!(handed.deliveries.len(), refusals.len() + 1);
}

#[tokio::test]
async fn r13_a_server_error_is_tried_again() {
    assert_repeated(&[Behaviour::Status(500), Behaviour::Status(503)]).await;
    assert_repeated(&[Behaviour::Status(429), Behaviour::Status(408)]).await;
}

#[tokio::test]
async fn r13_r14_a_reset_connection_is_tried_again_with_the_same_bytes() {
    assert_repeated(&[Behaviour::Reset, Behaviour::Reset]).await;
}

#[tokio::test]
async fn r09_an_attempt_that_is_never_answered_is_given_up_and_tried_again() {
    assert_repeated(&[Behaviour::Silence]).await;
}

#[tokio::test]
async fn r06_r13_a_bucket_that_fails_for_ever_asks_lambda_for_another_run() {
    let mut setting = Setting::bucket([Behaviour::Status(503)]);
    setting.timeout = Duration::from_secs(6);
    let handed = handed(setting).await;
    assert!(handed.deliveries.len() > 2, "{} attempts", handed.deliveries.len());
    assert_undelivered(&handed);
}

#[tokio::test]
async fn r06_r09_a_bucket_that_never_answers_asks_lambda_for_another_run() {
    let mut setting = Setting::bucket([Behaviour::Silence]);
    setting.timeout = Duration::from_secs(6);
    assert_undelivered(&handed(setting).await);
}

#[tokio::test]
async fn r06_r13_a_signature_that_is_refused_is_final() {
    let handed = handed(Setting::bucket([Behaviour::Status(403)])).await;
    assert_eq!(handed.deliveries.len(), 1, "R13: a refused signature does not get better");
    assert_undelivered(&handed);
    assert!(handed.invocation.duration < Duration::from_secs(2), "{:?}", handed.invocation.duration);
}

/// Undelivered is an error, within the deadline, so that Lambda runs the event again.
fn assert_undelivered(handed: &Handed) {
    handed.assert_attempts();
    let Outcome::Error { body, .. } = &handed.invocation.outcome else { panic!("R6: {:?}", handed.invocation.outcome) };
    let error: Value = serde_json::from_slice(body).unwrap();
    let url = handed.event["ResponseURL"].as_str().unwrap();
    let (_, query) = url.split_once('?').unwrap();
    assert!(!error.to_string().contains(query), "R38: {error}");
}

#[tokio::test]
async fn r06_the_run_after_an_undelivered_answer_gives_the_same_answer() {
    let mut stage = Stage::set(Setting::bucket([Behaviour::Status(403), Behaviour::Status(200)])).await;
    let event = Event::create(json!({"Size": "10"}));
    let first = stage.hand(&event).await;
    assert_undelivered(&first);
    let second = stage.hand(&event).await;
    assert_eq!(second.one_answer(), first.deliveries[0].answer().unwrap());
    stage.end().await;
}

#[tokio::test]
async fn r09_a_slow_bucket_is_waited_for() {
    let handed = handed(Setting::bucket([Behaviour::Slow(Duration::from_millis(800))])).await;
    assert_eq!(handed.one_answer()["Status"], "SUCCESS");
    assert_eq!(handed.deliveries.len(), 1);
}
