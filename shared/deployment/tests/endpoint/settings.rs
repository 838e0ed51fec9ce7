//! What fits together, what does not, and what follows from what is said.

use crate::{KEY, faults, instances, read, real_time};
use deployment::Shift;
use serde_json::{Value, json};

#[test]
fn every_fault_at_once() {
    let document = json!({
        "type": "serverless",
        "variants": [{"name": "a_b", "instance": {"type": "m5.large", "count": 0}, "weight": 101}],
        "serverless": {"memoryMb": 1500, "maxConcurrency": 10, "provisionedConcurrency": 11},
        "asynchronous": {"outputPath": "answers"},
        "volumeKeyArn": "alias/key",
        "scaling": {"minCount": 3, "maxCount": 2},
        "dataCapture": {"percentage": 0},
        "traffic": {"shift": "canary"},
        "alarms": {},
        "network": {"subnetIdsParameter": "subnets", "securityGroupIdsParameter": "/a//b"},
        "volumeKey": KEY,
    });
    assert_eq!(
        faults(&document),
        [
            r#"$.variants[0].name: expected a name of 1 to 63 letters, digits and inner hyphens, found "a_b""#,
            r#"$.variants[0].instance.type: expected an instance type such as ml.m5.large, found "m5.large""#,
            "$.variants[0].instance.count: expected a whole number from 1 to 1000, found 0",
            "$.variants[0].weight: expected a whole number from 1 to 100, found 101",
            "$.variants: cannot be with type \"serverless\", only with \"realTime\" or \"asynchronous\"",
            "$.serverless.memoryMb: expected 1024, 2048, 3072, 4096, 5120 or 6144, found 1500",
            "$.serverless.provisionedConcurrency: expected a whole number from 1 to 10, found 11",
            r#"$.asynchronous.outputPath: expected an S3 URI such as s3://bucket/prefix, found "answers""#,
            "$.asynchronous: cannot be with type \"serverless\", only with \"asynchronous\"",
            &format!(
                r#"$.volumeKeyArn: expected a key's ARN such as {}, found "alias/key""#,
                KEY.replace("eu-west-1", "eu-central-1")
            ),
            "$.scaling.maxCount: expected at least minCount, which is 3, found 2",
            "$.scaling: cannot be with type \"serverless\", only with \"realTime\" or \"asynchronous\"",
            "$.dataCapture.percentage: expected a whole number from 1 to 100, found 0",
            r#"$.dataCapture: has no "destination", which is required"#,
            "$.dataCapture: cannot be with type \"serverless\", only with \"realTime\" or \"asynchronous\"",
            r#"$.alarms: has neither "maxServerErrors" nor "maxModelLatencyMs"; expected one of them or both"#,
            r#"$.traffic: has no "stepPercentage", which "canary" and "linear" need"#,
            r#"$.network.subnetIdsParameter: expected a parameter's name such as /team/prod/private-subnet-ids, found "subnets""#,
            r#"$.network.securityGroupIdsParameter: expected a parameter's name such as /team/prod/private-subnet-ids, found "/a//b""#,
            "$.network: cannot be with type \"serverless\", only with \"realTime\" or \"asynchronous\"",
            r#"$.volumeKey: is not known; did you mean "volumeKeyArn"?"#,
        ]
    );
}

