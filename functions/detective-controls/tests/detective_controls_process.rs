//! The built function as a process: the sample events, services in their own protocols, bad input, and what it logs.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on should say where"
)]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lambda_process::{Function, Outcome, Process, Reply, Request, Server};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(60);
const HUB: &str = "111122223333";
/// In the description of a resource, and nobody's business.
const SECRET: &str = "hunter2";

fn sample(name: &str) -> Value {
    let path = format!("../../events/detective-controls-{name}.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// The services of all accounts, with what they were asked and by whom.
#[derive(Default)]
struct Cloud {
    items: BTreeMap<String, Value>,
    configuration: Option<&'static str>,
    findings: Vec<Value>,
    events: Vec<Value>,
    asked: Vec<(String, String)>,
    throttled: usize,
    refused: Option<&'static str>,
}

fn ok(body: Value) -> Reply {
    Reply::status(200, body.to_string())
}

fn refused(code: &str, message: &str) -> Reply {
    Reply::status(400, json!({"__type": code, "message": message}).to_string())
}

fn xml(operation: &str, result: &str) -> Reply {
    Reply::status(
        200,
        format!("<{operation}Response><{operation}Result>{result}</{operation}Result></{operation}Response>"),
    )
}

impl Cloud {
    fn answer(&mut self, request: &Request) -> Reply {
        let operation = request.operation();
        let credential = request.headers.get("authorization").and_then(|it| it.to_str().ok()).unwrap_or_default();
        let who = if credential.contains("Credential=TARGETKEY/") { "target" } else { "hub" };
        let region = credential.split('/').nth(2).unwrap_or_default();
        self.asked.push((operation.clone(), format!("{who} {region}")));
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let key =
            |body: &Value| format!("{} {}", body["scope"]["S"].as_str().unwrap(), body["id"]["S"].as_str().unwrap());
        if self.refused == Some(operation.as_str()) {
            return refused("AccessDeniedException", "not authorized");
        }
        match operation.as_str() {
            "GetObject" => match self.configuration {
                Some(text) => {
                    let mut reply = Reply::status(200, text);
                    if let Reply::Answer(response) = &mut reply {
                        response
                            .headers_mut()
                            .insert("last-modified", "Fri, 02 Jan 2026 09:00:00 GMT".parse().unwrap());
                    }
                    reply
                }
                None => Reply::status(404, "<Error><Code>NoSuchKey</Code><Message>none</Message></Error>"),
            },
            "GetItem" => ok(self.items.get(&key(&body["Key"])).map_or(json!({}), |item| json!({"Item": item}))),
            "PutItem" => {
                let key = key(&body["Item"]);
                let (found, expected) = (self.items.get(&key), body.pointer("/ExpressionAttributeValues/:version/N"));
                if found.map(|found| &found["version"]["N"]) != expected {
                    return refused("com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException", "no");
                }
                self.items.insert(key, body["Item"].clone());
                ok(json!({}))
            }
            "DeleteItem" => {
                self.items.remove(&key(&body["Key"]));
                ok(json!({}))
            }
            "Query" => {
                let values = &body["ExpressionAttributeValues"];
                let prefix =
                    format!("{} {}", values[":scope"]["S"].as_str().unwrap(), values[":prefix"]["S"].as_str().unwrap());
                let found: Vec<&Value> = self
                    .items
                    .range(prefix.clone()..)
                    .take_while(|(key, _)| key.starts_with(&prefix))
                    .map(|(_, item)| item)
                    .collect();
                ok(json!({"Items": found, "Count": found.len()}))
            }
            "DescribeNotebookInstance" => ok(json!({
                "NotebookInstanceName": "churn-lab", "NotebookInstanceStatus": "InService", "CreationTime": 1_767_348_000.0,
                "NotebookInstanceArn": format!("arn:aws:sagemaker:eu-central-1:{HUB}:notebook-instance/churn-lab"),
                "DirectInternetAccess": "Enabled", "RootAccess": "Enabled", "InstanceType": "ml.t3.medium",
                "RoleArn": "arn:aws:iam::111122223333:role/Execution", "KmsKeyId": "k-1", "Url": SECRET,
            })),
            "DescribeTrainingJob" if self.throttled > 0 => {
                self.throttled -= 1;
                refused("ThrottlingException", "Rate exceeded")
            }
            "DescribeTrainingJob" => ok(json!({
                "TrainingJobName": body["TrainingJobName"], "TrainingJobStatus": "InProgress", "CreationTime": 1_767_348_000.0,
                "TrainingJobArn": format!("arn:aws:sagemaker:eu-central-1:{HUB}:training-job/churn"), "EnableNetworkIsolation": false,
                "HyperParameters": {"password": SECRET},
            })),
            "DescribeKey" => ok(json!({"KeyMetadata": {"KeyManager": "AWS"}})),
            "ListTags" => ok(json!({"Tags": []})),
            "ListNotebookInstances" => ok(
                json!({"NotebookInstances": [{"NotebookInstanceName": "churn-lab", "NotebookInstanceStatus": "InService"}]}),
            ),
            "AssumeRole" => {
                let form = String::from_utf8_lossy(&request.body).into_owned();
                assert!(form.contains("arn%3Aaws%3Aiam%3A%3A444455556666%3Arole%2Fmlops-detective-controls"), "{form}");
                xml(
                    "AssumeRole",
                    "<Credentials><AccessKeyId>TARGETKEY</AccessKeyId><SecretAccessKey>s</SecretAccessKey>\
                     <SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>",
                )
            }
            "ListAttachedRolePolicies" => xml(
                &operation,
                "<IsTruncated>false</IsTruncated><AttachedPolicies><member><PolicyName>own</PolicyName>\
                 <PolicyArn>arn:aws:iam::111122223333:policy/own</PolicyArn></member></AttachedPolicies>",
            ),
            "ListRolePolicies" => {
                xml(&operation, "<IsTruncated>false</IsTruncated><PolicyNames><member>in line</member></PolicyNames>")
            }
            "GetRolePolicy" => xml(
                &operation,
                "<RoleName>Execution</RoleName><PolicyName>in line</PolicyName>\
                 <PolicyDocument>%7B%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22%2A%22%2C%22Resource%22%3A%22%2A%22%7D%7D</PolicyDocument>",
            ),
            "GetPolicy" => xml(
                &operation,
                "<Policy><Arn>arn:aws:iam::111122223333:policy/own</Arn><DefaultVersionId>v3</DefaultVersionId></Policy>",
            ),
            "GetPolicyVersion" => xml(
                &operation,
                "<PolicyVersion><VersionId>v3</VersionId><Document>%7B%22Statement%22%3A%5B%5D%7D</Document></PolicyVersion>",
            ),
            "PutEvents" => {
                let entries = body["Entries"].as_array().unwrap().clone();
                let results: Vec<Value> = entries.iter().map(|_| json!({"EventId": "e"})).collect();
                self.events.extend(entries);
                ok(json!({"FailedEntryCount": 0, "Entries": results}))
            }
            operation if operation.ends_with("/findings/import") => {
                self.findings.extend(body["Findings"].as_array().unwrap().clone());
                ok(json!({"FailedCount": 0, "SuccessCount": 1, "FailedFindings": []}))
            }
            operation if operation.starts_with("List") => ok(json!({})),
            other => refused("UnknownOperationException", other),
        }
    }

    fn finding(&self, control: &str) -> &Value {
        self.findings.iter().find(|finding| finding["GeneratorId"] == control).unwrap()
    }
}

type Shared = Arc<Mutex<Cloud>>;

async fn started(timeout: Duration) -> (Process, Shared, Server) {
    let cloud = Shared::default();
    let shared = Arc::clone(&cloud);
    let server =
        Server::start(move |request| std::future::ready(shared.lock().unwrap().answer(&request))).await.unwrap();
    let process = Function::new(env!("CARGO_BIN_EXE_detective-controls"))
        .timeout(timeout)
        .env("AWS_ENDPOINT_URL", server.url())
        .env("AWS_LAMBDA_LOG_LEVEL", "TRACE")
        .env("PLATFORM_NAME", "mlops")
        .env("PARTITION", "aws")
        .env("CONTROLS_BUCKET", "mlops-controls")
        .env("CONTROL_RECORDS_TABLE", "mlops-records")
        .env("EVENT_BUS_NAME", "default")
        .env("TARGET_ROLE_NAME", "mlops-detective-controls")
        .env("SECURITY_HUB", "enabled")
        .start()
        .await
        .unwrap();
    (process, cloud, server)
}

async fn invoked(process: &mut Process, event: &Value) -> Result<Value, Value> {
    match process.invoke(event.to_string()).await.unwrap().outcome {
        Outcome::Response(body) => Ok(serde_json::from_slice(&body).unwrap()),
        Outcome::Error { body, .. } => Err(serde_json::from_slice(&body).unwrap()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_sample_events_are_judged_and_nothing_of_a_resource_is_logged() {
    let (mut process, cloud, _server) = started(LIMIT).await;
    let answer = invoked(&mut process, &sample("call")).await.unwrap();
    assert_eq!((&answer["status"], &answer["judged"]), (&json!("judged"), &json!(1)), "{answer}");
    {
        let cloud = cloud.lock().unwrap();
        for control in [
            "notebook-no-direct-internet",
            "notebook-no-root-access",
            "execution-role-not-administrator",
            "volume-key-customer-managed",
        ] {
            assert_eq!(cloud.finding(control)["Compliance"]["Status"], "FAILED", "{control}");
        }
        assert!(cloud.events.iter().all(|entry| entry["DetailType"] == "Control Finding State Change"));
        assert!(cloud.events[0]["Detail"].as_str().unwrap().contains("as d-abcdefghijkl-scientist"));
    }
    let events = cloud.lock().unwrap().events.len();
    invoked(&mut process, &sample("call")).await.unwrap();
    assert_eq!(cloud.lock().unwrap().events.len(), events, "an event that comes twice is told once");

    let answer = invoked(&mut process, &sample("tuning-job")).await.unwrap();
    assert_eq!(answer["judged"], 1, "{answer}");

    let answer = invoked(&mut process, &sample("sweep")).await.unwrap();
    assert_eq!(
        (&answer["cursor"], &answer["listed"], &answer["unread"]),
        (&Value::Null, &json!(1), &json!(0)),
        "{answer}"
    );
    assert!(
        cloud.lock().unwrap().items.keys().any(|key| key == "111122223333/eu-central-1 sweep/2026-01-02T12:00:00.000Z")
    );

    // What throttles is asked again, after a while.
    cloud.lock().unwrap().throttled = 1;
    let answer = invoked(&mut process, &sample("tuning-job")).await.unwrap();
    assert_eq!((answer["judged"].as_u64(), cloud.lock().unwrap().throttled), (Some(1), 0), "{answer}");

    let bad = invoked(&mut process, &json!({"task": "sweep"})).await.unwrap_err();
    assert_eq!(bad["errorType"], "InvalidInput");
    let ignored = invoked(&mut process, &json!({"source": "aws.s3"})).await.unwrap();
    assert_eq!(ignored["status"], "ignored");

    let log = process.stop().await.unwrap().log;
    let metrics: Vec<Value> = log
        .iter()
        .filter_map(|line| serde_json::from_str(line).ok())
        .filter(|line: &Value| line.get("_aws").is_some())
        .collect();
    assert_eq!(
        (metrics.len(), &metrics[0]["ResourcesJudged"], &metrics[0]["PlatformName"]),
        (5, &json!(1), &json!("mlops"))
    );
    assert!(
        log.iter().any(|line| line.contains("verdict changed") && line.contains("notebook-no-root-access")),
        "{log:?}"
    );
    for line in log {
        assert!(serde_json::from_str::<Value>(&line).is_ok(), "not JSON: {line}");
        assert!(!line.contains(SECRET), "{line}");
    }
}

#[tokio::test]
async fn another_account_is_looked_into_with_its_own_role_in_its_own_region() {
    let (mut process, cloud, _server) = started(LIMIT).await;
    let mut event = sample("call");
    event["detail"]["recipientAccountId"] = "444455556666".into();
    event["detail"]["awsRegion"] = "eu-west-1".into();
    invoked(&mut process, &event).await.unwrap();
    let cloud = cloud.lock().unwrap();
    let asked = |operation: &str, who: &str| cloud.asked.contains(&(operation.to_owned(), who.to_owned()));
    assert!(
        asked("AssumeRole", "hub eu-central-1") && asked("DescribeNotebookInstance", "target eu-west-1"),
        "{:?}",
        cloud.asked
    );
    assert!(asked("DescribeKey", "target eu-west-1") && asked("PutItem", "hub eu-central-1"), "{:?}", cloud.asked);
    assert!(
        cloud.asked.iter().any(|(operation, who)| operation == "GetRolePolicy" && who.starts_with("target")),
        "{:?}",
        cloud.asked
    );
    assert!(cloud.items.contains_key(
        "444455556666/eu-west-1 resource/arn:aws:sagemaker:eu-central-1:111122223333:notebook-instance/churn-lab"
    ));
    assert!(
        cloud
            .findings
            .iter()
            .all(|finding| finding["AwsAccountId"] == HUB && finding["ProductFields"]["Account"] == "444455556666")
    );
}

#[tokio::test]
async fn configuration_is_read_each_time_and_an_invalid_one_is_refused_whole() {
    let (mut process, cloud, _server) = started(LIMIT).await;
    cloud.lock().unwrap().configuration = Some(r#"{"disabled": ["notebook-no-root-access"]}"#);
    invoked(&mut process, &sample("call")).await.unwrap();
    assert!(cloud.lock().unwrap().findings.iter().all(|finding| finding["GeneratorId"] != "notebook-no-root-access"));
    cloud.lock().unwrap().configuration = Some(r#"{"disabled": ["x"], "parameters": {"jobLookBackDays": 0}}"#);
    let error = invoked(&mut process, &sample("call")).await.unwrap_err();
    let message = error["errorMessage"].as_str().unwrap();
    assert_eq!(error["errorType"], "InvalidConfiguration");
    assert!(message.contains("$.disabled[0]") && message.contains("$.parameters.jobLookBackDays"), "{message}");
}

#[tokio::test]
async fn what_cannot_be_described_is_said_with_code_and_request() {
    let (mut process, cloud, _server) = started(LIMIT).await;
    cloud.lock().unwrap().refused = Some("DescribeNotebookInstance");
    let error = invoked(&mut process, &sample("call")).await.unwrap_err();
    assert_eq!(error["errorType"], "Unread");
    let message = error["errorMessage"].as_str().unwrap();
    assert!(
        message.contains("sagemaker:DescribeNotebookInstance answered AccessDeniedException: not authorized"),
        "{message}"
    );
}

#[tokio::test]
async fn a_function_without_its_environment_names_what_is_missing() {
    let mut process = Function::new(env!("CARGO_BIN_EXE_detective-controls")).timeout(LIMIT).start().await.unwrap();
    let error = invoked(&mut process, &sample("call")).await.unwrap_err();
    assert_eq!(error["errorType"], "InvalidConfiguration");
    let message = error["errorMessage"].as_str().unwrap();
    assert!(message.contains("CONTROLS_BUCKET is missing; CONTROL_RECORDS_TABLE is missing"), "{message}");
}
