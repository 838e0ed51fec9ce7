//! The document, in JSON `posture/<sweep>.json`. Times are RFC 3339 in UTC, ids and ARNs as elsewhere.
//!
//! Members are only ever added within one [`VERSION`].

mod correction;

use std::ops::AddAssign;

use control_records::ExemptionRecord;
use controls::{Kind, Severity, Verdict};
use identifiers::{AccountId, Region};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

pub use correction::{CorrectionReport, CorrectionState, Saved, Savings};

/// The document's form.
pub const VERSION: u32 = 1;

/// What every control said at a sweep.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// [`VERSION`].
    pub version: u32,
    /// The platform's name.
    pub platform_name: String,
    /// The bucket of the report.
    pub bucket: String,
    /// When the sweep began.
    pub sweep: Timestamp,
    /// Whether every account and region was swept to its end and everything in them could be read.
    pub complete: bool,
    /// How many resources are known.
    pub resources: u32,
    /// The verdicts on them.
    pub totals: Totals,
    /// Verdicts of controls that are turned off or that this software does not have: on record, and counted nowhere else.
    pub not_judged: u32,
    /// The worst first; all of them.
    pub by_severity: Vec<SeverityReport>,
    /// Every control that is turned on, the worst first; one that looked at nothing has zeros.
    pub by_control: Vec<ControlReport>,
    /// Everywhere that was to be swept, by account and region.
    pub scopes: Vec<ScopeReport>,
    /// What fails, exempt or not: the worst first, then by control and place.
    pub failures: Vec<Finding>,
    /// What could not be judged, in the same order.
    pub unknowns: Vec<Finding>,
    /// What the sweep could not read, by place.
    pub unread: Vec<UnreadReport>,
    /// How much more it could not read than was written down; the sweep's log has it.
    pub unread_more: u32,
    /// What changed since the last sweep.
    pub trend: Option<Trend>,
    /// Why there is no trend.
    pub no_trend: Option<String>,
    /// Every exemption of the configuration, in its order.
    pub exemptions: Vec<ExemptionReport>,
    /// What was, is or would be done about failures, the newest first; what was dropped is not here.
    pub corrections: Vec<CorrectionReport>,
    /// What the stopping of idle resources saved.
    pub savings: Savings,
}

/// How many verdicts of each kind. A failure is either in `fail` or in `exempt`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// Failures that nobody answers for.
    pub fail: u32,
    /// Failures under an exemption that holds.
    pub exempt: u32,
    /// Not known.
    pub unknown: u32,
    /// As it should be.
    pub pass: u32,
    /// The control does not apply to the resource.
    pub not_applicable: u32,
}

impl Totals {
    /// All verdicts.
    #[must_use]
    pub fn verdicts(&self) -> u32 {
        self.fail + self.exempt + self.unknown + self.pass + self.not_applicable
    }

    pub(crate) fn count(&mut self, verdict: &Verdict, exempt: bool) {
        let count = match verdict {
            Verdict::Fail(_) if exempt => &mut self.exempt,
            Verdict::Fail(_) => &mut self.fail,
            Verdict::Unknown(_) => &mut self.unknown,
            Verdict::Pass => &mut self.pass,
            Verdict::NotApplicable(_) => &mut self.not_applicable,
        };
        *count += 1;
    }
}

impl AddAssign for Totals {
    fn add_assign(&mut self, other: Self) {
        self.fail += other.fail;
        self.exempt += other.exempt;
        self.unknown += other.unknown;
        self.pass += other.pass;
        self.not_applicable += other.not_applicable;
    }
}

/// The verdicts of all controls of a severity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SeverityReport {
    /// Which.
    pub severity: Severity,
    /// Controls that are turned on.
    pub controls: u32,
    /// Their verdicts.
    pub totals: Totals,
}

/// The verdicts of a control.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ControlReport {
    /// Its id.
    pub control: String,
    /// What holds when it passes.
    pub title: String,
    /// How bad a failure is.
    pub severity: Severity,
    /// What a person does about a failure.
    pub remediation: String,
    /// Its verdicts.
    pub totals: Totals,
}

