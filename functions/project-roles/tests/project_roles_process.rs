//! The built function as a process: the sample events, an answer that is too long, and a service that never answers.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking, where it is set up too")]

use std::path::Path;
use std::time::Duration;

use lambda_process::{Function, Process, Reply, Server};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(20);
const LAUNCH: &str = "AmazonSageMakerServiceCatalogProductsLaunchRole";
const USE: &str = "AmazonSageMakerServiceCatalogProductsUseRole";
const EXECUTION: &str = "AmazonSageMakerServiceCatalogProductsExecutionRole";

fn sample(request_type: &str) -> Value {
    let path = format!("../../events/project-roles-{request_type}.json");
    serde_json::from_slice(&std::fs::read(Path::new(&path)).unwrap()).unwrap()
}

/// IAM with the launch role, as SageMaker's console makes it, and no other.
async fn iam() -> Server {
    Server::start(|request| {
        let form = String::from_utf8_lossy(&request.body).into_owned();
        let reply = if form.ends_with(&format!("RoleName={LAUNCH}")) {
            let trust = "%7B%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22sts%3AAssumeRole%22%2C\
                %22Principal%22%3A%7B%22Service%22%3A%22servicecatalog.amazonaws.com%22%7D%7D%7D";
            let role = format!(
                "<Role><Path>/service-role/</Path><RoleName>{LAUNCH}</RoleName><RoleId>A</RoleId><Arn>a</Arn>\
                 <CreateDate>2026-01-01T00:00:00Z</CreateDate><AssumeRolePolicyDocument>{trust}\
                 </AssumeRolePolicyDocument></Role>"
            );
            Reply::status(200, format!("<GetRoleResponse><GetRoleResult>{role}</GetRoleResult></GetRoleResponse>"))
        } else {
            let error = "<Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>no such role</Message></Error>";
            Reply::status(404, format!("<ErrorResponse>{error}<RequestId>r</RequestId></ErrorResponse>"))
        };
        std::future::ready(reply)
    })
    .await
    .unwrap()
}

async fn function(endpoint: &str, timeout: Duration) -> Process {
    Function::new(env!("CARGO_BIN_EXE_project-roles"))
        .timeout(timeout)
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("CUSTOM_RESOURCE_ALLOW_LOOPBACK", "1")
        .start()
        .await
        .unwrap()
}

#[tokio::test]
async fn e00e_the_one_binary_answers_the_sample_events() {
    let server = iam().await;
    let mut process = function(&server.url(), LIMIT).await;
    let stack = sample("create")["StackId"].clone();
    let created = process.answer(sample("create"), LIMIT).await.unwrap();
    assert_eq!(created["Data"], json!({"OwnerTagValue": stack, LAUNCH: "", USE: USE}), "{created}");
    let updated = process.answer(sample("update"), LIMIT).await.unwrap();
    let expected = json!({"OwnerTagValue": stack, LAUNCH: "", USE: USE, EXECUTION: EXECUTION});
    assert_eq!(updated["Data"], expected, "{updated}");
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
async fn e00d_more_roles_than_an_answer_holds_fail_and_say_so() {
    let server = iam().await;
    let mut process = function(&server.url(), LIMIT).await;
    let mut event = sample("create");
    event["ResourceProperties"]["RoleNames"] = (0..100).map(|n| format!("{}{n:03}", "r".repeat(60))).collect();
    let answer = process.answer(event, LIMIT).await.unwrap();
    assert_eq!(answer["Status"], "FAILED");
    assert!(answer["Reason"].as_str().unwrap().contains("4096"), "{answer}");
}

#[tokio::test]
async fn e00f_a_service_that_never_answers_is_answered_for_before_the_deadline() {
    let server = Server::start(|_| std::future::ready(Reply::Silence)).await.unwrap();
    let mut process = function(&server.url(), Duration::from_secs(4)).await;
    let answer = process.answer(sample("create"), LIMIT).await.unwrap();
    assert_eq!(answer["Status"], "FAILED", "{answer}");
}
