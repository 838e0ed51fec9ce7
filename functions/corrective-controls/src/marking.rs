use control_records::{Mark, MarkState, Records, ResourceRecord, VerdictRecord, Versioned, Written};
use controls::{Action, Configuration, Correction, CorrectionMode, Verdict};
use findings::CorrectionState;
use serde::Serialize;

use crate::aws::Platform;
use crate::decision::{after, allowed};
use crate::error::Error;
use crate::seen::Seen;
use crate::step::{Standing, standing};
use crate::trail::{Entry, Trail};

/// What became of a failure's mark, or of a recovery's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", content = "reason", rename_all = "camelCase")]
pub(crate) enum Marking {
    /// There is a new mark.
    Marked,
    /// A mark that waited waits no more.
    Dropped,
    /// Nothing, and why.
    Nothing(String),
}

/// Makes the mark of one control on one resource what the resource's record says: a new failure that may be corrected is
/// marked, and what waited for a resource that has recovered is dropped.
///
/// The record, not an event, is what counts: events come twice and out of order.
///
/// # Errors
/// Of the calls. Before a mark is written its owner is told; one who is told twice was told.
pub(crate) async fn marking<P: Platform, R: Records>(
    trail: &Trail<'_, P>,
    records: &R,
    configuration: &Configuration,
    record: &ResourceRecord,
    control: &str,
    existing: Option<Versioned<Mark>>,
) -> Result<Marking, Error> {
    let Some(verdict) = record.verdicts.get(control) else { return nothing("the control does not look at it") };
    let reason = match &verdict.verdict {
        Verdict::Fail(reason) => reason,
        Verdict::Unknown(_) => return nothing("nobody knows whether it fails"),
        Verdict::Pass | Verdict::NotApplicable(_) => {
            return recovered(trail, records, existing, &format!("mended: {}", verdict.verdict)).await;
        }
    };
    let now = trail.platform.now();
    // That it still fails when it is looked at again is nobody's doing any more.
    let is_own = verdict.actor.as_deref().is_some_and(|actor| trail.settings.is_own(actor));
    if is_own && record.looked_at <= verdict.since {
        return nothing("this function did it itself");
    }
    let correction = match allowed(configuration, control, &trail.scope.account, &record.arn, now) {
        Ok(allowed) => allowed.correction,
        Err(reason) => return Ok(Marking::Nothing(reason)),
    };
    if record.key.is_empty() {
        return nothing("it is not recorded how it is described");
    }
    let standing = standing(correction.action, record.kind, record.status.as_deref());
    match standing {
        Standing::Ready(_) | Standing::Passing => {}
        Standing::Over | Standing::Never => return nothing("there is nothing to do about it in its state"),
    }
    if !existing.as_ref().is_none_or(|mark| is_new(&mark.record, record, verdict, correction, standing)) {
        return nothing("it is marked already");
    }
    let mark = Mark {
        control: control.to_owned(),
        arn: record.arn.clone(),
        kind: record.kind,
        name: record.name.clone(),
        key: record.key.clone(),
        instance_type: record.instance_type.clone(),
        created: record.created,
        since: verdict.since,
        actor: verdict.actor.clone(),
        action: correction.action,
        mode: correction.mode,
        marked: now,
        due: after(now, correction),
        state: MarkState::Waiting,
        failures: 0,
    };
    trail.tell(CorrectionState::Marked, Entry::new(&mark, "marked", reason)).await?;
    match records.put(trail.scope, &mark, existing.map(|existing| existing.version)).await? {
        Written::At(_) => Ok(Marking::Marked),
        Written::Conflict => nothing("somebody else has marked it"),
    }
}

/// Whether a failure is another one than that of an earlier mark.
fn is_new(
    mark: &Mark,
    record: &ResourceRecord,
    verdict: &VerdictRecord,
    correction: &Correction,
    standing: Standing,
) -> bool {
    if let (Some(marked), Some(created)) = (mark.created, record.created)
        && marked.as_second() != created.as_second()
    {
        return true;
    }
    match &mark.state {
        MarkState::Waiting | MarkState::Acting { .. } => false,
        // What kept it from being done then does so no more.
        MarkState::Dropped { at, .. } => verdict.since > mark.since || record.looked_at > *at,
        MarkState::Done { at, .. } => {
            let changed = correction.action != mark.action
                || (mark.mode, correction.mode) == (CorrectionMode::DryRun, CorrectionMode::Act);
            // It was stopped, and runs again.
            let again = mark.mode == CorrectionMode::Act
                && mark.action != Action::Notify
                && record.looked_at > *at
                && matches!(standing, Standing::Ready(Some(_)));
            verdict.since > mark.since || changed || again
        }
    }
}

/// Drops what has waited for a resource that needs nothing any more.
///
/// # Errors
/// Of the calls.
pub(crate) async fn recovered<P: Platform, R: Records>(
    trail: &Trail<'_, P>,
    records: &R,
    existing: Option<Versioned<Mark>>,
    reason: &str,
) -> Result<Marking, Error> {
    // What was begun is concluded by the next run, which looks at the resource itself.
    let Some(Versioned { record: mark, version }) = existing.filter(|mark| mark.record.state == MarkState::Waiting)
    else {
        return nothing("nothing waits");
    };
    match give_up(trail, records, Versioned { record: mark, version }, reason, None).await? {
        Written::At(_) => Ok(Marking::Dropped),
        Written::Conflict => nothing("somebody else has changed the mark"),
    }
}

/// Drops a mark and says so: in this order, because whoever was told that nothing is going to be done has to be told anew
/// before anything is.
///
/// # Errors
/// Of the calls.
pub(crate) async fn give_up<P: Platform, R: Records>(
    trail: &Trail<'_, P>,
    records: &R,
    mark: Versioned<Mark>,
    reason: &str,
    seen: Option<&Seen>,
) -> Result<Written, Error> {
    let evidence = trail.keep(Entry::new(&mark.record, "dropped", reason).seen(seen)).await?;
    let state = MarkState::Dropped { at: trail.platform.now(), reason: reason.to_owned() };
    let dropped = Mark { state, ..mark.record };
    let written = records.put(trail.scope, &dropped, Some(mark.version)).await?;
    if let Written::At(_) = written {
        trail.announce(&dropped, CorrectionState::Dropped, reason, evidence).await?;
    }
    Ok(written)
}

fn nothing(why: &str) -> Result<Marking, Error> {
    Ok(Marking::Nothing(why.to_owned()))
}
