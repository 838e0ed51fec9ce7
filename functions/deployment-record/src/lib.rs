//! Keeps what ran where, when and by whose approval.
//!
//! The state machine asks three things: what a stage is *before* it is touched, so that it can be taken back; to *record*
//! what it is now; and for the *request* that asks a person whether it may be touched.
//!
//! Invariants:
//! - History is only ever added to: one object a wave, stage or roll-back, under a key that sorts by time. A task that is
//!   run again writes the same object under the same key, because its time is the state machine's.
//! - The live record of a stage is written after its history record, and names it: whoever finds the one finds the other.
//! - Where a roll-back failed, nothing is recorded as known to be live.
//! - A token never passes through here. The state machine adds it to the request where it stores it.

mod aws;
mod before;
mod configuration;
mod error;
mod record;
mod request;

use serde::Deserialize;
use serde_json::Value;

pub use aws::{Records, RecordsInAws};
pub use before::Before;
pub use configuration::{Configuration, ConfigurationError};
pub use error::Error;
pub use record::Recorded;
pub use request::ApprovalRequest;

/// What the state machine asks for.
#[derive(Debug, Deserialize)]
#[serde(tag = "action", rename_all = "camelCase")]
enum Task {
    Before(Box<before::Task>),
    Record(Box<record::Task>),
    Request(Box<request::Task>),
}

/// Does one task.
///
/// # Errors
/// Input that is no task, a record that cannot be read, and AWS calls that failed; see [`Error`].
pub async fn handle(records: &impl Records, configuration: &Configuration, event: Value) -> Result<Value, Error> {
    let task: Task = serde_json::from_value(event).map_err(Error::InvalidInput)?;
    match task {
        Task::Before(task) => to_value(&before::before(records, configuration, *task).await?),
        Task::Record(task) => to_value(&record::record(records, configuration, *task).await?),
        Task::Request(task) => to_value(&request::request(records, *task).await?),
    }
}

fn to_value(answer: &impl serde::Serialize) -> Result<Value, Error> {
    serde_json::to_value(answer).map_err(Error::InvalidAnswer)
}
