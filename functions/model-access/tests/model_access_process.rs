//! The built function as a process: the sample events, a service that never answers, bad input, and what it logs.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, where it is set up too"
)]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lambda_process::{Function, Outcome, Process, Reply, Request, Server};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(20);
const SECRET: &str = "arn:aws:iam::123456789012:role/somebody-elses";
const KEY: &str = "arn:aws:kms:eu-west-1:111111111111:key/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";

fn sample(name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(format!("../../events/model-access-{name}.json")).unwrap()).unwrap()
}

type Policies = Arc<Mutex<BTreeMap<&'static str, String>>>;

fn allowing(action: &str, resource: &str, accounts: &[&str]) -> String {
    let statements = json!([
        {"Sid": "Theirs", "Effect": "Allow", "Principal": {"AWS": SECRET}, "Action": "*", "Resource": resource},
        {"Effect": "Allow", "Principal": {"AWS": accounts}, "Action": action, "Resource": resource},
    ]);
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

/// S3, KMS, ECR and SageMaker of one account, each in its own protocol.
fn answer_to(request: &Request, policies: &mut BTreeMap<&'static str, String>) -> Reply {
    let target = request.headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let json: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let operation = target.rsplit('.').next().unwrap_or_default();
    let ok = |body: Value| Reply::status(200, body.to_string());
    let refused =
        |code: &str, message: &str| Reply::status(400, json!({"__type": code, "message": message}).to_string());
    match (request.method.as_str(), operation) {
        ("HEAD", _) => Reply::status(200, "5.1,3.5"),
        ("GET", _) if request.target.contains("encryption") => Reply::status(
            200,
            format!(
                "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms\
                 </SSEAlgorithm><KMSMasterKeyID>{KEY}</KMSMasterKeyID></ApplyServerSideEncryptionByDefault></Rule>\
                 </ServerSideEncryptionConfiguration>"
            ),
        ),
        ("GET", _) => Reply::status(200, policies["bucket"].clone()),
        (_, "GetKeyPolicy") => ok(json!({"Policy": policies["key"]})),
        (_, "DescribeKey") => ok(json!({"KeyMetadata": {"KeyId": "1", "Arn": KEY, "KeyState": "Enabled"}})),
        (_, "DescribeImages") => ok(json!({"imageDetails": [{"imageTags": ["7"]}]})),
        (_, "GetRepositoryPolicy") => match policies.get("repository") {
            Some(policy) => ok(json!({"policyText": policy})),
            None => refused("RepositoryPolicyNotFoundException", "none"),
        },
        (_, "ListTagsForResource") => ok(json!({"tags": [{"Key": "secure-mlops:platform", "Value": "mlops"}]})),
        (_, "SetRepositoryPolicy") => {
            policies.insert("repository", json["policyText"].as_str().unwrap().to_owned());
            ok(json!({}))
        }
        (_, "DescribeModelPackage") => ok(json!({
            "ModelPackageName": "churn", "ModelPackageArn": json["ModelPackageName"], "CreationTime": 1.0,
            "InferenceSpecification": {"Containers": [
                {"Image": "111111111111.dkr.ecr.eu-west-1.amazonaws.com/churn:7", "ModelDataUrl": "s3://models/7.tar.gz"},
            ]},
        })),
        (_, "GetModelPackageGroupPolicy") => match policies.get("group") {
            Some(policy) => ok(json!({"ResourcePolicy": policy})),
            None => refused("ValidationException", "Cannot find resource policy for: arn"),
        },
        (_, "PutModelPackageGroupPolicy") => {
            policies.insert("group", json["ResourcePolicy"].as_str().unwrap().to_owned());
            ok(json!({}))
        }
        _ => refused("UnknownOperationException", ""),
    }
}

async fn function(endpoint: &str, timeout: Duration) -> Process {
    Function::new(env!("CARGO_BIN_EXE_model-access"))
        .timeout(timeout)
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("AWS_LAMBDA_LOG_LEVEL", "TRACE")
        .start()
        .await
        .unwrap()
}

async fn invoked(process: &mut Process, event: &Value) -> Result<Value, Value> {
    match process.invoke(event.to_string()).await.unwrap().outcome {
        Outcome::Response(body) => Ok(serde_json::from_slice(&body).unwrap()),
        Outcome::Error { body, .. } => Err(serde_json::from_slice(&body).unwrap()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_sample_events_are_answered_and_no_policy_is_logged() {
    let policies = Policies::default();
    let accounts = ["222222222222", "333333333333"];
    policies.lock().unwrap().insert("bucket", allowing("s3:GetObject", "arn:aws:s3:::models/*", &accounts));
    policies.lock().unwrap().insert("key", allowing("kms:Decrypt", "*", &accounts));
    let shared = Arc::clone(&policies);
    let server = Server::start(move |request| std::future::ready(answer_to(&request, &mut shared.lock().unwrap())))
        .await
        .unwrap();
    let mut process = function(&server.url(), LIMIT).await;

    let opened = invoked(&mut process, &sample("two-stages")).await.unwrap();
    assert_eq!(
        (opened["status"].as_str(), opened["repaired"].as_array().unwrap().len()),
        (Some("done"), 2),
        "{opened}"
    );
    assert_eq!(opened["faults"], json!([]));
    assert!(policies.lock().unwrap()["group"].contains("333333333333"));
    let again = invoked(&mut process, &sample("two-stages")).await.unwrap();
    assert_eq!(again, json!({"status": "done", "faults": [], "repaired": [], "notes": opened["notes"]}));

    let missing = invoked(&mut process, &sample("new-account")).await.unwrap();
    assert_eq!((&missing["status"], &missing["repaired"]), (&json!("done"), &json!([])), "{missing}");
    let faults = missing["faults"].as_array().unwrap();
    assert_eq!(
        faults.iter().map(|fault| fault["path"].as_str().unwrap()).collect::<Vec<_>>(),
        ["bucket models", &format!("key {KEY}")]
    );
    for fault in faults {
        let problem = fault["problem"].as_str().unwrap();
        assert!(problem.contains("its policy does not allow") && problem.contains("account 444444444444"), "{problem}");
    }
    assert!(!policies.lock().unwrap()["group"].contains("444444444444"), "nothing is opened before the rest is");

    let bad = invoked(&mut process, &json!({"action": "plan"})).await.unwrap_err();
    assert_eq!(bad["errorType"], "InvalidInput");

    let log = process.stop().await.unwrap().log;
    assert!(log.iter().any(|line| line.contains("policy written") && line.contains("model package group churn")));
    for line in log {
        assert!(serde_json::from_str::<Value>(&line).is_ok(), "not JSON: {line}");
        assert!(!line.contains(SECRET), "{line}");
    }
}

#[tokio::test]
async fn a_service_that_fails_is_worth_another_try() {
    // Not one that the SDK itself would try again, so that the test need not wait for it.
    let refused = |_| std::future::ready(Reply::status(400, r#"{"__type": "ServerException"}"#));
    let server = Server::start(refused).await.unwrap();
    let mut process = function(&server.url(), LIMIT).await;
    let error = invoked(&mut process, &sample("new-account")).await.unwrap_err();
    assert_eq!(error["errorType"], "RetryableAwsError", "{error}");
}
