//! What is compared, and what is said of a difference.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on should say where"
)]

mod world;

use serde_json::{Value, json};
use world::{ACCOUNTS, ARN, BUCKET, EXECUTION, Twin, World, plan, registration, task};

const ODD: &str = ACCOUNTS[1];

/// The reason that the report gives for the odd account, and no other account.
async fn reason(registration: &Value, action: &str, change: impl FnOnce(&mut Twin)) -> String {
    let plan = plan(registration);
    let world = World::of(&plan);
    world.change(ODD, change);
    let (answer, results, _) = world.results(&task(action, &plan)).await;
    assert_eq!(answer["status"], "failed");
    let failures = answer["report"]["failures"].as_array().unwrap();
    assert_eq!(failures.len(), 1, "{failures:?}");
    assert_eq!((&failures[0]["account"], &failures[0]["region"]), (&json!(ODD), &json!(world::REGION)));
    assert_eq!(results["endpoints"].as_array().unwrap().len(), 3, "every account is in the results");
    failures[0]["reason"].as_str().unwrap().to_owned()
}

fn with_endpoint(endpoint: Value) -> Value {
    let mut registration = registration();
    registration["endpoint"] = endpoint;
    registration
}

fn two_variants() -> Value {
    let instance = |count: u32| json!({"type": "ml.m5.large", "count": count});
    with_endpoint(json!({"type": "realTime",
        "variants": [{"name": "Old", "instance": instance(1), "weight": 75}, {"name": "New", "instance": instance(2), "weight": 25}],
        "volumeKeyArn": "arn:aws:kms:eu-central-1:111111111111:key/1", "dataCapture": {"percentage": 20, "destination": "s3://captured/churn"}}))
}

fn serverless() -> Value {
    with_endpoint(
        json!({"type": "serverless", "serverless": {"memoryMb": 2048, "maxConcurrency": 20, "provisionedConcurrency": 2}}),
    )
}

#[tokio::test(start_paused = true)]
async fn endpoints_as_requested_are_done_and_their_results_kept() {
    for registration in [registration(), two_variants(), serverless()] {
        let plan = plan(&registration);
        let world = World::of(&plan);
        let (answer, results, xml) = world.results(&task("verify", &plan)).await;
        let key = format!("s3://{BUCKET}/results/churn/{EXECUTION}/prod-all");
        assert_eq!(answer, json!({"status": "done", "results": [format!("{key}.json"), format!("{key}.xml")]}));
        let configuration = &plan.parameters(deployment::ENDPOINT_TEMPLATE)["ConfigurationName"];
        assert_eq!(
            (
                &results["action"],
                &results["execution"],
                &results["stage"],
                &results["wave"],
                &results["modelPackageArn"]
            ),
            (&json!("verify"), &json!(EXECUTION), &json!("prod"), &json!("all"), &json!(ARN))
        );
        assert_eq!((&results["configuration"], &results["summary"]["failures"]), (&json!(configuration), &json!(0)));
        for (endpoint, account) in results["endpoints"].as_array().unwrap().iter().zip(ACCOUNTS) {
            assert_eq!((&endpoint["account"], &endpoint["configuration"]), (&json!(account), &json!(configuration)));
            assert!(
                endpoint["checks"].as_array().unwrap().iter().all(|check| check["outcome"] == "passed"),
                "{endpoint}"
            );
        }
        assert!(xml.starts_with("<?xml"), "{xml}");
        // A second time: the same objects.
        let before = world.objects.lock().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(world.task(&task("verify", &plan)).await.unwrap(), answer);
        assert_eq!(world.objects.lock().unwrap().keys().cloned().collect::<Vec<_>>(), before);
    }
}

