//! What endpoints are sent, and what is made of their answers.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on should say where"
)]

mod world;

use endpoint_verification::Object;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;
use world::{ACCOUNTS, Twin, World, plan, plan_for, registration, task};

const ODD: &str = ACCOUNTS[1];

async fn after(registration: &Value, change: impl FnOnce(&mut Twin)) -> (World, Value, Value) {
    let plan = plan(registration);
    let world = World::of(&plan);
    world.change(ODD, change);
    let (answer, results, _) = world.results(&task("verify", &plan)).await;
    (world, answer, results)
}

fn reason(answer: &Value) -> &str {
    answer["report"]["failures"][0]["reason"].as_str().unwrap_or_default()
}

fn json_expected() -> Value {
    let mut registration = registration();
    registration["verification"]["expect"] = json!({"contentType": "application/json", "schema": {"type": "object", "required": ["p"], "properties": {"p": {"type": "number"}}}});
    registration
}

#[tokio::test(start_paused = true)]
async fn the_sample_is_sent_as_often_as_registered_and_told_apart_from_customers_requests() {
    let (world, answer, results) = after(&registration(), |_| {}).await;
    assert_eq!(answer["status"], "done");
    let sent = world.sent.lock().unwrap().clone();
    assert_eq!(sent.len(), 9);
    for account in ACCOUNTS {
        let to: Vec<_> = sent.iter().filter(|sent| sent.account == account).collect();
        assert_eq!(to.len(), 3);
        assert!(to.iter().all(|sent| *sent == to[0]), "one sample, one id");
        assert_eq!((to[0].payload.as_str(), to[0].content_type.as_str()), ("5.1,3.5", "text/csv"));
        assert_eq!(to[0].accept.as_deref(), Some("text/csv"));
        assert!(to[0].inference_id.starts_with("verification-") && to[0].inference_id.len() <= 64);
    }
    assert_ne!(sent.first().unwrap().inference_id, sent.last().unwrap().inference_id);
    let invocations = &results["endpoints"][0]["invocations"];
    let latencies: Vec<_> =
        invocations.as_array().unwrap().iter().map(|it| it["latencyMs"].as_u64().unwrap()).collect();
    assert_eq!(latencies, [300, 120, 150], "each of them is kept");
    assert_eq!(
        (&invocations[0]["bytes"], &invocations[0]["contentType"]),
        (&json!(10), &json!("text/csv; charset=utf-8"))
    );
}

