use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;

use super::exchange::Exchange;
use super::report::{Line, Report};
use super::rollout::{Measured, Phase, Rollout};
use super::{organization, stack_sets};
use crate::bench::programs::Programs;

pub(crate) use super::rollout::{DEPLOYMENT, VERIFICATION};

const FEWEST: usize = 4;
const ACCOUNTS: [usize; 3] = [FEWEST, 40, 400];
/// Rollouts of ours for each number of accounts; of each phase the median one counts.
const ROUNDS: usize = 3;
/// How many accounts are verified together.
const AT_ONCE: usize = 16;
/// Times longer than the number of their calls says that planning and deploying may take.
const AS_ITS_CALLS: f64 = 1.5;
/// Times faster than the reference that verifying the most accounts must be, although it asks each of them more.
const FASTER_THAN_REFERENCE: f64 = 3.0;

/// One stage of 4, 40 and 400 accounts, of which one goes first: a version is planned, deployed and verified, and the
/// next one put in its place.
pub(crate) async fn measure(programs: &Programs, latency: Duration, report: &mut Report) -> Result<()> {
    let mut all = Vec::new();
    for count in ACCOUNTS {
        let scenario = format!("a version to {count} accounts");
        let accounts: Vec<_> = organization::account_ids().into_iter().take(count).collect();
        let reference = Rollout::start(programs, latency, accounts.clone()).await?.reference().await?;
        let mut rounds = Vec::new();
        for _ in 0..ROUNDS {
            rounds.push(Rollout::start(programs, latency, accounts.clone()).await?.two_versions().await?);
        }
        let mut phases = BTreeMap::new();
        for phase in Phase::ALL {
            let measured = middle(rounds.iter_mut().filter_map(|phases| phases.remove(&phase)).collect());
            let Some(Measured { exchange, came_of_it, is_right }) = measured else { continue };
            let what = format!("{scenario}, {}", phase.name());
            report.expect(is_right, || format!("{what}: {came_of_it}"));
            report.expect_memory(&what, &exchange);
            let line = Line::new(&scenario, phase.name(), &exchange, came_of_it);
            report.add(if phase == Phase::Verify { line.against(&reference.exchange) } else { line });
            phases.insert(phase, exchange);
        }
        report.expect(reference.is_right, || format!("{scenario}, reference: {}", reference.came_of_it));
        report.add(Line::new(&scenario, "reference", &reference.exchange, reference.came_of_it));
        all.push((count, phases, reference.exchange));
    }
    let [(_, few, _), others @ .., (most, many, reference)] = all.as_slice() else { return Ok(()) };
    for (count, many, _) in others {
        Growth { count: *count, few, many }.expect_calls(report);
    }
    let growth = Growth { count: *most, few, many };
    growth.expect_calls(report);
    growth.expect_time(report);
    growth.note(report);
    if let Some(verify) = many.get(&Phase::Verify) {
        let faster = reference.time.as_secs_f64() / verify.time.as_secs_f64();
        report.expect(faster >= FASTER_THAN_REFERENCE, || {
            format!(
                "verifying {most} accounts: {faster:.1} times faster than the reference, not {FASTER_THAN_REFERENCE}"
            )
        });
    }
    Ok(())
}

/// The median one, or the first that went wrong.
fn middle(mut measured: Vec<Measured>) -> Option<Measured> {
    measured.sort_by_key(|measured| measured.exchange.time);
    let at = measured.iter().position(|measured| !measured.is_right).unwrap_or(measured.len() / 2);
    (at < measured.len()).then(|| measured.swap_remove(at))
}

type Phases = BTreeMap<Phase, Exchange>;

/// The phases for so many accounts beside those for the fewest.
struct Growth<'a> {
    count: usize,
    few: &'a Phases,
    many: &'a Phases,
}

