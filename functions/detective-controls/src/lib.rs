//! Judges SageMaker resources by the controls: after each call that changes one, and in sweeps of everything.
//!
//! An event only says where to look. The resource is described again, with what the controls have to see beside it, and judged by
//! every enabled control; what it says now is compared with what is on record, and Security Hub and the platform's bus are told of what
//! changed. Calls that SageMaker keeps no trace of, presigned addresses, are judged by what they asked for.
//!
//! Invariants:
//! - An invocation that is ended anywhere and repeated ends like one that was not: what is going to be told is on record before it is
//!   told, and stays there until it was. Findings are one for each control and resource; an event may come twice and is never lost.
//! - Two that look at one resource at once agree in the end on the later description. A resource of the same name that was made
//!   later is another one.
//! - What could not be read is said, by operation, code and request id: in an event's error, in the sweep's record, in the log.
//! - A resource is archived only after a description that did not find it, or when it ended longer ago than is looked back.
//! - Nothing here changes a resource, so the calls of the platform's own corrective role are judged like any other: it is how their
//!   effect is seen.

mod account;
mod aws;
mod description;
mod error;
mod event;
mod metrics;
mod observation;
mod occurrence;
mod plan;
mod related;
mod rules;
mod settings;
mod settlement;
mod subject;
mod sweep;

use std::io::Write;

use control_records::Records;
use findings::{EventBus, Hub, SecurityHub};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

pub use aws::by_role::{AccountsByRole, Session};
pub use aws::document::DocumentInS3;
pub use aws::platform::Platform;
pub use aws::{Accounts, Clock, ConfigurationDocument, Document, SystemClock};
pub use error::Error;
pub use occurrence::Answer;
pub use settings::{Settings, SettingsError};
pub use settlement::Settled;
pub use sweep::Swept;

/// What the function reaches.
#[derive(Debug)]
pub struct Services<'a, A, R, S, B, D, C> {
    /// Every watched account and region.
    pub accounts: &'a A,
    /// What is known of resources.
    pub records: &'a R,
    /// Where findings go.
    pub security_hub: &'a S,
    /// What hears of verdicts that change.
    pub bus: &'a B,
    /// The controls' configuration.
    pub document: &'a D,
    /// What time it is.
    pub clock: &'a C,
}

/// Where and how long an invocation runs.
pub struct Context<'a> {
    /// What the template gives the function.
    pub settings: &'a Settings,
    /// The function's own account and region.
    pub hub: &'a Hub,
    /// When the invocation began.
    pub now: Timestamp,
    /// When it is ended.
    pub deadline: Timestamp,
    /// Where the metrics go.
    pub log: fn() -> Box<dyn Write>,
}

/// What the state machine asks for.
#[derive(Debug, Deserialize)]
#[serde(tag = "task", rename_all = "camelCase")]
enum Task {
    Sweep(Box<sweep::Task>),
}

/// Looks into an event, or does a task of the state machine: one with the member `task`.
///
/// # Errors
/// Input that is no task, a configuration that is not understood, what could not be read or told after an event, records and calls
/// that failed; see [`Error`].
pub async fn handle<A, R, S, B, D, C>(
    services: &Services<'_, A, R, S, B, D, C>,
    context: &Context<'_>,
    input: Value,
) -> Result<Value, Error>
where
    A: Accounts,
    R: Records,
    S: SecurityHub,
    B: EventBus,
    D: ConfigurationDocument,
    C: Clock,
{
    // Boxed: the compiler cannot lay out what lies between `main` and the innermost call in one piece.
    let answer = if input.get("task").is_some() {
        let Task::Sweep(task) = serde_json::from_value(input).map_err(Error::InvalidInput)?;
        serde_json::to_value(Box::pin(sweep::sweep(services, context, *task)).await?)
    } else {
        serde_json::to_value(Box::pin(occurrence::judge(services, context, &input)).await?)
    };
    answer.map_err(Error::InvalidAnswer)
}

/// Why an event is not looked into, as far as it says so itself; `None`: it is.
#[must_use]
pub fn ignored(event: &Value) -> Option<&'static str> {
    event::read(event).err()
}
