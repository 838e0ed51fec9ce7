use control_records::{Mark, MarkState, ResourceRecord, VerdictRecord};
use controls::{Control, Reference, Resource, Tool, Verdict};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::Hub;
use crate::resource_details;
use crate::text::{cut, is_blank};

/// The type of every finding, as `namespace/category`.
const TYPE: &str = "Software and Configuration Checks/AWS Security Best Practices";
/// In characters.
const LONGEST_TITLE: usize = 256;
const LONGEST_DESCRIPTION: usize = 1024;
const LONGEST_RECOMMENDATION: usize = 512;
/// Half of what the format allows, so that a finding with all its fields stays below the largest size.
const LONGEST_FIELD: usize = 1024;
const LONGEST_REQUIREMENT: usize = 64;
const MOST_REQUIREMENTS: usize = 32;

/// What one control says of one resource, for Security Hub.
#[derive(Debug, Clone, Copy)]
pub struct Finding<'a> {
    /// The control.
    pub control: &'a Control,
    /// The resource.
    pub resource: &'a ResourceRecord,
    /// What the control says of it.
    pub verdict: &'a VerdictRecord,
    /// The resource as it was described, where it was just now: the finding tells its details and tags.
    pub described: Option<&'a Resource>,
    /// What is going to be done about it, or was.
    pub mark: Option<&'a Mark>,
    /// When the resource was seen to be gone.
    pub gone: Option<Timestamp>,
}

