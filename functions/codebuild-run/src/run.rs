use std::time::Duration;

use aws_ports::AwsError;
use custom_resource::{Attributes, Progress, Request};
use serde::{Deserialize, Serialize};

use crate::aws::{Ports, Start};
use crate::build::{Build, Status};
use crate::error::Error;
use crate::mark::Mark;
use crate::properties::{ProjectName, Properties};

/// A build takes minutes; a look costs one call.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// Builds that wait before this one have to end first.
const LIMIT_AGAIN: Duration = Duration::from_secs(30);
/// CodeBuild may not know a build everywhere right after its start. Looks after which it is gone.
const LOOKS_IN_VAIN: u32 = 6;

/// What a request remembers between the parts it is done in.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Memory {
    /// The build that was started or found for the request.
    build_id: Option<String>,
    looks_in_vain: u32,
}

impl Memory {
    /// A state that cannot be read only means that the build is looked for.
    pub(crate) fn of<P>(request: &Request<P>) -> Self {
        request.state.clone().and_then(|state| serde_json::from_value(state).ok()).unwrap_or_default()
    }

    pub(crate) fn unfinished(&self, waiting_for: String, again_in: Duration) -> Progress {
        let state = serde_json::to_value(self).unwrap_or_default();
        Progress::Unfinished { waiting_for, state, again_in }
    }
}

/// One request's way to a build.
pub(crate) struct Run<'a, A> {
    aws: &'a A,
    properties: &'a Properties,
    mark: Mark,
    memory: Memory,
}

impl<'a, A: Ports> Run<'a, A> {
    pub(crate) fn new<P>(aws: &'a A, request: &Request<P>, properties: &'a Properties) -> Self {
        let mark = Mark {
            started_by: request.physical_id.as_str().to_owned(),
            request: request.request_id.clone(),
            source: properties.digest(),
        };
        Self { aws, properties, mark, memory: Memory::of(request) }
    }

    /// Starts a build, or goes on with the one that this request started. Builds of the project that the resource is
    /// `leaving` are stopped as well.
    pub(crate) async fn go_on(self, leaving: Option<&ProjectName>) -> Result<Progress, Error> {
        if let Some(id) = self.memory.build_id.clone() {
            return self.follow(id).await;
        }
        let mut own = self.own_builds(&self.properties.project_name).await?;
        if let Some(project_name) = leaving.filter(|leaving| **leaving != self.properties.project_name) {
            match self.own_builds(project_name).await {
                Ok(builds) => own.extend(builds),
                Err(Error::NoProject { .. }) => tracing::info!(%project_name, "project is gone"),
                Err(error) => return Err(error),
            }
        }
        self.begin(own).await
    }

    /// Answers the last good build of these properties, and runs one only if none is known.
    pub(crate) async fn answer_known(self) -> Result<Progress, Error> {
        if let Some(id) = self.memory.build_id.clone() {
            return self.follow(id).await;
        }
        let own = self.own_builds(&self.properties.project_name).await?;
        let is_it = |build: &&Build| {
            build.status == Status::Succeeded && build.mark.as_ref().is_some_and(|mark| mark.source == self.mark.source)
        };
        if let Some(build) = own.iter().find(is_it) {
            tracing::info!(build_id = build.id, "nothing changed since this build");
            return Ok(Progress::Done(build.attributes()));
        }
        tracing::info!("no build of these properties is known");
        self.begin(own).await
    }

    /// Ends when no build of the resource runs any more.
    pub(crate) async fn stop(self) -> Result<Progress, Error> {
        let own = self.own_builds(&self.properties.project_name).await?;
        Ok(self.stop_running(&own).await?.unwrap_or_else(|| Progress::Done(Attributes::new())))
    }

