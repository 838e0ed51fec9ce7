//! `cargo xtask`: the project's own commands. They install what they need, say what they are doing, and when something
//! fails they name the command and the way out.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool speaks to its terminal")]

mod checks;
mod cloud;
mod comparison;
mod functions;
mod process;
mod tools;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// The project's own commands.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Deploys the platform on the local cloud, takes two model versions live in four accounts, and takes all of it away again.
    Demo {
        /// Leave everything running to look at; end it with `cargo xtask local-cloud down`.
        #[arg(long)]
        keep: bool,
    },
    /// Runs every test: Rust, templates, and end to end on the local cloud.
    Test,
    /// What a change must pass: formatting, lints, documentation, dependencies, and every test.
    Ci,
    /// The services that the demo and the end-to-end tests run on.
    LocalCloud {
        #[command(subcommand)]
        action: cloud::Action,
    },
    /// Measures start-up, events, memory and size of every function against a bare one and against Python, what grows with the
    /// number of accounts and apps, and the controls against Prowler.
    Bench(functions::Bench),
    /// Tries the controls with arbitrary descriptions, and detective-controls with arbitrary events and answers.
    Fuzz {
        /// How many descriptions; of events and answers it is a fiftieth.
        #[arg(long, default_value_t = 10_000_000)]
        inputs: u64,
    },
    /// Has Prowler, Cloud Custodian and Checkov judge the same edge cases as the controls, and writes
    /// `docs/controls-compared.md`.
    Compare {
        /// Write nothing; fail where a verdict is not as it is written.
        #[arg(long)]
        check: bool,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nfailed: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<()> {
    match command {
        Command::Demo { keep } => {
            let python = tools::python()?;
            functions::build(&python)?;
            cloud::demo(&python, keep)
        }
        Command::Test => checks::test(),
        Command::Ci => {
            checks::source()?;
            checks::test()
        }
        Command::LocalCloud { action } => cloud::run(&tools::python()?, action),
        Command::Bench(bench) => {
            let python = tools::python()?;
            functions::build(&python)?;
            functions::bench(&python, &bench)
        }
        Command::Fuzz { inputs } => checks::fuzz(inputs),
        Command::Compare { check } => comparison::compare(check),
    }
}
