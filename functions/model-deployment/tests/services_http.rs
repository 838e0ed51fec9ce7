//! What is sent to Parameter Store, the registry, Organizations, STS and SageMaker, and how their answers are read, over
//! HTTP on loopback.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on should say where"
)]

use aws_ports::AwsError;
use lambda_process::{Reply, Server};
use model_deployment::{Endpoint, Hub, HubAccount, ModelPackage, TargetAccounts, TargetAccountsByRole, Variant};
use organization::{Account, Listing};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

struct Asked {
    operation: String,
    /// JSON, or the text of a form.
    body: Value,
    region: String,
    key: String,
    token: String,
}

struct Service {
    server: Server,
    asked: Arc<Mutex<Vec<Asked>>>,
}

/// A client of a service crate, pointed at the loopback server.
macro_rules! client {
    ($sdk:ident, $url:expr) => {
        $sdk::Client::from_conf(
            $sdk::Config::builder()
                .behavior_version($sdk::config::BehaviorVersion::latest())
                .region($sdk::config::Region::new("eu-central-1"))
                .credentials_provider($sdk::config::Credentials::new("HUBKEY", "secret", None, None, "test"))
                .retry_config($sdk::config::retry::RetryConfig::disabled())
                .endpoint_url($url)
                .build(),
        )
    };
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
            let authorization = header("authorization");
            let scope: Vec<_> = authorization.split(['=', '/', ' ']).map(str::to_owned).collect();
            let text = String::from_utf8(request.body.to_vec()).unwrap();
            log.lock().unwrap().push(Asked {
                operation: header("x-amz-target"),
                body: serde_json::from_str(&text).unwrap_or(Value::String(text)),
                key: scope[2].clone(),
                region: scope[4].clone(),
                token: header("x-amz-security-token"),
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
            client!(aws_sdk_organizations, &url),
            client!(aws_sdk_sagemaker, &url),
            client!(aws_sdk_ssm, &url),
        )
    }

    fn targets(&self) -> TargetAccountsByRole<'static> {
        let url = self.server.url();
        TargetAccountsByRole::over(client!(aws_sdk_sagemaker, &url), client!(aws_sdk_sts, &url))
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
        ok(json!({"Version": 3, "Tier": "Standard"})),
        refused("ThrottlingException", "Rate exceeded"),
    ])
    .await;
    let hub = service.hub();
    assert_eq!(hub.parameter("/mlops/x").await.unwrap().as_deref(), Some("{}"));
    assert_eq!(hub.parameter("/mlops/y").await.unwrap(), None);
    hub.put_parameter("/mlops/y", "[]").await.unwrap();
    assert!(hub.put_parameter("/mlops/y", "[]").await.is_err_and(|error: AwsError| error.is_throttled()));
    let put =
        json!({"Name": "/mlops/y", "Value": "[]", "Type": "String", "Tier": "Intelligent-Tiering", "Overwrite": true});
    assert_eq!(
        service.asked()[..3],
        [
            ("AmazonSSM.GetParameter".into(), json!({"Name": "/mlops/x"})),
            ("AmazonSSM.GetParameter".into(), json!({"Name": "/mlops/y"})),
            ("AmazonSSM.PutParameter".into(), put),
        ]
    );
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

/// One client serves every account and region, each call with that account's session in that region.
#[tokio::test]
async fn endpoints_are_seen_through_the_role() {
    let assumed = "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><Credentials>\
                   <AccessKeyId>TARGETKEY</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>TOKEN</SessionToken>\
                   <Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>";
    let denied = "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>\
                  <Code>AccessDenied</Code><Message>not authorized to perform sts:AssumeRole</Message></Error></ErrorResponse>";
    let service = Service::answering(vec![
        (200, assumed.into()),
        ok(json!({"EndpointName": "e", "EndpointArn": "a", "EndpointStatus": "Failed", "FailureReason": "no capacity",
            "EndpointConfigName": "c", "CreationTime": 1.0, "LastModifiedTime": 1.0})),
        ok(json!({"EndpointConfigName": "c", "EndpointConfigArn": "a", "CreationTime": 1.0, "ProductionVariants": [
            {"VariantName": "AllTraffic", "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 2}]})),
        ok(json!({"ModelName": "m", "ModelArn": "a", "CreationTime": 1.0, "PrimaryContainer": {"ModelPackageName": "p"}})),
        ok(json!({"ModelName": "m", "ModelArn": "a", "CreationTime": 1.0,
            "Containers": [{"ModelPackageName": "p"}, {"ModelPackageName": "q"}]})),
        refused("ValidationException", "Could not find endpoint \"e\"."),
        (403, denied.into()),
    ])
    .await;
    let targets = service.targets();
    let role = "arn:aws:iam::222222222222:role/ModelExecution";
    let session = targets.assume_role(role, "verify-v1", "{}").await.unwrap();
    let region = "ap-southeast-2".parse().unwrap();
    assert_eq!(
        targets.endpoint(&session, &region, "e").await.unwrap(),
        Endpoint { status: "Failed".into(), failure_reason: Some("no capacity".into()), config_name: "c".into() }
    );
    assert_eq!(
        targets.endpoint_config(&session, &region, "c").await.unwrap().variants,
        [Variant { model_name: "m".into(), instance_type: "ml.m5.large".into(), instance_count: 2 }]
    );
    assert_eq!(targets.model_packages(&session, &region, "m").await.unwrap(), ["p"]);
    assert_eq!(targets.model_packages(&session, &region, "m").await.unwrap(), ["p", "q"]);
    assert!(targets.endpoint(&session, &region, "e").await.unwrap_err().is_not_found());
    assert!(targets.assume_role(role, "verify-v1", "{}").await.unwrap_err().is_access_denied());
    let asked = service.asked.lock().unwrap();
    let form = asked[0].body.as_str().unwrap();
    for part in ["Action=AssumeRole", "RoleSessionName=verify-v1", "Policy=%7B%7D", "DurationSeconds=900"] {
        assert!(form.contains(part), "{part}: {form}");
    }
    assert_eq!((asked[0].key.as_str(), asked[0].region.as_str()), ("HUBKEY", "eu-central-1"));
    for seen in &asked[1..6] {
        let from = (seen.key.as_str(), seen.region.as_str(), seen.token.as_str());
        assert_eq!(from, ("TARGETKEY", "ap-southeast-2", "TOKEN"), "{}", seen.operation);
    }
    assert_eq!(asked[1].body, json!({"EndpointName": "e"}));
}
