//! What an execution is going to do, and everything that keeps it from doing so.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on should say where"
)]

mod world;

use deployment::{DeploymentRequest, RequestKind};
use model_deployment::ModelPackage;
use serde_json::{Value, json};
use world::{HUB, PROD, World, arn, registration};

fn faults(plan: &Value) -> Vec<String> {
    let fault = |fault: &Value| format!("{}: {}", fault["path"].as_str().unwrap(), fault["problem"].as_str().unwrap());
    plan["faults"].as_array().unwrap().iter().map(fault).collect()
}

#[tokio::test]
async fn a_plan_says_where_in_which_order_and_how() {
    let world = World::new();
    let plan = world.plan(&World::request(1)).await;
    assert_eq!(plan["goesBack"], false);
    let prod = &plan["stages"][1];
    assert_eq!(prod["accounts"], json!(PROD));
    assert_eq!(prod["regions"], json!(["eu-central-1"]));
    assert_eq!(prod["approval"], json!({"expiresAfterHours": 72}));
    let waves: Vec<_> = prod["waves"].as_array().unwrap().iter().map(|it| (&it["name"], &it["accounts"])).collect();
    assert_eq!(waves, [(&json!("canary"), &json!(PROD[..1])), (&json!("rest"), &json!(PROD[1..]))]);
    assert_eq!(plan["stages"][0]["waves"][0]["name"], "all");
    assert!(world.stack_sets.calls().is_empty());
}

/// Nothing is touched, and nothing has to be approved twice to learn the next fault.
#[tokio::test]
async fn everything_that_is_wrong_is_said_at_once() {
    let world = World::new();
    let mut document = registration();
    document["stages"][0]["organizationalUnitIds"] = json!(["ou-ab12-unknown1", "ou-ab12-staging1"]);
    document["stages"][1]["exclude"] = json!(PROD);
    document["stages"].as_array_mut().unwrap().extend([
        json!({"name": "one", "accountIds": ["777777777777"], "bake": 1}),
        json!({"name": "two", "accountIds": ["777777777777", "888888888888"],
            "waves": {"canary": {"accountIds": ["999999999999"]}}}),
        json!({"name": "three", "accountIds": []}),
        json!({"name": "four", "accountIds": ["999999999999"], "endpoint": {"type": "realTime",
            "variants": [{"name": "a", "instance": {"type": "ml.m5.lage", "count": 1}, "weight": 100}]}}),
        json!({"name": "five", "accountIds": ["888888888888"], "endpoint": {"type": "realTime", "variants": [
            {"name": "a", "instance": {"type": "ml.m5.large", "count": 1}, "weight": 60},
            {"name": "b", "instance": {"type": "ml.m5.large", "count": 1}, "weight": 60}]}}),
    ]);
    document["endpiont"] = json!({});
    world.register(&document);
    let package = ModelPackage {
        status: "InProgress".into(),
        approval_status: "PendingManualApproval".into(),
        containers: 0,
        instance_types: vec!["ml.c5.large".into()],
    };
    world.packages.lock().unwrap().insert(arn(1).to_string(), package);
    let plan = world.plan(&World::request(1)).await;
    assert_eq!(plan["stages"], json!([]));
    let faults = faults(&plan);
    for part in [
        "$.endpiont: is not known; did you mean \"endpoint\"?",
        "$.stages[0].organizationalUnitIds: ou-ab12-unknown1 does not exist",
        "$.stages[1]: has no account: organizationalUnitIds less exclude leaves no active one",
        "$.stages[2].bake: is not known",
        "$.stages[3]: has account 777777777777, which $.stages[2] has too",
        "$.stages[3].waves.canary.accountIds: 999999999999 is no account of the stage",
        "$.stages[4].accountIds: expected a list of at least one item",
        "$.stages[5].endpoint: has instance type ml.m5.lage, which SageMaker's endpoints do not have; did you mean ml.m5.large?",
        "$.stages[6]: has account 888888888888, which $.stages[3] has too",
        "model-package/churn/1: expected ModelPackageStatus Completed, found InProgress",
        "expected ModelApprovalStatus Approved, found PendingManualApproval",
        "has no container in an InferenceSpecification",
        "does not support instance type ml.m5.large of $.stages[0], expected one of ml.c5.large",
        "does not support instance type ml.m5.xlarge of $.stages[1]",
    ] {
        assert!(faults.iter().any(|fault| fault.contains(part)), "{part}: {faults:#?}");
    }
    assert!(
        faults.iter().any(|it| it.starts_with("$.stages[6].endpoint.variants") && it.contains("100")),
        "{faults:#?}"
    );
    assert!(world.stack_sets.calls().is_empty());
}

