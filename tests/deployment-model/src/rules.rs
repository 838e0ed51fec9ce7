//! What a sequence of decisions comes to, once more and simpler: executions one after the other, each an outcome.
//!
//! - An execution either brings its version to every account of every stage, or leaves all of them as they were.
//! - An approval's version is the one that was approved, and is approved when it is planned.
//! - A rejection changes something only where its version is live and rejected, and the registration wants it: then the
//!   newest version comes back that was live before and is approved.
//! - Where somebody has to say yes, nothing goes live without, and nothing after a no.
//! - Executions stop for a reason: a later approval, a rejection of their version, somebody's no, nobody's answer. Any
//!   other failure needs something that failed.

use crate::machine::{Execution, Status};
use crate::simulation::{Person, Reply, Simulation, outcome};
use deployment::{DeploymentRequest, ENDPOINT_TEMPLATE, HistoryRecord, LiveRecord, RequestKind};
use identifiers::AccountId;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What the registration says, as far as the rules know it.
#[derive(Debug, Clone, Copy)]
pub struct Registered {
    /// Somebody has to say yes to the last stage.
    pub asks: bool,
    /// `rollbackOnReject`.
    pub rolls_back: bool,
    /// `separationOfDuties`.
    pub separates: bool,
}

/// The rules, and what they have come to so far.
#[derive(Debug)]
pub struct Rules {
    platform: &'static str,
    group: &'static str,
    stages: Vec<(&'static str, Vec<&'static str>)>,
    registered: Registered,
    /// What runs everywhere.
    live: Option<u32>,
    /// What ran everywhere before, newest first, each version once.
    before: Vec<u32>,
    /// Something failed, or may fail, since everything was last at rest.
    pub faulty: bool,
    /// Something failed at any time.
    pub ever_faulty: bool,
    /// A roll-back failed, and no version came to all accounts since.
    broken: bool,
    /// The execution whose roll-back was the first to fail.
    broken_by: Option<String>,
    ended: usize,
}

impl Rules {
    /// Nothing was decided yet.
    pub fn new(
        platform: &'static str,
        group: &'static str,
        stages: Vec<(&'static str, Vec<&'static str>)>,
        registered: Registered,
    ) -> Self {
        let before = Vec::new();
        let (live, faulty, ever_faulty, broken, broken_by) = (None, false, false, false, None);
        Self { platform, group, stages, registered, live, before, faulty, ever_faulty, broken, broken_by, ended: 0 }
    }

    /// Compares everything with the rules, when nothing runs and no event is on its way.
    ///
    /// # Errors
    /// What is against which rule.
    pub fn at_rest(&mut self, simulation: &Simulation) -> Result<(), String> {
        let was_ended = std::mem::replace(&mut self.ended, simulation.ended.len());
        for name in &simulation.ended[was_ended..] {
            self.execution(simulation, name).map_err(|error| format!("execution {name}: {error}"))?;
        }
        self.decisions(simulation)?;
        if !self.faulty && simulation.in_order {
            self.newest_approval(simulation)?;
        }
        if !self.ever_faulty {
            self.rejected(simulation)?;
        }
        let pending = simulation.world.pending().len();
        if pending > 0 && !self.faulty {
            return Err(format!("{pending} questions are left although nobody waits"));
        }
        let history = simulation.world.history(self.group);
        for (stage, accounts) in self.stages.clone() {
            let accounts: BTreeSet<AccountId> = accounts.iter().map(|id| id.parse().unwrap()).collect();
            let seen = Seen::of(simulation, self.platform, self.group, stage);
            if self.broken {
                self.named(simulation, stage, &seen, &accounts)?;
            } else {
                self.everywhere(stage, &seen, &accounts, &history)
                    .map_err(|error| format!("stage {stage}: {error}"))?;
            }
        }
        Ok(())
    }

