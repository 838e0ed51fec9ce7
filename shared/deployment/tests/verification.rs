//! How a registration says what endpoints are asked, and what is wrong with it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failed assumption of a test is a failed test")]

use deployment::{Payload, Registration, S3Uri, Shape, payload_limit};
use proptest::prelude::*;
use serde_json::{Value, json};

fn with(verification: &Value, endpoint: &Value) -> String {
    json!({
        "stages": [{"name": "prod", "accountIds": ["222222222222"]}],
        "endpoint": endpoint,
        "verification": verification,
        "modelExecutionRoleName": "ModelExecution",
        "stackSet": {"permissionModel": "SERVICE_MANAGED"}
    })
    .to_string()
}

fn real_time() -> Value {
    json!({"type": "realTime", "variants": [{"name": "AllTraffic", "instance": {"type": "ml.m5.large", "count": 1}}]})
}

fn asynchronous() -> Value {
    let mut endpoint = real_time();
    endpoint["type"] = json!("asynchronous");
    endpoint["asynchronous"] = json!({"outputPath": "s3://answers/churn"});
    endpoint
}

fn serverless() -> Value {
    json!({"type": "serverless", "serverless": {"memoryMb": 2048, "maxConcurrency": 20}})
}

fn faults(verification: &Value, endpoint: &Value) -> Vec<String> {
    match with(verification, endpoint).parse::<Registration>() {
        Ok(_) => Vec::new(),
        Err(invalid) => invalid.faults.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn the_whole_of_it_is_read_and_written_back() {
    let whole = json!({"payload": {"text": "5.1,3.5"}, "contentType": "text/csv", "accept": "application/json",
        "expect": {"contentType": "application/json", "schema": {"type": "array"}}, "maxLatencyMs": 500, "invocations": 3});
    let table = json!({"payload": {"s3Uri": "s3://samples/a/b c.csv"}, "contentType": "text/csv",
        "expect": {"csv": {"rows": 1, "columns": 2}}, "invocations": 1});
    for verification in [whole, table] {
        let registration: Registration = with(&verification, &real_time()).parse().unwrap();
        assert_eq!(serde_json::to_value(&registration.verification).unwrap(), verification);
        let read: deployment::Verification = serde_json::from_value(verification).unwrap();
        assert_eq!(Some(read), registration.verification);
    }
}

#[test]
fn the_least_of_it_is_a_payload_and_its_type() {
    let least = json!({"payload": {"text": "1"}, "contentType": "text/csv"});
    let verification = with(&least, &real_time()).parse::<Registration>().unwrap().verification.unwrap();
    assert_eq!(verification.payload, Payload::Text("1".into()));
    assert_eq!((verification.invocations, verification.max_latency_ms, verification.expect), (3, None, None));
    let typed = json!({"payload": {"text": "1"}, "contentType": "text/csv", "expect": {"contentType": "text/csv"}});
    let verification = with(&typed, &real_time()).parse::<Registration>().unwrap().verification.unwrap();
    assert_eq!(verification.expect.unwrap().shape, None::<Shape>);
}

#[test]
fn every_fault_is_named_by_its_path() {
    let both = json!({"payload": {"text": "1", "s3Uri": "s3://samples/a"}, "accept": "csv", "maxLatencyMs": 0, "invocations": 11,
        "expect": {"schema": {}, "csv": {"rows": 1, "columns": 1}}, "maxLatency": 1});
    assert_eq!(
        faults(&both, &real_time()),
        [
            "$.verification.payload: has both \"text\" and \"s3Uri\"; expected one of them",
            "$.verification: has no \"contentType\", which is required",
            "$.verification.accept: expected a media type such as text/csv, found \"csv\"",
            "$.verification.expect: has both \"schema\" and \"csv\"; expected at most one of them",
            "$.verification.maxLatencyMs: expected a whole number from 1 to 60000, found 0",
            "$.verification.invocations: expected a whole number from 1 to 10, found 11",
            "$.verification.maxLatency: is not known; did you mean \"maxLatencyMs\"?",
        ]
    );
    let valid = |member: &str, value: Value| {
        let mut verification = json!({"payload": {"text": "1"}, "contentType": "text/csv"});
        verification[member] = value;
        verification
    };
    let object = "the address of an object such as s3://bucket/samples/churn.csv";
    for (verification, fault) in [
        (valid("payload", json!({})), "$.verification.payload: has neither \"text\" nor \"s3Uri\"; expected one of them".to_owned()),
        (valid("payload", json!({"text": ""})), "$.verification.payload.text: expected a sample of at least one byte, found \"\"".to_owned()),
        (valid("payload", json!({"s3Uri": "s3://samples"})), format!("$.verification.payload.s3Uri: expected {object}, found \"s3://samples\"")),
        (valid("payload", json!({"s3Uri": "https://samples/a"})), format!("$.verification.payload.s3Uri: expected {object}, found \"https://samples/a\"")),
        (valid("contentType", json!("text/csv\u{e4}")), "$.verification.contentType: expected a media type such as text/csv, found \"text/csvä\"".to_owned()),
        (valid("maxLatencyMs", json!(60_001)), "$.verification.maxLatencyMs: expected a whole number from 1 to 60000, found 60001".to_owned()),
        (valid("expect", json!({})), "$.verification.expect: expects nothing: give \"contentType\", \"schema\" or \"csv\", or leave \"expect\" out".to_owned()),
        (valid("expect", json!({"csv": {"rows": 0, "columns": 1}})), "$.verification.expect.csv.rows: expected a whole number from 1 to 1000000, found 0".to_owned()),
        (valid("expect", json!({"csv": {"rows": 1}})), "$.verification.expect.csv: has no \"columns\", which is required".to_owned()),
        (valid("expect", json!({"schema": {"items": {"type": "nubmer"}}})),
            "$.verification.expect.schema: is no JSON Schema: expected one of array, boolean, integer, null, number, object, string at /items/type".to_owned()),
    ] {
        assert_eq!(faults(&verification, &real_time()), [fault], "{verification}");
    }
}

#[test]
fn what_an_endpoint_cannot_be_sent_is_a_fault_of_its_stage() {
    let large = |bytes: usize| json!({"payload": {"text": "1".repeat(bytes)}, "contentType": "text/csv"});
    let four = 4 << 20;
    assert_eq!(faults(&large(four), &serverless()), [""; 0]);
    assert_eq!(
        faults(&large(four + 1), &serverless()),
        [
            "$.stages[0]: takes at most 4194304 bytes, but $.verification.payload.text has 4194305: give a smaller sample"
        ]
    );
    assert_eq!(faults(&large(four + 1), &real_time()), [""; 0]);
    assert_eq!(
        faults(&large(1), &asynchronous()),
        ["$.stages[0]: is asynchronous, which needs a sample in S3: give $.verification.payload as \"s3Uri\""]
    );
    let stored = json!({"payload": {"s3Uri": "s3://samples/a"}, "contentType": "text/csv"});
    for (endpoint, limit) in [(real_time(), 26_214_400), (serverless(), 4_194_304), (asynchronous(), 1_073_741_824)] {
        let registration: Registration = with(&stored, &endpoint).parse().unwrap();
        assert_eq!(payload_limit(&registration.stages[0].endpoint), limit);
    }
}

proptest! {
    #[test]
    fn an_address_prints_as_it_was_read(bucket in "[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", key in "[ -~ä]{1,40}") {
        let text = format!("s3://{bucket}/{key}");
        let uri: S3Uri = text.parse().unwrap();
        prop_assert_eq!((uri.bucket(), uri.key(), uri.to_string()), (bucket.as_str(), key.as_str(), text.clone()));
        prop_assert_eq!(serde_json::from_value::<S3Uri>(json!(text)).unwrap(), uri);
    }
}
