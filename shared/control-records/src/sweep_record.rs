use std::collections::BTreeMap;

use controls::Kind;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Scope;

/// One sweep of one account and region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SweepRecord {
    /// Where.
    pub scope: Scope,
    /// When the sweep of all accounts began: what tells it from every other one.
    pub sweep: Timestamp,
    /// When this account and region were finished.
    pub finished: Option<Timestamp>,
    /// How many resources of each kind were listed.
    pub listed: BTreeMap<Kind, u32>,
    /// How many calls were made.
    pub calls: u32,
    /// What could not be read, so that nothing is skipped in silence.
    pub unread: Vec<Unread>,
    /// How many more could not be read than there was room for; the log has them all.
    #[serde(default)]
    pub unread_more: u32,
}

/// Something that a sweep could not read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Unread {
    /// The kind that was being read.
    pub kind: Kind,
    /// The resource; `None` where the kind could not be listed.
    pub name: Option<String>,
    /// The call, as in an IAM policy.
    pub operation: String,
    /// The service's code, message and request id.
    pub error: String,
}