#[test]
fn members_that_do_not_fit_together() {
    let asynchronous = |scaling: Value| {
        json!({"type": "asynchronous", "variants": instances(&[("ml.m5.large", 1)]),
               "asynchronous": {"outputPath": "s3://answers"}, "scaling": scaling})
    };
    let mut weights = real_time("variants", instances(&[("ml.m5.large", 1), ("ml.m5.large", 1)]));
    weights["variants"][1]["weight"] = json!(20);
    let mut names = real_time("variants", instances(&[("ml.m5.large", 1), ("ml.m5.large", 1)]));
    names["variants"][1]["name"] = json!("v0");
    let cases: Vec<(Value, &str)> = vec![
        (json!({"type": "realTime"}), r#"$: has no "variants", which this type of endpoint needs"#),
        (json!({"type": "serverless"}), r#"$: has no "serverless", which this type of endpoint needs"#),
        (
            json!({"type": "asynchronous", "variants": instances(&[("ml.m5.large", 1)])}),
            r#"$: has no "asynchronous", which this type of endpoint needs"#,
        ),
        (
            real_time("asynchronous", json!({"outputPath": "s3://answers"})),
            "$.asynchronous: cannot be with type \"realTime\", only with \"asynchronous\"",
        ),
        (json!({}), r#"$: has no "type", which is required"#),
        (real_time("type", json!("batch")), r#"$.type: expected realTime, asynchronous or serverless, found "batch""#),
        (weights, "$.variants: expected weights that add up to 100, found 110"),
        (names, r#"$.variants: has two variants of the name "v0""#),
        (
            json!({"type": "realTime", "variants": [{"name": "a", "instance": {"type": "ml.m5.large", "count": 1}, "weight": 50}]}),
            "$.variants: expected weights that add up to 100, found 50; a single variant needs no weight",
        ),
        (
            json!({"type": "asynchronous", "asynchronous": {"outputPath": "s3://answers"},
                   "variants": instances(&[("ml.m5.large", 1), ("ml.m5.large", 1)])}),
            "$.variants: expected one variant: an asynchronous endpoint has one queue for all of its instances",
        ),
        (
            real_time("scaling", json!({"minCount": 3, "maxCount": 4, "invocationsPerInstance": 1})),
            r#"$.scaling: variant "v0" begins with 2 instances, which is outside of its limits"#,
        ),
        (
            real_time("scaling", json!({"minCount": 0, "maxCount": 4, "invocationsPerInstance": 1})),
            "$.scaling.minCount: expected a whole number from 1 to 1000, found 0",
        ),
        (
            real_time("scaling", json!({"minCount": 1, "maxCount": 4})),
            r#"$.scaling: has no "invocationsPerInstance", which is required"#,
        ),
        (
            asynchronous(json!({"minCount": 0, "maxCount": 4, "backlogPerInstance": 1, "invocationsPerInstance": 1})),
            "$.scaling.invocationsPerInstance: cannot be with type \"asynchronous\", only with \"realTime\"",
        ),
        (
            real_time("traffic", json!({"shift": "allAtOnce", "stepPercentage": 10})),
            r#"$.traffic.stepPercentage: cannot be with "allAtOnce", which has one step"#,
        ),
        (
            real_time("traffic", json!({"shift": "linear", "stepPercentage": 5})),
            "$.traffic.stepPercentage: expected a whole number from 10 to 50, found 5",
        ),
        (
            real_time(
                "traffic",
                json!({"shift": "linear", "stepPercentage": 30, "waitSeconds": 100, "maximumExecutionSeconds": 400}),
            ),
            "$.traffic.maximumExecutionSeconds: expected a whole number from 600 to 28800, found 400",
        ),
        (
            real_time(
                "traffic",
                json!({"shift": "linear", "stepPercentage": 30, "waitSeconds": 600, "terminationWaitSeconds": 100, "maximumExecutionSeconds": 2500}),
            ),
            "$.traffic.maximumExecutionSeconds: expected more than the 2500 seconds that the shift waits, found 2500",
        ),
        (
            real_time("traffic", json!({"shift": "linear", "stepPercentage": 10, "waitSeconds": 3600})),
            "$.traffic: waits 36000 seconds, which is beyond the 28800 that a shift may take",
        ),
        (
            json!({"type": "realTime", "variants": instances(&[("ml.inf1.xlarge", 2)]), "traffic": {"shift": "allAtOnce"}}),
            "$.traffic: cannot be with ml.inf1 instances, which SageMaker shifts no traffic to",
        ),
        (
            json!({"type": "realTime", "variants": instances(&[("ml.m5.large", 1)]), "traffic": {"shift": "canary", "stepPercentage": 50}}),
            r#"$.traffic: a step is at most half of the instances, and variant "v0" has one; expected 2 or more, or "allAtOnce""#,
        ),
    ];
    for (document, expected) in cases {
        assert_eq!(faults(&document), [expected], "{document}");
    }
}

#[test]
fn a_volume_key_is_left_out_where_any_instance_has_a_store_of_its_own() {
    for (types, named) in [
        (&[("ml.m5.large", 1)][..], Some(KEY)),
        (&[("ml.m5.large", 1), ("ml.g5.xlarge", 1)], None),
        (&[("ml.c5d.large", 1)], None),
    ] {
        let mut document = real_time("volumeKeyArn", json!(KEY));
        document["variants"] = instances(types);
        assert_eq!(read(document).effective_volume_key(), named, "{types:?}");
    }
}

#[test]
fn alarms_have_time_to_see_a_version_before_it_is_left_alone() {
    let traffic = read(real_time("alarms", json!({"maxServerErrors": 0}))).traffic.unwrap();
    assert_eq!((traffic.shift, traffic.wait_seconds), (Shift::AllAtOnce, 300));
    let inferentia =
        json!({"type": "realTime", "variants": instances(&[("ml.inf1.xlarge", 1)]), "alarms": {"maxServerErrors": 0}});
    assert_eq!(read(inferentia).traffic, None);
    assert_eq!(read(real_time("volumeKeyArn", json!(KEY))).traffic, None);
}

#[test]
fn scaling_holds_variants_that_go_or_change_their_type() {
    let scaled = |types: &[(&str, u32)]| {
        let mut document = real_time("scaling", json!({"minCount": 1, "maxCount": 4, "invocationsPerInstance": 100}));
        document["variants"] = instances(types);
        read(document)
    };
    let live = scaled(&[("ml.m5.large", 1), ("ml.c5.large", 1)]);
    assert!(live.held_by_scaling(&live).is_empty());
    assert!(scaled(&[("ml.m5.large", 3), ("ml.c5.large", 2)]).held_by_scaling(&live).is_empty());
    assert_eq!(scaled(&[("ml.m5.large", 1), ("ml.c5.xlarge", 1)]).held_by_scaling(&live), ["v1"]);
    let serverless = read(json!({"type": "serverless", "serverless": {"memoryMb": 1024, "maxConcurrency": 1}}));
    assert_eq!(serverless.held_by_scaling(&live), ["v0", "v1"]);
    assert!(serverless.held_by_scaling(&live.without_scaling()).is_empty());
    assert!(live.held_by_scaling(&serverless).is_empty());
    assert_eq!(scaled(&[("ml.m5.large", 1), ("ml.m5.large", 1)]).instance_types().collect::<Vec<_>>(), ["ml.m5.large"]);
}
