//! The built function as a process: the sample events, a service that never answers, and bad properties.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking, where it is set up too")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use lambda_process::{Function, Process, Reply, Request, Server};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(40);

fn sample(request_type: &str) -> Value {
    let path = format!("../../events/studio-storage-{request_type}.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// One file system with one mount target, and what was done to it.
#[derive(Default)]
struct Account {
    backed_up: bool,
    unmounted: bool,
    deleted: bool,
}

/// SageMaker, EFS, EC2 and AWS Backup of the account, each in its own protocol.
fn answer_to(request: &Request, account: &mut Account) -> Reply {
    let target = request.headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let json = |value: Value| Reply::status(200, value.to_string());
    if target == "SageMaker.DescribeDomain" {
        return Reply::status(400, json!({"__type": "ResourceNotFound", "message": "gone"}).to_string());
    }
    if request.target == "/" {
        return Reply::status(200, "<DescribeSecurityGroupsResponse/>");
    }
    match (request.method.as_str(), request.target.as_str()) {
        ("GET", "/2015-02-01/file-systems") if account.deleted => json(json!({"FileSystems": []})),
        ("GET", "/2015-02-01/file-systems") => json(json!({"FileSystems": [{
            "FileSystemId": "fs-1", "FileSystemArn": "arn:fs-1", "OwnerId": "123456789012", "CreationToken": "x",
            "CreationTime": 1, "LifeCycleState": "available", "NumberOfMountTargets": 1, "SizeInBytes": {"Value": 1},
            "PerformanceMode": "generalPurpose", "Tags": [
                {"Key": "EnvironmentName", "Value": "churn"}, {"Key": "EnvironmentType", "Value": "dev"},
                {"Key": "ManagedByAmazonSageMakerResource",
                 "Value": "arn:aws:sagemaker:eu-central-1:123456789012:domain/d-0a1b2c3d4e5f"}]}]})),
        ("GET", line) if line.contains("/mount-targets") && account.unmounted => json(json!({"MountTargets": []})),
        ("GET", line) if line.contains("/mount-targets") => json(json!({"MountTargets": [{
            "MountTargetId": "fsmt-1", "FileSystemId": "fs-1", "SubnetId": "subnet-1", "LifeCycleState": "available",
            "VpcId": "vpc-0a1b2c3d4e5f67890"}]})),
        ("DELETE", line) if line.ends_with("/mount-targets/fsmt-1") => {
            assert!(account.backed_up);
            account.unmounted = true;
            Reply::status(204, "")
        }
        ("DELETE", line) if line.ends_with("/file-systems/fs-1") => {
            assert!(account.unmounted);
            account.deleted = true;
            Reply::status(204, "")
        }
        ("PUT", "/backup-jobs") => json(json!({"BackupJobId": "job-1"})),
        ("GET", "/backup-jobs/job-1") => {
            account.backed_up = true;
            json(json!({"State": "COMPLETED", "CompletionDate": 4_000_000_000_u32}))
        }
        _ => Reply::status(400, json!({"__type": "UnknownOperationException"}).to_string()),
    }
}

async fn function(endpoint: &str, timeout: Duration) -> Process {
    Function::new(env!("CARGO_BIN_EXE_studio-storage"))
        .timeout(timeout)
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("CUSTOM_RESOURCE_ALLOW_LOOPBACK", "1")
        .start()
        .await
        .unwrap()
}

#[tokio::test]
async fn e00e_the_one_binary_answers_the_sample_events() {
    let account = Arc::<Mutex<Account>>::default();
    let shared = Arc::clone(&account);
    let server = Server::start(move |request| std::future::ready(answer_to(&request, &mut shared.lock().unwrap())))
        .await
        .unwrap();
    let mut process = function(&server.url(), LIMIT).await;
    for request_type in ["create", "update", "delete"] {
        let answer = process.answer(sample(request_type), LIMIT).await.unwrap();
        assert_eq!(answer["Status"], "SUCCESS", "{answer}");
        assert_eq!(answer["PhysicalResourceId"], sample("update")["PhysicalResourceId"], "e00b: one id for life");
        assert_eq!(account.lock().unwrap().deleted, request_type == "delete");
    }
    for line in process.stop().await.unwrap().log {
        assert!(serde_json::from_str::<Value>(&line).is_ok(), "e00g: not JSON: {line}");
    }
}

#[tokio::test]
async fn e00f_a_service_that_never_answers_is_answered_for_before_the_deadline() {
    let server = Server::start(|_| std::future::ready(Reply::Silence)).await.unwrap();
    let mut process = function(&server.url(), Duration::from_secs(4)).await;
    let answer = process.answer(sample("delete"), LIMIT).await.unwrap();
    assert_eq!(answer["Status"], "FAILED", "{answer}");
    assert_eq!(answer["PhysicalResourceId"], sample("update")["PhysicalResourceId"]);
}

#[tokio::test]
async fn bad_properties_fail_at_once_with_all_faults() {
    let mut process = function("http://127.0.0.1:9", LIMIT).await;
    let mut event = sample("create");
    event["ResourceProperties"] = json!({"EnvironmentName": "churn", "VpcId": "vpc", "OnDelete": "Backup"});
    let answer = process.answer(event, LIMIT).await.unwrap();
    let reason = answer["Reason"].as_str().unwrap();
    for part in
        ["EnvironmentType is missing", "VpcId is \"vpc\"", "BackupVaultName is missing", "BackupRoleArn is missing"]
    {
        assert!(reason.contains(part), "{reason}");
    }
    assert_eq!(answer["PhysicalResourceId"], "studio-storage!failed-create");
}
