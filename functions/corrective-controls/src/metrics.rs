//! What one invocation came to, as CloudWatch metrics in the embedded metric format: one line of the log.
//!
//! | namespace | dimensions | metrics |
//! |---|---|---|
//! | `SecureMlops` | `PlatformName` and `AccountId`; `PlatformName` | `CorrectionsMarked`, `CorrectionsActed`, `CorrectionsWouldDo`, `CorrectionsDropped`, `CorrectionsFailed`, `CorrectionsCapped` |

use std::io::{self, Write};

use control_records::Scope;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

/// How many marks came to what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tally {
    /// Failures that were marked, or whose owners were told anew.
    pub marked: u32,
    /// Corrections that calls were made for, or, where that is all, notices given.
    pub acted: u32,
    /// Corrections that a dry run would have begun.
    pub would_do: u32,
    /// Not needed any more, or not allowed.
    pub dropped: u32,
    /// Tried in vain; tried again.
    pub failed: u32,
    /// Held back with all others, because they were too many.
    pub capped: u32,
}

impl Tally {
    /// # Errors
    /// Of the log.
    pub(crate) fn write(
        self,
        mut log: impl Write,
        platform_name: &str,
        scope: &Scope,
        at: Timestamp,
    ) -> io::Result<()> {
        let counts = [
            ("CorrectionsMarked", self.marked),
            ("CorrectionsActed", self.acted),
            ("CorrectionsWouldDo", self.would_do),
            ("CorrectionsDropped", self.dropped),
            ("CorrectionsFailed", self.failed),
            ("CorrectionsCapped", self.capped),
        ];
        let mut document = json!({
            "_aws": {
                "Timestamp": at.as_millisecond(),
                "CloudWatchMetrics": [{
                    "Namespace": "SecureMlops",
                    "Dimensions": [["PlatformName", "AccountId"], ["PlatformName"]],
                    "Metrics": counts.map(|(name, _)| json!({"Name": name, "Unit": "Count"})),
                }],
            },
            "PlatformName": platform_name,
            "AccountId": scope.account,
        });
        if let Some(members) = document.as_object_mut() {
            members.extend(counts.map(|(name, count)| (name.to_owned(), Value::from(count))));
        }
        // One write a line: what else is logged never stands in the middle of it.
        log.write_all(format!("{document}\n").as_bytes())
    }
}
