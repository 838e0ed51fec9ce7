//! Work that takes longer than one invocation.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use lambda_process::{Reply, Server};
use serde_json::{Value, json};

use crate::stage::{Event, PHYSICAL_ID, Setting, Stage, calls};

/// Lambda's Invoke, as far as a function that invokes itself sees it.
struct Invoke {
    server: Server,
    payloads: Arc<Mutex<Vec<Value>>>,
}

impl Invoke {
    async fn answering(status: u16) -> Self {
        let payloads = Arc::<Mutex<Vec<Value>>>::default();
        let received = Arc::clone(&payloads);
        let server = Server::start(move |request| {
            assert_eq!(request.target, "/2015-03-31/functions/scripted-resource/invocations");
            assert_eq!(request.headers["x-amz-invocation-type"], "Event");
            received.lock().unwrap().push(serde_json::from_slice(&request.body).unwrap());
            async move { Reply::status(status, "") }
        });
        Self { server: server.await.unwrap(), payloads }
    }

    fn setting(&self, timeout: Duration) -> Setting {
        Setting::timeout(timeout).env("AWS_ENDPOINT_URL", self.server.url())
    }

    fn take(&self) -> Vec<Value> {
        std::mem::take(&mut self.payloads.lock().unwrap())
    }
}

fn unfinished(turns: u64, again_in_ms: u64) -> Value {
    json!({
        "OnCreate": "Unfinished",
        "OnUpdate": "Unfinished",
        "OnDelete": "Unfinished",
        "Turns": turns.to_string(),
        "AgainInMilliseconds": again_in_ms.to_string(),
    })
}

#[tokio::test]
async fn r42_short_waits_end_within_one_invocation() {
    let invoke = Invoke::answering(202).await;
    let mut stage = Stage::set(invoke.setting(Duration::from_secs(20))).await;
    for event in Event::each_kind(&unfinished(3, 20)) {
        let answer = stage.hand(&event).await.one_answer();
        assert_eq!(
            (answer["Status"].as_str(), answer["PhysicalResourceId"].as_str()),
            (Some("SUCCESS"), Some(PHYSICAL_ID))
        );
    }
    assert!(invoke.take().is_empty());
    assert_eq!(calls(&stage.end().await.log).len(), 3 * 4);
}

#[tokio::test]
async fn r42_long_waits_go_on_in_new_invocations_and_end_in_one_answer() {
    let run = async |event: Event| {
        let invoke = Invoke::answering(202).await;
        let mut stage = Stage::set(invoke.setting(Duration::from_secs(2))).await;
        let mut handed = stage.hand(&event).await;
        let mut turns = 1;
        while handed.deliveries.is_empty() {
            handed.silence();
            let payloads = invoke.take();
            assert_eq!(payloads.len(), 1, "one invocation of itself in each");
            // Lambda delivers an asynchronous invocation at least once, so nothing may hang on the process.
            handed = stage.hand_raw(payloads[0].clone()).await;
            turns += 1;
        }
        let answer = handed.one_answer();
        assert_eq!(answer["Status"], "SUCCESS", "{answer}");
        assert!(turns > 1, "it all went into one invocation");
        assert!(invoke.take().is_empty());
        let calls = calls(&stage.end().await.log);
        assert_eq!(calls.len(), 3, "{calls:?}");
    };
    let [create, update, delete] = Event::each_kind(&unfinished(2, 2_500));
    tokio::join!(run(create), run(update), run(delete));
}

#[tokio::test]
async fn r01_r42_a_failed_invocation_of_itself_is_answered() {
    let invoke = Invoke::answering(500).await;
    let mut stage = Stage::set(invoke.setting(Duration::from_secs(2))).await;
    let answer = stage.hand(&Event::create(unfinished(2, 2_500))).await.one_answer();
    assert_eq!(answer["Status"], "FAILED");
    assert_eq!(answer["PhysicalResourceId"], PHYSICAL_ID, "what was begun has to be deleted");
    assert!(answer["Reason"].as_str().unwrap().contains("the script's last turn"), "{answer}");
    stage.end().await;
}

#[tokio::test]
async fn r41_work_that_outlasts_the_service_timeout_is_answered_before_it() {
    let invoke = Invoke::answering(202).await;
    let mut stage = Stage::set(invoke.setting(Duration::from_secs(2))).await;
    let started = tokio::time::Instant::now();
    let mut handed = stage.hand(&Event::create(unfinished(1_000, 700)).with("ServiceTimeout", "6")).await;
    while handed.deliveries.is_empty() {
        let payloads = invoke.take();
        assert_eq!(payloads.len(), 1);
        handed = stage.hand_raw(payloads[0].clone()).await;
    }
    let answer = handed.one_answer();
    assert!(started.elapsed() < Duration::from_secs(6), "{:?}", started.elapsed());
    assert_eq!((answer["Status"].as_str(), answer["PhysicalResourceId"].as_str()), (Some("FAILED"), Some(PHYSICAL_ID)));
    assert!(answer["Reason"].as_str().unwrap().contains("the script's last turn"), "{answer}");
    assert!(invoke.take().is_empty());
    stage.end().await;
}

#[tokio::test]
async fn r03_r42_a_damaged_continuation_is_answered() {
    let mut stage = Stage::set(Setting::default()).await;
    for damage in [json!(null), json!(7), json!([]), json!({}), json!({"startedAt": "yesterday"})] {
        let answer = stage.hand(&Event::create(json!({})).with("Continuation", damage)).await.one_answer();
        assert_eq!(answer["Status"], "FAILED", "{answer}");
    }
    stage.end().await;
}

#[tokio::test]
async fn r38_the_address_travels_only_in_the_payload() {
    let invoke = Invoke::answering(202).await;
    let setting = invoke.setting(Duration::from_secs(2)).env("AWS_LAMBDA_LOG_LEVEL", "TRACE").env("RUST_LOG", "trace");
    let mut stage = Stage::set(setting).await;
    stage.hand(&Event::create(unfinished(1, 5_000))).await.silence();
    let payloads = invoke.take();
    assert!(payloads[0]["ResponseURL"].as_str().unwrap().contains(stage.sink.signature()));
    assert!(!payloads[0]["Continuation"].to_string().contains(stage.sink.signature()));
    stage.end().await;
}
