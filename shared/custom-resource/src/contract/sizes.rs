//! R33 to R37: what fits, and how it reads.

use std::fmt;

use proptest::prelude::*;
use serde_json::json;
use tokio::runtime::Handle;

use super::fixture::*;
use crate::json::{char_len, text_len};
use crate::{Attributes, Failure};

/// A function whose answer holds one attribute of this text.
fn with_attribute(text: String) -> Function {
    function(move |_| {
        let attributes = Attributes::new().with("Catalogue", text.clone()).with("Room", "study");
        async { Ok(attributes.into()) }
    })
}

fn failing(reason: String) -> Function {
    function(move |_| {
        let reason = reason.clone();
        async { Err(Failure::half_made(reason)) }
    })
}

proptest! {
    #[test]
    fn r33_sizes_are_those_of_the_serialized_text(text in any::<String>(), c in any::<char>()) {
        prop_assert_eq!(text_len(&text), serde_json::to_string(&text).unwrap().len());
        prop_assert_eq!(char_len(c) + 2, serde_json::to_string(&c).unwrap().len());
    }
}

#[tokio::test]
async fn r33_a_body_of_4096_bytes_is_sent_and_one_of_4097_is_not() {
    let room = 4096 - with_attribute(String::new()).invoke(create()).await.bytes;
    // The same number of bytes in JSON, fewer and fewer characters.
    for (filling, bytes) in [("x", 1), ("é", 2), ("\"", 2), ("\u{1f6a2}", 4), ("\u{1}", 6)] {
        let text = filling.repeat(room / bytes) + &"x".repeat(room % bytes);
        let full = with_attribute(text.clone()).invoke(create()).await;
        assert_eq!((full.status(), full.bytes), ("SUCCESS", 4096));
        assert_eq!(full.body["Data"]["Catalogue"], text);
        let over = with_attribute(text + "x").invoke(create()).await;
        assert_eq!((over.status(), over.id()), ("FAILED", ID));
        assert!(over.reason().contains("an answer of 4097 bytes"), "{over:?}");
    }
}

#[tokio::test]
async fn r34_attributes_that_do_not_fit_are_named_with_their_sizes() {
    let function = function(|_| async {
        let sizes = [("Tiny", 1), ("Big", 3000), ("Bigger", 5000), ("Small", 10), ("Some", 200), ("More", 300)];
        Ok(sizes.into_iter().map(|(name, size)| (name, "x".repeat(size))).collect::<Attributes>().into())
    });
    for event in [create(), update(ID, properties("books"))] {
        let answered = function.invoke(event).await;
        assert_eq!((answered.status(), answered.id(), answered.body.get("Data")), ("FAILED", ID, None));
        let named = "the biggest: Bigger of 5002 bytes, Big of 3002 bytes, More of 302 bytes, Some of 202 bytes, \
                     Small of 12 bytes (log group";
        assert!(answered.reason().contains(named), "{answered:?}");
    }
    // A Delete's are not sent at all.
    assert_eq!(function.invoke(delete(ID)).await.status(), "SUCCESS");
}

#[tokio::test]
async fn r34_a_long_reason_keeps_its_head_its_tail_and_where_the_log_is() {
    for middle in ["x", "é", "\"", "\\", "\u{1f6a2}", "\u{7f}x"] {
        let answered = failing(format!("begins so {} ends so", middle.repeat(6000))).invoke(create()).await;
        assert!(answered.bytes <= 4096 && answered.bytes > 4096 - 24, "{middle:?}: {} bytes", answered.bytes);
        assert!(answered.reason().starts_with("begins so "), "{answered:?}");
        let tail = " ends so (log group /aws/lambda/shelf, stream 2026/01/31/[$LATEST]0f, request lambda-request)";
        assert!(answered.reason().ends_with(tail) && answered.reason().contains(" ... "), "{answered:?}");
    }
}

proptest! {
    #[test]
    fn r34_a_hostile_reason_never_makes_an_answer_too_long(
        reason in proptest::collection::vec(prop_oneof!["[\"\\\\\u{0}-\u{1f}]{0,400}", "\\PC{0,400}", "[\u{1f6a2}\n ]{0,400}"], 0..12)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let answered = runtime.block_on(async { failing(reason.concat()).invoke(create()).await });
        prop_assert!(answered.bytes <= 4096);
        prop_assert!(answered.reason().ends_with("request lambda-request)"));
    }
}

#[derive(Debug)]
struct Layered(&'static str, Option<Box<Layered>>);

impl fmt::Display for Layered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Layered {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.1.as_deref().map(|source| source as _)
    }
}

#[tokio::test]
async fn r35_a_reason_is_one_line_with_every_cause_and_where_the_log_is() {
    let function = function(|_| async {
        let service = Layered("sagemaker:EnableShelf answered AccessDenied: no\n\n   rights (request id 4f1d)", None);
        let wrapped = Layered("cannot enable the shelf", Some(Box::new(service)));
        // An error that prints its source itself.
        Err(Failure::from(Layered("create failed: cannot enable the shelf", Some(Box::new(wrapped)))))
    });
    let answered = function.invoke(create()).await;
    assert_eq!(
        answered.reason(),
        "create failed: cannot enable the shelf: sagemaker:EnableShelf answered AccessDenied: no rights (request id 4f1d) \
         (log group /aws/lambda/shelf, stream 2026/01/31/[$LATEST]0f, request lambda-request)"
    );
}

#[tokio::test]
async fn r36_data_is_flat_text_and_absent_without_attributes() {
    let answered = obliging().invoke(create()).await;
    assert_eq!(answered.body["Data"], json!({ "Room": "study" }));
    let nothing = function(|_| async { Ok(Attributes::new().into()) }).invoke(create()).await;
    let fields: Vec<_> = nothing.body.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(fields, ["Status", "PhysicalResourceId", "StackId", "RequestId", "LogicalResourceId"]);
}

#[tokio::test]
async fn r37_secret_attributes_are_marked_and_their_values_kept_out_of_reasons() {
    let resource = Scripted::<true>::new(|seen| async move {
        if seen.method == "update" { panic!("the key is hunter2") } else { done() }
    });
    let function = Function::of(resource, None, Handle::current());
    assert_eq!(function.invoke(create()).await.body["NoEcho"], json!(true));
    let wrong = with(create(), "ResourceProperties", json!({ "Name": "books", "Boards": "hunter2" }));
    let refused = function.invoke(wrong).await;
    assert!(refused.reason().starts_with("Boards is not as it should be, expected a whole number"), "{refused:?}");
    let panicked = function.invoke(update(ID, properties("books"))).await;
    assert!(panicked.reason().starts_with("update panicked (log group"), "{panicked:?}");
    assert_eq!(format!("{:?}", Attributes::new().with("Key", "hunter2")), r#"{"Key"}"#);
}
