//! Whatever is wrong with the request, it is answered, as long as there is somewhere to answer.

use serde_json::{Value, json};

use crate::stage::{Event, LOGICAL_ID, PHYSICAL_ID, REQUEST_ID, STACK_ID, Setting, Stage, answer_to};

/// What is done to a field: None takes it out.
fn damages() -> [Option<Value>; 6] {
    [None, Some(Value::Null), Some(json!(7)), Some(json!([])), Some(json!(["x"])), Some(json!(""))]
}

fn damaged(event: &Event, field: &str, damage: Option<Value>) -> Event {
    match damage {
        Some(value) => event.clone().with(field, value),
        None => event.clone().without(field),
    }
}

/// Whether the request cannot be carried out without the field. A Delete must not depend on properties (R26).
fn fails(request_type: &str, field: &str, damage: Option<&Value>) -> bool {
    match field {
        "RequestType" | "StackId" | "RequestId" | "LogicalResourceId" | "ResourceType" => damage != Some(&json!("x")),
        "PhysicalResourceId" => damage != Some(&json!("x")),
        "ResourceProperties" => request_type != "Delete",
        "ServiceTimeout" => request_type != "Delete" && !(damage.is_none() || damage == Some(&json!(7))),
        // What nobody needs to read: an old schema, an address that is the function's own.
        _ => false,
    }
}

#[tokio::test]
async fn r01_r03_r32_each_field_damaged_in_turn_is_answered_once() {
    let mut stage = Stage::set(Setting::default()).await;
    for event in Event::each_kind(&json!({})) {
        for field in event.field_names() {
            if field == "ResponseURL" {
                continue;
            }
            for damage in damages() {
                let shown = format!("{} with {field} {damage:?}", event.request_type());
                let fails = fails(event.request_type(), &field, damage.as_ref());
                let answer = stage.hand(&damaged(&event, &field, damage)).await.one_answer();
                assert_eq!(answer["Status"], if fails { "FAILED" } else { "SUCCESS" }, "{shown}: {answer}");
                let reason = answer["Reason"].as_str().unwrap_or_default();
                assert!(!fails || reason.contains(&field), "{shown}: the reason does not name it: {reason}");
                // The next request must not inherit anything of the damaged one.
                let answer = stage.hand(&event).await.one_answer();
                assert_eq!(answer["Status"], "SUCCESS", "after {shown}: {answer}");
                assert_eq!(answer["StackId"], STACK_ID);
                assert_eq!(answer["RequestId"], REQUEST_ID);
                assert_eq!(answer["LogicalResourceId"], LOGICAL_ID);
                assert_eq!(answer["PhysicalResourceId"], PHYSICAL_ID);
            }
        }
    }
    stage.end().await;
}

#[tokio::test]
async fn r03_without_a_usable_url_there_is_silence_and_no_second_run() {
    let mut stage = Stage::set(Setting::default()).await;
    for event in Event::each_kind(&json!({})) {
        for damage in damages() {
            stage.hand(&damaged(&event, "ResponseURL", damage)).await.silence();
        }
    }
    let ended = stage.end().await;
    assert!(ended.log.iter().filter(|line| line.contains("ERROR")).count() >= 18, "{:#?}", ended.log);
}

#[tokio::test]
async fn r03_what_is_no_request_at_all_does_not_end_the_process() {
    let mut stage = Stage::set(Setting::default()).await;
    for event in
        [json!(null), json!([]), json!("Create"), json!(7), json!({}), json!({"detail-type": "Scheduled Event"})]
    {
        stage.hand_raw(event).await.silence();
    }
    assert_eq!(stage.hand(&Event::create(json!({}))).await.one_answer()["Status"], "SUCCESS");
    stage.end().await;
}

#[tokio::test]
async fn r01_an_unknown_request_type_is_answered() {
    for unknown in ["Import", "create", "CREATE", " Create", "Create\u{0}", "💥"] {
        let event = Event::create(json!({})).with("RequestType", unknown);
        let (answer, _) = answer_to(Setting::default(), event).await;
        assert_eq!(answer["Status"], "FAILED", "{unknown}");
        assert!(answer["Reason"].as_str().unwrap().contains("RequestType"), "{answer}");
    }
}

#[tokio::test]
async fn r01_all_faults_of_the_properties_are_told_at_once() {
    let properties =
        json!({"OnCreate": "Explode", "Size": "many", "OnCraete": "Succeed", "Turns": ["1"], "Fill": {"a": "b"}});
    let (answer, _) = answer_to(Setting::default(), Event::create(properties)).await;
    assert_eq!(answer["Status"], "FAILED");
    let reason = answer["Reason"].as_str().unwrap();
    for named in ["OnCreate", "Size", "OnCraete", "Turns", "Fill"] {
        assert!(reason.contains(named), "{named} is not named: {reason}");
    }
}

#[tokio::test]
async fn r24_old_properties_of_another_age_do_not_fail_an_update() {
    for old in [json!({"Removed": "long ago"}), json!({"Size": "many"}), json!("text"), json!([1])] {
        let (answer, ended) = answer_to(Setting::default(), Event::update(json!({"Size": "1"}), old)).await;
        assert_eq!(answer["Status"], "SUCCESS", "{answer}");
        assert!(ended.log.iter().any(|line| line.contains("the old properties were given")));
    }
}

#[tokio::test]
async fn r40_a_url_that_is_not_of_the_bucket_is_not_answered() {
    let urls = [
        "http://cloudformation-custom-resource-response-eucentral1.s3.amazonaws.com/a?b=c",
        "https://example.com/a?b=c",
        "https://s3.amazonaws.com.example.com/a",
        "ftp://127.0.0.1/a",
        "file:///etc/passwd",
        "https://user@s3.eu-central-1.amazonaws.com:8443@127.0.0.1/a",
        "not a url",
    ];
    let mut stage = Stage::set(Setting::default()).await;
    for url in urls {
        stage.hand(&Event::create(json!({})).with("ResponseURL", url)).await.silence();
    }
    stage.end().await;
}

#[tokio::test]
async fn r40_loopback_is_refused_unless_it_is_allowed() {
    for allow in ["0", "", "true"] {
        let mut stage = Stage::set(Setting::default().env("CUSTOM_RESOURCE_ALLOW_LOOPBACK", allow)).await;
        stage.hand(&Event::create(json!({}))).await.silence();
        stage.end().await;
    }
}
