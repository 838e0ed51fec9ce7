//! Laws that hold however decisions, their events and the ends of executions follow each other.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failed assumption of a test is a failed test"
)]

mod hub;

use std::collections::{BTreeMap, BTreeSet};

use deployment::RequestKind;
use deployment::RequestKind::{Approval, Rejection};
use hub::{Hub, Run, arn, deliver, event, said};
use proptest::prelude::*;
use serde_json::{Value, json};

const VERSIONS: u32 = 3;

#[derive(Debug, Clone)]
enum Step {
    Approve(u32),
    Reject(u32),
    MakePending(u32),
    /// Something else of the version changes.
    Edit(u32),
    /// Some event is delivered: for the first time or again, late or never at all.
    Deliver(prop::sample::Index),
    /// The execution whose turn it is ends: well if it may, or badly.
    End {
        well: bool,
        /// It is in its last stage, so that newer approvals wait for it.
        in_last_stage: bool,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let version = 1..=VERSIONS;
    prop_oneof![
        4 => version.clone().prop_map(Step::Approve),
        2 => version.clone().prop_map(Step::Reject),
        1 => version.clone().prop_map(Step::MakePending),
        1 => version.prop_map(Step::Edit),
        8 => any::<prop::sample::Index>().prop_map(Step::Deliver),
        4 => (any::<bool>(), any::<bool>()).prop_map(|(well, in_last_stage)| Step::End { well, in_last_stage }),
    ]
}

/// A change of a version, and the event that says so.
#[derive(Debug, Clone)]
struct Change {
    version: u32,
    status: &'static str,
    is_edit: bool,
    at: i64,
}

impl Change {
    fn event(&self) -> Value {
        let mut event = event(self.version, self.status, self.at);
        if self.is_edit {
            event["detail"]["UpdatedModelPackageFields"] = json!(["CustomerMetadataProperties"]);
        }
        event
    }

    fn kind(&self) -> Option<RequestKind> {
        match self.status {
            _ if self.is_edit => None,
            "Approved" => Some(Approval),
            "Rejected" => Some(Rejection),
            _ => None,
        }
    }
}

struct World {
    hub: Hub,
    rolls_back: bool,
    /// In the order of their times.
    changes: Vec<Change>,
    /// What was live in every stage, oldest first: version and time of its approval in milliseconds.
    history: Vec<(u32, i64)>,
    runtime: tokio::runtime::Runtime,
}

impl World {
    fn new(rolls_back: bool) -> Self {
        Self {
            hub: Hub::registered(json!({"rollbackOnReject": rolls_back})),
            rolls_back,
            changes: Vec::new(),
            history: Vec::new(),
            runtime: tokio::runtime::Builder::new_current_thread().build().unwrap(),
        }
    }

    fn change(&mut self, version: u32, status: Option<&'static str>) {
        let now = self.status(version);
        let (status, is_edit) = (status.unwrap_or(now), status.is_none());
        let at = i64::try_from(self.changes.len()).unwrap();
        self.changes.push(Change { version, status, is_edit, at });
        self.hub.registry_says(version, status, at);
    }

    fn status(&self, version: u32) -> &'static str {
        self.changes.iter().rfind(|change| change.version == version).map_or("PendingManualApproval", |it| it.status)
    }

    /// The last decision on a version, unless it waits for another one.
    fn decision(&self, version: u32) -> Option<&Change> {
        self.changes.iter().rfind(|change| change.version == version && !change.is_edit)
    }

    fn running(&self) -> Vec<Run> {
        self.hub.state().runs.iter().filter(|run| run.is_running).cloned().collect()
    }

    fn live(&self) -> Option<u32> {
        self.history.last().map(|(version, _)| *version)
    }

    fn deliver(&self, change: &Change) -> String {
        let outcome = self.runtime.block_on(deliver(&self.hub, &change.event()));
        said(&outcome.unwrap())
    }

    fn is_stopped(run: &Run, newer: &[Run], in_last_stage: bool) -> bool {
        let own = run.request();
        let version = own.model_package_arn.version();
        own.kind == Approval
            && newer.iter().map(Run::request).any(|other| match other.kind {
                Rejection => other.model_package_arn.version() == version,
                Approval => !in_last_stage,
            })
    }

    /// Executions take turns: the oldest ends first, as the state machine has them do.
    fn end(&mut self, well: bool, in_last_stage: bool) {
        let running = self.running();
        let Some((run, newer)) = running.split_first() else { return };
        let request = run.request();
        let version = request.model_package_arn.version();
        match request.kind {
            _ if !well || Self::is_stopped(run, newer, in_last_stage) => (),
            Approval => self.history.push((version, request.approval.id.parse().unwrap())),
            Rejection if self.rolls_back && self.live() == Some(version) => {
                let is_good = |(version, _): &&(u32, i64)| self.status(*version) == "Approved";
                self.history.extend(self.history.iter().rfind(is_good).copied());
            }
            Rejection => (),
        }
        if let Some((version, at)) = self.history.last() {
            self.hub.live_everywhere(*version, *at);
        }
        let name = &run.execution.name;
        self.hub
            .state()
            .runs
            .iter_mut()
            .filter(|run| run.execution.name == *name)
            .for_each(|run| run.is_running = false);
    }

    /// All that runs ends as well as it can.
    fn settle(&mut self) {
        while !self.running().is_empty() {
            self.end(true, false);
        }
    }

    /// Whether the running executions bring the version to every stage, if all goes well.
    fn leads_to(&self, version: u32) -> bool {
        let running = self.running();
        running.iter().enumerate().any(|(index, run)| {
            let request = run.request();
            let is_own = (request.kind, request.model_package_arn.version()) == (Approval, version);
            is_own && !Self::is_stopped(run, &running[index + 1..], false)
        })
    }

