use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use jiff::Timestamp;
use lambda_process::{Function, Outcome, Process};
use serde::Serialize;
use serde_json::{Map, Value};

use super::world::World;
use crate::bench::measurement::median;
use crate::bench::services::Services;

/// From the event of a call to the findings about what it made.
#[derive(Serialize)]
pub(crate) struct EventPath {
    pub(crate) latency_ms: u128,
    pub(crate) calls: BTreeMap<String, usize>,
    /// A new process, its start included.
    pub(crate) cold_ms: f64,
    pub(crate) warm_ms: f64,
    /// How many findings one event leads to.
    pub(crate) findings: usize,
}

/// Hands `rounds` new processes an event about each of these notebook instances.
///
/// # Errors
/// When an event leads to no finding: nothing worth measuring.
pub(crate) async fn measure(
    function: &Function,
    (services, world): (&Services, &World),
    latency: Duration,
    event: &Map<String, Value>,
    notebooks: &[String],
    rounds: usize,
) -> Result<EventPath> {
    let (mut cold, mut warm, mut findings) = (Vec::new(), Vec::new(), 0);
    for _ in 0..rounds {
        world.forget();
        let mut started = Instant::now();
        let mut process = function.start().await?;
        for (number, notebook) in notebooks.iter().enumerate() {
            let before = world.findings();
            if number > 0 {
                started = Instant::now();
            }
            services.take_calls();
            hand(&mut process, &about(event, notebook)?).await?;
            if number == 0 { &mut cold } else { &mut warm }.push(started.elapsed());
            findings = world.findings() - before;
            ensure!(findings > 0, "the event about {notebook} led to no finding");
        }
        process.stop().await?;
    }
    let milliseconds = |times| median::<Duration>(times).as_secs_f64() * 1e3;
    Ok(EventPath {
        latency_ms: latency.as_millis(),
        calls: services.take_calls(),
        cold_ms: milliseconds(cold),
        warm_ms: milliseconds(warm),
        findings,
    })
}

/// The event of the call that made this notebook instance, just now.
fn about(event: &Map<String, Value>, notebook: &str) -> Result<Value> {
    let mut event = Value::Object(event.clone());
    for (pointer, value) in [
        ("/detail/requestParameters/notebookInstanceName", notebook.to_owned()),
        ("/detail/eventTime", Timestamp::now().to_string()),
        ("/detail/eventID", format!("3182977b-c31c-4d17-a7d8-{notebook}")),
    ] {
        *event.pointer_mut(pointer).with_context(|| format!("the event has no {pointer}"))? = value.into();
    }
    Ok(event)
}

async fn hand(process: &mut Process, event: &Value) -> Result<()> {
    let outcome = process.invoke(event.to_string()).await?.outcome;
    let Outcome::Response(_) = outcome else {
        bail!("an event ended in {outcome:?}; the log says\n{}", process.log().join("\n"));
    };
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_event_is_another_one_about_another_notebook_instance() {
        let event =
            json!({"detail": {"requestParameters": {"notebookInstanceName": "x"}, "eventTime": "", "eventID": ""}});
        let made = |name: &str| about(event.as_object().unwrap(), name).unwrap();
        let (one, other) = (made("a"), made("b"));
        assert_eq!(one["detail"]["requestParameters"]["notebookInstanceName"], "a");
        assert_ne!(one["detail"]["eventID"], other["detail"]["eventID"]);
        assert!(about(json!({"detail": {}}).as_object().unwrap(), "a").is_err());
    }
}
