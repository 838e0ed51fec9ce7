use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lambda_process::{Request, Server};
use serde_json::Value;
use tokio::time::sleep;

use super::wire::Answer;

/// One call of a function.
pub(crate) struct Call<'a> {
    /// The signing name, such as `elasticfilesystem`.
    pub(crate) service: &'a str,
    /// As the SDKs name it.
    pub(crate) operation: &'a str,
    pub(crate) request: &'a Request,
}

impl Call<'_> {
    /// The body's field; null where the body is no JSON or has no such field.
    pub(crate) fn field(&self, name: &str) -> Value {
        serde_json::from_slice::<Value>(&self.request.body)
            .ok()
            .and_then(|mut body| body.get_mut(name).map(Value::take))
            .unwrap_or_default()
    }

    /// The body's field as text; empty where there is none.
    pub(crate) fn text(&self, name: &str) -> String {
        self.field(name).as_str().unwrap_or_default().to_owned()
    }
}

/// AWS services on loopback that take a fixed time for each call. Unlike an emulator they cost next to nothing
/// themselves, so what is measured is the function.
pub(crate) struct Services {
    server: Server,
    calls: Arc<Mutex<Vec<String>>>,
}

impl Services {
    /// Every call is answered at once by `answer`, and the answer sent when `latency` is over.
    pub(crate) async fn start<A>(latency: Duration, answer: A) -> io::Result<Self>
    where
        A: Fn(&Call<'_>) -> Answer + Send + Sync + 'static,
    {
        let calls = Arc::<Mutex<Vec<String>>>::default();
        let recorded = Arc::clone(&calls);
        let server = Server::start(move |request| {
            let (service, operation) = (request.service().to_owned(), request.operation());
            recorded.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{service}:{operation}"));
            let answer = answer(&Call { service: &service, operation: &operation, request: &request });
            let reply = answer.reply(&service, &operation);
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

    /// How often each `service:Operation` was called since this was last asked.
    pub(crate) fn take_calls(&self) -> BTreeMap<String, usize> {
        let calls = std::mem::take(&mut *self.calls.lock().unwrap_or_else(PoisonError::into_inner));
        calls.into_iter().fold(BTreeMap::new(), |mut counted, call| {
            *counted.entry(call).or_default() += 1;
            counted
        })
    }
}
