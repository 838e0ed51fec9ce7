use std::collections::{BTreeMap, BTreeSet};

use control_records::{Mark, MarkState, Record, Records, ResourceRecord, Versioned};
use controls::{Action, Configuration, Correction, CorrectionMode, Kind, Verdict};
use findings::CorrectionState;
use jiff::Timestamp;

use crate::aws::{Accounts, Platform};
use crate::cap::excess;
use crate::decision::{Decision, allowed, decide, due, remind, renewal};
use crate::error::Error;
use crate::marking::{Marking, marking};
use crate::metrics::Tally;
use crate::seen::{Look, Seen, look};
use crate::trail::{Entry, Trail};

/// One run over the marks of an account and region.
pub(crate) struct Run<'a, P, A, R> {
    pub(crate) trail: Trail<'a, P>,
    pub(crate) accounts: &'a A,
    pub(crate) records: &'a R,
    pub(crate) configuration: &'a Configuration,
    pub(crate) tally: Tally,
    /// How many resources of each kind are on record.
    population: BTreeMap<Kind, u32>,
    /// When somebody last opened a resource, by its ARN.
    last_opened: BTreeMap<String, Timestamp>,
    /// What the records say of what is marked, by the marks' ids.
    recorded: BTreeMap<String, Verdict>,
}

/// A mark that something is decided about.
pub(crate) struct Open<'a> {
    pub(crate) mark: Versioned<Mark>,
    /// `None`: the configuration allows nothing.
    pub(crate) correction: Option<&'a Correction>,
    pub(crate) decision: Decision,
    /// `None`: it was not looked at, or is gone.
    pub(crate) seen: Option<Box<Seen>>,
}

impl Open<'_> {
    /// Whether a resource is touched that no run has touched before it, as far as anybody knows.
    fn begins(&self) -> bool {
        match (&self.decision, &self.mark.record.state) {
            (Decision::Act(Some(step)), MarkState::Acting { call, .. }) => call == step.call,
            (Decision::Act(Some(_)), _) => true,
            _ => false,
        }
    }

    fn acts(&self, mode: CorrectionMode) -> bool {
        matches!(self.decision, Decision::Act(Some(_))) && self.correction.is_some_and(|it| it.mode == mode)
    }
}

impl<'a, P: Platform, A: Accounts, R: Records> Run<'a, P, A, R> {
    pub(crate) fn new(trail: Trail<'a, P>, accounts: &'a A, records: &'a R, configuration: &'a Configuration) -> Self {
        let (population, last_opened, recorded) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { trail, accounts, records, configuration, tally: Tally::default(), population, last_opened, recorded }
    }

    /// Marks what no event was heard of, and does what is due.
    ///
    /// # Errors
    /// Of the records, the evidence, the bus and the role in the account: without them nothing is done. What fails on one
    /// resource is that mark's, and keeps no other one from being acted on.
    pub(crate) async fn run(&mut self) -> Result<(), Error> {
        let marks = self.records.all::<Mark>(self.trail.scope).await?;
        let marks = self.reconcile(marks.into_iter().map(|mark| (mark.record.id(), mark)).collect()).await?;
        let mut open = Vec::new();
        for mark in marks.into_values() {
            open.extend(self.consider(mark).await?);
        }
        for mode in [CorrectionMode::Act, CorrectionMode::DryRun] {
            self.hold_back(&mut open, mode).await?;
        }
        for mut decided in open {
            if decided.acts(CorrectionMode::Act) {
                // Those before it took their time.
                match self.consider(decided.mark).await? {
                    Some(again) => decided = again,
                    None => continue,
                }
            }
            self.conclude(decided).await?;
        }
        Ok(())
    }

