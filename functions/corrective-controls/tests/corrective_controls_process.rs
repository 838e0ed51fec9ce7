//! The built function as a process: its sample events against services on loopback, bad input, and what it logs.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a failed assumption of a test is a failed test"
)]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lambda_process::{Function, Outcome, Process, Reply, Request, Server};
use serde_json::{Value, json};

const ARN: &str = "arn:aws:sagemaker:eu-central-1:111111111111:notebook-instance/lab";
const SECRET: &str = "arn:aws:iam::111111111111:role/secret-of-the-notebook";

/// DynamoDB, S3, EventBridge and SageMaker of one account.
#[derive(Default)]
struct Account {
    configuration: Option<String>,
    items: BTreeMap<String, Value>,
    status: &'static str,
    evidence: Vec<(String, Value)>,
    said: Vec<Value>,
    calls: Vec<String>,
}

impl Account {
    fn answer(&mut self, request: &Request) -> Reply {
        let json: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let operation = request.operation();
        let ok = |body: Value| Reply::status(200, body.to_string());
        match operation.as_str() {
            "GetObject" => match &self.configuration {
                Some(document) => Reply::status(200, document.clone()),
                None => Reply::status(404, "<Error><Code>NoSuchKey</Code></Error>"),
            },
            "PutObject" => {
                let path = request.target.split('?').next().unwrap().to_owned();
                self.evidence.push((path, json));
                Reply::status(200, "")
            }
            "GetItem" => {
                let id = json["Key"]["id"]["S"].as_str().unwrap();
                ok(self.items.get(id).map_or_else(|| json!({}), |item| json!({"Item": item})))
            }
            "Query" => {
                let prefix = json["ExpressionAttributeValues"][":prefix"]["S"].as_str().unwrap();
                let items: Vec<&Value> =
                    self.items.iter().filter(|(id, _)| id.starts_with(prefix)).map(|(_, item)| item).collect();
                ok(json!({"Count": items.len(), "Items": items}))
            }
            "PutItem" => {
                self.items.insert(json["Item"]["id"]["S"].as_str().unwrap().to_owned(), json["Item"].clone());
                ok(json!({}))
            }
            "PutEvents" => {
                let detail = json["Entries"][0]["Detail"].as_str().unwrap();
                self.said.push(serde_json::from_str(detail).unwrap());
                ok(json!({"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}))
            }
            "DescribeNotebookInstance" => ok(json!({
                "NotebookInstanceArn": ARN, "NotebookInstanceName": "Lab", "NotebookInstanceStatus": self.status,
                "DirectInternetAccess": "Enabled", "RoleArn": SECRET, "CreationTime": 1793606400.25,
                "LastModifiedTime": 1793606400.25,
            })),
            "StopNotebookInstance" => {
                assert_eq!(json, json!({"NotebookInstanceName": "Lab"}));
                self.calls.push(operation);
                self.status = "Stopping";
                Reply::status(200, "")
            }
            other => panic!("{other}"),
        }
    }
}

fn record() -> Value {
    let record = json!({
        "kind": "NotebookInstance", "name": "Lab", "key": {"NotebookInstanceName": "Lab"}, "arn": ARN,
        "account": "111111111111", "region": "eu-central-1", "created": "2026-11-02T08:00:00.25Z", "status": "InService",
        "instanceType": "ml.t3.medium", "lastOpened": null, "lookedAt": "2026-11-02T08:00:07Z",
        "verdicts": {"notebook-no-direct-internet": {
            "verdict": "fail", "reason": "DirectInternetAccess is \"Enabled\"", "since": "2026-11-02T08:00:07Z",
            "firstFailed": "2026-11-02T08:00:07Z", "exemption": null,
            "actor": "arn:aws:iam::111111111111:role/DataScientist", "eventId": "3dcbd4d2", "imported": null,
        }},
    });
    let id = format!("resource/{ARN}");
    json!({"scope": {"S": "111111111111/eu-central-1"}, "id": {"S": id}, "version": {"N": "7"}, "document": {"S": record.to_string()}})
}

fn function(endpoint: &str) -> Function {
    Function::new(env!("CARGO_BIN_EXE_corrective-controls"))
        .timeout(Duration::from_secs(20))
        .arn("arn:aws:lambda:eu-central-1:111111111111:function:mlops-corrective-controls")
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("AWS_LAMBDA_LOG_LEVEL", "TRACE")
        .env("PLATFORM_NAME", "secure-mlops")
        .env("PARTITION", "aws")
        .env("CONTROLS_BUCKET", "controls")
        .env("CONTROL_RECORDS_TABLE", "records")
        .env("EVENT_BUS_NAME", "default")
        .env("TARGET_ROLE_NAME", "secure-mlops-corrective-controls")
        .env("FUNCTION_ROLE_NAME", "secure-mlops-eu-central-1-corrective-controls")
}

async fn invoked(process: &mut Process, event: &Value) -> Result<Value, Value> {
    match process.invoke(event.to_string()).await.unwrap().outcome {
        Outcome::Response(body) => Ok(serde_json::from_slice(&body).unwrap()),
        Outcome::Error { body, .. } => Err(serde_json::from_slice(&body).unwrap()),
        other => panic!("{other:?}"),
    }
}

fn sample(name: &str) -> Value {
    let path = format!("../../events/corrective-controls-{name}.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[tokio::test]
async fn a_finding_is_marked_and_a_task_acts_on_it() {
    let account = Arc::new(Mutex::new(Account { status: "InService", ..Account::default() }));
    account.lock().unwrap().items.insert(format!("resource/{ARN}"), record());
    let shared = Arc::clone(&account);
    let server =
        Server::start(move |request| std::future::ready(shared.lock().unwrap().answer(&request))).await.unwrap();
    let mut process = function(&server.url()).start().await.unwrap();
    let mut act = sample("act");
    act["scope"]["account"] = "111111111111".into();

    // Off until somebody switches it on.
    assert_eq!(invoked(&mut process, &sample("finding")).await.unwrap()["outcome"], "nothing");
    let idle = invoked(&mut process, &act).await.unwrap();
    assert_eq!((&idle["marked"], &idle["acted"]), (&json!(0), &json!(0)));
    let correction =
        json!({"control": "notebook-no-direct-internet", "action": "stop", "mode": "act", "graceHours": 0});
    let configuration = json!({"corrective": {"corrections": [correction]}});
    account.lock().unwrap().configuration = Some(configuration.to_string());
    assert_eq!(invoked(&mut process, &sample("finding")).await.unwrap(), json!({"outcome": "marked"}));
    assert_eq!(invoked(&mut process, &sample("finding")).await.unwrap()["outcome"], "nothing");
    assert_eq!(invoked(&mut process, &act).await.unwrap()["acted"], 1);
    assert_eq!(invoked(&mut process, &act).await.unwrap()["acted"], 0);

    let mut faulty = configuration.clone();
    faulty["corrective"]["corrections"][0]["mode"] = "always".into();
    faulty["disabled"] = json!(["no-such-control"]);
    account.lock().unwrap().configuration = Some(faulty.to_string());
    let refused = invoked(&mut process, &act).await.unwrap_err();
    assert_eq!(refused["errorType"], "InvalidConfiguration");
    let message = refused["errorMessage"].as_str().unwrap();
    assert!(message.contains("no-such-control") && message.contains("dryRun or act"), "{message}");
    for bad in [json!({}), json!({"task": "act"}), json!({"task": "delete", "scope": act["scope"]}), json!([])] {
        assert_eq!(invoked(&mut process, &bad).await.unwrap_err()["errorType"], "InvalidInput", "{bad}");
    }

    let log = process.stop().await.unwrap().log;
    let account = account.lock().unwrap();
    assert_eq!(account.calls, ["StopNotebookInstance"]);
    let states: Vec<&str> = account.said.iter().map(|said| said["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["marked", "done"]);
    let decisions: Vec<&str> = account.evidence.iter().map(|(_, it)| it["decision"].as_str().unwrap()).collect();
    assert_eq!(decisions, ["marked", "acting", "done"]);
    let (path, evidence) = &account.evidence[1];
    let date = &evidence["at"].as_str().unwrap()[..10];
    let prefix = format!("/controls/evidence/111111111111/eu-central-1/{date}/notebook-no-direct-internet-");
    assert!(path.starts_with(&prefix) && path.ends_with("Z-acting.json"), "{path}");
    assert_eq!(evidence["mark"]["actor"], "arn:aws:iam::111111111111:role/DataScientist");
    assert!(!evidence.to_string().contains(SECRET));
    let mut metrics = 0;
    for line in log {
        let json: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("not JSON: {line}"));
        assert!(!line.contains(SECRET), "{line}");
        metrics += usize::from(json["CorrectionsActed"] == 1);
    }
    assert_eq!(metrics, 1);
}

#[tokio::test]
async fn a_function_that_was_deployed_wrongly_says_everything_that_is_wrong() {
    let mut process =
        function("http://127.0.0.1:9").env("CONTROLS_BUCKET", "").env("EVENT_BUS_NAME", "").start().await.unwrap();
    let error = invoked(&mut process, &sample("act")).await.unwrap_err();
    let message = error["errorMessage"].as_str().unwrap();
    assert!(message.contains("CONTROLS_BUCKET is missing, EVENT_BUS_NAME is missing"), "{message}");
}

#[tokio::test]
async fn a_service_that_fails_is_worth_another_try() {
    let server = Server::start(|_| std::future::ready(Reply::Reset)).await.unwrap();
    let mut process = function(&server.url()).start().await.unwrap();
    let error = invoked(&mut process, &sample("act")).await.unwrap_err();
    assert_eq!(error["errorType"], "RetryableAwsError", "{error}");
}
