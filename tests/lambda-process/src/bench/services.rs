use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::{Response, StatusCode};
use lambda_process::{Reply, Request, Server};
use serde::Deserialize;
use serde_json::Value;
use tokio::time::sleep;

/// Answers by signing name and operation, as `services.json` has them.
pub(crate) type Answers = BTreeMap<String, BTreeMap<String, Answer>>;

/// What one operation answers.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Answer {
    /// The first whose text is in the request's body.
    Choice(Vec<Choice>),
    /// The same document for everyone: JSON, or for a query service the inner XML of the result.
    Always(Value),
}

#[derive(Deserialize)]
pub(crate) struct Choice {
    when: String,
    answer: Value,
}

/// AWS services that always answer the same, in their own wire form, after a fixed time. Unlike an emulator they cost
/// next to nothing themselves, so what is measured is the function.
pub(crate) struct Services {
    server: Server,
    calls: Arc<Mutex<Vec<String>>>,
}

impl Services {
    pub(crate) async fn start(answers: Answers, latency: Duration) -> io::Result<Self> {
        let answers = Arc::new(answers);
        let calls = Arc::<Mutex<Vec<String>>>::default();
        let recorded = Arc::clone(&calls);
        let server = Server::start(move |request| {
            let name = format!("{}:{}", request.service(), request.operation());
            recorded.lock().unwrap_or_else(PoisonError::into_inner).push(name);
            let reply = answer(&answers, &request);
            async move {
                if !latency.is_zero() {
                    sleep(latency).await;
                }
                reply
            }
        })
        .await?;
        Ok(Self { server, calls })
    }

    pub(crate) fn url(&self) -> String {
        self.server.url()
    }

    /// The calls since this was last asked, as `service:Operation`.
    pub(crate) fn take_calls(&self) -> Vec<String> {
        std::mem::take(&mut *self.calls.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn answer(answers: &Answers, request: &Request) -> Reply {
    let operation = request.operation();
    let body = String::from_utf8_lossy(&request.body);
    let document = match answers.get(request.service()).and_then(|service| service.get(&operation)) {
        Some(Answer::Always(document)) => Some(document),
        Some(Answer::Choice(choices)) => {
            choices.iter().find(|choice| body.contains(&choice.when)).map(|choice| &choice.answer)
        }
        None => None,
    };
    let sent_type = request.headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let query = sent_type.starts_with("application/x-www-form-urlencoded");
    let (status, content_type, body) = match document {
        Some(Value::String(xml)) if query => (StatusCode::OK, "text/xml", result(&operation, xml)),
        Some(document) => (StatusCode::OK, sent_type, document.to_string()),
        // Not an error that an SDK would try again: that would hide that the case lacks an answer.
        None => (StatusCode::BAD_REQUEST, sent_type, r#"{"__type":"UnknownOperationException"}"#.to_owned()),
    };
    let response = Response::builder()
        .status(status)
        .header("content-type", content_type)
        .header("x-amzn-requestid", "4b1f3b60-6f2e-4a5e-8f0d-2f4f0c6f0e57")
        .body(body.into());
    response.map_or_else(|error| Reply::status(500, error.to_string()), Reply::Answer)
}

/// The envelope of the query protocol.
fn result(operation: &str, xml: &str) -> String {
    format!(
        "<{operation}Response><{operation}Result>{xml}</{operation}Result><ResponseMetadata>\
         <RequestId>4b1f3b60-6f2e-4a5e-8f0d-2f4f0c6f0e57</RequestId></ResponseMetadata></{operation}Response>"
    )
}