    /// Brings marks up to the records, for events that were lost and for failures that are older than their correction.
    /// Gives those that are left as they were: what has just been told is not acted on in the same breath.
    async fn reconcile(
        &mut self,
        mut marks: BTreeMap<String, Versioned<Mark>>,
    ) -> Result<BTreeMap<String, Versioned<Mark>>, Error> {
        let mut after = None;
        loop {
            let page = self.records.page::<ResourceRecord>(self.trail.scope, after.as_deref()).await?;
            for Versioned { record, .. } in page.records {
                *self.population.entry(record.kind).or_default() += 1;
                for (control, verdict) in &record.verdicts {
                    let id = Mark::id_of(control, &record.arn);
                    let existing = marks.get(&id).cloned();
                    let made =
                        marking(&self.trail, self.records, self.configuration, &record, control, existing).await?;
                    if self.tally.count(&made) {
                        marks.remove(&id);
                    } else if marks.contains_key(&id) {
                        self.recorded.insert(id, verdict.verdict.clone());
                    }
                }
                if let Some(at) = record.last_opened {
                    self.last_opened.insert(record.arn, at);
                }
            }
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(marks),
            }
        }
    }

    /// Decides about a mark; `None`: it is over, its time has not come, or it failed, which was said.
    async fn consider(&mut self, mark: Versioned<Mark>) -> Result<Option<Open<'a>>, Error> {
        let (now, scope, configuration) = (self.trail.platform.now(), self.trail.scope, self.configuration);
        let Mark { control, arn, state, .. } = &mark.record;
        if !matches!(state, MarkState::Waiting | MarkState::Acting { .. }) {
            return Ok(None);
        }
        let allowed = match allowed(configuration, control, &scope.account, arn, now) {
            Ok(allowed) => allowed,
            Err(reason) => {
                return Ok(Some(Open { mark, correction: None, decision: Decision::Drop(reason), seen: None }));
            }
        };
        let correction = Some(allowed.correction);
        if let Some(reason) = renewal(&mark.record, allowed.correction) {
            return Ok(Some(Open { mark, correction, decision: Decision::Renew(reason), seen: None }));
        }
        if now < due(&mark.record, allowed.correction) {
            return Ok(None);
        }
        if allowed.correction.action == Action::Notify {
            let decision = remind(self.recorded.get(&mark.record.id()));
            return Ok(Some(Open { mark, correction, decision, seen: None }));
        }
        let last_opened = self.last_opened.get(arn).copied();
        let parameters = &configuration.parameters;
        match look(self.accounts, scope, &mark.record, allowed.control, last_opened, parameters, now).await {
            Ok(look) => {
                let decision = decide(&mark.record, &look, now);
                let seen = match look {
                    Look::Found(seen) => Some(seen),
                    Look::Gone => None,
                };
                Ok(Some(Open { mark, correction, decision, seen }))
            }
            // That is no resource's fault, and would be said for each of them.
            Err(error) if error.operation() == ASSUME_ROLE => Err(error.into()),
            Err(error) => {
                let state = mark.record.state.clone();
                self.failed(mark, state, None, &error).await?;
                Ok(None)
            }
        }
    }

    /// Takes back everything that would be done where it would be too much.
    async fn hold_back(&mut self, open: &mut Vec<Open<'a>>, mode: CorrectionMode) -> Result<(), Error> {
        let begun: Vec<&Open<'_>> = open.iter().filter(|open| open.acts(mode) && open.begins()).collect();
        let kinds: BTreeSet<Kind> = begun.iter().map(|open| open.mark.record.kind).collect();
        let population = kinds.iter().filter_map(|kind| self.population.get(kind)).sum();
        // Two controls may fail one resource.
        let resources: BTreeSet<&str> = begun.iter().map(|open| open.mark.record.arn.as_str()).collect();
        let Some(reason) = excess(&self.configuration.corrective, resources.len(), population) else { return Ok(()) };
        let mut first = None;
        for Open { mark, seen, .. } in begun {
            let evidence = self.trail.keep(Entry::new(&mark.record, "capped", &reason).seen(seen.as_deref())).await?;
            self.tally.capped += 1;
            first = first.or(Some((&mark.record, evidence)));
        }
        // Once for all of them: a notice for each would be the next flood.
        if let Some((mark, evidence)) = first {
            tracing::error!(scope = %self.trail.scope, reason, "capped");
            self.trail.announce(mark, CorrectionState::Capped, &reason, evidence).await?;
        }
        open.retain(|open| !open.acts(mode));
        Ok(())
    }
}

/// The call that lets into another account.
pub(crate) const ASSUME_ROLE: &str = "sts:AssumeRole";

impl Tally {
    /// Whether a mark was changed, and counts it.
    pub(crate) fn count(&mut self, made: &Marking) -> bool {
        match made {
            Marking::Marked => self.marked += 1,
            Marking::Dropped => self.dropped += 1,
            Marking::Nothing(_) => return false,
        }
        true
    }
}
