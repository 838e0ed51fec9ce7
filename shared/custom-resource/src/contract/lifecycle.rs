//! R22 to R31: what the handler is asked for.

use std::str::FromStr;

use serde_json::{Value, json};

use super::fixture::*;
use crate::properties::read;
use crate::{Attributes, Failure, FromProperties, Reader, read_properties};

fn shelf(name: &str, boards: u32) -> Option<Shelf> {
    Some(Shelf { name: name.to_owned(), boards: Some(boards) })
}

#[tokio::test]
async fn r22_a_replacement_makes_the_new_and_leaves_the_old() {
    let function = obliging();
    let event = with(update(ID, properties("books")), "ResourceProperties", properties("music"));
    let replaced = function.invoke(event).await;
    let music = ID.replace("/books", "/music");
    assert_eq!((replaced.id(), function.methods()), (music.as_str(), vec!["create"]));
    // The clean-up that follows.
    function.invoke(delete(ID)).await;
    assert_eq!((function.last().physical_id.as_str(), function.last().properties), (ID, shelf("books", 3)));
}

#[tokio::test]
async fn r23_a_failed_update_is_followed_by_one_in_the_other_direction() {
    let function = function(|seen| async move {
        if seen.properties == shelf("books", 9) { Err(Failure::new(refusal())) } else { done() }
    });
    let wide = json!({ "Name": "books", "Boards": "9" });
    let forward = with(update(ID, properties("books")), "ResourceProperties", wide.clone());
    let failed = function.invoke(forward).await;
    assert_eq!((failed.status(), failed.id()), ("FAILED", ID));
    let back = function.invoke(update(failed.id(), wide)).await;
    assert_eq!((back.status(), back.id(), function.last().method), ("SUCCESS", ID, "update"));
    assert_eq!((function.last().properties, function.last().old), (shelf("books", 3), shelf("books", 9)));
}

#[tokio::test]
async fn r23_a_failed_replacement_is_rolled_back_from_either_id() {
    let function = obliging();
    let music = ID.replace("/books", "/music");
    // Nothing was made: the id is still the old one. Half-made: it is the new one, which is cleaned up later.
    for (current, method) in [(ID, "update"), (music.as_str(), "create")] {
        let back = function.invoke(update(current, properties("music"))).await;
        assert_eq!((back.status(), back.id(), function.last().method), ("SUCCESS", ID, method));
    }
}

#[tokio::test]
async fn r24_old_properties_of_any_schema_stop_nothing() {
    let olds = [json!(null), json!("x"), json!([]), json!({}), json!({ "Name": ["a"] }), json!({ "Titles": "a" })];
    for old in olds {
        let function = obliging();
        assert_eq!(function.invoke(update(ID, old.clone())).await.status(), "SUCCESS", "{old}");
        assert_eq!((function.last().method, function.last().old), ("update", None));
    }
    let function = obliging();
    assert_eq!(function.invoke(without(update(ID, json!({})), "OldResourceProperties")).await.status(), "SUCCESS");
}

#[tokio::test]
async fn r25_an_update_of_the_token_or_timeout_alone_still_gives_the_attributes() {
    let mut old = properties("books");
    old["ServiceToken"] = json!("arn:aws:lambda:eu-central-1:111122223333:function:older");
    old["ServiceTimeout"] = json!("60");
    let function = obliging();
    let updated = function.invoke(update(ID, old)).await;
    assert_eq!((updated.id(), &updated.body["Data"]), (ID, &json!({ "Room": "study" })));
    assert_eq!(function.last().old, function.last().properties);
}

#[tokio::test]
async fn r26_unreadable_properties_do_not_stop_a_delete() {
    let unreadable = [json!({}), json!({ "Name": {} }), json!(null), json!("x"), json!({ "Name": "a", "More": "b" })];
    for properties in unreadable {
        let function = obliging();
        let deleted = function.invoke(with(delete(ID), "ResourceProperties", properties)).await;
        assert_eq!((deleted.status(), deleted.id()), ("SUCCESS", ID));
        assert_eq!((function.last().physical_id.as_str(), function.last().properties), (ID, None));
    }
    let function = obliging();
    assert_eq!(function.invoke(without(delete(ID), "ResourceProperties")).await.status(), "SUCCESS");
    assert_eq!(function.last().properties, None);
}

#[tokio::test]
async fn r27_a_delete_that_leaves_a_setting_alone_is_a_success() {
    let function = function(|_| async { Ok(Attributes::new().with("Left", "as it is").into()) });
    let deleted = function.invoke(delete(ID)).await;
    assert_eq!((deleted.status(), deleted.id(), deleted.body.get("Data")), ("SUCCESS", ID, None));
}

#[tokio::test]
async fn r28_what_belongs_to_somebody_else_is_not_deleted_after_the_create_it_stopped() {
    let function = function(|seen| async move {
        assert_eq!(seen.method, "create");
        Err(Failure::new("a shelf of this name belongs to another stack"))
    });
    let created = function.invoke(create()).await;
    assert!(created.reason().starts_with("a shelf of this name belongs to another stack"));
    assert_eq!(function.invoke(delete(created.id())).await.status(), "SUCCESS");
}