/// Who has one account only is its own staging and production.
#[tokio::test]
async fn the_hub_account_may_be_in_several_stages() {
    let world = World::new();
    let mut document = registration();
    for stage in document["stages"].as_array_mut().unwrap() {
        stage.as_object_mut().unwrap().remove("organizationalUnitIds");
        stage["accountIds"] = json!([HUB]);
    }
    world.register(&document);
    let plan = world.plan(&World::request(1)).await;
    assert_eq!(faults(&plan), Vec::<String>::new());
    let names: Vec<_> = plan["stages"].as_array().unwrap().iter().map(|it| it["endpointName"].clone()).collect();
    assert_ne!(names[0], names[1]);
    document["stages"][0]["accountIds"] = json!([PROD[0]]);
    document["stages"][0]["regions"] = json!(["eu-west-1"]);
    document["stages"][1]["accountIds"] = json!([PROD[0]]);
    world.register(&document);
    assert_eq!(faults(&world.plan(&World::request(1)).await), Vec::<String>::new(), "another region is another place");
}

#[tokio::test]
async fn an_older_version_than_the_live_one_goes_back() {
    let world = World::new();
    world.put_live("prod", 2, &[1]);
    assert_eq!(world.plan(&World::request(1)).await["goesBack"], true);
    assert_eq!(world.plan(&World::request(3)).await["goesBack"], false);
}

#[tokio::test]
async fn a_stored_payload_is_measured_against_the_smallest_limit() {
    let world = World::new();
    let mut document = registration();
    document["verification"] = json!({"payload": {"s3Uri": "s3://payloads/sample.csv"}, "contentType": "text/csv"});
    document["stages"][1]["endpoint"] =
        json!({"type": "serverless", "serverless": {"memoryMb": 2048, "maxConcurrency": 5}});
    world.register(&document);
    let plan = world.plan(&World::request(1)).await;
    assert_eq!(faults(&plan), Vec::<String>::new());
    assert_eq!(
        plan["payload"],
        json!({"path": "$.verification.payload.s3Uri", "s3Uri": "s3://payloads/sample.csv", "limit": 4_194_304})
    );
}

fn rejection(version: u32) -> DeploymentRequest {
    DeploymentRequest { kind: RequestKind::Rejection, ..World::request(version) }
}

#[tokio::test]
async fn the_last_good_version_comes_back_without_a_question() {
    let world = World::new();
    world.put_live("staging", 3, &[2, 1]);
    world.put_live("prod", 3, &[2, 1]);
    world.set_status(3, "Rejected");
    world.set_status(2, "Rejected");
    let plan = world.plan(&rejection(3)).await;
    assert_eq!(plan["request"]["modelPackageArn"], arn(1).to_string());
    assert_eq!(plan["request"]["approval"]["id"], "earlier", "who approved it then");
    assert_eq!(plan["goesBack"], true);
    let stages = plan["stages"].as_array().unwrap();
    assert_eq!(stages.len(), 2);
    assert!(stages.iter().all(|stage| stage["approval"].is_null()), "{plan}");
}

#[tokio::test]
async fn a_rejection_that_changes_nothing_says_why() {
    let world = World::new();
    world.set_status(2, "Rejected");
    let reason = async |world: &World| {
        let plan = world.plan(&rejection(2)).await;
        assert_eq!((&plan["stages"], &plan["faults"]), (&json!([]), &json!([])));
        plan["reason"].as_str().unwrap().to_owned()
    };
    assert_eq!(reason(&world).await, "version 2: is live in no stage");
    world.put_live("prod", 2, &[1]);
    let mut document = registration();
    document["rollbackOnReject"] = json!(false);
    world.register(&document);
    assert!(reason(&world).await.contains("does not set rollbackOnReject"));
    world.register(&registration());
    world.set_status(2, "Approved");
    assert!(reason(&world).await.contains("is Approved by now"));
}

#[tokio::test]
async fn refusals_have_names() {
    let world = World::new();
    let refused = async |request: DeploymentRequest| {
        let error = world.task(json!({"action": "plan", "request": request})).await.unwrap_err();
        (error.error_type(), error.to_string())
    };
    world.set_status(2, "Rejected");
    world.put_live("prod", 2, &[]);
    let (name, message) = refused(rejection(2)).await;
    assert_eq!(name, "NothingToComeBackTo");
    assert!(message.contains("goes on serving"), "{message}");
    world.packages.lock().unwrap().remove(arn(3).as_str());
    let plan = world.plan(&World::request(3)).await;
    assert_eq!(faults(&plan), [format!("model package {}: does not exist", arn(3))]);
    world.parameters.lock().unwrap().clear();
    let (name, message) = refused(World::request(1)).await;
    assert_eq!(name, "NotRegistered");
    assert!(message.contains("/mlops/deployments/churn/registration"), "{message}");
}

#[tokio::test]
async fn a_plan_for_many_accounts_fits_into_a_state() {
    let world = World::new();
    let accounts: Vec<_> = (0..400).map(|number| format!("{:012}", 700_000_000_000_u64 + number)).collect();
    let accounts: Vec<&str> = accounts.iter().map(String::as_str).collect();
    world.put_accounts("ou-ab12-staging1", &accounts);
    let plan = world.plan(&World::request(1)).await;
    assert!(plan.to_string().len() < 100_000, "{}", plan.to_string().len());
}
