//! The built function as a process: the sample events, work that outlasts an invocation, and a service that never answers.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking, where it is set up too")]

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lambda_process::{Function, Outcome, Process, Reply, ResponseSink, Server};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(20);

fn sample(request_type: &str) -> Value {
    let path = format!("../../events/studio-apps-{request_type}.json");
    serde_json::from_slice(&std::fs::read(Path::new(&path)).unwrap()).unwrap()
}

/// A domain of one app in one space, and Lambda, which keeps what it is invoked with.
#[derive(Default)]
struct Account {
    app_asked: bool,
    space_asked: bool,
    calls: Vec<String>,
    handed_over: Vec<Value>,
}

async fn services(account: &Arc<Mutex<Account>>) -> Server {
    let account = Arc::clone(account);
    Server::start(move |request| {
        let mut account = account.lock().unwrap();
        if request.target.starts_with("/2015-03-31/functions/studio-apps/invocations") {
            account.handed_over.push(serde_json::from_slice(&request.body).unwrap());
            return std::future::ready(Reply::status(202, ""));
        }
        let target = request.headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
        account.calls.push(target.to_owned());
        let answer = match target {
            "SageMaker.ListApps" => {
                let status = if account.app_asked { "Deleted" } else { "InService" };
                json!({"Apps": [{"SpaceName": "team", "AppType": "JupyterLab", "AppName": "default", "Status": status}]})
            }
            "SageMaker.ListSpaces" if account.space_asked => json!({"Spaces": []}),
            "SageMaker.ListSpaces" => json!({"Spaces": [{"SpaceName": "team", "Status": "InService"}]}),
            "SageMaker.DeleteApp" => {
                account.app_asked = true;
                json!({})
            }
            "SageMaker.DeleteSpace" => {
                account.space_asked = true;
                json!({})
            }
            _ => json!({"__type": "UnknownOperationException"}),
        };
        let status = if answer.get("__type").is_some() { 400 } else { 200 };
        std::future::ready(Reply::status(status, answer.to_string()))
    })
    .await
    .unwrap()
}

async fn function(endpoint: &str, timeout: Duration) -> Process {
    Function::new(env!("CARGO_BIN_EXE_studio-apps"))
        .timeout(timeout)
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("CUSTOM_RESOURCE_ALLOW_LOOPBACK", "1")
        .start()
        .await
        .unwrap()
}

#[tokio::test]
async fn e00e_the_one_binary_answers_the_sample_events_and_goes_on_in_a_new_invocation() {
    let account = Arc::default();
    let server = services(&account).await;
    // Too short for a second look.
    let mut process = function(&server.url(), Duration::from_secs(4)).await;
    for event in ["create", "update"] {
        let answer = process.answer(sample(event), LIMIT).await.unwrap();
        assert_eq!(answer["Status"], "SUCCESS", "{answer}");
        assert_eq!(answer["PhysicalResourceId"], sample("delete")["PhysicalResourceId"], "e00b: one id for life");
        assert_eq!(answer.get("Data"), None);
    }
    assert!(account.lock().unwrap().calls.is_empty(), "e05: a living stack's apps are not even looked at");

    let sink = ResponseSink::start().await.unwrap();
    let mut event = sample("delete");
    event["ResponseURL"] = sink.url("stack", "StudioApps", "request").into();
    let invocation = process.invoke(event.to_string()).await.unwrap();
    assert!(matches!(invocation.outcome, Outcome::Response(_)), "{invocation:?}");
    assert!(sink.deliveries().is_empty(), "not answered yet");
    let handed_over = account.lock().unwrap().handed_over.clone();
    let [next] = handed_over.as_slice() else { panic!("handed over {} times", handed_over.len()) };
    let waiting_for = next["Continuation"]["waitingFor"].as_str().unwrap();
    assert!(
        waiting_for.starts_with("1 app (1 JupyterLab) and 1 space of domain d-0a1b2c3d4e5f to go: "),
        "{waiting_for}"
    );

    // The next one has the time for two looks: one deletes the space, one finds nothing.
    let mut process = function(&server.url(), Duration::from_secs(40)).await;
    process.invoke(next.to_string()).await.unwrap();
    let deliveries = sink.wait_for(1, LIMIT).await;
    let answer = deliveries[0].answer().unwrap();
    assert_eq!((&answer["Status"], deliveries.len()), (&json!("SUCCESS"), 1), "{answer}");
    assert!(account.lock().unwrap().space_asked);
    let log = process.stop().await.unwrap().log;
    for line in log {
        assert!(serde_json::from_str::<Value>(&line).is_ok(), "e00g: not JSON: {line}");
        assert!(!line.contains(sink.signature()));
    }
}

#[tokio::test]
async fn e05_at_the_end_of_its_time_the_reason_says_what_is_left() {
    let account = Arc::default();
    let server = services(&account).await;
    let mut process = function(&server.url(), LIMIT).await;
    let mut event = sample("delete");
    event["ServiceTimeout"] = "5".into();
    event["ResourceProperties"]["ServiceTimeout"] = "5".into();
    let answer = process.answer(event, LIMIT).await.unwrap();
    let reason = answer["Reason"].as_str().unwrap();
    let parts = [
        "delete was still waiting for 1 app (1 JupyterLab) and 1 space of domain d-0a1b2c3d4e5f to go: ",
        "JupyterLab app default of space team (InService)",
        "space team (InService)",
        "ServiceTimeout",
    ];
    for part in parts {
        assert!(reason.contains(part), "{reason}");
    }
    assert_eq!(answer["PhysicalResourceId"], sample("delete")["PhysicalResourceId"]);
}

#[tokio::test]
async fn e00f_a_service_that_never_answers_is_answered_for_before_the_deadline() {
    let server = Server::start(|_| std::future::ready(Reply::Silence)).await.unwrap();
    let mut process = function(&server.url(), Duration::from_secs(4)).await;
    let answer = process.answer(sample("delete"), LIMIT).await.unwrap();
    assert_eq!(answer["Status"], "FAILED", "{answer}");
    assert_eq!(answer["PhysicalResourceId"], sample("delete")["PhysicalResourceId"]);
}

#[tokio::test]
async fn bad_properties_fail_at_once_and_keep_no_stack_from_being_deleted() {
    let account = Arc::default();
    let server = services(&account).await;
    let mut process = function(&server.url(), LIMIT).await;
    let mut event = sample("create");
    event["ResourceProperties"] = json!({"DomainId": "studio", "Domain": "x"});
    let answer = process.answer(event, LIMIT).await.unwrap();
    let reason = answer["Reason"].as_str().unwrap();
    assert!(reason.contains("DomainId is \"studio\"") && reason.contains("Domain is unknown"), "{reason}");
    assert_eq!(answer["PhysicalResourceId"], "studio-apps!failed-create");

    let mut event = sample("delete");
    event["PhysicalResourceId"] = answer["PhysicalResourceId"].clone();
    event["ResourceProperties"] = json!({"DomainId": "studio", "Domain": "x"});
    assert_eq!(process.answer(event, LIMIT).await.unwrap()["Status"], "SUCCESS");
    assert!(account.lock().unwrap().calls.is_empty());
}
