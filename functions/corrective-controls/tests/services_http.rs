//! What is sent to S3, STS, SageMaker and EventBridge, and how their answers are read, over HTTP on loopback.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a failed assumption of a test is a failed test"
)]

use std::sync::{Arc, Mutex};

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use control_records::{RecordsInMemory, Scope};
use controls::{Action, CorrectionMode};
use corrective_controls::{Accounts, Platform, Services, Settings, handle};
use findings::{CorrectionChange, CorrectionState};
use http::HeaderValue;
use lambda_process::{Reply, Request, Server};
use serde_json::{Value, json};

const FUNCTION: &str = "arn:aws:lambda:eu-central-1:111111111111:function:mlops-corrective-controls";
const REQUEST_ID: &str = "6b1e8f0a-5d2c-4a8e-9f53-1c2d3e4f5a6b";

type Asked = Arc<Mutex<Vec<Request>>>;

async fn answering(replies: Vec<Reply>) -> (Server, Asked, SdkConfig) {
    let asked = Asked::default();
    let (log, replies) = (Arc::clone(&asked), Mutex::new(replies.into_iter()));
    let server = Server::start(move |request| {
        log.lock().unwrap().push(request);
        let reply = replies.lock().unwrap().next().unwrap_or_else(|| Reply::status(501, ""));
        std::future::ready(reply)
    })
    .await
    .unwrap();
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new("HUBKEY", "secret", None, None, "test")))
        .retry_config(RetryConfig::standard().with_max_attempts(1))
        .endpoint_url(server.url())
        .build();
    (server, asked, config)
}

fn settings() -> Settings {
    Settings::from_environment(|name| {
        let value = match name {
            "PARTITION" => "aws",
            "CONTROLS_BUCKET" => "controls",
            "EVENT_BUS_NAME" => "default",
            _ => "mlops",
        };
        Some(value.to_owned())
    })
    .unwrap()
}

fn with(mut reply: Reply, headers: &[(&'static str, &'static str)]) -> Reply {
    if let Reply::Answer(response) = &mut reply {
        for (name, value) in headers {
            response.headers_mut().insert(*name, HeaderValue::from_static(value));
        }
    }
    reply
}

fn scope(account: &str, region: &str) -> Scope {
    Scope { account: account.parse().unwrap(), region: region.parse().unwrap() }
}

fn body(request: &Request) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}

/// Who signed, and for which region and service.
fn signed(request: &Request) -> String {
    let header = request.headers["authorization"].to_str().unwrap();
    let scope = header.split("Credential=").nth(1).unwrap().split("/aws4_request").next().unwrap();
    let parts: Vec<&str> = scope.split('/').collect();
    format!("{} {} {}", parts[0], parts[2], parts[3])
}

