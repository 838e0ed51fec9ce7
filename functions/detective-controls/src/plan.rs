//! What is written and told of a resource, from what is known and what was seen. Nothing here calls anything.

use std::collections::{BTreeMap, BTreeSet};

use control_records::{ResourceRecord, VerdictRecord};
use controls::{Control, Verdict, control};
use findings::{Hub, Transition};
use jiff::{Timestamp, ToSpan};

use crate::observation::Observation;
use crate::rules::Rules;

/// A finding that has not been imported for as long is imported again: Security Hub deletes those that nobody touches for 90 days.
const FRESH_DAYS: i64 = 30;

/// What the bus calls a failure that somebody answers for.
const EXEMPT: &str = "exempt";
const FAIL: &str = "fail";
const GONE: &str = "gone";

/// Why a resource was looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Cause {
    /// Who called; `None`: nobody, it was a sweep.
    pub(crate) actor: Option<String>,
    /// The call's event.
    pub(crate) event_id: Option<String>,
}

/// What Security Hub and the bus were told of controls, as far as this invocation knows better than the record.
pub(crate) type Told = BTreeMap<String, Option<String>>;

/// What follows from what is known and what was seen.
#[derive(Debug)]
pub(crate) struct Plan {
    /// What goes on record before anything is told: with [`ResourceRecord::untold`].
    pub(crate) record: ResourceRecord,
    /// What is to be told.
    pub(crate) due: Vec<Due>,
}

/// What is to be told of one control.
#[derive(Debug)]
pub(crate) struct Due {
    pub(crate) control: &'static Control,
    /// What it says of the resource now, or said last.
    pub(crate) verdict: VerdictRecord,
    /// Whether Security Hub is told.
    pub(crate) import: bool,
    /// Whether a correction may be under way, which the finding has to go on telling of.
    pub(crate) may_be_marked: bool,
    /// What the bus is told.
    pub(crate) transition: Option<Transition>,
    /// What the bus has heard when it has been told.
    pub(crate) word: &'static str,
}

/// What everything of one invocation is judged and told by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Judge<'a> {
    pub(crate) rules: &'a Rules,
    pub(crate) hub: &'a Hub,
    /// Whether findings go to Security Hub.
    pub(crate) security_hub: bool,
}

