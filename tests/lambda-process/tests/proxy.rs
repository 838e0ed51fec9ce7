//! The proxy: what reaches the service, what the process sees, and when the process dies.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "whatever these meet is a failed test"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use lambda_process::{Call, Fault, Function, KillSwitch, Process, Proxy, Reply, Server, Upstreams};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

struct Setting {
    reached: Arc<AtomicUsize>,
    _upstream: Server,
    proxy: Proxy,
    process: Process,
}

async fn setting(delay: Duration, fault: impl Fn(&Call) -> Fault + Send + Sync + 'static) -> Setting {
    let reached = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&reached);
    let upstream = Server::start(move |request| {
        let reached = counter.fetch_add(1, Ordering::SeqCst) + 1;
        async move { Reply::status(200, format!("{reached} {} {}", request.target, request.body.len())) }
    })
    .await
    .unwrap();
    let switch = KillSwitch::new();
    let upstreams = Upstreams::new(&upstream.url()).unwrap();
    let proxy = Proxy::start(upstreams, delay, switch.clone(), fault).await.unwrap();
    let process = Function::new("/bin/sleep").arguments(["60"]).start_with(switch).await.unwrap();
    Setting { reached, _upstream: upstream, proxy, process }
}

/// The status line and body, or None when the connection ended without an answer.
async fn call(proxy: &Proxy) -> Option<String> {
    let mut stream = TcpStream::connect(proxy.url().strip_prefix("http://").unwrap()).await.unwrap();
    let request = "POST /a%2Fb?c=%7C HTTP/1.1\r\nhost: signed.example\r\nconnection: close\r\nx-amz-target: SageMaker.ListModels\r\n\
         authorization: AWS4-HMAC-SHA256 Credential=K/20260101/eu-central-1/sagemaker/aws4_request, SignedHeaders=host\r\n\
         content-length: 2\r\n\r\n{}";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let read = timeout(Duration::from_secs(5), stream.read_to_string(&mut answer)).await.unwrap();
    read.is_ok_and(|read| read > 0).then_some(answer)
}

#[tokio::test]
async fn a_call_is_forwarded_as_it_is_and_counted() {
    let setting = setting(Duration::ZERO, |_| Fault::None).await;
    let answer = call(&setting.proxy).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("1 /a%2Fb?c=%7C 2"), "{answer}");
    let calls = setting.proxy.calls();
    assert_eq!(calls.len(), 1);
    assert_eq!((calls[0].service.as_str(), calls[0].operation.as_str()), ("sagemaker", "ListModels"));
    assert_eq!(calls[0].status, Some(200));
}

#[tokio::test]
async fn a_process_is_killed_before_its_call_reaches_the_service() {
    let setting = setting(Duration::ZERO, |call| if call.number == 2 { Fault::KillBefore } else { Fault::None }).await;
    assert!(call(&setting.proxy).await.is_some());
    assert_eq!(call(&setting.proxy).await, None);
    assert_eq!(setting.reached.load(Ordering::SeqCst), 1);
    assert!(setting.process.memory().is_err(), "the process is still there");
}

#[tokio::test]
async fn a_process_is_killed_after_its_call_reached_the_service() {
    let setting = setting(Duration::ZERO, |_| Fault::KillAfter).await;
    assert_eq!(call(&setting.proxy).await, None);
    assert_eq!(setting.reached.load(Ordering::SeqCst), 1);
    let ended = setting.process.stop().await.unwrap();
    assert_eq!(ended.exit.to_string(), "signal: 9 (SIGKILL)");
}

#[tokio::test]
async fn a_call_is_answered_in_place_of_the_service() {
    let throttled = Fault::Answer { status: 400, body: r#"{"__type":"ThrottlingException"}"#.to_owned() };
    let setting = setting(Duration::ZERO, move |_| throttled.clone()).await;
    let answer = call(&setting.proxy).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400") && answer.ends_with(r#"{"__type":"ThrottlingException"}"#), "{answer}");
    assert_eq!(setting.reached.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn the_answer_is_lost_after_the_service_acted() {
    let setting = setting(Duration::ZERO, |_| Fault::ResetAfter).await;
    assert_eq!(call(&setting.proxy).await, None);
    assert_eq!(setting.reached.load(Ordering::SeqCst), 1);
    assert!(setting.process.memory().is_ok());
}

#[tokio::test]
async fn every_call_is_delayed() {
    let delay = Duration::from_millis(150);
    let setting = setting(delay, |_| Fault::None).await;
    let started = Instant::now();
    assert!(call(&setting.proxy).await.is_some());
    assert!(started.elapsed() >= delay);
}

#[test]
fn only_loopback_is_an_upstream() {
    for url in [
        "https://127.0.0.1:1",
        "http://sagemaker.eu-central-1.amazonaws.com",
        "127.0.0.1:1",
        "http://127.0.0.1.example",
    ] {
        assert!(Upstreams::new(url).is_err(), "{url}");
    }
}
