//! What is sent to STS, SageMaker, its runtime, CloudWatch and S3, and how their answers are read, over HTTP on loopback.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on should say where"
)]

use aws_sdk_sagemakerruntime::config::Credentials;
use deployment::S3Uri;
use endpoint_verification::{
    Endpoint, EndpointConfig, InvocationError, Locations, Object, Records, RecordsBucket, Reply as Answered,
    Request as Asking, Serverless, TargetAccounts, TargetAccountsByRole, Variant,
};
use lambda_process::{Reply, Request, Server, client};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

struct Service {
    server: Server,
    asked: Arc<Mutex<Vec<Request>>>,
}

impl Service {
    async fn answering(replies: Vec<Reply>) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (log, replies) = (Arc::clone(&asked), Mutex::new(replies.into_iter()));
        let server = Server::start(move |request| {
            log.lock().unwrap().push(request);
            std::future::ready(replies.lock().unwrap().next().expect("one reply a request"))
        })
        .await
        .unwrap();
        Self { server, asked }
    }

    fn targets(&self) -> TargetAccountsByRole<'static> {
        let url = self.server.url();
        TargetAccountsByRole::over(
            client!(aws_sdk_cloudwatch, &url, "eu-central-1", 3),
            client!(aws_sdk_sagemakerruntime, &url, "eu-central-1", 3),
            client!(aws_sdk_s3, &url, "eu-central-1", 3),
            client!(aws_sdk_sagemaker, &url, "eu-central-1", 3),
            client!(aws_sdk_sts, &url, "eu-central-1", 3),
        )
    }

    fn records(&self) -> RecordsBucket<'static> {
        RecordsBucket::over(client!(aws_sdk_s3, self.server.url(), "eu-central-1", 3), "records".into())
    }

    fn asked(&self) -> Vec<Request> {
        self.asked.lock().unwrap().clone()
    }
}

fn header<'a>(request: &'a Request, name: &str) -> &'a str {
    request.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Key, region and signing name of the credential's scope, and the session's token.
fn signed(request: &Request) -> (String, String, String, String) {
    let parts: Vec<_> = header(request, "authorization").split(['=', '/', ' ']).map(str::to_owned).collect();
    (parts[2].clone(), parts[4].clone(), parts[5].clone(), header(request, "x-amz-security-token").to_owned())
}

fn session() -> Credentials {
    Credentials::new("TARGETKEY", "secret", Some("TOKEN".into()), None, "test")
}

fn region() -> identifiers::Region {
    "ap-southeast-2".parse().unwrap()
}

fn ok(body: Value) -> Reply {
    Reply::status(200, body.to_string())
}

fn refused(code: &str, message: &str) -> Reply {
    Reply::status(400, json!({"__type": code, "message": message}).to_string())
}

