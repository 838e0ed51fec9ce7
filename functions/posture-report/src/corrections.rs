//! What was done about failures, and what the stopping of idle resources saved.

use std::collections::{BTreeMap, HashMap};

use control_records::{Mark, MarkState, ResourceRecord, Scope};
use controls::{CorrectionMode, Parameters};
use jiff::Timestamp;

use crate::report::{CorrectionReport, CorrectionState, Report, Saved, Savings};

/// The marks of one account and region, waiting for the records of their resources.
#[derive(Default)]
pub(crate) struct Corrections {
    all: Vec<CorrectionReport>,
    /// By ARN, where in `all`.
    by_arn: HashMap<String, Vec<usize>>,
}

/// When earlier reports saw what was corrected run again, which may be on no record any more, by control, ARN and time.
pub(crate) type Known = HashMap<(String, String, Timestamp), Timestamp>;

/// What the last report knew of what was done.
pub(crate) fn known(previous: &Report) -> Known {
    let done = previous.corrections.iter().filter(|it| it.state == CorrectionState::Done);
    done.filter_map(|it| Some(((it.control.clone(), it.arn.clone(), it.at), it.ran_again?))).collect()
}

impl Corrections {
    /// Takes a mark in; one that was dropped is left out.
    pub(crate) fn add(&mut self, scope: &Scope, mark: Mark) {
        let (state, at, idle_hours) = match mark.state {
            MarkState::Waiting => (CorrectionState::Waiting, mark.due, None),
            MarkState::Acting { at, .. } => (CorrectionState::Acting, at, None),
            MarkState::Done { at, idle_hours } => (CorrectionState::Done, at, idle_hours),
            MarkState::Dropped { .. } => return,
        };
        self.by_arn.entry(mark.arn.clone()).or_default().push(self.all.len());
        self.all.push(CorrectionReport {
            control: mark.control,
            kind: mark.kind,
            name: mark.name,
            arn: mark.arn,
            account: scope.account.clone(),
            region: scope.region.clone(),
            action: mark.action,
            mode: mark.mode,
            state,
            at,
            idle_hours,
            instance_type: mark.instance_type,
            ran_again: None,
            saved_minutes: None,
        });
    }

    /// Looks at a resource as it is now.
    pub(crate) fn meet(&mut self, record: &ResourceRecord) {
        for index in self.by_arn.get(&record.arn).into_iter().flatten() {
            if let Some(correction) = self.all.get_mut(*index) {
                correction.ran_again = ran_again(record, &correction.control, correction.at);
            }
        }
    }

    /// Fills in what is known from before, and for how long each did not run.
    pub(crate) fn finish(self, known: &Known, sweep: Timestamp) -> Vec<CorrectionReport> {
        let mut all = self.all;
        for correction in &mut all {
            if correction.state != CorrectionState::Done {
                correction.ran_again = None;
                continue;
            }
            let key = (correction.control.clone(), correction.arn.clone(), correction.at);
            // The earlier report saw it sooner.
            correction.ran_again = known.get(&key).copied().or(correction.ran_again);
            if correction.mode == CorrectionMode::Act && correction.idle_hours.is_some() {
                let until = correction.ran_again.unwrap_or(sweep).min(sweep);
                let seconds = until.as_second().saturating_sub(correction.at.as_second());
                correction.saved_minutes = Some(u64::try_from(seconds / 60).unwrap_or_default());
            }
        }
        all
    }
}

/// When a resource ran again after `at`, as far as its record tells: when it was made anew, or else when the control's
/// verdict on it changed last, or else when it was seen running.
fn ran_again(record: &ResourceRecord, control: &str, at: Timestamp) -> Option<Timestamp> {
    if let Some(created) = record.created.filter(|created| *created > at) {
        return Some(created);
    }
    let runs = matches!(record.status.as_deref(), Some("InService" | "Pending" | "Updating"));
    // What was looked at before says nothing.
    if !runs || record.looked_at <= at {
        return None;
    }
    let changed = record.verdicts.get(control).map(|verdict| verdict.since).filter(|since| *since > at);
    Some(changed.unwrap_or(record.looked_at))
}

/// Adds up what was saved.
pub(crate) fn savings(corrections: &[CorrectionReport], parameters: &Parameters) -> Savings {
    let mut by_type: BTreeMap<Option<&str>, (u32, u64)> = BTreeMap::new();
    for correction in corrections {
        if let Some(minutes) = correction.saved_minutes {
            let (count, sum) = by_type.entry(correction.instance_type.as_deref()).or_default();
            *count += 1;
            *sum += minutes;
        }
    }
    let saved = |(instance_type, (corrections, minutes)): (Option<&str>, (u32, u64))| {
        let hourly_price = instance_type.and_then(|name| parameters.hourly_prices.get(name)).copied();
        Saved {
            instance_type: instance_type.map(str::to_owned),
            corrections,
            minutes,
            hourly_price,
            money: hourly_price.map(|price| hundredths(price * hours(minutes))),
        }
    };
    let by_instance_type: Vec<Saved> = by_type.into_iter().map(saved).collect();
    let priced: Vec<f64> = by_instance_type.iter().filter_map(|saved| saved.money).collect();
    Savings {
        minutes: by_instance_type.iter().map(|saved| saved.minutes).sum(),
        money: (!priced.is_empty()).then(|| hundredths(priced.iter().sum())),
        by_instance_type,
    }
}

/// Whole minutes as hours.
#[expect(clippy::cast_precision_loss, reason = "no resource has been stopped for 2^52 minutes")]
pub(crate) fn hours(minutes: u64) -> f64 {
    minutes as f64 / 60.0
}

fn hundredths(amount: f64) -> f64 {
    (amount * 100.0).round() / 100.0
}
