//! What is sent to Parameter Store, the registry and Step Functions, and how their answers are read, over HTTP on loopback.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking, where it is set up too")]

use std::collections::HashMap;

use lambda_process::{JsonService, client};
use model_approval::{Deployments, Execution, ModelPackage, Registry, Started, User};
use serde_json::{Value, json};

const STATE_MACHINE: &str = "arn:aws-cn:states:cn-north-1:111111111111:stateMachine:mlops";
const PACKAGE: &str = "arn:aws-cn:sagemaker:cn-north-1:111111111111:model-package/churn/7";

/// Every client of the function at one address: they speak the same protocol.
fn registry(service: &JsonService) -> Registry<'static> {
    Registry::over(
        client!(aws_sdk_sagemaker, service.url(), "cn-north-1", 3),
        client!(aws_sdk_sfn, service.url(), "cn-north-1", 3),
        client!(aws_sdk_ssm, service.url(), "cn-north-1", 3),
    )
}

fn refused(code: &str, message: &str) -> (u16, Value) {
    (400, json!({"__type": code, "message": message}))
}

fn arn(name: &str) -> String {
    format!("{}:{name}", STATE_MACHINE.replace("stateMachine", "execution"))
}

#[tokio::test]
async fn parameters_are_asked_for_ten_at_a_time() {
    let value = |number: usize| json!({"Name": format!("/mlops/{number}"), "Value": number.to_string(), "Version": 1});
    let service = JsonService::answering(vec![
        (200, json!({"Parameters": [value(0), value(9)], "InvalidParameters": ["/mlops/1"]})),
        (200, json!({"Parameters": [value(10)]})),
    ])
    .await
    .unwrap();
    let names: Vec<_> = (0..11).map(|number| format!("/mlops/{number}")).collect();
    let values = registry(&service).parameters(&names).await.unwrap();
    let expected = ["0", "9", "10"].map(|number| (format!("/mlops/{number}"), number.to_owned()));
    assert_eq!(values, HashMap::from(expected));
    let asked = [&names[..10], &names[10..]].map(|names| ("AmazonSSM.GetParameters".into(), json!({"Names": names})));
    assert_eq!(service.asked(), asked);
}

#[tokio::test]
async fn a_version_is_read_with_who_registered_and_who_changed_it() {
    const PROFILE: &str = "arn:aws-cn:sagemaker:cn-north-1:111111111111:user-profile/d-abcdefghijkl/ann";
    const SESSION: &str = "arn:aws-cn:sts::111111111111:assumed-role/studio/SageMaker";
    const APPROVER: &str = "arn:aws-cn:sts::111111111111:assumed-role/approver/bob";
    let described = |more: Value| {
        let mut described = json!({
            "ModelPackageName": "churn", "ModelPackageArn": PACKAGE, "CreationTime": 1_767_600_000.123,
            "ModelPackageStatus": "Completed", "ModelPackageStatusDetails": {"ValidationStatuses": []}
        });
        described.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        (200, described)
    };
    let service = JsonService::answering(vec![
        described(json!({
            "ModelApprovalStatus": "Approved", "LastModifiedTime": 1_767_603_600.789,
            "CreatedBy": {
                "UserProfileArn": PROFILE, "UserProfileName": "ann", "DomainId": "d-abcdefghijkl",
                "IamIdentity": {"Arn": SESSION, "PrincipalId": "AROAEXAMPLE:SageMaker", "SourceIdentity": "ann"}
            },
            "LastModifiedBy": {"IamIdentity": {"Arn": APPROVER, "PrincipalId": "AROAEXAMPLE:bob"}}
        })),
        // Registered as approved, and never changed since.
        described(json!({"ModelApprovalStatus": "Approved", "CreatedBy": {"IamIdentity": {"Arn": APPROVER}}})),
        described(json!({"CreatedBy": {}, "LastModifiedBy": {"IamIdentity": {}}, "LastModifiedTime": 1_767_603_600})),
        refused("ValidationException", "ModelPackage churn/7 does not exist"),
    ])
    .await
    .unwrap();
    let (registry, package) = (registry(&service), PACKAGE.parse().unwrap());
    let ann = User {
        profile: Some(PROFILE.to_owned()),
        principal: Some(SESSION.to_owned()),
        source_identity: Some("ann".to_owned()),
    };
    let bob = User { profile: None, principal: Some(APPROVER.to_owned()), source_identity: None };
    let expected = [
        ("Approved", Some(ann), Some(bob.clone()), 1_767_603_600_789),
        ("Approved", Some(bob.clone()), Some(bob), 1_767_600_000_123),
        ("", None, None, 1_767_603_600_000),
    ];
    for (status, created_by, last_modified_by, last_modified) in expected {
        let approval_status = status.to_owned();
        let expected = ModelPackage { approval_status, created_by, last_modified_by, last_modified };
        assert_eq!(registry.model_package(&package).await.unwrap(), expected);
    }
    let error = registry.model_package(&package).await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
    assert_eq!(service.asked()[3], ("SageMaker.DescribeModelPackage".into(), json!({"ModelPackageName": PACKAGE})));
}

