//! What the controls cost: the rules alone, the way from an event to its findings, and sweeps of many resources beside
//! Prowler on the same services.

mod event_path;
mod population;
mod prowler;
mod records;
mod report;
mod sagemaker;
mod sweep;
mod world;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Args;
use lambda_process::Function;
use serde_json::{Map, Value};
use tokio::process::Command;

use super::programs::Programs;
use super::services::Services;
use super::{Bench, cost};
use event_path::EventPath;
use population::Population;
use report::{Evaluations, Line, MEMORY_MIB};
use sweep::Sweep;
use world::World;

pub(crate) use report::Report;

const FUNCTION: (&str, &str) = ("detective-controls", "DetectiveControls");
/// Its timeout in the template.
const TIMEOUT: Duration = Duration::from_secs(900);

/// What only the controls' table needs.
#[derive(Args)]
pub(crate) struct Beside {
    /// The program of the rules alone, an example of their crate
    #[arg(long)]
    evaluations: Option<PathBuf>,
    /// Prowler's program
    #[arg(long)]
    prowler: Option<PathBuf>,
    /// Where the population and Prowler's findings are written
    #[arg(long)]
    scratch: Option<PathBuf>,
    /// How many resources there are
    #[arg(long, default_value_t = 3000)]
    resources: usize,
}

/// Takes some minutes, most of them spent by Prowler and by making the resources.
pub(crate) async fn measure(bench: &Bench, programs: &Programs, latency: Duration) -> Result<Report> {
    programs.ensure_built([FUNCTION.1])?;
    let given = |path: &Option<PathBuf>, name: &str| path.clone().with_context(|| format!("--{name} is missing"));
    let Beside { evaluations, prowler, scratch, resources } = &bench.beside;
    let (evaluations, prowler) = (given(evaluations, "evaluations")?, given(prowler, "prowler")?);
    let scratch = given(scratch, "scratch")?;
    std::fs::create_dir_all(&scratch).with_context(|| format!("cannot make {}", scratch.display()))?;
    let mut report = Report::new(latency, judge_alone(&evaluations).await?);
    let population = Population::make(&bench.python, &programs.cases, &scratch, *resources).await?;
    let size = population.size();
    ensure!(size == *resources, "{size} resources were made, not {resources}");

    for latency in [Duration::ZERO, latency] {
        let scene = Scene::start(programs, population.clone(), latency).await?;
        report.add_event_path(scene.event_path(bench, latency).await?);
        scene.look(&mut report);
    }
    let at_once = Scene::start(programs, population.clone(), Duration::ZERO).await?;
    let line = at_once.sweep(&format!("{size} resources, services answer at once"), &mut report).await?;
    report.add(line);
    let all = Scene::start(programs, population.clone(), latency).await?;
    let first = all.sweep(&format!("{size} resources, first sweep"), &mut report).await?;
    let second = all.sweep(&format!("{size} resources, nothing changed"), &mut report).await?;
    report.expect(second.announced == Some(0) && second.verdicts == first.verdicts, || {
        format!("the second sweep told of {:?} verdicts, though nothing had changed", second.announced)
    });

    let scan = prowler::scan(&prowler, &all.services, &population.region, &scratch).await?;
    let some = population.described_by(&scan.calls);
    let size = some.size();
    report.expect(size > 0 && scan.described() == size, || {
        format!("Prowler described {} resources, of {size} of the same kinds", scan.described())
    });
    let theirs = Line::prowler(&format!("{size} resources, Prowler"), &scan, all.look(&mut report), some.kinds());
    let ours = Scene::start(programs, some, latency).await?;
    let ours = ours.sweep(&format!("{size} resources, the kinds that Prowler knows"), &mut report).await?;
    for line in [first, second] {
        report.add(line);
    }
    report.compare(ours, theirs);
    Ok(report)
}

/// The services with a population, and the function that calls them.
struct Scene {
    population: Population,
    world: Arc<World>,
    services: Services,
    function: Function,
    event: Map<String, Value>,
}

impl Scene {
    async fn start(programs: &Programs, population: Population, latency: Duration) -> Result<Self> {
        let world = Arc::new(World::new(population.clone(), cost::canned(programs)?));
        let served = Arc::clone(&world);
        let services = Services::start(latency, move |call| served.answer(call)).await?;
        let (name, logical_id) = FUNCTION;
        let case = cost::case(programs, name)?;
        let function = case
            .configured(programs.rust(name, logical_id, &services))
            .timeout(TIMEOUT)
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", MEMORY_MIB.to_string())
            .env("SECURITY_HUB", "enabled");
        Ok(Self { population, world, services, function, event: case.event(name) })
    }

    async fn event_path(&self, bench: &Bench, latency: Duration) -> Result<EventPath> {
        let (events, notebooks) = (bench.warm + 1, self.population.notebooks_with_root());
        let notebooks = notebooks.get(..events).with_context(|| format!("fewer than {events} notebook instances"))?;
        let scene = (&self.services, &*self.world);
        event_path::measure(&self.function, scene, latency, &self.event, notebooks, bench.rounds).await
    }

    async fn sweep(&self, name: &str, report: &mut Report) -> Result<Line> {
        let Population { account, region, .. } = &self.population;
        let sweep = sweep::run(&self.function, &self.services, account, region).await?;
        let (at_sagemaker, judged) = (self.look(report), self.world.judged());
        // Endpoints are judged by their configurations.
        let there = self.population.described_by(&sweep.exchange.calls).size();
        report.expect(sweep.judged == there && judged.resources == there && sweep.left_out == 0, || {
            let Sweep { judged: now, left_out, .. } = sweep;
            format!("{name}: {now} of {there} judged, {} on record, {left_out} left out", judged.resources)
        });
        let peak = sweep.exchange.peak_kib;
        report.expect(peak.is_some_and(|peak| peak <= MEMORY_MIB * 1024), || {
            format!("{name}: {peak:?} KiB were resident, more than {MEMORY_MIB} MiB")
        });
        Ok(Line::ours(name, &sweep, at_sagemaker, judged))
    }

    /// How long SageMaker was called. What was asked that nobody should ask is missed.
    fn look(&self, report: &mut Report) -> Duration {
        let seen = self.world.take_seen();
        report.expect(seen.refused.is_empty(), || format!("was refused: {:?}", seen.refused));
        seen.at_sagemaker()
    }
}

/// The rules alone, on one processor.
async fn judge_alone(program: &Path) -> Result<Evaluations> {
    let output = Command::new(program).output().await.with_context(|| format!("cannot start {}", program.display()))?;
    ensure!(output.status.success(), "{} ended with {}", program.display(), output.status);
    serde_json::from_slice(&output.stdout).with_context(|| format!("{} printed something else", program.display()))
}
