//! The totals as CloudWatch metrics, in the embedded metric format: one line of the log for each control and for each account.
//!
//! | namespace | dimensions | metrics |
//! |---|---|---|
//! | `SecureMlops` | `PlatformName`, `Control` | `ControlFailed`, `ControlUnknown`, `ControlExempt` |
//! | `SecureMlops` | `PlatformName`, `AccountId` | the same, over all controls and regions |
//!
//! They are states, not events: `Maximum` is the statistic to take, which a task that was delivered twice does not change.
//! Not by control and account together: that would be a hundred metrics an account, each billed; the document has them.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::json;

use crate::report::{Report, Totals};

const NAMESPACE: &str = "SecureMlops";

/// Writes the metrics of a report. A control that looked at nothing has none.
///
/// # Errors
/// Of the log.
pub fn write(report: &Report, log: &mut impl Write) -> io::Result<()> {
    for control in report.by_control.iter().filter(|control| control.totals.verdicts() > 0) {
        line(report, "Control", &control.control, control.totals, log)?;
    }
    let mut accounts: BTreeMap<&str, Totals> = BTreeMap::new();
    for scope in &report.scopes {
        *accounts.entry(scope.account.as_str()).or_default() += scope.totals;
    }
    for (account, totals) in accounts {
        line(report, "AccountId", account, totals, log)?;
    }
    log.flush()
}

fn line(report: &Report, dimension: &str, value: &str, totals: Totals, log: &mut impl Write) -> io::Result<()> {
    let metrics =
        [("ControlFailed", totals.fail), ("ControlUnknown", totals.unknown), ("ControlExempt", totals.exempt)];
    let mut document = json!({
        "_aws": {
            "Timestamp": report.sweep.as_millisecond(),
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE,
                "Dimensions": [["PlatformName", dimension]],
                "Metrics": metrics.map(|(name, _)| json!({"Name": name, "Unit": "Count"})),
            }],
        },
        "PlatformName": report.platform_name,
        dimension: value,
    });
    if let Some(members) = document.as_object_mut() {
        members.extend(metrics.map(|(name, count)| (name.to_owned(), count.into())));
    }
    // One write a line: what else is logged never stands in the middle of it.
    log.write_all(format!("{document}\n").as_bytes())
}
