use aws_ports::{Aws, AwsError, Operation};
use aws_sdk_sfn::types::ExecutionStatus;
use std::future::Future;
use tokio::sync::OnceCell;

/// An execution under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    /// As it was given to `StartExecution`.
    pub name: String,
    /// When it started, in milliseconds since the epoch.
    pub started: i64,
}

/// The executions of the platform's state machine.
pub trait Executions: Send + Sync {
    /// `states:ListExecutions`, those that are running, all pages.
    fn running(&self, state_machine: &str) -> impl Future<Output = Result<Vec<Running>, AwsError>> + Send;

    /// `states:SendTaskFailure`: an execution waits no longer. One that does not wait any more is as good.
    fn give_up_waiting(
        &self,
        task_token: &str,
        error: &str,
        cause: &str,
    ) -> impl Future<Output = Result<(), AwsError>> + Send;
}

/// Step Functions itself. The client is made when it is first called.
#[derive(Debug)]
pub struct StateMachine<'a> {
    aws: &'a Aws,
    client: OnceCell<aws_sdk_sfn::Client>,
}

impl<'a> StateMachine<'a> {
    /// Loads nothing.
    pub const fn new(aws: &'a Aws) -> Self {
        Self { aws, client: OnceCell::const_new() }
    }

    /// Over a client that was configured elsewhere.
    pub fn over(client: aws_sdk_sfn::Client) -> Self {
        static UNUSED: Aws = Aws::new();
        Self { aws: &UNUSED, client: OnceCell::new_with(Some(client)) }
    }

    async fn client(&self) -> &aws_sdk_sfn::Client {
        self.client.get_or_init(|| async { aws_sdk_sfn::Client::new(self.aws.config().await) }).await
    }
}

impl Executions for StateMachine<'_> {
    async fn running(&self, state_machine: &str) -> Result<Vec<Running>, AwsError> {
        let call = self.client().await.list_executions().state_machine_arn(state_machine);
        let mut items = call.status_filter(ExecutionStatus::Running).into_paginator().items().send();
        let mut running = Vec::new();
        while let Some(item) = items.next().await {
            let item = item.operation("states:ListExecutions")?;
            running.push(Running { name: item.name, started: item.start_date.to_millis().unwrap_or_default() });
        }
        Ok(running)
    }

    async fn give_up_waiting(&self, task_token: &str, error: &str, cause: &str) -> Result<(), AwsError> {
        let call = self.client().await.send_task_failure().task_token(task_token).error(error).cause(cause);
        match call.send().await.operation("states:SendTaskFailure") {
            Err(error) if !matches!(error.code(), Some("TaskTimedOut" | "TaskDoesNotExist" | "InvalidToken")) => {
                Err(error)
            }
            _ => Ok(()),
        }
    }
}
