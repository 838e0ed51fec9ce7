//! `mlops`, the command-line tool of the people around a deployment.
//!
//! - `mlops approve` and `mlops reject` answer the question with which an execution of the state machine waits before a
//!   stage. The question lies in Parameter Store, encrypted, with the task token in it; the answer is a
//!   `states:SendTaskSuccess` that says who decided, when and why.
//! - `mlops status` shows which version is live in each stage, what waits for an answer and what is being deployed. With an
//!   account it says which version ran there at a time, who approved it, who let it into the stage and which execution
//!   brought it, from the records that every deployment leaves in a bucket.
//! - `mlops completions` writes what a shell needs to complete all this.
//!
//! Invariants:
//! - The task token is never shown, whatever is asked and whatever fails: who has it and may call `SendTaskSuccess` decides.
//! - Nothing is sent before the question was shown, and confirmed at a terminal or by `--yes`. The token belongs to what was
//!   shown: an answer never reaches a question that came in its place.
//! - Standard output carries the answer alone, as a table or as one JSON document; questions, notes and errors go to
//!   standard error. What others wrote is shown without control characters.
//! - The exit code says what a script has to know: [`Error::exit_code`].
//!
//! Decisions:
//! - The rule that who registered a version does not let it pass is checked here for the person at the keyboard, who gets
//!   a reason instead of a failed execution. This is no lock on its own: the state machine has the answer's author too.
//!   Identities are compared as [`Principal`] says, and where they cannot be told apart the answer is no.
//! - The history's newest records are read first, a few at a time, until every stage has said whether the account was in
//!   it. Bodies that cannot change the answer are not read: [`ran`] says how that is known.
//! - History outlives releases, so of a record only the members that answer the question are read, not the plan in it.

mod approval;
mod arguments;
mod aws;
mod error;
mod history;
mod moment;
mod output;
mod principal;
mod status;
mod terminal;

use std::io::Write;

use clap::CommandFactory;
use deployment::Verdict;

pub use approval::{Answered, answer};
pub use arguments::{Arguments, Command, Format, Global, Question, Status};
pub use aws::{Caller, Execution, HubAccount, HubServices, Parameter, Records};
pub use error::Error;
pub use history::{History, Ran, ran};
pub use moment::Moment;
pub use output::{print, printable};
pub use principal::Principal;
pub use status::{Live, Overview, Running, Waiting, overview};
pub use terminal::{Console, Terminal};

/// Does what the arguments ask, over the services of the caller's account.
///
/// # Errors
/// Whatever keeps the command from its end; nothing was changed then, but for [`Error::Aws`] from `SendTaskSuccess` without
/// an answer.
pub async fn run(arguments: &Arguments, terminal: &mut impl Terminal, out: &mut impl Write) -> Result<(), Error> {
    let Arguments { global, command } = arguments;
    let verdict = match command {
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Arguments::command(), "mlops", &mut script);
            return output::write(out, &script);
        }
        Command::Status(status) => {
            let hub = HubServices::connect(global).await?;
            return match &status.account {
                Some(account) => print(out, global.output, &ran(&hub, global, status, account).await?),
                None => print(out, global.output, &overview(&hub, &global.platform, status.group.as_ref()).await?),
            };
        }
        Command::Approve(_) => Verdict::Approved,
        Command::Reject(_) => Verdict::Rejected,
    };
    let (Command::Approve(question) | Command::Reject(question)) = command else { return Ok(()) };
    approval::can_confirm(question, terminal)?;
    let hub = HubServices::connect(global).await?;
    print(out, global.output, &answer(&hub, terminal, &global.platform, question, verdict).await?)
}
