//! CodeBuild of an account in memory: its projects and builds, what was called, and the call that fails.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use aws_ports::AwsError;
use codebuild_run::{Build, Mark, Phase, Ports, Start, Status};

pub(crate) const START: &str = "codebuild:StartBuild";
pub(crate) const GET: &str = "codebuild:BatchGetBuilds";
pub(crate) const LIST: &str = "codebuild:ListBuildsForProject";
pub(crate) const STOP: &str = "codebuild:StopBuild";

#[derive(Default)]
pub(crate) struct State {
    /// The oldest build first.
    pub(crate) projects: BTreeMap<String, Vec<Build>>,
    /// Builds by the token that they were started with, for as long as CodeBuild knows it.
    pub(crate) tokens: BTreeMap<String, Build>,
    /// What the source version is built to; well if it is not here.
    pub(crate) fates: BTreeMap<String, Status>,
    /// Looks until a build ends.
    pub(crate) looks: usize,
    left: BTreeMap<String, usize>,
    /// Looks at a build that CodeBuild does not know.
    pub(crate) unknown_for: usize,
    /// Builds that CodeBuild does not list yet.
    pub(crate) unlisted: Vec<String>,
    /// Starts that CodeBuild refuses because others wait.
    pub(crate) full_for: usize,
    /// More than one build of a resource ran.
    pub(crate) side_by_side: bool,
    pub(crate) calls: Vec<&'static str>,
    /// The call, from 1, that fails, with its code and whether its effect takes place all the same.
    pub(crate) failing: Option<(usize, &'static str, bool)>,
}

/// Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Account(Arc<Mutex<State>>);

type Answer<T> = Result<T, (&'static str, &'static str)>;

impl Account {
    pub(crate) fn with_projects(names: &[&str]) -> Self {
        let account = Self::default();
        account.state().projects = names.iter().map(|name| ((*name).to_owned(), Vec::new())).collect();
        account
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub(crate) fn count(&self, operation: &str) -> usize {
        self.state().calls.iter().filter(|call| **call == operation).count()
    }

    pub(crate) fn builds(&self, project: &str) -> Vec<Build> {
        self.state().projects.get(project).cloned().unwrap_or_default()
    }

    fn call<T>(&self, operation: &'static str, effect: impl FnOnce(&mut State) -> Answer<T>) -> Result<T, AwsError> {
        let mut state = self.state();
        state.calls.push(operation);
        match state.failing {
            Some((at, code, takes_place)) if at == state.calls.len() => {
                if takes_place {
                    let _ = effect(&mut state);
                }
                Err(AwsError::answered(operation, code, "arranged by the test"))
            }
            _ => effect(&mut state).map_err(|(code, message)| AwsError::answered(operation, code, message)),
        }
    }
}

impl State {
    fn build(&mut self, id: &str) -> Option<&mut Build> {
        self.projects.values_mut().flatten().find(|build| build.id == id)
    }

    /// A build that somebody started.
    pub(crate) fn add(&mut self, project: &str, mark: Option<Mark>, status: Status, version: Option<&str>) -> Build {
        let builds = self.projects.get_mut(project).unwrap();
        let number = builds.len() + 1;
        let build = Build {
            id: format!("{project}:{number}"),
            arn: Some(format!("arn:aws:codebuild:eu-central-1:123456789012:build/{project}:{number}")),
            number: i64::try_from(number).ok(),
            status,
            current_phase: Some("SUBMITTED".into()),
            failed_phase: None,
            logs_url: None,
            resolved_source_version: version.map(Into::into),
            mark,
        };
        builds.push(build.clone());
        build
    }

    fn go_on(&mut self, id: &str) {
        let left = self.left.get(id).copied().unwrap_or_default();
        self.left.insert(id.to_owned(), left.saturating_sub(1));
        let fates = self.fates.clone();
        let Some(build) = self.build(id) else { return };
        if build.status != Status::InProgress {
            return;
        }
        build.current_phase = Some("BUILD".into());
        build.logs_url = Some(format!("https://logs.example/{id}"));
        if left == 0 {
            let version = build.resolved_source_version.clone().unwrap_or_default();
            build.status = fates.get(&version).cloned().unwrap_or(Status::Succeeded);
            if let Status::Ended(_) = build.status {
                let messages = vec!["COMMAND_EXECUTION_ERROR: make. Reason: exit status 2".into()];
                build.failed_phase = Some(Phase { name: "BUILD".into(), messages });
            }
        }
    }
}

const NO_PROJECT: (&str, &str) = ("ResourceNotFoundException", "Project cannot be found");

impl Ports for Account {
    async fn start_build(&self, start: Start<'_>) -> Result<Build, AwsError> {
        self.call(START, |state| {
            let project = start.properties.project_name.as_str();
            if !state.projects.contains_key(project) {
                return Err(NO_PROJECT);
            }
            if state.full_for > 0 {
                state.full_for -= 1;
                return Err(("AccountLimitExceededException", "Cannot have more than 60 builds in queue"));
            }
            if let Some(build) = state.tokens.get(&start.token) {
                return Ok(build.clone());
            }
            let of_resource = |build: &Build| build.is_of(&start.mark.started_by) && build.status == Status::InProgress;
            state.side_by_side |= state.projects.values().flatten().any(of_resource);
            let version = start.properties.source_version.as_deref();
            let build = state.add(project, Some(start.mark.clone()), Status::InProgress, version);
            let looks = state.looks;
            state.left.insert(build.id.clone(), looks);
            state.tokens.insert(start.token, build.clone());
            Ok(build)
        })
    }

    async fn batch_get_builds(&self, ids: Vec<String>) -> Result<Vec<Build>, AwsError> {
        self.call(GET, |state| {
            if state.unknown_for > 0 {
                state.unknown_for -= 1;
                return Ok(Vec::new());
            }
            ids.iter().for_each(|id| state.go_on(id));
            // CodeBuild promises no order.
            Ok(ids.iter().rev().filter_map(|id| state.build(id).cloned()).collect())
        })
    }

    async fn list_builds_for_project(&self, project: &str) -> Result<Vec<String>, AwsError> {
        self.call(LIST, |state| {
            let builds = state.projects.get(project).ok_or(NO_PROJECT)?;
            let ids = builds.iter().rev().map(|build| build.id.clone());
            Ok(ids.filter(|id| !state.unlisted.contains(id)).take(100).collect())
        })
    }

    async fn stop_build(&self, id: &str) -> Result<(), AwsError> {
        self.call(STOP, |state| {
            let build = state.build(id).ok_or(("ResourceNotFoundException", "Build cannot be found"))?;
            if build.status == Status::InProgress {
                build.status = Status::Ended("STOPPED".into());
            }
            Ok(())
        })
    }
}
