//! The functions' binaries, as `sam build` makes them, and what they cost.

use std::env::consts::ARCH;
use std::fs;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::process::{command, output, root, step};
use crate::tools::{Python, prowler, target_folder};

/// This machine's processor as the template's parameter `Architecture` names it: the local cloud runs functions here.
pub(crate) fn architecture() -> Result<&'static str> {
    match ARCH {
        "x86_64" => Ok("x86_64"),
        "aarch64" => Ok("arm64"),
        other => bail!("Lambda has no architecture {other}: use an x86_64 or arm64 machine"),
    }
}

/// `sam build` for this machine's architecture. Tests, demo and bench all use what it leaves in `.aws-sam/build`.
///
/// It builds one function after the other, and the last step of each, optimising the whole program, keeps one core busy.
/// So all are built at once before, with the very command that it calls; it then finds each of them built.
pub(crate) fn build(python: &Python) -> Result<()> {
    let mut together = python.command("cargo-lambda")?;
    together.args(["lambda", "build", "--quiet", "--release"]);
    for package in packages()? {
        together.args(["--package", &package]);
    }
    step("building the functions (the first time takes about twenty minutes on two cores)", &mut together)?;
    let parameters = format!("Architecture={}", architecture()?);
    step("packing them with sam build", python.command("sam")?.args(["build", "--parameter-overrides", &parameters]))
}

/// The functions' packages, by name.
fn packages() -> Result<Vec<String>> {
    let folder = root().join("functions");
    let entries = fs::read_dir(&folder).with_context(|| format!("read {}", folder.display()))?;
    let mut found = entries
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<Result<Vec<_>>>()
        .with_context(|| format!("list {}", folder.display()))?;
    found.sort();
    Ok(found)
}

/// What to measure.
#[derive(Debug, Args)]
pub(crate) struct Bench {
    /// Rounds of each measurement of cost; the medians are printed.
    #[arg(long, default_value_t = 15)]
    rounds: u32,
    /// Only one of the tables.
    #[arg(long, value_parser = [COST, SCALE, CONTROLS])]
    only: Option<String>,
    /// Milliseconds that each call to a service takes; the budgets are for the usual ones [default: 0 for cost, 20 for the others].
    #[arg(long)]
    latency_ms: Option<u32>,
}

const COST: &str = "cost";
const SCALE: &str = "scale";
const CONTROLS: &str = "controls";

/// Cost: start-up, first and warm event, memory and size, side by side with a bare function and with Python. Scale: the
/// work for many accounts and apps, side by side with what the reference solution does. Controls: the rules alone, from an
/// event to its findings, and sweeps of many resources, side by side with Prowler.
pub(crate) fn bench(python: &Python, bench: &Bench) -> Result<()> {
    let wanted = |table| bench.only.as_deref().is_none_or(|only| only == table);
    if wanted(COST) {
        step(
            "building the bare function",
            python.command("cargo-lambda")?.current_dir(root().join("tests/bare-function")).args([
                "lambda",
                "build",
                "--release",
            ]),
        )?;
    }
    step(
        "building the bench",
        command("cargo").args(["build", "--quiet", "--release", "--package", "lambda-process"]),
    )?;
    let target = target_folder()?;
    let interpreter = output(python.command("python")?.args(["-c", "import sys; print(sys.executable)"]))?;
    let mut measuring = command(target.join("release/lambda-process"));
    measuring
        .arg("bench")
        .arg("--binaries")
        .arg(root().join(".aws-sam/build"))
        .arg("--bare")
        .arg(target.join("lambda/bare-function/bootstrap"))
        .args(["--python", interpreter.trim(), "--rounds", &bench.rounds.to_string()]);
    if wanted(CONTROLS) {
        step(
            "building the controls' evaluations",
            command("cargo").args([
                "build",
                "--quiet",
                "--release",
                "--package",
                "controls",
                "--example",
                "evaluations",
            ]),
        )?;
        measuring
            .arg("--evaluations")
            .arg(target.join("release/examples/evaluations"))
            .arg("--prowler")
            .arg(prowler()?.programs().join("prowler"))
            .arg("--scratch")
            .arg(target.join("bench"));
    }
    if let Some(table) = &bench.only {
        measuring.args(["--only", table]);
    }
    if let Some(milliseconds) = bench.latency_ms {
        measuring.args(["--latency-ms", &milliseconds.to_string()]);
    }
    step("measuring", &mut measuring).context("a figure misses its budget, or the bench itself failed: see above")
}
