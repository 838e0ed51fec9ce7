//! What Security Hub and EventBridge are asked and how their answers are read, against servers on loopback.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, where it is set up too"
)]

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_json::{Client, EVENT_BRIDGE, SECURITY_HUB};
use findings::{
    Event, EventBus, EventBusInAws, FailedFinding, Import, ImportAnswer, RefusedEvent, SecurityHub, SecurityHubInAws,
    import, publish,
};
use lambda_process::{JsonService, Reply, RestService};
use serde_json::{Value, json};

fn config(url: String) -> SdkConfig {
    let credentials = Credentials::new("HUBKEY", "secret", None, None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("eu-central-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .retry_config(RetryConfig::standard().with_max_attempts(1))
        .endpoint_url(url)
        .build()
}

async fn security_hub(replies: Vec<Reply>) -> (RestService, SecurityHubInAws) {
    let service = RestService::answering(replies).await.unwrap();
    let client = Client::new(&config(service.url()), &SECURITY_HUB, "aws");
    (service, SecurityHubInAws::new(client))
}

async fn bus(replies: Vec<(u16, Value)>) -> (JsonService, EventBusInAws) {
    let service = JsonService::answering(replies).await.unwrap();
    let client = Client::new(&config(service.url()), &EVENT_BRIDGE, "aws");
    (service, EventBusInAws::new(client, "mlops"))
}

fn ok(body: Value) -> Reply {
    Reply::status(200, body.to_string())
}

fn findings(ids: &[&str]) -> Vec<Value> {
    ids.iter().map(|id| json!({"Id": id})).collect()
}

#[tokio::test]
async fn findings_are_posted_and_failures_read_from_an_answer_that_is_no_error() {
    let (service, hub) = security_hub(vec![
        ok(json!({"FailedCount": 1, "SuccessCount": 1,
                  "FailedFindings": [{"Id": "b", "ErrorCode": "InvalidInput", "ErrorMessage": "too long"}]})),
        ok(json!({"FailedCount": 0, "SuccessCount": 1, "FailedFindings": []})),
        ok(json!({})),
    ])
    .await;
    let failed = FailedFinding { id: "b".to_owned(), code: "InvalidInput".to_owned(), message: "too long".to_owned() };
    assert_eq!(
        hub.import_findings(&findings(&["a", "b"])).await.unwrap(),
        ImportAnswer { failed_count: 1, failed: vec![failed] }
    );
    assert_eq!(hub.import_findings(&findings(&["c"])).await.unwrap(), ImportAnswer::default());
    let odd = hub.import_findings(&findings(&["d"])).await.unwrap_err();
    assert!(odd.to_string().contains("FailedCount"), "{odd}");
    assert_eq!(
        service.asked()[0],
        ("POST /findings/import".to_owned(), json!({"Findings": [{"Id": "a"}, {"Id": "b"}]}))
    );
}

#[tokio::test]
async fn a_hub_that_is_not_enabled_is_an_outcome() {
    let message = "Account 999999999999 is not subscribed to AWS Security Hub";
    let (_service, hub) = security_hub(vec![Reply::rest_error(401, "InvalidAccessException", message)]).await;
    let Import::NotEnabled { message: said } = import(&hub, findings(&["a"])).await else { panic!() };
    assert!(said.contains(message), "{said}");
}

/// Some of a call failed, and it is not said which.
#[tokio::test]
async fn failures_without_a_name_are_all_tried_again() {
    let unnamed = || ok(json!({"FailedCount": 1, "SuccessCount": 1}));
    let (service, hub) =
        security_hub(vec![unnamed(), ok(json!({"FailedCount": 0, "SuccessCount": 2, "FailedFindings": []}))]).await;
    assert_eq!(import(&hub, findings(&["a", "b"])).await, Import::Done { failed: Vec::new() });
    assert_eq!(service.asked()[1].1, json!({"Findings": [{"Id": "a"}, {"Id": "b"}]}));

    let (service, hub) = security_hub(vec![unnamed(), unnamed(), unnamed()]).await;
    let Import::Done { failed } = import(&hub, findings(&["a", "b"])).await else { panic!() };
    assert_eq!((failed.len(), service.asked().len()), (2, 3));
}

fn event(resource: &str) -> Event {
    Event {
        source: "secure-mlops",
        detail_type: "Control Finding State Change",
        resources: vec![resource.to_owned()],
        time: "2026-03-01T10:00:00Z".parse().unwrap(),
        detail: r#"{"control":"x"}"#.to_owned(),
    }
}

#[tokio::test]
async fn events_are_put_and_each_answer_is_looked_at() {
    let (service, bus) = bus(vec![
        (
            200,
            json!({"FailedEntryCount": 1, "Entries": [
            {"EventId": "1"}, {"ErrorCode": "ThrottlingException", "ErrorMessage": "slower"}]}),
        ),
        (200, json!({"FailedEntryCount": 0, "Entries": [{"EventId": "2"}]})),
    ])
    .await;
    assert_eq!(publish(&bus, vec![event("a"), event("b")]).await, []);
    let entry = |resource: &str| {
        json!({"EventBusName": "mlops", "Source": "secure-mlops", "DetailType": "Control Finding State Change",
               "Resources": [resource], "Time": 1_772_359_200, "Detail": "{\"control\":\"x\"}"})
    };
    assert_eq!(service.asked()[0], ("AWSEvents.PutEvents".to_owned(), json!({"Entries": [entry("a"), entry("b")]})));
    assert_eq!(service.asked()[1].1, json!({"Entries": [entry("b")]}));
}

#[tokio::test]
async fn a_call_without_a_fitting_answer_is_not_made_again_here() {
    for answer in [json!({}), json!({"FailedEntryCount": 1, "Entries": [{"EventId": "1"}]})] {
        let (_service, bus) = bus(vec![(200, answer)]).await;
        let error = bus.put_events(&[event("a"), event("b")]).await.unwrap_err();
        assert_eq!((error.code(), error.operation()), (None, "events:PutEvents"));
    }
    let throttled = (400, json!({"__type": "ThrottlingException", "Message": "slower"}));
    let (service, bus) = bus(vec![throttled]).await;
    let unsent = publish(&bus, vec![event("a")]).await;
    let RefusedEvent { code, message } = &unsent[0].refused;
    assert_eq!((code.as_str(), service.asked().len()), ("ThrottlingException", 1));
    assert!(message.contains("slower"), "{message}");
}
