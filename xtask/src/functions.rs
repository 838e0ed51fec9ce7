//! The functions' binaries, as `sam build` makes them, and what they cost.

use std::env::consts::ARCH;

use anyhow::{Context, Result, bail};

use crate::process::{command, output, root, step};
use crate::tools::{Python, target_folder};

/// This machine's processor as the template's parameter `Architecture` names it: the local cloud runs functions here.
pub(crate) fn architecture() -> Result<&'static str> {
    match ARCH {
        "x86_64" => Ok("x86_64"),
        "aarch64" => Ok("arm64"),
        other => bail!("Lambda has no architecture {other}: use an x86_64 or arm64 machine"),
    }
}

/// `sam build` for this machine's architecture. Tests, demo and bench all use what it leaves in `.aws-sam/build`.
pub(crate) fn build(python: &Python) -> Result<()> {
    let parameters = format!("Architecture={}", architecture()?);
    step(
        "building the functions with sam build (the first time takes about twelve minutes on two cores)",
        python.command("sam")?.args(["build", "--parameter-overrides", &parameters]),
    )
}

/// Start-up, first and warm event, memory and size, side by side with a bare function and with Python.
pub(crate) fn bench(python: &Python, rounds: u32) -> Result<()> {
    step(
        "building the bare function",
        python.command("cargo-lambda")?.current_dir(root().join("tests/bare-function")).args([
            "lambda",
            "build",
            "--release",
        ]),
    )?;
    step(
        "building the bench",
        command("cargo").args(["build", "--quiet", "--release", "--package", "lambda-process"]),
    )?;
    let target = target_folder()?;
    let interpreter = output(python.command("python")?.args(["-c", "import sys; print(sys.executable)"]))?;
    step(
        "measuring",
        command(target.join("release/lambda-process"))
            .arg("bench")
            .arg("--binaries")
            .arg(root().join(".aws-sam/build"))
            .arg("--bare")
            .arg(target.join("lambda/bare-function/bootstrap"))
            .args(["--python", interpreter.trim(), "--rounds", &rounds.to_string()]),
    )
    .context("a figure misses its budget, or the bench itself failed: see above")
}
