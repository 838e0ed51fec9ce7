use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use aws_ports::AwsError;
use custom_resource::Scope;
use environment::Environment;
use identifiers::{DomainId, VpcId};

use crate::aws::{FileSystem, Group, MountTarget, Ports, Tag};
use crate::error::Error;

/// The tag by which the service knows what it made. Its value is the domain's ARN.
const SERVICE_TAG: &str = "ManagedByAmazonSageMakerResource";
/// On a file system that a Delete with `Retain` left. No later Delete deletes it.
pub(crate) const RETAINED: (&str, &str) = ("StudioStorage", "Retained");

/// Whose leftovers, and where.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) environment: &'a Environment,
    pub(crate) vpc_id: &'a VpcId,
    pub(crate) scope: &'a Scope,
}

/// A file system and where the network reaches it.
#[derive(Debug)]
pub(crate) struct Storage {
    pub(crate) file_system: FileSystem,
    pub(crate) mount_targets: Vec<MountTarget>,
}

impl Storage {
    /// It was left on purpose.
    pub(crate) fn is_retained(&self) -> bool {
        self.file_system.tags.iter().any(|(key, value)| (key.as_str(), value.as_str()) == RETAINED)
    }
}

/// What domains that are gone left in the network.
#[derive(Debug, Default)]
pub(crate) struct Leftovers {
    pub(crate) storage: Vec<Storage>,
    pub(crate) groups: Vec<Group>,
    /// The network's other groups: they may refer to those above.
    pub(crate) others: Vec<Group>,
    /// Domains that are being deleted; what they have is not in here yet.
    pub(crate) going: Vec<DomainId>,
}

/// How it is with a domain that made something.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Domain {
    Exists,
    Going,
    Gone,
}

/// Finds what carries the environment's tags and the service's own, belongs to this network and to a domain that is gone.
///
/// # Errors
/// Of the calls.
pub(crate) async fn find(aws: &impl Ports, place: Place<'_>) -> Result<Leftovers, AwsError> {
    let mut found = Leftovers::default();
    let mut owners = BTreeSet::new();
    let mut storage = Vec::new();
    for file_system in aws.describe_file_systems().await? {
        let Some(domain_id) = owner(&file_system.tags, place) else { continue };
        if let Some(found) = in_network(aws, file_system, place.vpc_id).await? {
            owners.insert(domain_id.clone());
            storage.push((domain_id, found));
        }
    }
    let mut groups = Vec::new();
    for group in aws.describe_security_groups(place.vpc_id).await? {
        match owner(&group.tags, place) {
            Some(domain_id) => {
                owners.insert(domain_id.clone());
                groups.push((domain_id, group));
            }
            None => found.others.push(group),
        }
    }
    let mut domains = BTreeMap::new();
    for domain_id in owners {
        let state = state(aws, &domain_id).await?;
        match state {
            Domain::Exists => tracing::warn!(%domain_id, "left alone: the domain exists"),
            Domain::Going => found.going.push(domain_id.clone()),
            Domain::Gone => {}
        }
        domains.insert(domain_id, state);
    }
    let is_gone = |domain_id: &DomainId| domains.get(domain_id) == Some(&Domain::Gone);
    found.storage =
        storage.into_iter().filter(|(domain_id, _)| is_gone(domain_id)).map(|(_, storage)| storage).collect();
    for (domain_id, group) in groups {
        if is_gone(&domain_id) { found.groups.push(group) } else { found.others.push(group) }
    }
    Ok(found)
}

/// What is still there after `source` ended the work.
pub(crate) async fn halted(aws: &impl Ports, place: Place<'_>, source: Error) -> Error {
    // The look may fail for the same cause; what ended the work says more than that.
    let left = find(aws, place).await.map_or_else(|_| "unknown".to_owned(), |left| left.to_string());
    Error::Halted { left, source: Box::new(source) }
}

/// The domain that made something for this environment. `None` for whatever lacks a tag or names a domain elsewhere.
fn owner(tags: &[Tag], place: Place<'_>) -> Option<DomainId> {
    let tags = || tags.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    if !place.environment.carries(tags()) {
        return None;
    }
    let Scope { partition, region, account_id, .. } = place.scope;
    let domains = format!("arn:{partition}:sagemaker:{region}:{account_id}:domain/");
    let (_, manager) = tags().find(|(key, _)| *key == SERVICE_TAG)?;
    manager.strip_prefix(&domains)?.parse().ok()
}

/// A file system with its mount targets; `None` when those are in another network or the file system has just gone.
async fn in_network(aws: &impl Ports, file_system: FileSystem, vpc_id: &VpcId) -> Result<Option<Storage>, AwsError> {
    let mut mount_targets = match aws.describe_mount_targets(&file_system.id).await {
        Ok(mount_targets) => mount_targets,
        Err(error) if error.is_not_found() => return Ok(None),
        Err(error) => return Err(error),
    };
    mount_targets.retain(|target| target.state != "deleted");
    let here = mount_targets.iter().all(|target| target.vpc_id.as_deref() == Some(vpc_id.as_str()));
    Ok(here.then_some(Storage { file_system, mount_targets }).filter(|found| found.file_system.state != "deleted"))
}

async fn state(aws: &impl Ports, domain_id: &DomainId) -> Result<Domain, AwsError> {
    match aws.describe_domain(domain_id).await {
        Ok(status) if status == "Deleting" => Ok(Domain::Going),
        Ok(_) => Ok(Domain::Exists),
        Err(error) if error.is_not_found() => Ok(Domain::Gone),
        Err(error) => Err(error),
    }
}

impl fmt::Display for Leftovers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut left = Vec::new();
        for storage in &self.storage {
            let id = &storage.file_system.id;
            let targets: Vec<&str> = storage.mount_targets.iter().map(|target| target.id.as_str()).collect();
            left.push(match targets.as_slice() {
                [] => format!("file system {id}"),
                _ => format!("file system {id} with {}", targets.join(", ")),
            });
        }
        left.extend(self.groups.iter().map(|group| format!("{} ({})", group.id, group.name)));
        f.write_str(if left.is_empty() { "nothing" } else { "" })?;
        f.write_str(&left.join(", "))
    }
}
