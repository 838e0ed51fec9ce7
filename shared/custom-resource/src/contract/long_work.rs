//! R41 to R45: work that takes longer than an invocation.

use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::runtime::Handle;
use tokio::time::Instant;

use super::fixture::*;
use crate::guard::{BoxError, Guard, Invoke, Start};
use crate::{Attributes, Failure, Progress};

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn unfinished(state: Value, again_in: Duration) -> Result<Progress, Failure> {
    Ok(Progress::Unfinished { waiting_for: "the paint to dry".to_owned(), state, again_in })
}

/// The payloads that a function handed to itself.
#[derive(Clone, Default)]
struct Handed(Arc<Mutex<Vec<Value>>>);

impl Handed {
    fn invoke(&self) -> Invoke {
        let handed = self.clone();
        Arc::new(move |payload| {
            handed.0.lock().unwrap().push(serde_json::from_slice(&payload).unwrap());
            Box::pin(async { Ok(()) })
        })
    }

    fn last(&self) -> Value {
        self.0.lock().unwrap().last().cloned().unwrap()
    }
}

/// A function that counts its calls in the state it hands over, and is done at the tenth.
fn counting(again_in: Duration, invoke_self: Option<Invoke>) -> Function {
    let resource = Scripted::new(move |seen| async move {
        match seen.state.map_or(1, |state| state.as_u64().unwrap_or_default() + 1) {
            10 => done(),
            calls => unfinished(json!(calls), again_in),
        }
    });
    Function::of(resource, invoke_self, Handle::current())
}

fn states(function: &Function) -> Vec<Option<Value>> {
    function.calls.lock().unwrap().iter().map(|seen| seen.state.clone()).collect()
}

