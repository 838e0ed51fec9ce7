//! The built function as a process: the sample events, the size of an answer, and a service that never answers.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking, where it is set up too")]

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lambda_process::{Function, Process, Reply, Server};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(20);

fn sample(request_type: &str) -> Value {
    let path = format!("../../events/environment-configuration-{request_type}.json");
    serde_json::from_slice(&std::fs::read(Path::new(&path)).unwrap()).unwrap()
}

/// The sample's project in a domain of environment churn/dev, where every parameter has `value`; the organizational units'
/// do not exist.
async fn services(value: &str) -> (Server, Arc<Mutex<Vec<String>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let (log, value) = (Arc::clone(&asked), value.to_owned());
    let server = Server::start(move |request| {
        let target = request.headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
        log.lock().unwrap().push(target.to_owned());
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let arn = "arn:aws:sagemaker:eu-central-1:123456789012";
        let answer = match target {
            "SageMaker.DescribeProject" => {
                json!({"ProjectArn": format!("{arn}:project/churn-model"), "CreatedBy": {"DomainId": "d-0a1b2c3d4e5f"}})
            }
            "SageMaker.DescribeDomain" => json!({
                "DomainId": body["DomainId"], "DomainArn": format!("{arn}:domain/d-0a1b2c3d4e5f"), "VpcId": "vpc-1",
                "SubnetIds": ["subnet-1", "subnet-2"], "CreationTime": 1_606_852_800.5,
                "DefaultUserSettings": {"ExecutionRole": "arn:aws:iam::123456789012:role/Execution", "SecurityGroups": ["sg-1"]}
            }),
            "SageMaker.ListTags" => json!({"Tags": [
                {"Key": "EnvironmentName", "Value": "churn"}, {"Key": "EnvironmentType", "Value": "dev"}]}),
            "AmazonSSM.GetParameters" => {
                let (missing, there): (Vec<Value>, Vec<Value>) = body["Names"].as_array().unwrap().iter().cloned()
                    .partition(|name| name.as_str().unwrap().starts_with("/churn/dev/ou-"));
                let there: Vec<_> = there.into_iter()
                    .map(|name| json!({"Name": name, "Type": "String", "Value": value})).collect();
                json!({"Parameters": there, "InvalidParameters": missing})
            }
            _ => json!({"__type": "UnknownOperationException"}),
        };
        let status = if answer.get("__type").is_some() { 400 } else { 200 };
        std::future::ready(Reply::status(status, answer.to_string()))
    })
    .await
    .unwrap();
    (server, asked)
}

async fn function(endpoint: &str, timeout: Duration) -> Process {
    Function::new(env!("CARGO_BIN_EXE_environment-configuration"))
        .timeout(timeout)
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("CUSTOM_RESOURCE_ALLOW_LOOPBACK", "1")
        .start()
        .await
        .unwrap()
}

#[tokio::test]
async fn e00e_the_one_binary_answers_the_sample_events() {
    let (server, asked) = services("value").await;
    let mut process = function(&server.url(), LIMIT).await;

    let created = process.answer(sample("create"), LIMIT).await.unwrap();
    assert_eq!(created["Status"], "SUCCESS", "{created}");
    assert_eq!(created["Data"].as_object().unwrap().len(), 10);

    let updated = process.answer(sample("update"), LIMIT).await.unwrap();
    let data = updated["Data"].as_object().unwrap();
    assert_eq!(data.len(), 24, "{updated}");
    assert!(data.values().all(Value::is_string), "R36");
    assert_eq!((&data["DataBucketName"], &data["OUProdId"]), (&json!("value"), &json!("")));
    assert_eq!((&data["SubnetIds"], &data["EnvironmentType"]), (&json!("subnet-1,subnet-2"), &json!("dev")));

    let calls = asked.lock().unwrap().len();
    let deleted = process.answer(sample("delete"), LIMIT).await.unwrap();
    assert_eq!(deleted["Status"], "SUCCESS");
    assert_eq!(asked.lock().unwrap().len(), calls, "e00c: Delete calls nothing");

    for id in [&created, &updated, &deleted].map(|answer| &answer["PhysicalResourceId"]) {
        assert_eq!(*id, sample("update")["PhysicalResourceId"], "e00b: one id for life");
    }
    for line in process.stop().await.unwrap().log {
        assert!(serde_json::from_str::<Value>(&line).is_ok(), "e00g: not JSON: {line}");
    }
}

#[tokio::test]
async fn e00d_an_answer_that_is_too_big_is_a_failure_that_names_the_biggest() {
    let (server, _) = services(&"1".repeat(2000)).await;
    let mut process = function(&server.url(), LIMIT).await;
    let answer = process.answer(sample("create"), LIMIT).await.unwrap();
    assert_eq!(answer["Status"], "FAILED");
    let reason = answer["Reason"].as_str().unwrap();
    let parts = ["more than the 4096", "the biggest: ModelBucketName of 2002 bytes, DataBucketName of 2002 bytes, "];
    for part in parts {
        assert!(reason.contains(part), "{reason}");
    }
    assert_eq!(answer["PhysicalResourceId"], sample("update")["PhysicalResourceId"]);
}

#[tokio::test]
async fn e00f_a_service_that_never_answers_is_answered_for_before_the_deadline() {
    let server = Server::start(|_| std::future::ready(Reply::Silence)).await.unwrap();
    let mut process = function(&server.url(), Duration::from_secs(4)).await;
    let answer = process.answer(sample("update"), LIMIT).await.unwrap();
    assert_eq!(answer["Status"], "FAILED", "{answer}");
    assert_eq!(answer["PhysicalResourceId"], sample("update")["PhysicalResourceId"]);
}

#[tokio::test]
async fn bad_properties_fail_at_once_with_all_faults_and_without_a_call() {
    let (server, asked) = services("value").await;
    let mut process = function(&server.url(), LIMIT).await;
    let mut event = sample("create");
    event["ResourceProperties"] = json!({"Parameters": ["A=a", "x"], "OptionalParameters": ["A=b"], "EnvironmentName": "churn", "Paramters": "x"});
    let answer = process.answer(event, LIMIT).await.unwrap();
    let reason = answer["Reason"].as_str().unwrap();
    let parts = [
        "SageMakerProjectName is missing",
        "Parameters[1] is \"x\"",
        "OptionalParameters[0] gives attribute A, as Parameters[0] does",
        "EnvironmentType is missing",
        "Paramters is unknown, did you mean Parameters?",
    ];
    for part in parts {
        assert!(reason.contains(part), "{reason}");
    }
    assert_eq!(answer["PhysicalResourceId"], "environment-configuration!failed-create");
    assert!(asked.lock().unwrap().is_empty());
}