fn with(mut reply: Reply, headers: &[(&'static str, &str)]) -> Reply {
    if let Reply::Answer(response) = &mut reply {
        for (name, value) in headers {
            response.headers_mut().insert(*name, value.parse().unwrap());
        }
    }
    reply
}

fn asking() -> Asking<'static> {
    Asking { endpoint: "e", content_type: "text/csv", accept: Some("application/json"), inference_id: "verification-1" }
}

#[tokio::test]
async fn roles_are_assumed_with_a_policy() {
    let assumed = "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><Credentials>\
                   <AccessKeyId>TARGETKEY</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>TOKEN</SessionToken>\
                   <Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>";
    let error = |code: &str| {
        format!(
            "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type><Code>{code}</Code>\
             <Message>no</Message></Error></ErrorResponse>"
        )
    };
    let service = Service::answering(vec![
        Reply::status(400, error("Throttling")),
        Reply::status(200, assumed),
        with(Reply::status(403, error("AccessDenied")), &[("x-amzn-requestid", "4711")]),
    ])
    .await;
    let role = "arn:aws:iam::222222222222:role/ModelExecution";
    let targets = service.targets();
    let session = targets.assume_role(role, "verify-v1", "{}").await.unwrap();
    assert_eq!((session.access_key_id(), session.session_token()), ("TARGETKEY", Some("TOKEN")));
    let denied = targets.assume_role(role, "verify-v1", "{}").await.unwrap_err();
    assert!(denied.is_access_denied());
    assert_eq!(denied.request_id(), Some("4711"));
    let asked = service.asked();
    assert_eq!(asked.len(), 3, "throttled once and tried again");
    let form = String::from_utf8(asked[1].body.to_vec()).unwrap();
    for part in ["Action=AssumeRole", "RoleSessionName=verify-v1", "Policy=%7B%7D", "DurationSeconds=3600"] {
        assert!(form.contains(part), "{part}: {form}");
    }
    assert_eq!(signed(&asked[1]).0, "HUBKEY");
}

/// One client serves every account and region, each call with that account's session in that region.
#[tokio::test]
async fn endpoints_are_seen_through_the_role() {
    let service = Service::answering(vec![
        refused("ThrottlingException", "Rate exceeded"),
        ok(json!({"EndpointName": "e", "EndpointArn": "a", "EndpointStatus": "InService", "FailureReason": "alarm",
            "EndpointConfigName": "c", "CreationTime": 1.0, "LastModifiedTime": 1.0})),
        ok(json!({"EndpointConfigName": "c", "EndpointConfigArn": "a", "CreationTime": 1.0, "KmsKeyId": "k",
            "ProductionVariants": [
                {"VariantName": "Old", "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 2, "InitialVariantWeight": 0.75},
                {"VariantName": "New", "ModelName": "m", "ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 20}}],
            "DataCaptureConfig": {"EnableCapture": true, "InitialSamplingPercentage": 20, "DestinationS3Uri": "s3://b", "CaptureOptions": []},
            "AsyncInferenceConfig": {"OutputConfig": {"S3OutputPath": "s3://answers/out"}}})),
        ok(json!({"EndpointConfigName": "c", "EndpointConfigArn": "a", "CreationTime": 1.0, "ProductionVariants": [],
            "DataCaptureConfig": {"EnableCapture": false, "InitialSamplingPercentage": 20, "DestinationS3Uri": "s3://b", "CaptureOptions": []}})),
        ok(json!({"ModelName": "m", "ModelArn": "a", "CreationTime": 1.0, "PrimaryContainer": {"ModelPackageName": "p"}})),
        ok(json!({"ModelName": "m", "ModelArn": "a", "CreationTime": 1.0, "Containers": [{"ModelPackageName": "p"}, {"Image": "i"}]})),
        refused("ValidationException", "Could not find endpoint \"e\"."),
    ])
    .await;
    let (targets, session, region) = (service.targets(), session(), region());
    assert_eq!(
        targets.endpoint(&session, &region, "e").await.unwrap(),
        Endpoint { status: "InService".into(), failure_reason: Some("alarm".into()), config_name: "c".into() }
    );
    let old = Variant {
        name: "Old".into(),
        model_name: "m".into(),
        instance_type: Some("ml.m5.large".into()),
        instance_count: Some(2),
        weight: 0.75,
        serverless: None,
    };
    let new = Variant {
        name: "New".into(),
        model_name: "m".into(),
        weight: 1.0,
        serverless: Some(Serverless {
            memory_mb: Some(2048),
            max_concurrency: Some(20),
            provisioned_concurrency: None,
        }),
        ..Variant::default()
    };
    let config = EndpointConfig {
        variants: vec![old, new],
        volume_key: Some("k".into()),
        capture_percentage: Some(20),
        async_output_path: Some("s3://answers/out".into()),
    };
    assert_eq!(targets.endpoint_config(&session, &region, "c").await.unwrap(), config);
    assert_eq!(targets.endpoint_config(&session, &region, "c").await.unwrap(), EndpointConfig::default());
    assert_eq!(targets.model_packages(&session, &region, "m").await.unwrap(), ["p"]);
    assert_eq!(targets.model_packages(&session, &region, "m").await.unwrap(), ["p"]);
    assert!(targets.endpoint(&session, &region, "e").await.unwrap_err().is_not_found());
    for request in service.asked() {
        let from = ("TARGETKEY".to_owned(), "ap-southeast-2".to_owned(), "sagemaker".to_owned(), "TOKEN".to_owned());
        assert_eq!(signed(&request), from, "{}", header(&request, "x-amz-target"));
    }
    assert_eq!(service.asked()[0].body, r#"{"EndpointName":"e"}"#);
}

#[tokio::test]
async fn endpoints_are_invoked() {
    let throttled = Reply::rest_error(429, "ThrottlingException", "Rate exceeded");
    let model = with(
        Reply::status(424, json!({"ErrorCode": "CLIENT_ERROR_FROM_MODEL", "LogStreamArn": "arn:aws:logs:x", "OriginalStatusCode": 500,
            "OriginalMessage": "cannot read Smith", "Message": "Received server error (500) from primary with message \"Smith\""}).to_string()),
        &[("x-amzn-errortype", "ModelError"), ("x-amzn-requestid", "4711")],
    );
    let service = Service::answering(vec![
        throttled.clone(),
        with(
            Reply::status(200, vec![0xff, b'1']),
            &[("content-type", "text/csv; charset=utf-8"), ("x-amzn-invoked-production-variant", "AllTraffic")],
        ),
        model,
        Reply::rest_error(400, "ValidationError", "Endpoint e of account 222222222222 not found."),
        Reply::rest_error(429, "ModelNotReadyException", "loading"),
        throttled.clone(),
        throttled.clone(),
        throttled,
    ])
    .await;
    let (targets, session, region) = (service.targets(), session(), region());
    let reply = targets.invoke(&session, &region, asking(), b"5.1,3.5").await.unwrap();
    assert_eq!(reply, Answered { content_type: Some("text/csv; charset=utf-8".into()), body: vec![0xff, b'1'] });
    let error = targets.invoke(&session, &region, asking(), b"").await.unwrap_err();
    assert!(!format!("{error:?}").contains("Smith"), "{error:?}");
    let InvocationError::Model { status, log, request_id } = error else { panic!("{error:?}") };
    assert_eq!((status, log.as_deref(), request_id.as_deref()), (Some(500), Some("arn:aws:logs:x"), Some("4711")));
    let refused = async || match targets.invoke(&session, &region, asking(), b"").await {
        Err(InvocationError::Service(error)) => error,
        other => panic!("{other:?}"),
    };
    let error = refused().await;
    assert_eq!((error.code(), error.is_transient()), (Some("ValidationError"), false));
    assert_eq!(refused().await.code(), Some("ModelNotReadyException"));
    assert!(refused().await.is_throttled());
    let asked = service.asked();
    assert_eq!(asked.len(), 8);
    let sent = &asked[1];
    assert_eq!(
        (sent.method.as_str(), sent.target.as_str(), &sent.body[..]),
        ("POST", "/endpoints/e/invocations", &b"5.1,3.5"[..])
    );
    let headers = ["content-type", "accept", "x-amzn-sagemaker-inference-id"].map(|name| header(sent, name));
    assert_eq!(headers, ["text/csv", "application/json", "verification-1"]);
    assert_eq!(signed(sent), ("TARGETKEY".into(), "ap-southeast-2".into(), "sagemaker".into(), "TOKEN".into()));
}

#[tokio::test]
async fn asynchronous_endpoints_are_told_where_the_sample_is() {
    let accepted = with(
        Reply::status(202, json!({"InferenceId": "verification-1"}).to_string()),
        &[
            ("x-amzn-sagemaker-outputlocation", "s3://answers/out/1.out"),
            ("x-amzn-sagemaker-failurelocation", "s3://answers/failed/1.out"),
        ],
    );
    let service = Service::answering(vec![accepted, Reply::rest_error(400, "ValidationError", "no")]).await;
    let (targets, session, region) = (service.targets(), session(), region());
    let sample: S3Uri = "s3://samples/churn.csv".parse().unwrap();
    let locations = targets.invoke_async(&session, &region, asking(), &sample).await.unwrap();
    let expected =
        Locations { output: Some("s3://answers/out/1.out".into()), failure: Some("s3://answers/failed/1.out".into()) };
    assert_eq!(locations, expected);
    let error = targets.invoke_async(&session, &region, asking(), &sample).await.unwrap_err();
    assert_eq!((error.code(), error.operation()), (Some("ValidationError"), "sagemaker:InvokeEndpointAsync"));
    let sent = &service.asked()[0];
    assert_eq!((sent.method.as_str(), sent.target.as_str()), ("POST", "/endpoints/e/async-invocations"));
    let names = ["inputlocation", "content-type", "accept", "inference-id", "requestttlseconds"];
    let headers = names.map(|name| header(sent, &format!("x-amzn-sagemaker-{name}")).to_owned());
    assert_eq!(headers, ["s3://samples/churn.csv", "text/csv", "application/json", "verification-1", "3600"]);
}

#[tokio::test]
async fn objects_are_read_as_far_as_they_are_wanted() {
    let missing = "<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>";
    let denied = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>";
    let object = || {
        with(
            Reply::status(200, "1,2"),
            &[("last-modified", "Thu, 01 Jan 1970 00:01:40 GMT"), ("content-type", "text/csv")],
        )
    };
    let service = Service::answering(vec![
        object(),
        object(),
        with(Reply::status(404, missing), &[("x-amz-request-id", "4711")]),
        Reply::status(503, "<Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>"),
        object(),
        Reply::status(403, denied),
        Reply::status(200, ""),
    ])
    .await;
    let (targets, records, session, region) = (service.targets(), service.records(), session(), region());
    let uri: S3Uri = "s3://answers/out/1.out".parse().unwrap();
    let whole = Object { content_type: Some("text/csv".into()), size: 3, written: 100, body: Some(b"1,2".to_vec()) };
    assert_eq!(targets.answer(&session, &region, &uri, 3).await.unwrap(), whole);
    assert_eq!(targets.answer(&session, &region, &uri, 2).await.unwrap(), Object { body: None, ..whole.clone() });
    let error = targets.answer(&session, &region, &uri, 2).await.unwrap_err();
    assert_eq!((error.code(), error.request_id()), (Some("NoSuchKey"), Some("4711")));
    assert_eq!(records.object(&uri, 3).await.unwrap(), whole, "slowed down once and tried again");
    assert!(records.object(&uri, 3).await.unwrap_err().is_access_denied());
    records.put("results/churn/e/prod-all.json", "application/json", "{}".into()).await.unwrap();
    let asked = service.asked();
    assert_eq!(signed(&asked[0]), ("TARGETKEY".into(), "ap-southeast-2".into(), "s3".into(), "TOKEN".into()));
    assert_eq!(signed(&asked[3]).0, "HUBKEY");
    assert_eq!(asked[0].target, "/answers/out/1.out?x-id=GetObject");
    let put = &asked[6];
    assert_eq!(
        (put.method.as_str(), put.target.as_str()),
        ("PUT", "/records/results/churn/e/prod-all.json?x-id=PutObject")
    );
    assert_eq!((header(put, "content-type"), header(put, "content-encoding")), ("application/json", ""));
    assert!(String::from_utf8_lossy(&put.body).contains("{}"));
}

/// CloudWatch speaks CBOR: a map has its size in the low bits of 0xa0, a list of 0x80, a text of 0x60 up to 23 bytes.
fn text(text: &str) -> Vec<u8> {
    assert!(text.len() < 24);
    [vec![0x60 + u8::try_from(text.len()).unwrap()], text.as_bytes().to_vec()].concat()
}

fn alarms(kind: &str, name: &str, next: Option<&str>) -> Reply {
    let mut body = vec![0xa1 + u8::from(next.is_some())];
    body.extend([text(kind), vec![0x81, 0xa1], text("AlarmName"), text(name)].concat());
    if let Some(next) = next {
        body.extend([text("NextToken"), text(next)].concat());
    }
    cbor(200, body)
}

fn cbor(status: u16, body: Vec<u8>) -> Reply {
    with(Reply::status(status, body), &[("smithy-protocol", "rpc-v2-cbor"), ("content-type", "application/cbor")])
}

#[tokio::test]
async fn alarms_are_found_on_every_page() {
    let error = |code: &str| cbor(400, [vec![0xa1], text("__type"), text(code)].concat());
    let service = Service::answering(vec![
        error("Throttling"),
        alarms("MetricAlarms", "e-latency", Some("more")),
        alarms("CompositeAlarms", "e-all", None),
        error("AccessDenied"),
    ])
    .await;
    let (targets, session, region) = (service.targets(), session(), region());
    assert_eq!(targets.alarms(&session, &region, "e-").await.unwrap(), ["e-all", "e-latency"]);
    let error = targets.alarms(&session, &region, "e-").await.unwrap_err();
    assert!(error.is_access_denied(), "{error}");
    let asked = service.asked();
    let first = String::from_utf8_lossy(&asked[1].body).into_owned();
    for part in ["AlarmNamePrefix", "e-", "StateValue", "ALARM", "MetricAlarm", "CompositeAlarm"] {
        assert!(first.contains(part), "{part}: {first:?}");
    }
    assert!(String::from_utf8_lossy(&asked[2].body).contains("more"));
    assert!(
        asked.iter().all(|request| request.target == "/service/GraniteServiceVersion20100801/operation/DescribeAlarms")
    );
    assert_eq!(signed(&asked[1]), ("TARGETKEY".into(), "ap-southeast-2".into(), "monitoring".into(), "TOKEN".into()));
}