#[tokio::test(start_paused = true)]
async fn r41_waiting_ends_with_service_timeout_and_says_what_for() {
    let handed = Handed::default();
    let function = counting(seconds(25), Some(handed.invoke()));
    let began = Instant::now();
    let event = with(create(), "ServiceTimeout", json!("40"));
    let answered = function.invoke(event).await;
    assert_eq!((answered.status(), answered.id()), ("FAILED", ID));
    let reason =
        "create was still waiting for the paint to dry after 25 s, and ServiceTimeout does not allow another look";
    assert!(answered.reason().starts_with(reason), "{answered:?}");
    assert!(began.elapsed() < seconds(40) && handed.0.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn r41_waiting_ends_with_the_invocation_where_there_cannot_be_another() {
    let answered = counting(seconds(30), None).invoke(create()).await;
    let reason = "create was still waiting for the paint to dry after 30 s, and the function has neither the time for \
                  another look nor a way to invoke itself";
    assert!(answered.reason().starts_with(reason), "{answered:?}");
    assert_eq!(answered.id(), ID);
}

#[tokio::test(start_paused = true)]
async fn r41_an_hour_is_the_end_however_many_invocations_it_took() {
    let now = crate::continuation::epoch_millis();
    for (started, goes_on) in [(3500, true), (3599, false), (7200, false)] {
        let handed = Handed::default();
        let function = counting(seconds(39), Some(handed.invoke()));
        let continuation = json!({
            "startedAt": now - started * 1000, "invocations": 4, "notBefore": now,
            "waitingFor": "the paint to dry", "physicalId": ID, "state": 3,
        });
        let answered = function.invoke_for(with(create(), "Continuation", continuation), LAMBDA_TIME).await;
        match answered {
            None => assert!(goes_on && handed.last()["Continuation"]["invocations"] == 5),
            Some(answered) => {
                assert!(!goes_on && answered.reason().contains("waiting for the paint to dry"), "{answered:?}");
                assert_eq!((answered.status(), answered.id()), ("FAILED", ID));
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn r42_work_that_fits_is_looked_at_again_in_the_same_invocation() {
    let function = counting(seconds(2), None);
    let began = Instant::now();
    let answered = function.invoke(create()).await;
    assert_eq!((answered.status(), answered.id(), began.elapsed()), ("SUCCESS", ID, seconds(18)));
    let expected: Vec<_> = std::iter::once(None).chain((1..10).map(|calls| Some(json!(calls)))).collect();
    assert_eq!(states(&function), expected);
}

#[tokio::test(start_paused = true)]
async fn r42_work_that_does_not_fit_goes_on_in_new_invocations_with_the_same_request() {
    for event in [create(), update(ID, properties("books")), delete(ID), delete(INVENTED)] {
        let handed = Handed::default();
        let function = counting(seconds(10), Some(handed.invoke()));
        let mut next = event.clone();
        let mut invocations = 0;
        let answered = loop {
            invocations += 1;
            assert!(invocations < 10);
            match function.invoke_for(next.clone(), LAMBDA_TIME).await {
                Some(answered) => break answered,
                None => next = handed.last(),
            }
            assert_eq!(without(next.clone(), "Continuation"), event);
            assert_eq!(next["Continuation"]["invocations"], invocations);
        };
        // Three waits of 10 s end before three quarters of an invocation's 51.75 s are over, a fourth does not.
        assert_eq!((answered.status(), invocations), ("SUCCESS", 3));
        assert_eq!(states(&function).len(), 10);
        assert_eq!(states(&function).last(), Some(&Some(json!(9))));
    }
}

#[tokio::test(start_paused = true)]
async fn r42_a_new_invocation_waits_for_the_moment_that_was_asked_for() {
    let handed = Handed::default();
    let function = counting(seconds(200), Some(handed.invoke()));
    assert!(function.invoke_for(create(), LAMBDA_TIME).await.is_none());
    let first = handed.last()["Continuation"].clone();
    // Longer than an invocation: the next one waits as long as it can, and hands on without a call.
    assert!(function.invoke_for(handed.last(), LAMBDA_TIME).await.is_none());
    let second = handed.last()["Continuation"].clone();
    assert_eq!(states(&function).len(), 1);
    assert_eq!((&first["state"], &second["state"]), (&json!(1), &json!(1)));
    assert_eq!(first["startedAt"], second["startedAt"]);
    // The clock on the wall stands still in this test, the waiting does not.
    let to_wait = |continuation: &Value| {
        seconds((continuation["notBefore"].as_u64().unwrap() - continuation["startedAt"].as_u64().unwrap()) / 1000)
    };
    assert_eq!((to_wait(&first), to_wait(&second)), (seconds(161), seconds(122)));
}

#[tokio::test(start_paused = true)]
async fn r42_a_function_that_cannot_invoke_itself_says_so_at_once() {
    let refuses: Invoke = Arc::new(|_| Box::pin(async { Err(BoxError::from("lambda:Invoke answered AccessDenied")) }));
    let panics: Invoke = Arc::new(|_| Box::pin(async { panic!("no client") }));
    let hangs: Invoke = Arc::new(|_| Box::pin(pending()));
    let table = [
        (refuses, "lambda:Invoke answered AccessDenied"),
        (panics, "panicked: no client"),
        (hangs, "invoking it took too long"),
    ];
    for (invoke_self, problem) in table {
        let began = Instant::now();
        let answered = counting(seconds(50), Some(invoke_self)).invoke(create()).await;
        let reason = format!("cannot go on waiting for the paint to dry in a new invocation: {problem} (log group");
        assert!(answered.reason().starts_with(&reason), "{answered:?}");
        assert_eq!((answered.status(), answered.id()), ("FAILED", ID));
        assert!(began.elapsed() <= seconds(52));
    }
}

#[tokio::test(start_paused = true)]
async fn r43_a_wait_that_ends_in_silence_is_answered_without_the_handlers_words() {
    let function = function(|seen| async move {
        if seen.state.is_some() {
            pending::<()>().await;
        }
        unfinished(json!(1), seconds(5))
    });
    let answered = function.invoke(create()).await;
    let reason = "create did not end in the 51.8 s it had, waiting for the paint to dry (log group";
    assert!(answered.reason().starts_with(reason), "{answered:?}");
    assert_eq!(answered.id(), ID);
}

#[tokio::test]
async fn r43_a_continuation_that_cannot_be_read_is_answered() {
    for continuation in [json!(null), json!("x"), json!({}), json!({ "startedAt": "yesterday" })] {
        let answered = obliging().invoke(with(create(), "Continuation", continuation)).await;
        assert!(answered.reason().contains("Continuation is not what this function hands to itself"), "{answered:?}");
    }
}

#[tokio::test]
async fn r43_a_later_invocation_that_cannot_start_names_what_was_begun() {
    let now = crate::continuation::epoch_millis();
    let continuation = json!({
        "startedAt": now, "invocations": 1, "notBefore": now,
        "waitingFor": "the paint to dry", "physicalId": ID, "state": 1,
    });
    let start: Start<Scripted> = Arc::new(|| Box::pin(async { Err("no credentials".into()) }));
    let guard = Guard::new(start, None, Handle::current(), Some(super::fixture::ON_LOOPBACK));
    let event = with(create(), "Continuation", continuation);
    let answered = Answered::read(&guard.answer(invocation(event, LAMBDA_TIME)).await.unwrap().answer.body);
    assert_eq!((answered.status(), answered.id()), ("FAILED", ID));
}

#[tokio::test(start_paused = true)]
async fn r44_only_the_finished_work_has_attributes() {
    let function = function(|seen| async move {
        match seen.state {
            None => unfinished(json!({ "Job": "j-1" }), seconds(1)),
            Some(state) => Ok(Attributes::new().with("Job", state["Job"].as_str().unwrap_or_default()).into()),
        }
    });
    let answered = function.invoke(create()).await;
    assert_eq!((answered.id(), &answered.body["Data"]), (ID, &json!({ "Job": "j-1" })));
}

#[tokio::test(start_paused = true)]
async fn r45_an_error_while_waiting_is_answered_at_once_and_leaves_something_to_delete() {
    let function = function(|seen| async move {
        match seen.state {
            None => unfinished(json!(1), seconds(3)),
            Some(_) => Err(Failure::new(refusal())),
        }
    });
    let began = Instant::now();
    let answered = function.invoke(create()).await;
    assert_eq!((answered.status(), answered.id(), began.elapsed()), ("FAILED", ID, seconds(3)));
    assert!(answered.reason().starts_with("the wall is too weak"));
}
