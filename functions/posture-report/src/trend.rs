//! What became of the failures of the last sweep.

use std::collections::HashMap;

use controls::Verdict;

use crate::report::{Ended, Ending, Finding, Report, Totals, Trend};

/// The failures of the last sweep that nobody answered for, looked up one by one as this sweep's verdicts come in.
pub(crate) struct Comparison {
    previous: jiff::Timestamp,
    previous_totals: Totals,
    /// By ARN, what is not seen yet.
    open: HashMap<String, Vec<Finding>>,
    new: u32,
    unchanged: u32,
    ended: Vec<Ended>,
}

impl Comparison {
    pub(crate) fn new(previous: Report) -> Self {
        let mut open: HashMap<String, Vec<Finding>> = HashMap::new();
        for finding in previous.failures.into_iter().filter(Finding::is_open) {
            open.entry(finding.arn.clone()).or_default().push(finding);
        }
        Self {
            previous: previous.sweep,
            previous_totals: previous.totals,
            open,
            new: 0,
            unchanged: 0,
            ended: Vec::new(),
        }
    }

    /// Takes note of a verdict; whether it is a failure that was none at the last sweep.
    pub(crate) fn meet(&mut self, control: &str, arn: &str, verdict: &Verdict, exempt: bool) -> bool {
        let before = self.open.get_mut(arn).and_then(|open| {
            let index = open.iter().position(|finding| finding.control == control)?;
            Some(open.swap_remove(index))
        });
        let is_open = verdict.is_fail() && !exempt;
        let Some(before) = before else {
            self.new += u32::from(is_open);
            return is_open;
        };
        let ending = match verdict {
            Verdict::Fail(_) if exempt => Ending::Exempted,
            Verdict::Fail(_) => {
                self.unchanged += 1;
                return false;
            }
            Verdict::Unknown(_) => Ending::Unknown,
            Verdict::Pass | Verdict::NotApplicable(_) => Ending::Recovered,
        };
        self.ended.push(ended(before, ending));
        false
    }

    /// Takes note that a resource was looked at whole: what was not met is not asked any more.
    pub(crate) fn looked_at(&mut self, arn: &str) {
        let left = self.open.remove(arn).unwrap_or_default();
        self.ended.extend(left.into_iter().map(|before| ended(before, Ending::NotJudged)));
    }

    /// What is left has no record. `is_watched` says whether a resource's account and region were to be swept and its
    /// control is on.
    pub(crate) fn finish(mut self, is_watched: impl Fn(&Finding) -> bool) -> Trend {
        for before in self.open.into_values().flatten() {
            let ending = if is_watched(&before) { Ending::Gone } else { Ending::NotJudged };
            self.ended.push(ended(before, ending));
        }
        self.ended.sort_by(|a, b| {
            let key = |it: &Ended| (it.ending, std::cmp::Reverse(it.severity));
            let place = |it: &'_ Ended| (it.control.clone(), it.account.clone(), it.region.clone(), it.arn.clone());
            key(a).cmp(&key(b)).then_with(|| place(a).cmp(&place(b)))
        });
        let count = |ending| u32::try_from(self.ended.iter().filter(|it| it.ending == ending).count());
        let count = |ending| count(ending).unwrap_or(u32::MAX);
        Trend {
            previous: self.previous,
            previous_totals: self.previous_totals,
            new: self.new,
            unchanged: self.unchanged,
            recovered: count(Ending::Recovered),
            exempted: count(Ending::Exempted),
            unknown: count(Ending::Unknown),
            gone: count(Ending::Gone),
            not_judged: count(Ending::NotJudged),
            ended: self.ended,
        }
    }
}

fn ended(before: Finding, ending: Ending) -> Ended {
    let Finding { control, severity, kind, name, arn, account, region, .. } = before;
    Ended { ending, control, severity, kind, name, arn, account, region }
}
