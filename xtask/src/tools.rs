//! What the commands need beside Cargo: Python environments and Node packages, pinned and hashed, and two Cargo tools.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process::{command, output, path_with, root, step};

/// The oldest Python that every pinned package runs on.
const PYTHON_MINIMUM: (u32, u32) = (3, 10);

/// The oldest Node that the pinned packages run on.
const NODE_MINIMUM: u32 = 20;

/// A virtual environment that holds exactly its requirements.
pub(crate) struct Python {
    environment: PathBuf,
}

impl Python {
    /// The folder of the environment's programs.
    pub(crate) fn programs(&self) -> PathBuf {
        self.environment.join("bin")
    }

    /// A program of the environment, with the environment first in `PATH`: `sam` finds `cargo-lambda` and Zig there.
    pub(crate) fn command(&self, program: &str) -> Result<Command> {
        let programs = self.programs();
        let mut command = command(programs.join(program));
        command.env("PATH", path_with(programs)?).env("SAM_CLI_TELEMETRY", "0").env("PYTHONDONTWRITEBYTECODE", "1");
        Ok(command)
    }
}

/// The environment of the local cloud, the build and the end-to-end tests, made or renewed where needed.
pub(crate) fn python() -> Result<Python> {
    environment("python", "local-cloud/requirements.txt")
}

/// checkov alone: it pins an older SDK than the local cloud needs.
pub(crate) fn checkov() -> Result<Python> {
    environment("checkov", "local-cloud/requirements-checkov.txt")
}

/// Prowler, which the controls are compared with: it pins an older SDK too.
pub(crate) fn prowler() -> Result<Python> {
    environment("prowler", "local-cloud/requirements-prowler.txt")
}

/// Cloud Custodian, which the controls are compared with.
pub(crate) fn custodian() -> Result<Python> {
    environment("custodian", "local-cloud/requirements-custodian.txt")
}

/// Beside the other tools, not in the checkout: the linker that Lambda's binaries are built with is one of the packages, and
/// wherever its path is another one, every crate is built anew.
fn environment(name: &str, requirements: &str) -> Result<Python> {
    let environment = target_folder()?.join("environments").join(name);
    let wanted = fs::read_to_string(root().join(requirements)).with_context(|| format!("read {requirements}"))?;
    // Written last, so that an installation that was cut off is made again.
    let installed = environment.join("installed-requirements.txt");
    if fs::read_to_string(&installed).ok().as_deref() != Some(wanted.as_str()) {
        let base = base_python()?;
        step(
            &format!("making the Python environment {name}"),
            command(base).args(["-m", "venv", "--clear"]).arg(&environment),
        )?;
        step(
            &format!("installing {requirements} into the environment {name} (pinned, with hashes)"),
            // The file lists every package, so pip has nothing to resolve.
            command(environment.join("bin/python"))
                .args([
                    "-m",
                    "pip",
                    "install",
                    "--quiet",
                    "--disable-pip-version-check",
                    "--no-deps",
                    "--require-hashes",
                ])
                .args(["--requirement", requirements]),
        )?;
        fs::write(&installed, wanted).with_context(|| format!("write {}", installed.display()))?;
    }
    Ok(Python { environment })
}

fn base_python() -> Result<&'static str> {
    let way_out = format!("install Python {}.{} or newer as python3", PYTHON_MINIMUM.0, PYTHON_MINIMUM.1);
    let version = output(command("python3").args(["-c", "import sys, venv; print(*sys.version_info[:2])"]))
        .with_context(|| format!("no usable python3 with the venv module: {way_out}"))?;
    let mut numbers = version.split_whitespace().map(str::parse::<u32>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) if (major, minor) >= PYTHON_MINIMUM => Ok("python3"),
        _ => bail!("python3 is version {}: {way_out}", version.trim().replace(' ', ".")),
    }
}

/// Installs exactly the packages that a folder's `package-lock.json` lists, where they are not there yet. Returns the
/// folder.
pub(crate) fn node_packages(folder: &str) -> Result<PathBuf> {
    let way_out = format!("install Node {NODE_MINIMUM} or newer, with npm");
    let version = output(command("node").arg("--version")).with_context(|| format!("no usable node: {way_out}"))?;
    let major = version.trim().trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
    if major.is_none_or(|major| major < NODE_MINIMUM) {
        bail!("node is version {}: {way_out}", version.trim());
    }
    output(command("npm").arg("--version")).with_context(|| format!("no usable npm: {way_out}"))?;

    let packages = root().join(folder);
    let lock = packages.join("package-lock.json");
    let wanted = fs::read_to_string(&lock).with_context(|| format!("read {}", lock.display()))?;
    // Written last, so that an installation that was cut off is made again.
    let installed = packages.join("node_modules/installed-package-lock.json");
    if fs::read_to_string(&installed).ok().as_deref() != Some(wanted.as_str()) {
        step(
            &format!("installing {folder}/package-lock.json (pinned, with hashes, without scripts)"),
            command("npm").args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&packages),
        )?;
        fs::write(&installed, wanted).with_context(|| format!("write {}", installed.display()))?;
    }
    Ok(packages)
}

/// A Cargo subcommand at exactly this version: the one on `PATH` where it fits, else one installed below the target
/// folder. Returns the program.
pub(crate) fn cargo_tool(name: &str, version: &str) -> Result<PathBuf> {
    let is_wanted = |program: &Path| {
        output(command(program).arg("--version")).is_ok_and(|text| text.split_whitespace().any(|word| word == version))
    };
    let on_path = PathBuf::from(name);
    if is_wanted(&on_path) {
        return Ok(on_path);
    }
    let tools = target_folder()?.join("tools");
    let installed = tools.join("bin").join(name);
    if !is_wanted(&installed) {
        step(
            &format!("installing {name} {version}"),
            // Optimising would take longer than the tool ever runs here.
            command("cargo")
                .args(["install", "--quiet", "--locked", "--debug", "--force", name, "--version", version, "--root"])
                .arg(&tools),
        )?;
    }
    Ok(installed)
}

/// Where Cargo puts what it builds (`CARGO_TARGET_DIR` counts).
pub(crate) fn target_folder() -> Result<PathBuf> {
    let metadata = output(command("cargo").args(["metadata", "--no-deps", "--format-version", "1"]))?;
    let metadata: serde_json::Value = serde_json::from_str(&metadata).context("read cargo metadata")?;
    let folder = metadata.get("target_directory").and_then(|folder| folder.as_str());
    folder.map(PathBuf::from).context("cargo metadata names no target folder")
}
