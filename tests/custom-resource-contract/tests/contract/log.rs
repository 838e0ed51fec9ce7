//! What the log tells, and what it must never hold.

use lambda_process::Behaviour;
use serde_json::json;

use crate::stage::{Event, Setting, Stage};

/// Every level and every way out. `Stage::end` looks for the signature.
async fn run_all_ways(variables: &[(&'static str, &str)]) -> Vec<String> {
    let bucket = [Behaviour::Status(500), Behaviour::Reset, Behaviour::Status(200)];
    let mut setting = Setting::bucket(bucket);
    for (name, value) in variables {
        setting = setting.env(name, *value);
    }
    let mut stage = Stage::set(setting).await;
    for step in ["Succeed", "Fail", "Panic", "Unfinished"] {
        let properties = json!({"OnCreate": step, "OnUpdate": step, "OnDelete": step});
        for event in Event::each_kind(&properties) {
            stage.hand(&event).await.one_answer();
        }
    }
    let broken = stage.hand(&Event::create(json!({"Size": "many"})).with("RequestType", 7)).await;
    broken.one_answer();
    let url = stage.sink.url("stack", "Scripted", "request");
    stage.hand(&Event::create(json!({})).with("ResponseURL", url.replace("http://", "gopher://"))).await.silence();
    stage.hand(&Event::create(json!({})).with("ResponseURL", json!({"nested": url}))).await.silence();
    stage.end().await.log
}

#[tokio::test]
async fn r38_traces_never_hold_a_signature() {
    let trace = [("AWS_LAMBDA_LOG_LEVEL", "TRACE"), ("RUST_LOG", "trace")];
    let log = run_all_ways(&trace).await;
    assert!(log.iter().any(|line| line.contains("the script was read")), "the log is not at TRACE: {log:#?}");
}

#[tokio::test]
async fn r38_an_undelivered_answer_does_not_leak_its_address() {
    for refusal in [Behaviour::Status(403), Behaviour::Reset, Behaviour::Silence] {
        let mut setting = Setting::bucket([refusal]).env("AWS_LAMBDA_LOG_LEVEL", "TRACE").env("RUST_LOG", "trace");
        setting.timeout = std::time::Duration::from_secs(3);
        let mut stage = Stage::set(setting).await;
        let handed = stage.hand(&Event::create(json!({}))).await;
        assert!(handed.deliveries.iter().all(|delivery| !delivery.accepted()));
        stage.end().await;
    }
}

#[tokio::test]
async fn r35_r38_property_values_are_in_no_log() {
    let mut stage = Stage::set(Setting::default().env("AWS_LAMBDA_LOG_LEVEL", "TRACE")).await;
    let secret = "correct-horse-battery-staple";
    let properties = json!({"Fill": "a", "ReplaceWhen": "x", "Password": secret});
    stage.hand(&Event::create(properties)).await.one_answer();
    let log = stage.end().await.log;
    assert!(log.iter().all(|line| !line.contains(secret)), "{log:#?}");
}

#[tokio::test]
async fn r37_a_secret_resource_answers_no_echo_and_quotes_no_value() {
    let mut stage = Stage::set(Setting::default().env("SECRET", "1")).await;
    let answer = stage.hand(&Event::create(json!({"Size": "4"}))).await.one_answer();
    assert_eq!(answer["NoEcho"], true);
    let secret = "correct-horse-battery-staple";
    let answer = stage.hand(&Event::create(json!({"Size": secret, "OnCreate": secret}))).await.one_answer();
    assert_eq!(answer["Status"], "FAILED");
    assert!(!answer.to_string().contains(secret), "{answer}");
    let log = stage.end().await.log;
    assert!(log.iter().all(|line| !line.contains(secret)), "{log:#?}");
}
