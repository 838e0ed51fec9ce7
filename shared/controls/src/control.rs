use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Kind, Need, Parameters, Resource, Verdict};

include!(concat!(env!("OUT_DIR"), "/controls.rs"));

/// One thing that is asked of every resource of some kinds.
#[derive(Debug)]
pub struct Control {
    /// What it is known by everywhere: kebab-case, beginning with what it is about, never changed once released.
    pub id: &'static str,
    /// What holds when it passes, as a sentence.
    pub title: &'static str,
    /// How bad it is when it does not hold.
    pub severity: Severity,
    /// What it looks at.
    pub kinds: &'static [Kind],
    /// What it has to see beside the resource's own description.
    pub needs: &'static [Need],
    /// The checks of other tools that ask for the same.
    pub references: &'static [Reference],
    /// What a person does about a failure.
    pub remediation: &'static str,
    /// What may be done about a failure without a person, the mildest first.
    pub actions: &'static [Action],
    /// Looks at a resource of one of [`kinds`](Self::kinds), and at nothing else. Ask [`Control::judge`] instead.
    pub evaluate: fn(&Resource, &Parameters) -> Verdict,
}

impl Control {
    /// The verdict on a resource, or `None` if it is of a kind that the control does not look at.
    #[must_use]
    pub fn judge(&self, resource: &Resource, parameters: &Parameters) -> Option<Verdict> {
        if !self.kinds.contains(&resource.kind) {
            return None;
        }
        // What is on its way out can no longer be mended, and its description loses members on the way.
        Some(match resource.leaving() {
            Some(status) => Verdict::NotApplicable(format!("the resource is {status}")),
            None => (self.evaluate)(resource, parameters),
        })
    }
}

/// The control of that id.
#[must_use]
pub fn control(id: &str) -> Option<&'static Control> {
    CONTROLS.iter().copied().find(|control| control.id == id)
}

/// How bad a failure is; the words of the AWS Security Finding Format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Severity {
    /// Good order.
    Low,
    /// A line of defence is missing.
    Medium,
    /// Data or credentials are open to somebody who should not have them.
    High,
    /// They are open to everybody.
    Critical,
}

impl Severity {
    /// As in the AWS Security Finding Format: `LOW`, `MEDIUM`, `HIGH`, `CRITICAL`.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Low => "LOW",
            Self::Medium => "MEDIUM",
            Self::High => "HIGH",
            Self::Critical => "CRITICAL",
        }
    }
}

/// A check of another tool that asks for the same.
#[derive(Debug)]
pub struct Reference {
    /// Whose check it is.
    pub tool: Tool,
    /// What it is called there.
    pub id: &'static str,
    /// For which of the control's kinds; empty for all.
    pub kinds: &'static [Kind],
}

impl Reference {
    /// A check for every kind that the control looks at.
    #[must_use]
    pub const fn all(tool: Tool, id: &'static str) -> Self {
        Self { tool, id, kinds: &[] }
    }

    /// A check for some of them.
    #[must_use]
    pub const fn of(tool: Tool, id: &'static str, kinds: &'static [Kind]) -> Self {
        Self { tool, id, kinds }
    }
}

/// A tool that checks SageMaker resources too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tool {
    /// Prowler, by the check's id.
    Prowler,
    /// AWS Security Hub's Foundational Security Best Practices, e.g. `SageMaker.1`.
    SecurityHub,
    /// AWS Config's managed rules.
    Config,
    /// Checkov, e.g. `CKV_AWS_22`.
    Checkov,
    /// Cloud Custodian has no checks of its own; the filter that one is made of.
    Custodian,
    /// The AWS Guard rules registry.
    Guard,
    /// Steampipe's AWS compliance mod.
    Steampipe,
}

/// What may be done about a failing resource without a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Action {
    /// Say that it fails, and what would be done.
    Notify,
    /// Stop it: a notebook instance keeps its volume, a job ends early and keeps what it has written.
    Stop,
    /// Stop a notebook instance and start it with root access disabled and version 2 of the metadata service alone.
    Harden,
    /// Delete it: a Studio app, whose home volume stays, or an endpoint, whose configuration and model stay.
    Delete,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Notify => "notify",
            Self::Stop => "stop",
            Self::Harden => "harden",
            Self::Delete => "delete",
        })
    }
}
