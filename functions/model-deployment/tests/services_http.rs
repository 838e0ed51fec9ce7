//! What is sent to Parameter Store, the registry, Organizations and Step Functions, and how their answers are read, over
//! HTTP on loopback.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on should say where"
)]

use aws_ports::AwsError;
use lambda_process::{Reply, Server, client};
use model_deployment::{Executions, Hub, HubAccount, ModelPackage, Running, StateMachine};
use organization::{Account, Listing};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

struct Asked {
    operation: String,
    body: Value,
}

struct Service {
    server: Server,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Service {
    async fn answering(replies: Vec<(u16, String)>) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let replies = Arc::new(Mutex::new(replies.into_iter()));
        let log = Arc::clone(&asked);
        let server = Server::start(move |request| {
            let header = |name: &str| {
                request.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
            };
            let text = String::from_utf8(request.body.to_vec()).unwrap();
            log.lock().unwrap().push(Asked {
                operation: header("x-amz-target"),
                body: serde_json::from_str(&text).unwrap_or(Value::String(text)),
            });
            let (status, body) = replies.lock().unwrap().next().expect("one reply a request");
            async move { Reply::status(status, body) }
        })
        .await
        .unwrap();
        Self { server, asked }
    }

    fn hub(&self) -> HubAccount<'static> {
        let url = self.server.url();
        HubAccount::over(
            client!(aws_sdk_organizations, &url, "eu-central-1", 1),
            client!(aws_sdk_sagemaker, &url, "eu-central-1", 1),
            client!(aws_sdk_ssm, &url, "eu-central-1", 1),
        )
    }

    fn state_machine(&self) -> StateMachine<'static> {
        let url = self.server.url();
        StateMachine::over(client!(aws_sdk_sfn, &url, "eu-central-1", 1))
    }

    fn asked(&self) -> Vec<(String, Value)> {
        self.asked.lock().unwrap().iter().map(|asked| (asked.operation.clone(), asked.body.clone())).collect()
    }
}

fn ok(body: Value) -> (u16, String) {
    (200, body.to_string())
}

fn refused(code: &str, message: &str) -> (u16, String) {
    (400, json!({"__type": code, "message": message}).to_string())
}

#[tokio::test]
async fn parameters() {
    let service = Service::answering(vec![
        ok(json!({"Parameter": {"Name": "/mlops/x", "Value": "{}"}})),
        refused("ParameterNotFound", ""),
        ok(json!({"Parameters": [{"Name": "/mlops/a/1", "Value": "one"}], "NextToken": "more"})),
        ok(json!({"Parameters": [{"Name": "/mlops/a/2", "Value": "two"}]})),
        refused("ThrottlingException", "Rate exceeded"),
    ])
    .await;
    let hub = service.hub();
    assert_eq!(hub.parameter("/mlops/x").await.unwrap().as_deref(), Some("{}"));
    assert_eq!(hub.parameter("/mlops/y").await.unwrap(), None);
    let under = hub.parameters_under("/mlops/a/").await.unwrap();
    assert_eq!(
        under.into_iter().collect::<Vec<_>>(),
        [("/mlops/a/1".to_owned(), "one".to_owned()), ("/mlops/a/2".to_owned(), "two".to_owned())]
    );
    assert!(hub.parameters_under("/mlops/a/").await.is_err_and(|error: AwsError| error.is_throttled()));
    let asked = service.asked();
    assert_eq!(asked[0], ("AmazonSSM.GetParameter".into(), json!({"Name": "/mlops/x"})));
    let by_path = json!({"Path": "/mlops/a/", "Recursive": true, "WithDecryption": true});
    assert_eq!(asked[2], ("AmazonSSM.GetParametersByPath".into(), by_path));
    assert_eq!(asked[3].1["NextToken"], "more");
}