    /// The newest first.
    async fn own_builds(&self, project: &ProjectName) -> Result<Vec<Build>, Error> {
        let no_project = |error| no_project(error, project);
        let ids = self.aws.list_builds_for_project(project.as_str()).await.map_err(no_project)?;
        let mut builds = self.aws.batch_get_builds(ids.clone()).await?;
        builds.retain(|build| build.is_of(&self.mark.started_by));
        builds.sort_by_key(|build| ids.iter().position(|id| *id == build.id));
        Ok(builds)
    }

    async fn begin(mut self, own: Vec<Build>) -> Result<Progress, Error> {
        let (of_request, earlier): (Vec<_>, Vec<_>) =
            own.into_iter().partition(|build| build.mark.as_ref() == Some(&self.mark));
        let failed = of_request.iter().filter(|build| matches!(build.status, Status::Ended(_))).count();
        if let Some(build) = of_request.into_iter().find(|build| !matches!(build.status, Status::Ended(_))) {
            tracing::info!(build_id = build.id, "build found that this request started");
            return self.look_at(build);
        }
        if let Some(unfinished) = self.stop_running(&earlier).await? {
            return Ok(unfinished);
        }
        let start = Start { properties: self.properties, mark: &self.mark, token: self.mark.token(failed) };
        match self.aws.start_build(start).await {
            Ok(build) => {
                tracing::info!(build_id = build.id, "build started");
                self.memory.build_id = Some(build.id.clone()).filter(|id| !id.is_empty());
                Ok(self.memory.unfinished(waiting_for(&build), LOOK_AGAIN))
            }
            Err(error) if error.code() == Some("AccountLimitExceededException") => {
                tracing::warn!(%error, "build will be started later");
                Ok(self.memory.unfinished(format!("CodeBuild to take another build: {error}"), LIMIT_AGAIN))
            }
            Err(error) => Err(no_project(error, &self.properties.project_name)),
        }
    }

    async fn follow(mut self, id: String) -> Result<Progress, Error> {
        let found = self.aws.batch_get_builds(vec![id.clone()]).await?;
        if let Some(build) = found.into_iter().find(|build| build.id == id) {
            return self.look_at(build);
        }
        self.memory.looks_in_vain += 1;
        if self.memory.looks_in_vain >= LOOKS_IN_VAIN {
            return Err(Error::Gone { id });
        }
        Ok(self.memory.unfinished(format!("CodeBuild to know build {id}"), LOOK_AGAIN))
    }

    fn look_at(self, build: Build) -> Result<Progress, Error> {
        match build.status.clone() {
            Status::InProgress => {
                let memory = Memory { build_id: Some(build.id.clone()), looks_in_vain: 0 };
                Ok(memory.unfinished(waiting_for(&build), LOOK_AGAIN))
            }
            Status::Succeeded => {
                tracing::info!(build_id = build.id, "build succeeded");
                Ok(Progress::Done(build.attributes()))
            }
            Status::Ended(status) => Err(build.failure(status)),
        }
    }

    /// `None` when none of `builds` runs.
    async fn stop_running(&self, builds: &[Build]) -> Result<Option<Progress>, Error> {
        let mut waiting_for = None;
        for build in builds.iter().filter(|build| build.status == Status::InProgress) {
            match self.aws.stop_build(&build.id).await {
                Ok(()) => tracing::info!(build_id = build.id, "build told to stop"),
                Err(error) if error.is_not_found() => continue,
                Err(error) => return Err(error.into()),
            }
            waiting_for = Some(format!("build {} of an earlier request to stop", build.id));
        }
        Ok(waiting_for.map(|waiting_for| self.memory.unfinished(waiting_for, LOOK_AGAIN)))
    }
}

fn waiting_for(build: &Build) -> String {
    match &build.current_phase {
        Some(phase) => format!("build {}, in phase {phase}", build.id),
        None => format!("build {}", build.id),
    }
}

fn no_project(error: AwsError, project: &ProjectName) -> Error {
    if error.is_not_found() {
        Error::NoProject { project_name: project.clone(), source: Box::new(error) }
    } else {
        error.into()
    }
}
