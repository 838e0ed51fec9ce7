//! The AWS operations a decision may use. The function's role allows these and nothing else.

use std::collections::HashMap;
use std::future::Future;

use aws_ports::{Aws, AwsError, Operation};
use aws_sdk_sagemaker::primitives::DateTime;
use aws_sdk_sagemaker::types::UserContext;
use aws_sdk_sfn::types::ExecutionStatus;
use identifiers::ModelPackageArn;
use tokio::sync::OnceCell;

use crate::duties::User;

/// What the registry says of a version now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelPackage {
    /// `ModelApprovalStatus`.
    pub approval_status: String,
    /// Who registered it, where the registry knows.
    pub created_by: Option<User>,
    /// Who changed it last, or registered it if nobody did, where the registry knows.
    pub last_modified_by: Option<User>,
    /// When it last changed, in milliseconds since the epoch.
    pub last_modified: i64,
}

impl ModelPackage {
    /// Whether the version is as it was after a change at that time. Events may say whole seconds only.
    pub(crate) fn is_unchanged_since(&self, time: i64) -> bool {
        self.last_modified.abs_diff(time) < 1000
    }

    /// Who decided at that time; `None` also when the version changed since, because then the registry knows only who did
    /// that.
    pub(crate) fn decided_by(&self, time: i64) -> Option<&User> {
        self.last_modified_by.as_ref().filter(|_| self.is_unchanged_since(time))
    }
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
    /// Its ARN.
    pub arn: String,
    /// When it started, in milliseconds since the epoch.
    pub started: i64,
}

/// The registry, the registrations and the state machine.
pub trait Deployments: Send + Sync {
    /// `ssm:GetParameters`: values by name; those that do not exist are absent. Any number of names.
    fn parameters(&self, names: &[String]) -> impl Future<Output = Result<HashMap<String, String>, AwsError>> + Send;
    /// `sagemaker:DescribeModelPackage`.
    fn model_package(&self, package: &ModelPackageArn) -> impl Future<Output = Result<ModelPackage, AwsError>> + Send;
    /// `states:ListExecutions`, those that are running, all pages.
    fn running(&self, state_machine: &str) -> impl Future<Output = Result<Vec<Execution>, AwsError>> + Send;
    /// `states:DescribeExecution`: what it was started with; `None` if there is no such execution any more.
    fn input(&self, execution: &Execution) -> impl Future<Output = Result<Option<String>, AwsError>> + Send;
    /// `states:StartExecution`.
    fn start(
        &self,
        state_machine: &str,
        name: &str,
        input: &str,
    ) -> impl Future<Output = Result<Started, AwsError>> + Send;
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

    /// Over clients that were configured elsewhere.
    #[must_use]
    pub fn over(sagemaker: aws_sdk_sagemaker::Client, sfn: aws_sdk_sfn::Client, ssm: aws_sdk_ssm::Client) -> Self {
        static UNUSED: Aws = Aws::new();
        Self {
            aws: &UNUSED,
            sagemaker: OnceCell::new_with(Some(sagemaker)),
            sfn: OnceCell::new_with(Some(sfn)),
            ssm: OnceCell::new_with(Some(ssm)),
        }
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
        let created_by = described.created_by.and_then(user);
        // A version that never changed has the time and the user of its making only.
        let (time, last_modified_by) = match described.last_modified_time {
            Some(time) => (Some(time), described.last_modified_by.and_then(user)),
            None => (described.creation_time, created_by.clone()),
        };
        Ok(ModelPackage {
            approval_status: described
                .model_approval_status
                .map(|status| status.as_str().to_owned())
                .unwrap_or_default(),
            created_by,
            last_modified_by,
            // The creation time is a required member: the SDK always has one.
            last_modified: time.map_or(0, |time| milliseconds(&time)),
        })
    }

    async fn running(&self, state_machine: &str) -> Result<Vec<Execution>, AwsError> {
        let call = self.sfn().await.list_executions().state_machine_arn(state_machine);
        let mut items = call.status_filter(ExecutionStatus::Running).into_paginator().items().send();
        let mut running = Vec::new();
        while let Some(item) = items.next().await {
            let item = item.operation("states:ListExecutions")?;
            let started = milliseconds(&item.start_date);
            running.push(Execution { name: item.name, arn: item.execution_arn, started });
        }
        Ok(running)
    }

    async fn input(&self, execution: &Execution) -> Result<Option<String>, AwsError> {
        let request = self.sfn().await.describe_execution().execution_arn(&execution.arn);
        match request.send().await.operation("states:DescribeExecution") {
            Ok(described) => Ok(described.input),
            Err(error) if error.code() == Some("ExecutionDoesNotExist") => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn start(&self, state_machine: &str, name: &str, input: &str) -> Result<Started, AwsError> {
        let request = self.sfn().await.start_execution().state_machine_arn(state_machine).name(name).input(input);
        match request.send().await.operation("states:StartExecution") {
            Ok(answer) => Ok(Started::Execution(answer.execution_arn)),
            Err(error) if error.is_already_exists() => Ok(Started::EndedBefore),
            Err(error) => Err(error),
        }
    }
}

/// `None` if nothing of the user is known.
fn user(context: UserContext) -> Option<User> {
    let (principal, source_identity) =
        context.iam_identity.map(|identity| (identity.arn, identity.source_identity)).unwrap_or_default();
    let user = User { profile: context.user_profile_arn, principal, source_identity };
    (user.profile.is_some() || user.principal.is_some() || user.source_identity.is_some()).then_some(user)
}

/// Services send seconds as a floating-point number, which is a little less or more than the time they mean.
fn milliseconds(time: &DateTime) -> i64 {
    let rounded = (time.as_nanos() + 500_000).div_euclid(1_000_000);
    i64::try_from(rounded).unwrap_or_default()
}
