//! No event and no answer of a service ends an invocation without an answer, whatever is in it.
//!
//! `DETECTIVE_INPUTS` says how many inputs are tried in all; every test prints how many of them were its own. Each input is made of
//! its number, which a failure names.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test that cannot go on should say where"
)]

mod world;

use controls::Kind;
use detective_controls::ignored;
use fastrand::Rng;
use futures_util::FutureExt;
use serde_json::{Map, Value, json};
use world::{HUB, World};

/// Tries a property with a share of all inputs, in percent.
fn hold(what: &str, share: u64, property: impl Fn(&Words, &mut Rng)) {
    let all: u64 = std::env::var("DETECTIVE_INPUTS").map_or(20_000, |number| number.parse().unwrap());
    let (words, count) = (Words::new(), all * share / 100);
    for number in 0..count {
        let _named = Named { what, number };
        property(&words, &mut Rng::with_seed(number));
    }
    println!("{count} {what}");
}

/// Says which input it was, where a test fails.
struct Named<'a> {
    what: &'a str,
    number: u64,
}

impl Drop for Named<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("{}: input {}", self.what, self.number);
        }
    }
}

/// What members and values of these events and answers are called, so that chance meets the code that reads them.
struct Words(Vec<String>);

impl Words {
    fn new() -> Self {
        let mut words: Vec<String> = Vec::new();
        for kind in Kind::ALL {
            let facts = kind.facts();
            let pointers =
                [facts.arn, facts.status.unwrap_or_default()].map(|it| it.trim_start_matches('/').to_owned());
            words.extend(facts.key.iter().flat_map(|(name, _)| [(*name).to_owned(), small(name)]).chain(pointers));
        }
        let more = [
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
            "LastModifiedTime",
            "KmsKeyId",
            "RoleArn",
            "VpcConfig",
            "Subnets",
            "SubnetId",
            "InService",
            "Completed",
            "Deleted",
            "Deleting",
            "InProgress",
            "Stopped",
            "NextToken",
            "Tags",
            "Key",
            "Value",
            "InstanceType",
            "ResourceConfig",
            "OutputDataConfig",
            "AlgorithmSpecification",
            "TrainingImage",
            "ProductionVariants",
            "Containers",
            "PrimaryContainer",
            "ImageConfig",
            "EnableNetworkIsolation",
            "EnableInterContainerTrafficEncryption",
            "NetworkConfig",
            "MonitoringScheduleConfig",
            "MonitoringJobDefinitionName",
            "MonitoringType",
            "DataQuality",
            "NotebookInstanceLifecycleConfigName",
            "OnStart",
            "Content",
            "DirectInternetAccess",
            "RootAccess",
            "Enabled",
            "Disabled",
            "AppType",
            "JupyterLab",
            "LastUserActivityTimestamp",
            "ml.m5d.large",
            "ml.t3.medium",
            "true",
            "aws.sagemaker",
            "eu-central-1",
            HUB,
            "sagemaker.amazonaws.com",
            "AWS API Call via CloudTrail",
            "arn:aws:iam::111111111111:role/Lab",
            "SageMaker Training Job State Change",
            "arn:aws:sagemaker:eu-central-1:111111111111:training-job/churn",
            "arn:aws:sagemaker:eu-central-1:111111111111:app/d-1/alice/jupyterlab/default",
            "2026-11-01T10:00:00Z",
            "1538828773000",
            "task",
            "sweep",
            "scope",
            "cursor",
            "\u{0}",
            "ä\u{202e}",
            "%7B",
            "-1",
            "1e999",
        ];
        words.extend(more.map(str::to_owned));
        Self(words)
    }

    fn word(&self, chance: &mut Rng) -> String {
        match chance.u8(..8) {
            0 => (0..chance.usize(..8)).map(|_| chance.char(..)).collect(),
            _ => self.0[chance.usize(..self.0.len())].clone(),
        }
    }

    fn value(&self, chance: &mut Rng, depth: u8) -> Value {
        match chance.u8(..if depth == 0 { 10 } else { 16 }) {
            0 => Value::Null,
            1 => chance.bool().into(),
            2 => chance.i64(..).into(),
            3 => (chance.f64() * 2e9).into(),
            4 => f64::from_bits(chance.u64(..)).into(),
            5..10 => self.word(chance).into(),
            10 | 11 => (0..chance.u8(..4)).map(|_| self.value(chance, depth - 1)).collect(),
            _ => self.object(chance, depth).into(),
        }
    }

