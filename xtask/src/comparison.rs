//! The controls beside other tools, over the same resources.

use anyhow::{Context, Result};

use crate::process::{command, step};
use crate::tools;

/// Has Prowler, Cloud Custodian and Checkov judge the edge cases in a local cloud of its own, and writes what they say beside
/// what the controls say; or only compares it with what is written.
pub(crate) fn compare(check: bool) -> Result<()> {
    let mut comparing = tools::python()?.command("python")?;
    comparing.args(["-u", "tests/comparison/compare.py"]);
    for (name, environment) in
        [("--prowler", tools::prowler()?), ("--custodian", tools::custodian()?), ("--checkov", tools::checkov()?)]
    {
        comparing.arg(name).arg(environment.programs());
    }
    if check {
        comparing.arg("--check");
    }
    step("having the other tools judge the same resources", &mut comparing)
        .context("a tool failed, or says something else than is written: see above")?;
    let page = ["test", "--quiet", "--package", "controls", "--test", "compared_page"];
    if check {
        step("docs/controls-compared.md", command("cargo").args(page))
    } else {
        step("writing docs/controls-compared.md", command("cargo").args(page).env("UPDATE_DOCS", "1"))
    }
}
