use aws_ports::AwsError;
use environment::{Environment, NAME_TAG, TYPE_TAG};
use identifiers::DomainId;

use crate::aws::{Domain, Ports, Tagged};
use crate::error::Error;

/// The tag by which the service knows what it made. Its value is the domain's ARN.
const SERVICE_TAG: &str = "ManagedByAmazonSageMakerResource";

/// What the service made for a domain and leaves when the domain is deleted.
pub(crate) struct Belongings {
    file_system: Option<Tagged>,
    pub(crate) groups: Vec<Tagged>,
}

/// Finds what is the domain's by name and by the service's own tag.
///
/// # Errors
/// Of the calls; and all things at once that belong to another domain or environment.
pub(crate) async fn find(
    aws: &impl Ports,
    domain_id: &DomainId,
    domain: &Domain,
    environment: &Environment,
) -> Result<Belongings, Error> {
    let mut found =
        Belongings { file_system: file_system(aws, domain).await?, groups: groups(aws, domain_id, domain).await? };
    let faults: Vec<String> = found
        .file_system
        .iter()
        .chain(&found.groups)
        .filter_map(|thing| of_another_domain(thing, domain).or_else(|| of_another_environment(thing, environment)))
        .collect();
    if !faults.is_empty() {
        return Err(Error::Foreign { faults });
    }
    found.file_system = found.file_system.filter(is_managed);
    found.groups.retain(is_managed);
    if found.groups.is_empty() {
        tracing::warn!(%domain_id, vpc_id = domain.vpc_id, "found no security group of the service");
    }
    Ok(found)
}

/// Puts the environment's tags on what lacks one of them.
pub(crate) async fn tag(aws: &impl Ports, found: &Belongings, environment: &Environment) -> Result<(), AwsError> {
    let tags = environment.tags();
    let lacks = |thing: &&Tagged| !environment.carries(thing.tags.iter().map(|(key, value)| (&**key, &**value)));
    if let Some(file_system) = found.file_system.as_ref().filter(lacks) {
        aws.tag_file_system(&file_system.id, &tags).await?;
        tracing::info!(file_system = file_system.id, "file system tagged");
    }
    let groups: Vec<String> = found.groups.iter().filter(lacks).map(|group| group.id.clone()).collect();
    if !groups.is_empty() {
        aws.tag_security_groups(groups.clone(), &tags).await?;
        tracing::info!(?groups, "security groups tagged");
    }
    Ok(())
}

async fn file_system(aws: &impl Ports, domain: &Domain) -> Result<Option<Tagged>, AwsError> {
    let Some(id) = &domain.file_system_id else { return Ok(None) };
    match aws.describe_file_system(id).await {
        Ok(found) => Ok(Some(found)),
        // Whether the domain can live without it is between the service and its users; there is nothing to tag.
        Err(error) if error.is_not_found() => {
            tracing::warn!(file_system = id, %error, "the domain's file system is gone");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

async fn groups(aws: &impl Ports, domain_id: &DomainId, domain: &Domain) -> Result<Vec<Tagged>, AwsError> {
    let names = ["inbound", "outbound"].map(|way| format!("security-group-for-{way}-nfs-{domain_id}"));
    let mut groups = aws.describe_security_groups(&domain.vpc_id, "group-name", names.into()).await?;
    if let Some(id) = &domain.boundary_group_id {
        let boundary = aws.describe_security_groups(&domain.vpc_id, "group-id", vec![id.clone()]).await?;
        groups.extend(boundary.into_iter().filter(|group| group.id == *id));
    }
    Ok(groups)
}

/// A name can be anybody's. What the service did not tag it will not take away, and neither will studio-storage.
fn is_managed(thing: &Tagged) -> bool {
    let managed = thing.tag(SERVICE_TAG).is_some();
    if !managed {
        tracing::warn!(id = thing.id, "left alone: has no tag {SERVICE_TAG}");
    }
    managed
}

fn of_another_domain(thing: &Tagged, domain: &Domain) -> Option<String> {
    let manager = thing.tag(SERVICE_TAG).filter(|manager| *manager != domain.arn)?;
    Some(format!("{} is managed by {manager}, expected {}", thing.id, domain.arn))
}

fn of_another_environment(thing: &Tagged, environment: &Environment) -> Option<String> {
    let other = environment.tags().iter().any(|(key, value)| thing.tag(key).is_some_and(|found| found != *value));
    other.then(|| {
        format!(
            "{} is tagged for environment {} of type {}, expected {} of type {}; if the domain has changed its \
             environment, take the tags {NAME_TAG} and {TYPE_TAG} off",
            thing.id,
            thing.tag(NAME_TAG).unwrap_or("(none)"),
            thing.tag(TYPE_TAG).unwrap_or("(none)"),
            environment.name(),
            environment.kind()
        )
    })
}
