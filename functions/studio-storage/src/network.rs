use std::collections::BTreeSet;

use aws_ports::AwsError;

use crate::aws::{Group, Interface, Ports};
use crate::leftovers::Leftovers;

/// What fits into a sentence.
const NAMED: usize = 5;

/// Begins to delete the mount targets; says which are not gone yet.
pub(crate) async fn release_mount_targets(aws: &impl Ports, found: &Leftovers) -> Result<Option<String>, AwsError> {
    let mut going = Vec::new();
    for storage in &found.storage {
        for target in &storage.mount_targets {
            going.push(format!("{} of {}", target.id, storage.file_system.id));
            if target.state == "deleting" {
                continue;
            }
            match aws.delete_mount_target(&target.id).await {
                Ok(()) => tracing::info!(mount_target = target.id, "mount target deletion started"),
                Err(error) if error.is_not_found() || error.code() == Some("IncorrectMountTargetState") => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok((!going.is_empty()).then(|| format!("mount targets to go: {}", listed(&going))))
}

/// Deletes the groups' interfaces that nothing uses; says which are in use. Those are the service's, or EFS's, which let
/// go of them minutes after the app or the mount target is gone.
pub(crate) async fn release_interfaces(aws: &impl Ports, found: &Leftovers) -> Result<Option<String>, AwsError> {
    if found.groups.is_empty() {
        return Ok(None);
    }
    let groups: Vec<String> = found.groups.iter().map(|group| group.id.clone()).collect();
    let mut used = Vec::new();
    for interface in aws.describe_network_interfaces(groups.clone()).await? {
        if !interface.group_ids.iter().any(|id| groups.contains(id)) {
            continue;
        }
        if interface.status != "available" {
            used.push(described(&interface));
            continue;
        }
        match aws.delete_network_interface(&interface.id).await {
            Ok(()) => tracing::info!(interface = interface.id, "network interface deleted"),
            Err(error) if error.is_not_found() => {}
            Err(error) if is_held(&error) => used.push(described(&interface)),
            Err(error) => return Err(error),
        }
    }
    Ok((!used.is_empty()).then(|| format!("network interfaces to be let go: {}", listed(&used))))
}

/// Takes the groups' rules about each other away, then the groups; answers those that something else refers to.
pub(crate) async fn delete_groups(aws: &impl Ports, found: &Leftovers) -> Result<Vec<String>, AwsError> {
    let ids: BTreeSet<&str> = found.groups.iter().map(|group| group.id.as_str()).collect();
    for group in &found.groups {
        for rule in group.rules.iter().filter(|rule| rule.group_id != group.id && ids.contains(rule.group_id.as_str()))
        {
            let revoked = if rule.egress {
                aws.revoke_security_group_egress(&group.id, rule).await
            } else {
                aws.revoke_security_group_ingress(&group.id, rule).await
            };
            match revoked {
                Err(error) if !error.is_not_found() => return Err(error),
                _ => tracing::info!(group = group.id, named = rule.group_id, "rule revoked"),
            }
        }
    }
    let mut stuck = Vec::new();
    for group in &found.groups {
        match aws.delete_security_group(&group.id).await {
            Ok(()) => tracing::info!(group = group.id, name = group.name, "security group deleted"),
            Err(error) if error.is_not_found() => {}
            Err(error) if error.code() == Some("DependencyViolation") => stuck.push(referred(group, found)),
            Err(error) => return Err(error),
        }
    }
    Ok(stuck)
}

/// Somebody attached it since the look, or the service keeps it for itself.
fn is_held(error: &AwsError) -> bool {
    matches!(
        error.code(),
        Some("InvalidParameterValue" | "InvalidNetworkInterface.InUse" | "OperationNotPermitted" | "AuthFailure")
    )
}

fn described(interface: &Interface) -> String {
    let Interface { id, status, description, .. } = interface;
    if description.is_empty() { format!("{id} ({status})") } else { format!("{id} ({status}, {description})") }
}

fn referred(group: &Group, found: &Leftovers) -> String {
    let names = |other: &&Group| other.id != group.id && other.rules.iter().any(|rule| rule.group_id == group.id);
    let mut by: Vec<String> =
        found.others.iter().filter(names).map(|other| format!("a rule of {} ({})", other.id, other.name)).collect();
    if by.is_empty() {
        by.push("something outside the network's groups and interfaces".to_owned());
    }
    format!("security group {} ({}) is in use by {}", group.id, group.name, listed(&by))
}

fn listed(names: &[String]) -> String {
    let shown: Vec<&str> = names.iter().take(NAMED).map(String::as_str).collect();
    let more = names.len().saturating_sub(NAMED);
    if more == 0 { shown.join(", ") } else { format!("{} and {more} more", shown.join(", ")) }
}
