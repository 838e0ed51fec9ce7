//! What is kept and said of each decision.

use aws_ports::AwsError;
use control_records::{Mark, Scope};
use findings::{CorrectionChange, CorrectionState};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::aws::Platform;
use crate::error::Error;
use crate::seen::Seen;
use crate::settings::Settings;

/// Of a message; the evidence has all of it.
const LONGEST_REASON: usize = 1024;

/// A decision about one mark, and what has come of it.
pub(crate) struct Entry<'a> {
    pub(crate) mark: &'a Mark,
    /// One of [`CorrectionState`]'s words, or what is kept without being said: `waiting`, `acting`, `acted`.
    pub(crate) decision: &'static str,
    pub(crate) reason: &'a str,
    pub(crate) seen: Option<&'a Seen>,
    /// The call and its input, where there is one.
    pub(crate) call: Option<(&'a str, &'a Value)>,
    pub(crate) request_id: Option<&'a str>,
    pub(crate) error: Option<&'a AwsError>,
}

impl<'a> Entry<'a> {
    pub(crate) fn new(mark: &'a Mark, decision: &'static str, reason: &'a str) -> Self {
        Self { mark, decision, reason, seen: None, call: None, request_id: None, error: None }
    }

    pub(crate) fn seen(self, seen: Option<&'a Seen>) -> Self {
        Self { seen, ..self }
    }
}

/// Where one account's and region's decisions are kept, and by which configuration they are taken.
pub(crate) struct Trail<'a, P> {
    pub(crate) platform: &'a P,
    pub(crate) settings: &'a Settings,
    pub(crate) scope: &'a Scope,
    /// The configuration document's version; `None`: there is none.
    pub(crate) version: Option<&'a str>,
}

impl<P: Platform> Trail<'_, P> {
    /// Keeps the evidence of a decision, and gives its address.
    ///
    /// # Errors
    /// It could not be kept, so nothing may be done.
    pub(crate) async fn keep(&self, entry: Entry<'_>) -> Result<String, Error> {
        let at = self.platform.now();
        let Entry { mark, decision, reason, seen, call, request_id, error } = entry;
        let evidence = json!({
            "platformName": self.settings.platform_name,
            "account": self.scope.account,
            "region": self.scope.region,
            "at": at,
            "decision": decision,
            "reason": reason,
            "configuration": self.version,
            "mark": mark,
            "seen": seen.map(Seen::excerpt),
            "call": call.map(|(operation, input)| json!({"operation": operation, "input": input})),
            "requestId": request_id.or_else(|| error?.request_id()),
            "error": error.map(|error| json!({"code": error.code(), "text": error.to_string()})),
        });
        let key = self.key(mark, decision, at);
        self.platform.keep(&key, evidence.to_string()).await?;
        tracing::info!(control = mark.control, resource = mark.arn, decision, reason, evidence = key, "decided");
        Ok(format!("s3://{}/{key}", self.settings.controls_bucket))
    }

    /// Keeps the evidence of a decision and says it on the bus.
    ///
    /// # Errors
    /// It could not be kept, or not be said.
    pub(crate) async fn tell(&self, state: CorrectionState, entry: Entry<'_>) -> Result<(), Error> {
        let (mark, reason) = (entry.mark, entry.reason);
        let evidence = self.keep(entry).await?;
        self.announce(mark, state, reason, evidence).await
    }

    /// Says something on the bus.
    ///
    /// # Errors
    /// It could not be said.
    pub(crate) async fn announce(
        &self,
        mark: &Mark,
        state: CorrectionState,
        reason: &str,
        evidence: String,
    ) -> Result<(), Error> {
        let change = CorrectionChange {
            control: mark.control.clone(),
            resource: mark.arn.clone(),
            account: self.scope.account.to_string(),
            region: self.scope.region.to_string(),
            action: mark.action,
            mode: mark.mode,
            state,
            due: mark.due,
            reason: Some(reason.chars().take(LONGEST_REASON).collect()),
            evidence: Some(evidence),
            at: self.platform.now(),
        };
        self.platform.announce(&change).await
    }

    /// `evidence/<account>/<region>/<date>/<control>-<hash of the ARN>-<time>-<decision>.json`.
    fn key(&self, mark: &Mark, decision: &str, at: Timestamp) -> String {
        let Scope { account, region } = self.scope;
        let hash = format!("{:x}", Sha256::digest(&mark.arn));
        let hash = hash.get(..12).unwrap_or_default();
        let (date, time) = (at.strftime("%Y-%m-%d"), at.strftime("%Y%m%dT%H%M%S.%3fZ"));
        format!("evidence/{account}/{region}/{date}/{}-{hash}-{time}-{decision}.json", mark.control)
    }
}