#[tokio::test(start_paused = true)]
async fn each_difference_is_named_with_what_was_expected() {
    type Change = fn(&mut Twin);
    let rows: Vec<(Value, Change, &str)> = vec![
        (
            registration(),
            |it| it.packages = vec!["other".into()],
            "model package of variant AllTraffic: expected arn:aws:sagemaker:eu-central-1:111111111111:model-package/churn/7, found other",
        ),
        (registration(), |it| it.packages.clear(), "found none"),
        (
            registration(),
            |it| it.config.variants[0].instance_type = Some("ml.t2.medium".into()),
            "instance type of variant AllTraffic: expected ml.m5.large, found ml.t2.medium",
        ),
        (
            registration(),
            |it| it.config.variants[0].instance_count = Some(1),
            "initial instance count of variant AllTraffic: expected 2, found 1",
        ),
        (
            registration(),
            |it| it.config.variants[0].name = "Shadow".into(),
            "variants: expected AllTraffic, found Shadow",
        ),
        (registration(), |it| it.config.variants.clear(), "variants: expected AllTraffic, found none"),
        (
            registration(),
            |it| it.config.capture_percentage = Some(5),
            "data capture percentage: expected none, found 5",
        ),
        (
            registration(),
            |it| it.config.async_output_path = Some("s3://x/y".into()),
            "asynchronous output path: expected none, found s3://x/y",
        ),
        (
            two_variants(),
            |it| it.config.variants[1].weight = 0.75,
            "share of requests of variant New: expected 25 %, found 50 %",
        ),
        (two_variants(), |it| it.config.capture_percentage = None, "data capture percentage: expected 20, found none"),
        (
            two_variants(),
            |it| it.config.volume_key = None,
            "volume key: expected arn:aws:kms:eu-central-1:111111111111:key/1, found none",
        ),
        (two_variants(), |it| drop(it.config.variants.pop()), "variants: expected New, Old, found Old"),
        (
            serverless(),
            |it| it.config.variants[0].serverless.as_mut().unwrap().memory_mb = Some(1024),
            "serverless memory in MB: expected 2048, found 1024",
        ),
        (
            serverless(),
            |it| it.config.variants[0].serverless.as_mut().unwrap().max_concurrency = Some(1),
            "serverless concurrency: expected 20, found 1",
        ),
        (
            serverless(),
            |it| it.config.variants[0].serverless.as_mut().unwrap().provisioned_concurrency = None,
            "serverless provisioned concurrency: expected 2, found none",
        ),
        (
            serverless(),
            |it| it.config.variants[0].serverless = None,
            "serverless memory in MB: expected 2048, found none",
        ),
        (
            registration(),
            |it| it.endpoint.status = "OutOfService".into(),
            "endpoint: expected InService, found OutOfService: SageMaker gives no reason",
        ),
        (
            registration(),
            |it| {
                it.endpoint.status = "Failed".into();
                it.endpoint.failure_reason = Some("no capacity".into());
            },
            "endpoint: expected InService, found Failed: no capacity",
        ),
    ];
    for (registration, change, part) in rows {
        for action in ["verify", "watch"] {
            let reason = reason(&registration, action, change).await;
            assert!(reason.contains(part), "{part}: {reason}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn volumes_of_instances_with_a_store_of_their_own_have_no_key() {
    let mut registration = two_variants();
    for variant in registration["endpoint"]["variants"].as_array_mut().unwrap() {
        variant["instance"]["type"] = json!("ml.g5.xlarge");
    }
    let plan = plan(&registration);
    let world = World::of(&plan);
    world.change(ODD, |it| it.config.volume_key = None);
    assert_eq!(world.task(&task("verify", &plan)).await.unwrap()["status"], "done");
}

/// The endpoint is in service, and CloudFormation may have said that all went well.
#[tokio::test(start_paused = true)]
async fn a_silent_roll_back_is_told_with_sagemakers_reason() {
    for action in ["verify", "watch"] {
        let reason = reason(&registration(), action, |it| {
            it.endpoint.config_name = "mlops-churn-prod-v6".into();
            it.endpoint.failure_reason = Some("alarm e-errors went off".into());
            it.packages = vec!["arn:aws:sagemaker:eu-central-1:111111111111:model-package/churn/6".into()];
        })
        .await;
        for part in [
            "found mlops-churn-prod-v6, a silent roll-back: SageMaker says: alarm e-errors went off",
            "model package of variant AllTraffic: expected arn:aws:sagemaker:eu-central-1:111111111111:model-package/churn/7, \
             found arn:aws:sagemaker:eu-central-1:111111111111:model-package/churn/6",
        ] {
            assert!(reason.contains(part), "{reason}");
        }
    }
    let reason = reason(&registration(), "verify", |it| it.endpoint.config_name = "other".into()).await;
    assert!(reason.ends_with("found other, a silent roll-back: SageMaker gives no reason"), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_is_not_there_and_a_role_that_cannot_be_assumed() {
    let plan = plan(&registration());
    let world = World::of(&plan);
    world.twins.lock().unwrap().remove(&(ODD.to_owned(), world::REGION.to_owned()));
    world.closed.lock().unwrap().insert(ACCOUNTS[2].into(), "AccessDenied");
    let (answer, results, _) = world.results(&task("verify", &plan)).await;
    let reasons: Vec<_> =
        answer["report"]["failures"].as_array().unwrap().iter().map(|it| it["reason"].as_str().unwrap()).collect();
    assert!(reasons[0].starts_with("endpoint: expected InService, found no endpoint mlops-churn-prod-"), "{reasons:?}");
    assert!(
        reasons[1].starts_with("role: expected arn:aws:iam::444444444444:role/ModelExecution can be assumed, found sts:AssumeRole answered AccessDenied"),
        "{reasons:?}"
    );
    // The first account was asked all the same: the results show how it is.
    assert_eq!(results["endpoints"][0]["invocations"].as_array().unwrap().len(), 3);
    assert_eq!(answer["report"]["phase"], "verify");
}

#[tokio::test(start_paused = true)]
async fn endpoints_that_are_being_changed_are_waited_for_and_nobody_is_asked() {
    for status in ["Creating", "Updating", "SystemUpdating", "RollingBack"] {
        for action in ["verify", "watch"] {
            let plan = plan(&registration());
            let world = World::of(&plan);
            world.change(ODD, |it| it.endpoint.status = status.into());
            let answer = world.task(&task(action, &plan)).await.unwrap();
            let waiting_for = format!("{ODD} in eu-central-1: endpoint is {status}");
            assert_eq!(answer, json!({"status": "waiting", "waitingFor": waiting_for}));
            world.change(ACCOUNTS[2], |it| it.endpoint.status = status.into());
            let answer = world.task(&task(action, &plan)).await.unwrap();
            assert_eq!(answer["waitingFor"], format!("{waiting_for}; and 1 more"));
            assert!(world.sent.lock().unwrap().is_empty() && world.objects.lock().unwrap().is_empty());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_watch_looks_for_the_endpoints_own_alarms_and_asks_nobody() {
    let plan = plan(&registration());
    let world = World::of(&plan);
    let name = plan.endpoint_name.clone();
    world.change(ODD, |it| it.alarms = vec![format!("{name}x-errors"), "other".into()]);
    let (answer, results, _) = world.results(&task("watch", &plan)).await;
    assert_eq!(answer["status"], "done", "alarms of others do not count");
    let key = format!("s3://{BUCKET}/results/churn/{EXECUTION}/prod-all-watch");
    assert_eq!(answer["results"], json!([format!("{key}.json"), format!("{key}.xml")]));
    assert_eq!(results["action"], "watch");
    world.change(ODD, |it| it.alarms = vec![format!("{name}-AllTraffic-server-errors"), format!("{name}-latency")]);
    let (answer, _, _) = world.results(&task("watch", &plan)).await;
    assert_eq!(answer["report"]["phase"], "watch");
    let reason =
        format!("alarms: expected no alarm {name}-* in ALARM, found {name}-AllTraffic-server-errors, {name}-latency");
    assert_eq!(answer["report"]["failures"][0]["reason"], reason);
    assert!(world.sent.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn without_a_verification_only_the_configuration_is_compared() {
    let mut registration = registration();
    registration.as_object_mut().unwrap().remove("verification");
    let plan = plan(&registration);
    let world = World::of(&plan);
    let (answer, results, _) = world.results(&task("verify", &plan)).await;
    assert_eq!(answer["status"], "done");
    assert_eq!(
        results["notes"],
        json!(["the registration has no \"verification\", so only the configuration was compared"])
    );
    assert!(world.sent.lock().unwrap().is_empty());
}
