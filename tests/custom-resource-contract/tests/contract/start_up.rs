//! A function that cannot start still answers.

use std::time::Duration;

use serde_json::json;

use crate::stage::{Event, Setting, Stage, calls};

async fn assert_failed_start(setting: Setting, named: &str) {
    let mut stage = Stage::set(setting).await;
    let [create, update, delete] = Event::each_kind(&json!({}));
    for event in [create, update, delete] {
        let answer = stage.hand(&event).await.one_answer();
        assert_eq!(answer["Status"], "FAILED", "{answer}");
        assert!(answer["Reason"].as_str().unwrap().contains(named), "{answer}");
    }
    let ended = stage.end().await;
    assert!(calls(&ended.log).is_empty());
}

#[tokio::test]
async fn r02_a_start_that_fails_is_answered_on_every_event() {
    assert_failed_start(Setting::default().env("START_UP", "fail"), "cannot read the configuration").await;
}

#[tokio::test]
async fn r02_a_start_that_panics_is_answered_on_every_event() {
    assert_failed_start(Setting::default().env("START_UP", "panic"), "start").await;
}

#[tokio::test]
async fn r02_a_start_that_hangs_is_answered_before_the_deadline() {
    assert_failed_start(Setting::timeout(Duration::from_secs(2)).env("START_UP", "hang"), "start").await;
}
