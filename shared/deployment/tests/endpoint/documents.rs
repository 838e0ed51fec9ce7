//! Laws of all documents.

use crate::template::{accepts, declared};
use crate::{faults, instances, read};
use deployment::EndpointSettings;
use proptest::prelude::*;
use serde_json::{Value, json};

fn optional(strategy: impl Strategy<Value = Value> + 'static) -> BoxedStrategy<Option<Value>> {
    proptest::option::of(strategy).boxed()
}

/// Documents whose members are each well formed and may or may not fit together.
fn documents() -> impl Strategy<Value = Value> {
    let key = || "arn:aws(-cn)?:kms:eu-west-1:[0-9]{12}:key/[a-f0-9-]{1,36}".prop_map(Value::from);
    let topic = || "arn:aws:sns:eu-west-1:[0-9]{12}:[a-zA-Z0-9_.-]{1,20}".prop_map(Value::from);
    let uri = || "s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[!-~]{0,20})?".prop_map(Value::from);
    let name = || "(/[a-zA-Z0-9_.-]{1,10}){1,4}".prop_map(Value::from);
    let types =
        prop_oneof![Just("ml.m5.large"), Just("ml.g5.xlarge"), Just("ml.inf1.xlarge"), Just("ml.p6-b200.48xlarge")];
    let variants = proptest::collection::vec((types, 1..1000_u32), 1..3).prop_map(|types| instances(&types));
    let serverless = (1..=6_u32, 1..=200_u32, proptest::option::of(1..=200_u32)).prop_map(|(memory, most, warm)| {
        members([
            ("memoryMb", Some(json!(memory * 1024))),
            ("maxConcurrency", Some(json!(most))),
            ("provisionedConcurrency", warm.map(Value::from)),
        ])
    });
    let asynchronous = (
        uri(),
        optional(uri()),
        optional(key()),
        optional(topic()),
        optional(topic()),
        optional((1..=1000_u32).prop_map(Value::from)),
    )
        .prop_map(|(output, failure, key, success, error, most)| {
            members([
                ("outputPath", Some(output)),
                ("failurePath", failure),
                ("keyArn", key),
                ("successTopicArn", success),
                ("errorTopicArn", error),
                ("maxConcurrentInvocationsPerInstance", most),
            ])
        });
    let load = prop_oneof![Just("invocationsPerInstance"), Just("backlogPerInstance")];
    let scaling = (0..3_u32, 1..=1000_u32, load, 1..=100_000_000_u32)
        .prop_map(|(min, max, load, target)| json!({"minCount": min, "maxCount": max, load: target}));
    let capture = (1..=100_u32, uri(), optional(key())).prop_map(|(percentage, destination, key)| {
        members([("percentage", Some(json!(percentage))), ("destination", Some(destination)), ("keyArn", key)])
    });
    let seconds = |range: std::ops::RangeInclusive<u32>| optional(range.prop_map(Value::from));
    let shift = prop_oneof![Just("allAtOnce"), Just("canary"), Just("linear")];
    let traffic = (
        shift,
        optional((1..=50_u32).prop_map(Value::from)),
        seconds(0..=3600),
        seconds(0..=3600),
        seconds(600..=28_800),
    )
        .prop_map(|(shift, step, wait, termination, most)| {
            members([
                ("shift", Some(json!(shift))),
                ("stepPercentage", step),
                ("waitSeconds", wait),
                ("terminationWaitSeconds", termination),
                ("maximumExecutionSeconds", most),
            ])
        });
    let alarms =
        (optional((0..=1_000_000_u32).prop_map(Value::from)), optional((1..=3_600_000_u32).prop_map(Value::from)))
            .prop_map(|(errors, latency)| members([("maxServerErrors", errors), ("maxModelLatencyMs", latency)]));
    let network = (name(), name())
        .prop_map(|(subnets, groups)| json!({"subnetIdsParameter": subnets, "securityGroupIdsParameter": groups}));
    let kinds = prop_oneof![Just("realTime"), Just("asynchronous"), Just("serverless")];
    (
        kinds,
        variants,
        serverless,
        asynchronous,
        (optional(key()), optional(scaling), optional(capture), optional(traffic), optional(alarms), optional(network)),
    )
        .prop_map(
            |(kind, variants, serverless, asynchronous, (key, scaling, capture, traffic, alarms, network))| {
                let has_instances = kind != "serverless";
                members([
                    ("type", Some(json!(kind))),
                    ("variants", has_instances.then_some(variants)),
                    ("serverless", (!has_instances).then_some(serverless)),
                    ("asynchronous", (kind == "asynchronous").then_some(asynchronous)),
                    ("volumeKeyArn", key),
                    ("scaling", scaling.filter(|_| has_instances)),
                    ("dataCapture", capture.filter(|_| has_instances)),
                    ("traffic", traffic),
                    ("alarms", alarms),
                    ("network", network.filter(|_| has_instances)),
                ])
            },
        )
}

fn members<const N: usize>(members: [(&str, Option<Value>); N]) -> Value {
    members
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    /// What parses is written so that it parses to the same, and its parameters are what the template accepts.
    #[test]
    fn settings_survive_their_own_form(document in documents()) {
        if let Ok(settings) = serde_json::from_value::<EndpointSettings>(document) {
            let written = serde_json::to_value(&settings).unwrap();
            prop_assert_eq!(&read(written), &settings);
            let declared = declared();
            for (name, value) in settings.parameters() {
                prop_assert!(accepts(&declared[&name], &value), "{}: {:?}", name, value);
            }
        }
    }

    /// Nothing but faults comes of what is no endpoint.
    #[test]
    fn any_member_may_be_anything(document in documents(), name in "type|variants|serverless|asynchronous|volumeKeyArn|scaling|dataCapture|traffic|alarms|network",
        value in prop_oneof![Just(Value::Null), Just(json!([])), Just(json!({})), Just(json!("x")), Just(json!(-1)), Just(json!([{}]))]) {
        let mut document = document;
        document[&name] = value;
        prop_assert!(!faults(&document).is_empty());
    }
}
