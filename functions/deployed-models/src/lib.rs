//! `Custom::DeployedModels` {`PlatformName`, `OnDelete`: `Retain` (default) or `Delete`}: what happens to deployed models
//! when the platform's stack is deleted.
//!
//! Create and Update change nothing. Delete with `OnDelete: Delete` takes every endpoint of this platform out of every
//! account, the stack sets that put them there, and the records of what was live. With `Retain` the models go on serving,
//! and the log says which stack sets are left.
//!
//! # Decisions
//! - A stack set is this platform's if its tags say so; a name that begins alike only makes it worth a look.
//! - An account that cannot be cleared keeps no other one from being cleared. What is left in the end fails the Delete,
//!   account by account; the next Delete tries those again.
//! - The records go last, so that they tell what is live for as long as anything is.
//! - A new `PlatformName` is another resource: the old platform's models are treated as its `OnDelete` says.
//! - Registrations stay: their owners are the projects.
//!
//! Executions under way are not stopped; delete the rule that starts them first.

mod aws;
mod error;
mod properties;
mod removal;

use custom_resource::{Attributes, CustomResource, Failure, Progress, Request, Scope};
use deployment::PlatformName;
use stack_sets::Removing;
use std::time::Duration;

pub use aws::{ParameterStore, Records};
pub use error::Error;
pub use properties::{OnDelete, Properties};

/// A stack takes minutes to go; a look costs a few calls.
const AGAIN_IN: Duration = Duration::from_secs(5);

/// The custom resource.
#[derive(Debug)]
pub struct DeployedModels<S, R> {
    stack_sets: S,
    records: R,
}

impl<S: Removing, R: Records> DeployedModels<S, R> {
    /// Calls nothing.
    pub const fn new(stack_sets: S, records: R) -> Self {
        Self { stack_sets, records }
    }

    async fn remove(&self, platform: &PlatformName, request: &Request<Option<Properties>>) -> Result<Progress, Error> {
        // A state that cannot be read only means that places are tried once more.
        let tried = request.state.clone().and_then(|state| serde_json::from_value(state).ok()).unwrap_or_default();
        match removal::remove(&self.stack_sets, platform, &request.request_id, tried).await? {
            removal::Left::Waiting { waiting_for, tried } => {
                let state = serde_json::to_value(tried).unwrap_or_default();
                Ok(Progress::Unfinished { waiting_for, state, again_in: AGAIN_IN })
            }
            removal::Left::Nothing => {
                let records = removal::remove_records(&self.records, platform).await?;
                tracing::info!(records, "models removed");
                Ok(Progress::Done(Attributes::new()))
            }
        }
    }
}

impl<S: Removing + 'static, R: Records + 'static> CustomResource for DeployedModels<S, R> {
    const KIND: &'static str = "deployed-models";
    type Properties = Properties;

    fn identity(&self, scope: &Scope, properties: &Properties) -> Vec<String> {
        vec![properties.platform_name.to_string(), scope.stack_guid.clone(), scope.logical_id.clone()]
    }

    async fn create(&self, _request: &Request<Properties>) -> Result<Progress, Failure> {
        Ok(Progress::Done(Attributes::new()))
    }

    async fn update(&self, _request: &Request<Properties>, _old: Option<&Properties>) -> Result<Progress, Failure> {
        Ok(Progress::Done(Attributes::new()))
    }

    async fn delete(&self, request: &Request<Option<Properties>>) -> Result<Progress, Failure> {
        let Some(Properties { platform_name, on_delete }) = &request.properties else {
            tracing::warn!(physical_id = request.physical_id.as_str(), "properties unreadable, models retained");
            return Ok(Progress::Done(Attributes::new()));
        };
        if *on_delete == OnDelete::Retain {
            match removal::find(&self.stack_sets, platform_name).await {
                Ok(found) => {
                    let names: Vec<_> = found.iter().map(|(id, _)| id.name.as_str()).collect();
                    tracing::info!(stack_sets = names.join(", "), "models retained");
                }
                // Retaining needs nothing, so a Delete must not fail for want of a list.
                Err(error) => tracing::warn!(%error, "models retained, stack sets not listed"),
            }
            return Ok(Progress::Done(Attributes::new()));
        }
        match self.remove(platform_name, request).await {
            // The calls were repeated already; the service needs longer than that.
            Err(Error::Aws(error)) if error.is_transient() => Ok(Progress::Unfinished {
                waiting_for: error.to_string(),
                state: request.state.clone().unwrap_or_default(),
                again_in: AGAIN_IN,
            }),
            progress => Ok(progress?),
        }
    }
}
