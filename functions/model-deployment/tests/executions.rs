//! Stack sets in memory: what the waves of an execution leave behind, however often and wherever they are interrupted.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on should say where"
)]

mod world;

use serde_json::{Value, json};
use stack_sets::{Deploying, InMemory, Moment, StackSetId, StackSets};
use world::{PROD, STAGING, World, at, registration};

fn on(version: u32, accounts: &[&str]) -> Vec<(String, u32, bool)> {
    accounts.iter().map(|account| ((*account).to_owned(), version, true)).collect()
}

fn failures(report: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    report["failures"].as_array().unwrap().iter().map(|it| (text(&it["account"]), text(&it["reason"]))).collect()
}

fn kinds(world: &World, stage: &str) -> Vec<String> {
    let ids = world.stack_sets.operation_ids(&world.set_name(stage));
    ids.iter().map(|id| id.split('-').nth(2).unwrap().to_owned()).collect()
}

#[tokio::test]
async fn every_account_gets_the_version() {
    let world = World::new();
    world.execute(1).await.unwrap();
    assert_eq!(world.versions("staging"), on(1, &STAGING));
    assert_eq!(world.versions("prod"), on(1, &PROD));
    world.execute(2).await.unwrap();
    assert_eq!(world.versions("staging"), on(2, &STAGING));
    assert_eq!(world.versions("prod"), on(2, &PROD));
    assert_eq!(kinds(&world, "staging"), ["create", "update"]);
    assert_eq!(kinds(&world, "prod"), ["create", "create", "update", "update"]);
}

#[tokio::test]
async fn a_wave_touches_its_own_accounts_only() {
    let world = World::new();
    world.execute(1).await.unwrap();
    let prod = world.stages(2).await.remove(1);
    world.deploy("v2", &prod, "canary").await.unwrap();
    let mut expected = on(2, &PROD[..1]);
    // Outdated, and serving what they served.
    expected.extend(PROD[1..].iter().map(|account| ((*account).to_owned(), 1, false)));
    assert_eq!(world.versions("prod"), expected);
    // Once more: nothing.
    let before = world.stack_sets.operation_ids(&world.set_name("prod"));
    world.deploy("v2", &prod, "canary").await.unwrap();
    assert_eq!(world.stack_sets.operation_ids(&world.set_name("prod")), before);
    world.deploy("v2", &prod, "rest").await.unwrap();
    assert_eq!(world.versions("prod"), on(2, &PROD));
}

/// Where it fails, every account goes back to the plan before, those that were not reached included.
#[tokio::test]
async fn a_stage_goes_back_to_the_plan_it_had() {
    let world = World::new();
    world.execute(1).await.unwrap();
    let (old, new) = (world.stages(1).await.remove(1), world.stages(2).await.remove(1));
    world.stack_sets.break_at(at(PROD[1]), "no capacity");
    world.deploy("v2", &new, "canary").await.unwrap();
    let report = world.deploy("v2", &new, "rest").await.unwrap_err();
    assert_eq!(failures(&report), [(PROD[1].to_owned(), "no capacity".to_owned())]);
    world.stack_sets.repair();
    let restore = old.restored(&new);
    assert!(restore.approval.is_none() && restore.cleared.is_empty());
    world.deploy("v2-back", &restore, "all").await.unwrap();
    assert_eq!(world.versions("prod"), on(1, &PROD));
}

#[tokio::test]
async fn an_account_that_joined_goes_back_to_nothing() {
    let world = World::new();
    world.put_accounts("ou-ab12-prod0001", &PROD[..2]);
    world.execute(1).await.unwrap();
    let old = world.stages(1).await.remove(1);
    world.put_accounts("ou-ab12-prod0001", &PROD);
    let new = world.stages(2).await.remove(1);
    for wave in ["canary", "rest"] {
        world.deploy("v2", &new, wave).await.unwrap();
    }
    let restore = old.restored(&new);
    assert_eq!(restore.cleared, [PROD[2].parse().unwrap()]);
    world.deploy("v2-back", &restore, "all").await.unwrap();
    assert_eq!(world.versions("prod"), on(1, &PROD[..2]));
}

#[tokio::test]
async fn a_stage_without_a_version_goes_back_to_nothing() {
    let world = World::new();
    let new = world.stages(1).await.remove(0);
    // Nothing was made yet: nothing is made to go back.
    world.deploy("v1-back", &new.emptied(), "all").await.unwrap();
    assert!(world.stack_sets.names().is_empty());
    world.deploy("v1", &new, "all").await.unwrap();
    world.deploy("v1-back", &new.emptied(), "all").await.unwrap();
    assert_eq!(world.versions("staging"), []);
}

