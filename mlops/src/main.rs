//! Decides on deployments that wait for approval, and says what runs where.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use mlops::{Arguments, Console};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match mlops::run(&arguments, &mut Console, &mut io::stdout()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Where not even this can be written, the exit code still says it.
            let _ = writeln!(io::stderr(), "mlops: {}", mlops::printable(&error.to_string()));
            ExitCode::from(error.exit_code())
        }
    }
}
