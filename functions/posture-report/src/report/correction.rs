use controls::{Action, CorrectionMode, Kind};
use identifiers::{AccountId, Region};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What was, is or would be done about a failure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CorrectionReport {
    /// The control's id.
    pub control: String,
    /// What the resource is.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// Its account.
    pub account: AccountId,
    /// Its region.
    pub region: Region,
    /// What.
    pub action: Action,
    /// Whether it is done or only said.
    pub mode: CorrectionMode,
    /// How far it has come.
    pub state: CorrectionState,
    /// When it was or may be done.
    pub at: Timestamp,
    /// What the resource had been idle for, in whole hours, where that is why.
    pub idle_hours: Option<u32>,
    /// What it ran on, where that is known.
    pub instance_type: Option<String>,
    /// When it ran again, as far as is known.
    pub ran_again: Option<Timestamp>,
    /// For how long it has not run, from `at` to `ran_again` or the sweep; only of what was stopped because it was idle.
    pub saved_minutes: Option<u64>,
}

/// How far a correction has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CorrectionState {
    /// Its time has not come.
    Waiting,
    /// It is being done.
    Acting,
    /// It was done, or would have been.
    Done,
}

/// What the stopping of idle resources saved, of those that are still on record.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Savings {
    /// The sum of all `saved_minutes`.
    pub minutes: u64,
    /// What these would have cost, as far as prices are configured; in their currency.
    pub money: Option<f64>,
    /// The same by what they ran on.
    pub by_instance_type: Vec<Saved>,
}

/// What was saved on one type of instance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Saved {
    /// Which; `None`: not known.
    pub instance_type: Option<String>,
    /// Corrections.
    pub corrections: u32,
    /// The sum of their `saved_minutes`.
    pub minutes: u64,
    /// What an hour costs, as configured.
    pub hourly_price: Option<f64>,
    /// What they would have cost, to the hundredth.
    pub money: Option<f64>,
}
