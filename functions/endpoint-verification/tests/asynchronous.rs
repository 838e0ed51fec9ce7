//! An endpoint that works off a queue is asked once, and its answer is looked for until it is there.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on should say where"
)]

mod world;

use deployment::StagePlan;
use endpoint_verification::Object;
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};
use world::{ACCOUNTS, BUCKET, EXECUTION, World, plan, registration, task};

const ODD: &str = ACCOUNTS[1];
const SAMPLE: &str = "s3://samples/churn.csv";

fn asynchronous() -> (StagePlan, World) {
    let mut registration = registration();
    registration["endpoint"]["type"] = json!("asynchronous");
    registration["endpoint"]["asynchronous"] = json!({"outputPath": "s3://answers/out/", "failurePath": "s3://answers/failed",
        "keyArn": "arn:aws:kms:eu-central-1:111111111111:key/1"});
    registration["verification"]["payload"] = json!({"s3Uri": SAMPLE});
    registration["verification"]["maxLatencyMs"] = json!(60_000);
    let plan = plan(&registration);
    let world = World::of(&plan);
    (plan, world)
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// SageMaker writes an answer so many seconds from now.
fn answered(world: &World, account: &str, body: &[u8], seconds: u64) {
    let object =
        Object { size: body.len() as u64, body: Some(body.to_vec()), written: now() + seconds, content_type: None };
    world.objects.lock().unwrap().insert(format!("s3://answers/out/{account}-0.out"), object);
}

fn questions() -> String {
    format!("s3://{BUCKET}/results/churn/{EXECUTION}/prod-all-questions.json")
}

/// Makes the questions so much older.
fn age(world: &World, milliseconds: u64) {
    let mut kept: Value = serde_json::from_str(&world.text(&questions())).unwrap();
    for question in kept["questions"].as_object_mut().unwrap().values_mut() {
        question["at"] = json!(question["at"].as_u64().unwrap() - milliseconds);
    }
    world.put_object(&questions(), kept.to_string().as_bytes());
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_is_asked_once_and_its_answer_waited_for() {
    let (plan, world) = asynchronous();
    let first = world.task(&task("verify", &plan)).await.unwrap();
    assert_eq!(first["waitingFor"], "222222222222 in eu-central-1: invocation is not answered yet; and 2 more");
    for account in &ACCOUNTS[..2] {
        answered(&world, account, b"1,2", 3);
    }
    let second = world.task(&task("verify", &plan)).await.unwrap();
    assert_eq!(second["status"], "waiting");
    assert!(
        second["waitingFor"]
            .as_str()
            .unwrap()
            .starts_with("444444444444 in eu-central-1: invocation is not answered after "),
        "{second}"
    );
    answered(&world, ACCOUNTS[2], b"1,2", 5);
    let (last, results, _) = world.results(&task("verify", &plan)).await;
    assert_eq!(last["status"], "done", "{results}");
    let sent = world.sent.lock().unwrap();
    assert_eq!(sent.len(), 3, "each once");
    assert!(sent.iter().all(|sent| sent.payload == SAMPLE && sent.inference_id.starts_with("verification-")));
    let latency = results["endpoints"][2]["invocations"][0]["latencyMs"].as_u64().unwrap();
    assert!((3_000..=5_000).contains(&latency), "{latency}: S3 tells whole seconds");
    assert!(!world.reads.lock().unwrap().contains(&SAMPLE.to_owned()), "the endpoints read the sample themselves");
}

#[tokio::test(start_paused = true)]
async fn answers_are_held_to_what_is_expected_of_any_other() {
    let (plan, world) = asynchronous();
    world.task(&task("verify", &plan)).await.unwrap();
    answered(&world, ACCOUNTS[0], b"1,2", 0);
    answered(&world, ACCOUNTS[1], b"Smith", 0);
    answered(&world, ACCOUNTS[2], b"1,2", 300);
    let (answer, results, _) = world.results(&task("verify", &plan)).await;
    let failures = answer["report"]["failures"].as_array().unwrap();
    assert_eq!(failures[0]["reason"], "body: expected CSV of 1 x 2 numbers, found 1 columns in row 1");
    assert!(
        failures[1]["reason"].as_str().unwrap().starts_with("latency: expected at most 60000 ms, found 2"),
        "{failures:?}"
    );
    assert!(!results.to_string().contains("Smith"));
    let large = Object { size: 30 << 20, body: Some(vec![]), written: now(), content_type: None };
    world.objects.lock().unwrap().insert(format!("s3://answers/out/{ODD}-0.out"), large);
    let answer = world.task(&task("verify", &plan)).await.unwrap();
    assert_eq!(
        answer["report"]["failures"][0]["reason"],
        "body: expected CSV of 1 x 2 numbers, found 31457280 bytes, more than the 26214400 that are looked at"
    );
}

#[tokio::test(start_paused = true)]
async fn a_request_that_failed_is_told_with_the_place_of_its_reason() {
    let (plan, world) = asynchronous();
    world.task(&task("verify", &plan)).await.unwrap();
    world.put_object(&format!("s3://answers/failed/{ODD}-0.out"), b"Smith");
    let (answer, results, _) = world.results(&task("verify", &plan)).await;
    let reason = format!(
        "invocation: expected an answer at s3://answers/out/{ODD}-0.out, found the request failed; SageMaker says why in \
         s3://answers/failed/{ODD}-0.out"
    );
    assert_eq!(answer["report"]["failures"], json!([{"account": ODD, "region": "eu-central-1", "reason": reason}]));
    assert!(!results.to_string().contains("Smith"));
    let waiting = results["endpoints"][0]["checks"].as_array().unwrap().last().unwrap();
    assert_eq!(waiting["outcome"], "waiting", "the others' answers are still to come");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_never_comes_is_given_up_after_an_hour() {
    let (plan, world) = asynchronous();
    world.task(&task("verify", &plan)).await.unwrap();
    world.denied.lock().unwrap().push(format!("s3://answers/out/{ODD}-0.out"));
    let answer = world.task(&task("verify", &plan)).await.unwrap();
    assert_eq!(answer["status"], "waiting", "S3 may say denied of what is not there");
    age(&world, 3_602_000);
    let answer = world.task(&task("verify", &plan)).await.unwrap();
    let reasons: Vec<_> =
        answer["report"]["failures"].as_array().unwrap().iter().map(|it| it["reason"].as_str().unwrap()).collect();
    assert_eq!(reasons.len(), 3);
    assert!(
        reasons[0].contains("found not answered after 3602 seconds") || reasons[0].contains("after 3603 seconds"),
        "{reasons:?}"
    );
    assert!(reasons[1].contains(", or not to be read: s3:GetObject answered AccessDenied"), "{reasons:?}");
}

/// What others were asked is kept although the task has no answer.
#[tokio::test(start_paused = true)]
async fn a_task_that_fails_forgets_no_question() {
    let (plan, world) = asynchronous();
    world.change(ODD, |it| it.refusals = vec![("ThrottlingException", "Rate exceeded")]);
    let error = world.task(&task("verify", &plan)).await.unwrap_err();
    assert_eq!(error.error_type(), "RetryableAwsError");
    world.task(&task("verify", &plan)).await.unwrap();
    let mut asked: Vec<_> = world.sent.lock().unwrap().iter().map(|sent| sent.account.clone()).collect();
    asked.sort();
    assert_eq!(asked, [ACCOUNTS[0], ODD, ODD, ACCOUNTS[2]], "only the one that was throttled again");
    world.change(ODD, |it| it.refusals.clear());
    for account in ACCOUNTS {
        answered(&world, account, b"1,2", 0);
    }
    assert_eq!(world.task(&task("verify", &plan)).await.unwrap()["status"], "done");
}

#[tokio::test(start_paused = true)]
async fn refusals_are_failures() {
    let (plan, world) = asynchronous();
    world.change(ODD, |it| it.refusals = vec![("ValidationError", "Endpoint e of account 3 not found.")]);
    let answer = world.task(&task("verify", &plan)).await.unwrap();
    let reason = answer["report"]["failures"][0]["reason"].as_str().unwrap();
    assert!(
        reason.starts_with("invocation: expected 202, found sagemaker:InvokeEndpointAsync answered ValidationError"),
        "{reason}"
    );
}

/// Another configuration under the same execution's name was asked something else.
#[tokio::test(start_paused = true)]
async fn questions_about_another_configuration_do_not_count() {
    let (plan, world) = asynchronous();
    world.task(&task("verify", &plan)).await.unwrap();
    let kept = world.text(&questions());
    let configuration = &plan.parameters(deployment::ENDPOINT_TEMPLATE)["ConfigurationName"];
    world.put_object(&questions(), kept.replace(configuration.as_str(), "another").as_bytes());
    world.task(&task("verify", &plan)).await.unwrap();
    assert_eq!(world.sent.lock().unwrap().len(), 6);
    world.put_object(&questions(), b"[");
    let error = world.task(&task("verify", &plan)).await.unwrap_err();
    assert_eq!(error.error_type(), "InvalidRecord");
    assert!(error.to_string().starts_with(&format!("{} cannot be read: EOF", questions())), "{error}");
}

#[tokio::test(start_paused = true)]
async fn the_role_may_read_the_answers_and_nothing_else_in_s3() {
    let (plan, world) = asynchronous();
    world.task(&task("verify", &plan)).await.unwrap();
    let policy = world.sessions.lock().unwrap()[0].2.clone();
    let statements = policy["Statement"].as_array().unwrap();
    assert_eq!(statements[3]["Action"], json!(["sagemaker:InvokeEndpointAsync"]));
    let allow = |action: &str, resources: Value| json!({"Effect": "Allow", "Action": [action], "Resource": resources});
    assert_eq!(
        statements[4..],
        [
            allow("s3:GetObject", json!(["arn:aws:s3:::answers/out/*", "arn:aws:s3:::answers/failed/*"])),
            allow("s3:ListBucket", json!(["arn:aws:s3:::answers"])),
            allow("kms:Decrypt", json!(["arn:aws:kms:eu-central-1:111111111111:key/1"])),
        ]
    );
    assert!(policy.to_string().len() <= 2048, "STS takes no longer one");
}