#[tokio::test]
async fn executions_are_listed_on_every_page_and_a_throttled_one_again() {
    let item = |name: &str, started: f64| {
        json!({
            "executionArn": arn(name), "name": name, "stateMachineArn": STATE_MACHINE, "status": "RUNNING",
            "startDate": started
        })
    };
    let service = JsonService::answering(vec![
        (200, json!({"executions": [item("churn-v7-01234567", 1_767_603_600.789)], "nextToken": "more"})),
        refused("ThrottlingException", "Rate exceeded"),
        (200, json!({"executions": [item("nightly", 1_767_600_000.0)]})),
    ])
    .await
    .unwrap();
    let running = registry(&service).running(STATE_MACHINE).await.unwrap();
    let expected = [("churn-v7-01234567", 1_767_603_600_789), ("nightly", 1_767_600_000_000)]
        .map(|(name, started)| Execution { name: name.to_owned(), arn: arn(name), started });
    assert_eq!(running, expected);
    let first = json!({"stateMachineArn": STATE_MACHINE, "statusFilter": "RUNNING"});
    let mut second = first.clone();
    second["nextToken"] = json!("more");
    let asked = [first, second.clone(), second].map(|body| ("AWSStepFunctions.ListExecutions".to_owned(), body));
    assert_eq!(service.asked(), asked);
}

#[tokio::test]
async fn an_execution_is_described_as_long_as_there_is_one() {
    let described = |more: Value| {
        let mut described = json!({
            "executionArn": arn("a"), "stateMachineArn": STATE_MACHINE, "status": "RUNNING",
            "startDate": 1_767_600_000.0
        });
        described.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        (200, described)
    };
    let service = JsonService::answering(vec![
        described(json!({"input": "{}"})),
        described(json!({})),
        refused("ExecutionDoesNotExist", "Execution Does Not Exist"),
        refused("AccessDeniedException", "not authorized to perform: states:DescribeExecution"),
    ])
    .await
    .unwrap();
    let registry = registry(&service);
    let execution = Execution { name: "a".to_owned(), arn: arn("a"), started: 0 };
    assert_eq!(registry.input(&execution).await.unwrap().as_deref(), Some("{}"));
    assert_eq!(registry.input(&execution).await.unwrap(), None);
    assert_eq!(registry.input(&execution).await.unwrap(), None);
    let error = registry.input(&execution).await.unwrap_err();
    assert!(error.is_access_denied() && error.to_string().starts_with("states:DescribeExecution answered"), "{error}");
    assert_eq!(service.asked()[0], ("AWSStepFunctions.DescribeExecution".into(), json!({"executionArn": arn("a")})));
}

#[tokio::test]
async fn an_execution_is_started_once() {
    let service = JsonService::answering(vec![
        (200, json!({"executionArn": arn("a"), "startDate": 1_767_600_000.0})),
        refused("ExecutionAlreadyExists", "Execution Already Exists: 'a'"),
        refused("StateMachineDoesNotExist", "State Machine Does Not Exist"),
    ])
    .await
    .unwrap();
    let registry = registry(&service);
    assert_eq!(registry.start(STATE_MACHINE, "a", "{}").await.unwrap(), Started::Execution(arn("a")));
    assert_eq!(registry.start(STATE_MACHINE, "a", "{}").await.unwrap(), Started::EndedBefore);
    let error = registry.start(STATE_MACHINE, "a", "{}").await.unwrap_err();
    assert_eq!(error.code(), Some("StateMachineDoesNotExist"));
    let body = json!({"stateMachineArn": STATE_MACHINE, "name": "a", "input": "{}"});
    assert_eq!(service.asked()[0], ("AWSStepFunctions.StartExecution".into(), body));
}
