//! Executions of one group among themselves.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on should say where"
)]

mod world;

use deployment::{DeploymentRequest, RequestKind};
use model_deployment::Running;
use serde_json::{Value, json};
use world::{STATE_MACHINE, World, arn};

/// The executions that run, in the order in which they started; each `v2` or `r2`, or another execution's name.
fn running(world: &World, order: &[&str]) {
    let name = |text: &&str| match text.split_at(1) {
        ("v", version) => request(RequestKind::Approval, version.parse().unwrap()).execution_name(),
        ("r", version) => request(RequestKind::Rejection, version.parse().unwrap()).execution_name(),
        _ => (*text).to_owned(),
    };
    let names = order.iter().map(name).enumerate();
    *world.running.lock().unwrap() =
        names.map(|(index, name)| Running { name, started: i64::try_from(index).unwrap() }).rev().collect();
}

fn request(kind: RequestKind, version: u32) -> DeploymentRequest {
    DeploymentRequest { kind, ..World::request(version) }
}

async fn turn(world: &World, kind: RequestKind, version: u32, place: &str) -> Value {
    let request = request(kind, version);
    let execution = request.execution_name();
    let task = json!({"action": "turn", "stateMachine": STATE_MACHINE, "execution": execution, "request": request, "place": place});
    world.task(task).await.unwrap()
}

#[tokio::test]
async fn who_may_go_on() {
    use RequestKind::{Approval, Rejection};
    let go = ("go", "");
    let waiting = ("waiting", "");
    let cases = [
        ("alone", vec!["v2"], (Approval, 2, "start"), go),
        ("other groups do not count", vec!["other-v1-01234567", "nightly", "v2"], (Approval, 2, "start"), go),
        ("one after the other", vec!["v1", "v2"], (Approval, 2, "start"), waiting),
        ("under way it does not matter who is older", vec!["v1", "v2"], (Approval, 2, "stage"), go),
        ("a newer approval", vec!["v1", "v2"], (Approval, 1, "start"), ("stop", "Superseded")),
        ("a newer approval", vec!["v1", "v2"], (Approval, 1, "stage"), ("stop", "Superseded")),
        ("a newer approval waits for the last stage", vec!["v1", "v2"], (Approval, 1, "lastStage"), go),
        ("an older version approved since", vec!["v2", "v1"], (Approval, 2, "stage"), ("stop", "Superseded")),
        ("its own rejection", vec!["v2", "r2"], (Approval, 2, "lastStage"), ("stop", "Rejected")),
        (
            "its own rejection, and approved again",
            vec!["v2", "r2", "v2"],
            (Approval, 2, "lastStage"),
            ("stop", "Rejected"),
        ),
        ("another version's rejection", vec!["v2", "r1"], (Approval, 2, "stage"), go),
        ("a rejection waits too", vec!["v2", "r2"], (Rejection, 2, "start"), waiting),
        ("a rejection is not superseded", vec!["r2", "v3"], (Rejection, 2, "stage"), go),
        ("not listed yet", vec!["v1"], (Approval, 2, "start"), waiting),
    ];
    for (what, order, (kind, version, place), (status, error)) in cases {
        let world = World::new();
        running(&world, &order);
        let answer = turn(&world, kind, version, place).await;
        assert_eq!(
            (answer["status"].as_str().unwrap(), answer["error"].as_str().unwrap_or_default()),
            (status, error),
            "{what}: {answer}"
        );
        if status == "stop" {
            assert!(answer["cause"].as_str().unwrap().contains("execution churn-"), "{answer}");
        }
    }
}

fn pending(execution: &str, version: u32) -> String {
    json!({"taskToken": format!("token-of-{execution}"), "execution": execution, "stage": "prod", "version": version,
        "modelPackageArn": arn(version).to_string(), "separationOfDuties": false, "expires": "2026-01-02T00:00:00Z", "summary": "s"})
    .to_string()
}

/// Whoever waits for a person's answer does not look by itself.
#[tokio::test]
async fn an_execution_that_waits_for_an_answer_is_released() {
    let first = World::request(1).execution_name();
    for (order, kind, version, expected) in [
        (vec!["v1", "v2"], RequestKind::Approval, 2, Some("Superseded")),
        (vec!["v1", "r1"], RequestKind::Rejection, 1, Some("Rejected")),
        (vec!["v1", "r2"], RequestKind::Rejection, 2, None),
    ] {
        let world = World::new();
        running(&world, &order);
        world.put("/mlops/deployments/churn/approval/prod", pending(&first, 1));
        world.put("/mlops/deployments/churn/approval/late", pending("churn-v9-01234567", 9));
        world.put("/mlops/deployments/churn/approval/odd", "{}".into());
        assert_eq!(turn(&world, kind, version, "start").await["status"], "waiting");
        let released = world.released.lock().unwrap().clone();
        let found: Vec<_> = released.iter().map(|(token, error, _)| (token.as_str(), error.as_str())).collect();
        let token = format!("token-of-{first}");
        assert_eq!(found, expected.map(|error| (token.as_str(), error)).into_iter().collect::<Vec<_>>(), "{order:?}");
    }
}
