//! What a control has to say of a resource that is shown to it. Every control's file ends with its cases.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{Configuration, Kind, Need, Parameters, Resource};

/// When every case is looked at: noon of a Wednesday, 1792584000 seconds after the epoch.
pub(crate) const LOOKED_AT: &str = "2026-10-21T12:00:00Z";

/// The verdict that is expected, without its reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Expected {
    Pass,
    Fail,
    NotApplicable,
    Unknown,
}

/// A resource and what has to be said of it.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) expected: Expected,
    pub(crate) kind: Kind,
    /// The describing call's answer, as JSON.
    pub(crate) description: &'static str,
    /// What was read beside it, as JSON.
    pub(crate) related: &'static [(Need, &'static str)],
    /// The configuration's `parameters`, as JSON.
    pub(crate) parameters: &'static str,
}

impl Case {
    pub(crate) const fn new(expected: Expected, kind: Kind, description: &'static str) -> Self {
        Self { expected, kind, description, related: &[], parameters: "{}" }
    }

    pub(crate) const fn pass(kind: Kind, description: &'static str) -> Self {
        Self::new(Expected::Pass, kind, description)
    }

    pub(crate) const fn fail(kind: Kind, description: &'static str) -> Self {
        Self::new(Expected::Fail, kind, description)
    }

    pub(crate) const fn not_applicable(kind: Kind, description: &'static str) -> Self {
        Self::new(Expected::NotApplicable, kind, description)
    }

    pub(crate) const fn unknown(kind: Kind, description: &'static str) -> Self {
        Self::new(Expected::Unknown, kind, description)
    }

    pub(crate) const fn related(mut self, related: &'static [(Need, &'static str)]) -> Self {
        self.related = related;
        self
    }

    pub(crate) const fn parameters(mut self, parameters: &'static str) -> Self {
        self.parameters = parameters;
        self
    }

    pub(crate) fn resource(&self) -> Resource {
        let json = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_else(|error| panic!("{error}: {text}"));
        let related: BTreeMap<Need, Value> = self.related.iter().map(|(need, text)| (*need, json(text))).collect();
        Resource {
            kind: self.kind,
            account: "111111111111".parse().unwrap(),
            region: "eu-central-1".parse().unwrap(),
            name: "churn".to_owned(),
            arn: format!("arn:aws:sagemaker:eu-central-1:111111111111:{}/churn", self.kind.facts().arn_type),
            description: json(self.description),
            related,
            looked_at: LOOKED_AT.parse().unwrap(),
        }
    }

    pub(crate) fn parameters_read(&self) -> Parameters {
        Configuration::from_json(&format!("{{\"parameters\": {}}}", self.parameters)).unwrap().parameters
    }
}
