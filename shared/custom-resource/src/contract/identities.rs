//! R15 to R21: which physical id is answered.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::runtime::Handle;
use tokio::sync::Notify;

use super::fixture::*;
use crate::guard::Guard;
use crate::{Failure, PhysicalId};

/// The id of the shelf called `music`.
fn music() -> String {
    ID.replace("/books", "/music")
}

fn to_music(event: Value) -> Value {
    with(event, "ResourceProperties", properties("music"))
}

#[tokio::test]
async fn r15_the_answered_id_for_each_request_and_end() {
    let (books, music) = (ID, music());
    let old = properties("books");
    // Request, then the id when it succeeds, when it fails with nothing made, when it fails half-way.
    let table = [
        ("create", create(), [books, MARKER, books]),
        ("update in place", update(ID, old.clone()), [books, books, books]),
        ("replacement", to_music(update(ID, old.clone())), [&music, books, &music]),
        ("update of a failed create", update(MARKER, old.clone()), [books, MARKER, books]),
        ("foreign id, the same identity", update(INVENTED, old.clone()), [INVENTED, INVENTED, INVENTED]),
        ("foreign id, another identity", to_music(update(INVENTED, old)), [&music, INVENTED, &music]),
        ("foreign id, old properties unreadable", update(INVENTED, json!({"A": 1})), [books, INVENTED, books]),
        ("delete", delete(ID), [books, books, books]),
        ("delete of a foreign id", delete(INVENTED), [INVENTED, INVENTED, INVENTED]),
        ("delete of a failed create", delete(MARKER), [MARKER, MARKER, MARKER]),
    ];
    for (what, event, [succeeded, failed, half_made]) in table {
        let ends = [
            (obliging(), succeeded),
            (function(|_| async { Err(Failure::new(refusal())) }), failed),
            (function(|_| async { Err(Failure::half_made(refusal())) }), half_made),
            (function(|_| async { panic!("something may have been made") }), half_made),
        ];
        for (at, (function, id)) in ends.into_iter().enumerate() {
            assert_eq!(function.invoke(event.clone()).await.id(), id, "{what}, end {at}");
        }
    }
}

#[tokio::test]
async fn r15_a_request_that_never_reached_the_handler_made_nothing() {
    let misspelt = json!({ "Nam": "books" });
    for (event, id) in [(create(), MARKER), (update(ID, properties("books")), ID)] {
        let answered = obliging().invoke(with(event, "ResourceProperties", misspelt.clone())).await;
        assert_eq!((answered.status(), answered.id()), ("FAILED", id));
    }
    let panics = with(create(), "ResourceProperties", properties("panics in identity"));
    assert_eq!(obliging().invoke(panics).await.id(), MARKER);
}

#[tokio::test]
async fn r16_the_execution_environment_is_not_in_the_id() {
    let mut bodies = Vec::new();
    for stream in ["first", "second"] {
        let mut invocation = invocation(create(), LAMBDA_TIME);
        invocation.log.stream = stream.to_owned();
        bodies.push(obliging().guard.answer(invocation).await.unwrap().answer.body);
    }
    assert_eq!(bodies[0], bodies[1]);
}

#[tokio::test]
async fn r17_each_attempt_at_a_create_gives_the_same_id() {
    for _ in 0..3 {
        assert_eq!(obliging().invoke(create()).await.id(), ID);
        let retried = with(create(), "RequestId", json!("a retried deployment"));
        assert_eq!(obliging().invoke(retried).await.id(), ID);
    }
}

#[tokio::test]
async fn r18_only_what_forces_a_replacement_changes_the_id() {
    let mut more_boards = properties("books");
    more_boards["Boards"] = json!("7");
    let function = obliging();
    let updated = function.invoke(with(update(ID, properties("books")), "ResourceProperties", more_boards)).await;
    assert_eq!((updated.id(), function.methods()), (ID, vec!["update"]));
    let replaced = function.invoke(to_music(update(ID, properties("books")))).await;
    assert_eq!((replaced.id(), function.methods()), (music().as_str(), vec!["update", "create"]));
}

proptest! {
    #[test]
    fn r18_an_id_is_bounded_printable_and_tells_its_segments(
        one in proptest::collection::vec(".{0,400}", 1..5),
        other in proptest::collection::vec("[a/%]{0,2}", 1..3),
        third in proptest::collection::vec("[a/%]{0,2}", 1..3),
    ) {
        let id = PhysicalId::new("shelf", &one);
        prop_assert!(id.as_str().len() <= 1024 && id.as_str().bytes().all(|byte| byte.is_ascii_graphic()));
        prop_assert_eq!(Some(id.clone()), PhysicalId::of_kind("shelf", id.as_str()));
        prop_assert_eq!(&id, &PhysicalId::new("shelf", &one));
        prop_assert_ne!(&id, &PhysicalId::failed_create("shelf"));
        if id.as_str().len() < 1024 {
            prop_assert_eq!(id.segments(), one);
        }
        // Different identities never share an id.
        let same = PhysicalId::new("shelf", &other) == PhysicalId::new("shelf", &third);
        prop_assert_eq!(same, other == third);
    }
}

