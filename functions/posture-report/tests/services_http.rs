//! What is sent to S3, and how its answers are read, over HTTP on loopback.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should say where"
)]

use std::sync::{Arc, Mutex};

use lambda_process::{Reply, Request, Server, client};
use posture_report::{Bucket, BucketInS3};

type Asked = Arc<Mutex<Vec<Request>>>;

async fn answering(replies: Vec<(u16, String)>) -> (Server, Asked, BucketInS3<'static>) {
    let asked = Asked::default();
    let (log, replies) = (Arc::clone(&asked), Mutex::new(replies.into_iter()));
    let server = Server::start(move |request| {
        log.lock().unwrap().push(request);
        let (status, body) = replies.lock().unwrap().next().expect("one reply a request");
        std::future::ready(Reply::status(status, body))
    })
    .await
    .unwrap();
    let bucket = BucketInS3::over(client!(aws_sdk_s3, server.url(), "eu-central-1", 1), "controls");
    (server, asked, bucket)
}

fn error(code: &str) -> String {
    format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>m</Message></Error>")
}

fn sent(request: &Request) -> (String, Vec<(&'static str, String)>, String) {
    let header = |name: &'static str| Some((name, request.headers.get(name)?.to_str().unwrap().to_owned()));
    let headers = ["content-type", "content-length", "if-none-match", "x-amz-checksum-crc32"];
    let line = format!("{} {}", request.method, request.target);
    (line, headers.into_iter().filter_map(header).collect(), String::from_utf8(request.body.to_vec()).unwrap())
}

#[tokio::test]
async fn objects_are_read() {
    let (_server, asked, bucket) =
        answering(vec![(200, "{}".to_owned()), (404, error("NoSuchKey")), (403, error("AccessDenied"))]).await;
    let key = "posture/2026-01-31T12:00:00.000Z.json";
    assert_eq!(bucket.object(key).await.unwrap().as_deref(), Some(b"{}".as_slice()));
    assert_eq!(bucket.object(key).await.unwrap(), None);
    // What S3 answers to a role that may not list the bucket, too: not the same as nothing there.
    assert!(bucket.object(key).await.unwrap_err().is_access_denied());
    let line = "GET /controls/posture/2026-01-31T12%3A00%3A00.000Z.json?x-id=GetObject";
    assert_eq!(sent(&asked.lock().unwrap()[0]).0, line);
}

#[tokio::test]
async fn objects_are_written() {
    let (_server, asked, bucket) = answering(vec![
        (200, String::new()),
        (200, String::new()),
        (412, error("PreconditionFailed")),
        (409, error("ConditionalRequestConflict")),
        (503, error("SlowDown")),
    ])
    .await;
    let html = "text/html; charset=utf-8";
    bucket.put("posture/latest.html", html, b"<p>".to_vec()).await.unwrap();
    assert!(bucket.create("posture/a.json", "application/json", b"{}".to_vec()).await.unwrap());
    assert!(!bucket.create("posture/a.json", "application/json", b"{}".to_vec()).await.unwrap());
    let refused = bucket.create("posture/a.json", "application/json", b"{}".to_vec()).await.unwrap_err();
    assert_eq!(refused.code(), Some("ConditionalRequestConflict"));
    assert!(bucket.put("posture/latest.html", html, Vec::new()).await.unwrap_err().is_throttled());
    let asked = asked.lock().unwrap();
    let headers = |content_type: &str, length: &str, checksum: &str, condition: Option<&str>| {
        let mut headers = vec![("content-type", content_type.to_owned()), ("content-length", length.to_owned())];
        headers.extend(condition.map(|condition| ("if-none-match", condition.to_owned())));
        headers.push(("x-amz-checksum-crc32", checksum.to_owned()));
        headers
    };
    let put = ("PUT /controls/posture/latest.html?x-id=PutObject", headers(html, "3", "PG6huw==", None), "<p>");
    assert_eq!(sent(&asked[0]), (put.0.to_owned(), put.1, put.2.to_owned()));
    let create = headers("application/json", "2", "o6a/Qw==", Some("*"));
    assert_eq!(sent(&asked[1]), ("PUT /controls/posture/a.json?x-id=PutObject".to_owned(), create, "{}".to_owned()));
}
