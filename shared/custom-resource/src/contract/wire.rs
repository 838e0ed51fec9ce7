//! R6, R9, R11 to R14: delivering the answer.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::time::Instant;

use super::endpoint::{Endpoint, Reply};
use super::fixture::*;
use crate::Failure;
use crate::delivery::{Delivery, Problem, Undelivered};
use crate::response_url::ResponseUrl;

/// Path and query of a response URL, with everything in them that a client might be tempted to tidy up.
const TARGET: &str = "/arn%3Aaws%3acloudformation%3Aeu-central-1%3A111122223333%3Astack/a//b/../c%2Fd%7CShelf|e\
    ?X-Amz-Signature=s3cr3t%2Bsig%3D&X-Amz-SignedHeaders=host&a=%7e~&&b=+";

fn url(scheme: &str, authority: &str) -> Value {
    json!({ "ResponseURL": format!("{scheme}://{authority}{TARGET}") })
}

fn long() -> Instant {
    Instant::now() + Duration::from_secs(20)
}

fn short() -> Instant {
    Instant::now() + Duration::from_millis(600)
}

async fn deliver(authority: &str, body: &[u8], until: Instant) -> Result<u32, Undelivered> {
    let url = ResponseUrl::of(&url("http", authority), true).unwrap();
    Delivery::new().deliver(&url, body, until).await
}

#[tokio::test]
async fn r06_lambda_hears_of_an_error_only_when_nobody_was_answered() {
    for (reply, undelivered) in [(Reply::Status(200), false), (Reply::Status(403), true)] {
        let endpoint = Endpoint::new(&[reply]).await;
        let fails = function(|_| async { Err(Failure::new(refusal())) });
        for function in [obliging(), fails] {
            let event = with(create(), "ResponseURL", url("http", &endpoint.authority)["ResponseURL"].clone());
            let handled = function.guard.handle(invocation(event, LAMBDA_TIME)).await;
            assert_eq!(handled.is_err(), undelivered);
        }
        assert_eq!(endpoint.requests().len(), 2);
    }
}

#[tokio::test]
async fn r09_an_endpoint_that_never_answers_does_not_hold_the_function() {
    let endpoint = Endpoint::new(&[Reply::Silence]).await;
    let (began, until) = (Instant::now(), short());
    let undelivered = deliver(&endpoint.authority, b"{}", until).await.unwrap_err();
    assert!(matches!(undelivered.problem, Problem::Silence(_)) && undelivered.attempts > 1, "{undelivered}");
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
}

#[tokio::test]
async fn r09_a_handshake_that_never_ends_does_not_hold_the_function() {
    let endpoint = Endpoint::new(&[Reply::Silence]).await;
    let url = ResponseUrl::of(&url("https", &endpoint.authority), true).unwrap();
    let began = Instant::now();
    let undelivered = Delivery::new().deliver(&url, b"{}", short()).await.unwrap_err();
    assert!(matches!(undelivered.problem, Problem::Silence(_)), "{undelivered}");
    // Reading the trust roots comes before the first attempt's connection.
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    let hello = endpoint.requests();
    assert!(hello.iter().all(|sent| sent.is_empty() || sent[0] == 0x16), "only TLS handshakes were sent");
}

#[tokio::test]
async fn r11_the_request_is_exactly_what_the_signature_covers() {
    for body in ["{}".to_owned(), "é\u{1f6a2}".repeat(600)] {
        let endpoint = Endpoint::new(&[Reply::Status(200)]).await;
        assert_eq!(deliver(&endpoint.authority, body.as_bytes(), long()).await.unwrap(), 1);
        // Bytes, not characters, and not in chunks.
        let head = format!(
            "PUT {TARGET} HTTP/1.1\r\ncontent-type: \r\ncontent-length: {}\r\nhost: {}\r\n\r\n",
            body.len(),
            endpoint.authority
        );
        assert_eq!(String::from_utf8(endpoint.requests().remove(0)).unwrap(), head + &body);
    }
}

#[tokio::test]
async fn r12_the_url_reaches_the_wire_untouched() {
    let endpoint = Endpoint::new(&[Reply::Status(200)]).await;
    deliver(&endpoint.authority, b"{}", long()).await.unwrap();
    let request = endpoint.requests().remove(0);
    assert_eq!(request.split(|byte| *byte == b' ').nth(1).unwrap(), TARGET.as_bytes());
}

#[tokio::test]
async fn r13_what_can_pass_is_tried_again_and_what_cannot_is_not() {
    for transient in [408, 429, 500, 502, 503, 504] {
        let endpoint = Endpoint::new(&[Reply::Status(transient), Reply::Status(200)]).await;
        assert_eq!(deliver(&endpoint.authority, b"{}", long()).await.unwrap(), 2, "{transient}");
        assert_eq!(endpoint.requests().len(), 2);
    }
    for last in [301, 307, 400, 403, 404, 405, 411, 412] {
        let endpoint = Endpoint::new(&[Reply::Status(last)]).await;
        let undelivered = deliver(&endpoint.authority, b"{}", long()).await.unwrap_err();
        assert!(undelivered.to_string().contains(&format!("in 1 attempts: the response URL answered {last}")));
        assert_eq!(endpoint.requests().len(), 1);
    }
}

#[tokio::test]
async fn r13_an_endpoint_that_stays_unavailable_is_given_up_in_time() {
    let endpoint = Endpoint::new(&[Reply::Status(503)]).await;
    let until = Instant::now() + Duration::from_millis(1200);
    let undelivered = deliver(&endpoint.authority, b"{}", until).await.unwrap_err();
    assert!(Instant::now() < until + Duration::from_secs(1));
    assert!(undelivered.attempts > 1 && matches!(undelivered.problem, Problem::Status(_)), "{undelivered}");
}

#[tokio::test]
async fn r13_a_lost_connection_is_tried_again() {
    let endpoint = Endpoint::new(&[Reply::Reset, Reply::Status(200)]).await;
    assert_eq!(deliver(&endpoint.authority, b"{}", long()).await.unwrap(), 2);

    // Nobody listens, until somebody does.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let authority = listener.local_addr().unwrap().to_string();
    drop(listener);
    let undelivered = deliver(&authority, b"{}", short()).await.unwrap_err();
    assert!(matches!(undelivered.problem, Problem::Network(_)) && undelivered.attempts > 1, "{undelivered}");
}

#[tokio::test]
async fn r14_every_attempt_sends_the_same_bytes() {
    let replies = [Reply::Status(500), Reply::Reset, Reply::Status(503), Reply::Status(200)];
    let endpoint = Endpoint::new(&replies).await;
    let event = with(create(), "ResponseURL", url("http", &endpoint.authority)["ResponseURL"].clone());
    obliging().guard.handle(invocation(event, LAMBDA_TIME)).await.unwrap();
    let requests = endpoint.requests();
    assert_eq!(requests.len(), 4);
    assert!(requests.iter().all(|request| *request == requests[0]));
    assert_eq!(Answered::read(&endpoint.bodies()[0]).status(), "SUCCESS");
}