    fn object(&self, chance: &mut Rng, depth: u8) -> Map<String, Value> {
        (0..chance.u8(..8)).map(|_| (self.word(chance), self.value(chance, depth.saturating_sub(1)))).collect()
    }

    /// Anything, or an event that gets past the first questions with anything as its members.
    fn event(&self, chance: &mut Rng) -> Value {
        const TYPES: [&str; 4] = [
            "SageMaker Training Job State Change",
            "SageMaker Endpoint State Change",
            "SageMaker Notebook Lifecycle Config State Change",
            "SageMaker Model Package State Change",
        ];
        let mut event = match chance.u8(..8) {
            0 => return self.value(chance, 4),
            1 | 2 => {
                let detail_type = TYPES[chance.usize(..TYPES.len())];
                json!({"source": ["aws.sagemaker"], "detail-type": detail_type, "account": HUB, "region": "eu-central-1",
                    "detail": self.object(chance, 3), "resources": self.value(chance, 2), "time": self.value(chance, 1)})
            }
            _ => {
                let names = Kind::ALL[chance.usize(..Kind::ALL.len())].facts().events;
                let name = if chance.u8(..8) == 0 { "AddTags" } else { names[chance.usize(..names.len())] };
                json!({"source": "aws.sagemaker", "detail-type": "AWS API Call via CloudTrail", "account": HUB,
                    "region": "eu-central-1", "detail": {
                        "eventSource": "sagemaker.amazonaws.com", "eventName": name, "requestParameters": self.object(chance, 2),
                        "responseElements": self.value(chance, 2), "userIdentity": self.value(chance, 2),
                        "serviceEventDetails": self.value(chance, 2), "resources": self.value(chance, 2),
                        "eventTime": self.value(chance, 0)}})
            }
        };
        for _ in 0..chance.u8(..3) {
            let (name, value) = (self.word(chance), self.value(chance, 3));
            match (chance.bool(), event.get_mut("detail").and_then(Value::as_object_mut)) {
                (true, Some(detail)) => _ = detail.insert(name, value),
                _ => event[name] = value,
            }
        }
        event
    }
}

fn small(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().into_iter().flat_map(char::to_lowercase).chain(letters).collect()
}

/// The reading of an event alone, which is most of what chance can meet.
#[test]
fn every_event_is_read_or_has_a_reason() {
    hold("events read", 90, |words, chance| {
        assert!(ignored(&words.event(chance)).is_none_or(|reason| !reason.is_empty()));
    });
}

#[test]
fn every_event_is_answered() {
    hold("events answered", 5, |words, chance| {
        let world = World::default();
        match world.invoke(words.event(chance)).in_turns() {
            Ok(answer) => assert!(answer["status"].is_string() || answer.get("cursor").is_some(), "{answer}"),
            Err(error) => assert!(!error.error_type().is_empty()),
        }
    });
}

#[test]
fn every_description_is_judged() {
    let kinds: Vec<Kind> = Kind::ALL.iter().copied().filter(|kind| kind.facts().describe.is_some()).collect();
    hold("descriptions judged", 5, |words, chance| {
        let (world, kind) = (World::default(), kinds[chance.usize(..kinds.len())]);
        let arn = world.make(HUB, kind, "churn", json!({"DomainId": "d-1", "AppType": "JupyterLab"}));
        let mut description = words.value(chance, 4);
        // The ARN that it has to have, so that it comes as far as the controls.
        if let (true, Some(members)) = (chance.u8(..4) > 0, description.as_object_mut()) {
            members.insert(kind.facts().arn.trim_start_matches('/').to_owned(), arn.as_str().into());
            members.extend(words.object(chance, 3));
        }
        world.answer_instead(description);
        let event = json!({
            "source": "aws.sagemaker", "detail-type": "AWS API Call via CloudTrail", "account": HUB, "region": "eu-central-1",
            "detail": {"eventSource": "sagemaker.amazonaws.com", "eventName": "AddTags", "requestParameters": {"resourceArn": arn}},
        });
        let task = world.sweep_task(HUB, world.time(), Value::Null);
        match world.invoke(if chance.bool() { task } else { event }).in_turns() {
            Ok(answer) => assert!(answer.is_object(), "{answer}"),
            Err(error) => assert!(!error.error_type().is_empty()),
        }
    });
}

trait InTurns: Future + Sized {
    /// Its output; it waits for nothing but its turn, which it gives up now and then.
    fn in_turns(self) -> Self::Output {
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
