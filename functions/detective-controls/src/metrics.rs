//! Counts of an invocation as CloudWatch metrics, in the embedded metric format: one line of the log.
//!
//! | namespace | dimensions | metrics |
//! |---|---|---|
//! | `SecureMlops` | `PlatformName` | `ResourcesJudged`, `ResourcesArchived`, `VerdictsChanged`, `FindingsImported`, `ControlsUntold`, `ResourcesUnread` |
//!
//! They are events: `Sum` is the statistic to take.

use std::io::Write;

use serde_json::{Value, json};

use crate::Context;
use crate::settlement::Settled;

const NAMESPACE: &str = "SecureMlops";

/// What one invocation did.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Metrics {
    pub(crate) settled: Settled,
    /// What could not be read.
    pub(crate) unread: usize,
    /// Of SageMaker, KMS and IAM.
    pub(crate) calls: u32,
}

impl Metrics {
    pub(crate) fn write(&self, context: &Context<'_>) {
        let line = format!("{}\n", self.document(&context.hub.platform_name, context.now.as_millisecond()));
        // One write a line: what else is logged never stands in the middle of it. Without a log there is nobody to tell.
        let mut log = (context.log)();
        let _ = log.write_all(line.as_bytes()).and_then(|()| log.flush());
    }

    fn document(&self, platform_name: &str, milliseconds: i64) -> Value {
        let Settled { judged, archived, announced, imported, untold, .. } = self.settled;
        let counts = [
            ("ResourcesJudged", json!(judged)),
            ("ResourcesArchived", json!(archived)),
            ("VerdictsChanged", json!(announced)),
            ("FindingsImported", json!(imported)),
            ("ControlsUntold", json!(untold)),
            ("ResourcesUnread", json!(self.unread)),
        ];
        let metrics: Vec<Value> = counts.iter().map(|(name, _)| json!({"Name": name, "Unit": "Count"})).collect();
        let mut document = json!({
            "_aws": {
                "Timestamp": milliseconds,
                "CloudWatchMetrics": [{"Namespace": NAMESPACE, "Dimensions": [["PlatformName"]], "Metrics": metrics}],
            },
            "PlatformName": platform_name,
            "calls": self.calls,
        });
        if let Some(members) = document.as_object_mut() {
            members.extend(counts.map(|(name, count)| (name.to_owned(), count)));
        }
        document
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>
    #[test]
    fn every_metric_and_dimension_has_its_value_at_the_root() {
        let settled = Settled { judged: 3, announced: 1, ..Settled::default() };
        let document = Metrics { settled, unread: 2, calls: 9 }.document("mlops", 1_767_225_600_000);
        let directive = &document["_aws"]["CloudWatchMetrics"][0];
        for metric in directive["Metrics"].as_array().into_iter().flatten() {
            assert!(document[metric["Name"].as_str().unwrap_or_default()].is_u64(), "{metric}");
        }
        assert_eq!(document["PlatformName"], "mlops");
        assert_eq!((&document["ResourcesJudged"], &document["ResourcesUnread"]), (&json!(3), &json!(2)));
    }
}
