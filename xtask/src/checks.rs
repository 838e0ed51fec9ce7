//! Everything a change must pass.

use std::process::Command;
use std::{fs, thread};

use anyhow::{Context, Result, bail};

use crate::functions;
use crate::process::{command, root, step};
use crate::tools;

const NEXTEST: (&str, &str) = ("cargo-nextest", "0.9.143");
const DENY: (&str, &str) = ("cargo-deny", "0.20.2");

/// Formatting, lints, documentation and dependencies.
pub(crate) fn source() -> Result<()> {
    step("formatting", command("cargo").args(["fmt", "--all", "--check"]))?;
    step(
        "lints",
        command("cargo").args(["clippy", "--quiet", "--workspace", "--all-targets", "--", "--deny", "warnings"]),
    )?;
    step(
        "documentation",
        command("cargo").args(["doc", "--quiet", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "--deny warnings"),
    )?;
    let deny = tools::cargo_tool(DENY.0, DENY.1)?;
    // Advisories need the advisory database from the network: `cargo deny check advisories` is a command of its own.
    step("licences, sources and bans of dependencies", command(deny).args(["check", "bans", "licenses", "sources"]))
}

/// Every test: the workspace's, the templates', and end to end on the local cloud.
pub(crate) fn test() -> Result<()> {
    let python = tools::python()?;
    let checkov = tools::checkov()?;
    let policies = tools::node_packages("tests/policies")?;
    let pages = tools::node_packages("tests/pages")?;
    let nextest = tools::cargo_tool(NEXTEST.0, NEXTEST.1)?;

    step("tests of the crates", command(nextest).args(["nextest", "run", "--workspace", "--profile", "ci"]))?;
    step("documentation examples", command("cargo").args(["test", "--quiet", "--workspace", "--doc"]))?;

    step("templates: cfn-lint", python.command("cfn-lint")?.arg("template.yaml").args(templates()?))?;
    step("templates: sam validate", python.command("sam")?.args(["validate", "--lint", "--region", "eu-west-1"]))?;
    step(
        "templates: checkov",
        checkov
            .command("checkov")?
            .args([
                "--quiet",
                "--compact",
                "--skip-download",
                "--framework",
                "cloudformation",
                "--file",
                "template.yaml",
            ])
            .args(templates()?),
    )?;

    step(
        "policies: requests simulated",
        command("node").args(["--test", "--test-reporter", "dot"]).current_dir(policies),
    )?;
    step("pages in a browser", command("node").args(["--test", "--test-reporter", "spec"]).current_dir(pages))?;

    functions::build(&python)?;
    // Two halves at once, each with local clouds of its own: much of its time either waits for one.
    let pytest = |arguments: &[&str]| -> Result<Command> {
        let mut pytest = python.command("python")?;
        pytest.args(["-m", "pytest", "--quiet", "--durations=5"]).args(arguments);
        Ok(pytest)
    };
    let mut platform = pytest(&["tests/end_to_end", "--ignore=tests/end_to_end/killed"])?;
    let mut rest = pytest(&["tests/end_to_end/killed", "tests/local_cloud", "tests/templates"])?;
    thread::scope(|halves| {
        let rest = halves.spawn(|| step("functions that are killed, the local cloud itself, templates", &mut rest));
        let platform = step("the platform end to end on the local cloud", &mut platform);
        platform.and(rest.join().unwrap_or_else(|_| bail!("the other half of the tests broke off")))
    })
}

/// Every template beside the platform's own.
fn templates() -> Result<Vec<String>> {
    let mut found = Vec::new();
    let mut folders = vec![root().join("templates")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("read {}", folder.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "yaml") {
                found.push(path.display().to_string());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Arbitrary input for what judges: none of it panics, and all of it is answered.
pub(crate) fn fuzz(inputs: u64) -> Result<()> {
    step(
        "arbitrary descriptions for every control",
        command("cargo")
            .args(["test", "--quiet", "--release", "--package", "controls", "--lib", "arbitrary", "--", "--nocapture"])
            .env("CONTROLS_FUZZ_INPUTS", inputs.to_string()),
    )?;
    step(
        "arbitrary events and answers for detective-controls",
        // With the features that the workspace's tests have: nothing is built twice.
        command(tools::cargo_tool(NEXTEST.0, NEXTEST.1)?)
            .args(["nextest", "run", "--workspace", "--no-capture", "--filterset"])
            .arg("package(detective-controls) & binary(properties)")
            .env("DETECTIVE_INPUTS", (inputs / 50).to_string()),
    )
}
