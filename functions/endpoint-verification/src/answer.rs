use deployment::DeploymentReport;
use serde::Serialize;

/// How a wave is.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "status", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Answer {
    /// As requested; go on.
    Done {
        /// What was seen, as `s3://` addresses.
        results: Vec<String>,
    },
    /// Not yet; ask the same again.
    Waiting {
        /// In words.
        waiting_for: String,
    },
    /// At least one endpoint is not as requested.
    Failed {
        /// Where and why.
        report: DeploymentReport,
        /// What was seen, as `s3://` addresses.
        results: Vec<String>,
    },
}

impl Answer {
    pub(crate) fn log(&self) {
        match self {
            Self::Done { results } => tracing::info!(results = results.join(" "), "endpoints are as requested"),
            Self::Waiting { waiting_for } => tracing::info!(waiting_for, "not yet"),
            Self::Failed { report, results } => {
                tracing::error!(report = %report, results = results.join(" "), "endpoints are not as requested");
            }
        }
    }
}
