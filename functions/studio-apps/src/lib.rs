//! `Custom::StudioApps` {`DomainId`} -> {}: when it is deleted, every app and every space of a Studio domain goes, so that
//! the domain's user profiles and the domain itself can be deleted.
//!
//! Let the domain and its user profiles be what this resource depends on: CloudFormation then deletes it before them.
//!
//! # Invariants
//! - Create and Update call nothing: nobody's kernel dies while a stack lives. An Update to another domain gives another
//!   id, and the Delete of the old id empties the old domain (R22).
//! - Every app goes, whatever its type, whether a user profile or a space owns it; then every space, shared or private,
//!   and with a private one the volume that holds its files. Home directories on the domain's file system stay.
//! - What is gone is a success, and so is a domain that is gone (R26). That access is denied never counts as gone.
//! - Nothing is remembered of what was asked for: each look lists what is there and asks for the rest again, so a
//!   deletion that failed is asked for once more, and a request that was cut off goes on anywhere (R30).
//!
//! # Decisions
//! - Apps take up to 20 minutes to go. A call of the method is one look; the library calls again, in this invocation or
//!   the next, until `ServiceTimeout`, and then answers with what is left, what state it is in, and why.
//! - An app that failed to start is not waited for: the service takes such apps away by itself, and lists them for a day. Its
//!   deletion is asked for in the end all the same, and given a few looks to begin, for the app may have failed in being
//!   deleted.
//! - What cannot be deleted keeps nothing else from being deleted.
//!
//! Keep the resource's logical id: under another one the old resource is deleted, and with it the apps of a living domain.

mod aws;
mod error;
mod properties;
mod remainder;
mod removal;

use std::time::Duration;

use custom_resource::{Attributes, CustomResource, Failure, Progress, Request, Scope};
use identifiers::DomainId;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout};

pub use aws::{App, AwsServices, Owner, Page, Ports, Space};
pub use error::Error;
pub use properties::Properties;
use remainder::Remainder;

/// Most apps are gone after one to three minutes; a look at a domain of a hundred apps costs two calls.
const AGAIN_IN: Duration = Duration::from_secs(10);
/// An app whose deletion was accepted is listed as being deleted by then.
const LOOKS_AT_FAILED: u32 = 3;

/// The custom resource, over any implementation of its [`Ports`].
#[derive(Debug)]
pub struct StudioApps<A> {
    aws: A,
}

/// What a request remembers between its looks.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Memory {
    /// How many looks in a row found nothing but apps that had failed, and no fewer of them.
    looks_at_failed: u32,
    /// How many of them there were.
    failed: usize,
}

impl Memory {
    fn unfinished(&self, waiting_for: String) -> Progress {
        let state = serde_json::json!({ "looks_at_failed": self.looks_at_failed, "failed": self.failed });
        Progress::Unfinished { waiting_for, state, again_in: AGAIN_IN }
    }
}

impl<A: Ports> StudioApps<A> {
    /// Calls nothing.
    pub const fn new(aws: A) -> Self {
        Self { aws }
    }

    async fn empty(&self, domain: &DomainId, request: &Request<Option<Properties>>) -> Result<Progress, Error> {
        // A state that cannot be read only means some more looks.
        let memory: Memory =
            request.state.clone().and_then(|state| serde_json::from_value(state).ok()).unwrap_or_default();
        // The last look of an invocation begins when a quarter of its time is left, and leaves half of that.
        let time = request.time.remaining() / 2;
        let look = removal::look(&self.aws, domain, Instant::now() + time / 2);
        match timeout(time, look).await {
            Ok(Ok(remainder)) => conclude(domain, memory, remainder),
            Ok(Err(error)) if error.is_transient() => Ok(memory.unfinished(error.to_string())),
            Ok(Err(error)) => Err(error.into()),
            Err(_) => {
                Ok(memory.unfinished(format!("SageMaker to answer within {time:.0?} what domain {domain} holds")))
            }
        }
    }
}

fn conclude(domain: &DomainId, mut memory: Memory, remainder: Remainder) -> Result<Progress, Error> {
    tracing::info!(
        %domain,
        apps = remainder.apps(),
        spaces = remainder.spaces(),
        failed_apps = remainder.failed.len(),
        refused = remainder.refused.len(),
        "domain looked at"
    );
    if !remainder.refused.is_empty() {
        return Err(Error::Refused { deletions: remainder.refused });
    }
    if !remainder.is_empty() {
        return Ok(memory.unfinished(remainder.describe(domain)));
    }
    let failed = remainder.failed.len();
    let before = if failed < memory.failed { 0 } else { memory.looks_at_failed };
    if remainder.settling && before < LOOKS_AT_FAILED {
        memory = Memory { looks_at_failed: before + 1, failed };
        return Ok(memory.unfinished(remainder.describe(domain)));
    }
    for app in &remainder.failed {
        tracing::warn!(%domain, app, "an app that failed is still listed");
    }
    Ok(Progress::Done(Attributes::new()))
}

impl<A: Ports> CustomResource for StudioApps<A> {
    const KIND: &'static str = "studio-apps";
    type Properties = Properties;

    fn identity(&self, scope: &Scope, properties: &Properties) -> Vec<String> {
        vec![properties.domain_id.to_string(), scope.stack_guid.clone(), scope.logical_id.clone()]
    }

    async fn create(&self, _request: &Request<Properties>) -> Result<Progress, Failure> {
        Ok(Progress::Done(Attributes::new()))
    }

    async fn update(&self, _request: &Request<Properties>, _old: Option<&Properties>) -> Result<Progress, Failure> {
        Ok(Progress::Done(Attributes::new()))
    }

    async fn delete(&self, request: &Request<Option<Properties>>) -> Result<Progress, Failure> {
        // The id says which domain this Delete is about, also where the properties cannot be read.
        let named = request.physical_id.segments().first().and_then(|segment| segment.parse().ok());
        let written = request.properties.as_ref().map(|properties| properties.domain_id.clone());
        let Some(domain) = named.or(written) else {
            tracing::warn!(physical_id = request.physical_id.as_str(), "neither id nor properties name a domain");
            return Ok(Progress::Done(Attributes::new()));
        };
        Ok(self.empty(&domain, request).await?)
    }
}
