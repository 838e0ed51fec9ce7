use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use lambda_process::{Function, ResponseSink};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::canned::{self, Operations};
use super::event::{self, Kind};
use super::measurement::{Sample, Subject};
use super::programs::Programs;
use super::report::{self, Report, Row};
use super::services::Services;
use super::{Bench, read_json};

/// Lambda gives the functions this much; the figures do not depend on it.
const TIMEOUT: Duration = Duration::from_secs(60);

/// What a function is given, in the cases' `functions.json`.
#[derive(Deserialize)]
pub(crate) struct Case {
    /// The name of its folder among the binaries.
    logical_id: String,
    #[serde(default)]
    environment: BTreeMap<String, String>,
    #[serde(flatten)]
    given: Given,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Given {
    /// A request for a custom resource with these properties.
    Resource { request: Kind, properties: Map<String, Value> },
    /// Another event.
    Event { event: Map<String, Value> },
}

impl Case {
    pub(crate) fn event(&self, name: &str) -> Map<String, Value> {
        match &self.given {
            Given::Resource { request, properties } => {
                event::request(*request, name, &self.logical_id, properties.clone())
            }
            Given::Event { event } => event.clone(),
        }
    }

    /// The function with its own environment.
    pub(crate) fn configured(&self, function: Function) -> Function {
        self.environment.iter().fold(function, |function, (name, value)| function.env(name, value))
    }

    fn subject(&self, function: Function, name: &str) -> Subject {
        Subject::new(self.configured(function).timeout(TIMEOUT), self.event(name))
    }
}

/// Starts every process `rounds` times.
pub(crate) async fn measure(bench: &Bench, programs: &Programs, latency: Duration) -> Result<Report> {
    let cases = cases(bench, programs)?;
    let canned = canned(programs)?;
    let services = Services::start(latency, move |call| canned::answer(&canned, call)).await?;
    let sink = ResponseSink::start().await?;

    let bare = Subject::new(Function::new(&bench.bare).name("bare-function"), Map::new());
    let mut bare_samples = Vec::new();
    let mut measured: Vec<_> = cases
        .iter()
        .map(|(name, case)| {
            let rust = case.subject(programs.rust(name, &case.logical_id, &services), name);
            let python = case.subject(programs.python(name, name, &services), name);
            (name, case, rust, python, Vec::new(), Vec::new())
        })
        .collect();

    // Interleaved, so that whatever else the machine does meets all of them alike.
    for round in 1..=bench.rounds {
        let _ = write!(std::io::stderr(), "\rround {round} of {}", bench.rounds);
        bare_samples.push(bare.measure(&services, &sink, bench.warm).await.context("bare-function")?);
        for (name, _, rust, python, rust_samples, python_samples) in &mut measured {
            let sample: Sample = rust.measure(&services, &sink, bench.warm).await.with_context(|| name.to_string())?;
            rust_samples.push(sample);
            let sample = python.measure(&services, &sink, bench.warm).await;
            python_samples.push(sample.with_context(|| format!("{name} in Python"))?);
        }
    }
    let _ = writeln!(std::io::stderr());

    let mut rows = Vec::new();
    for (name, case, _, _, rust, python) in measured {
        let zip = report::zip_bytes(&programs.binary(&case.logical_id))?;
        rows.push(Row::new(name, &rust, &python, &bare_samples, zip));
    }
    Ok(Report::new(&bare_samples, rows, bench.rounds, bench.warm, latency))
}

/// What this function is given.
pub(crate) fn case(programs: &Programs, name: &str) -> Result<Case> {
    every_case(programs)?.remove(name).with_context(|| format!("there is no case of the function {name}"))
}

fn every_case(programs: &Programs) -> Result<BTreeMap<String, Case>> {
    read_json(&programs.cases.join("functions.json"))
}

fn cases(bench: &Bench, programs: &Programs) -> Result<BTreeMap<String, Case>> {
    let mut cases = every_case(programs)?;
    for name in &bench.functions {
        ensure!(cases.contains_key(name), "there is no case of the function {name}");
    }
    cases.retain(|name, _| bench.functions.is_empty() || bench.functions.contains(name));
    programs.ensure_built(cases.values().map(|case| case.logical_id.as_str()))?;
    Ok(cases)
}

/// The services by signing name: `services/<name>.json`.
pub(crate) fn canned(programs: &Programs) -> Result<BTreeMap<String, Operations>> {
    let folder = programs.cases.join("services");
    let mut services = BTreeMap::new();
    for entry in std::fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        let name = path.file_stem().with_context(|| format!("{} has no name", path.display()))?;
        services.insert(name.to_string_lossy().into_owned(), read_json(&path)?);
    }
    Ok(services)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    #[test]
    fn every_function_has_a_case_and_a_python_counterpart() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let entries = std::fs::read_dir(root.join("functions")).unwrap();
        let functions: BTreeSet<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        let cases: BTreeMap<String, Case> = read_json(&root.join("bench/functions.json")).unwrap();
        assert_eq!(cases.keys().cloned().collect::<BTreeSet<_>>(), functions);
        for (name, case) in cases {
            assert_eq!(case.logical_id.to_lowercase(), name.replace('-', ""));
            assert!(root.join(format!("bench/python/{name}.py")).is_file(), "{name}");
            assert!(!case.event(&name).is_empty(), "{name}");
        }
    }

    #[test]
    fn every_service_can_be_read() {
        let bench = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../bench");
        let services = canned(&Programs::new(&bench, &bench, &bench).unwrap()).unwrap();
        for service in ["backup", "ec2", "elasticfilesystem", "iam", "s3"] {
            assert!(services.get(service).is_some_and(|operations| !operations.is_empty()), "{service}");
        }
    }
}
