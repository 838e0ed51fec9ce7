//! What is live, waits and runs, over an account in memory.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod world;

use mlops::{Error, Execution, Format, Overview, overview, print};
use serde_json::{Value, json};
use world::{ALICE, TOKEN, World, live, question};

const APPROVAL: &str = "/secure-mlops/deployments/churn/approval/prod";

async fn run(world: &World, group: Option<&str>) -> Result<Overview, Error> {
    let group = group.map(|group| group.parse().unwrap());
    overview(world, &"secure-mlops".parse().unwrap(), group.as_ref()).await
}

fn written(format: Format, answer: &Overview) -> String {
    let mut out = Vec::new();
    print(&mut out, format, answer).unwrap();
    String::from_utf8(out).unwrap()
}

fn execution(name: &str, started: &str) -> Execution {
    Execution { name: name.to_owned(), started: started.to_owned() }
}

fn platform() -> World {
    let mut world = World::new()
        .with("/secure-mlops/deployments/churn/registration", &json!({"stages": []}))
        .with("/secure-mlops/deployments/churn/live/staging", &live(7))
        .with("/secure-mlops/deployments/churn/live/prod", &live(6))
        .with("/secure-mlops/deployments/Fraud/live/prod", &live(2))
        .with("/secure-mlops-2/deployments/other/live/prod", &live(9))
        .with(APPROVAL, &question("prod", 7));
    world.executions = vec![
        execution("fraud-r2-01234567", "2026-02-01T12:00:00Z"),
        execution("churn-v7-01234567", "2026-02-01T11:00:00Z"),
        execution("by-hand", "2026-02-01T10:00:00Z"),
    ];
    world
}

#[tokio::test]
async fn everything_of_a_platform_and_nothing_of_another() {
    let world = platform();
    let found = run(&world, None).await.unwrap();
    let live: Vec<_> = found.live.iter().map(|live| (live.group.as_str(), live.stage.as_str())).collect();
    assert_eq!(live, [("Fraud", "prod"), ("churn", "prod"), ("churn", "staging")]);
    let running: Vec<_> = found.running.iter().map(|running| (running.group.as_deref(), running.version)).collect();
    assert_eq!(running, [(None, None), (Some("churn"), Some(7)), (Some("fraud"), Some(2))]);
    assert_eq!(
        *world.state_machines.lock().unwrap(),
        ["arn:aws:states:eu-central-1:111111111111:stateMachine:secure-mlops-model-deployment"]
    );
    let text = written(Format::Text, &found);
    for part in ["Live\nGROUP", "Waiting for an answer\n", "Being deployed\n", ALICE, "12 accounts in eu-central-1"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let json: Value = serde_json::from_str(&written(Format::Json, &found)).unwrap();
    assert_eq!(json["live"][1]["decision"]["comment"], "CHG-4711");
    assert_eq!(json["live"][1]["version"], 6);
    assert_eq!(json["waiting"][0]["separationOfDuties"], true);
    assert_eq!(
        json["running"][2],
        json!({"execution": "fraud-r2-01234567", "started": "2026-02-01T12:00:00Z",
        "group": "fraud", "kind": "rejection", "version": 2})
    );
    assert!(!text.contains(TOKEN) && !json.to_string().contains("askToken") && !json.to_string().contains(TOKEN));
}

#[tokio::test]
async fn a_stage_whose_roll_back_failed_is_told_apart() {
    let mut record = live(6);
    record["kind"] = json!("rollBackFailed");
    let world = platform().with("/secure-mlops/deployments/churn/live/prod", &record);
    let text = written(Format::Text, &run(&world, None).await.unwrap());
    let row = text.lines().find(|line| line.starts_with("churn  prod") && line.contains("rollBackFailed"));
    assert!(row.is_some(), "{text}");
}

#[tokio::test]
async fn one_group_however_it_is_spelled_in_arns() {
    let found = run(&platform(), Some("Fraud")).await.unwrap();
    assert_eq!((found.live.len(), found.waiting.len(), found.running.len()), (1, 0, 1));
    assert_eq!(found.running[0].execution, "fraud-r2-01234567");
    let error = run(&platform(), Some("nobody")).await.unwrap_err();
    assert!(error.exit_code() == 3 && error.to_string().contains("nobody"), "{error}");
}

#[tokio::test]
async fn an_auditor_sees_that_something_waits_without_the_right_to_decrypt_it() {
    let mut world = platform();
    world.failing.insert("ssm:GetParameters", ("AccessDeniedException", "not authorized: kms:Decrypt".to_owned()));
    let found = run(&world, None).await.unwrap();
    let json: Value = serde_json::from_str(&written(Format::Json, &found)).unwrap();
    assert_eq!(json["waiting"], json!([{"group": "churn", "stage": "prod"}]));
    assert!(json["notes"][0].as_str().unwrap().contains("kms:Decrypt"), "{json}");
    assert!(written(Format::Text, &found).contains("Note: "));

    world.failing.insert("ssm:GetParameters", ("ThrottlingException", "Rate exceeded".to_owned()));
    assert_eq!(run(&world, None).await.unwrap_err().exit_code(), 1);
}

#[tokio::test]
async fn another_partition_has_its_own_state_machine() {
    let mut world = platform();
    world.caller = "arn:aws-us-gov:sts::111111111111:assumed-role/Release/bob".to_owned();
    run(&world, None).await.unwrap();
    assert!(world.state_machines.lock().unwrap()[0].starts_with("arn:aws-us-gov:states:"));
}

#[tokio::test]
async fn no_such_platform() {
    let mut world = World::new();
    world.failing.insert("states:ListExecutions", ("StateMachineDoesNotExist", "no".to_owned()));
    let error = run(&world, None).await.unwrap_err();
    assert!(error.exit_code() == 3 && error.to_string().contains("--region"), "{error}");
    let error = run(&World::new(), None).await.unwrap_err();
    assert!(error.exit_code() == 3 && error.to_string().contains("secure-mlops"), "{error}");
}

#[tokio::test]
async fn all_documents_that_cannot_be_read_are_named() {
    let world = platform()
        .with("/secure-mlops/deployments/churn/live/prod", &json!({"version": "six"}))
        .with(APPROVAL, &json!({"taskToken": TOKEN}));
    let error = run(&world, None).await.unwrap_err().to_string();
    assert!(error.contains("churn/live/prod") && error.contains(APPROVAL) && !error.contains(TOKEN), "{error}");
}
