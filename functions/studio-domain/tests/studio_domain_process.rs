//! The built function as a process: the sample events, a service that never answers, and bad properties.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking, where it is set up too")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use lambda_process::{Function, Process, Reply, Request, Server};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(20);

fn sample(request_type: &str) -> Value {
    let path = format!("../../events/studio-domain-{request_type}.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// SageMaker, EFS, EC2 and Parameter Store of one account: every domain exists, and the parameter is what was written.
fn answer_to(request: &Request, parameter: &mut Option<String>) -> (u16, String) {
    let target = request.headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let text = String::from_utf8_lossy(&request.body).into_owned();
    let body: Value = serde_json::from_str(&text).unwrap_or_default();
    let json = |value: Value| (200, value.to_string());
    match target {
        "SageMaker.DescribeDomain" => {
            let id = body["DomainId"].as_str().unwrap();
            json(
                json!({"DomainArn": format!("arn:aws:sagemaker:eu-central-1:123456789012:domain/{id}"), "VpcId": "vpc-1",
                "Status": "InService", "HomeEfsFileSystemId": "fs-1", "SubnetIds": ["subnet-a"], "Url": "https://x"}),
            )
        }
        "AmazonSSM.GetParameter" => match parameter {
            Some(value) => json(json!({"Parameter": {"Value": value}})),
            None => (400, json!({"__type": "ParameterNotFound"}).to_string()),
        },
        "AmazonSSM.PutParameter" => {
            *parameter = body["Value"].as_str().map(str::to_owned);
            json(json!({}))
        }
        "AmazonSSM.DeleteParameter" => {
            *parameter = None;
            json(json!({}))
        }
        _ if text.contains("DescribeSecurityGroups") => (200, "<DescribeSecurityGroupsResponse/>".into()),
        _ if request.target.contains("/file-systems") => json(json!({"FileSystems": []})),
        _ => (400, json!({"__type": "UnknownOperationException"}).to_string()),
    }
}

async fn services(parameter: &Arc<Mutex<Option<String>>>) -> Server {
    let parameter = Arc::clone(parameter);
    Server::start(move |request| {
        let (status, body) = answer_to(&request, &mut parameter.lock().unwrap());
        std::future::ready(Reply::status(status, body))
    })
    .await
    .unwrap()
}

async fn function(endpoint: &str, timeout: Duration) -> Process {
    Function::new(env!("CARGO_BIN_EXE_studio-domain"))
        .timeout(timeout)
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("CUSTOM_RESOURCE_ALLOW_LOOPBACK", "1")
        .start()
        .await
        .unwrap()
}

#[tokio::test]
async fn e00e_the_one_binary_answers_the_sample_events() {
    let parameter = Arc::default();
    let server = services(&parameter).await;
    let mut process = function(&server.url(), LIMIT).await;
    for (request_type, registered) in
        [("create", Some("d-0a1b2c3d4e5f")), ("update", Some("d-9z8y7x6w5v4u")), ("delete", None)]
    {
        let answer = process.answer(sample(request_type), LIMIT).await.unwrap();
        assert_eq!(answer["Status"], "SUCCESS", "{answer}");
        assert_eq!(answer["PhysicalResourceId"], sample("update")["PhysicalResourceId"], "e00b: one id for life");
        assert_eq!(parameter.lock().unwrap().as_deref(), registered, "{request_type}");
    }
    let log = process.stop().await.unwrap().log;
    assert!(log.iter().any(|line| line.contains("tags stay")), "Delete says that the tags stay");
    for line in log {
        assert!(serde_json::from_str::<Value>(&line).is_ok(), "e00g: not JSON: {line}");
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
    let mut event = sample("create");
    event["ResourceProperties"] = json!({"DomainId": "studio", "EnvironmentName": "-x"});
    let answer = process.answer(event, LIMIT).await.unwrap();
    let reason = answer["Reason"].as_str().unwrap();
    for part in ["DomainId is \"studio\"", "EnvironmentName is \"-x\"", "EnvironmentType is missing"] {
        assert!(reason.contains(part), "{reason}");
    }
    assert_eq!(answer["PhysicalResourceId"], "studio-domain!failed-create");
}
