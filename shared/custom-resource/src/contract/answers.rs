//! R1 to R8, R32: an answer on every path.

use std::convert::Infallible;
use std::future::pending;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::runtime::{Builder, Handle};
use tokio::time::{Instant, sleep};

use super::fixture::*;
use crate::answer::{Answer, Ids, LogPointer, Made, Outcome};
use crate::envelope::Envelope;
use crate::guard::{BoxError, Guard, Start};
use crate::{Attributes, Failure, PhysicalId};

/// What any answer owes to the event it answers.
fn assert_valid(event: &Value, answered: &Answered) {
    let body = answered.body.as_object().unwrap();
    assert!(answered.bytes <= 4096, "{} bytes", answered.bytes);
    assert!(matches!(answered.status(), "SUCCESS" | "FAILED"));
    assert_eq!(answered.status() == "FAILED", !answered.reason().is_empty(), "{answered:?}");
    assert!(!answered.id().is_empty() && answered.id().len() <= 2048);
    for field in ["StackId", "RequestId", "LogicalResourceId"] {
        let echoed = event[field].as_str().filter(|text| serde_json::to_string(text).unwrap().len() <= 512);
        assert_eq!(body[field], echoed.unwrap_or_default(), "{field}");
    }
    let known =
        ["Status", "Reason", "PhysicalResourceId", "StackId", "RequestId", "LogicalResourceId", "NoEcho", "Data"];
    assert!(body.keys().all(|key| known.contains(&key.as_str())), "{answered:?}");
    if let Some(data) = body.get("Data") {
        assert!(data.as_object().unwrap().values().all(Value::is_string) && answered.status() == "SUCCESS");
    }
}

#[tokio::test(start_paused = true)]
async fn r01_every_request_is_answered_however_its_handler_ends() {
    let function = function(|seen| async move {
        match seen.properties.map(|shelf| shelf.name).as_deref() {
            Some("fails") => Err(Failure::new(refusal())),
            Some("half") => Err(Failure::half_made(refusal())),
            Some("panics") => panic!("the wall came down"),
            Some("panics strangely") => std::panic::panic_any(7),
            Some("hangs") => pending().await,
            _ => done(),
        }
    });
    let names = ["books", "fails", "half", "panics", "panics strangely", "hangs", "panics in identity"];
    for name in names {
        for event in [create(), update(ID, properties("books")), update(INVENTED, json!(7)), delete(ID)] {
            let event = with(event, "ResourceProperties", properties(name));
            let answered = function.invoke(event.clone()).await;
            assert_valid(&event, &answered);
            // The id of a Delete is known: its identity need not be told.
            let unasked = name == "panics in identity" && event["RequestType"] == "Delete";
            assert_eq!(answered.status() == "SUCCESS", name == "books" || unasked, "{name}: {answered:?}");
        }
    }
}

/// A function that starts as `start` says.
fn starting<F>(start: F) -> Function
where
    F: Fn() -> Result<(), BoxError> + Send + Sync + 'static,
{
    let calls = Arc::<Mutex<Vec<Seen>>>::default();
    let (start, seen) = (Arc::new(start), Arc::clone(&calls));
    let start: Start<Scripted> = Arc::new(move || {
        let (start, calls) = (start.clone(), seen.clone());
        Box::pin(async move { start().map(|()| Scripted { calls, ..Scripted::new(|_| async { done() }) }) })
    });
    Function { guard: Guard::new(start, None, Handle::current(), Some(super::fixture::ON_LOOPBACK)), calls }
}

#[tokio::test]
async fn r02_a_function_that_could_not_start_answers_why() {
    let fails = starting(|| Err("SHELF_TABLE is not set".into()));
    let panics = starting(|| panic!("no region"));
    for (function, problem) in [(fails, "SHELF_TABLE is not set"), (panics, "panicked: no region")] {
        let created = function.invoke(create()).await;
        let expected = format!("the function could not start: {problem}");
        assert!(created.reason().starts_with(&expected), "{created:?}");
        assert_eq!((created.status(), created.id()), ("FAILED", MARKER));
        // The stack rolls back, and that must not need the function.
        assert_eq!(function.invoke(delete(MARKER)).await.status(), "SUCCESS");
        let updated = function.invoke(update(ID, properties("books"))).await;
        assert_eq!((updated.status(), updated.id()), ("FAILED", ID));
        assert!(function.methods().is_empty());
    }
}

#[tokio::test]
async fn r02_a_start_that_failed_is_tried_again_with_the_next_request() {
    let starts = AtomicU32::new(0);
    let function =
        starting(
            move || {
                if starts.fetch_add(1, Ordering::SeqCst) == 0 { Err("no credentials yet".into()) } else { Ok(()) }
            },
        );
    assert_eq!(function.invoke(create()).await.status(), "FAILED");
    assert_eq!(function.invoke(create()).await.status(), "SUCCESS");
    assert_eq!(function.invoke(create()).await.status(), "SUCCESS");
}

