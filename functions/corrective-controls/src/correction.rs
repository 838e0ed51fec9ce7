use aws_ports::AwsError;
use control_records::{Mark, MarkState, Records, Versioned, Written};
use controls::CorrectionMode;
use findings::CorrectionState;

use crate::aws::{Accounts, Platform};
use crate::decision::{Decision, Step, after};
use crate::error::Error;
use crate::idle::idle_hours;
use crate::marking::give_up;
use crate::run::{Open, Run};
use crate::seen::Seen;
use crate::step::{input, parameter};
use crate::trail::Entry;

impl<P: Platform, A: Accounts, R: Records> Run<'_, P, A, R> {
    /// Does what was decided: keeps the evidence, says it, and changes the mark last, so that what is cut short is said again
    /// rather than never.
    ///
    /// # Errors
    /// Of the records, the evidence and the bus.
    pub(crate) async fn conclude(&mut self, open: Open<'_>) -> Result<(), Error> {
        let Open { mark, correction, decision, seen } = open;
        let seen = seen.as_deref();
        let now = self.trail.platform.now();
        match (decision, correction) {
            (Decision::Wait(reason), _) => {
                self.trail.keep(Entry::new(&mark.record, "waiting", &reason).seen(seen)).await?;
                Ok(())
            }
            (Decision::Renew(reason), Some(correction)) => {
                let renewed = Mark {
                    action: correction.action,
                    mode: correction.mode,
                    marked: now,
                    due: after(now, correction),
                    state: MarkState::Waiting,
                    failures: 0,
                    ..mark.record
                };
                let entry = Entry::new(&renewed, "marked", &reason).seen(seen);
                self.trail.tell(CorrectionState::Marked, entry).await?;
                self.tally.marked += 1;
                self.put(renewed, mark.version).await
            }
            (Decision::Done(reason), _) => {
                let entry = Entry::new(&mark.record, "done", &reason).seen(seen);
                self.trail.tell(CorrectionState::Done, entry).await?;
                self.tally.acted += 1;
                self.done(mark, seen).await
            }
            (Decision::Act(step), Some(correction)) => {
                let record = Mark { mode: correction.mode, ..mark.record };
                self.act(Versioned { record, ..mark }, step, seen).await
            }
            (Decision::Drop(reason), _) => self.drop(mark, reason, seen).await,
            // Without a correction nothing else is decided.
            (Decision::Act(_) | Decision::Renew(_), None) => Ok(()),
        }
    }

    async fn drop(&mut self, mark: Versioned<Mark>, mut reason: String, seen: Option<&Seen>) -> Result<(), Error> {
        if matches!(mark.record.state, MarkState::Acting { restart: true, .. }) {
            reason.push_str("; it may have been stopped for this, and is not started again");
        }
        if let Written::At(_) = give_up(&self.trail, self.records, mark, &reason, seen).await? {
            self.tally.dropped += 1;
        }
        Ok(())
    }

    async fn act(&mut self, mark: Versioned<Mark>, step: Option<Step>, seen: Option<&Seen>) -> Result<(), Error> {
        let reason = seen.and_then(|seen| seen.verdict.as_ref()?.reason()).unwrap_or("its grace is over").to_owned();
        let input = step.map(|step| input(step.call, &mark.record.key));
        let call = step.map(|step| step.call).zip(input.as_ref());
        let entry = |decision| Entry { call, ..Entry::new(&mark.record, decision, &reason).seen(seen) };
        match (step, mark.record.mode) {
            (None, _) => {
                self.trail.tell(CorrectionState::Done, entry("done")).await?;
                self.tally.acted += 1;
                self.done(mark, seen).await
            }
            (Some(_), CorrectionMode::DryRun) => {
                self.trail.tell(CorrectionState::WouldDo, entry("wouldDo")).await?;
                self.tally.would_do += 1;
                self.done(mark, seen).await
            }
            (Some(step), CorrectionMode::Act) => self.call(mark, step, &reason, seen).await,
        }
    }

    /// Makes a call. The mark says so before, so that no other run makes it too and the next one knows if this one is cut
    /// short.
    async fn call(
        &mut self,
        mark: Versioned<Mark>,
        step: Step,
        reason: &str,
        seen: Option<&Seen>,
    ) -> Result<(), Error> {
        let at = self.trail.platform.now();
        let acting = |answered| MarkState::Acting { at, call: step.call.to_owned(), answered, restart: step.restart };
        let Versioned { record, version } = mark;
        let before = record.state.clone();
        let begun = Mark { state: acting(false), ..record };
        let Written::At(version) = self.records.put(self.trail.scope, &begun, Some(version)).await? else {
            // Somebody else is at it.
            return Ok(());
        };
        let input = input(step.call, &begun.key);
        let entry = |decision, reason| Entry {
            call: Some((step.call, &input)),
            ..Entry::new(&begun, decision, reason).seen(seen)
        };
        self.trail.keep(entry("acting", reason)).await?;
        let answer = self.accounts.call(self.trail.scope, step.call, &input).await;
        let request_id = match &answer {
            Ok(answer) => answer.request_id.as_deref(),
            Err(error) => error.request_id(),
        };
        match &answer {
            Ok(_) if !step.last => {
                self.trail.keep(Entry { request_id, ..entry("acted", reason) }).await?;
                self.tally.acted += 1;
                self.put(Mark { state: acting(true), ..begun.clone() }, version).await
            }
            Ok(_) => {
                self.trail.tell(CorrectionState::Done, Entry { request_id, ..entry("done", reason) }).await?;
                self.tally.acted += 1;
                self.done(Versioned { record: begun, version }, seen).await
            }
            Err(error) if error.is_not_found() => {
                let entry = Entry { error: Some(error), ..entry("done", "it is gone") };
                self.trail.tell(CorrectionState::Done, entry).await?;
                self.done(Versioned { record: begun, version }, seen).await
            }
            Err(error) => {
                // An attempt before the last may have come through: the next run looks.
                let came_to_nothing = error.is_access_denied() || error.is_throttled();
                let state = if came_to_nothing { before } else { acting(error.code().is_some()) };
                let call = Some((step.call, &input));
                self.failed(Versioned { record: begun.clone(), version }, state, call, error).await
            }
        }
    }

    /// Keeps the mark for the next run.
    pub(crate) async fn failed(
        &mut self,
        mark: Versioned<Mark>,
        state: MarkState,
        call: Option<(&str, &serde_json::Value)>,
        error: &AwsError,
    ) -> Result<(), Error> {
        let mut reason = error.to_string();
        if let (Some((call, _)), true) = (call, error.is_access_denied()) {
            let value = parameter(call);
            reason.push_str(&format!(
                "; the function has the right to it where the platform's parameter CorrectiveActions is {value}"
            ));
        }
        let record = Mark { state, failures: mark.record.failures.saturating_add(1), ..mark.record };
        let entry = Entry { call, error: Some(error), ..Entry::new(&record, "failed", &reason) };
        self.trail.tell(CorrectionState::Failed, entry).await?;
        self.tally.failed += 1;
        self.put(record, mark.version).await
    }

    async fn done(&self, mark: Versioned<Mark>, seen: Option<&Seen>) -> Result<(), Error> {
        let at = self.trail.platform.now();
        let idle_hours = seen.and_then(|seen| idle_hours(&mark.record.control, seen, at));
        let state = MarkState::Done { at, idle_hours };
        self.put(Mark { state, ..mark.record }, mark.version).await
    }

    /// A mark that somebody else has changed stays as it is now: the next run finds it so.
    async fn put(&self, mark: Mark, version: control_records::Version) -> Result<(), Error> {
        if self.records.put(self.trail.scope, &mark, Some(version)).await? == Written::Conflict {
            tracing::warn!(control = mark.control, resource = mark.arn, "the mark was changed meanwhile");
        }
        Ok(())
    }
}
