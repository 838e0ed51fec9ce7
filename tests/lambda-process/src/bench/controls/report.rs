use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::event_path::EventPath;
use super::prowler::Scan;
use super::records::Judged;
use super::sweep::Sweep;

/// What the function is given in the template.
pub(crate) const MEMORY_MIB: u64 = 256;

/// What the rules alone cost, as the example of their crate prints it.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Evaluations {
    pub(crate) controls: usize,
    resources: usize,
    per_second: f64,
}

/// Everything in one account and region looked at once.
#[derive(Serialize)]
pub(crate) struct Line {
    swept: String,
    calls: BTreeMap<String, usize>,
    invocations: usize,
    seconds: f64,
    /// From the first call to SageMaker to the last.
    seconds_at_sagemaker: f64,
    processor_seconds: f64,
    peak_mib: Option<f64>,
    kinds: usize,
    resources: usize,
    rules: usize,
    pub(crate) verdicts: BTreeMap<String, usize>,
    /// Verdicts that were told of because they had changed; Prowler knows no earlier ones.
    pub(crate) announced: Option<usize>,
}

impl Line {
    pub(crate) fn ours(swept: &str, sweep: &Sweep, at_sagemaker: Duration, judged: Judged) -> Self {
        Self {
            swept: swept.to_owned(),
            calls: sweep.exchange.calls.clone(),
            invocations: sweep.exchange.invocations,
            seconds: sweep.exchange.time.as_secs_f64(),
            seconds_at_sagemaker: at_sagemaker.as_secs_f64(),
            processor_seconds: sweep.processor.as_secs_f64(),
            peak_mib: sweep.exchange.peak_kib.map(mib),
            kinds: judged.kinds.len(),
            resources: judged.resources,
            rules: judged.rules.len(),
            verdicts: judged.verdicts,
            announced: Some(sweep.announced),
        }
    }

    pub(crate) fn prowler(swept: &str, scan: &Scan, at_sagemaker: Duration, kinds: usize) -> Self {
        Self {
            swept: swept.to_owned(),
            calls: scan.calls.clone(),
            invocations: 1,
            seconds: scan.time.as_secs_f64(),
            seconds_at_sagemaker: at_sagemaker.as_secs_f64(),
            processor_seconds: scan.processor.as_secs_f64(),
            peak_mib: Some(mib(scan.peak_kib)),
            kinds,
            resources: scan.findings.resources.len(),
            rules: scan.findings.rules.len(),
            verdicts: scan.findings.statuses.clone(),
            announced: None,
        }
    }

    fn calls(&self) -> usize {
        self.calls.values().sum()
    }

    fn calls_to(&self, service: &str) -> usize {
        let of_service = |call: &str| call.split_once(':').is_some_and(|(of, _)| of == service);
        self.calls.iter().filter(|(call, _)| of_service(call)).map(|(_, count)| count).sum()
    }

    fn verdict_count(&self) -> usize {
        self.verdicts.values().sum()
    }

    /// Its calls by service, and its verdicts by what they say.
    fn details(&self) -> String {
        let services = self.calls.keys().filter_map(|call| Some(call.split_once(':')?.0));
        let services: BTreeMap<_, _> = services.map(|service| (service, self.calls_to(service))).collect();
        let listed = |counts: &mut dyn Iterator<Item = String>| counts.collect::<Vec<_>>().join(", ");
        let calls = listed(&mut services.iter().map(|(service, count)| format!("{service} {count}")));
        let verdicts = listed(&mut self.verdicts.iter().map(|(verdict, count)| format!("{verdict} {count}")));
        format!("calls: {calls}; verdicts: {verdicts}")
    }
}

/// All figures of the controls, and what is not as it should be.
#[derive(Serialize)]
pub(crate) struct Report {
    latency_ms: u128,
    pub(crate) evaluations: Evaluations,
    events: Vec<EventPath>,
    lines: Vec<Line>,
    notes: Vec<String>,
    misses: Vec<String>,
}

impl Report {
    pub(crate) fn new(latency: Duration, evaluations: Evaluations) -> Self {
        let latency_ms = latency.as_millis();
        Self { latency_ms, evaluations, events: Vec::new(), lines: Vec::new(), notes: Vec::new(), misses: Vec::new() }
    }