/// An account and a region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScopeReport {
    /// The account.
    pub account: AccountId,
    /// The region.
    pub region: Region,
    /// How far this sweep came there.
    pub state: ScopeState,
    /// Why it came no further.
    pub error: Option<String>,
    /// When it was done there.
    pub finished: Option<Timestamp>,
    /// How many resources it listed.
    pub listed: u32,
    /// How many are on record.
    pub resources: u32,
    /// How much it could not read.
    pub unread: u32,
    /// The verdicts on those on record. Where the sweep came to no end, they are of earlier looks.
    pub totals: Totals,
}

/// How far a sweep came in an account and a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ScopeState {
    /// To its end.
    Swept,
    /// It began, and has no end on record.
    Unfinished,
    /// It has no record of a beginning.
    NotSwept,
}

/// A control's verdict on a resource, where it is none to be left at that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// The control's id.
    pub control: String,
    /// How bad a failure of it is.
    pub severity: Severity,
    /// What the resource is.
    pub kind: Kind,
    /// Its name, or its id where it has one instead.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// Its account.
    pub account: AccountId,
    /// Its region.
    pub region: Region,
    /// What is wrong, or not known.
    pub reason: String,
    /// Since when the verdict has been this one.
    pub since: Timestamp,
    /// When the control first failed it.
    pub first_failed: Option<Timestamp>,
    /// Who made the call after which the verdict changed, as an ARN; `None`: a sweep found it.
    pub actor: Option<String>,
    /// The id of that call's event.
    pub event_id: Option<String>,
    /// The exemption that a failure is under on the day of the sweep.
    pub exemption: Option<ExemptionRecord>,
    /// A failure that was none at the last sweep. False where there is no trend.
    pub is_new: bool,
}

impl Finding {
    /// A failure that nobody answers for.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.exemption.is_none()
    }
}

/// Something that the sweep could not read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnreadReport {
    /// The account.
    pub account: AccountId,
    /// The region.
    pub region: Region,
    /// The kind that was being read.
    pub kind: Kind,
    /// The resource; `None`: the kind could not be listed.
    pub name: Option<String>,
    /// The call, as in an IAM policy.
    pub operation: String,
    /// What the service answered.
    pub error: String,
}

/// What changed since the last sweep, of failures that nobody answered for. What was one then is now in exactly one of
/// `unchanged` and the five that follow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Trend {
    /// The last sweep.
    pub previous: Timestamp,
    /// What all controls said then.
    pub previous_totals: Totals,
    /// Failures that were none then.
    pub new: u32,
    /// Still failing.
    pub unchanged: u32,
    /// [`Ending::Recovered`].
    pub recovered: u32,
    /// [`Ending::Exempted`].
    pub exempted: u32,
    /// [`Ending::Unknown`].
    pub unknown: u32,
    /// [`Ending::Gone`].
    pub gone: u32,
    /// [`Ending::NotJudged`].
    pub not_judged: u32,
    /// What was a failure then and is none now.
    pub ended: Vec<Ended>,
}

/// What was a failure at the last sweep and is none now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ended {
    /// What became of it.
    pub ending: Ending,
    /// The control's id.
    pub control: String,
    /// How bad it was.
    pub severity: Severity,
    /// What the resource is or was.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// Its account.
    pub account: AccountId,
    /// Its region.
    pub region: Region,
}

/// What became of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Ending {
    /// It passes, or the control does not apply any more.
    Recovered,
    /// Somebody answers for it now.
    Exempted,
    /// It cannot be judged any more.
    Unknown,
    /// The resource was deleted, or ended too long ago to be looked at.
    Gone,
    /// The control was turned off, or the account and region are not swept any more.
    NotJudged,
}

/// An exemption of the configuration, and what it is good for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExemptionReport {
    /// The control's id.
    pub control: String,
    /// The ARNs it is for; `*` stands for any characters.
    pub resource: String,
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// The last day it holds.
    pub expires: Date,
    /// Days from the day of the sweep to the last day; negative when it is over.
    pub days_left: i32,
    /// Whether it holds.
    pub state: ExemptionState,
    /// Resources that the control looks at and that it names.
    pub matches: u32,
    /// Failures among them that it answers for; of one that is over: that nobody answers for any more.
    pub covers: u32,
}

/// Whether an exemption holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ExemptionState {
    /// For longer than a fortnight.
    Active,
    /// For a fortnight or less.
    Expiring,
    /// Not any more.
    Expired,
}
