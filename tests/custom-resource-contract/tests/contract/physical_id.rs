//! Which id an answer carries, and what a Delete of each kind of id does.

use serde_json::json;

use crate::stage::{Event, PHYSICAL_ID, Setting, Stage, answer_to, calls};

#[tokio::test]
async fn r15_r17_ids_are_deterministic_and_say_what_they_are() {
    for _ in 0..2 {
        let (answer, _) = answer_to(Setting::default(), Event::create(json!({"Size": "3"}))).await;
        assert_eq!(answer["PhysicalResourceId"], PHYSICAL_ID);
        assert_eq!(answer["Data"], json!({"Value": "aaa"}));
    }
}

#[tokio::test]
async fn r15_an_update_keeps_the_id_whether_it_succeeds_or_fails() {
    for step in ["Succeed", "Fail", "FailHalfMade"] {
        let event = Event::update(json!({"OnUpdate": step}), json!({}));
        assert_eq!(answer_to(Setting::default(), event).await.0["PhysicalResourceId"], PHYSICAL_ID, "{step}");
    }
}

#[tokio::test]
async fn r18_r22_a_property_that_forces_replacement_creates_another_resource() {
    let event = Event::update(json!({"ReplaceWhen": "blue"}), json!({"ReplaceWhen": "green"}))
        .with("PhysicalResourceId", format!("{PHYSICAL_ID}/green"));
    let (answer, ended) = answer_to(Setting::default(), event).await;
    assert_eq!(answer["PhysicalResourceId"], format!("{PHYSICAL_ID}/blue"));
    let calls = calls(&ended.log);
    assert_eq!(calls.len(), 1, "{calls:?}");
    assert!(calls[0].to_string().contains("create"), "{calls:?}");
}

#[tokio::test]
async fn r19_the_marker_of_a_failed_create_is_deleted_without_a_call() {
    let mut stage = Stage::set(Setting::default()).await;
    let failed = stage.hand(&Event::create(json!({"OnCreate": "Fail"}))).await.one_answer();
    assert_eq!(failed["Status"], "FAILED");
    let marker = failed["PhysicalResourceId"].clone();
    assert_ne!(marker, PHYSICAL_ID);
    for properties in [json!({"OnDelete": "Fail"}), json!({"Size": "many"})] {
        let delete = Event::delete(properties).with("PhysicalResourceId", marker.clone());
        assert_eq!(stage.hand(&delete).await.one_answer()["Status"], "SUCCESS");
    }
    let calls = calls(&stage.end().await.log);
    assert_eq!(calls.len(), 1, "the marker's Delete was passed on: {calls:?}");
}

#[tokio::test]
async fn r19_a_create_refused_for_its_properties_made_nothing() {
    let (answer, _) = answer_to(Setting::default(), Event::create(json!({"Size": "many"}))).await;
    assert_eq!(answer["PhysicalResourceId"], "scripted-resource!failed-create");
}

/// Nobody knows how far it came.
#[tokio::test]
async fn r19_a_create_that_panicked_is_deleted_by_its_own_id() {
    let mut stage = Stage::set(Setting::default()).await;
    let failed = stage.hand(&Event::create(json!({"OnCreate": "Panic"}))).await.one_answer();
    assert_eq!(failed["PhysicalResourceId"], PHYSICAL_ID);
    assert_eq!(stage.hand(&Event::delete(json!({}))).await.one_answer()["Status"], "SUCCESS");
    assert_eq!(calls(&stage.end().await.log).len(), 2);
}

#[tokio::test]
async fn r19_a_half_made_create_is_deleted_by_its_own_id() {
    let mut stage = Stage::set(Setting::default()).await;
    let failed = stage.hand(&Event::create(json!({"OnCreate": "FailHalfMade"}))).await.one_answer();
    assert_eq!((failed["Status"].as_str(), failed["PhysicalResourceId"].as_str()), (Some("FAILED"), Some(PHYSICAL_ID)));
    assert_eq!(stage.hand(&Event::delete(json!({}))).await.one_answer()["Status"], "SUCCESS");
    assert_eq!(calls(&stage.end().await.log).len(), 2);
}

#[tokio::test]
async fn r20_an_invented_id_is_deleted_under_the_id_the_properties_give() {
    for invented in ["platform-Scripted-1ABCDEFGHIJKL", "2026/01/01/[$LATEST]0123", "another-kind/platform/x/Scripted"]
    {
        let event = Event::delete(json!({"ReplaceWhen": "blue"})).with("PhysicalResourceId", invented);
        let (answer, ended) = answer_to(Setting::default(), event).await;
        assert_eq!(answer["Status"], "SUCCESS", "{answer}");
        let calls = calls(&ended.log);
        assert_eq!(calls.len(), 1, "{calls:?}");
        assert!(calls[0].to_string().contains(&format!("{PHYSICAL_ID}/blue")), "{calls:?}");
    }
}

#[tokio::test]
async fn r20_an_invented_id_with_unreadable_properties_deletes_nothing() {
    let event = Event::delete(json!({"Size": "many"})).with("PhysicalResourceId", "platform-Scripted-1ABCDEFGHIJKL");
    let (answer, ended) = answer_to(Setting::default(), event).await;
    assert_eq!(answer["Status"], "SUCCESS", "{answer}");
    assert!(calls(&ended.log).is_empty());
}

#[tokio::test]
async fn r26_an_id_of_ours_is_deleted_though_its_properties_cannot_be_read() {
    for properties in [json!({"Size": "many"}), json!("text"), json!([]), json!(null)] {
        let (answer, ended) = answer_to(Setting::default(), Event::delete(properties)).await;
        assert_eq!(answer["Status"], "SUCCESS", "{answer}");
        assert_eq!(calls(&ended.log).len(), 1);
    }
}
