use std::time::Duration;

use anyhow::{Context, Result, bail};
use lambda_process::{Function, Outcome, Process};
use serde_json::Value;

use super::exchange::{Ending, Exchange};
use crate::bench::services::Services;

/// A new process that is handed the tasks of a state machine, one after the other.
pub(crate) struct Worker<'a> {
    process: Process,
    services: &'a Services,
    invocations: usize,
    /// At work. What the state machine waits between two tasks is left out.
    time: Duration,
}

impl<'a> Worker<'a> {
    pub(crate) async fn start(function: &Function, services: &'a Services) -> Result<Self> {
        let mut process = function.start().await?;
        process.ready().await?;
        services.take_calls();
        Ok(Self { process, services, invocations: 0, time: Duration::ZERO })
    }

    /// # Errors
    /// When a task has no answer: nothing that could be compared.
    pub(crate) async fn ask(&mut self, task: &Value) -> Result<Value> {
        let invocation = self.process.invoke(task.to_string()).await?;
        self.invocations += 1;
        self.time += invocation.duration;
        match invocation.outcome {
            Outcome::Response(body) => serde_json::from_slice(&body).context("a task's answer is not JSON"),
            outcome => bail!("a task ended in {outcome:?}; the log says\n{}", self.process.log().join("\n")),
        }
    }

    /// # Errors
    /// When the process has ended.
    pub(crate) fn processor_time(&self) -> Result<Duration> {
        self.process.processor_time()
    }

    /// What all the tasks took.
    pub(crate) async fn finish(self) -> Result<Exchange> {
        let peak_kib = Some(self.process.memory()?.peak_kib);
        self.process.stop().await?;
        Ok(Exchange {
            ending: Ending::Success(Value::Null),
            calls: self.services.take_calls(),
            invocations: self.invocations,
            time: self.time,
            peak_kib,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::bench::scale::exchange::tests::FUNCTION;
    use crate::bench::wire::Answer;

    fn shell(script: &str) -> Function {
        Function::new("/bin/bash").arguments(["-c", script]).timeout(Duration::from_secs(10))
    }

    #[tokio::test]
    async fn one_process_is_handed_all_tasks() {
        let services = Services::start(Duration::ZERO, |_| Answer::unknown("any")).await.unwrap();
        let mut worker = Worker::start(&shell(FUNCTION), &services).await.unwrap();
        for task in ["plan", "deploy"] {
            assert_eq!(worker.ask(&json!({"action": task})).await.unwrap(), json!({}));
        }
        let exchange = worker.finish().await.unwrap();
        assert_eq!((exchange.invocations, exchange.calls.len()), (2, 0));
        assert!(exchange.time > Duration::ZERO && exchange.peak_kib.is_some_and(|peak| peak > 0));
    }

    #[tokio::test]
    async fn a_process_that_ends_cannot_be_compared() {
        let services = Services::start(Duration::ZERO, |_| Answer::unknown("any")).await.unwrap();
        // Once it has the task: before, it might be gone before anybody saw it ask.
        let ending = FUNCTION.replace("head\n            case", "head\n            exit 3\n            case");
        let mut worker = Worker::start(&shell(&ending), &services).await.unwrap();
        let error = worker.ask(&json!({"action": "plan"})).await.unwrap_err().to_string();
        assert!(error.contains("Exited"), "{error}");
    }
}
