//! Where the person is who decides.

use std::io::{self, BufRead, IsTerminal, Write};

/// Who can be shown something and asked.
pub trait Terminal {
    /// Whether somebody can answer.
    fn is_interactive(&self) -> bool;

    /// Shows lines that are not the command's result.
    ///
    /// # Errors
    /// When they cannot be written.
    fn show(&mut self, lines: &str) -> io::Result<()>;

    /// Whether the answer to the question is yes. Everything else is no.
    ///
    /// # Errors
    /// When the question cannot be written or the answer cannot be read.
    fn confirm(&mut self, question: &str) -> io::Result<bool>;
}

/// Standard error and standard input: standard output stays free for the result.
#[derive(Debug, Clone, Copy)]
pub struct Console;

impl Terminal for Console {
    fn is_interactive(&self) -> bool {
        io::stdin().is_terminal()
    }

    fn show(&mut self, lines: &str) -> io::Result<()> {
        io::stderr().write_all(lines.as_bytes())
    }

    fn confirm(&mut self, question: &str) -> io::Result<bool> {
        write!(io::stderr(), "{question} [y/N] ")?;
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer)?;
        Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
    }
}
