//! `lambda-process`: a function's built binary, run as Lambda would, from the command line.

mod bench;
mod run;

use std::process::ExitCode;

use clap::Parser;

#[derive(Parser)]
#[command(about)]
enum Arguments {
    /// Hands a function one event after another and prints one JSON object: what it answered, called and logged
    Run(run::Run),
    /// Measures functions against a bare one and against Python handlers that do the same work, side by side
    Bench(bench::Bench),
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    match Arguments::parse() {
        Arguments::Run(run) => run.run().await.map(|()| ExitCode::SUCCESS),
        Arguments::Bench(bench) => bench.run().await,
    }
}
