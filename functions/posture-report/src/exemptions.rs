//! Which exemption answers for a failure, and what each one is good for.

use control_records::ExemptionRecord;
use controls::{Configuration, Exemption};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::report::{ExemptionReport, ExemptionState};

/// Days before its end from which on an exemption is said to end.
const EXPIRING_DAYS: i32 = 14;

/// The exemptions of a configuration on the day of a sweep, and how often each was met.
pub(crate) struct Exemptions<'a> {
    all: Vec<Counted<'a>>,
    sweep: Timestamp,
}

struct Counted<'a> {
    exemption: &'a Exemption,
    matches: u32,
    covers: u32,
}

impl<'a> Exemptions<'a> {
    pub(crate) fn new(configuration: &'a Configuration, sweep: Timestamp) -> Self {
        let counted = |exemption| Counted { exemption, matches: 0, covers: 0 };
        Self { all: configuration.exemptions.iter().map(counted).collect(), sweep }
    }

    /// Counts a verdict of `control` on `arn`; of a failure: who answers for it. As in
    /// [`Configuration::exemption`], the first one that holds counts.
    pub(crate) fn meet(&mut self, control: &str, arn: &str, fails: bool) -> Option<ExemptionRecord> {
        let sweep = self.sweep;
        let mut over = Vec::new();
        let mut answering = None;
        for (index, counted) in self.all.iter_mut().enumerate() {
            let exemption = counted.exemption;
            if exemption.control != control || !exemption.resource.matches(arn) {
                continue;
            }
            counted.matches += 1;
            match (fails, exemption.has_expired(sweep)) {
                (true, false) if answering.is_none() => {
                    counted.covers += 1;
                    answering = Some(ExemptionRecord {
                        owner: exemption.owner.clone(),
                        reason: exemption.reason.clone(),
                        expires: exemption.expires.to_string(),
                    });
                }
                (true, true) => over.push(index),
                _ => {}
            }
        }
        if answering.is_none() {
            for index in over {
                if let Some(counted) = self.all.get_mut(index) {
                    counted.covers += 1;
                }
            }
        }
        answering
    }

    pub(crate) fn report(self) -> Vec<ExemptionReport> {
        let today = self.sweep.to_zoned(TimeZone::UTC).date();
        let report = |Counted { exemption, matches, covers }: Counted<'_>| {
            let days_left = (exemption.expires - today).get_days();
            ExemptionReport {
                control: exemption.control.to_owned(),
                resource: exemption.resource.to_string(),
                owner: exemption.owner.clone(),
                reason: exemption.reason.clone(),
                expires: exemption.expires,
                days_left,
                state: match days_left {
                    ..0 => ExemptionState::Expired,
                    0..=EXPIRING_DAYS => ExemptionState::Expiring,
                    _ => ExemptionState::Active,
                },
                matches,
                covers,
            }
        };
        self.all.into_iter().map(report).collect()
    }
}