impl Judge<'_> {
    /// Of a resource that is there.
    pub(crate) fn of(self, old: Option<&ResourceRecord>, seen: &Observation, cause: &Cause, told: &Told) -> Plan {
        let same = old.filter(|old| seen.is_of(old));
        let mut record = ResourceRecord {
            kind: seen.kind,
            name: seen.name.clone(),
            key: seen.key.clone(),
            arn: seen.arn.clone(),
            account: seen.scope.account.clone(),
            region: seen.scope.region.clone(),
            created: seen.created,
            status: seen.status.clone(),
            instance_type: seen.instance_type.clone(),
            last_opened: seen.last_opened,
            looked_at: seen.looked_at,
            verdicts: BTreeMap::new(),
            untold: BTreeMap::new(),
        };
        let mut due = Vec::new();
        for (id, verdict) in &seen.verdicts {
            let Some(control) = control(id) else { continue };
            let before = same.and_then(|same| same.verdicts.get(id));
            let known = old.and_then(|old| old.verdicts.get(id));
            let verdict = self.verdict_record(control, seen, verdict, before, known, cause);
            let now = word(&verdict);
            let heard = match heard(id, old, before, now, told) {
                Some(heard) => Some(heard),
                // The failure of one that is gone has ended with it.
                None => known.map(word).filter(|known| *known == FAIL && now != FAIL).map(str::to_owned),
            };
            let pending = is_pending(id, old, told);
            let changed =
                before.is_none_or(|before| before.verdict != verdict.verdict || before.exemption != verdict.exemption);
            let applies = !matches!(verdict.verdict, Verdict::NotApplicable(_));
            let has_finding = known.is_some_and(|known| !matches!(known.verdict, Verdict::NotApplicable(_)));
            let import = self.security_hub
                && ((changed && (applies || has_finding))
                    || pending
                    || (applies && is_stale(&verdict, seen.looked_at)));
            let transition = announces(heard.as_deref(), now);
            if import || transition {
                record.untold.insert(id.clone(), heard.clone());
                due.push(Due {
                    control,
                    import,
                    may_be_marked: before.is_some_and(|before| before.verdict.is_fail()),
                    transition: transition.then(|| self.transition(control, &record, heard.as_deref(), &verdict)),
                    word: now,
                    verdict: verdict.clone(),
                });
            }
            record.verdicts.insert(id.clone(), verdict);
        }
        due.extend(self.retired(old, seen, cause, told, &mut record));
        Plan { record, due }
    }

    /// Of the controls that looked at it once and do not any more.
    fn retired(
        self,
        old: Option<&ResourceRecord>,
        seen: &Observation,
        cause: &Cause,
        told: &Told,
        record: &mut ResourceRecord,
    ) -> Vec<Due> {
        let mut due = Vec::new();
        let judged: BTreeSet<&String> =
            old.into_iter().flat_map(|old| old.verdicts.keys().chain(old.untold.keys())).collect();
        for id in judged {
            let Some(control) = control(id).filter(|_| !seen.verdicts.contains_key(id)) else { continue };
            let known = old.and_then(|old| old.verdicts.get(id));
            let verdict = Verdict::NotApplicable("the control does not look at it any more".to_owned());
            let verdict = self.verdict_record(control, seen, &verdict, None, known, cause);
            let heard = told.get(id).cloned().flatten().or_else(|| known.map(|known| word(known).to_owned()));
            let has_finding = known.is_some_and(|known| !matches!(known.verdict, Verdict::NotApplicable(_)));
            let import = self.security_hub && (has_finding || is_pending(id, old, told));
            let transition = heard.as_deref() == Some(FAIL);
            if import || transition {
                record.untold.insert(id.clone(), heard.clone());
                let word = word(&verdict);
                let transition = transition.then(|| self.transition(control, record, heard.as_deref(), &verdict));
                due.push(Due { control, import, may_be_marked: false, transition, word, verdict });
            }
        }
        due
    }

    /// Of a resource that is gone, or that is not looked at any more, which nobody is told of: `announce`.
    pub(crate) fn gone(self, old: &ResourceRecord, at: Timestamp, announce: bool, told: &Told) -> Vec<Due> {
        let mut due = Vec::new();
        let judged: BTreeSet<&String> = old.verdicts.keys().chain(old.untold.keys()).collect();
        for id in judged {
            let (Some(control), Some(last)) = (control(id), old.verdicts.get(id)) else { continue };
            let pending = is_pending(id, Some(old), told);
            let failed = word(last) == FAIL
                || [told.get(id), old.untold.get(id)].into_iter().flatten().any(|heard| heard.as_deref() == Some(FAIL));
            let import = self.security_hub && (pending || !matches!(last.verdict, Verdict::NotApplicable(_)));
            let transition = (announce && failed).then(|| Transition {
                from: Some(FAIL.to_owned()),
                ..Transition::gone(self.hub, control, old, last, at)
            });
            if import || transition.is_some() {
                due.push(Due { control, verdict: last.clone(), import, may_be_marked: false, transition, word: GONE });
            }
        }
        due
    }

    fn verdict_record(
        self,
        control: &Control,
        seen: &Observation,
        verdict: &Verdict,
        before: Option<&VerdictRecord>,
        known: Option<&VerdictRecord>,
        cause: &Cause,
    ) -> VerdictRecord {
        let same = before.filter(|before| before.verdict.word() == verdict.word());
        let first_failed = before.and_then(|before| before.first_failed);
        VerdictRecord {
            verdict: verdict.clone(),
            since: same.map_or(seen.looked_at, |before| before.since),
            first_failed: first_failed.or_else(|| verdict.is_fail().then_some(seen.looked_at)),
            exemption: if verdict.is_fail() { self.rules.exemption(control, &seen.arn, seen.looked_at) } else { None },
            actor: same.map_or_else(|| cause.actor.clone(), |before| before.actor.clone()),
            event_id: same.map_or_else(|| cause.event_id.clone(), |before| before.event_id.clone()),
            imported: known.and_then(|known| known.imported),
        }
    }

    fn transition(
        self,
        control: &Control,
        record: &ResourceRecord,
        from: Option<&str>,
        verdict: &VerdictRecord,
    ) -> Transition {
        Transition {
            from: from.filter(|from| *from != GONE).map(str::to_owned),
            to: word(verdict).to_owned(),
            ..Transition::new(self.hub, control, record, None, verdict)
        }
    }
}

/// What the bus calls a verdict.
fn word(record: &VerdictRecord) -> &'static str {
    match (&record.verdict, &record.exemption) {
        (Verdict::Fail(_), Some(_)) => EXEMPT,
        (verdict, _) => verdict.word(),
    }
}

/// What the bus may have heard last. Who comes from somewhere else may have told it what is on record, whether that came to its
/// end or not, after this invocation told it something else: of all that it may have heard, what is not so now counts.
fn heard(
    id: &str,
    old: Option<&ResourceRecord>,
    before: Option<&VerdictRecord>,
    now: &str,
    told: &Told,
) -> Option<String> {
    let on_record = before.map(|before| Some(word(before).to_owned()));
    let untold = old.filter(|_| before.is_some()).and_then(|old| old.untold.get(id).cloned());
    let known: Vec<Option<String>> = [on_record, told.get(id).cloned(), untold].into_iter().flatten().collect();
    known.iter().find(|heard| announces(heard.as_deref(), now)).or(known.first()).cloned().flatten()
}

/// Whether somebody may have been told something else than what is on record.
fn is_pending(id: &str, old: Option<&ResourceRecord>, told: &Told) -> bool {
    told.contains_key(id) || old.is_some_and(|old| old.untold.contains_key(id))
}

/// What is seen for the first time is worth an event only where it fails.
fn announces(heard: Option<&str>, now: &str) -> bool {
    match heard {
        None | Some(GONE) => now == FAIL,
        Some(heard) => heard != now,
    }
}

fn is_stale(verdict: &VerdictRecord, now: Timestamp) -> bool {
    let Some(imported) = verdict.imported else { return true };
    imported.checked_add((FRESH_DAYS * 24).hours()).is_ok_and(|until| until < now)
}
