//! Whole executions against accounts in memory: what they leave behind, however often and wherever they are interrupted.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on should say where"
)]

mod world;

use model_deployment::{Endpoint, ModelPackage};
use serde_json::{Value, json};
use stack_sets::{Deploying, InMemory, Moment, StackSetId, StackSets};
use world::{PROD, STAGING, World, approved, arn, at, registration};

fn on(version: u32, accounts: &[&str]) -> Vec<(String, u32, bool)> {
    accounts.iter().map(|account| ((*account).to_owned(), version, true)).collect()
}

fn failures(report: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    report["failures"].as_array().unwrap().iter().map(|it| (text(&it["account"]), text(&it["reason"]))).collect()
}

#[tokio::test]
async fn a_version_becomes_live_stage_by_stage() {
    let world = World::new();
    world.execute(1).await.unwrap();
    assert_eq!(world.versions("staging"), on(1, &STAGING));
    assert_eq!(world.versions("prod"), on(1, &PROD));
    let (staging, prod) = (world.live("staging").unwrap(), world.live("prod").unwrap());
    assert_eq!((staging.version, staging.instance.count), (1, 1));
    assert_eq!((prod.version, prod.instance.count, prod.instance.instance_type.as_str()), (1, 2, "ml.m5.xlarge"));
    assert_eq!(prod.execution, World::request(1).execution_name());
    let (role, session) = world.sessions.lock().unwrap().first().cloned().unwrap();
    assert!(role.starts_with("arn:aws:iam::") && role.ends_with(":role/ModelExecution"), "{role}");
    assert_eq!(session, format!("verify-{}", World::request(1).execution_name()));
    world.execute(2).await.unwrap();
    assert_eq!(world.versions("staging"), on(2, &STAGING));
    assert_eq!(world.versions("prod"), on(2, &PROD));
    assert_eq!(world.live("prod").unwrap().version, 2);
}

#[tokio::test]
async fn a_second_run_of_the_same_version_does_nothing() {
    let world = World::new();
    world.execute(1).await.unwrap();
    let before = world.stack_sets.operation_ids(&world.set_name("prod"));
    world.execute(1).await.unwrap();
    assert_eq!(world.stack_sets.operation_ids(&world.set_name("prod")), before);
    assert_eq!(before.len(), 1, "{before:?}");
}

#[tokio::test]
async fn accounts_come_and_go_with_their_units() {
    let world = World::new();
    world.execute(1).await.unwrap();
    world.put_accounts("ou-ab12-prod0001", &["555555555555", "666666666666"]);
    world.execute(2).await.unwrap();
    assert_eq!(world.versions("prod"), on(2, &["555555555555", "666666666666"]));
    let ids = world.stack_sets.operation_ids(&world.set_name("prod"));
    let kinds: Vec<_> = ids.iter().map(|id| id.split('-').nth(2).unwrap()).collect();
    assert_eq!(kinds, ["create", "remove", "update", "create"]);
}

#[tokio::test]
async fn regions_are_added_where_they_are_missing() {
    let world = World::new();
    world.execute(1).await.unwrap();
    let mut document = registration();
    document["stages"][1]["regions"] = json!(["eu-central-1", "eu-west-1"]);
    world.register(&document);
    world.put_accounts("ou-ab12-prod0001", &["444444444444", "555555555555", "666666666666"]);
    world.execute(2).await.unwrap();
    assert_eq!(world.versions("prod").len(), 6);
    assert!(world.versions("prod").iter().all(|(_, version, current)| *version == 2 && *current));
    // Two groups: a region more for the old accounts, both regions for the new one.
    let ids = world.stack_sets.operation_ids(&world.set_name("prod"));
    assert_eq!(ids.iter().filter(|id| id.contains("-create-")).count(), 3, "{ids:?}");
}