#[test]
fn r18_ids_too_long_to_be_written_out_still_differ() {
    let long = |last: &str| PhysicalId::new("shelf", [format!("{}{last}", "x".repeat(2000))]);
    assert_eq!((long("a").as_str().len(), long("a") == long("a"), long("a") == long("b")), (1024, true, false));
}

#[tokio::test]
async fn r19_failed_create_marker_deletes_without_the_handler() {
    let function = function(|_| async { Err(Failure::new(refusal())) });
    let created = function.invoke(create()).await;
    assert_eq!(created.id(), MARKER);
    let deleted = function.invoke(delete(created.id())).await;
    assert_eq!((deleted.status(), deleted.id()), ("SUCCESS", MARKER));
    // Whatever the properties are.
    assert_eq!(function.invoke(with(delete(MARKER), "ResourceProperties", json!(null))).await.status(), "SUCCESS");
    assert_eq!(function.methods(), ["create"]);
}

#[tokio::test]
async fn r19_a_half_made_resource_is_deleted_by_the_handler() {
    let function =
        function(
            |seen| async move { if seen.method == "create" { Err(Failure::half_made(refusal())) } else { done() } },
        );
    let created = function.invoke(create()).await;
    assert_eq!((created.status(), created.id()), ("FAILED", ID));
    assert_eq!(function.invoke(delete(created.id())).await.status(), "SUCCESS");
    assert_eq!((function.last().method, function.last().physical_id.as_str()), ("delete", ID));
}

#[tokio::test]
async fn r20_an_invented_id_deletes_what_the_properties_name() {
    for id in [INVENTED, "2026/01/31/[$LATEST]0f", "shelf", "shelves/a", "x", "shelf/\u{e9}"] {
        let function = obliging();
        let answered = function.invoke(delete(id)).await;
        assert_eq!((answered.status(), answered.id()), ("SUCCESS", id));
        assert_eq!((function.last().physical_id.as_str(), function.last().properties.is_some()), (ID, true));
    }
}

#[tokio::test]
async fn r20_an_invented_id_with_unreadable_properties_is_nothing_of_ours() {
    for properties in [json!({ "Nam": "books" }), json!(null), json!([])] {
        let function = obliging();
        let answered = function.invoke(with(delete(INVENTED), "ResourceProperties", properties)).await;
        assert_eq!((answered.status(), answered.id()), ("SUCCESS", INVENTED));
        assert!(function.methods().is_empty());
    }
}

/// With a new id in the answer, CloudFormation would send a Delete for the foreign one with the old properties, and the
/// handler would be sent to the resource that it has just adopted.
#[tokio::test]
async fn r20_a_resource_adopted_from_a_foreign_id_survives_the_clean_up() {
    let function = obliging();
    let adopted = function.invoke(update(INVENTED, properties("books"))).await;
    assert_eq!((adopted.id(), function.last().method, function.last().physical_id.as_str()), (INVENTED, "create", ID));
    // Replacing it later: the Delete for the foreign id leads to the shelf that was left, not to the new one.
    let replaced = function.invoke(to_music(update(INVENTED, properties("books")))).await;
    assert_eq!(replaced.id(), music());
    function.invoke(delete(INVENTED)).await;
    assert_eq!((function.last().method, function.last().physical_id.as_str()), ("delete", ID));
}

#[tokio::test]
async fn r21_a_delete_is_answered_while_the_create_it_cancels_still_runs() {
    let deleted = Arc::new(Notify::new());
    let signal = deleted.clone();
    let resource = Scripted::<false>::new(move |seen| {
        let signal = signal.clone();
        async move {
            match seen.method {
                "create" => signal.notified().await,
                _ => signal.notify_one(),
            }
            done()
        }
    });
    let function = Function::of(resource, None, Handle::current());
    let guard: &Guard<_> = &function.guard;
    let (created, deleted) = tokio::join!(
        guard.answer(invocation(create(), LAMBDA_TIME)),
        guard.answer(invocation(with(delete(INVENTED), "RequestId", json!("the delete")), LAMBDA_TIME)),
    );
    let (created, deleted) = (created.unwrap().answer, deleted.unwrap().answer);
    let (created, deleted) = (Answered::read(&created.body), Answered::read(&deleted.body));
    assert_eq!((created.body["RequestId"].as_str(), created.id()), (Some("6d2c0f9e-request"), ID));
    assert_eq!((deleted.body["RequestId"].as_str(), deleted.id()), (Some("the delete"), INVENTED));
}