/// Properties that are a list of names.
struct Names(Vec<String>);

impl FromProperties for Names {
    fn from_properties(reader: &mut Reader<'_>) -> Option<Self> {
        reader.list("Names").map(Self)
    }
}

#[test]
fn r29_blank_items_of_a_list_are_no_items() {
    let table: [(Value, &[&str]); 9] = [
        (json!({ "Names": [""] }), &[]),
        (json!({ "Names": ["", "a", "  ", " b "] }), &["a", "b"]),
        (json!({ "Names": [] }), &[]),
        (json!({}), &[]),
        (json!({ "Names": null }), &[]),
        (json!({ "Names": "" }), &[]),
        (json!({ "Names": "a, b,,c" }), &["a", "b", "c"]),
        (json!({ "Names": "a" }), &["a"]),
        (json!({ "Names": [7, true] }), &["7", "true"]),
    ];
    for (properties, names) in table {
        assert_eq!(read_properties::<Names>(&properties).unwrap().0, names, "{properties}");
    }
    let faults = read_properties::<Names>(&json!({ "Names": ["a", [], {}] })).err().unwrap();
    assert_eq!(faults.to_string(), "Names[1] is not a text; Names[2] is not a text");
    let faults = read_properties::<Names>(&json!({ "Names": { "a": "b" } })).err().unwrap();
    assert_eq!(faults.to_string(), "Names is an object, expected a list");
}

/// A type whose error says what it expects.
struct Even;

impl FromStr for Even {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<u32>().ok().filter(|number| number % 2 == 0).map(|_| Self).ok_or("an even number")
    }
}

/// One property of each kind.
struct Everything;

impl FromProperties for Everything {
    fn from_properties(reader: &mut Reader<'_>) -> Option<Self> {
        let list = reader.list::<Even>("Addresses");
        let required = (reader.required::<String>("Title"), reader.required::<u16>("Count"));
        let optional = (reader.optional::<bool>("Open"), reader.optional::<f64>("Weight"));
        let _ = (required.0?, required.1?, optional.0?, optional.1?, list?);
        Some(Self)
    }
}

#[test]
fn all_faults_of_the_properties_come_at_once_with_name_value_and_expectation() {
    let wrong = json!({
        "ServiceToken": "arn", "ServiceTimeout": "60",
        "Title": " ", "Count": "70000", "Open": "yes", "Weight": { "kg": "1" }, "Adresses": ["2"],
    });
    let expected = [
        "Title is empty",
        r#"Count is "70000", expected a whole number"#,
        r#"Open is "yes", expected true or false"#,
        "Weight is an object, expected a number",
        "Adresses is unknown, did you mean Addresses?",
    ];
    assert_eq!(read_properties::<Everything>(&wrong).err().unwrap().iter().collect::<Vec<_>>(), expected);

    let wrong = json!({ "Count": "", "Addresses": "2, 3, x", "Colour": "red" });
    let expected = [
        r#"Addresses[1] is "3", expected an even number"#,
        r#"Addresses[2] is "x", expected an even number"#,
        "Title is missing",
        "Count is empty, expected a whole number",
        "Colour is unknown, expected Addresses, Title, Count, Open, Weight",
    ];
    assert_eq!(read_properties::<Everything>(&wrong).err().unwrap().iter().collect::<Vec<_>>(), expected);

    let right = json!({ "Title": "a", "Count": 7, "Open": true, "Weight": "", "Addresses": "2" });
    assert!(read_properties::<Everything>(&right).is_ok());
    assert!(read_properties::<()>(&json!({ "ServiceToken": "arn" })).is_ok());
    let faults = read_properties::<()>(&json!({ "A": "b" })).err().unwrap();
    assert_eq!(faults.to_string(), "A is unknown, expected no properties");
}

#[test]
fn long_values_are_cut_and_secret_ones_not_quoted() {
    let wrong = json!({ "Title": "a", "Count": "é".repeat(500) });
    let fault = read_properties::<Everything>(&wrong).err().unwrap().to_string();
    assert_eq!(fault, format!("Count is \"{}...\", expected a whole number", "é".repeat(160)));
    let fault = read::<Everything>(&wrong, false).err().unwrap().to_string();
    assert_eq!(fault, "Count is not as it should be, expected a whole number");
}

#[tokio::test]
async fn r30_the_same_request_twice_has_the_same_answer_twice() {
    for event in [create(), update(ID, properties("books")), delete(ID), with(create(), "RequestType", json!("x"))] {
        let function = obliging();
        let answer = async || function.guard.answer(invocation(event.clone(), LAMBDA_TIME)).await.unwrap().answer.body;
        let (first, second) = (answer().await, answer().await);
        let (third, fourth) = tokio::join!(answer(), answer());
        assert!([second, third, fourth].iter().all(|body| *body == first));
    }
}

#[tokio::test]
async fn r31_the_request_id_is_a_token_for_the_handler_and_no_part_of_a_name() {
    let function = obliging();
    let answered = function.invoke(create()).await;
    assert_eq!(function.last().request_id, "6d2c0f9e-request");
    assert!(!answered.id().contains("6d2c0f9e-request"));
}
