use control_records::{ExemptionRecord, ResourceRecord, VerdictRecord};
use controls::{Action, Control, CorrectionMode, Severity, Verdict};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::text::cut;
use crate::{Event, Hub};

/// What all events of every platform come from.
const SOURCE: &str = "secure-mlops";
/// In characters: a message of all of them stays readable, and far below what an event may hold.
const LONGEST_REASON: usize = 1024;

/// The detail of `Control Finding State Change`: a control says of a resource something else than before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Transition {
    /// The control's id.
    pub control: String,
    /// What the control asks for.
    pub title: String,
    /// How bad a failure is.
    pub severity: Severity,
    /// The resource's kind.
    pub kind: String,
    /// The resource's ARN.
    pub resource: String,
    /// The resource's name.
    pub name: String,
    /// Its account.
    pub account: String,
    /// Its region.
    pub region: String,
    /// `pass`, `fail`, `notApplicable` or `unknown`; `None` where it was not judged before.
    pub from: Option<String>,
    /// The same, or `gone`.
    pub to: String,
    /// Why, where there is a reason.
    pub reason: Option<String>,
    /// What a failure falls under.
    pub exemption: Option<ExemptionRecord>,
    /// Who made the call after which it was judged, as an ARN.
    pub actor: Option<String>,
    /// The id of that call's event.
    pub event_id: Option<String>,
    /// The finding's id.
    pub finding_id: String,
    /// Since when.
    pub at: Timestamp,
}

impl Transition {
    /// What the detail type says.
    pub const DETAIL_TYPE: &str = "Control Finding State Change";

    /// From a verdict, if there was one, to the one on record.
    #[must_use]
    pub fn new(
        hub: &Hub,
        control: &Control,
        resource: &ResourceRecord,
        from: Option<&Verdict>,
        verdict: &VerdictRecord,
    ) -> Self {
        Self {
            control: control.id.to_owned(),
            title: control.title.to_owned(),
            severity: control.severity,
            kind: resource.kind.to_string(),
            resource: resource.arn.clone(),
            name: resource.name.clone(),
            account: resource.account.to_string(),
            region: resource.region.to_string(),
            from: from.map(|verdict| verdict.word().to_owned()),
            to: verdict.verdict.word().to_owned(),
            reason: verdict.verdict.reason().map(|reason| cut(reason, LONGEST_REASON)),
            exemption: verdict.exemption.clone().map(|exemption| ExemptionRecord {
                owner: cut(&exemption.owner, LONGEST_REASON),
                reason: cut(&exemption.reason, LONGEST_REASON),
                expires: exemption.expires,
            }),
            actor: verdict.actor.clone(),
            event_id: verdict.event_id.clone(),
            finding_id: hub.finding_id(control, resource),
            at: verdict.since,
        }
    }

    /// The resource is gone, and with it the verdict on record.
    #[must_use]
    pub fn gone(hub: &Hub, control: &Control, resource: &ResourceRecord, last: &VerdictRecord, at: Timestamp) -> Self {
        Self {
            to: "gone".to_owned(),
            reason: None,
            exemption: None,
            at,
            ..Self::new(hub, control, resource, Some(&last.verdict), last)
        }
    }

    /// As an event of the platform.
    ///
    /// # Errors
    /// None that a transition can have: of the JSON it is written in.
    pub fn event(&self, hub: &Hub) -> Result<Event, serde_json::Error> {
        event(hub, Self::DETAIL_TYPE, &self.resource, self.at, self)
    }
}

/// The detail of `Control Correction State Change`: something is going to be done about a failure, was, or was not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CorrectionChange {
    /// The control's id.
    pub control: String,
    /// The resource's ARN.
    pub resource: String,
    /// Its account.
    pub account: String,
    /// Its region.
    pub region: String,
    /// What is done.
    pub action: Action,
    /// Whether it is done or only said.
    pub mode: CorrectionMode,
    /// How far it has come.
    pub state: CorrectionState,
    /// When it may be done.
    pub due: Timestamp,
    /// Why it has come no farther, where there is a reason.
    pub reason: Option<String>,
    /// Where the evidence is kept, as `s3://bucket/key`.
    pub evidence: Option<String>,
    /// When it came there.
    pub at: Timestamp,
}

/// How far a correction has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CorrectionState {
    /// It will be done when it is due.
    Marked,
    /// It was done.
    Done,
    /// A dry run would have done it.
    WouldDo,
    /// It is not needed or not allowed any more.
    Dropped,
    /// It was tried in vain, and will be again.
    Failed,
    /// More was due than one run may touch: nothing was done.
    Capped,
}

impl CorrectionChange {
    /// What the detail type says.
    pub const DETAIL_TYPE: &str = "Control Correction State Change";

    /// As an event of the platform.
    ///
    /// # Errors
    /// None that a correction can have: of the JSON it is written in.
    pub fn event(&self, hub: &Hub) -> Result<Event, serde_json::Error> {
        event(hub, Self::DETAIL_TYPE, &self.resource, self.at, self)
    }
}

/// An event whose detail says of which platform it is.
fn event(
    hub: &Hub,
    detail_type: &'static str,
    resource: &str,
    time: Timestamp,
    detail: &impl Serialize,
) -> Result<Event, serde_json::Error> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct OfPlatform<'a, T> {
        platform_name: &'a str,
        #[serde(flatten)]
        detail: &'a T,
    }
    let detail = serde_json::to_string(&OfPlatform { platform_name: &hub.platform_name, detail })?;
    Ok(Event { source: SOURCE, detail_type, resources: vec![resource.to_owned()], time, detail })
}
