use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_ports::AwsError;
use sha2::{Digest, Sha256};

use crate::aws::{BackupJob, FileSystem, Ports};
use crate::error::Error;
use crate::properties::Destination;

/// How old a complete backup may be that an earlier try of this Delete made. Nobody writes to the file system of a domain
/// that is gone, unless somebody mounts it by hand.
const STILL_GOOD: Duration = Duration::from_secs(24 * 60 * 60);
/// How many earlier jobs are looked through.
const EARLIER: u32 = 10;

/// Sees to a complete backup of each file system; says what is not complete yet. `jobs`, by file system, are those of
/// this request.
///
/// # Errors
/// Of the calls; and every job that ended in another way.
pub(crate) async fn ensure(
    aws: &impl Ports,
    file_systems: &[&FileSystem],
    to: &Destination,
    owner: &str,
    jobs: &mut BTreeMap<String, String>,
) -> Result<Option<String>, Error> {
    let (mut failed, mut running) = (Vec::new(), Vec::new());
    for file_system in file_systems {
        let job = match jobs.get(&file_system.id) {
            Some(id) => aws.describe_backup_job(id).await?,
            None => begin(aws, file_system, to, owner).await?,
        };
        let BackupJob { id, state, message, .. } = &job;
        let text = format!("backup job {id} of file system {}", file_system.id);
        match state.as_str() {
            "COMPLETED" => tracing::info!(job = id, file_system = file_system.id, "backup complete"),
            _ if has_failed(&job) => {
                failed.push(format!("{text} ended {state}: {}", message.as_deref().unwrap_or("no reason given")));
            }
            _ => running.push(format!("{text}, which is {state}")),
        }
        jobs.insert(file_system.id.clone(), job.id);
    }
    if !failed.is_empty() {
        return Err(Error::NotBackedUp { failed });
    }
    Ok((!running.is_empty()).then(|| running.join(", ")))
}

/// A backup may take longer than CloudFormation waits, so the token is the resource's and not the request's: a Delete that
/// is tried again finds the job that still runs, or the backup that is complete by now. A job that failed, or is too old,
/// is passed over for the next token.
async fn begin(aws: &impl Ports, of: &FileSystem, to: &Destination, owner: &str) -> Result<BackupJob, AwsError> {
    let now = now();
    for attempt in 0..EARLIER {
        let job = start(aws, of, to, &format!("{owner} {attempt}")).await?;
        if is_usable(&job, now) {
            return Ok(job);
        }
        tracing::info!(job = job.id, state = job.state, "earlier backup passed over");
    }
    start(aws, of, to, &format!("{owner} at {now}")).await
}

async fn start(aws: &impl Ports, of: &FileSystem, to: &Destination, token: &str) -> Result<BackupJob, AwsError> {
    let token = format!("{:x}", Sha256::digest(format!("{token} {} {} {}", of.id, to.vault.as_str(), to.role)));
    let id = aws.start_backup_job(&of.arn, to, &token).await?;
    aws.describe_backup_job(&id).await
}

fn has_failed(job: &BackupJob) -> bool {
    matches!(job.state.as_str(), "FAILED" | "ABORTED" | "EXPIRED" | "PARTIAL")
}

fn is_usable(job: &BackupJob, now: i64) -> bool {
    let oldest = now - i64::try_from(STILL_GOOD.as_secs()).unwrap_or_default();
    if has_failed(job) {
        // Made just now, its failure is today's and not one that somebody has seen and mended.
        return job.created.is_some_and(|created| created >= now);
    }
    job.state != "COMPLETED" || job.completed.is_some_and(|completed| completed >= oldest)
}

/// In seconds since 1970.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e09_only_a_backup_that_still_says_something_is_taken_up() {
        let now = 1_800_000_000;
        let rows = [
            ("CREATED", Some(now), None, true),
            ("RUNNING", Some(now - 100_000), None, true),
            ("COMPLETED", Some(now - 90_000), Some(now - 80_000), true),
            ("COMPLETED", Some(now - 90_000), Some(now - 86_401), false),
            ("COMPLETED", Some(now - 90_000), None, false),
            ("FAILED", Some(now - 1), None, false),
            ("FAILED", Some(now), None, true),
            ("ABORTED", None, None, false),
            ("PARTIAL", Some(now - 1), Some(now - 1), false),
            ("EXPIRED", Some(now - 1), None, false),
        ];
        for (state, created, completed, usable) in rows {
            let job = BackupJob { id: "job".into(), state: state.into(), message: None, created, completed };
            assert_eq!(is_usable(&job, now), usable, "{job:?}");
        }
    }
}
