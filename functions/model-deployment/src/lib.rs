//! The tasks of the model deployment state machine.
//!
//! Each task looks at what is there, does at most the next thing, and answers how far the stage is; the state machine
//! waits, asks again and decides. Nothing is remembered between two tasks but what the state machine hands on, so a task
//! that is repeated, at any point and after any failure, ends where a single one would have:
//!
//! - An operation's id is derived from the execution and from what the operation does, and CloudFormation starts an id
//!   once.
//! - A stack set that does not carry this stage's tags is never touched.
//! - Executions of one group take turns, and none is ever stopped from outside: each looks whether it may go on.

mod accounts;
mod answer;
mod aws;
mod deploy;
mod error;
mod operation;
mod plan;
mod rejection;
mod turn;

use deployment::{DeploymentRequest, StagePlan, WaveName};
use serde::Deserialize;
use serde_json::Value;
use stack_sets::Deploying;

pub use answer::{Answer, Started};
pub use aws::executions::{Executions, Running, StateMachine};
pub use aws::hub::{Hub, HubAccount, ModelPackage};
pub use error::Error;

/// What the tasks reach.
#[derive(Debug)]
pub struct Services<'a, S, H, E> {
    /// CloudFormation in the hub account.
    pub stack_sets: &'a S,
    /// Registry, parameters and organization, seen from the hub account.
    pub hub: &'a H,
    /// The state machine's executions.
    pub executions: &'a E,
}

impl<S, H, E> Clone for Services<'_, S, H, E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S, H, E> Copy for Services<'_, S, H, E> {}

/// What the state machine asks for.
#[derive(Debug, Deserialize)]
#[serde(tag = "action", rename_all = "camelCase", rename_all_fields = "camelCase")]
enum Task {
    Turn { state_machine: String, execution: String, request: DeploymentRequest, place: turn::Place },
    Plan { request: DeploymentRequest },
    Deploy { execution: String, stage: StagePlan, wave: WaveName },
    Poll { stage: StagePlan, operation: Started },
}

/// Does one task.
///
/// # Errors
/// What keeps the task from answering. A stage that failed is an answer.
pub async fn handle<S: Deploying, H: Hub, E: Executions>(
    services: Services<'_, S, H, E>,
    event: Value,
) -> Result<Value, Error> {
    let Services { stack_sets, hub, executions } = services;
    let task: Task = serde_json::from_value(event).map_err(Error::InvalidInput)?;
    let answer = match task {
        Task::Turn { state_machine, execution, request, place } => {
            let turn = turn::turn(executions, hub, &state_machine, &execution, &request, place).await?;
            tracing::info!(execution, turn = ?turn, "turn looked at");
            return to_value(&turn);
        }
        Task::Plan { request } => return to_value(&plan::plan(hub, &request).await?),
        Task::Deploy { execution, stage, wave } => deploy::deploy(stack_sets, &stage, wave, &execution).await?,
        Task::Poll { stage, operation } => operation::poll(stack_sets, &stage, &operation).await?,
    };
    answer.log();
    to_value(&answer)
}

fn to_value(answer: &impl serde::Serialize) -> Result<Value, Error> {
    serde_json::to_value(answer).map_err(Error::InvalidAnswer)
}
