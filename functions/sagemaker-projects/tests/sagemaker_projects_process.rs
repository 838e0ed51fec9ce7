//! The built function as a process: the sample events, a service that never answers, and bad properties.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking, where it is set up too")]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lambda_process::{Function, Process, Reply, Server};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(20);

fn sample(request_type: &str) -> Value {
    let path = format!("../../events/sagemaker-projects-{request_type}.json");
    serde_json::from_slice(&std::fs::read(Path::new(&path)).unwrap()).unwrap()
}

/// One account: whether projects are enabled, and who is associated.
#[derive(Default)]
struct Account {
    enabled: bool,
    listings: usize,
    associated: BTreeSet<String>,
}

/// SageMaker and Service Catalog of one account. The share shows in the second listing after enabling.
async fn services(account: &Arc<Mutex<Account>>) -> Server {
    let account = Arc::clone(account);
    Server::start(move |request| {
        let target = request.headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let principal = body["PrincipalARN"].as_str().unwrap_or_default().to_owned();
        let mut account = account.lock().unwrap();
        let answer = match target {
            "SageMaker.EnableSagemakerServicecatalogPortfolio" => {
                account.enabled = true;
                json!({})
            }
            "AWS242ServiceCatalogService.ListAcceptedPortfolioShares" => {
                account.listings += 1;
                let share = json!({"Id": "port-abc", "ProviderName": "Amazon SageMaker",
                    "DisplayName": "Amazon SageMaker Solutions and ML Ops products", "CreatedTime": 1_606_852_800});
                let shares = if account.enabled && account.listings > 1 { vec![share] } else { vec![] };
                json!({"PortfolioDetails": shares})
            }
            "AWS242ServiceCatalogService.AssociatePrincipalWithPortfolio" => {
                account.associated.insert(principal);
                json!({})
            }
            "AWS242ServiceCatalogService.DisassociatePrincipalFromPortfolio" => {
                account.associated.remove(&principal);
                json!({})
            }
            _ => {
                return std::future::ready(Reply::status(
                    400,
                    json!({"__type": "UnknownOperationException"}).to_string(),
                ));
            }
        };
        std::future::ready(Reply::status(200, answer.to_string()))
    })
    .await
    .unwrap()
}

async fn function(endpoint: &str, timeout: Duration) -> Process {
    Function::new(env!("CARGO_BIN_EXE_sagemaker-projects"))
        .timeout(timeout)
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("CUSTOM_RESOURCE_ALLOW_LOOPBACK", "1")
        .start()
        .await
        .unwrap()
}

async fn answer(process: &mut Process, event: Value) -> Value {
    process.answer(event, LIMIT).await.unwrap()
}

fn associated(account: &Mutex<Account>) -> Vec<String> {
    account.lock().unwrap().associated.iter().map(|role| role.rsplit('/').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn e00e_the_one_binary_answers_the_sample_events() {
    let account = Arc::default();
    let server = services(&account).await;
    let mut process = function(&server.url(), LIMIT).await;

    let created = answer(&mut process, sample("create")).await;
    assert_eq!(
        (&created["Status"], &created["Data"]["PortfolioId"]),
        (&json!("SUCCESS"), &json!("port-abc")),
        "{created}"
    );
    assert_eq!(associated(&account), ["data-scientist", "team-administrator"]);

    let updated = answer(&mut process, sample("update")).await;
    assert_eq!(updated["Data"]["PortfolioId"], "port-abc", "{updated}");
    assert_eq!(associated(&account), ["reviewer", "team-administrator"]);

    let deleted = answer(&mut process, sample("delete")).await;
    assert_eq!(deleted["Status"], "SUCCESS");
    assert_eq!(associated(&account), Vec::<String>::new());
    assert!(account.lock().unwrap().enabled, "the account's switch stays on");

    for id in [&created, &updated, &deleted].map(|answer| &answer["PhysicalResourceId"]) {
        assert_eq!(*id, sample("update")["PhysicalResourceId"], "e00b: one id for life");
    }
    let log = process.stop().await.unwrap().log;
    assert!(log.iter().any(|line| line.contains("stay enabled")), "Delete says that the switch stays on");
    for line in log {
        assert!(serde_json::from_str::<Value>(&line).is_ok(), "e00g: not JSON: {line}");
    }
}

#[tokio::test]
async fn e00f_a_service_that_never_answers_is_answered_for_before_the_deadline() {
    let server = Server::start(|_| std::future::ready(Reply::Silence)).await.unwrap();
    let mut process = function(&server.url(), Duration::from_secs(4)).await;
    let answer = answer(&mut process, sample("create")).await;
    assert_eq!(answer["Status"], "FAILED", "{answer}");
    assert_eq!(
        answer["PhysicalResourceId"],
        sample("update")["PhysicalResourceId"],
        "its Delete must reach the function"
    );
}

#[tokio::test]
async fn e03_a_share_that_never_comes_is_a_failure_that_says_so() {
    let server = Server::start(|_| std::future::ready(Reply::status(200, "{}"))).await.unwrap();
    let mut process = function(&server.url(), Duration::from_secs(8)).await;
    let answer = answer(&mut process, sample("create")).await;
    let reason = answer["Reason"].as_str().unwrap();
    assert!(reason.contains("SageMaker's portfolio") && reason.contains("123456789012"), "{reason}");
}

#[tokio::test]
async fn bad_properties_fail_at_once_with_all_faults() {
    let mut process = function("http://127.0.0.1:9", LIMIT).await;
    for (properties, parts) in [
        (
            json!({"ExecutionRoleArns": ["Studio"], "Role": "x"}),
            ["ExecutionRoleArns[0] is \"Studio\"", "Role is unknown"],
        ),
        (
            json!({"ExecutionRoleArns": ["arn:aws:iam::111111111111:role/a", "arn:aws-cn:iam::123456789012:role/b"]}),
            ["arn:aws:iam::111111111111:role/a of account 111111111111", "arn:aws-cn:iam::123456789012:role/b"],
        ),
    ] {
        let mut event = sample("create");
        event["ResourceProperties"] = properties;
        let answer = answer(&mut process, event).await;
        let reason = answer["Reason"].as_str().unwrap();
        assert!(parts.iter().all(|part| reason.contains(part)), "{reason}");
        assert_eq!(answer["PhysicalResourceId"], "sagemaker-projects!failed-create");
    }
}
