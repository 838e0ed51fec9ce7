use std::collections::BTreeSet;
use std::fmt;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use flate2::Compression;
use flate2::write::DeflateEncoder;
use serde::Serialize;

use super::measurement::{Sample, median};

/// Times faster than the Python handler that a function must start.
const FASTER_THAN_PYTHON: f64 = 25.0;
/// Times the bare function's start that a function's may take.
const OF_BARE: f64 = 1.5;
const RESIDENT_KIB: u64 = 10 * 1024;
const ZIP_BYTES: u64 = 4 * 1024 * 1024;
/// A local header, a central directory entry and its end, for one file named `bootstrap`.
const ZIP_FRAME: u64 = (30 + 9) + (46 + 9) + 22;

/// The medians of one kind of process.
#[derive(Serialize)]
struct Figures {
    start_ms: f64,
    first_event_ms: f64,
    warm_event_ms: f64,
    resident_mib: f64,
}

impl Figures {
    fn of(samples: &[Sample]) -> Self {
        let milliseconds = |time: fn(&Sample) -> Duration| median(samples.iter().map(time)).as_secs_f64() * 1e3;
        Self {
            start_ms: milliseconds(|sample| sample.start),
            first_event_ms: milliseconds(|sample| sample.first),
            warm_event_ms: milliseconds(|sample| sample.warm),
            resident_mib: mib(median(samples.iter().map(|sample| sample.resident_kib)) * 1024),
        }
    }
}

/// One function beside its Python counterpart.
#[derive(Serialize)]
pub(crate) struct Row {
    function: String,
    rust: Figures,
    python: Figures,
    zip_mib: f64,
    /// How many times sooner than Python it starts.
    start_python_over_rust: f64,
    first_event_python_over_rust: f64,
    warm_event_python_over_rust: f64,
    /// How many times the bare function's start its own takes.
    start_rust_over_bare: f64,
    /// What the first event asked of the services.
    operations: BTreeSet<String>,
    /// Which budgets it broke, and why the comparison is none.
    misses: Vec<String>,
}

impl Row {
    pub(crate) fn new(function: &str, rust: &[Sample], python: &[Sample], bare: &[Sample], zip: u64) -> Self {
        let operations = |samples: &[Sample]| samples.iter().flat_map(|sample| sample.operations.clone()).collect();
        let (asked, asked_by_python): (BTreeSet<String>, BTreeSet<String>) = (operations(rust), operations(python));
        let resident = median(rust.iter().map(|sample| sample.resident_kib));
        let (rust, python, bare) = (Figures::of(rust), Figures::of(python), Figures::of(bare));
        let faster = python.start_ms / rust.start_ms;
        let of_bare = rust.start_ms / bare.start_ms;
        let mut misses = Vec::new();
        if faster < FASTER_THAN_PYTHON {
            misses.push(format!("starts {faster:.1} times faster than Python, not {FASTER_THAN_PYTHON}"));
        }
        if of_bare > OF_BARE {
            misses.push(format!("starts in {of_bare:.2} times the bare function's time, not {OF_BARE}"));
        }
        if resident > RESIDENT_KIB {
            misses.push(format!("{resident} KiB are resident after the first event, not {RESIDENT_KIB}"));
        }
        if zip > ZIP_BYTES {
            misses.push(format!("the zip has {zip} bytes, not {ZIP_BYTES}"));
        }
        if asked != asked_by_python {
            let differing: Vec<_> = asked.symmetric_difference(&asked_by_python).collect();
            misses.push(format!("only one of the two calls {differing:?}: they do not do the same work"));
        }
        Self {
            function: function.to_owned(),
            zip_mib: mib(zip),
            start_python_over_rust: faster,
            first_event_python_over_rust: python.first_event_ms / rust.first_event_ms,
            warm_event_python_over_rust: python.warm_event_ms / rust.warm_event_ms,
            start_rust_over_bare: of_bare,
            rust,
            python,
            operations: asked,
            misses,
        }
    }
}

/// All figures of one run.
#[derive(Serialize)]
pub(crate) struct Report {
    rounds: usize,
    warm_events: usize,
    latency_ms: u128,
    bare: Figures,
    functions: Vec<Row>,
}

impl Report {
    pub(crate) fn new(
        bare: &[Sample],
        functions: Vec<Row>,
        rounds: usize,
        warm_events: usize,
        latency: Duration,
    ) -> Self {
        Self { rounds, warm_events, latency_ms: latency.as_millis(), bare: Figures::of(bare), functions }
    }

    pub(crate) fn within_budgets(&self) -> bool {
        self.functions.iter().all(|row| row.misses.is_empty())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "medians of {} processes, {} warm events in each; every service call takes {} ms\n\n\
             {:<26} {:>9} {:>10} {:>8} {:>8} {:>9} {:>10} {:>9} {:>10} {:>8} {:>8} {:>8}",
            self.rounds,
            self.warm_events,
            self.latency_ms,
            "",
            "start ms",
            "in Python",
            "times",
            "of bare",
            "first ms",
            "in Python",
            "warm ms",
            "in Python",
            "MiB",
            "Python",
            "zip MiB",
        )?;
        let Figures { start_ms, first_event_ms, warm_event_ms, resident_mib } = &self.bare;
        writeln!(
            f,
            "{:<26} {start_ms:>9.1} {:>10} {:>8} {:>8} {first_event_ms:>9.1} {:>10} {warm_event_ms:>9.2} {:>10} {resident_mib:>8.1}",
            "bare-function", "", "", "", "", ""
        )?;
        for row in &self.functions {
            writeln!(
                f,
                "{:<26} {:>9.1} {:>10.1} {:>8.1} {:>8.2} {:>9.1} {:>10.1} {:>9.2} {:>10.2} {:>8.1} {:>8.1} {:>8.2}",
                row.function,
                row.rust.start_ms,
                row.python.start_ms,
                row.start_python_over_rust,
                row.start_rust_over_bare,
                row.rust.first_event_ms,
                row.python.first_event_ms,
                row.rust.warm_event_ms,
                row.python.warm_event_ms,
                row.rust.resident_mib,
                row.python.resident_mib,
                row.zip_mib,
            )?;
        }
        for row in &self.functions {
            for miss in &row.misses {
                writeln!(f, "{}: {miss}", row.function)?;
            }
        }
        Ok(())
    }
}

/// How large the deployment package is: this file alone, deflated as zip tools do by default.
pub(crate) fn zip_bytes(binary: &Path) -> Result<u64> {
    let bytes = std::fs::read(binary).with_context(|| format!("cannot read {}", binary.display()))?;
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(&bytes)?;
    Ok(u64::try_from(encoder.finish()?.len())? + ZIP_FRAME)
}

#[allow(clippy::cast_precision_loss, reason = "sizes far below 2^52")]
fn mib(bytes: u64) -> f64 {
    bytes as f64 / (1024.0 * 1024.0)
}
