use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::process::{Outcome, Process};
use crate::response_sink::ResponseSink;

/// CloudFormation takes no longer body.
const MAX_BYTES: usize = 4096;

impl Process {
    /// Hands over a request for a custom resource and returns the one answer that arrives within `limit`.
    ///
    /// # Errors
    /// When the invocation does not end well, when another number of answers than one arrives, when the answer is longer
    /// than CloudFormation takes or is not JSON, and when the log holds the response address's signature.
    pub async fn answer(&mut self, mut event: Value, limit: Duration) -> Result<Value> {
        let sink = ResponseSink::start().await?;
        let text =
            |name: &str| event.get(name).and_then(Value::as_str).with_context(|| format!("the event has no {name}"));
        let url = sink.url(text("StackId")?, text("LogicalResourceId")?, text("RequestId")?);
        event.as_object_mut().context("the event is no object")?.insert("ResponseURL".to_owned(), url.into());
        let invocation = self.invoke(event.to_string()).await?;
        let deliveries = sink.wait_for(1, limit).await;
        let log = self.log().join("\n");
        ensure!(matches!(invocation.outcome, Outcome::Response(_)), "{invocation:?}\n{log}");
        ensure!(!log.contains(sink.signature()), "the log holds the signature: {log}");
        let [delivery] = deliveries.as_slice() else {
            anyhow::bail!("{} answers arrived, expected one: {log}", deliveries.len());
        };
        ensure!(delivery.request.body.len() <= MAX_BYTES, "the answer has {} bytes", delivery.request.body.len());
        delivery.answer().context("the answer is not JSON")
    }
}