fn s3_error(status: u16, code: &str) -> Reply {
    Reply::status(status, format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>m</Message></Error>"))
}

#[tokio::test]
async fn the_configuration_and_the_evidence_in_s3() {
    let (_server, asked, config) = answering(vec![
        with(Reply::status(200, "{}"), &[("x-amz-version-id", "v7"), ("etag", "\"e\"")]),
        with(Reply::status(200, "{}"), &[("etag", "\"e\"")]),
        s3_error(404, "NoSuchKey"),
        s3_error(403, "AccessDenied"),
        Reply::status(200, ""),
        s3_error(412, "PreconditionFailed"),
        s3_error(403, "AccessDenied"),
    ])
    .await;
    let settings = settings();
    let services = Services::over(&config, &settings, FUNCTION).unwrap();
    let found = services.configuration().await.unwrap().unwrap();
    assert_eq!((found.version.as_str(), found.body.as_slice()), ("v7", &b"{}"[..]));
    assert_eq!(services.configuration().await.unwrap().unwrap().version, "\"e\"");
    assert_eq!(services.configuration().await.unwrap(), None);
    assert!(services.configuration().await.unwrap_err().is_access_denied());
    services.keep("evidence/a.json", "{}".to_owned()).await.unwrap();
    services.keep("evidence/a.json", "{}".to_owned()).await.unwrap();
    assert!(services.keep("evidence/a.json", "{}".to_owned()).await.unwrap_err().is_access_denied());
    let asked = asked.lock().unwrap();
    let path = |request: &Request| format!("{} {}", request.method, request.target.split('?').next().unwrap());
    assert_eq!(path(&asked[0]), "GET /controls/configuration.json");
    assert_eq!(path(&asked[4]), "PUT /controls/evidence/a.json");
    assert_eq!(asked[4].headers["if-none-match"], "*");
    assert_eq!(asked[4].headers["content-type"], "application/json");
}

#[tokio::test]
async fn a_change_on_the_bus() {
    let (_server, asked, config) = answering(vec![
        Reply::status(200, json!({"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}).to_string()),
        Reply::status(
            200,
            json!({"FailedEntryCount": 1, "Entries": [{"ErrorCode": "NotAuthorizedForSourceException", "ErrorMessage": "no"}]})
                .to_string(),
        ),
    ])
    .await;
    let settings = settings();
    let services = Services::over(&config, &settings, FUNCTION).unwrap();
    let change = CorrectionChange {
        control: "notebook-idle".to_owned(),
        resource: "arn:aws:sagemaker:eu-central-1:111111111111:notebook-instance/lab".to_owned(),
        account: "111111111111".to_owned(),
        region: "eu-central-1".to_owned(),
        action: Action::Stop,
        mode: CorrectionMode::DryRun,
        state: CorrectionState::WouldDo,
        due: "2026-11-03T08:00:00Z".parse().unwrap(),
        reason: Some("nobody has used it".to_owned()),
        evidence: Some("s3://controls/evidence/a.json".to_owned()),
        at: "2026-11-03T09:00:00Z".parse().unwrap(),
    };
    services.announce(&change).await.unwrap();
    let refused = services.announce(&change).await.unwrap_err();
    assert_eq!(refused.error_type(), "RetryableAwsError");
    assert_eq!(refused.to_string(), "events:PutEvents did not take the event: NotAuthorizedForSourceException: no");
    let asked = asked.lock().unwrap();
    assert_eq!(asked[0].headers["x-amz-target"], "AWSEvents.PutEvents");
    let entry = &body(&asked[0])["Entries"][0];
    assert_eq!(
        (&entry["EventBusName"], &entry["DetailType"]),
        (&json!("default"), &json!("Control Correction State Change"))
    );
    let detail: Value = serde_json::from_str(entry["Detail"].as_str().unwrap()).unwrap();
    for (name, value) in [
        ("control", "notebook-idle"),
        ("account", "111111111111"),
        ("action", "stop"),
        ("mode", "dryRun"),
        ("state", "wouldDo"),
        ("due", "2026-11-03T08:00:00Z"),
        ("evidence", "s3://controls/evidence/a.json"),
    ] {
        assert_eq!(detail[name], value);
    }
}

const CREDENTIALS: &str = "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult>\
    <Credentials><AccessKeyId>TARGETKEY</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>\
    <Expiration>2999-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>";

#[tokio::test]
async fn calls_here_are_the_functions_own_and_elsewhere_the_roles() {
    let done = || with(Reply::status(200, ""), &[("x-amzn-requestid", REQUEST_ID)]);
    let (_server, asked, config) = answering(vec![
        done(),
        done(),
        Reply::status(200, CREDENTIALS),
        done(),
        done(),
        Reply::status(400, json!({"__type": "ValidationException", "message": "RecordNotFound"}).to_string()),
    ])
    .await;
    let settings = settings();
    let services = Services::over(&config, &settings, FUNCTION).unwrap();
    let input = json!({"NotebookInstanceName": "lab"});
    let stop = "sagemaker:StopNotebookInstance";
    for (account, region) in [
        ("111111111111", "eu-central-1"),
        ("111111111111", "us-east-1"),
        ("222222222222", "eu-west-1"),
        ("222222222222", "eu-west-1"),
    ] {
        let answer = services.call(&scope(account, region), stop, &input).await.unwrap();
        assert_eq!((answer.body, answer.request_id.as_deref()), (json!({}), Some(REQUEST_ID)));
    }
    assert!(services.call(&scope("222222222222", "eu-west-1"), stop, &input).await.unwrap_err().is_not_found());
    let asked = asked.lock().unwrap();
    let who: Vec<String> = asked.iter().map(signed).collect();
    assert_eq!(
        who,
        [
            "HUBKEY eu-central-1 sagemaker",
            "HUBKEY us-east-1 sagemaker",
            "HUBKEY eu-central-1 sts",
            "TARGETKEY eu-west-1 sagemaker",
            "TARGETKEY eu-west-1 sagemaker",
            "TARGETKEY eu-west-1 sagemaker",
        ]
    );
    let form = String::from_utf8(asked[2].body.to_vec()).unwrap();
    assert_eq!(
        form,
        "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A222222222222%3Arole%2Fmlops\
         &RoleSessionName=corrective-controls&DurationSeconds=3600"
    );
    assert_eq!(asked[0].headers["x-amz-target"], "SageMaker.StopNotebookInstance");
    assert_eq!(body(&asked[0]), input);
}

/// An account that does not let in is no fault of its resources: the run says so once, and touches nothing.
#[tokio::test]
async fn an_account_that_does_not_let_in_ends_the_run() {
    let denied = "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>\
        <Code>AccessDenied</Code><Message>not authorized to perform: sts:AssumeRole</Message></Error></ErrorResponse>";
    let configuration = json!({"corrective": {"corrections": [
        {"control": "notebook-no-direct-internet", "action": "stop", "mode": "act", "graceHours": 0},
    ]}});
    let event = || Reply::status(200, json!({"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}).to_string());
    let (_server, asked, config) = answering(vec![
        Reply::status(200, configuration.to_string()),
        Reply::status(200, ""),
        event(),
        Reply::status(200, configuration.to_string()),
        Reply::status(403, denied),
    ])
    .await;
    let settings = settings();
    let services = Services::over(&config, &settings, FUNCTION).unwrap();
    let records = RecordsInMemory::new();
    let place = scope("222222222222", "eu-central-1");
    let arn = "arn:aws:sagemaker:eu-central-1:222222222222:notebook-instance/lab";
    let record = json!({
        "kind": "NotebookInstance", "name": "lab", "key": {"NotebookInstanceName": "lab"}, "arn": arn,
        "account": "222222222222", "region": "eu-central-1", "created": "2026-11-02T08:00:00Z", "status": "InService",
        "instanceType": null, "lastOpened": null, "lookedAt": "2026-11-02T08:00:00Z",
        "verdicts": {"notebook-no-direct-internet": {
            "verdict": "fail", "reason": "DirectInternetAccess is \"Enabled\"", "since": "2026-11-02T08:00:00Z",
            "firstFailed": null, "exemption": null, "actor": null, "eventId": null, "imported": null,
        }},
    });
    records.overwrite(&place, &format!("resource/{arn}"), record.to_string());
    let act = || json!({"task": "act", "scope": place});
    let mut log = Vec::new();
    let marked = handle(&services, &services, &records, &settings, &mut log, act()).await.unwrap();
    assert_eq!(marked["marked"], 1);
    let metrics: Value = serde_json::from_slice(&log).unwrap();
    assert_eq!((&metrics["CorrectionsMarked"], &metrics["PlatformName"]), (&json!(1), &json!("mlops")));
    assert_eq!(metrics["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().unwrap().len(), 6);
    let error = handle(&services, &services, &records, &settings, &mut log, act()).await.unwrap_err();
    assert_eq!(error.error_type(), "AwsError");
    assert!(error.to_string().starts_with("sts:AssumeRole answered AccessDenied"), "{error}");
    assert_eq!(asked.lock().unwrap().len(), 5);
}

#[test]
fn every_fault_of_the_environment_is_named() {
    let faulty = |name: &str| match name {
        "TARGET_ROLE_NAME" => Some("service-role/x".to_owned()),
        "PARTITION" => Some("aws".to_owned()),
        "CONTROLS_BUCKET" => Some(String::new()),
        _ => None,
    };
    let message = Settings::from_environment(faulty).unwrap_err().to_string();
    for expected in [
        "PLATFORM_NAME is missing",
        "CONTROLS_BUCKET is missing",
        "CONTROL_RECORDS_TABLE is missing",
        "EVENT_BUS_NAME is missing",
        "FUNCTION_ROLE_NAME is missing",
        "TARGET_ROLE_NAME is not a role's name",
    ] {
        assert!(message.contains(expected), "{expected}: {message}");
    }
}
