//! The tasks of the model deployment state machine.
//!
//! Each task looks at what is there, does at most the next thing, and answers how far the stage is; the state machine
//! waits, asks again and decides. Nothing is remembered between two tasks but what the state machine hands on, so a task
//! that is repeated, at any point and after any failure, ends where a single one would have:
//!
//! - An operation's id is derived from the execution and from what the operation does, and CloudFormation starts an id
//!   once.
//! - A stage is verified against the accounts themselves, never against what an operation reported.
//! - A stage set that does not carry this stage's tags is never touched.

mod answer;
mod aws;
mod deploy;
mod error;
mod operation;
mod plan;
mod record;
mod verify;

use serde::Deserialize;
use serde_json::Value;
use stack_sets::Deploying;

pub use answer::{Answer, Started};
pub use aws::hub::{Hub, HubAccount, ModelPackage};
pub use aws::targets::{Endpoint, EndpointConfig, TargetAccounts, TargetAccountsByRole, Variant};
pub use error::Error;

/// The template of every endpoint.
pub const ENDPOINT_TEMPLATE: &str = include_str!("../../../templates/model-endpoint.yaml");

/// What the tasks reach.
#[derive(Debug)]
pub struct Services<'a, S, H, T> {
    /// CloudFormation in the hub account.
    pub stack_sets: &'a S,
    /// Registry, parameters and organization, seen from the hub account.
    pub hub: &'a H,
    /// SageMaker in every target account.
    pub targets: &'a T,
}

impl<S, H, T> Clone for Services<'_, S, H, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S, H, T> Copy for Services<'_, S, H, T> {}

/// What the state machine asks for.
#[derive(Debug, Deserialize)]
#[serde(tag = "action", rename_all = "camelCase")]
enum Task {
    Plan { request: deployment::DeploymentRequest },
    Deploy { execution: String, stage: deployment::StagePlan },
    Poll { stage: deployment::StagePlan, operation: Started },
    Verify { execution: String, stage: deployment::StagePlan },
    Record { execution: String, stage: deployment::StagePlan, time: String },
}

/// Does one task.
///
/// # Errors
/// What keeps the task from answering. A stage that failed is an answer.
pub async fn handle<S: Deploying, H: Hub, T: TargetAccounts>(
    services: Services<'_, S, H, T>,
    event: Value,
) -> Result<Value, Error> {
    let task: Task = serde_json::from_value(event).map_err(Error::InvalidInput)?;
    let answer = match task {
        Task::Plan { request } => return to_value(&plan::plan(services.hub, &request).await?),
        Task::Record { execution, stage, time } => {
            return to_value(&record::record(services.hub, &stage, &execution, &time).await?);
        }
        Task::Deploy { execution, stage } => deploy::deploy(services.stack_sets, &stage, &execution).await?,
        Task::Poll { stage, operation } => operation::poll(services.stack_sets, &stage, &operation).await?,
        Task::Verify { execution, stage } => verify::verify(services.targets, &stage, &execution).await?,
    };
    answer.log();
    to_value(&answer)
}

fn to_value(answer: &impl serde::Serialize) -> Result<Value, Error> {
    serde_json::to_value(answer).map_err(Error::InvalidAnswer)
}
