//! What is sent and how answers are read, against servers on loopback.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, where it is set up too"
)]

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_json::{Call, Client, DYNAMODB, EVENT_BRIDGE, KMS, SAGEMAKER, SECURITY_HUB, Service};
use aws_ports::AwsError;
use http::{HeaderName, HeaderValue};
use lambda_process::{Reply, Request, Server};
use serde_json::{Value, json};

const DESCRIBE: Call = Call::named("sagemaker:DescribeModel");

fn credentials(key: &str) -> SharedCredentialsProvider {
    SharedCredentialsProvider::new(Credentials::new(key, "secret", Some("session".to_owned()), None, "test"))
}

fn config(url: &str, attempts: u32) -> SdkConfig {
    let retry = RetryConfig::standard().with_max_attempts(attempts).with_initial_backoff(Duration::from_millis(5));
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(Duration::from_millis(400)).build();
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("eu-central-1"))
        .credentials_provider(credentials("HUBKEY"))
        .retry_config(retry)
        .timeout_config(timeouts)
        .endpoint_url(url)
        .build()
}

/// Answers with these in turn, then 501, and keeps what was asked.
async fn serving(replies: Vec<Reply>) -> (Server, Arc<Mutex<Vec<Request>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    let replies = Mutex::new(replies.into_iter());
    let server = Server::start(move |request| {
        log.lock().unwrap().push(request);
        std::future::ready(replies.lock().unwrap().next().unwrap_or_else(|| Reply::status(501, "")))
    });
    (server.await.unwrap(), asked)
}

fn header<'a>(request: &'a Request, name: &str) -> &'a str {
    request.headers.get(name).map_or("", |value| value.to_str().unwrap())
}

