use std::collections::BTreeMap;

use controls::{Kind, Verdict};
use identifiers::{AccountId, Region};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What is known of one resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceRecord {
    /// What it is.
    pub kind: Kind,
    /// Its name, or its id where it has one instead.
    pub name: String,
    /// What the describing call is told, e.g. `{"NotebookInstanceName": "lab"}`: an ARN does not say all of it as it was.
    #[serde(default)]
    pub key: BTreeMap<String, String>,
    /// Its ARN as the service writes it.
    pub arn: String,
    /// The account it is in.
    pub account: AccountId,
    /// The region it is in.
    pub region: Region,
    /// When it was made, as far as the service says. One of the same name that was made later is another resource.
    pub created: Option<Timestamp>,
    /// Its state when it was last described, e.g. `InService`.
    pub status: Option<String>,
    /// What it runs on, where it runs on one type, e.g. `ml.t3.medium`.
    pub instance_type: Option<String>,
    /// When somebody last opened it, as far as an event said so.
    pub last_opened: Option<Timestamp>,
    /// When it was last described.
    pub looked_at: Timestamp,
    /// What each control that looks at it says, by the control's id.
    pub verdicts: BTreeMap<String, VerdictRecord>,
    /// The controls of whose verdicts Security Hub and the bus may not have heard yet, with what the bus was last told
    /// (`None`: nothing). It is written before they are told and emptied after: whoever finds one here tells them again.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub untold: BTreeMap<String, Option<String>>,
}

/// What one control says of one resource, and since when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VerdictRecord {
    /// The verdict and its reason.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// When the verdict became this one.
    pub since: Timestamp,
    /// When the control first failed it, whatever came after.
    pub first_failed: Option<Timestamp>,
    /// The exemption that a failure falls under. One that has ended is not here.
    pub exemption: Option<ExemptionRecord>,
    /// Who made the call after which the verdict changed, as an ARN; `None` when a sweep found it.
    pub actor: Option<String>,
    /// The id of that call's event.
    pub event_id: Option<String>,
    /// When Security Hub last took the finding; `None` where it never did.
    pub imported: Option<Timestamp>,
}

/// Who answers for a failure, and how long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExemptionRecord {
    /// Who.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// The last day, `YYYY-MM-DD`.
    pub expires: String,
}