/// An account that left a stage may be left behind; one that must have no endpoint may not.
#[tokio::test]
async fn what_cannot_be_cleared_fails_a_roll_back() {
    let world = World::new();
    let new = world.stages(1).await.remove(0);
    world.deploy("v1", &new, "all").await.unwrap();
    world.stack_sets.break_at(at(STAGING[0]), "endpoint is in use");
    let report = world.deploy("v1-back", &new.emptied(), "all").await.unwrap_err();
    let failures = failures(&report);
    assert!(
        matches!(failures.as_slice(), [(account, reason)] if account == STAGING[0] && reason.contains("endpoint is in use")),
        "{failures:?}"
    );
    assert_eq!(world.versions("staging").len(), 1);
}

#[tokio::test]
async fn a_new_account_may_go_first() {
    let world = World::new();
    world.put_accounts("ou-ab12-prod0001", &PROD[1..]);
    world.execute(1).await.unwrap();
    // It sorts before the others, so it is the canary; its set cannot change without an instance to change.
    world.put_accounts("ou-ab12-prod0001", &PROD);
    let prod = world.stages(2).await.remove(1);
    world.deploy("v2", &prod, "canary").await.unwrap();
    assert_eq!(world.versions("prod")[0], (PROD[0].to_owned(), 2, true));
    assert!(world.versions("prod")[1..].iter().all(|(_, version, _)| *version == 1));
    world.deploy("v2", &prod, "rest").await.unwrap();
    assert_eq!(world.versions("prod"), on(2, &PROD));
}

#[tokio::test]
async fn accounts_come_and_go_with_their_units() {
    let world = World::new();
    world.execute(1).await.unwrap();
    world.put_accounts("ou-ab12-staging1", &["333333333333", "777777777777"]);
    world.execute(2).await.unwrap();
    assert_eq!(world.versions("staging"), on(2, &["333333333333", "777777777777"]));
    assert_eq!(kinds(&world, "staging"), ["create", "remove", "update", "create"]);
}

#[tokio::test]
async fn a_stage_whose_accounts_all_changed_gets_the_version() {
    let world = World::new();
    world.execute(1).await.unwrap();
    world.put_accounts("ou-ab12-staging1", &["777777777777"]);
    world.execute(2).await.unwrap();
    assert_eq!(world.versions("staging"), on(2, &["777777777777"]));
}

#[tokio::test]
async fn regions_are_added_where_they_are_missing() {
    let world = World::new();
    world.execute(1).await.unwrap();
    let mut document = registration();
    document["stages"][0]["regions"] = json!(["eu-central-1", "eu-west-1"]);
    world.register(&document);
    world.put_accounts("ou-ab12-staging1", &["222222222222", "333333333333", "777777777777"]);
    world.execute(2).await.unwrap();
    assert_eq!(world.versions("staging").len(), 6);
    assert!(world.versions("staging").iter().all(|(_, version, current)| *version == 2 && *current));
    // Two groups: a region more for the old accounts, both regions for the new one.
    assert_eq!(kinds(&world, "staging"), ["create", "update", "create", "create"]);
}

#[tokio::test]
async fn a_failed_account_is_tried_again_by_the_next_approval() {
    let world = World::new();
    world.stack_sets.break_at(at(STAGING[1]), "no capacity");
    world.execute(1).await.unwrap_err();
    world.stack_sets.repair();
    world.execute(2).await.unwrap();
    assert_eq!(world.versions("staging"), on(2, &STAGING));
}

#[tokio::test]
async fn a_tolerated_failure_is_a_failure_of_the_stage_all_the_same() {
    let world = World::new();
    let mut document = registration();
    document["stages"][0]["waves"] = json!({"rest": {"failureTolerancePercentage": 50}});
    world.register(&document);
    world.stack_sets.break_at(at(STAGING[0]), "no capacity");
    let report = world.execute(1).await.unwrap_err();
    assert_eq!(failures(&report), [(STAGING[0].into(), "no capacity".into())]);
}

