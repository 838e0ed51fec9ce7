use std::time::Duration;

use anyhow::{Context, Result, bail};
use jiff::Timestamp;
use lambda_process::Function;
use serde_json::{Value, json};

use crate::bench::scale::exchange::Exchange;
use crate::bench::scale::task::Worker;
use crate::bench::services::Services;

/// More tasks for one sweep would be a function that goes round in circles.
const MOST_TASKS: usize = 100;

/// What became of a sweep.
pub(crate) struct Sweep {
    pub(crate) exchange: Exchange,
    pub(crate) processor: Duration,
    /// Resources that were judged.
    pub(crate) judged: usize,
    /// Verdicts that the bus was told of.
    pub(crate) announced: usize,
    /// What could not be read, or was not taken.
    pub(crate) left_out: usize,
}

/// Sweeps one account and region in a new process, task by task as the state machine does.
pub(crate) async fn run(function: &Function, services: &Services, account: &str, region: &str) -> Result<Sweep> {
    let mut worker = Worker::start(function, services).await?;
    let sweep = Timestamp::now().to_string();
    let (mut judged, mut announced, mut untold) = (0, 0, 0);
    let mut cursor = Value::Null;
    for _ in 0..MOST_TASKS {
        let scope = json!({"account": account, "region": region});
        let answer = worker.ask(&json!({"task": "sweep", "sweep": sweep, "scope": scope, "cursor": cursor})).await?;
        let number = |pointer: &str| {
            let number = answer.pointer(pointer).and_then(Value::as_u64);
            let number = number.and_then(|number| usize::try_from(number).ok());
            number.with_context(|| format!("the answer has no {pointer}: {answer}"))
        };
        judged += number("/settled/judged")?;
        announced += number("/settled/announced")?;
        untold += number("/settled/untold")?;
        cursor = answer.get("cursor").cloned().unwrap_or_default();
        if cursor.is_null() {
            // What could not be read is that of the whole sweep.
            let left_out = untold + number("/unread")?;
            let processor = worker.processor_time()?;
            let exchange = worker.finish().await?;
            return Ok(Sweep { exchange, processor, judged, announced, left_out });
        }
    }
    bail!("a sweep is not at its end after {MOST_TASKS} tasks")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::scale::exchange::tests::FUNCTION;
    use crate::bench::wire::Answer;

    /// A function in shell that answers every task alike.
    async fn swept(answer: &str) -> Result<Sweep> {
        let script = FUNCTION.replace("'{}'", &format!("'{answer}'"));
        let function = Function::new("/bin/bash").arguments(["-c", &script]).timeout(Duration::from_secs(10));
        let services = Services::start(Duration::ZERO, |_| Answer::unknown("any")).await?;
        run(&function, &services, "111122223333", "eu-central-1").await
    }

    #[tokio::test]
    async fn a_sweep_goes_on_until_no_cursor_is_left() {
        let answer = r#"{"settled": {"judged": 2, "announced": 1, "untold": 3}, "unread": 4, "cursor": "#;
        let sweep = swept(&format!("{answer}null}}")).await.unwrap();
        assert_eq!((sweep.exchange.invocations, sweep.judged, sweep.announced, sweep.left_out), (1, 2, 1, 7));
        let error = swept(&format!(r#"{answer}"on"}}"#)).await.err().unwrap().to_string();
        assert!(error.contains("not at its end after 100 tasks"), "{error}");
        let error = swept("{}").await.err().unwrap().to_string();
        assert!(error.contains("the answer has no /settled/judged"), "{error}");
    }
}
