//! The AWS operations a decision may use. The function's role allows these and nothing else.

use std::collections::HashMap;
use std::future::Future;

use aws_ports::{Aws, AwsError, Operation};
use aws_sdk_sfn::types::ExecutionStatus;
use identifiers::ModelPackageArn;
use tokio::sync::OnceCell;

/// What the registry says of a version now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelPackage {
    /// `ModelApprovalStatus`.
    pub approval_status: String,
    /// The user profile that changed it last, or the principal's ARN, where the registry knows.
    pub decided_by: Option<String>,
    /// When the version last changed, in milliseconds since the epoch: two approvals of one version differ in it.
    pub last_modified: i64,
}

/// How starting an execution ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Started {
    /// It runs, from now or from an earlier delivery of the same event; its ARN.
    Execution(String),
    /// An execution of that name has ended already.
    EndedBefore,
}

/// An execution under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Execution {
    /// The name that was given to `StartExecution`.
    pub name: String,
    /// What `StopExecution` takes.
    pub arn: String,
}

/// The registry, the registrations and the state machine.
pub trait Deployments: Send + Sync {
    /// `ssm:GetParameters`: values by name; those that do not exist are absent. Any number of names.
    fn parameters(&self, names: &[String]) -> impl Future<Output = Result<HashMap<String, String>, AwsError>> + Send;
    /// `sagemaker:DescribeModelPackage`.
    fn model_package(&self, package: &ModelPackageArn) -> impl Future<Output = Result<ModelPackage, AwsError>> + Send;
    /// `states:ListExecutions`, those that are running, all pages.
    fn running(&self, state_machine: &str) -> impl Future<Output = Result<Vec<Execution>, AwsError>> + Send;
    /// `states:StartExecution`.
    fn start(
        &self,
        state_machine: &str,
        name: &str,
        input: &str,
    ) -> impl Future<Output = Result<Started, AwsError>> + Send;
    /// `states:StopExecution`; one that has ended meanwhile is as good as stopped.
    fn stop(&self, execution: &Execution, cause: &str) -> impl Future<Output = Result<(), AwsError>> + Send;
}

/// The real services. Each client is made when first needed: an event about a group that is not registered asks SSM alone.
#[derive(Debug)]
pub struct Registry<'a> {
    aws: &'a Aws,
    sagemaker: OnceCell<aws_sdk_sagemaker::Client>,
    sfn: OnceCell<aws_sdk_sfn::Client>,
    ssm: OnceCell<aws_sdk_ssm::Client>,
}

/// `GetParameters` takes ten names a call.
const NAMES_PER_CALL: usize = 10;

impl<'a> Registry<'a> {
    /// Makes no client yet.
    #[must_use]
    pub const fn new(aws: &'a Aws) -> Self {
        Self { aws, sagemaker: OnceCell::const_new(), sfn: OnceCell::const_new(), ssm: OnceCell::const_new() }
    }

    async fn sfn(&self) -> &aws_sdk_sfn::Client {
        self.sfn.get_or_init(|| async { aws_sdk_sfn::Client::new(self.aws.config().await) }).await
    }
}

impl Deployments for Registry<'_> {
    async fn parameters(&self, names: &[String]) -> Result<HashMap<String, String>, AwsError> {
        let client = self.ssm.get_or_init(|| async { aws_sdk_ssm::Client::new(self.aws.config().await) }).await;
        let mut values = HashMap::new();
        for names in names.chunks(NAMES_PER_CALL) {
            let answer = client.get_parameters().set_names(Some(names.to_vec())).send().await;
            let found = answer.operation("ssm:GetParameters")?.parameters.unwrap_or_default();
            values.extend(found.into_iter().filter_map(|parameter| Some((parameter.name?, parameter.value?))));
        }
        Ok(values)
    }

    async fn model_package(&self, package: &ModelPackageArn) -> Result<ModelPackage, AwsError> {
        let client =
            self.sagemaker.get_or_init(|| async { aws_sdk_sagemaker::Client::new(self.aws.config().await) }).await;
        let answer = client.describe_model_package().model_package_name(package.as_str()).send().await;
        let described = answer.operation("sagemaker:DescribeModelPackage")?;
        // A version that never changed has the time of its making only.
        let time = described.last_modified_time.or(described.creation_time);
        Ok(ModelPackage {
            approval_status: described
                .model_approval_status
                .map(|status| status.as_str().to_owned())
                .unwrap_or_default(),
            decided_by: described
                .last_modified_by
                .and_then(|user| user.user_profile_arn.or_else(|| user.iam_identity.and_then(|identity| identity.arn))),
            last_modified: time.and_then(|time| time.to_millis().ok()).unwrap_or_default(),
        })
    }

    async fn running(&self, state_machine: &str) -> Result<Vec<Execution>, AwsError> {
        let mut pages = self
            .sfn()
            .await
            .list_executions()
            .state_machine_arn(state_machine)
            .status_filter(ExecutionStatus::Running)
            .into_paginator()
            .send();
        let mut running = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.operation("states:ListExecutions")?;
            running
                .extend(page.executions.into_iter().map(|item| Execution { name: item.name, arn: item.execution_arn }));
        }
        Ok(running)
    }

    async fn start(&self, state_machine: &str, name: &str, input: &str) -> Result<Started, AwsError> {
        let request = self.sfn().await.start_execution().state_machine_arn(state_machine).name(name).input(input);
        match request.send().await.operation("states:StartExecution") {
            Ok(answer) => Ok(Started::Execution(answer.execution_arn)),
            Err(error) if error.is_already_exists() => Ok(Started::EndedBefore),
            Err(error) => Err(error),
        }
    }

    async fn stop(&self, execution: &Execution, cause: &str) -> Result<(), AwsError> {
        let request = self.sfn().await.stop_execution().execution_arn(&execution.arn).error("Rejected").cause(cause);
        match request.send().await.operation("states:StopExecution") {
            Err(error) if error.code() != Some("ExecutionDoesNotExist") => Err(error),
            _ => Ok(()),
        }
    }
}
