//! What is sent to Parameter Store and S3, and how their answers are read, over HTTP on loopback.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on should say where"
)]

use deployment_record::{Records, RecordsInAws};
use lambda_process::{Reply, Server, client};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

type Asked = Arc<Mutex<Vec<(String, Value)>>>;

async fn answering(replies: Vec<(u16, String)>) -> (Server, Asked, RecordsInAws<'static>) {
    let asked = Asked::default();
    let (log, replies) = (Arc::clone(&asked), Mutex::new(replies.into_iter()));
    let server = Server::start(move |request| {
        let target = request.headers.get("x-amz-target").and_then(|value| value.to_str().ok()).map(str::to_owned);
        let what = target
            .unwrap_or_else(|| format!("{} {}", request.method, request.target.split('?').next().unwrap_or_default()));
        log.lock().unwrap().push((what, serde_json::from_slice(&request.body).unwrap_or(Value::Null)));
        let (status, body) = replies.lock().unwrap().next().expect("one reply a request");
        async move { Reply::status(status, body) }
    })
    .await
    .unwrap();
    let url = server.url();
    let records =
        RecordsInAws::over(client!(aws_sdk_s3, &url, "eu-central-1", 1), client!(aws_sdk_ssm, &url, "eu-central-1", 1));
    (server, asked, records)
}

fn refused(code: &str) -> (u16, String) {
    (400, json!({"__type": code, "message": "m"}).to_string())
}

#[tokio::test]
async fn parameters() {
    let (_server, asked, records) = answering(vec![
        (200, json!({"Parameter": {"Name": "/a", "Value": "{}"}}).to_string()),
        refused("ParameterNotFound"),
        (200, json!({"Version": 1, "Tier": "Standard"}).to_string()),
        (200, "{}".into()),
        refused("ParameterNotFound"),
        refused("ThrottlingException"),
    ])
    .await;
    assert_eq!(records.parameter("/a").await.unwrap().as_deref(), Some("{}"));
    assert_eq!(records.parameter("/a").await.unwrap(), None);
    records.put_parameter("/a", "[]").await.unwrap();
    records.delete_parameter("/a").await.unwrap();
    records.delete_parameter("/a").await.unwrap();
    assert!(records.delete_parameter("/a").await.unwrap_err().is_throttled());
    let asked = asked.lock().unwrap();
    let put = json!({"Name": "/a", "Value": "[]", "Type": "String", "Overwrite": true, "Tier": "Intelligent-Tiering"});
    assert_eq!(asked[2], ("AmazonSSM.PutParameter".into(), put));
    assert_eq!(asked[3], ("AmazonSSM.DeleteParameter".into(), json!({"Name": "/a"})));
}

#[tokio::test]
async fn objects() {
    let error = |code: &str| format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>m</Message></Error>");
    let (_server, asked, records) = answering(vec![
        (200, "{\"a\": 1}".into()),
        (404, error("NoSuchKey")),
        (403, error("AccessDenied")),
        (200, String::new()),
        (503, error("SlowDown")),
    ])
    .await;
    assert_eq!(records.object("b", "history/x.json").await.unwrap().unwrap(), b"{\"a\": 1}");
    assert_eq!(records.object("b", "history/x.json").await.unwrap(), None);
    assert!(records.object("b", "history/x.json").await.unwrap_err().is_access_denied());
    records.put_object("b", "history/x.json", "{}".into()).await.unwrap();
    assert!(records.put_object("b", "history/x.json", "{}".into()).await.unwrap_err().is_throttled());
    let asked = asked.lock().unwrap();
    assert_eq!(asked[0].0, "GET /b/history/x.json");
    assert_eq!(asked[3].0, "PUT /b/history/x.json");
}
