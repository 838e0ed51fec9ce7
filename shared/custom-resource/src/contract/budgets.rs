//! R7, R50: how long a request may take.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::fixture::*;
use crate::deadline::Deadline;

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[test]
fn r07_the_budget_is_the_nearer_end_less_what_the_answer_needs() {
    // Invocation, CloudFormation's patience: when the handler, the delivery and the whole request must be over.
    let table = [
        (seconds(60), seconds(3600), (millis(51_750), millis(59_750), seconds(3592))),
        (seconds(900), seconds(3600), (millis(891_750), millis(899_750), seconds(3592))),
        (seconds(900), seconds(120), (seconds(112), seconds(120), seconds(112))),
        (seconds(60), seconds(61), (millis(51_750), millis(59_750), seconds(53))),
        // A short function keeps back a quarter, and 5 % for the runtime.
        (seconds(4), seconds(3600), (millis(2850), millis(3800), seconds(3592))),
        (seconds(60), seconds(1), (millis(750), seconds(8), millis(750))),
        (seconds(60), seconds(0), (seconds(0), seconds(8), seconds(0))),
        (seconds(0), seconds(3600), (seconds(0), seconds(0), seconds(3592))),
    ];
    let now = Instant::now();
    for (invocation, request, (handler, delivery, whole)) in table {
        let deadline = Deadline::new(now, invocation, request);
        let found = (deadline.handler - now, deadline.delivery - now, deadline.request - now);
        assert_eq!(found, (handler, delivery, whole), "{invocation:?} {request:?}");
        assert!(deadline.latest_call <= deadline.handler);
    }
}

#[tokio::test(start_paused = true)]
async fn r07_service_timeout_counts_wherever_it_stands_and_however_it_is_written() {
    let among = |timeout| {
        let mut properties = properties("books");
        properties["ServiceTimeout"] = timeout;
        with(create(), "ResourceProperties", properties)
    };
    let events = [
        with(create(), "ServiceTimeout", json!("20")),
        with(create(), "ServiceTimeout", json!(20)),
        among(json!("20")),
        among(json!(20)),
        with(among(json!("900")), "ServiceTimeout", json!("20")),
    ];
    for event in events {
        let function = obliging();
        assert_eq!(function.invoke(event.clone()).await.status(), "SUCCESS");
        assert_eq!(function.last().time.remaining(), seconds(15), "{event}");
    }
    let function = obliging();
    function.invoke(create()).await;
    assert_eq!(function.last().time.remaining(), millis(51_750));
}

#[tokio::test]
async fn r07_a_service_timeout_that_is_none_is_a_fault_except_for_a_delete() {
    for timeout in [json!("soon"), json!("0"), json!(3601), json!(-1), json!(1.5), json!(null), json!(["20"])] {
        let created = obliging().invoke(with(create(), "ServiceTimeout", timeout.clone())).await;
        assert!(created.reason().contains("ServiceTimeout is not a whole number of seconds from 1 to 3600"));
        assert_eq!(obliging().invoke(with(delete(ID), "ServiceTimeout", timeout)).await.status(), "SUCCESS");
    }
}

#[tokio::test(start_paused = true)]
async fn r50_no_answer_is_held_back() {
    let function = obliging();
    let began = Instant::now();
    for event in [create(), update(ID, properties("books")), delete(ID), delete(MARKER)] {
        function.invoke(event).await;
    }
    assert_eq!(began.elapsed(), Duration::ZERO);
}