    /// Delivers an event and checks what came of it.
    fn deliver_and_check(&self, change: &Change) {
        let before = self.hub.runs();
        let outcome = self.deliver(change);
        let started = &self.hub.state().runs[before..].to_vec();
        let context = format!("{change:?}: {outcome}");

        // At most one execution: of this decision, which the registry still gives.
        assert!(started.len() <= 1, "{context}");
        for request in started.iter().map(Run::request) {
            assert_eq!(Some(request.kind), change.kind(), "{context}");
            assert_eq!(request.model_package_arn.as_str(), arn(change.version), "{context}");
            assert_eq!(request.approval.id, hub::time(change.at).to_string(), "{context}");
            assert_eq!(self.status(change.version), change.status, "{context}");
        }
        let decision = self.decision(change.version).filter(|last| last.at == change.at);
        match (decision.and_then(Change::kind), change.is_edit) {
            (Some(Approval), _) => self.check_that_approval_is_not_lost(change, &outcome),
            (Some(Rejection), _) => self.check_that_rejection_is_not_lost(change, &outcome),
            (None, true) => assert!(started.is_empty(), "{context}"),
            (None, false) => (),
        }
    }

    fn has_run_for(&self, change: &Change) -> bool {
        let id = hub::time(change.at).to_string();
        let is_own = |run: &Run| (Some(run.request().kind), run.request().approval.id) == (change.kind(), id.clone());
        self.hub.state().runs.iter().any(is_own)
    }

    fn check_that_approval_is_not_lost(&self, change: &Change, outcome: &str) {
        let versions: BTreeSet<_> = self.changes.iter().map(|change| change.version).collect();
        let is_newest = versions
            .into_iter()
            .filter(|version| self.status(*version) == "Approved")
            .filter_map(|version| self.decision(version))
            .all(|other| other.at <= change.at);
        if is_newest {
            let everywhere = self.live() == Some(change.version) && self.running().is_empty();
            let is_kept = everywhere || self.leads_to(change.version) || self.has_run_for(change);
            assert!(is_kept, "{change:?}: {outcome}");
        }
    }

    fn check_that_rejection_is_not_lost(&self, change: &Change, outcome: &str) {
        assert!(!self.leads_to(change.version), "{change:?}: {outcome}");
        if self.rolls_back && self.live() == Some(change.version) {
            let is_answered = self
                .running()
                .iter()
                .map(Run::request)
                .any(|request| (request.kind, request.model_package_arn.version()) == (Rejection, change.version));
            assert!(is_answered || self.has_run_for(change), "{change:?}: {outcome}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn one_decision_is_at_most_one_execution_and_none_is_lost(
        rolls_back: bool,
        steps in prop::collection::vec(step(), 1..60),
    ) {
        let mut world = World::new(rolls_back);
        for step in steps {
            match step {
                Step::Approve(version) => world.change(version, Some("Approved")),
                Step::Reject(version) => world.change(version, Some("Rejected")),
                Step::MakePending(version) => world.change(version, Some("PendingManualApproval")),
                Step::Edit(version) => world.change(version, None),
                Step::Deliver(_) if world.changes.is_empty() => (),
                Step::Deliver(which) => world.deliver_and_check(which.get(&world.changes)),
                Step::End { well, in_last_stage } => world.end(well, in_last_stage),
            }
        }
        let mut executions = BTreeMap::new();
        for request in world.hub.state().runs.iter().map(Run::request) {
            *executions.entry((request.kind, request.approval.id)).or_insert(0) += 1;
        }
        prop_assert!(executions.values().all(|count| *count == 1), "{executions:?}");
    }

    /// Some versions are approved one after the other; their events arrive in any order, some of them again.
    #[test]
    fn the_version_approved_last_is_live_in_the_end(
        approved in Just((1..=5_u32).collect::<Vec<_>>()).prop_shuffle(),
        order in Just((0..5_usize).collect::<Vec<_>>()).prop_shuffle(),
        again in prop::collection::vec(0..5_usize, 0..5),
        ends in prop::collection::vec(any::<bool>(), 10),
    ) {
        let mut world = World::new(false);
        for version in &approved {
            world.change(*version, Some("Approved"));
        }
        for (which, ends) in order.into_iter().chain(again).zip(ends) {
            world.deliver_and_check(&world.changes[which].clone());
            if ends {
                world.end(true, false);
            }
        }
        world.settle();
        prop_assert_eq!(world.live(), approved.last().copied());
    }

    /// Decisions on one version, each delivered at once and then again: the last one counts.
    #[test]
    fn what_was_decided_last_about_a_version_is_done(
        decisions in prop::collection::vec((any::<bool>(), any::<bool>()), 1..12),
    ) {
        let mut world = World::new(true);
        // What the version replaces.
        world.change(1, Some("Approved"));
        world.deliver_and_check(&world.changes[0].clone());
        world.settle();
        let mut delivered = BTreeSet::from([0]);
        for (approves, settles) in decisions {
            world.change(2, Some(if approves { "Approved" } else { "Rejected" }));
            delivered.insert(world.changes.len() - 1);
            for which in delivered.iter().rev() {
                world.deliver_and_check(&world.changes[*which].clone());
            }
            if settles {
                world.settle();
            }
        }
        world.settle();
        let expected = if world.status(2) == "Approved" { 2 } else { 1 };
        prop_assert_eq!(world.live(), Some(expected));
    }
}