#[tokio::test]
async fn an_account_that_left_and_cannot_be_cleared_is_left_behind() {
    let world = World::new();
    world.execute(1).await.unwrap();
    world.put_accounts("ou-ab12-staging1", &STAGING[1..]);
    world.stack_sets.break_at(at(STAGING[0]), "account is suspended");
    for version in [2, 3] {
        world.execute(version).await.unwrap();
        assert!(world.versions("staging").contains(&(STAGING[1].into(), version, true)));
    }
    assert_eq!(kinds(&world, "staging").iter().filter(|kind| *kind == "remove").count(), 1);
    // Back in the unit, it cannot be deployed to, and that is said.
    world.put_accounts("ou-ab12-staging1", &STAGING);
    let report = world.execute(1).await.unwrap_err();
    let failures = failures(&report);
    assert!(
        matches!(failures.as_slice(), [(account, reason)] if account == STAGING[0] && reason.contains("RetainStacks")),
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
        let joined = ["555555555555", "666666666666", "777777777777"];
        world.put_accounts("ou-ab12-prod0001", &joined);
        let before = world.stack_sets.calls().len();
        if let Some((number, moment)) = fault {
            world.stack_sets.fail_call(number, moment);
        }
        world.execute(2).await.unwrap_or_else(|report| panic!("{fault:?}: {report}"));
        assert_eq!(world.versions("staging"), on(2, &STAGING), "{fault:?}");
        assert_eq!(world.versions("prod"), on(2, &joined), "{fault:?}");
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
    for number in 0..30 {
        for moment in [Moment::Before, Moment::After] {
            let world = World::new();
            world.stack_sets.fail_call(number, moment);
            world.execute(1).await.unwrap_or_else(|report| panic!("{number} {moment:?}: {report}"));
            assert_eq!(world.versions("prod"), on(1, &PROD), "{number} {moment:?}");
            assert_eq!(kinds(&world, "prod"), ["create", "create"], "{number} {moment:?}");
        }
    }
}

/// Every task delivered twice, and the earlier ones again after the later ones.
#[tokio::test]
async fn tasks_may_be_delivered_again() {
    let world = World::new();
    let stage = &world.stages(1).await[0];
    assert_eq!(world.stages(1).await[0], *stage);
    let deploy = json!({"action": "deploy", "execution": "v1", "stage": stage, "wave": "all"});
    let started = world.task(deploy.clone()).await.unwrap();
    assert_eq!(started["status"], "started");
    assert_eq!(world.task(deploy.clone()).await.unwrap(), started);
    let poll = json!({"action": "poll", "stage": stage, "operation": started["operation"]});
    while world.task(poll.clone()).await.unwrap()["status"] != "done" {}
    assert_eq!(world.task(poll).await.unwrap()["status"], "done");
    for _ in 0..2 {
        assert_eq!(world.task(deploy.clone()).await.unwrap(), json!({"status": "done"}));
    }
    assert_eq!(kinds(&world, "staging"), ["create"]);
}

#[tokio::test]
async fn another_operation_makes_the_stage_wait() {
    let world = World { stack_sets: InMemory::new().looks_until_done(3), ..World::new() };
    world.execute(1).await.unwrap();
    let set = StackSetId { name: world.set_name("staging"), call_as: None };
    let group = stack_sets::by_regions([at(STAGING[0])], &[]).remove(0);
    world.stack_sets.delete_instances(&set, &group, "somebody-else").await.unwrap();
    let stage = &world.stages(2).await[0];
    let deploy = json!({"action": "deploy", "execution": "v2", "stage": stage, "wave": "all"});
    let answer = world.task(deploy).await.unwrap();
    assert_eq!(answer["status"], "waiting");
    assert!(answer["waitingFor"].as_str().unwrap().contains("somebody-else"), "{answer}");
    world.execute(2).await.unwrap();
    assert_eq!(world.versions("staging"), on(2, &STAGING));
}

#[tokio::test]
async fn a_stack_set_of_somebody_else_is_not_touched() {
    let world = World::new();
    let stage = world.stages(1).await.remove(0);
    let set = StackSetId { name: stage.stack_set_name.clone(), call_as: None };
    let definition = stack_sets::Definition {
        template: "theirs".into(),
        parameters: Default::default(),
        tags: Default::default(),
        permissions: stage.permissions.clone(),
        preferences: stage.waves[0].operation_preferences,
    };
    world.stack_sets.create_stack_set(&set, &definition, "t").await.unwrap();
    let error = world.execute(1).await.unwrap_err();
    assert_eq!(error["error"], "ForeignStackSet");
    assert_eq!(world.stack_sets.stack_set(&set).await.unwrap().unwrap().template, "theirs");
}

#[tokio::test]
async fn service_managed_stack_sets_address_the_root() {
    let world = World::new();
    let mut document = registration();
    document["stackSet"] = json!({"permissionModel": "SERVICE_MANAGED", "callAs": "DELEGATED_ADMIN"});
    world.register(&document);
    let plan = world.plan(&World::request(1)).await;
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
async fn a_wave_that_the_plan_does_not_have_is_said() {
    let world = World::new();
    let stage = &world.stages(1).await[0];
    let task = json!({"action": "deploy", "execution": "v1", "stage": stage, "wave": "canary"});
    let error = world.task(task).await.unwrap_err();
    assert_eq!((error.error_type(), error.to_string().as_str()), ("InvalidInput", "stage staging has no wave canary"));
    assert_eq!(world.task(json!({"action": "dance"})).await.unwrap_err().error_type(), "InvalidInput");
}
