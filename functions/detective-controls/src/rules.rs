use std::collections::BTreeSet;

use control_records::ExemptionRecord;
use controls::{CONTROLS, Configuration, Control, Kind, Need};
use jiff::{Timestamp, ToSpan};

use crate::aws::ConfigurationDocument;
use crate::error::Error;

/// What is judged by, as long as one invocation lasts.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) configuration: Configuration,
    /// Since when it is this one; `None`: there is none, and the defaults count.
    pub(crate) modified: Option<Timestamp>,
}

impl Rules {
    /// # Errors
    /// Of the call, and every fault of the document.
    pub(crate) async fn read(document: &impl ConfigurationDocument) -> Result<Self, Error> {
        Ok(match document.document().await? {
            Some(document) => {
                Self { configuration: Configuration::from_json(&document.text)?, modified: Some(document.modified) }
            }
            None => Self { configuration: Configuration::default(), modified: None },
        })
    }

    /// The controls that look at a kind.
    pub(crate) fn controls_of(&self, kind: Kind) -> impl Iterator<Item = &'static Control> {
        CONTROLS
            .iter()
            .copied()
            .filter(move |control| control.kinds.contains(&kind) && self.configuration.is_enabled(control))
    }

    /// Whether any control looks at a kind.
    pub(crate) fn look_at(&self, kind: Kind) -> bool {
        self.controls_of(kind).next().is_some()
    }

    /// What they have to see beside a description.
    pub(crate) fn needs(&self, kind: Kind) -> BTreeSet<Need> {
        self.controls_of(kind).flat_map(|control| control.needs.iter().copied()).collect()
    }

    /// What a failure falls under at `now`.
    pub(crate) fn exemption(&self, control: &Control, arn: &str, now: Timestamp) -> Option<ExemptionRecord> {
        let exemption = self.configuration.exemption(control, arn, now)?;
        Some(ExemptionRecord {
            owner: exemption.owner.clone(),
            reason: exemption.reason.clone(),
            expires: exemption.expires.to_string(),
        })
    }

    /// What ends by itself and was made before is not looked at any more.
    pub(crate) fn horizon(&self, now: Timestamp) -> Timestamp {
        let days = i64::from(self.configuration.parameters.job_look_back_days);
        now.checked_sub((days * 24).hours()).unwrap_or(Timestamp::MIN)
    }
}
