use serde_json::Value;

use crate::batches::{ATTEMPTS, Limits, back_off, batches};
use crate::{FailedFinding, SecurityHub};

/// A call takes 6 MB.
const CALL: Limits = Limits { items: 100, bytes: 5 * 1024 * 1024 };
const LARGEST_FINDING: usize = 240 * 1024;
/// What is wrong with the finding itself is wrong the next time too.
const INVALID: &str = "InvalidInput";
/// Answered where Security Hub is not enabled, and where the account is suspended in it.
const NOT_ENABLED: &str = "InvalidAccessException";

/// What became of findings.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Import {
    /// All were taken but these.
    Done {
        /// With Security Hub's last word on each.
        failed: Vec<FailedFinding>,
    },
    /// Security Hub is not enabled in the hub's account and region: none was taken.
    NotEnabled {
        /// What it said.
        message: String,
    },
}

/// Hands findings over, each made by [`Finding::to_asff`](crate::Finding::to_asff). What is not taken is tried again alone, twice.
pub async fn import(hub: &impl SecurityHub, findings: Vec<Value>) -> Import {
    let mut failed = Vec::new();
    let (large, findings): (Vec<_>, Vec<_>) = findings.into_iter().partition(|finding| size(finding) > LARGEST_FINDING);
    for finding in &large {
        failed.push(failure(finding, INVALID, "the finding is larger than 240 KB"));
    }
    for batch in batches(findings, &CALL, size) {
        let mut open = batch;
        for attempt in 1..=ATTEMPTS {
            let answer = match hub.import_findings(&open).await {
                Ok(answer) if answer.failed_count == 0 => break,
                Ok(answer) => answer,
                Err(error) if error.code() == Some(NOT_ENABLED) => {
                    return Import::NotEnabled { message: error.to_string() };
                }
                // The client has made its attempts already.
                Err(error) => {
                    let code = error.code().unwrap_or("NoAnswer").to_owned();
                    failed.extend(open.iter().map(|finding| failure(finding, &code, &error.to_string())));
                    break;
                }
            };
            let mut again = Vec::new();
            for finding in open {
                let named = answer.failed.iter().find(|failed| Some(failed.id.as_str()) == id(&finding));
                match named {
                    Some(failure) if failure.code == INVALID || attempt == ATTEMPTS => failed.push(failure.clone()),
                    Some(_) => again.push(finding),
                    None if answer.failed.len() >= answer.failed_count => {}
                    // Some failed that were not named. Importing one twice does no harm.
                    None if attempt < ATTEMPTS => again.push(finding),
                    None => failed.push(failure(&finding, "Unnamed", "some findings of the call failed, unnamed")),
                }
            }
            if again.is_empty() {
                break;
            }
            back_off(attempt).await;
            open = again;
        }
    }
    Import::Done { failed }
}

fn id(finding: &Value) -> Option<&str> {
    finding.get("Id")?.as_str()
}

fn failure(finding: &Value, code: &str, message: &str) -> FailedFinding {
    FailedFinding { id: id(finding).unwrap_or_default().to_owned(), code: code.to_owned(), message: message.to_owned() }
}

/// In bytes of JSON.
fn size(finding: &Value) -> usize {
    finding.to_string().len()
}
