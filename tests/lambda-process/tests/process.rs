//! The process: what it is given, and what becomes of one that does not behave.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "whatever these meet is a failed test"
)]

use std::time::{Duration, Instant};

use lambda_process::{Function, Outcome};

/// A function in shell: takes one event and, unless told otherwise, answers it with the event's own request id.
fn shell(then: &str) -> Function {
    let script = format!(
        r#"exec 3<>/dev/tcp/${{AWS_LAMBDA_RUNTIME_API/://}}
        printf 'GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nhost: api\r\n\r\n' >&3
        while IFS= read -r line <&3; do
            line=${{line%$'\r'}}
            case $line in lambda-runtime-aws-request-id:*) id=${{line#*: }};; '') break;; esac
        done
        echo "took $id"
        {then}"#
    );
    Function::new("/bin/bash").arguments(["-c", &script])
}

const ANSWER: &str = r#"
    printf 'POST /2018-06-01/runtime/invocation/%s/response HTTP/1.1\r\nhost: api\r\ncontent-length: 2\r\n\r\n{}' "$id" >&3
    sleep 60"#;

#[tokio::test]
async fn what_a_process_works_is_counted() {
    let mut idle = shell(ANSWER).start().await.unwrap();
    let mut busy = shell(&ANSWER.replace("sleep 60", "for ((n = 0; n < 200000; n++)); do :; done; sleep 60"))
        .start()
        .await
        .unwrap();
    for process in [&mut idle, &mut busy] {
        process.invoke("{}").await.unwrap();
    }
    let limit = Instant::now() + Duration::from_secs(10);
    while busy.processor_time().unwrap() <= idle.processor_time().unwrap() + Duration::from_millis(50) {
        assert!(Instant::now() < limit, "{:?} and {:?}", busy.processor_time(), idle.processor_time());
        busy.idle(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn an_event_is_answered_and_timed() {
    let mut process = shell(ANSWER).start().await.unwrap();
    assert!(process.ready().await.unwrap() > Duration::ZERO);
    let invocation = process.invoke(r#"{"a":1}"#).await.unwrap();
    assert_eq!(invocation.outcome, Outcome::Response("{}".into()));
    let memory = process.memory().unwrap();
    assert!(memory.resident_kib > 0 && memory.peak_kib >= memory.resident_kib);
    let ended = process.stop().await.unwrap();
    assert_eq!(ended.log, [format!("took {}", invocation.request_id)]);
    assert!(ended.stray_answers.is_empty());
}

#[tokio::test]
async fn a_second_answer_is_noticed() {
    let twice = format!("{}\n{}", ANSWER.replace("sleep 60", ""), ANSWER);
    let mut process = shell(&twice).start().await.unwrap();
    let invocation = process.invoke("{}").await.unwrap();
    process.idle(Duration::from_millis(300)).await;
    assert_eq!(process.stop().await.unwrap().stray_answers, [invocation.request_id]);
}

#[tokio::test]
async fn a_function_that_runs_out_of_time_is_killed() {
    let mut process = shell("sleep 60").timeout(Duration::from_millis(300)).start().await.unwrap();
    let invocation = process.invoke("{}").await.unwrap();
    assert_eq!((invocation.outcome, invocation.duration), (Outcome::TimedOut, Duration::from_millis(300)));
    assert!(process.memory().is_err() && process.processor_time().is_err());
    assert_eq!(process.stop().await.unwrap().exit.to_string(), "signal: 9 (SIGKILL)");
}

#[tokio::test]
async fn a_function_that_ends_is_noticed_at_once() {
    let mut process = shell("exit 3").start().await.unwrap();
    let Outcome::Exited(exit) = process.invoke("{}").await.unwrap().outcome else { panic!("it did not end") };
    assert_eq!(exit.code(), Some(3));

    let mut process = Function::new("/bin/false").start().await.unwrap();
    assert!(process.ready().await.unwrap_err().to_string().contains("exit status: 1"));
}

#[tokio::test]
async fn a_function_inherits_nothing() {
    let mut process = Function::new("/usr/bin/env").env("GIVEN", "1").start().await.unwrap();
    assert!(process.ready().await.is_err());
    let log = process.stop().await.unwrap().log;
    let names: Vec<_> = log.iter().filter_map(|line| line.split_once('=')).map(|(name, _)| name).collect();
    assert!(names.contains(&"GIVEN") && names.contains(&"AWS_LAMBDA_FUNCTION_MEMORY_SIZE"), "{names:?}");
    for (inherited, _) in std::env::vars().filter(|(name, _)| name.starts_with("CARGO") || name == "HOME") {
        assert!(!names.contains(&inherited.as_str()), "{inherited}");
    }
}
