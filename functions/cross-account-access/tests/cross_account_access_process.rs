//! The built function as a process: the sample events, a service that never answers, bad properties, and what it logs.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking, where it is set up too")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lambda_process::{Function, Process, Reply, Request, Server};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(20);
const SECRET: &str = "arn:aws:iam::123456789012:role/somebody-elses";

fn sample(request_type: &str) -> Value {
    let path = format!("../../events/cross-account-access-{request_type}.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// A key's policy with a statement of somebody else.
fn key_policy() -> String {
    json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "Theirs", "Effect": "Allow", "Principal": {"AWS": SECRET}, "Action": "kms:*", "Resource": "*"},
    ]})
    .to_string()
}

type Policies = Arc<Mutex<BTreeMap<&'static str, String>>>;

/// S3, KMS and SageMaker of one account, each in its own protocol.
fn answer_to(request: &Request, policies: &mut BTreeMap<&'static str, String>) -> Reply {
    let target = request.headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let body = String::from_utf8(request.body.to_vec()).unwrap();
    let json: Value = serde_json::from_str(&body).unwrap_or_default();
    let text = |name: &str| json[name].as_str().unwrap().to_owned();
    let no_policy = json!({"__type": "ValidationException", "message": "Cannot find resource policy for: arn"});
    match (request.method.as_str(), target) {
        ("GET", "") => match policies.get("bucket") {
            Some(policy) => Reply::status(200, policy.clone()),
            None => Reply::status(404, "<Error><Code>NoSuchBucketPolicy</Code><Message>none</Message></Error>"),
        },
        ("PUT", "") => {
            policies.insert("bucket", body);
            Reply::status(204, "")
        }
        ("DELETE", "") => {
            policies.remove("bucket");
            Reply::status(204, "")
        }
        (_, "TrentService.GetKeyPolicy") => Reply::status(200, json!({"Policy": policies["key"]}).to_string()),
        (_, "TrentService.PutKeyPolicy") => {
            policies.insert("key", text("Policy"));
            Reply::status(200, "")
        }
        (_, "SageMaker.DescribeModelPackageGroup") => Reply::status(
            200,
            json!({"ModelPackageGroupArn": "arn:aws:sagemaker:eu-central-1:123456789012:model-package-group/churn"})
                .to_string(),
        ),
        (_, "SageMaker.GetModelPackageGroupPolicy") => match policies.get("group") {
            Some(policy) => Reply::status(200, json!({"ResourcePolicy": policy}).to_string()),
            None => Reply::status(400, no_policy.to_string()),
        },
        (_, "SageMaker.PutModelPackageGroupPolicy") => {
            policies.insert("group", text("ResourcePolicy"));
            Reply::status(200, "{}")
        }
        (_, "SageMaker.DeleteModelPackageGroupPolicy") => {
            policies.remove("group");
            Reply::status(200, "")
        }
        _ => Reply::status(400, json!({"__type": "UnknownOperationException"}).to_string()),
    }
}

async fn function(endpoint: &str, timeout: Duration) -> Process {
    Function::new(env!("CARGO_BIN_EXE_cross-account-access"))
        .timeout(timeout)
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("AWS_LAMBDA_LOG_LEVEL", "TRACE")
        .env("CUSTOM_RESOURCE_ALLOW_LOOPBACK", "1")
        .start()
        .await
        .unwrap()
}

#[tokio::test]
async fn e00e_the_one_binary_answers_the_sample_events_and_e04_16_logs_no_policy() {
    let policies = Policies::default();
    policies.lock().unwrap().insert("key", key_policy());
    let shared = Arc::clone(&policies);
    let server = Server::start(move |request| std::future::ready(answer_to(&request, &mut shared.lock().unwrap())))
        .await
        .unwrap();
    let mut process = function(&server.url(), LIMIT).await;

    let created = process.answer(sample("create"), LIMIT).await.unwrap();
    assert_eq!(created["Status"], "SUCCESS", "{created}");
    assert!(created["Data"]["FullestPolicyPercent"].is_string(), "{created}");
    {
        let policies = policies.lock().unwrap();
        assert_eq!(policies.len(), 3);
        assert!(policies.values().all(|policy| policy.contains("222222222222")), "{policies:?}");
        assert!(policies["key"].contains("s3.eu-central-1.amazonaws.com"));
    }
    let updated = process.answer(sample("update"), LIMIT).await.unwrap();
    assert_eq!(updated["Status"], "SUCCESS", "{updated}");
    {
        let policies = policies.lock().unwrap();
        assert!(policies.values().all(|policy| !policy.contains("222222222222")), "{policies:?}");
        assert!(policies.values().all(|policy| policy.contains("o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/*")));
    }
    let deleted = process.answer(sample("delete"), LIMIT).await.unwrap();
    assert_eq!(deleted["Status"], "SUCCESS", "{deleted}");
    assert_eq!(*policies.lock().unwrap(), BTreeMap::from([("key", key_policy())]));

    for id in [&created, &updated, &deleted].map(|answer| &answer["PhysicalResourceId"]) {
        assert_eq!(*id, sample("update")["PhysicalResourceId"], "e00b: one id for life");
    }
    let log = process.stop().await.unwrap().log;
    assert!(log.iter().any(|line| line.contains("policy written") && line.contains("bucket churn-dev-models")));
    for line in log {
        assert!(serde_json::from_str::<Value>(&line).is_ok(), "e00g: not JSON: {line}");
        assert!(!line.contains(SECRET) && !line.contains("Principal"), "e04_16: {line}");
    }
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

#[tokio::test]
async fn bad_properties_fail_at_once_with_all_faults() {
    let mut process = function("http://127.0.0.1:9", LIMIT).await;
    for (properties, parts) in [
        (json!({"BucketName": "M", "Role": "x"}), ["BucketName is \"M\"", "Role is unknown, did you mean RoleName?"]),
        (
            json!({"BucketName": "models", "RoleName": "r", "Accounts": "222222222222",
                "KeyArns": ["arn:aws:kms:us-east-1:123456789012:key/1", "arn:aws:kms:eu-central-1:999999999999:key/1"]}),
            ["KeyArns holds arn:aws:kms:us-east-1:123456789012:key/1", "arn:aws:kms:eu-central-1:999999999999:key/1"],
        ),
    ] {
        let mut event = sample("create");
        event["ResourceProperties"] = properties;
        let answer = process.answer(event, LIMIT).await.unwrap();
        let reason = answer["Reason"].as_str().unwrap();
        assert!(parts.iter().all(|part| reason.contains(part)), "{reason}");
        assert_eq!(answer["PhysicalResourceId"], "cross-account-access!failed-create");
    }
}