impl Growth<'_> {
    fn pairs(&self) -> impl Iterator<Item = (Phase, &Exchange, &Exchange)> {
        self.many.iter().filter_map(|(phase, many)| Some((*phase, self.few.get(phase)?, many)))
    }

    fn note(&self, report: &mut Report) {
        for (phase, few, many) in self.pairs() {
            let (calls, time) = (times(calls(many), calls(few)), many.time.as_secs_f64() / few.time.as_secs_f64());
            let count = self.count;
            report.note(format!(
                "{} for {count} accounts: {calls:.1} times the calls and {time:.1} times the time of {FEWEST}",
                phase.name()
            ));
        }
    }

    /// Calls grow only where listings have more pages and where every account is asked.
    fn expect_calls(&self, report: &mut Report) {
        for (phase, few, many) in self.pairs() {
            let what = format!("{} for {} accounts", phase.name(), self.count);
            for (operation, called) in &many.calls {
                let at_most = few.calls.get(operation).copied().unwrap_or_default() * growth_of(operation, self.count);
                report.expect(*called <= at_most, || {
                    format!("{what}: {operation} was called {called} times, not {at_most} at most")
                });
            }
        }
    }

    /// Time grows as the calls do, and where accounts are asked together as the rounds do.
    fn expect_time(&self, report: &mut Report) {
        for (phase, few, many) in self.pairs() {
            let at_most = match phase {
                Phase::Verify => times(rounds(self.count), rounds(FEWEST)),
                Phase::Plan | Phase::Deploy | Phase::Update => times(calls(many), calls(few)) * AS_ITS_CALLS,
            };
            let took = many.time.as_secs_f64() / few.time.as_secs_f64();
            report.expect(took <= at_most, || {
                let (phase, count) = (phase.name(), self.count);
                format!("{phase} for {count} accounts: {took:.1} times the time of {FEWEST}, not {at_most:.1} at most")
            });
        }
    }
}

/// How many times more often this may be called for so many accounts than for the fewest.
fn growth_of(operation: &str, accounts: usize) -> usize {
    match operation {
        "organizations:ListAccountsForParent" => accounts.div_ceil(organization::PAGE),
        "cloudformation:ListStackInstances" | "cloudformation:ListStackSetOperationResults" => {
            accounts.div_ceil(stack_sets::PAGE)
        }
        "sts:AssumeRole"
        | "sagemaker:DescribeEndpoint"
        | "sagemaker:DescribeEndpointConfig"
        | "sagemaker:DescribeModel"
        | "sagemaker:InvokeEndpoint" => accounts.div_ceil(FEWEST),
        _ => 1,
    }
}

/// How often as many accounts as are asked together, the canary by itself.
fn rounds(accounts: usize) -> usize {
    1 + (accounts - 1).div_ceil(AT_ONCE)
}

fn calls(exchange: &Exchange) -> usize {
    exchange.calls.values().sum()
}

#[allow(clippy::cast_precision_loss, reason = "numbers of calls, far below 2^52")]
fn times(many: usize, few: usize) -> f64 {
    many as f64 / few as f64
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::exchange::Ending;
    use super::*;

    fn phases(calls: &[(&str, usize)], milliseconds: u64) -> Phases {
        let exchange = Exchange {
            ending: Ending::Success(Value::Null),
            calls: calls.iter().map(|(operation, count)| ((*operation).to_owned(), *count)).collect(),
            invocations: 1,
            time: Duration::from_millis(milliseconds),
            peak_kib: None,
        };
        [(Phase::Deploy, exchange)].into()
    }

    #[test]
    fn a_call_too_many_and_more_time_than_calls_are_missed() {
        const LIST: &str = "cloudformation:ListStackInstances";
        let few = phases(&[(LIST, 2), ("cloudformation:DescribeStackSet", 3)], 100);
        for (calls, milliseconds, kept) in [
            (&[(LIST, 8), ("cloudformation:DescribeStackSet", 3)][..], 320, true),
            (&[(LIST, 9), ("cloudformation:DescribeStackSet", 3)], 320, false),
            (&[(LIST, 8), ("cloudformation:DescribeStackSet", 4)], 320, false),
            (&[(LIST, 8), ("cloudformation:DescribeStackSet", 3), ("sts:AssumeRole", 1)], 320, false),
            (&[(LIST, 8), ("cloudformation:DescribeStackSet", 3)], 340, false),
        ] {
            let mut report = Report::new(Duration::ZERO);
            let many = phases(calls, milliseconds);
            let growth = Growth { count: 400, few: &few, many: &many };
            growth.expect_calls(&mut report);
            growth.expect_time(&mut report);
            assert_eq!(report.within_budgets(), kept, "{calls:?} in {milliseconds} ms");
        }
    }

    #[test]
    fn the_canary_is_a_round_by_itself() {
        assert_eq!([4, 17, 18, 400].map(rounds), [2, 2, 3, 26]);
    }
}
