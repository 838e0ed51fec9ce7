//! `Custom::CodeBuildRun` {`ProjectName`, `SourceVersion`, `SourceLocation`, `AsOf`} -> {`BuildId`, `BuildArn`,
//! `BuildNumber`, `LogsUrl`, `ResolvedSourceVersion`}: a build runs, and the stack goes on when it has succeeded.
//!
//! Create runs a build, and Update runs one when a property changed; `AsOf` is any text, such as a digest of the source or
//! today's date, and is there to be changed. An Update that changes none answers the last build that succeeded. What
//! CodeBuild does not say of a build is an empty attribute, so that `Fn::GetAtt` always finds it.
//!
//! # Invariants
//! - One request starts one build: an event that is delivered again goes on with the build that it finds running or
//!   succeeded.
//! - No two builds of one resource run at a time: one of an earlier request is stopped, and waited for, before the next
//!   starts. Otherwise the build that a rollback cancelled could end last, and its result would stand.
//! - A build of anybody else is neither stopped nor answered. Builds carry, as environment variables, who started them
//!   ([`Mark`]).
//! - A build that fails, fails the request, with the phase, what CodeBuild says of it and the address of the log.
//!
//! # Decisions
//! - CodeBuild's own idempotency token lasts five minutes, and a function that was cut off may come back later. So a
//!   request looks for its build first; the token is for two deliveries at a time.
//! - A request whose build failed starts another one when it comes again: CloudFormation gives a deployment that is retried
//!   the same request id (R31), and the cause may be mended.
//! - A rolled-back Update runs the old source again, as it brings the old properties back.
//! - Delete stops a build that is still running, as when its Create was cancelled, and undoes nothing that a build did.
//!   A cancelled Create that was still waiting for its turn may start its build after that; the build ends by itself.
//! - Own builds are looked for among the project's 100 newest. An older success counts as none: the build runs again.
//! - A build that outlasts `ServiceTimeout` (an hour at most) fails the request; the Delete or Update that follows stops it.

mod aws;
mod build;
mod error;
mod mark;
mod properties;
mod run;

use std::time::Duration;

use custom_resource::{Attributes, CustomResource, Failure, Progress, Request};

pub use aws::{CodeBuild, Ports, Start};
pub use build::{Build, Phase, Status};
pub use error::Error;
pub use mark::Mark;
pub use properties::{InvalidProjectName, ProjectName, Properties};
use run::{Memory, Run};

/// The service needs a while when its own repeated calls have failed.
const AFTER_FAULT: Duration = Duration::from_secs(10);

/// The custom resource, over any implementation of its [`Ports`].
#[derive(Debug)]
pub struct CodeBuildRun<A> {
    aws: A,
}

impl<A: Ports> CodeBuildRun<A> {
    /// Calls nothing.
    pub const fn new(aws: A) -> Self {
        Self { aws }
    }
}

impl<A: Ports> CustomResource for CodeBuildRun<A> {
    const KIND: &'static str = "codebuild-run";
    type Properties = Properties;

    async fn create(&self, request: &Request<Properties>) -> Result<Progress, Failure> {
        let progress = Run::new(&self.aws, request, &request.properties).go_on(None).await;
        patiently(progress, request).map_err(|error| match error {
            Error::NoProject { .. } => Failure::new(error),
            // A build may be running, or may have been started by a delivery that was cut off.
            _ => Failure::half_made(error),
        })
    }

    async fn update(&self, request: &Request<Properties>, old: Option<&Properties>) -> Result<Progress, Failure> {
        let run = Run::new(&self.aws, request, &request.properties);
        let progress = if old == Some(&request.properties) {
            run.answer_known().await
        } else {
            run.go_on(old.map(|old| &old.project_name)).await
        };
        Ok(patiently(progress, request)?)
    }

    async fn delete(&self, request: &Request<Option<Properties>>) -> Result<Progress, Failure> {
        let Some(properties) = &request.properties else {
            tracing::warn!("properties are unreadable, so a build that may be running is not looked for");
            return Ok(Progress::Done(Attributes::new()));
        };
        let stopped = match Run::new(&self.aws, request, properties).stop().await {
            Err(Error::NoProject { project_name, .. }) => {
                tracing::info!(%project_name, "project is gone");
                Ok(Progress::Done(Attributes::new()))
            }
            stopped => stopped,
        };
        Ok(patiently(stopped, request)?)
    }
}

/// A service that cannot answer now is asked again later, until `ServiceTimeout`: the build runs on meanwhile.
fn patiently<P>(progress: Result<Progress, Error>, request: &Request<P>) -> Result<Progress, Error> {
    match progress {
        Err(Error::Aws(error)) if error.is_transient() => {
            tracing::warn!(%error, "call will be repeated");
            Ok(Memory::of(request).unfinished(error.to_string(), AFTER_FAULT))
        }
        progress => progress,
    }
}
