mod measurement;
mod report;
mod services;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Args;
use lambda_process::{Function, ResponseSink};
use serde::Deserialize;
use serde_json::{Map, Value};

use measurement::{Sample, Subject};
use report::{Report, Row};
use services::Services;

/// Lambda gives the functions this much; the figures do not depend on it.
const TIMEOUT: Duration = Duration::from_secs(60);

/// What to measure, and against what.
#[derive(Args)]
pub(crate) struct Bench {
    /// The folder that holds <LogicalId>/bootstrap for each function, as `sam build` leaves it
    #[arg(long)]
    binaries: PathBuf,
    /// The bare function's program, built for the same target
    #[arg(long)]
    bare: PathBuf,
    /// The Python that has boto3 and awslambdaric
    #[arg(long)]
    python: PathBuf,
    /// The folder with functions.json, services.json and python/<function>.py
    #[arg(long, default_value = "bench")]
    cases: PathBuf,
    /// Only this function; repeat it for more
    #[arg(long = "function", value_name = "NAME")]
    functions: Vec<String>,
    /// How often each process is started; the figures are medians
    #[arg(long, default_value_t = 15)]
    rounds: usize,
    /// Warm events in each process
    #[arg(long, default_value_t = 10)]
    warm: usize,
    /// Milliseconds each call to a service takes
    #[arg(long, default_value_t = 0)]
    latency: u64,
    /// Also write the figures to this file, as JSON
    #[arg(long)]
    json: Option<PathBuf>,
}

/// What a function is given, in the cases' `functions.json`.
#[derive(Deserialize)]
struct Case {
    /// The name of its folder among the binaries.
    logical_id: String,
    #[serde(default)]
    environment: BTreeMap<String, String>,
    event: Map<String, Value>,
}

impl Bench {
    /// Measures, prints the table, and says through the exit code whether every budget was kept.
    pub(crate) async fn run(self) -> Result<ExitCode> {
        ensure!(self.rounds > 0 && self.warm > 0, "nothing can be measured in no rounds or with no warm events");
        let cases = self.cases()?;
        let answers = read_json(&self.cases.join("services.json"))?;
        let services = Services::start(answers, Duration::from_millis(self.latency)).await?;
        let sink = ResponseSink::start().await?;

        let bare = Subject::new(Function::new(&self.bare).name("bare-function"), Map::new());
        let mut bare_samples = Vec::new();
        let mut measured: Vec<_> = cases
            .iter()
            .map(|(name, case)| {
                let rust = self.subject(Function::new(self.binary(case)), name, case, &services);
                let python = self.subject(self.python_function(name)?, name, case, &services);
                Ok((name, case, rust, python, Vec::new(), Vec::new()))
            })
            .collect::<Result<_>>()?;

        // Interleaved, so that whatever else the machine does meets all of them alike.
        for round in 1..=self.rounds {
            let _ = write!(std::io::stderr(), "\rround {round} of {}", self.rounds);
            bare_samples.push(bare.measure(&services, &sink, self.warm).await.context("bare-function")?);
            for (name, _, rust, python, rust_samples, python_samples) in &mut measured {
                let sample: Sample =
                    rust.measure(&services, &sink, self.warm).await.with_context(|| name.to_string())?;
                rust_samples.push(sample);
                let sample = python.measure(&services, &sink, self.warm).await;
                python_samples.push(sample.with_context(|| format!("{name} in Python"))?);
            }
        }
        let _ = writeln!(std::io::stderr());

        let mut rows = Vec::new();
        for (name, case, _, _, rust, python) in measured {
            let zip = report::zip_bytes(&self.binary(case))?;
            rows.push(Row::new(name, &rust, &python, &bare_samples, zip));
        }
        let report = Report::new(&bare_samples, rows, self.rounds, self.warm, self.latency);
        write!(std::io::stdout(), "{report}")?;
        if let Some(path) = &self.json {
            std::fs::write(path, serde_json::to_string_pretty(&report)?)
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
        Ok(if report.within_budgets() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn cases(&self) -> Result<BTreeMap<String, Case>> {
        let path = self.cases.join("functions.json");
        let mut cases: BTreeMap<String, Case> = read_json(&path)?;
        for name in &self.functions {
            ensure!(cases.contains_key(name), "{} has no function {name}", path.display());
        }
        cases.retain(|name, _| self.functions.is_empty() || self.functions.contains(name));
        let missing: Vec<_> = cases.values().map(|case| self.binary(case)).filter(|path| !path.is_file()).collect();
        ensure!(missing.is_empty(), "these functions are not built: {missing:?}; run `sam build` first");
        Ok(cases)
    }

    fn binary(&self, case: &Case) -> PathBuf {
        self.binaries.join(&case.logical_id).join("bootstrap")
    }

    fn python_function(&self, name: &str) -> Result<Function> {
        let folder = std::path::absolute(self.cases.join("python"))?;
        let handler = format!("{name}.handler");
        Ok(Function::new(std::path::absolute(&self.python)?)
            .arguments(["-m", "awslambdaric", &handler])
            .env("_HANDLER", handler)
            .env("LAMBDA_TASK_ROOT", folder.display().to_string())
            .env("PYTHONPATH", folder.display().to_string())
            .env("PYTHONDONTWRITEBYTECODE", "1"))
    }

    fn subject(&self, function: Function, name: &str, case: &Case, services: &Services) -> Subject {
        let function = function.name(name).timeout(TIMEOUT).env("AWS_ENDPOINT_URL", services.url());
        let function = function.env("CUSTOM_RESOURCE_ALLOW_LOOPBACK", "1");
        let function = case.environment.iter().fold(function, |function, (name, value)| function.env(name, value));
        Subject::new(function, case.event.clone())
    }
}

fn read_json<T: for<'a> Deserialize<'a>>(path: &Path) -> Result<T> {
    let text = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("cannot read {}", path.display()))
}
