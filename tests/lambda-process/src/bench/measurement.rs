use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use lambda_process::{Function, Invocation, Outcome, Process, ResponseSink};
use serde_json::{Map, Value};

use super::services::Services;

/// One process that is measured, and the event it is given.
pub(crate) struct Subject {
    function: Function,
    event: Map<String, Value>,
}

/// The figures of one process.
pub(crate) struct Sample {
    /// From spawn to the first poll.
    pub(crate) start: Duration,
    /// The first event, with all that a function puts off until then.
    pub(crate) first: Duration,
    /// The median of the events after it.
    pub(crate) warm: Duration,
    /// Resident after the first event.
    pub(crate) resident_kib: u64,
    /// What the first event asked of the services.
    pub(crate) operations: BTreeSet<String>,
}

impl Subject {
    pub(crate) fn new(function: Function, event: Map<String, Value>) -> Self {
        Self { function, event }
    }

    /// Starts a process, hands it a first event and `warm` more, and ends it.
    ///
    /// # Errors
    /// When an event is not answered as a success: what fails is not worth measuring.
    pub(crate) async fn measure(&self, services: &Services, sink: &ResponseSink, warm: usize) -> Result<Sample> {
        services.take_calls();
        let mut process = self.function.start().await?;
        let start = process.ready().await?;
        let first = self.hand(&mut process, sink).await?;
        let resident_kib = process.memory()?.resident_kib;
        let operations = services.take_calls().into_keys().collect();
        let mut times = Vec::with_capacity(warm);
        for _ in 0..warm {
            times.push(self.hand(&mut process, sink).await?);
        }
        process.stop().await?;
        Ok(Sample { start, first, warm: median(times), resident_kib, operations })
    }

    async fn hand(&self, process: &mut Process, sink: &ResponseSink) -> Result<Duration> {
        let before = sink.deliveries().len();
        let mut event = self.event.clone();
        let answered = event.get("ResponseURL").is_some();
        if answered {
            let text = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default();
            let url = sink.url(text("StackId"), text("LogicalResourceId"), text("RequestId"));
            event.insert("ResponseURL".to_owned(), url.into());
        }
        let Invocation { outcome, duration, .. } = process.invoke(Value::Object(event).to_string()).await?;
        let Outcome::Response(_) = outcome else {
            bail!("an event ended in {outcome:?}; the log says\n{}", process.log().join("\n"));
        };
        if answered {
            let deliveries = sink.deliveries();
            let answer = deliveries.get(before).and_then(|delivery| delivery.answer()).context("no answer was sent")?;
            ensure!(answer.get("Status") == Some(&Value::from("SUCCESS")), "an event was answered {answer}");
        }
        Ok(duration)
    }
}

/// The middle one; of an even number, the upper of the two. Zero of none.
pub(crate) fn median<T: Ord + Copy + Default>(values: impl IntoIterator<Item = T>) -> T {
    let mut values: Vec<T> = values.into_iter().collect();
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn the_median_is_the_middle_of_the_sorted_values() {
        assert_eq!(median([3, 1, 2]), 2);
        assert_eq!(median([4, 1, 2, 3]), 3);
        assert_eq!(median([7]), 7);
        assert_eq!(median::<u8>([]), 0);
    }
}