/// What the first request pays for is not the version's fault.
#[tokio::test(start_paused = true)]
async fn the_smallest_latency_counts() {
    for (latencies, outcome) in [(vec![5000, 499, 900], "done"), (vec![501, 502, 900], "failed"), (vec![500], "done")] {
        let (_, answer, _) = after(&registration(), |it| it.latencies.clone_from(&latencies)).await;
        assert_eq!(answer["status"], outcome, "{latencies:?}");
        if outcome == "failed" {
            assert_eq!(reason(&answer), "latency: expected at most 500 ms, found 501 ms");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn answers_are_held_against_what_is_expected() {
    type Change = fn(&mut Twin);
    let rows: Vec<(Value, Change, &str)> = vec![
        (
            registration(),
            |it| it.content_type = "application/json".into(),
            "content type: expected text/csv, found application/json",
        ),
        (
            registration(),
            |it| it.body = b"0.25\n".to_vec(),
            "body: expected CSV of 1 x 2 numbers, found 1 columns in row 1",
        ),
        (
            registration(),
            |it| it.body = b"Smith,1".to_vec(),
            "body: expected CSV of 1 x 2 numbers, found no number in row 1, column 1",
        ),
        (
            json_expected(),
            |it| {
                it.content_type = "application/json".into();
                it.body = br#"{"p": "Smith"}"#.to_vec();
            },
            "body: expected JSON of the registration's schema, found /p is of type string instead of number",
        ),
        (
            registration(),
            |it| it.model_error = Some(500),
            "invocation: expected 200, found ModelError, the model answered 500; its log: \
            arn:aws:logs:eu-central-1:222222222222:log-group:/aws/sagemaker/Endpoints/e (request id 4711)",
        ),
        (
            registration(),
            |it| it.refusals = vec![("ValidationError", "Endpoint e of account 3 not found.")],
            "invocation: expected 200, found sagemaker:InvokeEndpoint answered ValidationError: Endpoint e of account 3 not found. \
             (request id 00000000-0000-0000-0000-000000000000)",
        ),
        (
            registration(),
            |it| it.refusals = vec![("AccessDeniedException", "no")],
            "sagemaker:InvokeEndpoint answered AccessDeniedException: no",
        ),
    ];
    for (registration, change, part) in rows {
        let plan = plan(&registration);
        let world = World::of(&plan);
        if registration["verification"]["expect"].get("schema").is_some() {
            for account in ACCOUNTS {
                world.change(account, |it| {
                    it.content_type = "application/json".into();
                    it.body = br#"{"p": 1}"#.to_vec();
                });
            }
        }
        world.change(ODD, change);
        let (answer, results, xml) = world.results(&task("verify", &plan)).await;
        assert_eq!(answer["report"]["failures"].as_array().unwrap().len(), 1, "{answer}");
        assert!(reason(&answer).contains(part), "{part}: {}", reason(&answer));
        // Neither what was sent nor what was answered.
        for text in [answer.to_string(), results.to_string(), xml] {
            assert!(!text.contains("Smith") && !text.contains("5.1,3.5") && !text.contains("0.25"), "{text}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_expected_is_not_compared() {
    let mut registration = registration();
    for member in ["expect", "maxLatencyMs", "accept"] {
        registration["verification"].as_object_mut().unwrap().remove(member);
    }
    let (_, answer, results) = after(&registration, |it| it.body = vec![0xff]).await;
    assert_eq!(answer["status"], "done");
    let outcomes: Vec<_> = results["endpoints"][1]["checks"]
        .as_array()
        .unwrap()
        .iter()
        .rev()
        .take(4)
        .map(|it| it["outcome"].as_str().unwrap())
        .collect();
    assert_eq!(outcomes, ["skipped", "skipped", "skipped", "passed"]);
    assert_eq!(results["summary"]["skipped"], 9);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_may_succeed_later_ends_the_task_and_names_the_account() {
    for (code, closed) in [
        ("ThrottlingException", false),
        ("ServiceUnavailable", false),
        ("InternalFailure", false),
        ("Throttling", true),
    ] {
        let plan = plan(&registration());
        let world = World::of(&plan);
        if closed {
            world.closed.lock().unwrap().insert(ODD.into(), code);
        } else {
            world.change(ODD, |it| it.refusals = vec![(code, "Rate exceeded")]);
        }
        let error = world.task(&task("verify", &plan)).await.unwrap_err();
        assert_eq!(error.error_type(), "RetryableAwsError", "{error}");
        assert!(error.to_string().starts_with(&format!("account {ODD}: ")), "{error}");
        world.closed.lock().unwrap().clear();
        assert_eq!(world.task(&task("verify", &plan)).await.unwrap()["status"], "done");
    }
}

#[tokio::test(start_paused = true)]
async fn a_serverless_endpoint_that_is_still_starting_is_waited_for() {
    let plan = plan(&registration());
    let world = World::of(&plan);
    world.change(ODD, |it| it.refusals = vec![("ModelNotReadyException", "still loading")]);
    let answer = world.task(&task("verify", &plan)).await.unwrap();
    assert_eq!(answer["status"], "waiting");
    assert!(answer["waitingFor"].as_str().unwrap().starts_with(&format!(
        "{ODD} in eu-central-1: invocation is sagemaker:InvokeEndpoint answered ModelNotReadyException"
    )));
    assert_eq!(world.task(&task("verify", &plan)).await.unwrap()["status"], "done");
}

#[tokio::test(start_paused = true)]
async fn a_payload_in_s3_is_read_once_for_all_accounts() {
    let mut registration = registration();
    registration["verification"]["payload"] = json!({"s3Uri": "s3://samples/churn.csv"});
    let plan = plan(&registration);
    let world = World::of(&plan);
    world.put_object("s3://samples/churn.csv", b"1,2,3");
    assert_eq!(world.task(&task("verify", &plan)).await.unwrap()["status"], "done");
    assert_eq!(*world.reads.lock().unwrap(), ["s3://samples/churn.csv"]);
    assert!(world.sent.lock().unwrap().iter().all(|sent| sent.payload == "1,2,3"));
}

#[tokio::test(start_paused = true)]
async fn a_payload_that_cannot_be_sent_is_the_registrations_fault() {
    let mut registration = registration();
    registration["verification"]["payload"] = json!({"s3Uri": "s3://samples/churn.csv"});
    let plan = plan(&registration);
    let world = World::of(&plan);
    let refused = async |world: &World| {
        let error = world.task(&task("verify", &plan)).await.unwrap_err();
        assert_eq!(error.error_type(), "InvalidRegistration");
        error.to_string()
    };
    let prefix = "registration $.verification.payload.s3Uri: s3://samples/churn.csv";
    assert_eq!(refused(&world).await, format!("{prefix} does not exist: upload the sample, or name another object"));
    let large = Object { size: 26_214_401, body: Some(vec![0]), ..Object::default() };
    world.objects.lock().unwrap().insert("s3://samples/churn.csv".into(), large);
    let told = format!("{prefix} has 26214401 bytes, but SageMaker takes at most 26214400: give a smaller sample");
    assert_eq!(refused(&world).await, told);
    world.denied.lock().unwrap().push("s3://samples/churn.csv".into());
    assert!(refused(&world).await.starts_with(&format!(
        "{prefix} does not exist, or this function may not read it: s3:GetObject answered AccessDenied"
    )));
    assert!(world.sent.lock().unwrap().is_empty());
}

/// 400 accounts take as long as 25, of which 16 are looked at together.
#[tokio::test(start_paused = true)]
async fn four_hundred_accounts_take_twenty_five_rounds() {
    let accounts: Vec<_> = (0..400).map(|number| format!("{:012}", 100_000_000_000_u64 + number)).collect();
    let mut wide = registration();
    wide["stages"][0]["accountIds"] = json!(accounts);
    wide["verification"]["invocations"] = json!(1);
    let plan = plan_for(&wide, &accounts);
    let mut world = World::of(&plan);
    world.delay = Duration::from_secs(1);
    for twin in world.twins.lock().unwrap().values_mut() {
        twin.latencies = vec![100];
    }
    let started = Instant::now();
    let (answer, results, _) = world.results(&task("verify", &plan)).await;
    assert_eq!(answer["status"], "done");
    assert_eq!(results["endpoints"].as_array().unwrap().len(), 400);
    assert_eq!(world.crowd.load(std::sync::atomic::Ordering::SeqCst), 16);
    let (looks, invocations) = (Duration::from_secs(25), Duration::from_millis(2500));
    let elapsed = started.elapsed();
    assert!(
        elapsed >= looks + invocations && elapsed < looks + invocations + Duration::from_millis(100),
        "{elapsed:?}"
    );
}

/// Large payloads are sent to fewer endpoints at once: each request holds its own copy.
#[tokio::test(start_paused = true)]
async fn payloads_of_many_megabytes_are_sent_to_few_at_once() {
    let accounts: Vec<_> = (0..8).map(|number| format!("{:012}", 100_000_000_000_u64 + number)).collect();
    let mut wide = registration();
    wide["stages"][0]["accountIds"] = json!(accounts);
    wide["verification"]["invocations"] = json!(1);
    wide["verification"]["payload"] = json!({"s3Uri": "s3://samples/large"});
    let plan = plan_for(&wide, &accounts);
    let world = World::of(&plan);
    world.put_object("s3://samples/large", &vec![b'1'; 24 << 20]);
    for twin in world.twins.lock().unwrap().values_mut() {
        twin.latencies = vec![400];
    }
    let started = Instant::now();
    assert_eq!(world.task(&task("verify", &plan)).await.unwrap()["status"], "done");
    assert_eq!(started.elapsed().as_millis() / 100, 8, "eight accounts, four at once, 400 ms each");
}

#[tokio::test(start_paused = true)]
async fn the_role_is_left_only_what_the_look_needs() {
    let plan = plan(&registration());
    let world = World::of(&plan);
    world.task(&task("verify", &plan)).await.unwrap();
    world.task(&task("watch", &plan)).await.unwrap();
    let sessions = world.sessions.lock().unwrap().clone();
    let (role, name, policy) = &sessions[0];
    assert_eq!(
        (role.as_str(), name.as_str()),
        ("arn:aws:iam::222222222222:role/ModelExecution", "verify-churn-v7-0a1b2c3d")
    );
    let arn = |resource: &str| format!("arn:aws:sagemaker:*:222222222222:{resource}");
    let endpoint = arn(&format!("endpoint/{}", plan.endpoint_name.to_lowercase()));
    let looks = [
        json!({"Effect": "Allow", "Action": ["sagemaker:DescribeEndpoint"], "Resource": [endpoint]}),
        json!({"Effect": "Allow", "Action": ["sagemaker:DescribeEndpointConfig"], "Resource": [arn("endpoint-config/*")]}),
        json!({"Effect": "Allow", "Action": ["sagemaker:DescribeModel"], "Resource": [arn("model/*")]}),
    ];
    let and = |more: Value| json!({"Version": "2012-10-17", "Statement": [looks[0], looks[1], looks[2], more]});
    assert_eq!(
        *policy,
        and(json!({"Effect": "Allow", "Action": ["sagemaker:InvokeEndpoint"], "Resource": [endpoint]}))
    );
    let alarms = "arn:aws:cloudwatch:*:222222222222:alarm:*";
    assert_eq!(
        sessions[3].2,
        and(json!({"Effect": "Allow", "Action": ["cloudwatch:DescribeAlarms"], "Resource": [alarms]}))
    );
}

/// A single account that is hub and target at once, and another partition.
#[tokio::test(start_paused = true)]
async fn the_hubs_own_account_is_looked_at_like_any_other() {
    let plan = plan_for(&registration(), &["111111111111".to_owned()]);
    let mut json = serde_json::to_value(&plan).unwrap();
    json["modelPackageArn"] = json!("arn:aws-cn:sagemaker:cn-north-1:111111111111:model-package/churn/7");
    json["regions"] = json!(["cn-north-1"]);
    let plan = serde_json::from_value(json).unwrap();
    let world = World::of(&plan);
    let answer = world.task(&task("verify", &plan)).await.unwrap();
    assert_eq!(answer["status"], "done", "{answer}");
    let sessions = world.sessions.lock().unwrap();
    assert_eq!(sessions[0].0, "arn:aws-cn:iam::111111111111:role/ModelExecution");
    assert!(
        sessions[0].2.to_string().matches("arn:aws-cn:").count() == 4
            && !sessions[0].2.to_string().contains("arn:aws:")
    );
}

#[tokio::test(start_paused = true)]
async fn tasks_that_are_none() {
    let plan = plan(&registration());
    let world = World::of(&plan);
    for (event, part) in [
        (json!({"action": "verify"}), "missing field `execution`"),
        (json!({"action": "look", "execution": "e", "stage": plan, "wave": "all"}), "unknown variant `look`"),
        (
            json!({"action": "verify", "execution": "e", "stage": plan, "wave": "canary"}),
            "stage prod has no wave \"canary\"",
        ),
    ] {
        let error = world.task(&event).await.unwrap_err();
        assert_eq!(error.error_type(), "InvalidInput");
        assert!(error.to_string().contains(part), "{error}");
    }
}

/// A stage that is taken back to nothing has nobody to ask; and a task may name the accounts itself.
#[tokio::test(start_paused = true)]
async fn accounts_are_the_waves_or_the_tasks() {
    let plan = plan(&registration());
    let world = World::of(&plan);
    let (answer, results, xml) = world.results(&task("verify", &plan.emptied())).await;
    assert_eq!((&answer["status"], &results["endpoints"]), (&json!("done"), &json!([])));
    assert!(xml.contains("tests=\"0\""), "{xml}");
    let mut some = task("verify", &plan);
    some["accounts"] = json!([ODD]);
    let (_, results, _) = world.results(&some).await;
    assert_eq!(results["endpoints"].as_array().unwrap().len(), 1);
    assert!(world.sent.lock().unwrap().iter().all(|sent| sent.account == ODD));
}