#[tokio::test(start_paused = true)]
async fn r02_a_start_that_hangs_is_answered_in_time() {
    let start: Start<Scripted> = Arc::new(|| Box::pin(pending()));
    let guard = Guard::new(start, None, Handle::current(), Some(super::fixture::ON_LOOPBACK));
    let began = Instant::now();
    let addressed = guard.answer(invocation(create(), LAMBDA_TIME)).await.unwrap();
    let answered = Answered::read(&addressed.answer.body);
    assert!(answered.reason().starts_with("the start of the function did not end in the 51."), "{answered:?}");
    assert_eq!(answered.id(), MARKER);
    assert!(began.elapsed() < LAMBDA_TIME - Duration::from_secs(8));
}

#[tokio::test]
async fn r03_any_field_missing_or_of_the_wrong_kind_is_answered_and_named() {
    let named = |field: &str| !matches!(field, "ServiceToken" | "OldResourceProperties");
    for event in [create(), update(ID, properties("books")), delete(ID)] {
        let fields: Vec<String> = event.as_object().unwrap().keys().cloned().collect();
        for field in fields.iter().filter(|field| *field != "ResponseURL") {
            let kinds =
                [None, Some(Value::Null), Some(json!(7)), Some(json!(["a"])), Some(json!({"a": 1})), Some(json!(""))];
            for kind in kinds {
                let event = match kind {
                    Some(kind) => with(event.clone(), field, kind),
                    None => without(event.clone(), field),
                };
                let answered = obliging().invoke(event.clone()).await;
                assert_valid(&event, &answered);
                let deletes = event["RequestType"] == "Delete" && field == "ResourceProperties";
                if named(field) && !deletes && !(field == "ResourceProperties" && event[field].is_object()) {
                    assert_eq!(answered.status(), "FAILED", "{field}: {answered:?}");
                    assert!(answered.reason().contains(field.as_str()), "{field}: {answered:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn r03_an_unknown_request_is_answered_with_what_is_known() {
    let answered = obliging().invoke(with(delete(ID), "RequestType", json!("Patch"))).await;
    assert_eq!((answered.status(), answered.id()), ("FAILED", ID));
    let expected = r#"the event cannot be used: RequestType is "Patch", expected Create, Update or Delete"#;
    assert!(answered.reason().starts_with(expected), "{answered:?}");
}

#[tokio::test]
async fn r03_only_an_event_without_a_usable_address_is_met_with_silence() {
    let urls = [json!(null), json!(7), json!(""), json!("https://"), json!("nonsense"), json!("https://example.com/x")];
    let events = urls.map(|url| with(create(), "ResponseURL", url)).into_iter();
    for event in events.chain([without(create(), "ResponseURL"), json!(null), json!([create()]), json!("Create")]) {
        let function = obliging();
        assert!(function.invoke_for(event.clone(), LAMBDA_TIME).await.is_none(), "{event}");
        assert!(function.guard.handle(invocation(event, LAMBDA_TIME)).await.is_ok());
        assert!(function.methods().is_empty());
    }
}

/// Blocks the thread until the other end is dropped.
fn block(receiver: &Mutex<std::sync::mpsc::Receiver<Infallible>>) {
    let _ = receiver.lock().unwrap_or_else(std::sync::PoisonError::into_inner).recv();
}

/// Handlers that pause, then block their threads. Every thread of their runtime is used up.
fn assert_blocked_handlers_are_answered(pause: Duration) {
    let handlers = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (release, blocked) = std::sync::mpsc::channel();
    let blocked = Arc::new(Mutex::new(blocked));
    let resource = Scripted::<false>::new(move |_| {
        let blocked = blocked.clone();
        async move {
            sleep(pause).await;
            block(&blocked);
            done()
        }
    });
    let guards = Builder::new_current_thread().enable_all().build().unwrap();
    let lambda_time = Duration::from_secs(2);
    let began = std::time::Instant::now();
    let answered = guards.block_on(async {
        let function = Function::of(resource, None, handlers.handle().clone());
        let (first, second) =
            tokio::join!(function.invoke_for(create(), lambda_time), function.invoke_for(create(), lambda_time));
        [first, second].map(Option::unwrap)
    });
    assert!(began.elapsed() < lambda_time, "{:?}", began.elapsed());
    for answered in answered {
        assert!(answered.reason().starts_with("create did not end in the 1."), "{answered:?}");
        assert_eq!((answered.status(), answered.id()), ("FAILED", ID));
    }
    drop(release);
    handlers.shutdown_timeout(Duration::from_secs(5));
}

#[test]
fn r05_a_handler_that_blocks_its_thread_is_answered_in_time() {
    assert_blocked_handlers_are_answered(Duration::ZERO);
}

/// After a pause a handler continues on the thread that drives the timers of its runtime, and takes the driver with it.
#[test]
fn r05_a_handler_that_blocks_the_thread_of_the_timer_is_answered_in_time() {
    assert_blocked_handlers_are_answered(Duration::from_millis(5));
}

#[tokio::test(start_paused = true)]
async fn r08_what_ran_out_of_time_is_named_with_how_long_it_had() {
    for (event, method) in [(create(), "create"), (update(ID, properties("books")), "update"), (delete(ID), "delete")] {
        let function = function(|_| pending());
        let began = Instant::now();
        let answered = function.invoke(event).await;
        // 60 s less a margin of 0.25 s for the runtime and 8 s for the answer.
        assert_eq!(began.elapsed(), Duration::from_millis(51_750));
        let expected = format!("{method} did not end in the 51.8 s it had (log group /aws/lambda/shelf");
        assert!(answered.reason().starts_with(&expected), "{answered:?}");
        assert_eq!((answered.status(), answered.id()), ("FAILED", ID));
    }
}

#[tokio::test(start_paused = true)]
async fn r08_a_handler_that_would_have_finished_later_is_stopped() {
    let finished = Arc::new(AtomicU32::new(0));
    let seen = finished.clone();
    let function = function(move |_| {
        let seen = seen.clone();
        async move {
            sleep(Duration::from_millis(51_800)).await;
            seen.fetch_add(1, Ordering::SeqCst);
            done()
        }
    });
    assert_eq!(function.invoke(create()).await.status(), "FAILED");
    sleep(Duration::from_secs(60)).await;
    assert_eq!(finished.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn r32_nothing_of_one_request_reaches_the_next() {
    let function = obliging();
    function.invoke(create()).await;
    let fields = ["StackId", "RequestId", "LogicalResourceId"];
    let bare = fields.into_iter().fold(delete(INVENTED), without);
    let answered = function.invoke(bare.clone()).await;
    assert_valid(&bare, &answered);
    assert_eq!(answered.body["LogicalResourceId"], "");
    let other = with(with(create(), "LogicalResourceId", json!("Other")), "RequestId", json!("another"));
    let answered = function.invoke(other.clone()).await;
    assert_valid(&other, &answered);
    assert_eq!(answered.id(), ID.replace("/Shelf/", "/Other/"));
}

/// Any JSON, with texts that are hard to write.
fn any_json() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        ".{0,40}",
        "[\"\\\\\n\r\t\u{0}\u{1}\u{1f}\u{7f}]{0,900}",
        "[\u{1f6a2}\u{10ffff}é]{0,1200}",
        Just(STACK_ID.to_owned()),
        Just("Delete".to_owned()),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        text.prop_map(Value::from)
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map("[A-Za-z]{1,8}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn any_event() -> impl Strategy<Value = Value> {
    let base = prop_oneof![Just(create()), Just(update(ID, properties("books"))), Just(delete(ID))];
    let fields = prop::sample::select(vec![
        "RequestType",
        "RequestId",
        "StackId",
        "LogicalResourceId",
        "ResourceType",
        "PhysicalResourceId",
        "ResourceProperties",
        "OldResourceProperties",
        "ServiceTimeout",
        "Continuation",
    ]);
    let changes = proptest::collection::vec((fields, proptest::option::of(any_json())), 0..5);
    (base, changes).prop_map(|(event, changes)| {
        changes.into_iter().fold(event, |event, (field, change)| match change {
            Some(value) => with(event, field, value),
            None => without(event, field),
        })
    })
}

fn any_outcome() -> impl Strategy<Value = Outcome> {
    let text = prop_oneof![".{0,60}", "[\"\\\\\n\t\u{0}\u{1b} ]{0,5000}", "[\u{1f6a2}é\"x ]{0,5000}"];
    let attributes = proptest::collection::btree_map("[A-Za-z.]{1,12}", text.clone(), 0..6)
        .prop_map(|map| Outcome::Done(map.into_iter().collect::<Attributes>()));
    let failed = (text, any::<bool>()).prop_map(|(reason, something)| Outcome::Failed {
        reason,
        made: if something { Made::Something } else { Made::Nothing },
    });
    prop_oneof![attributes, failed]
}

proptest! {
    #[test]
    fn r01_any_event_with_any_outcome_has_a_valid_answer(
        event in any_event(),
        outcome in any_outcome(),
        target in proptest::option::of(".{0,40}"),
        no_echo: bool,
        stream in ".{0,200}",
    ) {
        let envelope = Envelope::read(&event);
        let ids = Ids::without_target(&envelope, "shelf");
        let ids = match target {
            Some(target) => ids.with_target(&envelope, &PhysicalId::new("shelf", [target])),
            None => ids,
        };
        let log = LogPointer { stream, ..LogPointer::default() };
        let answer = Answer::new(&envelope, &ids, &outcome, no_echo, &log);
        let again = Answer::new(&envelope, &ids, &outcome, no_echo, &log);
        prop_assert_eq!(&answer.body, &again.body);
        assert_valid(&event, &Answered::read(&answer.body));
    }
}