#[tokio::test]
async fn a_failed_account_fails_its_stage_and_the_next_is_not_reached() {
    let world = World::new();
    world.execute(1).await.unwrap();
    world.stack_sets.break_at(at("333333333333"), "ResourceLogicalId:Endpoint, no capacity");
    let report = world.execute(2).await.unwrap_err();
    assert_eq!(failures(&report), [("333333333333".into(), "ResourceLogicalId:Endpoint, no capacity".into())]);
    assert_eq!((report["stage"].as_str(), report["phase"].as_str()), (Some("staging"), Some("deploy")));
    assert_eq!(report["failures"][0]["region"], "eu-central-1");
    assert_eq!(world.versions("prod"), on(1, &PROD));
    assert_eq!(world.live("staging").unwrap().version, 1);
}

#[tokio::test]
async fn a_failed_account_is_tried_again_by_the_next_approval() {
    let world = World::new();
    world.stack_sets.break_at(at("333333333333"), "no capacity");
    world.execute(1).await.unwrap_err();
    world.stack_sets.repair();
    world.execute(2).await.unwrap();
    assert_eq!(world.versions("staging"), on(2, &STAGING));
}

#[tokio::test]
async fn a_tolerated_failure_is_a_failure_of_the_stage_all_the_same() {
    let world = World::new();
    let mut document = registration();
    document["stages"][0]["operationPreferences"] = json!({"failureTolerancePercentage": 50});
    world.register(&document);
    world.stack_sets.break_at(at("222222222222"), "no capacity");
    let report = world.execute(1).await.unwrap_err();
    assert_eq!(failures(&report), [("222222222222".into(), "no capacity".into())]);
}

#[tokio::test]
async fn an_account_that_left_and_cannot_be_cleared_is_left_behind() {
    let world = World::new();
    world.execute(1).await.unwrap();
    world.put_accounts("ou-ab12-prod0001", &["555555555555"]);
    world.stack_sets.break_at(at("444444444444"), "account is suspended");
    for version in [2, 3] {
        world.execute(version).await.unwrap();
        assert!(world.versions("prod").contains(&("555555555555".into(), version, true)));
        assert_eq!(world.live("prod").unwrap().accounts, ["555555555555".parse().unwrap()]);
    }
    let ids = world.stack_sets.operation_ids(&world.set_name("prod"));
    assert_eq!(ids.iter().filter(|id| id.contains("-remove-")).count(), 1, "{ids:?}");
    // Back in the unit, it cannot be deployed to, and that is said.
    world.put_accounts("ou-ab12-prod0001", &PROD);
    let report = world.execute(1).await.unwrap_err();
    let failures = failures(&report);
    assert!(
        matches!(failures.as_slice(), [(account, reason)] if account == "444444444444" && reason.contains("RetainStacks")),
        "{failures:?}"
    );
}

/// The heart of the matter: whichever call fails, refused or done without an answer, the execution ends as it would have
/// without, and nothing was started twice.
#[tokio::test]
async fn any_call_may_fail_once() {
    let calls = async |fault: Option<(usize, Moment)>| {
        let world = World::new();
        world.execute(1).await.unwrap();
        world.put_accounts("ou-ab12-prod0001", &["555555555555", "666666666666"]);
        let before = world.stack_sets.calls().len();
        if let Some((number, moment)) = fault {
            world.stack_sets.fail_call(number, moment);
        }
        world.execute(2).await.unwrap_or_else(|report| panic!("{fault:?}: {report}"));
        assert_eq!(world.versions("staging"), on(2, &STAGING), "{fault:?}");
        assert_eq!(world.versions("prod"), on(2, &["555555555555", "666666666666"]), "{fault:?}");
        assert_eq!(world.live("prod").unwrap().version, 2, "{fault:?}");
        (world.stack_sets.calls().len() - before, world.stack_sets.operation_ids(&world.set_name("prod")))
    };
    let (total, operations) = calls(None).await;
    assert!(total > 20, "{total}");
    for number in 0..total {
        for moment in [Moment::Before, Moment::After] {
            assert_eq!(calls(Some((number, moment))).await.1, operations, "call {number} {moment:?}");
        }
    }
}

