use std::collections::BTreeMap;

use control_records::{Mark, Records, Versioned};
use findings::{
    Event, EventBus, FailedFinding, Finding, Import, RefusedEvent, SecurityHub, Transition, UnsentEvent, import,
    publish,
};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::Value;

use super::{AT_ONCE, Open, Settled, Settlement};
use crate::aws::{Accounts, Clock};
use crate::error::Error;

impl<A: Accounts, R: Records, S: SecurityHub, B: EventBus, C: Clock> Settlement<'_, A, R, S, B, C> {
    /// Tells Security Hub and the bus, and keeps in each record what was not taken.
    pub(super) async fn tell(&self, mut open: Vec<Open>) -> Result<(Vec<Open>, Settled, Option<Error>), Error> {
        let (findings, events) = self.offers(&open).await?;
        let offered = count(findings.len());
        let (failed, enabled) = match import(self.outlets.security_hub, findings).await {
            Import::Done { failed } => (failed, true),
            Import::NotEnabled { message } => {
                tracing::warn!(message, "Security Hub is not enabled, findings stay here");
                (Vec::new(), false)
            }
        };
        let sent = count(events.len());
        let unsent = publish(self.outlets.bus, events).await;
        for FailedFinding { id, code, message } in &failed {
            tracing::error!(finding = id, code, message, "finding not taken");
        }
        for UnsentEvent { event, refused: RefusedEvent { code, message } } in &unsent {
            tracing::error!(resources = ?event.resources, code, message, "event not taken");
        }
        for one in &mut open {
            self.keep(one, enabled, &failed, &unsent);
        }
        let settled = Settled {
            announced: sent - count(unsent.len()),
            imported: if enabled { offered - count(failed.len()) } else { 0 },
            untold: count(failed.len() + unsent.len()),
            ..Settled::default()
        };
        let first = failed.first().map(|failed| format!("{} {}", failed.code, failed.message));
        let first = first
            .or_else(|| unsent.first().map(|unsent| format!("{} {}", unsent.refused.code, unsent.refused.message)));
        let refused = first.map(|first| Error::Untold { findings: failed.len(), events: unsent.len(), first });
        Ok((open, settled, refused))
    }

    /// What is due as findings and as events.
    async fn offers(&self, open: &[Open]) -> Result<(Vec<Value>, Vec<Event>), Error> {
        let marks = self.marks(open).await?;
        let (mut findings, mut events) = (Vec::new(), Vec::new());
        for (one, due) in open.iter().flat_map(|one| one.due.iter().map(move |due| (one, due))) {
            if due.import {
                let mark = marks.get(&(one.record.arn.as_str(), due.control.id)).map(|mark| &mark.record);
                let (control, resource, verdict) = (due.control, &one.record, &due.verdict);
                let described = one.described.as_ref();
                let finding = Finding { control, resource, verdict, described, mark, gone: one.gone };
                findings.push(finding.to_asff(self.judge.hub));
            }
            if let Some(transition) = &due.transition {
                events.push(transition.event(self.judge.hub).map_err(Error::InvalidAnswer)?);
            }
        }
        Ok((findings, events))
    }

    /// Keeps what was told of a resource, and what was not.
    fn keep(&self, one: &mut Open, enabled: bool, failed: &[FailedFinding], unsent: &[UnsentEvent]) {
        for due in &one.due {
            let control = due.control.id;
            let id = self.judge.hub.finding_id(due.control, &one.record);
            let refused = due.import && failed.iter().any(|failed| failed.id == id);
            let is_unsent = |transition: &Transition| {
                let event = transition.event(self.judge.hub).ok();
                unsent.iter().any(|unsent| Some(&unsent.event) == event.as_ref())
            };
            let unheard = due.transition.as_ref().is_some_and(is_unsent);
            if let Some(Transition { resource, from, to, reason, .. }) = due.transition.as_ref().filter(|_| !unheard) {
                tracing::info!(control, resource, from, to, reason, "verdict changed");
            }
            let heard = match unheard {
                true => one.record.untold.get(control).cloned().flatten(),
                false => Some(due.word.to_owned()),
            };
            one.case.told.insert(control.to_owned(), heard.clone());
            if let Some(verdict) = one.record.verdicts.get_mut(control).filter(|_| due.import && enabled && !refused) {
                verdict.imported = Some(one.record.looked_at);
            }
            if refused || unheard {
                one.record.untold.insert(control.to_owned(), heard);
            } else {
                one.record.untold.remove(control);
            }
        }
    }

    /// What is going to be done about failures that were failures before.
    async fn marks<'o>(&self, open: &'o [Open]) -> Result<BTreeMap<(&'o str, &'static str), Versioned<Mark>>, Error> {
        let marked = open.iter().flat_map(|one| one.due.iter().map(|due| (one.record.arn.as_str(), due)));
        let marked = marked.filter(|(_, due)| due.import && due.may_be_marked);
        let read = stream::iter(marked).map(|(arn, due)| async move {
            let mark = self.outlets.records.get::<Mark>(&self.account.scope, &Mark::id_of(due.control.id, arn)).await?;
            Ok::<_, Error>(mark.map(|mark| ((arn, due.control.id), mark)))
        });
        let found: Vec<_> = read.buffer_unordered(AT_ONCE).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