impl Finding<'_> {
    /// The finding in the AWS Security Finding Format. One with the same id that is there already becomes this one.
    ///
    /// A verdict of not applicable closes and archives; there is no need to import it where there was no finding before.
    #[must_use]
    pub fn to_asff(&self, hub: &Hub) -> Value {
        let Self { control, resource, verdict, .. } = self;
        let status = self.status();
        let severity = json!({
            // As Security Hub's own: what passes is not listed among what is severe.
            "Label": if status == "PASSED" { "INFORMATIONAL" } else { control.severity.label() },
            "Original": control.severity.label(),
        });
        let first = verdict.first_failed.map_or(verdict.since, |failed| failed.min(verdict.since));
        let archived = self.gone.is_some() || matches!(verdict.verdict, Verdict::NotApplicable(_));
        json!({
            "SchemaVersion": "2018-10-08",
            "Id": hub.finding_id(control, resource),
            "ProductArn": hub.product_arn(),
            "ProductName": cut(&format!("{} controls", hub.platform_name), 128),
            "GeneratorId": control.id,
            "AwsAccountId": hub.account,
            "Types": [TYPE],
            "CreatedAt": time(first),
            "FirstObservedAt": time(first),
            "LastObservedAt": time(self.gone.unwrap_or(resource.looked_at)),
            "UpdatedAt": time(self.updated()),
            "Severity": severity,
            "Title": cut(control.title, LONGEST_TITLE),
            "Description": cut(&self.sentence(), LONGEST_DESCRIPTION),
            "Remediation": {"Recommendation": {"Text": cut(control.remediation, LONGEST_RECOMMENDATION)}},
            "ProductFields": self.product_fields(),
            "Resources": [resource_details::resource(resource, self.described)],
            "Compliance": self.compliance(status),
            "RecordState": if archived { "ARCHIVED" } else { "ACTIVE" },
            // What a later import may change of severity and types.
            "FindingProviderFields": {"Severity": severity, "Types": [TYPE]},
        })
    }

    fn status(&self) -> &'static str {
        match self.verdict.verdict {
            Verdict::Pass | Verdict::NotApplicable(_) => "PASSED",
            Verdict::Fail(_) if self.verdict.exemption.is_some() => "WARNING",
            Verdict::Fail(_) => "FAILED",
            Verdict::Unknown(_) => "NOT_AVAILABLE",
        }
    }

    fn compliance(&self, status: &str) -> Value {
        let mut compliance = json!({"Status": status});
        let requirements: Vec<String> = self
            .references()
            .map(|reference| format!("{} {}", tool_name(reference.tool), reference.id))
            // Half a name says nothing; the product fields have the longer ones.
            .filter(|name| name.chars().count() <= LONGEST_REQUIREMENT)
            .take(MOST_REQUIREMENTS)
            .collect();
        let reason = match (&self.verdict.verdict, &self.verdict.exemption) {
            (Verdict::Fail(_), Some(exemption)) => {
                Some(("EXEMPT", format!("until {} by {}: {}", exemption.expires, exemption.owner, exemption.reason)))
            }
            (Verdict::Unknown(reason), _) => Some(("UNKNOWN", reason.clone())),
            (Verdict::NotApplicable(reason), _) => Some(("NOT_APPLICABLE", reason.clone())),
            _ => None,
        };
        if let Some(members) = compliance.as_object_mut() {
            if !requirements.is_empty() {
                members.insert("RelatedRequirements".to_owned(), json!(requirements));
            }
            if let Some((code, description)) = reason {
                let description = cut(&description, LONGEST_DESCRIPTION);
                let reason = if is_blank(&description) {
                    json!({"ReasonCode": code})
                } else {
                    json!({"ReasonCode": code, "Description": description})
                };
                members.insert("StatusReasons".to_owned(), json!([reason]));
            }
        }
        compliance
    }

    /// One sentence that needs nothing beside it.
    fn sentence(&self) -> String {
        let ResourceRecord { kind, name, account, region, .. } = self.resource;
        let says = match (&self.verdict.verdict, &self.verdict.exemption) {
            _ if self.gone.is_some() => "is gone".to_owned(),
            (Verdict::Pass, _) => "passes".to_owned(),
            (Verdict::Fail(reason), None) => format!("fails: {reason}"),
            (Verdict::Fail(reason), Some(_)) => format!("fails and is exempt: {reason}"),
            (Verdict::NotApplicable(reason), _) => format!("needs no judgement: {reason}"),
            (Verdict::Unknown(reason), _) => format!("cannot be judged: {reason}"),
        };
        format!("{kind} {name} in account {account}, {region}, {says}")
    }

    /// What a query finds it by that the format has no member for.
    fn product_fields(&self) -> Map<String, Value> {
        let Self { resource, verdict, .. } = self;
        let mut fields = Map::new();
        let mut put = |name: &str, value: &str| {
            if !is_blank(value) {
                fields.insert(name.to_owned(), cut(value, LONGEST_FIELD).into());
            }
        };
        put("Account", resource.account.as_str());
        put("Region", resource.region.as_str());
        put("Kind", resource.kind.facts().name);
        put("Name", &resource.name);
        put("Verdict", verdict.verdict.word());
        put("Since", &time(verdict.since));
        put("Actor", verdict.actor.as_deref().unwrap_or_default());
        put("EventId", verdict.event_id.as_deref().unwrap_or_default());
        if let Some(exemption) = &verdict.exemption {
            put("Exemption/Owner", &exemption.owner);
            put("Exemption/Reason", &exemption.reason);
            put("Exemption/Expires", &exemption.expires);
        }
        if let Some(mark) = self.mark {
            put("Correction/Action", &mark.action.to_string());
            put("Correction/Mode", mode(mark));
            put("Correction/State", state(mark));
            put("Correction/Due", &time(mark.due));
        }
        for reference in self.references() {
            let name = format!("References/{}", tool_name(reference.tool));
            let ids = fields.get(&name).and_then(Value::as_str).map(|ids| format!("{ids}, {}", reference.id));
            fields.insert(name, cut(ids.as_deref().unwrap_or(reference.id), LONGEST_FIELD).into());
        }
        fields
    }

    /// The checks of other tools that ask for the same of this kind. Cloud Custodian has filters and no checks.
    fn references(&self) -> impl Iterator<Item = &'static Reference> {
        let kind = self.resource.kind;
        self.control.references.iter().filter(move |reference| {
            reference.tool != Tool::Custodian && (reference.kinds.is_empty() || reference.kinds.contains(&kind))
        })
    }

    /// Security Hub leaves a finding as it is where this is not later than before.
    fn updated(&self) -> Timestamp {
        let corrected = self.mark.map(|mark| match &mark.state {
            MarkState::Waiting => mark.marked,
            MarkState::Acting { at, .. } | MarkState::Done { at, .. } | MarkState::Dropped { at, .. } => *at,
        });
        [corrected, self.gone].into_iter().flatten().fold(self.resource.looked_at, Timestamp::max)
    }
}

fn mode(mark: &Mark) -> &'static str {
    match mark.mode {
        controls::CorrectionMode::DryRun => "dryRun",
        controls::CorrectionMode::Act => "act",
    }
}

fn state(mark: &Mark) -> &'static str {
    match mark.state {
        MarkState::Waiting => "waiting",
        MarkState::Acting { .. } => "acting",
        MarkState::Done { .. } => "done",
        MarkState::Dropped { .. } => "dropped",
    }
}

fn tool_name(tool: Tool) -> &'static str {
    match tool {
        Tool::Prowler => "Prowler",
        Tool::SecurityHub => "Security Hub",
        Tool::Config => "Config",
        Tool::Checkov => "Checkov",
        Tool::Custodian => "Custodian",
        Tool::Guard => "Guard",
        Tool::Steampipe => "Steampipe",
    }
}

/// With milliseconds, as Security Hub's own findings have it.
pub(crate) fn time(at: Timestamp) -> String {
    format!("{at:.3}")
}
