//! Lambda may deliver any event again, to the same process or beside it.

use std::time::Duration;

use lambda_process::Outcome;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::stage::{Event, Setting, Stage, answer_to, calls};

#[tokio::test]
async fn r30_the_same_request_twice_gets_the_same_answer() {
    let mut stage = Stage::set(Setting::default()).await;
    for step in ["Succeed", "Fail", "FailHalfMade", "Panic"] {
        let properties = json!({"OnCreate": step, "OnUpdate": step, "OnDelete": step, "Size": "5"});
        for event in Event::each_kind(&properties) {
            let first = stage.hand(&event).await.one_answer();
            let second = stage.hand(&event).await.one_answer();
            assert_eq!(settled(&first), settled(&second), "{step}");
        }
    }
    stage.end().await;
}

#[tokio::test]
async fn r30_the_same_request_at_once_in_two_processes_gets_the_same_answer() {
    for event in
        Event::each_kind(&json!({"Size": "5", "OnCreate": "Unfinished", "Turns": "2", "AgainInMilliseconds": "100"}))
    {
        let (mut one, mut other) = (Stage::set(Setting::default()).await, Stage::set(Setting::default()).await);
        let (first, second) = tokio::join!(one.hand(&event), other.hand(&event));
        assert_eq!(first.one_answer(), second.one_answer());
        assert_eq!(first.one_answer()["Status"], "SUCCESS");
        one.end().await;
        other.end().await;
    }
}

#[tokio::test]
async fn r30_a_request_cut_off_by_a_kill_is_answered_when_it_comes_again() {
    let slow = json!({
        "OnCreate": "Unfinished",
        "OnUpdate": "Unfinished",
        "OnDelete": "Unfinished",
        "AgainInMilliseconds": "1000",
        "Size": "5",
    });
    for event in Event::each_kind(&slow) {
        let mut killed = Stage::set(Setting::default()).await;
        let switch = killed.process.kill_switch();
        let kill = async {
            sleep(Duration::from_millis(500)).await;
            switch.pull().await.unwrap()
        };
        let (cut_off, exit) = tokio::join!(killed.hand(&event), kill);
        assert_eq!(cut_off.invocation.outcome, Outcome::Exited(exit));
        assert!(cut_off.deliveries.is_empty());
        assert_eq!(calls(&killed.process.log()).len(), 1, "it was not in the middle of its work");

        let (again, _) = answer_to(Setting::default(), event.clone()).await;
        let (undisturbed, _) = answer_to(Setting::default(), event).await;
        assert_eq!(again["Status"], "SUCCESS");
        assert_eq!(again, undisturbed);
    }
}

/// All but the reason, which names the invocation whose log has more.
fn settled(answer: &Value) -> Value {
    let mut answer = answer.clone();
    answer.as_object_mut().unwrap().shift_remove("Reason");
    answer
}