    pub(crate) fn add_event_path(&mut self, path: EventPath) {
        self.events.push(path);
    }

    pub(crate) fn add(&mut self, line: Line) {
        self.lines.push(line);
    }

    /// Adds both, and how many times as much Prowler needs for the same resources.
    #[allow(clippy::cast_precision_loss, reason = "counts far below 2^52")]
    pub(crate) fn compare(&mut self, ours: Line, theirs: Line) {
        let times = |of: fn(&Line) -> f64| of(&theirs) / of(&ours);
        let a_resource = |line: &Line| {
            let resources = line.resources as f64;
            let calls = line.calls_to("sagemaker") as f64 / resources;
            let verdicts = line.verdict_count() as f64 / resources;
            format!(
                "{calls:.2} calls to SageMaker, {:.1} ms and {verdicts:.2} verdicts",
                line.seconds / resources * 1e3
            )
        };
        self.notes.push(format!(
            "for the same resources Prowler takes {:.1} times as long (from its first call to its last {:.1} times), calls \
             SageMaker {:.2} times as often, uses {:.0} times the processor and {:.1} times the memory",
            times(|line| line.seconds),
            times(|line| line.seconds_at_sagemaker),
            times(|line| line.calls_to("sagemaker") as f64),
            times(|line| line.processor_seconds),
            times(|line| line.peak_mib.unwrap_or_default()),
        ));
        self.notes.push(format!("a resource: ours {}; Prowler {}", a_resource(&ours), a_resource(&theirs)));
        self.lines.extend([ours, theirs]);
    }

    /// Notes what is missed unless it holds.
    pub(crate) fn expect(&mut self, holds: bool, otherwise: impl FnOnce() -> String) {
        if !holds {
            self.misses.push(otherwise());
        }
    }

    pub(crate) fn within_budgets(&self) -> bool {
        self.misses.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Evaluations { controls, resources, per_second } = &self.evaluations;
        writeln!(
            f,
            "{controls} controls: {per_second:.0} evaluations a second on one processor, over {resources} descriptions\n\n\
             {:<46} {:>6} {:>9} {:>9} {:>9}",
            "from the event of a call to its findings", "calls", "findings", "cold ms", "warm ms"
        )?;
        for path in &self.events {
            writeln!(
                f,
                "{:<46} {:>6} {:>9} {:>9.1} {:>9.1}",
                format!("every service call takes {} ms", path.latency_ms),
                path.calls.values().sum::<usize>(),
                path.findings,
                path.cold_ms,
                path.warm_ms,
            )?;
        }
        writeln!(
            f,
            "\nevery service call takes {} ms where nothing else is said\n\n\
             {:<46} {:>6} {:>9} {:>11} {:>8} {:>9} {:>8} {:>6} {:>6} {:>9} {:>6} {:>9}",
            self.latency_ms,
            "",
            "calls",
            "SageMaker",
            "invocations",
            "seconds",
            "at calls",
            "CPU s",
            "MiB",
            "kinds",
            "resources",
            "rules",
            "verdicts",
        )?;
        for line in &self.lines {
            writeln!(
                f,
                "{:<46} {:>6} {:>9} {:>11} {:>8.2} {:>9.2} {:>8.2} {:>6} {:>6} {:>9} {:>6} {:>9}",
                line.swept,
                line.calls(),
                line.calls_to("sagemaker"),
                line.invocations,
                line.seconds,
                line.seconds_at_sagemaker,
                line.processor_seconds,
                line.peak_mib.map_or_else(String::new, |mib| format!("{mib:.1}")),
                line.kinds,
                line.resources,
                line.rules,
                line.verdict_count(),
            )?;
        }
        writeln!(f)?;
        for line in &self.lines {
            writeln!(f, "{}: {}", line.swept, line.details())?;
        }
        self.notes.iter().try_for_each(|note| writeln!(f, "{note}"))?;
        self.misses.iter().try_for_each(|miss| writeln!(f, "missed: {miss}"))
    }
}

#[allow(clippy::cast_precision_loss, reason = "sizes far below 2^52")]
fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}
