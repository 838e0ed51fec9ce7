mod canned;
mod controls;
mod cost;
mod event;
mod measurement;
mod programs;
mod report;
mod scale;
mod services;
mod wire;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

use programs::Programs;

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
    /// The folder with functions.json, services/, python/<function>.py and population.py
    #[arg(long, default_value = "bench")]
    cases: PathBuf,
    /// Only one of the tables
    #[arg(long, value_enum)]
    only: Option<Table>,
    /// Only this function; repeat it for more
    #[arg(long = "function", value_name = "NAME")]
    functions: Vec<String>,
    /// How often each process is started for its cost; the figures are medians
    #[arg(long, default_value_t = 15)]
    rounds: usize,
    /// Warm events in each process
    #[arg(long, default_value_t = 10)]
    warm: usize,
    /// Milliseconds each call to a service takes; the budgets are for the usual ones [default: 0 for cost, 20 for
    /// scale and controls]
    #[arg(long)]
    latency_ms: Option<u64>,
    #[command(flatten)]
    beside: controls::Beside,
    /// Also write the figures to this file, as JSON
    #[arg(long)]
    json: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Table {
    /// Start, events, memory and size of each function
    Cost,
    /// Many accounts and many apps
    Scale,
    /// Rules, events and sweeps, beside Prowler
    Controls,
}

#[derive(Serialize)]
struct Figures {
    cost: Option<report::Report>,
    scale: Option<scale::Report>,
    controls: Option<controls::Report>,
}

impl Bench {
    /// Measures, prints the tables, and says through the exit code whether every budget was kept.
    pub(crate) async fn run(self) -> Result<ExitCode> {
        ensure!(self.rounds > 0 && self.warm > 0, "nothing can be measured in no rounds or with no warm events");
        let programs = Programs::new(&self.binaries, &self.python, &self.cases)?;
        let latency = |default| Duration::from_millis(self.latency_ms.unwrap_or(default));
        let mut figures = Figures { cost: None, scale: None, controls: None };
        let wanted = |table| self.only.is_none_or(|only| only == table);
        if wanted(Table::Cost) {
            let cost = cost::measure(&self, &programs, latency(0)).await?;
            writeln!(std::io::stdout(), "{cost}")?;
            figures.cost = Some(cost);
        }
        if wanted(Table::Scale) {
            let scale = scale::measure(&programs, &self.functions, latency(20)).await?;
            writeln!(std::io::stdout(), "{scale}")?;
            figures.scale = Some(scale);
        }
        if wanted(Table::Controls) {
            let controls = controls::measure(&self, &programs, latency(20)).await?;
            write!(std::io::stdout(), "{controls}")?;
            figures.controls = Some(controls);
        }
        if let Some(path) = &self.json {
            std::fs::write(path, serde_json::to_string_pretty(&figures)?)
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
        let kept = figures.cost.is_none_or(|cost| cost.within_budgets())
            && figures.scale.is_none_or(|scale| scale.within_budgets())
            && figures.controls.is_none_or(|controls| controls.within_budgets());
        Ok(if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

fn read_json<T: for<'a> Deserialize<'a>>(path: &Path) -> Result<T> {
    let text = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("cannot read {}", path.display()))
}
