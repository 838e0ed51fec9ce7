//! Does what a person allowed about resources that fail a control.
//!
//! Two things start it. An event says that a verdict has changed to or from a failure: what may be corrected is *marked*,
//! its owner is told what is going to be done and when, and nothing is touched. A task, `{"task": "act", "scope": {"account",
//! "region"}}`, acts on the marks whose time has come, after looking again at everything that speaks for or against it.
//!
//! Invariants:
//! - Nothing is done that the configuration does not allow at that moment; one with a fault stops everything.
//! - Nothing is touched unless it is the resource that was marked, fails for certain at that moment, and is not exempt. One
//!   exception: what a correction has stopped, it starts again.
//! - Between the notice of what is going to be done and the doing there is the whole grace.
//! - A run that would touch more resources than the cap touches none.
//! - Each decision is in the evidence before anything is done by it; what came of it is there after.
//! - What is cut short anywhere is brought to its end by the next run, without a second call where the first one came
//!   through.
//! - What is done is one of [`CALLS`], and no other call changes anything.

mod aws;
mod cap;
mod correction;
mod decision;
mod error;
mod idle;
mod marking;
mod metrics;
mod run;
mod seen;
mod settings;
mod step;
mod trail;

use std::io::Write;

use control_records::{Mark, Records, ResourceRecord, Scope};
use controls::Configuration;
use findings::Transition;
use serde::Deserialize;
use serde_json::{Value, json};

pub use aws::{Accounts, Document, Platform, Services};
pub use error::Error;
pub use metrics::Tally;
pub use settings::{Settings, SettingsError};
pub use step::{CALLS, input};

use marking::{Marking, marking, recovered};
use run::Run;
use trail::Trail;

/// What starts the function.
enum Input {
    /// An event of the bus.
    Finding(Box<Transition>),
    /// A task of the state machine.
    Task(Task),
}

#[derive(Debug, Deserialize)]
#[serde(tag = "task", rename_all = "camelCase")]
enum Task {
    /// Does what is due in an account and region.
    Act { scope: Scope },
}

impl Input {
    fn read(mut event: Value) -> Result<Self, Error> {
        if event.get("detail-type").and_then(Value::as_str) != Some(Transition::DETAIL_TYPE) {
            return serde_json::from_value(event).map(Self::Task).map_err(Error::InvalidInput);
        }
        let detail = event.get_mut("detail").map(Value::take).unwrap_or_default();
        serde_json::from_value(detail).map(Self::Finding).map_err(Error::InvalidInput)
    }
}

/// Marks, or acts.
///
/// # Errors
/// Input that is neither, a configuration with faults, and what keeps evidence from being kept and notices from being given;
/// see [`Error`].
pub async fn handle(
    platform: &impl Platform,
    accounts: &impl Accounts,
    records: &impl Records,
    settings: &Settings,
    log: impl Write,
    event: Value,
) -> Result<Value, Error> {
    let input = Input::read(event)?;
    let document = platform.configuration().await?;
    let configuration = match &document {
        Some(document) => {
            let text = std::str::from_utf8(&document.body).map_err(|_| Error::UnreadableConfiguration)?;
            Configuration::from_json(text)?
        }
        None => Configuration::default(),
    };
    let version = document.as_ref().map(|document| document.version.as_str());
    let trail = |scope| Trail { platform, settings, scope, version };
    let (scope, tally, ended) = match input {
        Input::Task(Task::Act { scope }) => {
            let mut run = Run::new(trail(&scope), accounts, records, &configuration);
            let ended = run.run().await;
            let tally = run.tally;
            (scope, tally, ended.map(|()| json!(tally)))
        }
        Input::Finding(finding) => {
            let scope = scope_of(&finding)?;
            let made = on_finding(&trail(&scope), records, &configuration, &finding).await?;
            let mut tally = Tally::default();
            tally.count(&made);
            tracing::info!(control = finding.control, resource = finding.resource, outcome = ?made, "heard of a finding");
            (scope, tally, Ok(json!(made)))
        }
    };
    // What was done before an error was done.
    tally.write(log, &settings.platform_name, &scope, platform.now()).map_err(Error::Metrics)?;
    ended
}

fn scope_of(finding: &Transition) -> Result<Scope, Error> {
    let scope = json!({"account": finding.account, "region": finding.region});
    serde_json::from_value(scope).map_err(Error::InvalidInput)
}

async fn on_finding<P: Platform>(
    trail: &Trail<'_, P>,
    records: &impl Records,
    configuration: &Configuration,
    finding: &Transition,
) -> Result<Marking, Error> {
    if finding.actor.as_deref().is_some_and(|actor| trail.settings.is_own(actor)) {
        return Ok(Marking::Nothing("this function did it itself".to_owned()));
    }
    let (control, arn, scope) = (&finding.control, &finding.resource, trail.scope);
    let existing = records.get::<Mark>(scope, &Mark::id_of(control, arn)).await?;
    match records.get::<ResourceRecord>(scope, &ResourceRecord::id_of(arn)).await? {
        Some(record) => marking(trail, records, configuration, &record.record, control, existing).await,
        None => recovered(trail, records, existing, "it is gone").await,
    }
}
