use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::exchange::Exchange;

/// What a function may keep resident at most: the memory it is given in the template.
pub(crate) const PEAK_KIB: u64 = 128 * 1024;

/// What one side needed for one request, and what came of it.
#[derive(Serialize)]
pub(crate) struct Line {
    scenario: String,
    side: String,
    calls: usize,
    calls_by_operation: BTreeMap<String, usize>,
    invocations: usize,
    seconds: f64,
    peak_mib: Option<f64>,
    /// How many times longer the reference took for the same.
    reference_over_this: Option<f64>,
    came_of_it: String,
}

impl Line {
    pub(crate) fn new(scenario: &str, side: &str, exchange: &Exchange, came_of_it: String) -> Self {
        Self {
            scenario: scenario.to_owned(),
            side: side.to_owned(),
            calls: exchange.calls.values().sum(),
            calls_by_operation: exchange.calls.clone(),
            invocations: exchange.invocations,
            seconds: exchange.time.as_secs_f64(),
            peak_mib: exchange.peak_kib.map(mib),
            reference_over_this: None,
            came_of_it,
        }
    }

    pub(crate) fn against(mut self, reference: &Exchange) -> Self {
        self.reference_over_this = Some(reference.time.as_secs_f64() / self.seconds);
        self
    }
}

/// All figures of the scenarios, and what is not as it should be.
#[derive(Serialize)]
pub(crate) struct Report {
    latency_ms: u128,
    lines: Vec<Line>,
    notes: Vec<String>,
    misses: Vec<String>,
}

impl Report {
    pub(crate) fn new(latency: Duration) -> Self {
        Self { latency_ms: latency.as_millis(), lines: Vec::new(), notes: Vec::new(), misses: Vec::new() }
    }

    pub(crate) fn add(&mut self, line: Line) {
        self.lines.push(line);
    }

    /// A sentence below the table.
    pub(crate) fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    /// Notes what is missed unless it holds.
    pub(crate) fn expect(&mut self, holds: bool, otherwise: impl FnOnce() -> String) {
        if !holds {
            self.misses.push(otherwise());
        }
    }

    pub(crate) fn expect_memory(&mut self, scenario: &str, exchange: &Exchange) {
        let peak = exchange.peak_kib;
        self.expect(peak.is_some_and(|peak| peak < PEAK_KIB), || {
            format!("{scenario}: {peak:?} KiB were resident, not less than {PEAK_KIB}")
        });
    }

    pub(crate) fn within_budgets(&self) -> bool {
        self.misses.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "reference: a Python handler that does what the reference solution does; every service call takes {} ms\n\n\
             {:<46} {:<10} {:>6} {:>11} {:>8} {:>6} {:>6}  came of it",
            self.latency_ms, "", "", "calls", "invocations", "seconds", "MiB", "times",
        )?;
        let mut scenario = "";
        for line in &self.lines {
            let heading = if line.scenario == scenario { "" } else { &line.scenario };
            scenario = &line.scenario;
            writeln!(
                f,
                "{heading:<46} {:<10} {:>6} {:>11} {:>8.2} {:>6} {:>6}  {}",
                line.side,
                line.calls,
                line.invocations,
                line.seconds,
                line.peak_mib.map_or_else(String::new, |mib| format!("{mib:.1}")),
                line.reference_over_this.map_or_else(String::new, |times| format!("{times:.0}")),
                line.came_of_it,
            )?;
        }
        self.notes.iter().try_for_each(|note| writeln!(f, "{note}"))?;
        self.misses.iter().try_for_each(|miss| writeln!(f, "missed: {miss}"))
    }
}

#[allow(clippy::cast_precision_loss, reason = "sizes far below 2^52")]
fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}
