//! 4096 bytes are the limit of an answer, measured as they are sent.

use serde_json::json;

use crate::stage::{Event, Handed, PHYSICAL_ID, Setting, Stage};

const LIMIT: usize = 4096;

async fn with_value(stage: &mut Stage, size: usize, fill: &str) -> Handed {
    stage.hand(&Event::create(json!({"Size": size.to_string(), "Fill": fill}))).await
}

#[tokio::test]
async fn r33_r34_an_answer_of_4096_bytes_is_sent_and_one_of_4097_fails_with_its_id() {
    let mut stage = Stage::set(Setting::default()).await;
    for fill in ["a", "😀", "ü"] {
        let empty = with_value(&mut stage, 0, fill).await;
        empty.one_answer();
        let room = LIMIT - empty.deliveries[0].request.body.len();

        let full = with_value(&mut stage, room, fill).await;
        let answer = full.one_answer();
        assert_eq!(full.deliveries[0].request.body.len(), LIMIT);
        assert_eq!(answer["Status"], "SUCCESS");
        assert_eq!(answer["Data"]["Value"].as_str().map(str::len), Some(room));

        let answer = with_value(&mut stage, room + 1, fill).await.one_answer();
        assert_eq!(answer["Status"], "FAILED");
        assert_eq!(answer["PhysicalResourceId"], PHYSICAL_ID, "the resource exists, and must be deleted by its id");
        assert!(answer["Reason"].as_str().unwrap().contains("Value"), "R34: {answer}");
        assert_eq!(answer.get("Data"), None);
    }
    stage.end().await;
}

#[tokio::test]
async fn r33_control_characters_count_as_they_are_sent() {
    let mut stage = Stage::set(Setting::default()).await;
    // 700 bytes in memory, 4200 in JSON.
    let answer = with_value(&mut stage, 700, "\u{1}").await.one_answer();
    assert_eq!(answer["Status"], "FAILED", "{answer}");
    let answer = with_value(&mut stage, 500, "\u{1}").await.one_answer();
    assert_eq!(answer["Data"]["Value"], "\u{1}".repeat(500));
    stage.end().await;
}

#[tokio::test]
async fn r33_r34_a_hostile_reason_keeps_its_head_and_tail_within_the_limit() {
    let mut stage = Stage::set(Setting::default()).await;
    for part in ["\"", "\\", "\u{0}", "\u{1b}[31m", "\n", "😀", "ü", "\u{2028}", "'; DROP TABLE", "\u{202e}", "{}"] {
        for length in [1, 100, 5_000, 200_000] {
            let reason = format!("HEAD{}TAIL", part.repeat(length / part.len() + 1));
            let event = Event::create(json!({"OnCreate": "Fail", "Reason": reason}));
            let answer = stage.hand(&event).await.one_answer();
            let told = answer["Reason"].as_str().unwrap();
            assert_eq!(answer["Status"], "FAILED");
            assert!(told.contains("HEAD") && told.contains("TAIL"), "{part:?} x {length}: {told}");
            assert!(told.lines().count() <= 5, "R35: {told}");
        }
    }
    stage.end().await;
}

#[tokio::test]
async fn r34_r35_a_shortened_reason_still_says_where_the_logs_are() {
    let mut stage = Stage::set(Setting::default()).await;
    let event = Event::create(json!({"OnCreate": "Fail", "Reason": "x".repeat(10_000)}));
    let handed = stage.hand(&event).await;
    let answer = handed.one_answer();
    let reason = answer["Reason"].as_str().unwrap();
    for needed in ["/aws/lambda/scripted-resource", handed.invocation.request_id.as_str()] {
        assert!(reason.contains(needed), "{needed} is not in {reason}");
    }
    stage.end().await;
}

#[tokio::test]
async fn r33_a_field_too_long_to_be_repeated_is_still_answered() {
    let mut stage = Stage::set(Setting::default()).await;
    for event in Event::each_kind(&json!({})) {
        for field in ["LogicalResourceId", "RequestId", "StackId", "PhysicalResourceId", "RequestType"] {
            for text in ["x".repeat(3_000), "\u{1}".repeat(900), "😀".repeat(100_000)] {
                if (event.request_type(), field) == ("Create", "PhysicalResourceId") {
                    continue;
                }
                let handed = stage.hand(&event.clone().with(field, text)).await;
                // What CloudFormation would make of it cannot be known; it must fit and name the field.
                let answer = handed.deliveries[0].answer().unwrap();
                handed.assert_attempts();
                assert_eq!((handed.deliveries.len(), answer["Status"].as_str()), (1, Some("FAILED")), "{answer}");
                assert!(answer["Reason"].as_str().unwrap().contains(field), "{answer}");
            }
        }
    }
    stage.end().await;
}
