//! No event and no answer of a service ends an invocation without an answer, whatever is in it.
//!
//! `DETECTIVE_INPUTS` says how many of each are tried; every test prints how many it was.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on should say where"
)]

mod world;

use controls::Kind;
use detective_controls::ignored;
use futures_util::FutureExt;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Map, Value, json};
use world::{HUB, World};

fn inputs(default: u32) -> u32 {
    std::env::var("DETECTIVE_INPUTS").map_or(default, |number| number.parse().unwrap())
}

/// Tries a property, always on the same inputs: a failure is found again by running it again.
fn hold<S: Strategy>(what: &str, default: u32, strategy: &S, property: impl Fn(S::Value)) {
    let cases = inputs(default);
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 2000, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let outcome = runner.run(strategy, |input| {
        property(input);
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{what}: {error}"));
    println!("{cases} {what}");
}

/// What members and values of these events and answers are called, so that chance meets the code that reads them.
fn word() -> impl Strategy<Value = String> {
    let names = Kind::ALL.iter().flat_map(|kind| {
        let facts = kind.facts();
        let keys = facts.key.iter().map(|(name, _)| (*name).to_owned());
        let pointers = [facts.arn, facts.status.unwrap_or_default()].map(|it| it.trim_start_matches('/').to_owned());
        let events = facts.events.iter().map(|event| (*event).to_owned());
        keys.chain(pointers).chain(events).collect::<Vec<_>>()
    });
    let small = |name: &String| {
        let mut letters = name.chars();
        letters.next().into_iter().flat_map(char::to_lowercase).chain(letters).collect::<String>()
    };
    let names: Vec<String> = names.collect();
    let mut words: Vec<String> = names.iter().map(small).chain(names.clone()).collect();
    words.extend(
        [
            "",
            "source",
            "detail",
            "detail-type",
            "account",
            "region",
            "time",
            "resources",
            "ARN",
            "userIdentity",
            "arn",
            "requestParameters",
            "responseElements",
            "serviceEventDetails",
            "errorCode",
            "readOnly",
            "eventName",
            "eventSource",
            "eventTime",
            "awsRegion",
            "recipientAccountId",
            "sessionContext",
            "sessionIssuer",
            "sourceIdentity",
            "resourceArn",
            "AddTags",
            "CreationTime",
            "KmsKeyId",
            "RoleArn",
            "InService",
            "Completed",
            "Deleted",
            "Deleting",
            "InProgress",
            "NextToken",
            "Tags",
            "Key",
            "Value",
            "KeyMetadata",
            "KeyManager",
            "DirectInternetAccess",
            "Enabled",
            "Disabled",
            "true",
            "aws.sagemaker",
            "eu-central-1",
            HUB,
            "sagemaker.amazonaws.com",
            "AWS API Call via CloudTrail",
            "SageMaker Training Job State Change",
            "arn:aws:sagemaker:eu-central-1:111111111111:training-job/churn",
            "arn:aws:sagemaker:eu-central-1:111111111111:app/d-1/alice/jupyterlab/default",
            "arn:aws:iam::111111111111:role/Lab",
            "2026-11-01T10:00:00Z",
            "1538828773000",
            "task",
            "sweep",
            "scope",
            "cursor",
        ]
        .map(str::to_owned),
    );
    prop_oneof![6 => proptest::sample::select(words), 1 => "\\PC{0,8}"]
}

fn arbitrary() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
        5 => word().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 6, |inner| {
        prop_oneof![
            1 => proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            3 => proptest::collection::vec((word(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// An event that gets past the first questions, with anything as its members.
fn event() -> impl Strategy<Value = Value> {
    let names: Vec<&'static str> = Kind::ALL.iter().flat_map(|kind| kind.facts().events).copied().collect();
    let call = (proptest::sample::select(names), arbitrary(), arbitrary(), arbitrary(), arbitrary()).prop_map(
        |(name, request, response, identity, details)| {
            json!({
                "source": "aws.sagemaker", "detail-type": "AWS API Call via CloudTrail", "account": HUB, "region": "eu-central-1",
                "detail": {
                    "eventSource": "sagemaker.amazonaws.com", "eventName": name, "requestParameters": request,
                    "responseElements": response, "userIdentity": identity, "serviceEventDetails": details,
                },
            })
        },
    );
    let types = [
        "SageMaker Training Job State Change",
        "SageMaker Endpoint State Change",
        "SageMaker Notebook Lifecycle Config State Change",
        "SageMaker Model Package State Change",
    ];
    let change = (proptest::sample::select(types.to_vec()), arbitrary(), arbitrary(), arbitrary()).prop_map(
        |(detail_type, detail, resources, time)| {
            json!({"source": ["aws.sagemaker"], "detail-type": detail_type, "account": HUB, "region": "eu-central-1",
                "detail": detail, "resources": resources, "time": time})
        },
    );
    prop_oneof![2 => arbitrary(), 4 => call, 2 => change]
}

#[test]
fn every_event_is_answered() {
    hold("events", 4000, &event(), |event| {
        let world = World::default();
        let answer = world.invoke(event.clone()).now_or_never_in_turns();
        match answer {
            Ok(answer) => assert!(answer["status"].is_string() || answer.get("cursor").is_some(), "{event}: {answer}"),
            Err(error) => assert!(!error.error_type().is_empty(), "{event}"),
        }
    });
}

/// The reading of an event alone, which is most of what chance can meet.
#[test]
fn every_event_is_read_or_has_a_reason() {
    hold("events read", 20_000, &event(), |event| {
        assert!(ignored(&event).is_none_or(|reason| !reason.is_empty()), "{event}");
    });
}

#[test]
fn every_description_is_judged() {
    let kinds: Vec<Kind> = Kind::ALL.iter().copied().filter(|kind| kind.facts().describe.is_some()).collect();
    let strategy = (proptest::sample::select(kinds), arbitrary(), any::<bool>());
    hold("descriptions", 4000, &strategy, |(kind, description, listed)| {
        let world = World::default();
        let arn = world.make(HUB, kind, "churn", json!({"DomainId": "d-1", "AppType": "JupyterLab"}));
        world.answer_instead(description.clone());
        let event = json!({
            "source": "aws.sagemaker", "detail-type": "AWS API Call via CloudTrail", "account": HUB, "region": "eu-central-1",
            "detail": {"eventSource": "sagemaker.amazonaws.com", "eventName": "AddTags", "requestParameters": {"resourceArn": arn}},
        });
        let task = world.sweep_task(HUB, world.time(), Value::Null);
        let answer = world.invoke(if listed { task } else { event }).now_or_never_in_turns();
        match answer {
            Ok(answer) => assert!(answer.is_object(), "{kind} {description}"),
            Err(error) => assert!(!error.error_type().is_empty(), "{kind} {description}"),
        }
    });
}

trait InTurns: Future + Sized {
    /// Its output; it waits for nothing but its turn, which it gives up now and then.
    fn now_or_never_in_turns(self) -> Self::Output {
        let mut future = Box::pin(self);
        for _ in 0..1_000_000 {
            if let Some(output) = future.as_mut().now_or_never() {
                return output;
            }
        }
        panic!("it is waiting for something");
    }
}

impl<F: Future> InTurns for F {}
