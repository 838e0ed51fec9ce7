//! The built function as a process: the sample events, the size of an answer, and a service that never answers.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking, where it is set up too")]

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lambda_process::{Function, Process, Reply, Server};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(20);

fn sample(request_type: &str) -> Value {
    let path = format!("../../events/organization-accounts-{request_type}.json");
    serde_json::from_slice(&std::fs::read(Path::new(&path)).unwrap()).unwrap()
}

/// An organization of one root with the sample's two units: 21 accounts in the first, one suspended, on two pages.
async fn organizations() -> (Server, Arc<Mutex<Vec<String>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    let server = Server::start(move |request| {
        let target = request.headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
        log.lock().unwrap().push(operation.clone());
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let listed = |numbers: std::ops::Range<u32>| -> Vec<Value> {
            let state = |number| if number == 5 { "SUSPENDED" } else { "ACTIVE" };
            numbers.map(|number| json!({"Id": format!("{number:012}"), "State": state(number)})).collect()
        };
        let answer = match (operation.as_str(), body["ParentId"].as_str(), body["NextToken"].as_str()) {
            ("DescribeOrganization", ..) => json!({"Organization": {"Id": "o-a1b2c3d4e5"}}),
            ("ListParents", ..) => json!({"Parents": [{"Id": "r-ab12", "Type": "ROOT"}]}),
            ("ListAccountsForParent", Some("ou-ab12-staging1"), None) => {
                json!({"Accounts": listed(1..21), "NextToken": "2"})
            }
            ("ListAccountsForParent", Some("ou-ab12-staging1"), Some("2")) => json!({"Accounts": listed(21..22)}),
            (
                "ListAccountsForParent" | "ListOrganizationalUnitsForParent",
                Some("ou-ab12-staging1" | "ou-ab12-product1"),
                None,
            ) => {
                json!({})
            }
            _ => {
                return std::future::ready(Reply::status(
                    400,
                    json!({"__type": "ParentNotFoundException"}).to_string(),
                ));
            }
        };
        std::future::ready(Reply::status(200, answer.to_string()))
    })
    .await
    .unwrap();
    (server, asked)
}

async fn function(endpoint: &str, timeout: Duration) -> Process {
    Function::new(env!("CARGO_BIN_EXE_organization-accounts"))
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

#[tokio::test]
async fn e00e_the_one_binary_answers_the_sample_events() {
    let (server, asked) = organizations().await;
    let mut process = function(&server.url(), LIMIT).await;
    let created = answer(&mut process, sample("create")).await;
    assert_eq!(created["Status"], "SUCCESS", "{created}");
    assert_eq!(created["Data"]["Count"], "20");
    assert_eq!(
        created["Data"]["OrganizationPaths"],
        "o-a1b2c3d4e5/r-ab12/ou-ab12-product1/*,o-a1b2c3d4e5/r-ab12/ou-ab12-staging1/*"
    );
    let calls = asked.lock().unwrap().len();
    let updated = answer(&mut process, sample("update")).await;
    assert_eq!(updated["Data"]["Accounts"], "111111111111,333333333333", "{updated}");
    let deleted = answer(&mut process, sample("delete")).await;
    assert_eq!(deleted["Status"], "SUCCESS");
    assert_eq!(asked.lock().unwrap().len(), calls, "neither a list nor Delete asks Organizations");
    for id in [&created, &updated, &deleted].map(|answer| &answer["PhysicalResourceId"]) {
        assert_eq!(*id, sample("update")["PhysicalResourceId"], "e00b: one id for life");
    }
    for line in process.stop().await.unwrap().log {
        assert!(serde_json::from_str::<Value>(&line).is_ok(), "e00g: not JSON: {line}");
    }
}

#[tokio::test]
async fn e00d_250_accounts_fit_and_500_fail_naming_the_attribute() {
    let mut process = function("http://127.0.0.1:9", LIMIT).await;
    for (count, status) in [(250, "SUCCESS"), (500, "FAILED")] {
        let mut event = sample("create");
        let ids: Vec<String> = (1..=count).map(|number| format!("{number:012}")).collect();
        event["ResourceProperties"] = json!({"ServiceToken": "x", "AccountIds": ids});
        let answer = answer(&mut process, event).await;
        assert_eq!(answer["Status"], status, "{count}: {}", answer["Reason"]);
        if count == 250 {
            assert_eq!(answer["Data"]["Count"], "250");
        } else {
            let reason = answer["Reason"].as_str().unwrap();
            assert!(reason.contains("Accounts") && reason.contains("4096"), "{reason}");
        }
    }
}

#[tokio::test]
async fn e00f_a_service_that_never_answers_is_answered_for_before_the_deadline() {
    let server = Server::start(|_| std::future::ready(Reply::Silence)).await.unwrap();
    let timeout = Duration::from_secs(4);
    let mut process = function(&server.url(), timeout).await;
    let answer = answer(&mut process, sample("create")).await;
    assert_eq!(answer["Status"], "FAILED", "{answer}");
}

#[tokio::test]
async fn bad_properties_fail_at_once_with_all_faults() {
    let mut process = function("http://127.0.0.1:9", LIMIT).await;
    let mut event = sample("create");
    event["ResourceProperties"] = json!({"AccountIds": ["12345678901", "123456789012"], "Exclud": ["1"]});
    let answer = answer(&mut process, event).await;
    let reason = answer["Reason"].as_str().unwrap();
    for part in ["AccountIds[0] is \"12345678901\", expected an account id of 12 digits", "did you mean Exclude?"] {
        assert!(reason.contains(part), "{reason}");
    }
}

#[tokio::test]
async fn a_unit_that_does_not_exist_fails_with_its_name() {
    let server = Server::start(|request| {
        let describes = request
            .headers
            .get("x-amz-target")
            .is_some_and(|target| target.to_str().is_ok_and(|target| target.ends_with("DescribeOrganization")));
        std::future::ready(if describes {
            Reply::status(200, json!({"Organization": {"Id": "o-a1b2c3d4e5"}}).to_string())
        } else {
            Reply::status(400, json!({"__type": "ChildNotFoundException", "Message": "no such child"}).to_string())
        })
    })
    .await
    .unwrap();
    let mut process = function(&server.url(), LIMIT).await;
    let answer = answer(&mut process, sample("create")).await;
    let reason = answer["Reason"].as_str().unwrap();
    for unit in ["ou-ab12-staging1", "ou-ab12-product1"] {
        assert!(reason.contains(&format!("OrganizationalUnitIds holds {unit}, which does not exist")), "{reason}");
    }
}
