//! Says after each sweep what every control found: a document for programs, and a page for people that is made from it.
//!
//! | object of the controls bucket | holds |
//! |---|---|
//! | `posture/<sweep>.json` | the [`Report`] |
//! | `posture/<sweep>.html` | the [page](page()) |
//! | `posture/latest.json`, `posture/latest.html` | copies of the newest ones |
//!
//! Invariants:
//! - A report is written once: whoever finds the one of its sweep, because the task was delivered again, goes on from there.
//!   The page is made from the document alone, so that it comes out the same.
//! - `latest` is written last, and never by an older sweep than the one it shows.
//! - What was not read is in the report: an account that was not swept, a listing that failed, a row that the page has no room for.
//! - Whether a failure is exempt is decided by the configuration on the day of the sweep, not by what was once written down.

mod aws;
mod corrections;
mod error;
mod exemptions;
mod metrics;
mod page;
mod publication;
mod report;
mod settings;
mod survey;
mod task;
mod trend;

use std::io::Write;

use control_records::Records;
use serde_json::Value;

pub use aws::{Bucket, BucketInS3, Services};
pub use error::Error;
pub use metrics::write as write_metrics;
pub use page::page;
pub use report::{
    ControlReport, CorrectionReport, CorrectionState, Ended, Ending, ExemptionReport, ExemptionState, Finding, Report,
    Saved, Savings, ScopeReport, ScopeState, SeverityReport, Totals, Trend, UnreadReport, VERSION,
};
pub use settings::{Settings, SettingsError};
pub use task::{Published, SweptScope, Task};

/// Does one task: writes the report of a sweep, and its metrics to the log that `log` opens.
///
/// # Errors
/// Input that is no task, a configuration or a record that cannot be read, and AWS calls that failed; see [`Error`].
pub async fn handle<L: Write>(
    records: &impl Records,
    bucket: &impl Bucket,
    settings: &Settings,
    log: impl FnOnce() -> L,
    event: Value,
) -> Result<Value, Error> {
    let task: Task = serde_json::from_value(event).map_err(Error::InvalidInput)?;
    if task.scopes.is_empty() {
        return Err(Error::NoScopes);
    }
    let report = publication::publish(records, bucket, settings, &task).await?;
    metrics::write(&report, &mut log()).map_err(Error::Metrics)?;
    let published = Published::new(&report);
    tracing::info!(
        sweep = %report.sweep,
        complete = report.complete,
        failed = report.totals.fail,
        unknown = report.totals.unknown,
        exempt = report.totals.exempt,
        scopes = report.scopes.len(),
        report = published.report,
        "report written"
    );
    serde_json::to_value(&published).map_err(Error::Unwritable)
}
