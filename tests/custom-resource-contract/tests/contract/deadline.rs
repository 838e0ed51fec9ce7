//! CloudFormation hears of it before Lambda ends the process.

use std::time::Duration;

use serde_json::{Value, json};

use crate::stage::{Event, PHYSICAL_ID, Setting, Stage};

const TIMEOUT: Duration = Duration::from_secs(3);

#[tokio::test]
async fn r05_r08_a_method_that_holds_its_thread_is_answered_before_the_deadline() {
    let blocks = json!({"OnCreate": "Block", "OnUpdate": "Block", "OnDelete": "Block"});
    let [create, update, delete] = Event::each_kind(&blocks);
    // Side by side: each takes its whole time.
    tokio::join!(assert_out_of_time(&create), assert_out_of_time(&update), assert_out_of_time(&delete));
}

#[tokio::test]
async fn r08_a_method_that_finishes_just_after_its_time_is_not_answered_twice() {
    let late = json!({"OnCreate": "FinishAround", "OnUpdate": "FinishAround", "OnDelete": "FinishAround", "OffsetMilliseconds": "60"});
    let [create, update, delete] = Event::each_kind(&late);
    tokio::join!(assert_out_of_time(&create), assert_out_of_time(&update), assert_out_of_time(&delete));
}

async fn assert_out_of_time(event: &Event) {
    let mut stage = Stage::set(Setting::timeout(TIMEOUT)).await;
    let answer = stage.hand(event).await.one_answer();
    assert_eq!(answer["Status"], "FAILED", "{answer}");
    let reason = answer["Reason"].as_str().unwrap();
    assert!(reason.contains(&event.request_type().to_lowercase()), "R8: the reason does not say what ran: {reason}");
    if event.request_type() != "Create" {
        assert_eq!(answer["PhysicalResourceId"], PHYSICAL_ID, "R15");
    }
    // Past the time at which the abandoned work ends.
    stage.process.idle(Duration::from_secs(2)).await;
    stage.end().await;
}

#[tokio::test]
async fn r08_finishing_about_when_the_time_is_up_gives_one_answer_either_way() {
    let around = |offset: i64| async move {
        let mut stage = Stage::set(Setting::timeout(TIMEOUT)).await;
        let properties = json!({"OnCreate": "FinishAround", "OffsetMilliseconds": offset.to_string()});
        let answer = stage.hand(&Event::create(properties)).await.one_answer();
        stage.end().await;
        answer["Status"].clone()
    };
    let (before, _, _, _) = tokio::join!(around(-700), around(-10), around(0), around(10));
    assert_eq!(before, Value::from("SUCCESS"));
}

#[tokio::test]
async fn r07_a_service_timeout_shorter_than_the_functions_is_kept() {
    let late = Event::create(json!({"OnCreate": "FinishAround", "OffsetMilliseconds": "60000"}));
    let mut stage = Stage::set(Setting::timeout(Duration::from_secs(60))).await;
    let handed = stage.hand(&late.with("ServiceTimeout", "5")).await;
    assert_eq!(handed.one_answer()["Status"], "FAILED");
    assert!(handed.invocation.duration < Duration::from_secs(5), "{:?}", handed.invocation.duration);
    stage.end().await;
}
