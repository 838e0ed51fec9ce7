use crate::{Action, Task};
use identifiers::{AccountId, ModelPackageArn, Region};
use serde::Serialize;
use std::fmt::Display;

/// What was seen of one wave, as it is kept.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Results<'a> {
    /// `verify` or `watch`.
    pub action: &'static str,
    /// That asked.
    pub execution: &'a str,
    /// The stage.
    pub stage: &'a str,
    /// Its part.
    pub wave: &'static str,
    /// The version requested.
    pub model_package_arn: &'a ModelPackageArn,
    /// The endpoint's name in every account.
    pub endpoint: &'a str,
    /// The configuration requested.
    pub configuration: &'a str,
    /// What was not looked at, and why.
    pub notes: Vec<&'static str>,
    /// As JUnit counts.
    pub summary: Summary,
    /// In the order of accounts and regions.
    pub endpoints: &'a [EndpointResults],
}

/// How many checks there were. JUnit's file says the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// All of them.
    pub tests: usize,
    /// Those that failed.
    pub failures: usize,
    /// Those that had nothing to compare.
    pub skipped: usize,
}

/// What was seen in one account and region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EndpointResults {
    /// The account.
    pub account: AccountId,
    /// The region.
    pub region: Region,
    /// The configuration found; `None` if no endpoint was.
    pub configuration: Option<String>,
    /// One by one.
    pub checks: Vec<Check>,
    /// The answers to the sample payload.
    pub invocations: Vec<Invocation>,
}

/// One comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was looked at.
    pub name: String,
    /// How it came out.
    pub outcome: Outcome,
    /// What it must be.
    pub expected: String,
    /// What it is.
    pub found: String,
}

/// How a comparison came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// As expected.
    Passed,
    /// Otherwise.
    Failed,
    /// Not yet; asking again may help.
    Waiting,
    /// There was nothing to compare.
    Skipped,
}

/// One answer: how it was, never what it said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Invocation {
    /// How long it took. Of an asynchronous answer at least so long, since S3 tells when it was written in whole seconds.
    pub latency_ms: u64,
    /// The answer's own claim.
    pub content_type: Option<String>,
    /// Its size.
    pub bytes: u64,
}

impl Check {
    /// A comparison of texts.
    pub(crate) fn equal(name: impl Into<String>, expected: impl Display, found: impl Display) -> Self {
        let (expected, found) = (expected.to_string(), found.to_string());
        let outcome = if expected == found { Outcome::Passed } else { Outcome::Failed };
        Self { name: name.into(), outcome, expected, found }
    }

    pub(crate) fn of(outcome: Outcome, name: &str, expected: impl Display, found: impl Display) -> Self {
        Self { name: name.to_owned(), outcome, expected: expected.to_string(), found: found.to_string() }
    }
}

impl EndpointResults {
    pub(crate) fn new(account: &AccountId, region: &Region) -> Self {
        let (account, region) = (account.clone(), region.clone());
        Self { account, region, configuration: None, checks: Vec::new(), invocations: Vec::new() }
    }

    /// Whether any of its checks came out so.
    pub fn any(&self, outcome: Outcome) -> bool {
        self.with(outcome).next().is_some()
    }

    fn with(&self, outcome: Outcome) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(move |check| check.outcome == outcome)
    }

    /// What failed, in one line; `None` if nothing did.
    pub(crate) fn failure(&self) -> Option<String> {
        let told = |check: &Check| format!("{}: expected {}, found {}", check.name, check.expected, check.found);
        let failed: Vec<_> = self.with(Outcome::Failed).map(told).collect();
        (!failed.is_empty()).then(|| failed.join("; "))
    }

    /// What is still going on, in one line; `None` if nothing is.
    pub(crate) fn pending(&self) -> Option<String> {
        let check = self.with(Outcome::Waiting).next()?;
        Some(format!("{} in {}: {} is {}", self.account, self.region, check.name, check.found))
    }
}

impl<'a> Results<'a> {
    pub(crate) fn new(task: &'a Task, configuration: &'a str, endpoints: &'a [EndpointResults]) -> Self {
        let stage = &task.stage;
        let mut notes = Vec::new();
        if task.action == Action::Verify && stage.verification.is_none() {
            notes.push("the registration has no \"verification\", so only the configuration was compared");
        }
        Self {
            action: task.action.as_str(),
            execution: &task.execution,
            stage: stage.name.as_str(),
            wave: task.wave.as_str(),
            model_package_arn: &stage.model_package_arn,
            endpoint: &stage.endpoint_name,
            configuration,
            notes,
            summary: Summary::of(endpoints),
            endpoints,
        }
    }
}

impl Summary {
    /// Counts.
    pub fn of(endpoints: &[EndpointResults]) -> Self {
        let outcomes = endpoints.iter().flat_map(|endpoint| &endpoint.checks).map(|check| check.outcome);
        outcomes.fold(Self::default(), |counted, outcome| Self {
            tests: counted.tests + 1,
            failures: counted.failures + usize::from(outcome == Outcome::Failed),
            skipped: counted.skipped + usize::from(matches!(outcome, Outcome::Skipped | Outcome::Waiting)),
        })
    }
}

impl Action {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Watch => "watch",
        }
    }
}

/// Where the results are kept, without the ending. Execution, stage and wave are names that S3 takes as they are.
pub(crate) fn key(task: &Task) -> String {
    let suffix = if task.action == Action::Watch { "-watch" } else { "" };
    let stage = &task.stage;
    format!(
        "results/{}/{}/{}-{}{suffix}",
        stage.model_package_group_name,
        task.execution,
        stage.name,
        task.wave.as_str()
    )
}