/// The same for the first deployment, which makes the stack set.
#[tokio::test]
async fn any_call_of_a_first_deployment_may_fail_once() {
    for number in 0..24 {
        for moment in [Moment::Before, Moment::After] {
            let world = World::new();
            world.stack_sets.fail_call(number, moment);
            world.execute(1).await.unwrap_or_else(|report| panic!("{number} {moment:?}: {report}"));
            assert_eq!(world.versions("prod"), on(1, &PROD), "{number} {moment:?}");
            assert_eq!(world.stack_sets.operation_ids(&world.set_name("prod")).len(), 1, "{number} {moment:?}");
        }
    }
}

/// Every task delivered twice, and the earlier ones again after the later ones.
#[tokio::test]
async fn tasks_may_be_delivered_again() {
    let world = World::new();
    let request = World::request(1);
    let execution = request.execution_name();
    let plan = world.task(json!({"action": "plan", "request": request})).await.unwrap();
    assert_eq!(world.task(json!({"action": "plan", "request": request})).await.unwrap(), plan);
    let stage = &plan["stages"][0];
    let deploy = json!({"action": "deploy", "execution": execution, "stage": stage});
    let started = world.task(deploy.clone()).await.unwrap();
    assert_eq!(started["status"], "started");
    assert_eq!(world.task(deploy.clone()).await.unwrap(), started);
    let poll = json!({"action": "poll", "stage": stage, "operation": started["operation"]});
    while world.task(poll.clone()).await.unwrap()["status"] != "done" {}
    assert_eq!(world.task(poll).await.unwrap()["status"], "done");
    for _ in 0..2 {
        assert_eq!(world.task(deploy.clone()).await.unwrap(), json!({"status": "done"}));
    }
    let record = json!({"action": "record", "execution": execution, "stage": stage, "time": "2026-01-01T00:00:00Z"});
    let first = world.task(record.clone()).await.unwrap();
    assert_eq!(world.task(record).await.unwrap(), first);
    assert_eq!(world.stack_sets.operation_ids(&world.set_name("staging")).len(), 1);
}

#[tokio::test]
async fn another_operation_makes_the_stage_wait() {
    let world = World { stack_sets: InMemory::new().looks_until_done(3), ..World::new() };
    world.execute(1).await.unwrap();
    let set = StackSetId { name: world.set_name("staging"), call_as: None };
    let locations = [at("222222222222")];
    let group = stack_sets::by_regions(locations, &[]).remove(0);
    world.stack_sets.delete_instances(&set, &group, "somebody-else").await.unwrap();
    let plan = world.task(json!({"action": "plan", "request": World::request(2)})).await.unwrap();
    let answer = world.task(json!({"action": "deploy", "execution": "v2", "stage": plan["stages"][0]})).await.unwrap();
    assert_eq!(answer["status"], "waiting");
    assert!(answer["waitingFor"].as_str().unwrap().contains("somebody-else"), "{answer}");
    world.execute(2).await.unwrap();
    assert_eq!(world.versions("staging"), on(2, &STAGING));
}

#[tokio::test]
async fn a_stack_set_of_somebody_else_is_not_touched() {
    let world = World::new();
    let plan = world.task(json!({"action": "plan", "request": World::request(1)})).await.unwrap();
    let stage: deployment::StagePlan = serde_json::from_value(plan["stages"][0].clone()).unwrap();
    let set = StackSetId { name: stage.stack_set_name.clone(), call_as: None };
    let definition = stack_sets::Definition {
        template: "theirs".into(),
        parameters: Default::default(),
        tags: Default::default(),
        permissions: stage.permissions.clone(),
        preferences: stage.operation_preferences,
    };
    world.stack_sets.create_stack_set(&set, &definition, "t").await.unwrap();
    let error = world.execute(1).await.unwrap_err();
    assert_eq!(error["error"], "ForeignStackSet");
    assert_eq!(world.stack_sets.stack_set(&set).await.unwrap().unwrap().template, "theirs");
}