#[tokio::test]
async fn executions() {
    let item = |name: &str, started: f64| {
        json!({"executionArn": format!("arn:aws:states:eu-central-1:111111111111:execution:m:{name}"),
            "stateMachineArn": "m", "name": name, "status": "RUNNING", "startDate": started})
    };
    let service = Service::answering(vec![
        ok(json!({"executions": [item("churn-v2-01234567", 2.5)], "nextToken": "more"})),
        ok(json!({"executions": [item("churn-v1-01234567", 1.0)]})),
        ok(json!({})),
        refused("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'"),
        refused("ThrottlingException", "Rate exceeded"),
    ])
    .await;
    let machine = service.state_machine();
    let running = |name: &str, started| Running { name: name.to_owned(), started };
    assert_eq!(
        machine.running("m").await.unwrap(),
        [running("churn-v2-01234567", 2500), running("churn-v1-01234567", 1000)]
    );
    machine.give_up_waiting("token", "Superseded", "by version 3").await.unwrap();
    machine.give_up_waiting("token", "Superseded", "by version 3").await.unwrap();
    assert!(machine.give_up_waiting("token", "Superseded", "by version 3").await.unwrap_err().is_throttled());
    let asked = service.asked();
    assert_eq!(
        asked[0],
        ("AWSStepFunctions.ListExecutions".into(), json!({"stateMachineArn": "m", "statusFilter": "RUNNING"}))
    );
    let failure = json!({"taskToken": "token", "error": "Superseded", "cause": "by version 3"});
    assert_eq!(asked[2], ("AWSStepFunctions.SendTaskFailure".into(), failure));
}

#[tokio::test]
async fn model_packages() {
    let arn = "arn:aws:sagemaker:eu-central-1:111111111111:model-package/churn/2";
    let service = Service::answering(vec![
        ok(json!({
            "ModelPackageName": "churn", "ModelPackageArn": arn, "CreationTime": 1.0,
            "ModelPackageStatus": "Completed", "ModelApprovalStatus": "Approved",
            "ModelPackageStatusDetails": {"ValidationStatuses": []},
            "InferenceSpecification": {
                "Containers": [{"Image": "i"}, {"Image": "j"}], "SupportedRealtimeInferenceInstanceTypes": ["ml.m5.large"],
            },
        })),
        ok(json!({
            "ModelPackageName": "churn", "ModelPackageArn": arn, "CreationTime": 1.0, "ModelPackageStatus": "Pending",
            "ModelPackageStatusDetails": {"ValidationStatuses": []},
        })),
        refused("ValidationException", "ModelPackage arn:... does not exist."),
    ])
    .await;
    let hub = service.hub();
    let package = arn.parse().unwrap();
    let whole = ModelPackage {
        status: "Completed".into(),
        approval_status: "Approved".into(),
        containers: 2,
        instance_types: vec!["ml.m5.large".into()],
    };
    assert_eq!(hub.model_package(&package).await.unwrap(), Some(whole));
    let bare = ModelPackage { status: "Pending".into(), ..ModelPackage::default() };
    assert_eq!(hub.model_package(&package).await.unwrap(), Some(bare));
    assert_eq!(hub.model_package(&package).await.unwrap(), None);
    assert_eq!(service.asked()[0], ("SageMaker.DescribeModelPackage".into(), json!({"ModelPackageName": arn})));
}

#[tokio::test]
async fn organization() {
    let service = Service::answering(vec![
        ok(json!({"Accounts": [{"Id": "222222222222", "State": "ACTIVE"}, {"Id": "333333333333", "Status": "SUSPENDED"}],
            "NextToken": "more"})),
        ok(json!({"OrganizationalUnits": [{"Id": "ou-ab12-bbbbbbbb"}], "NextToken": ""})),
        ok(json!({"Roots": [{"Id": "r-ab12", "Name": "Root"}]})),
        refused("ParentNotFoundException", "no such parent"),
    ])
    .await;
    let hub = service.hub();
    let unit = "ou-ab12-aaaaaaaa".parse().unwrap();
    let accounts = hub.list_accounts_for_parent(&unit, None).await.unwrap();
    let account = |id: &str, state: &str| Account { id: id.into(), state: state.into() };
    assert_eq!(accounts.items, [account("222222222222", "ACTIVE"), account("333333333333", "SUSPENDED")]);
    assert_eq!(accounts.next.as_deref(), Some("more"));
    let units = hub.list_organizational_units_for_parent(&unit, Some("page".into())).await.unwrap();
    assert_eq!((units.items, units.next), (vec!["ou-ab12-bbbbbbbb".to_owned()], None));
    assert_eq!(hub.organization_root().await.unwrap(), "r-ab12");
    assert!(hub.list_accounts_for_parent(&unit, None).await.unwrap_err().is_not_found());
    assert_eq!(service.asked()[1].1, json!({"ParentId": "ou-ab12-aaaaaaaa", "NextToken": "page"}));
}
