//! Looks whether endpoints in the target accounts are and answer as requested.
//!
//! `verify` compares every endpoint of a wave with the stage's plan and sends it the group's sample payload; `watch` looks
//! once more after the wave has served for a while: whether the endpoints still run what was requested, and whether an alarm
//! beside one of them has gone off. What was seen is kept as JSON and as JUnit in the bucket of deployment records.
//!
//! Invariants:
//! - The accounts themselves are asked, never what deployed them: an endpoint that SageMaker took back to its old
//!   configuration is in service, and CloudFormation may have nothing to say about it.
//! - What is wrong with an endpoint is an answer with all of its faults. An error is what keeps the task from answering, and
//!   one that may pass is called `RetryableAwsError`.
//! - Neither the payload nor an answer's values are kept or logged: a model answers with customers' data. What an answer
//!   lacks is said by place and type.
//! - A task that is repeated asks again and writes the same objects. An asynchronous endpoint is asked once: what it was
//!   asked is kept before the task answers.
//! - The model's role is assumed with a policy that leaves it only what a look needs.

mod alarms;
mod answer;
mod asynchronous;
mod aws;
mod body;
mod configuration;
mod error;
mod invocation;
mod junit;
mod results;
mod sample;
mod session;
mod visit;
mod wave;

use deployment::{StagePlan, WaveName};
use identifiers::AccountId;
use serde::Deserialize;
use serde_json::Value;

pub use answer::Answer;
pub use aws::Object;
pub use aws::by_role::TargetAccountsByRole;
pub use aws::records::{Records, RecordsBucket};
pub use aws::targets::{
    Endpoint, EndpointConfig, InvocationError, Locations, Reply, Request, Serverless, TargetAccounts, Variant,
};
pub use error::Error;
pub use results::{Check, EndpointResults, Invocation, Outcome, Results, Summary};

/// The environment variable that names the bucket of deployment records.
pub const RECORDS_BUCKET: &str = "RECORDS_BUCKET";

/// What the tasks reach.
#[derive(Debug)]
pub struct Services<'a, R, T> {
    /// The function's own bucket.
    pub records: &'a R,
    /// SageMaker and CloudWatch in every target account.
    pub targets: &'a T,
}

impl<R, T> Clone for Services<'_, R, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R, T> Copy for Services<'_, R, T> {}

/// What the state machine asks for.
#[derive(Debug, Deserialize)]
pub(crate) struct Task {
    action: Action,
    /// By which the results are found.
    execution: String,
    stage: StagePlan,
    wave: WaveName,
    /// Instead of the wave's.
    accounts: Option<Vec<AccountId>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Action {
    /// Compares and invokes.
    Verify,
    /// Compares, and looks for alarms.
    Watch,
}

/// Does one task.
///
/// # Errors
/// What keeps the task from answering. An endpoint that is not as it should be is an answer.
pub async fn handle<R: Records, T: TargetAccounts>(services: Services<'_, R, T>, event: Value) -> Result<Value, Error> {
    let task: Task = serde_json::from_value(event).map_err(Error::InvalidInput)?;
    if services.records.bucket().is_empty() {
        return Err(Error::NoBucket);
    }
    // Boxed: the compiler cannot lay out what lies between `main` and the innermost call in one piece.
    let answer = Box::pin(wave::look(services, &task)).await?;
    answer.log();
    serde_json::to_value(&answer).map_err(Error::InvalidAnswer)
}