#[tokio::test]
async fn what_cannot_be_deployed_is_refused_with_every_fault() {
    let world = World::new();
    let mut document = registration();
    document["stages"][0]["organizationalUnitIds"] = json!(["ou-ab12-unknown1", "ou-ab12-staging1"]);
    document["stages"][1]["exclude"] = json!(PROD);
    world.register(&document);
    let package = ModelPackage {
        status: "InProgress".into(),
        approval_status: "PendingManualApproval".into(),
        containers: 0,
        instance_types: vec!["ml.c5.large".into()],
    };
    world.packages.lock().unwrap().insert(arn(1).to_string(), package);
    let error = world.execute(1).await.unwrap_err();
    assert_eq!(error["error"], "InvalidRegistration");
    let message = error["message"].as_str().unwrap();
    for part in [
        "the deployment has 7 faults: ",
        "registration $.stages[0].organizationalUnitIds: ou-ab12-unknown1 does not exist",
        "registration $.stages[1]: has no account: organizationalUnitIds less exclude leaves no active one",
        "model-package/churn/1: expected ModelPackageStatus Completed, found InProgress",
        "expected ModelApprovalStatus Approved, found PendingManualApproval",
        "has no container in an InferenceSpecification",
        "does not support instance type ml.m5.large of stage staging, expected one of ml.c5.large",
        "does not support instance type ml.m5.xlarge of stage prod",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
    assert!(world.stack_sets.calls().is_empty());
}

#[tokio::test]
async fn refusals_have_names() {
    let world = World::new();
    world.packages.lock().unwrap().remove(arn(3).as_str());
    let error = world.execute(3).await.unwrap_err();
    assert_eq!(error["error"], "NotDeployable");
    assert!(error["message"].as_str().unwrap().ends_with("model-package/churn/3: does not exist"), "{error}");
    world
        .packages
        .lock()
        .unwrap()
        .insert(arn(3).to_string(), ModelPackage { approval_status: "Rejected".into(), ..approved() });
    assert_eq!(world.execute(3).await.unwrap_err()["error"], "NotDeployable");
    world.register(&json!({"stages": []}));
    let error = world.execute(3).await.unwrap_err();
    assert_eq!(error["error"], "InvalidRegistration");
    assert!(error["message"].as_str().unwrap().contains("found Rejected"), "{error}");
    world.parameters.lock().unwrap().clear();
    let error = world.execute(3).await.unwrap_err();
    assert_eq!(error["error"], "NotRegistered");
    assert!(error["message"].as_str().unwrap().contains("/mlops/deployments/churn/registration"), "{error}");
    let error = world.task(json!({"action": "dance"})).await.unwrap_err();
    assert_eq!(error.error_type(), "InvalidInput");
}

#[tokio::test]
async fn service_managed_stack_sets_address_the_root() {
    let world = World::new();
    let mut document = registration();
    document["stackSet"] = json!({"permissionModel": "SERVICE_MANAGED", "callAs": "DELEGATED_ADMIN"});
    world.register(&document);
    let plan = world.task(json!({"action": "plan", "request": World::request(1)})).await.unwrap();
    assert_eq!(plan["stages"][0]["organizationRoot"], "r-ab12");
    assert_eq!(
        plan["stages"][0]["permissions"],
        json!({"permissionModel": "SERVICE_MANAGED", "callAs": "DELEGATED_ADMIN"})
    );
    world.execute(1).await.unwrap();
    assert_eq!(world.versions("prod"), on(1, &PROD));
    world.register(&registration());
    let error = world.execute(2).await.unwrap_err();
    assert_eq!(error["error"], "ForeignStackSet");
    assert!(error["message"].as_str().unwrap().contains("it is SERVICE_MANAGED"), "{error}");
}

#[tokio::test]
async fn what_is_live_is_compared_with_what_was_requested() {
    let world = World::new();
    world.execute(1).await.unwrap();
    let execution = World::request(2).execution_name();
    let plan = world.task(json!({"action": "plan", "request": World::request(2)})).await.unwrap();
    let stage = &plan["stages"][1];
    let verify = json!({"action": "verify", "execution": execution, "stage": stage});
    // A silent roll-back: the old version is in service.
    let answer = world.task(verify.clone()).await.unwrap();
    let reported = failures(&answer["report"]);
    assert_eq!(reported.len(), 2);
    let (_, reason) = reported.first().unwrap();
    assert!(reason.contains(&format!("expected model package {}, found {}", arn(2), arn(1))), "{reason}");

    world.execute(2).await.unwrap();
    assert_eq!(world.task(verify.clone()).await.unwrap(), json!({"status": "done"}));
    let odd = |status: &str, reason: Option<&str>| Endpoint {
        status: status.into(),
        failure_reason: reason.map(Into::into),
        config_name: stage["endpointName"].as_str().unwrap().into(),
    };
    world.oddities.lock().unwrap().insert(at(PROD[0]), odd("Updating", None));
    let answer = world.task(verify.clone()).await.unwrap();
    assert_eq!(answer["status"], "waiting");
    assert!(
        answer["waitingFor"].as_str().unwrap().starts_with("444444444444 in eu-central-1: endpoint mlops-churn-prod-"),
        "{answer}"
    );
    world.oddities.lock().unwrap().insert(at(PROD[1]), odd("Failed", Some("no capacity")));
    world.closed.lock().unwrap().insert(PROD[0].parse().unwrap());
    let answer = world.task(verify).await.unwrap();
    let reported = failures(&answer["report"]);
    assert_eq!(reported.len(), 2, "{answer}");
    assert!(reported[0].1.starts_with("cannot assume arn:aws:iam::444444444444:role/ModelExecution"), "{reported:?}");
    assert!(reported[1].1.ends_with("is Failed: no capacity"), "{reported:?}");
    assert_eq!(answer["report"]["phase"], "verify");
}

#[tokio::test]
async fn throttling_in_a_target_is_retryable_and_names_the_account() {
    let world = World::new();
    world.execute(1).await.unwrap();
    world.throttled.lock().unwrap().insert(PROD[1].parse().unwrap());
    let plan = world.task(json!({"action": "plan", "request": World::request(1)})).await.unwrap();
    let verify = json!({"action": "verify", "execution": "v1", "stage": plan["stages"][1]});
    let error = world.task(verify).await.unwrap_err();
    assert_eq!(error.error_type(), "RetryableAwsError");
    assert!(error.to_string().starts_with("account 555555555555: sts:AssumeRole answered Throttling"), "{error}");
}

#[tokio::test]
async fn many_accounts_are_verified_a_few_at_a_time_and_a_report_stays_small() {
    let world = World::new();
    let accounts: Vec<_> = (0..400).map(|number| format!("{:012}", 700_000_000_000_u64 + number)).collect();
    let accounts: Vec<&str> = accounts.iter().map(String::as_str).collect();
    world.put_accounts("ou-ab12-staging1", &accounts);
    world.execute(1).await.unwrap();
    let most = world.crowd.lock().unwrap().1;
    assert!((2..=16).contains(&most), "{most}");
    world.closed.lock().unwrap().extend(accounts.iter().map(|account| account.parse().unwrap()));
    let plan = world.task(json!({"action": "plan", "request": World::request(1)})).await.unwrap();
    let verify = json!({"action": "verify", "execution": "v1", "stage": plan["stages"][0]});
    let answer = world.task(verify).await.unwrap();
    let report = &answer["report"];
    assert!(report.to_string().len() < 32_768, "{}", report.to_string().len());
    assert_eq!(report["failures"].as_array().unwrap().len() + report["omitted"].as_u64().unwrap() as usize, 400);
    assert!(plan.to_string().len() < 100_000);
}
