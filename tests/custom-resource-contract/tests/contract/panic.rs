//! A panic is a failure like any other.

use serde_json::json;

use crate::stage::{Event, PHYSICAL_ID, Setting, Stage, calls};

#[tokio::test]
async fn r04_a_panic_in_each_method_is_answered_and_the_process_lives_on() {
    let panics =
        json!({"OnCreate": "Panic", "OnUpdate": "Panic", "OnDelete": "Panic", "Reason": "index out of bounds"});
    let mut stage = Stage::set(Setting::default()).await;
    for event in Event::each_kind(&panics) {
        let answer = stage.hand(&event).await.one_answer();
        assert_eq!(answer["Status"], "FAILED", "{answer}");
        assert!(answer["Reason"].as_str().unwrap().contains("panic"), "{answer}");
        if event.request_type() != "Create" {
            assert_eq!(answer["PhysicalResourceId"], PHYSICAL_ID, "R15");
        }
        let answer = stage.hand(&Event::update(json!({}), json!({}))).await.one_answer();
        assert_eq!(answer["Status"], "SUCCESS");
    }
    let ended = stage.end().await;
    assert_eq!(calls(&ended.log).len(), 6);
}