fn with_header(mut reply: Reply, name: &'static str, value: &'static str) -> Reply {
    if let Reply::Answer(response) = &mut reply {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    reply
}

fn ok(body: &str) -> Reply {
    Reply::status(200, body.to_owned())
}

async fn error(service: &'static Service, reply: Reply) -> AwsError {
    let (server, _asked) = serving(vec![reply]).await;
    let client = Client::new(&config(&server.url(), 1), service, "aws");
    client.call(DESCRIBE, &json!({})).await.unwrap_err()
}

#[tokio::test]
async fn a_request_has_the_form_of_the_services_protocol() {
    for (service, call, target, content_type, path) in [
        (&SAGEMAKER, DESCRIBE, "SageMaker.DescribeModel", "application/x-amz-json-1.1", "/"),
        (&DYNAMODB, Call::named("dynamodb:GetItem"), "DynamoDB_20120810.GetItem", "application/x-amz-json-1.0", "/"),
        (&EVENT_BRIDGE, Call::named("events:PutEvents"), "AWSEvents.PutEvents", "application/x-amz-json-1.1", "/"),
        (&KMS, Call::named("kms:DescribeKey"), "TrentService.DescribeKey", "application/x-amz-json-1.1", "/"),
        (
            &SECURITY_HUB,
            Call::post("securityhub:BatchImportFindings", "/findings/import"),
            "",
            "application/json",
            "/findings/import",
        ),
    ] {
        let (server, asked) = serving(vec![ok(r#"{"B": 1, "A": {"x": null}}"#)]).await;
        let client = Client::new(&config(&server.url(), 1), service, "aws");
        let input = json!({"Name": "ä", "Limit": 3});
        let answer = client.call(call, &input).await.unwrap();
        // As it came: in its order, with what is null.
        assert_eq!(answer.to_string(), r#"{"B":1,"A":{"x":null}}"#);
        let asked = asked.lock().unwrap();
        let [request] = asked.as_slice() else { panic!("{asked:?}") };
        assert_eq!((request.method.as_str(), request.target.as_str()), ("POST", path));
        assert_eq!((header(request, "x-amz-target"), header(request, "content-type")), (target, content_type));
        assert_eq!(serde_json::from_slice::<Value>(&request.body).unwrap(), input);
        assert_eq!(header(request, "content-length"), request.body.len().to_string());
        assert_eq!(header(request, "x-amz-security-token"), "session");
        let authorization = header(request, "authorization");
        assert!(authorization.starts_with("AWS4-HMAC-SHA256 Credential=HUBKEY/"), "{authorization}");
        let scope = format!("/eu-central-1/{}/aws4_request", service.signing_name);
        assert!(authorization.contains(&scope), "{authorization}");
        assert!(authorization.contains("host"), "{authorization}");
        let agent = header(request, "x-amz-user-agent");
        assert!(agent.contains(&format!("api/{}", service.signing_name)), "{agent}");
    }
}

#[tokio::test]
async fn somebody_else_in_another_region_signs_for_it() {
    let (server, asked) = serving(vec![ok("{}")]).await;
    let config = config(&server.url(), 1);
    let client = Client::assumed(&config, &SAGEMAKER, "aws-cn", "cn-north-1", credentials("TARGETKEY"));
    client.call(DESCRIBE, &json!({})).await.unwrap();
    let asked = asked.lock().unwrap();
    let authorization = header(asked.first().unwrap(), "authorization");
    assert!(authorization.starts_with("AWS4-HMAC-SHA256 Credential=TARGETKEY/"), "{authorization}");
    assert!(authorization.contains("/cn-north-1/sagemaker/aws4_request"), "{authorization}");
}

#[tokio::test]
async fn an_answer_without_a_body_is_an_object_without_members() {
    let (server, _asked) = serving(vec![ok("")]).await;
    let client = Client::new(&config(&server.url(), 1), &SAGEMAKER, "aws");
    assert_eq!(client.call(DESCRIBE, &json!({})).await.unwrap(), json!({}));
}

#[tokio::test]
async fn an_answer_that_is_no_json_is_no_answer() {
    let error = error(&SAGEMAKER, with_header(ok("<html>"), "x-amzn-requestid", "r-1")).await;
    assert_eq!((error.code(), error.request_id(), error.is_transient()), (None, Some("r-1"), true));
    assert!(error.to_string().starts_with("sagemaker:DescribeModel got no answer: "), "{error}");
}

#[tokio::test]
async fn an_error_keeps_its_code_message_and_request_id_in_every_form() {
    let body = |body: Value| Reply::status(400, body.to_string());
    for (reply, code, message) in [
        // JSON 1.1, as SageMaker has it.
        (body(json!({"__type": "ValidationException", "message": "no"})), "ValidationException", Some("no")),
        // JSON 1.0, as DynamoDB has it.
        (
            body(
                json!({"__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException", "Message": "no"}),
            ),
            "ConditionalCheckFailedException",
            Some("no"),
        ),
        (body(json!({"__type": "aws.x#Faulty:http://internal/coral/"})), "Faulty", None),
        (body(json!({"code": "Faulty", "errorMessage": "no"})), "Faulty", Some("no")),
        // REST-JSON, as Security Hub has it.
        (
            with_header(
                Reply::status(401, r#"{"Message": "Account 1 is not subscribed", "Code": "InvalidAccessException"}"#),
                "x-amzn-errortype",
                "InvalidAccessException:http://internal.amazon.com/coral/com.amazonaws.x/",
            ),
            "InvalidAccessException",
            Some("Account 1 is not subscribed"),
        ),
        // From whatever is in front of the service.
        (Reply::status(403, "<html>"), "Forbidden", None),
    ] {
        let error = error(&DYNAMODB, with_header(reply, "x-amzn-requestid", "r-1")).await;
        assert_eq!((error.code(), error.message()), (Some(code), message));
        assert_eq!((error.operation(), error.request_id()), ("sagemaker:DescribeModel", Some("r-1")));
    }
    let fault = error(&DYNAMODB, Reply::status(503, "")).await;
    assert_eq!((fault.code(), fault.is_transient()), (None, true));
}

#[tokio::test]
async fn what_may_pass_is_tried_again_and_the_rest_is_not() {
    let throttled = || Reply::status(400, r#"{"__type": "ThrottlingException", "message": "Rate exceeded"}"#);
    let limited =
        || with_header(Reply::status(429, r#"{"Message": "slower"}"#), "x-amzn-errortype", "LimitExceededException");
    let (server, asked) =
        serving(vec![throttled(), limited(), Reply::status(500, "{}"), Reply::Reset, ok(r#"{"done": true}"#)]).await;
    let client = Client::new(&config(&server.url(), 5), &SAGEMAKER, "aws");
    assert_eq!(client.call(DESCRIBE, &json!({})).await.unwrap(), json!({"done": true}));
    let attempts: Vec<String> =
        asked.lock().unwrap().iter().map(|request| header(request, "amz-sdk-request").to_owned()).collect();
    assert_eq!(attempts.len(), 5);
    assert!(attempts[4].contains("attempt=5") && attempts[4].contains("max=5"), "{attempts:?}");

    let (server, asked) = serving(vec![throttled(), throttled(), ok("{}")]).await;
    let client = Client::new(&config(&server.url(), 2), &SAGEMAKER, "aws");
    assert!(client.call(DESCRIBE, &json!({})).await.unwrap_err().is_throttled());
    assert_eq!(asked.lock().unwrap().len(), 2);

    let (server, asked) = serving(vec![Reply::status(400, r#"{"__type": "AccessDeniedException"}"#), ok("{}")]).await;
    let client = Client::new(&config(&server.url(), 5), &SAGEMAKER, "aws");
    assert!(client.call(DESCRIBE, &json!({})).await.unwrap_err().is_access_denied());
    assert_eq!(asked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_service_that_does_not_answer_is_given_up_and_asked_again() {
    let (server, asked) = serving(vec![Reply::Silence, ok("{}")]).await;
    let client = Client::new(&config(&server.url(), 2), &SAGEMAKER, "aws");
    client.call(DESCRIBE, &json!({})).await.unwrap();
    assert_eq!(asked.lock().unwrap().len(), 2);
    let error = error(&SAGEMAKER, Reply::Silence).await;
    assert_eq!((error.code(), error.is_transient()), (None, true));
}

/// Where somebody else is called, a throttled call slows down those after it.
#[tokio::test]
async fn throttling_slows_down_the_calls_of_that_client_alone() {
    let throttled = || Reply::status(400, r#"{"__type": "ThrottlingException", "message": "Rate exceeded"}"#);
    let mut replies = vec![throttled(); 2];
    replies.extend(vec![ok("{}"); 21]);
    let ((one, _), (other, _)) = (serving(replies).await, serving(vec![ok("{}"); 20]).await);
    let assumed = |server: &Server| {
        Client::assumed(&config(&server.url(), 5), &SAGEMAKER, "aws", "eu-central-1", credentials("TARGETKEY"))
    };
    let (slow, fast) = (assumed(&one), assumed(&other));
    slow.call(DESCRIBE, &json!({})).await.unwrap();
    let time = async |client: &Client| {
        let started = Instant::now();
        for _ in 0..20 {
            client.call(DESCRIBE, &json!({})).await.unwrap();
        }
        started.elapsed()
    };
    let (fast, slow) = (time(&fast).await, time(&slow).await);
    assert!(slow > Duration::from_millis(800) && fast < slow / 4, "{slow:?} after throttling, {fast:?} without");
}
