//! R38 to R40: the response URL.

use std::io;
use std::sync::{Arc, Mutex};

use serde_json::json;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;

use super::endpoint::{Endpoint, Reply};
use super::fixture::*;
use crate::Failure;
use crate::response_url::{ResponseUrl, UnusableUrl};

/// Everything that is logged, by every crate.
#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl io::Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Captured {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[test]
fn r38_no_log_at_any_level_holds_the_signature() {
    let captured = Captured::default();
    let format = tracing_subscriber::fmt::layer().with_writer(captured.clone());
    let everything = tracing_subscriber::registry().with(format).with(LevelFilter::TRACE);
    // One thread, so that all of it is under this subscriber.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tracing::subscriber::with_default(everything, || {
        runtime.block_on(async {
            let replies = [Reply::Status(500), Reply::Reset, Reply::Status(200), Reply::Status(403), Reply::Silence];
            let endpoint = Endpoint::new(&replies).await;
            let address =
                |scheme: &str| format!("{scheme}://{}/key%7Cs?Signature=s3cr3t%2Bsignature", endpoint.authority);
            let http = with(create(), "ResponseURL", json!(address("http")));
            let events = [
                // Delivered after a 500 and a reset, refused with 403, never answered, never shaken hands with.
                http.clone(),
                http.clone(),
                http.clone(),
                with(create(), "ResponseURL", json!(address("https"))),
                with(http.clone(), "RequestType", json!("s")),
                // Unusable in every way.
                with(create(), "ResponseURL", json!(address("ftp"))),
                with(create(), "ResponseURL", json!("https://example.com/?Signature=s3cr3t%2Bsignature")),
                with(create(), "ResponseURL", json!("https://s3cr3t:s3cr3t@example.com/")),
                with(create(), "ResponseURL", json!("https:// /?Signature=s3cr3t")),
                with(create(), "ResponseURL", json!(["https://example.com/?Signature=s3cr3t"])),
            ];
            for event in events {
                let time = std::time::Duration::from_millis(700);
                let function = function(|_| async { Err(Failure::new(refusal())) });
                let _ = function.guard.handle(invocation(event, time)).await;
            }
        });
    });
    let log = String::from_utf8(captured.0.lock().unwrap().clone()).unwrap();
    for logged in ["answered FAILED", "not answered", "nobody to answer", "answer not delivered, trying again"] {
        assert!(log.contains(logged), "{logged} is missing from the log");
    }
    assert!(!log.contains("s3cr3t"), "{}", log.lines().find(|line| line.contains("s3cr3t")).unwrap_or_default());
}

#[test]
fn r38_the_url_cannot_be_printed() {
    let url = ResponseUrl::of(&create(), false).unwrap();
    assert_eq!(format!("{url:?} {:#?}", Some(&url)), "<redacted> Some(\n    <redacted>,\n)");
}

#[tokio::test]
async fn r39_no_handler_sees_the_url() {
    let function = function(|seen| async move {
        assert!(!format!("{seen:?}").contains("s3cr3t"));
        done()
    });
    for event in [create(), update(ID, properties("books")), delete(ID)] {
        let answered = function.invoke(event).await;
        assert_eq!(answered.status(), "SUCCESS");
        assert!(!format!("{answered:?}").contains("s3cr3t"));
    }
    assert_eq!(function.methods(), ["create", "update", "delete"]);
}

#[test]
fn r40_only_s3_hosts_are_answered() {
    let admitted = [
        URL,
        "https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com/k?s",
        "https://cloudformation-custom-resource-response-uswest2.s3-us-west-2.amazonaws.com/k?s",
        "https://b.s3.dualstack.eu-west-1.amazonaws.com/k?s",
        "https://s3.eu-west-1.amazonaws.com/b/k?s",
        "https://S3.EU-WEST-1.AmazonAWS.com:443/b/k?s",
        "https://b.s3-fips.us-gov-west-1.amazonaws.com/k?s",
        "https://b.s3.cn-north-1.amazonaws.com.cn/k?s",
        "https://b.s3.us-iso-east-1.c2s.ic.gov/k?s",
        "https://b.s3.us-isob-east-1.sc2s.sgov.gov/k?s",
        "https://b.s3.eu-isoe-west-1.cloud.adc-e.uk/k?s",
        "https://b.s3.us-isof-south-1.csp.hci.ic.gov/k?s",
        "https://b.s3.eusc-de-east-1.amazonaws.eu/k?s",
    ];
    let refused = [
        "http://b.s3.amazonaws.com/k?s",
        "ftp://b.s3.amazonaws.com/k?s",
        "//b.s3.amazonaws.com/k?s",
        "/k?s",
        "https://example.com/k?s",
        "https://b.s3.amazonaws.com.example.com/k?s",
        "https://b.s3.amazonaws.com@example.com/k?s",
        "https://user@b.s3.amazonaws.com/k?s",
        "https://b.s3.amazonaws.com:8443/k?s",
        "https://bs3amazonaws.com/k?s",
        "https://s3amazonaws.com/k?s",
        "https://amazonaws.com/k?s",
        "https://a1b2c3.execute-api.eu-west-1.amazonaws.com/k?s",
        "https://s3-mine-1234.eu-west-1.elb.amazonaws.com/k?s",
        "https://s3.a1b2c3.execute-api.eu-west-1.amazonaws.com/k?s",
        "https://169.254.169.254/latest/meta-data",
        "https://localhost/k?s",
        "https://127.0.0.1/k?s",
        "https://[::1]/k?s",
        "https://b.s3.amazonaws.com /k?s",
    ];
    for url in admitted {
        assert!(ResponseUrl::of(&json!({ "ResponseURL": url }), false).is_ok(), "{url}");
    }
    for url in refused {
        let refusal = ResponseUrl::of(&json!({ "ResponseURL": url }), false).unwrap_err().to_string();
        assert!(!refusal.contains("k?s") && !refusal.contains("user"), "{url}: {refusal}");
    }
}

#[test]
fn r40_loopback_is_for_emulators_that_say_so() {
    let of = |url: &str, allowed| ResponseUrl::of(&json!({ "ResponseURL": url }), allowed).map(|_| ());
    for url in ["http://localhost:4566/k?s", "http://127.0.0.1:4566/k", "http://127.8.8.8/k", "https://[::1]:1/k"] {
        assert_eq!(of(url, true), Ok(()), "{url}");
        assert!(of(url, false).is_err(), "{url}");
    }
    for url in ["http://10.0.0.1/k", "http://localhost.example.com/k", "http://0.0.0.0/k", "http://[::2]/k"] {
        assert_eq!(of(url, true), Err(UnusableUrl::NotHttps), "{url}");
    }
    assert!(of("ftp://localhost/k", true).is_err());
}
