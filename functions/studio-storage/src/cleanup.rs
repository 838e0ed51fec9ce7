use std::collections::BTreeMap;

use aws_ports::AwsError;
use serde::{Deserialize, Serialize};

use crate::aws::{FileSystem, Ports};
use crate::backup;
use crate::error::Error;
use crate::leftovers::{self, Leftovers, Place, RETAINED};
use crate::network;
use crate::properties::OnDelete;

/// Looks without any change after which nobody is expected to let go any more: three minutes of them.
const PATIENCE: u32 = 36;

/// What a request remembers between its looks. Without it everything goes on all the same.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Memory {
    /// Backup jobs by file system.
    #[serde(default)]
    jobs: BTreeMap<String, String>,
    /// What could not be deleted in the last look.
    #[serde(default)]
    stuck: Vec<String>,
    /// For how many looks in a row.
    #[serde(default)]
    looks: u32,
}

/// One look: does what can be done now, and says what is waited for; `None` when nothing is left.
///
/// # Errors
/// Of the calls; backups that failed; what cannot be deleted, once nothing changes any more.
pub(crate) async fn look(
    aws: &impl Ports,
    place: Place<'_>,
    on_delete: &OnDelete,
    owner: &str,
    memory: &mut Memory,
) -> Result<Option<String>, Error> {
    let found = leftovers::find(aws, place).await?;
    if !found.going.is_empty() {
        let going: Vec<String> = found.going.iter().map(ToString::to_string).collect();
        return Ok(Some(format!("domain {} to be deleted", going.join(", "))));
    }
    // Before anything changes: from here on no later request deletes them, whatever becomes of this one.
    if *on_delete == OnDelete::Retain {
        mark_retained(aws, &found).await?;
    }
    let doomed: Vec<&FileSystem> = found
        .storage
        .iter()
        .filter(|storage| *on_delete != OnDelete::Retain && !storage.is_retained())
        .map(|storage| &storage.file_system)
        .collect();
    if let OnDelete::Backup(destination) = on_delete {
        let not_going: Vec<&FileSystem> = doomed.iter().copied().filter(|of| of.state != "deleting").collect();
        if let Some(running) = backup::ensure(aws, &not_going, destination, owner, &mut memory.jobs).await? {
            return Ok(Some(running));
        }
    }
    if let Some(waiting_for) = network::release_mount_targets(aws, &found).await? {
        return Ok(Some(waiting_for));
    }
    if let Some(waiting_for) = network::release_interfaces(aws, &found).await? {
        return Ok(Some(waiting_for));
    }
    let stuck = network::delete_groups(aws, &found).await?;
    if !stuck.is_empty() {
        return memory.still(stuck).map(Some);
    }
    let (going, stuck) = delete_file_systems(aws, &doomed).await?;
    if !stuck.is_empty() {
        return memory.still(stuck).map(Some);
    }
    Ok((!going.is_empty()).then(|| format!("file systems to go: {}", going.join(", "))))
}

impl Memory {
    /// What is waited for now; an error when it has been the same for too long.
    fn still(&mut self, stuck: Vec<String>) -> Result<String, Error> {
        self.looks = if self.stuck == stuck { self.looks + 1 } else { 0 };
        if self.looks >= PATIENCE {
            return Err(Error::Stuck { stuck });
        }
        self.stuck = stuck;
        Ok(format!("an end of this: {}", self.stuck.join("; ")))
    }
}

async fn mark_retained(aws: &impl Ports, found: &Leftovers) -> Result<(), AwsError> {
    for storage in found.storage.iter().filter(|storage| !storage.is_retained()) {
        match aws.tag_file_system(&storage.file_system.id, RETAINED).await {
            Err(error) if !error.is_not_found() => return Err(error),
            _ => tracing::info!(file_system = storage.file_system.id, "file system retained"),
        }
    }
    Ok(())
}

/// Those that are on their way, and those that something uses.
async fn delete_file_systems(aws: &impl Ports, doomed: &[&FileSystem]) -> Result<(Vec<String>, Vec<String>), AwsError> {
    let (mut going, mut stuck) = (Vec::new(), Vec::new());
    for file_system in doomed {
        let id = file_system.id.clone();
        if file_system.state == "deleting" {
            going.push(id);
            continue;
        }
        match aws.delete_file_system(&id).await {
            Ok(()) => {
                tracing::info!(file_system = id, "file system deletion started");
                going.push(id);
            }
            Err(error) if error.is_not_found() => {}
            Err(error) if error.code() == Some("IncorrectFileSystemLifeCycleState") => going.push(id),
            Err(error) if error.code() == Some("FileSystemInUse") => {
                // Without the request's id, which is another one each time.
                stuck.push(format!("file system {id} is in use: {}", error.message().unwrap_or("no reason given")));
            }
            Err(error) => return Err(error),
        }
    }
    Ok((going, stuck))
}