    fn status(&self, simulation: &Simulation, version: u32, time: i64) -> &'static str {
        simulation.status_at(self.group, version, time)
    }

    /// Whether an execution may have ended as it did, and what runs since.
    fn execution(&mut self, simulation: &Simulation, name: &str) -> Result<(), String> {
        let execution = simulation.execution(name);
        let request: DeploymentRequest = serde_json::from_value(execution.input.clone()).unwrap();
        let (kind, version) = (request.kind, request.model_package_arn.version());
        let outcome = outcome(&execution.status);
        let planned = simulation.planned.get(name).copied();
        let is_later = |kind: RequestKind, version: Option<u32>| {
            simulation.executions.iter().any(|it| {
                let other: DeploymentRequest = serde_json::from_value(it.input.clone()).unwrap();
                let is_meant = version.is_none_or(|version| other.model_package_arn.version() == version);
                (it.started, &it.name) > (execution.started, &execution.name) && other.kind == kind && is_meant
            })
        };
        let replies = simulation.replies.get(name).cloned().unwrap_or_default();
        let is_allowed = match (kind, outcome.as_str()) {
            (RequestKind::Approval, "live") => {
                let is_yes = |reply: &Reply| match reply {
                    Reply::Yes(by) => !(self.registered.separates && *by == Person::Ann),
                    Reply::No(_) | Reply::Silence => false,
                };
                if !replies.iter().all(is_yes) || (self.registered.asks && replies.is_empty()) {
                    return Err(format!("version {version} is live, and was answered {replies:?}"));
                }
                let status = planned.map(|time| self.status(simulation, version, time));
                if status != Some("Approved") {
                    return Err(format!("version {version} is live, and was {status:?} when it was planned"));
                }
                self.goes_live(version);
                true
            }
            (RequestKind::Approval, "superseded") => is_later(RequestKind::Approval, None),
            (RequestKind::Approval, "rejected") => is_later(RequestKind::Rejection, Some(version)),
            (RequestKind::Approval, "denied") => replies.iter().any(|reply| match reply {
                Reply::No(_) => true,
                Reply::Yes(by) => self.registered.separates && *by == Person::Ann,
                Reply::Silence => false,
            }),
            (RequestKind::Approval, "Expired") => replies.contains(&Reply::Silence),
            (RequestKind::Approval, "Refused") => {
                self.faulty || planned.is_some_and(|time| self.status(simulation, version, time) != "Approved")
            }
            (RequestKind::Rejection, outcome @ ("live" | "nothingToDo" | "NothingToComeBackTo")) => {
                let time =
                    planned.ok_or("ended well without a plan, or nothing to come back to was found without one")?;
                let expected = self.rejection(simulation, version, time);
                let found = match (outcome, expected) {
                    ("live", Some(Some(comeback))) => {
                        self.goes_live(comeback);
                        "live"
                    }
                    ("live", _) if self.broken => return Err("cannot be told after a roll-back that failed".to_owned()),
                    (other, _) => other,
                };
                let expected = match expected {
                    None => "nothingToDo",
                    Some(None) => "NothingToComeBackTo",
                    Some(Some(_)) => "live",
                };
                if found != expected && !self.broken {
                    return Err(format!("rejection of {version} ended {found}, expected {expected}: {self:?}"));
                }
                true
            }
            (_, "RollBackFailed") => {
                if !std::mem::replace(&mut self.broken, true) {
                    self.broken_by = Some(name.to_owned());
                }
                self.faulty
            }
            _ => self.faulty,
        };
        if is_allowed { Ok(()) } else { Err(format!("ended {outcome} without a reason: {:?}", execution.status)) }
    }

    /// What a rejection leads to: nothing, nothing to come back to, or a version.
    fn rejection(&self, simulation: &Simulation, version: u32, time: i64) -> Option<Option<u32>> {
        let status = |version| self.status(simulation, version, time);
        if status(version) != "Rejected" || self.live != Some(version) || !self.registered.rolls_back {
            return None;
        }
        Some(self.before.iter().copied().find(|version| status(*version) == "Approved"))
    }

    fn goes_live(&mut self, version: u32) {
        let was = self.live.replace(version);
        self.before = was.into_iter().chain(self.before.drain(..)).filter(|earlier| *earlier != version).fold(
            Vec::new(),
            |mut versions, earlier| {
                if !versions.contains(&earlier) {
                    versions.push(earlier);
                }
                versions
            },
        );
        self.broken = false;
    }

    /// Every execution serves one decision, and no two serve the same.
    fn decisions(&self, simulation: &Simulation) -> Result<(), String> {
        let mut served = BTreeSet::new();
        for execution in &simulation.executions {
            let request: DeploymentRequest = serde_json::from_value(execution.input.clone()).unwrap();
            let status = match request.kind {
                RequestKind::Approval => "Approved",
                RequestKind::Rejection => "Rejected",
            };
            let (version, id) = (request.model_package_arn.version(), &request.approval.id);
            let made = simulation.decisions.iter().find(|it| {
                it.group == self.group && it.version == version && it.status == status && it.at.to_string() == *id
            });
            let Some(made) = made else {
                return Err(format!("execution {} serves a decision that nobody made", execution.name));
            };
            if request.kind == RequestKind::Approval && self.registered.separates && made.by == Person::Ann {
                return Err(format!("execution {} serves an approval by who registered the version", execution.name));
            }
            if !served.insert((version, status, id.clone())) {
                return Err(format!("two executions serve the decision of {}", execution.name));
            }
        }
        Ok(())
    }

    /// Where nothing failed, the version that was approved last is the one that runs, unless somebody said no.
    fn newest_approval(&self, simulation: &Simulation) -> Result<(), String> {
        let own = || simulation.decisions.iter().filter(|it| it.group == self.group);
        let counts = |it: &&crate::simulation::Decided| {
            it.status == "Approved" && !(self.registered.separates && it.by == Person::Ann)
        };
        let Some(newest) = own().rfind(counts) else { return Ok(()) };
        let is_final = own().rfind(|it| it.version == newest.version).is_some_and(|it| it == newest);
        if !is_final || self.live == Some(newest.version) {
            return Ok(());
        }
        // Somebody or something was against it; where nothing was, its execution could not have failed.
        let was_stopped = |it: &&Execution| {
            let request: DeploymentRequest = serde_json::from_value(it.input.clone()).unwrap();
            let is_own = request.model_package_arn.version() == newest.version;
            let listed = simulation.world.state();
            let ended = listed.executions.iter().find(|other| other.name == it.name).and_then(|it| it.ended);
            is_own
                && ended > Some(newest.at)
                && (outcome(&it.status) == "denied" || matches!(it.status, Status::Failed(_)))
        };
        if self.broken || simulation.executions.iter().any(|it| was_stopped(&it)) || !simulation.refused.is_empty() {
            return Ok(());
        }
        Err(format!("version {} was approved last, and {:?} runs", newest.version, self.live))
    }

    /// A rejected version does not go on serving where it shall not and need not.
    fn rejected(&self, simulation: &Simulation) -> Result<(), String> {
        let Some(live) = self.live.filter(|_| self.registered.rolls_back) else { return Ok(()) };
        let now = i64::MAX;
        if self.status(simulation, live, now) != "Rejected" {
            return Ok(());
        }
        let last =
            |version: u32| simulation.decisions.iter().rfind(|it| it.version == version && it.group == self.group);
        let at = last(live).map_or(now, |it| it.at);
        let was_there = |version: &&u32| last(**version).is_some_and(|it| it.status == "Approved" && it.at < at);
        match self.before.iter().find(was_there) {
            Some(other) => Err(format!("version {live} was rejected and runs, and version {other} could come back")),
            None => Ok(()),
        }
    }

    fn everywhere(
        &self,
        stage: &str,
        seen: &Seen,
        accounts: &BTreeSet<AccountId>,
        history: &[HistoryRecord],
    ) -> Result<(), String> {
        let found: BTreeSet<_> = seen.running.keys().cloned().collect();
        let expected = if self.live.is_some() { accounts.clone() } else { BTreeSet::new() };
        if found != expected {
            return Err(format!("version {:?} is live, endpoints are in {found:?}, expected {expected:?}", self.live));
        }
        let record = seen.record.as_ref();
        if record.map(|record| record.version) != self.live {
            return Err(format!("version {:?} is live, and {:?} recorded", self.live, record.map(|it| it.version)));
        }
        if let Some(record) = record {
            let plan = history.iter().find(|it| it.key(None) == record.record).and_then(|it| it.plan.as_ref());
            let plan = plan.ok_or_else(|| format!("no history record {} with a plan", record.record))?;
            let configuration = &plan.parameters(ENDPOINT_TEMPLATE)["ConfigurationName"];
            for (account, (running, version)) in &seen.running {
                if running != configuration || *version != record.version {
                    return Err(format!("{account} runs {running}, recorded is {configuration}"));
                }
            }
        }
        for account in accounts {
            let cleared = |it: &HistoryRecord| it.plan.as_ref().is_some_and(|plan| plan.cleared.contains(account));
            let of_account =
                |it: &&HistoryRecord| it.stage.as_str() == stage && (it.accounts.contains(account) || cleared(it));
            let newest = history.iter().rfind(of_account);
            let newest = newest.filter(|record| !cleared(record)).and_then(|record| record.version);
            if newest != self.live {
                return Err(format!("history says {account} runs version {newest:?}, and it runs {:?}", self.live));
            }
        }
        Ok(())
    }

    /// Where a roll-back failed, whoever reads its error can find every account that is not as it was by its id.
    fn named(
        &self,
        simulation: &Simulation,
        stage: &str,
        seen: &Seen,
        accounts: &BTreeSet<AccountId>,
    ) -> Result<(), String> {
        let first = simulation.ended.last().filter(|name| self.broken_by.as_ref() == Some(*name));
        let failed = first.map(|name| &simulation.execution(name).status);
        let Some(Status::Failed(failed)) = failed.filter(|it| outcome(it) == "RollBackFailed") else { return Ok(()) };
        let cause: Value = serde_json::from_str(&failed.cause).map_err(|error| format!("no JSON: {error}"))?;
        let of_stage: Vec<_> =
            cause["rollBackFailures"].as_array().unwrap().iter().filter(|it| it["stage"] == stage).collect();
        for account in accounts {
            let runs = seen.running.get(account).map(|(_, version)| *version);
            let is_named = |failure: &&&Value| {
                let names = |member: &str| failure[member].as_str().is_some_and(|it| it.contains(account.as_str()));
                names("cause") || names("accounts")
            };
            if runs != self.live && !of_stage.iter().any(|it| is_named(&it)) {
                return Err(format!(
                    "{account} runs {runs:?} and not {:?}, which the failed roll-back does not say: {}",
                    self.live, failed.cause
                ));
            }
        }
        Ok(())
    }
}

/// What a stage is.
struct Seen {
    record: Option<LiveRecord>,
    /// Configuration and version by account.
    running: BTreeMap<AccountId, (String, u32)>,
}

impl Seen {
    fn of(simulation: &Simulation, platform: &str, group: &str, stage: &str) -> Self {
        let prefix = format!("{platform}-{group}-{stage}-");
        let names = simulation.world.stack_sets.names();
        let endpoint = names.iter().find(|name| name.starts_with(&prefix));
        let running = endpoint.map(|name| simulation.world.running(name)).unwrap_or_default().into_iter();
        let running = running.map(|(at, (configuration, arn))| (at.account, (configuration, arn.version())));
        Self { record: simulation.world.live(platform, group, stage), running: running.collect() }
    }
}
