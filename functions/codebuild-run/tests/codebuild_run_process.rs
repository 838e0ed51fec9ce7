//! The built function as a process: the sample events, a build that outlasts an invocation, a service that never answers.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking, where it is set up too")]

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lambda_process::{Function, Outcome, Process, Reply, ResponseSink, Server};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(20);

fn sample(request_type: &str) -> Value {
    let path = format!("../../events/codebuild-run-{request_type}.json");
    serde_json::from_slice(&std::fs::read(Path::new(&path)).unwrap()).unwrap()
}

/// Looks at its newest build until that has succeeded.
#[derive(Default)]
struct Services {
    builds: Vec<Value>,
    looks: usize,
    /// What the function handed to its next invocation.
    handed_over: Vec<Value>,
}

/// CodeBuild with one project, and Lambda, which keeps what it is to invoke.
async fn services(state: &Arc<Mutex<Services>>) -> Server {
    let state = Arc::clone(state);
    Server::start(move |request| {
        let target = request.headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let mut state = state.lock().unwrap();
        let answer = match target {
            "CodeBuild_20161006.ListBuildsForProject" => {
                json!({"ids": state.builds.iter().rev().map(|build| build["id"].clone()).collect::<Vec<_>>()})
            }
            "CodeBuild_20161006.BatchGetBuilds" => {
                state.looks = state.looks.saturating_sub(1);
                if let Services { builds, looks: 0, .. } = &mut *state {
                    builds.iter_mut().for_each(|build| build["buildStatus"] = "SUCCEEDED".into());
                }
                json!({"builds": state.builds})
            }
            "CodeBuild_20161006.StartBuild" => {
                let number = state.builds.len() + 1;
                let build = json!({"id": format!("platform-package:{number}"), "buildNumber": number,
                    "currentPhase": "SUBMITTED", "buildStatus": "IN_PROGRESS",
                    "resolvedSourceVersion": body["sourceVersion"],
                    "environment": {"type": "LINUX_CONTAINER", "image": "i", "computeType": "BUILD_GENERAL1_SMALL",
                        "environmentVariables": body["environmentVariablesOverride"]}});
                state.builds.push(build.clone());
                json!({"build": build})
            }
            "" => {
                assert_eq!(request.target, "/2015-03-31/functions/codebuild-run/invocations");
                state.handed_over.push(body);
                return std::future::ready(Reply::status(202, ""));
            }
            other => return std::future::ready(Reply::status(501, other.to_owned())),
        };
        std::future::ready(Reply::status(200, answer.to_string()))
    })
    .await
    .unwrap()
}

async fn function(endpoint: &str, timeout: Duration) -> Process {
    Function::new(env!("CARGO_BIN_EXE_codebuild-run"))
        .timeout(timeout)
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("CUSTOM_RESOURCE_ALLOW_LOOPBACK", "1")
        .start()
        .await
        .unwrap()
}

#[tokio::test]
async fn e00e_the_one_binary_answers_the_sample_events() {
    let state = Arc::default();
    let server = services(&state).await;
    let mut process = function(&server.url(), LIMIT).await;
    let created = process.answer(sample("create"), LIMIT).await.unwrap();
    assert_eq!((&created["Status"], &created["Data"]["BuildId"]), (&json!("SUCCESS"), &json!("platform-package:1")));
    let updated = process.answer(sample("update"), LIMIT).await.unwrap();
    assert_eq!(
        updated["Data"],
        json!({"BuildId": "platform-package:2", "BuildNumber": "2", "ResolvedSourceVersion": "7be4d10", "BuildArn": "",
            "LogsUrl": ""}),
        "{updated}"
    );
    let deleted = process.answer(sample("delete"), LIMIT).await.unwrap();
    assert_eq!(deleted["Status"], "SUCCESS");
    for answer in [&created, &updated, &deleted] {
        assert_eq!(answer["PhysicalResourceId"], sample("update")["PhysicalResourceId"], "e00b: one id for life");
    }
    for line in process.stop().await.unwrap().log {
        assert!(serde_json::from_str::<Value>(&line).is_ok(), "e00g: not JSON: {line}");
    }
}

#[tokio::test]
async fn e08_a_build_that_outlasts_an_invocation_is_followed_in_the_next() {
    let state: Arc<Mutex<Services>> = Arc::default();
    state.lock().unwrap().looks = 2;
    let server = services(&state).await;
    // Too short for a second look.
    let mut process = function(&server.url(), Duration::from_secs(5)).await;
    let sink = ResponseSink::start().await.unwrap();
    let mut event = sample("create");
    let text = |name: &str| event[name].as_str().unwrap().to_owned();
    event["ResponseURL"] = sink.url(&text("StackId"), &text("LogicalResourceId"), &text("RequestId")).into();
    let invocation = process.invoke(event.to_string()).await.unwrap();
    assert!(matches!(invocation.outcome, Outcome::Response(_)), "{invocation:?}");
    assert_eq!(sink.deliveries().len(), 0, "nothing is answered yet");
    let next = state.lock().unwrap().handed_over.pop().unwrap();
    assert_eq!(next["Continuation"]["state"]["build_id"], "platform-package:1", "{next}");

    state.lock().unwrap().looks = 1;
    process.invoke(next.to_string()).await.unwrap();
    let deliveries = sink.wait_for(1, LIMIT).await;
    let answer = deliveries[0].answer().unwrap();
    assert_eq!((&answer["Status"], &answer["Data"]["BuildId"]), (&json!("SUCCESS"), &json!("platform-package:1")));
    assert_eq!(state.lock().unwrap().builds.len(), 1);
}

#[tokio::test]
async fn e00f_a_service_that_never_answers_is_answered_for_before_the_deadline() {
    let server = Server::start(|_| std::future::ready(Reply::Silence)).await.unwrap();
    let mut process = function(&server.url(), Duration::from_secs(4)).await;
    let answer = process.answer(sample("create"), LIMIT).await.unwrap();
    assert_eq!(answer["Status"], "FAILED", "{answer}");
    assert_eq!(
        answer["PhysicalResourceId"],
        sample("update")["PhysicalResourceId"],
        "its Delete must reach the function"
    );
}
