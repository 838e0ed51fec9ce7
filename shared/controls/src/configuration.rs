use std::collections::BTreeMap;
use std::fmt::{self, Write};

use checked_document::{Fault, Faults};
use identifiers::AccountId;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use wildmatch::WildMatch;

use crate::{Action, Control};

mod reading;
#[cfg(test)]
mod tests;

/// The one document that says what the controls ask for, what they leave alone, and what may be done without a person:
///
/// ```json
/// {
///   "parameters": {
///     "notebookPlatforms": ["notebook-al2023-v1"],
///     "subnets": ["subnet-0a1b2c3d4e5f60718"],
///     "requiredTags": ["team", "cost-centre"],
///     "maxPresignedSeconds": 3600,
///     "jobLookBackDays": 7,
///     "idleHours": {"apps": 8, "notebooks": 24},
///     "hourlyPrices": {"ml.t3.medium": 0.05}
///   },
///   "disabled": ["image-tagged"],
///   "exemptions": [
///     {"control": "notebook-no-root-access", "resource": "arn:aws:sagemaker:*:111111111111:notebook-instance/lab-*",
///      "owner": "ml-platform@example.com", "reason": "driver tests until the image has them", "expires": "2027-03-31"}
///   ],
///   "corrective": {
///     "corrections": [
///       {"control": "notebook-no-direct-internet", "accounts": ["111111111111"], "action": "stop", "mode": "act", "graceHours": 24},
///       {"control": "app-idle", "action": "delete", "mode": "dryRun"}
///     ],
///     "cap": {"resources": 5, "percent": 10}
///   }
/// }
/// ```
///
/// Everything is optional; `{}` turns every control on and every correction off. The first correction that names a control and
/// an account is the one that counts.
#[derive(Debug, Clone, Default)]
pub struct Configuration {
    /// What the controls ask for.
    pub parameters: Parameters,
    /// Controls that look at nothing, by id.
    pub disabled: Vec<&'static str>,
    /// Failures that somebody answers for, until a day.
    pub exemptions: Vec<Exemption>,
    /// What may be done without a person.
    pub corrective: Corrective,
}

/// What the controls ask for.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameters {
    /// The platforms that a notebook instance may run on. AWS ends them one after the other, so there is no
    /// lasting default; empty: on any.
    pub notebook_platforms: Vec<String>,
    /// The subnets that resources may be in; empty: any of the account's own.
    pub subnets: Vec<String>,
    /// The keys that a resource has to be tagged with; empty: one tag of any key. At most 6, as in AWS Config's rules.
    pub required_tags: Vec<String>,
    /// How long a session from a presigned address may last, from 1800 to 43200: the least and the most that the service knows.
    pub max_presigned_seconds: u32,
    /// How long a job that has ended is still looked at, from 1 to 90 days.
    pub job_look_back_days: u32,
    /// How long something may run that nobody uses.
    pub idle_hours: IdleHours,
    /// What an hour of an instance type costs, in whatever currency the report is read in; what is not here is reported in hours.
    pub hourly_prices: BTreeMap<String, f64>,
}

/// Hours from 1 to 720; `None` leaves idle ones alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct IdleHours {
    /// Studio apps.
    pub apps: Option<u32>,
    /// Notebook instances.
    pub notebooks: Option<u32>,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            notebook_platforms: vec!["notebook-al2023-v1".to_owned(), "notebook-al2023-v2".to_owned()],
            subnets: Vec::new(),
            required_tags: Vec::new(),
            max_presigned_seconds: 12 * 3600,
            job_look_back_days: 7,
            idle_hours: IdleHours::default(),
            hourly_prices: BTreeMap::new(),
        }
    }
}

/// A failure that somebody answers for, until a day.
///
/// Not a tag: whoever may tag a resource could exempt it.
#[derive(Debug, Clone)]
pub struct Exemption {
    /// The control's id.
    pub control: &'static str,
    /// The ARNs it holds for; `*` stands for any characters.
    pub resource: WildMatch,
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// The last day it holds, in UTC.
    pub expires: Date,
}

impl Exemption {
    /// Whether its last day is over.
    #[must_use]
    pub fn has_expired(&self, now: Timestamp) -> bool {
        now.to_zoned(TimeZone::UTC).date() > self.expires
    }
}

/// What may be done without a person.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Corrective {
    /// In their order: the first that names a control and an account is the one that counts.
    pub corrections: Vec<Correction>,
    /// A run that would touch more does nothing at all, but says so.
    pub cap: Cap,
}

/// How much one run may touch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cap {
    /// Resources, from 1 to 1000.
    pub resources: u32,
    /// Of all resources of the same kinds in the account and region, from 1 to 100.
    pub percent: u32,
}

impl Default for Cap {
    fn default() -> Self {
        Self { resources: 5, percent: 10 }
    }
}

/// What is done about a control's failures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correction {
    /// The control's id.
    pub control: &'static str,
    /// Where; empty: in every account.
    pub accounts: Vec<AccountId>,
    /// What; one of the control's own [actions](Control::actions).
    pub action: Action,
    /// Whether it is done or only said.
    pub mode: CorrectionMode,
    /// How long after the first notice, from 0 to 720.
    pub grace_hours: u32,
}

/// Whether an action is done or only said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CorrectionMode {
    /// Everything but the action itself.
    DryRun,
    /// The action too.
    Act,
}

/// The document's faults, all of them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct InvalidConfiguration {
    /// In the order of reading.
    pub faults: Vec<Fault>,
}

impl fmt::Display for InvalidConfiguration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        for fault in &self.faults {
            write!(text, "\n- {fault}")?;
        }
        write!(
            f,
            "the controls' configuration has {} fault(s), so nothing is judged or done by it:{text}",
            self.faults.len()
        )
    }
}

impl Configuration {
    /// Reads the document whole.
    ///
    /// # Errors
    /// Every fault with its path: what is no JSON, unknown members, controls that do not exist, actions that a control does not
    /// have, numbers out of range, exemptions without an owner or an end.
    pub fn from_json(document: &str) -> Result<Self, InvalidConfiguration> {
        let faults = Faults::default();
        let read = faults.parse(document).and_then(|value| reading::configuration(&faults.root(&value)));
        let faults = faults.into_vec();
        match read {
            Some(configuration) if faults.is_empty() => Ok(configuration),
            _ => Err(InvalidConfiguration { faults }),
        }
    }

    /// The exemption that a failure falls under at `now`.
    #[must_use]
    pub fn exemption(&self, control: &Control, arn: &str, now: Timestamp) -> Option<&Exemption> {
        self.exemptions.iter().find(|exemption| {
            exemption.control == control.id && exemption.resource.matches(arn) && !exemption.has_expired(now)
        })
    }

    /// What is done about a control's failures in an account; `None`: nothing.
    #[must_use]
    pub fn correction(&self, control: &Control, account: &AccountId) -> Option<&Correction> {
        self.corrective.corrections.iter().find(|correction| {
            correction.control == control.id
                && (correction.accounts.is_empty() || correction.accounts.contains(account))
        })
    }

    /// Whether a control looks at anything.
    #[must_use]
    pub fn is_enabled(&self, control: &Control) -> bool {
        !self.disabled.contains(&control.id)
    }
}
