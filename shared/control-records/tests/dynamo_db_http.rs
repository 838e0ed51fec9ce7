//! What DynamoDB is asked and how its answers are read, against a server on loopback.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, where it is set up too"
)]

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_json::{Client, DYNAMODB};
use control_records::{
    Deleted, Item, Mark, RecordError, Records, RecordsInDynamoDb, Scope, SweepRecord, Version, Written,
};
use lambda_process::JsonService;
use serde_json::{Value, json};

const SCOPE: &str = "111111111111/eu-central-1";

fn scope() -> Scope {
    Scope { account: "111111111111".parse().unwrap(), region: "eu-central-1".parse().unwrap() }
}

async fn serving(replies: Vec<(u16, Value)>) -> (JsonService, RecordsInDynamoDb) {
    let service = JsonService::answering(replies).await.unwrap();
    let credentials = Credentials::new("HUBKEY", "secret", None, None, "test");
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("eu-central-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .retry_config(RetryConfig::standard().with_max_attempts(1))
        .endpoint_url(service.url())
        .build();
    let records = RecordsInDynamoDb::new(Client::new(&config, &DYNAMODB, "aws"), "control-records");
    (service, records)
}

fn sweep() -> SweepRecord {
    serde_json::from_value(json!({
        "scope": {"account": "111111111111", "region": "eu-central-1"}, "sweep": "2026-03-01T10:00:00Z",
        "finished": null, "listed": {"Model": 2}, "calls": 3, "unread": [], "unreadMore": 0
    }))
    .unwrap()
}

fn stored(id: &str, version: &str, document: &Value) -> Value {
    json!({"scope": {"S": SCOPE}, "id": {"S": id}, "version": {"N": version}, "document": {"S": document.to_string()},
           "expires": {"N": "1780135200"}})
}

fn conflict() -> (u16, Value) {
    let code = "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException";
    (400, json!({"__type": code, "message": "The conditional request failed"}))
}

/// The version that a write sent.
fn sent(asked: &(String, Value)) -> String {
    asked.1["Item"]["version"]["N"].as_str().unwrap().to_owned()
}

async fn version(number: &str) -> Version {
    let (_service, records) = serving(vec![(200, json!({"Item": stored("sweep/x", number, &json!({}))}))]).await;
    records.item(&scope(), "sweep/x").await.unwrap().unwrap().version
}

#[tokio::test]
async fn a_record_is_read_as_it_stands_at_this_moment() {
    let item = stored("sweep/2026-03-01T10:00:00.000Z", "18446744073709551615", &json!(sweep()));
    let (service, records) = serving(vec![(200, json!({"Item": item})), (200, json!({}))]).await;
    let id = SweepRecord::id_of(sweep().sweep);
    let found = records.get::<SweepRecord>(&scope(), &id).await.unwrap().unwrap();
    assert_eq!((found.record, found.version), (sweep(), version("18446744073709551615").await));
    assert_eq!(records.get::<SweepRecord>(&scope(), &id).await.unwrap(), None);
    let asked = service.asked();
    assert_eq!(asked[0].0, "DynamoDB_20120810.GetItem");
    assert_eq!(
        asked[0].1,
        json!({"TableName": "control-records", "ConsistentRead": true,
               "Key": {"scope": {"S": SCOPE}, "id": {"S": "sweep/2026-03-01T10:00:00.000Z"}}})
    );
}

#[tokio::test]
async fn all_records_are_read_to_the_last_page() {
    let item = |time: &str| stored(&format!("sweep/{time}"), "7", &json!(sweep()));
    let (service, records) = serving(vec![
        (
            200,
            json!({"Items": [item("a"), item("b")], "Count": 2,
                     "LastEvaluatedKey": {"scope": {"S": SCOPE}, "id": {"S": "sweep/b"}}}),
        ),
        // A page may be empty and not the last.
        (200, json!({"Items": [], "Count": 0, "LastEvaluatedKey": {"scope": {"S": SCOPE}, "id": {"S": "sweep/c"}}})),
        (200, json!({"Items": [item("d")], "Count": 1})),
    ])
    .await;
    assert_eq!(records.all::<SweepRecord>(&scope()).await.unwrap().len(), 3);
    let asked = service.asked();
    let mut query = json!({
        "TableName": "control-records",
        "KeyConditionExpression": "#scope = :scope AND begins_with(#id, :prefix)",
        "ExpressionAttributeNames": {"#scope": "scope", "#id": "id"},
        "ExpressionAttributeValues": {":scope": {"S": SCOPE}, ":prefix": {"S": "sweep/"}},
        "ConsistentRead": true,
    });
    assert_eq!(asked[0], ("DynamoDB_20120810.Query".to_owned(), query.clone()));
    query["ExclusiveStartKey"] = json!({"scope": {"S": SCOPE}, "id": {"S": "sweep/b"}});
    assert_eq!(asked[1].1, query);
    query["ExclusiveStartKey"] = json!({"scope": {"S": SCOPE}, "id": {"S": "sweep/c"}});
    assert_eq!(asked[2].1, query);
}

#[tokio::test]
async fn a_write_names_the_version_that_it_has_read() {
    let (service, records) = serving(vec![(200, json!({})), (200, json!({}))]).await;
    let Written::At(first) = records.put(&scope(), &sweep(), None).await.unwrap() else { panic!() };
    let Written::At(second) = records.put(&scope(), &sweep(), Some(first)).await.unwrap() else { panic!() };
    assert_ne!(first, second);
    let asked = service.asked();
    let document = serde_json::to_string(&sweep()).unwrap();
    let item = |version: &str| {
        json!({"scope": {"S": SCOPE}, "id": {"S": "sweep/2026-03-01T10:00:00.000Z"}, "version": {"N": version},
               "document": {"S": document}, "expires": {"N": "1780135200"}})
    };
    assert_eq!(asked[0].0, "DynamoDB_20120810.PutItem");
    assert_eq!(
        asked[0].1,
        json!({"TableName": "control-records", "Item": item(&sent(&asked[0])),
               "ConditionExpression": "attribute_not_exists(#id)", "ExpressionAttributeNames": {"#id": "id"}})
    );
    assert_eq!(
        asked[1].1,
        json!({"TableName": "control-records", "Item": item(&sent(&asked[1])),
               "ConditionExpression": "#version = :version", "ExpressionAttributeNames": {"#version": "version"},
               "ExpressionAttributeValues": {":version": {"N": sent(&asked[0])}}})
    );
}

#[tokio::test]
async fn a_write_that_met_another_one_is_a_conflict() {
    let other = json!({"Item": stored("sweep/x", "4", &json!(sweep()))});
    for found in [other, json!({})] {
        let (service, records) = serving(vec![conflict(), (200, found)]).await;
        assert_eq!(records.put(&scope(), &sweep(), None).await.unwrap(), Written::Conflict);
        assert_eq!(service.asked()[1].0, "DynamoDB_20120810.GetItem");
    }
}

/// The answer to the first attempt was lost: the second one meets what the first has written.
#[tokio::test]
async fn a_write_is_no_conflict_with_itself() {
    let item = Item { id: "sweep/x".to_owned(), version: version("9").await, document: "{}".to_owned(), expires: None };
    let (service, records) =
        serving(vec![conflict(), (200, json!({"Item": stored("sweep/x", "9", &json!({}))}))]).await;
    assert_eq!(records.put_item(&scope(), &item, None).await.unwrap(), Written::At(item.version));
    assert_eq!(sent(&service.asked()[0]), "9");
    assert_eq!(service.asked()[0].1["Item"].get("expires"), None);
}

#[tokio::test]
async fn a_deletion_spares_what_is_newer_and_is_content_with_what_is_gone() {
    let newer = json!({"Item": stored("mark/a/b", "10", &json!({}))});
    let (service, records) =
        serving(vec![(200, json!({})), conflict(), (200, newer), conflict(), (200, json!({}))]).await;
    let id = Mark::id_of("a", "b");
    let nine = version("9").await;
    assert_eq!(records.delete(&scope(), &id, nine).await.unwrap(), Deleted::Gone);
    assert_eq!(records.delete(&scope(), &id, nine).await.unwrap(), Deleted::Conflict);
    assert_eq!(records.delete(&scope(), &id, nine).await.unwrap(), Deleted::Gone);
    assert_eq!(service.asked()[0].0, "DynamoDB_20120810.DeleteItem");
    assert_eq!(
        service.asked()[0].1,
        json!({"TableName": "control-records", "Key": {"scope": {"S": SCOPE}, "id": {"S": "mark/a/b"}},
               "ConditionExpression": "#version = :version", "ExpressionAttributeNames": {"#version": "version"},
               "ExpressionAttributeValues": {":version": {"N": "9"}}})
    );
}

#[tokio::test]
async fn other_errors_keep_their_code_and_odd_items_are_named() {
    let throttled = json!({"__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"});
    let (_service, records) = serving(vec![(400, throttled)]).await;
    let error = records.put(&scope(), &sweep(), None).await.unwrap_err();
    assert!(matches!(&error, RecordError::Aws(error) if error.is_throttled() && error.is_transient()), "{error:?}");

    for (item, named) in [
        (json!({"id": {"S": "sweep/x"}, "version": {"S": "1"}, "document": {"S": "{}"}}), "the version of sweep/x"),
        (json!({"id": {"S": "sweep/x"}, "version": {"N": "1"}}), "the document of sweep/x"),
        (json!({"id": {"N": "1"}, "version": {"N": "1"}, "document": {"S": "{}"}}), "an item's id"),
    ] {
        let (_service, records) = serving(vec![(200, json!({"Items": [item]}))]).await;
        let error = records.all::<SweepRecord>(&scope()).await.unwrap_err().to_string();
        assert!(error.contains(named), "{error}");
    }
}
