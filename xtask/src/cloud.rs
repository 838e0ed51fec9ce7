//! The local cloud and the demo on it.

use anyhow::{Context, Result};
use clap::Subcommand;

use crate::functions::architecture;
use crate::process::{command, step};
use crate::tools::{Python, target_folder};

/// What to do with the local cloud.
#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum Action {
    /// Start it, or do nothing where it runs.
    Up,
    /// End its processes.
    Down,
    /// Empty it and set its accounts up again.
    Reset,
    /// Say where it listens and whether it is well.
    Status,
}

pub(crate) fn run(python: &Python, action: Action) -> Result<()> {
    let (word, what) = match action {
        Action::Up => ("up", "starting the local cloud"),
        Action::Down => ("down", "ending the local cloud"),
        Action::Reset => ("reset", "emptying the local cloud"),
        Action::Status => ("status", "the local cloud"),
    };
    step(what, python.command("python")?.args(["local-cloud/cloud.py", word]))
        .context("the local cloud is not well: cargo xtask local-cloud down, then up")
}

pub(crate) fn demo(python: &Python, keep: bool) -> Result<()> {
    step("building mlops", command("cargo").args(["build", "--quiet", "--package", "mlops"]))?;
    let mut demo = python.command("python")?;
    demo.args(["-u", "local-cloud/demo.py", "--architecture", architecture()?, "--mlops"]);
    demo.arg(target_folder()?.join("debug/mlops"));
    if keep {
        demo.arg("--keep");
    }
    step("the demo", &mut demo).context("something differs from what the platform promises: see above")
}
