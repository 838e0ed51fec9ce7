use std::future::Future;

use aws_ports::{Aws, AwsError, Operation};
use aws_sdk_codebuild::Client;
use aws_sdk_codebuild::types::{self as sdk, EnvironmentVariableType, SortOrderType, StatusType};
use tokio::sync::OnceCell;

use crate::build::{Build, Phase, Status};
use crate::mark::Mark;
use crate::properties::Properties;

/// What a build is started with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start<'a> {
    /// The project, and what takes the place of its own source.
    pub properties: &'a Properties,
    /// Who starts it.
    pub mark: &'a Mark,
    /// CodeBuild starts one build for it within five minutes.
    pub token: String,
}

/// Every AWS operation this function calls, and so every action its role needs; a build itself has the rights of its
/// project's service role.
pub trait Ports: Send + Sync + 'static {
    /// `codebuild:StartBuild`.
    fn start_build(&self, start: Start<'_>) -> impl Future<Output = Result<Build, AwsError>> + Send;

    /// `codebuild:BatchGetBuilds`, of at most 100. Unknown ones are left out.
    fn batch_get_builds(&self, ids: Vec<String>) -> impl Future<Output = Result<Vec<Build>, AwsError>> + Send;

    /// `codebuild:ListBuildsForProject`: the ids of the 100 newest, the newest first.
    fn list_builds_for_project(&self, project: &str) -> impl Future<Output = Result<Vec<String>, AwsError>> + Send;

    /// `codebuild:StopBuild`.
    fn stop_build(&self, id: &str) -> impl Future<Output = Result<(), AwsError>> + Send;
}

/// [`Ports`] over the SDK. The client is made when it is first called.
#[derive(Debug)]
pub struct CodeBuild {
    aws: &'static Aws,
    client: OnceCell<Client>,
}

impl CodeBuild {
    /// Loads nothing.
    #[must_use]
    pub const fn new(aws: &'static Aws) -> Self {
        Self { aws, client: OnceCell::const_new() }
    }

    /// Over a client that was configured elsewhere.
    #[must_use]
    pub fn over(client: Client) -> Self {
        static UNUSED: Aws = Aws::new();
        Self { aws: &UNUSED, client: OnceCell::new_with(Some(client)) }
    }

    async fn client(&self) -> &Client {
        self.client.get_or_init(|| async { Client::new(self.aws.config().await) }).await
    }
}

impl Ports for CodeBuild {
    async fn start_build(&self, Start { properties, mark, token }: Start<'_>) -> Result<Build, AwsError> {
        let variables = mark.variables().into_iter().filter_map(|(name, value)| {
            let variable = sdk::EnvironmentVariable::builder().name(name).value(value);
            // Never an error: both members that have to be there are.
            variable.r#type(EnvironmentVariableType::Plaintext).build().ok()
        });
        let answer = self
            .client()
            .await
            .start_build()
            .project_name(properties.project_name.as_str())
            .set_source_version(properties.source_version.clone())
            .set_source_location_override(properties.source_location.clone())
            .set_environment_variables_override(Some(variables.collect()))
            .idempotency_token(token)
            .send()
            .await
            .operation("codebuild:StartBuild")?;
        // Without an id the build is looked for by its mark.
        Ok(build(answer.build_value.unwrap_or_else(|| sdk::Build::builder().build())))
    }

    async fn batch_get_builds(&self, ids: Vec<String>) -> Result<Vec<Build>, AwsError> {
        if ids.is_empty() {
            // CodeBuild refuses an empty list.
            return Ok(Vec::new());
        }
        let call = self.client().await.batch_get_builds().set_ids(Some(ids));
        let answer = call.send().await.operation("codebuild:BatchGetBuilds")?;
        Ok(answer.builds.unwrap_or_default().into_iter().map(build).collect())
    }

    async fn list_builds_for_project(&self, project: &str) -> Result<Vec<String>, AwsError> {
        let call = self.client().await.list_builds_for_project().project_name(project);
        let answer =
            call.sort_order(SortOrderType::Descending).send().await.operation("codebuild:ListBuildsForProject")?;
        Ok(answer.ids.unwrap_or_default())
    }

    async fn stop_build(&self, id: &str) -> Result<(), AwsError> {
        self.client().await.stop_build().id(id).send().await.operation("codebuild:StopBuild")?;
        Ok(())
    }
}

fn build(build: sdk::Build) -> Build {
    let variables = build.environment.and_then(|environment| environment.environment_variables).unwrap_or_default();
    let status = match build.build_status {
        Some(StatusType::Succeeded) => Status::Succeeded,
        Some(StatusType::InProgress) | None => Status::InProgress,
        // A status of tomorrow.
        Some(status) if !build.build_complete && !is_failure(&status) => {
            tracing::warn!(status = status.as_str(), "status is unknown");
            Status::InProgress
        }
        Some(status) => Status::Ended(status.as_str().to_owned()),
    };
    Build {
        id: build.id.unwrap_or_default(),
        arn: build.arn,
        number: build.build_number,
        status,
        current_phase: build.current_phase,
        failed_phase: build.phases.unwrap_or_default().into_iter().find_map(failed),
        logs_url: build.logs.and_then(|logs| logs.deep_link.or(logs.s3_deep_link)),
        resolved_source_version: build.resolved_source_version,
        mark: Mark::read(variables.iter().map(|variable| (variable.name.as_str(), variable.value.as_str()))),
    }
}

fn failed(phase: sdk::BuildPhase) -> Option<Phase> {
    if !is_failure(&phase.phase_status?) {
        return None;
    }
    let messages = phase.contexts.unwrap_or_default().into_iter().filter_map(|context| {
        let parts = [context.status_code, context.message];
        let text = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ");
        (!text.is_empty()).then_some(text)
    });
    Some(Phase { name: phase.phase_type?.as_str().to_owned(), messages: messages.collect() })
}

fn is_failure(status: &StatusType) -> bool {
    matches!(status, StatusType::Failed | StatusType::Fault | StatusType::Stopped | StatusType::TimedOut)
}
