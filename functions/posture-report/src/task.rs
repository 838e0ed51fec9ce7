use control_records::Scope;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::publication::{document_key, page_key};
use crate::report::{Report, Totals};

/// What the state machine asks for, when all accounts and regions were swept.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Task {
    /// When the sweep began.
    pub sweep: Timestamp,
    /// Everywhere that was to be swept, also where that failed.
    pub scopes: Vec<SweptScope>,
}

/// An account and a region that was to be swept.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SweptScope {
    /// Where.
    #[serde(flatten)]
    pub scope: Scope,
    /// Why the sweep broke off, where it did.
    #[serde(default)]
    pub error: Option<String>,
}

/// What was written.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Published {
    /// The key of the document.
    pub report: String,
    /// The key of the page.
    pub page: String,
    /// Whether everything was read.
    pub complete: bool,
    /// What all controls said.
    pub totals: Totals,
    /// Failures that were none at the last sweep; `None`: there is nothing to compare with.
    pub new: Option<u32>,
    /// Failures of the last sweep that are mended.
    pub recovered: Option<u32>,
    /// Failures of the last sweep whose resources are not there any more.
    pub gone: Option<u32>,
}

impl Published {
    pub(crate) fn new(report: &Report) -> Self {
        let trend = report.trend.as_ref();
        Self {
            report: document_key(report.sweep),
            page: page_key(report.sweep),
            complete: report.complete,
            totals: report.totals,
            new: trend.map(|trend| trend.new),
            recovered: trend.map(|trend| trend.recovered),
            gone: trend.map(|trend| trend.gone),
        }
    }
}
