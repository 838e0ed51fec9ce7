use aws_ports::AwsError;
use environment::Environment;
use identifiers::DomainId;

use crate::aws::Ports;
use crate::error::Error;
use crate::properties::Properties;

/// The environment's parameter that names its domain.
pub(crate) const KEY: &str = "sagemaker-domain-id";

/// What the environment's parameter says before it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Registration {
    /// There is none.
    Absent,
    /// It names this domain.
    Current,
    /// It names a domain that gives way to this one.
    Outdated,
}

/// Looks whether the environment is free for a domain.
///
/// # Errors
/// Of the calls; and a parameter that names another domain which exists, unless `old` had registered that one.
pub(crate) async fn look(
    aws: &impl Ports,
    properties: &Properties,
    old: Option<&Properties>,
) -> Result<Registration, Error> {
    let Properties { domain_id, environment } = properties;
    let parameter = environment.parameter(KEY);
    let value = match aws.get_parameter(&parameter).await {
        Ok(value) => value,
        Err(error) if error.is_not_found() => return Ok(Registration::Absent),
        Err(error) => return Err(error.into()),
    };
    let Ok(registered) = value.parse::<DomainId>() else { return Err(Error::StrangeParameter { parameter, value }) };
    if registered == *domain_id {
        return Ok(Registration::Current);
    }
    if old.is_some_and(|old| old.domain_id == registered) || is_gone(aws, &registered).await? {
        return Ok(Registration::Outdated);
    }
    Err(Error::Taken { environment: environment.clone(), registered, domain_id: domain_id.clone() })
}

/// Writes the parameter. `false` when somebody else wrote it since the look.
pub(crate) async fn write(
    aws: &impl Ports,
    properties: &Properties,
    registration: Registration,
) -> Result<bool, AwsError> {
    if registration == Registration::Current {
        return Ok(true);
    }
    let parameter = properties.environment.parameter(KEY);
    let overwrite = registration == Registration::Outdated;
    match aws.put_parameter(&parameter, properties.domain_id.as_str(), overwrite).await {
        Ok(()) => {
            tracing::info!(parameter, domain_id = %properties.domain_id, "domain registered");
            Ok(true)
        }
        Err(error) if error.is_already_exists() => Ok(false),
        Err(error) => Err(error),
    }
}

/// Removes the parameter if it still names `domain_id`; where that is not known, if it names a domain that is gone.
pub(crate) async fn remove(
    aws: &impl Ports,
    environment: &Environment,
    domain_id: Option<&DomainId>,
) -> Result<(), AwsError> {
    let parameter = environment.parameter(KEY);
    let registered = match aws.get_parameter(&parameter).await {
        Ok(value) => value,
        Err(error) if error.is_not_found() => {
            tracing::info!(parameter, "no domain is registered");
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    let ours = match (domain_id, registered.parse::<DomainId>()) {
        (Some(domain_id), Ok(registered)) => *domain_id == registered,
        (None, Ok(registered)) => is_gone(aws, &registered).await?,
        (_, Err(_)) => false,
    };
    if !ours {
        tracing::warn!(parameter, registered, "parameter kept: it does not name this resource's domain");
        return Ok(());
    }
    match aws.delete_parameter(&parameter).await {
        Err(error) if !error.is_not_found() => Err(error),
        _ => {
            tracing::info!(parameter, registered, "domain no longer registered");
            Ok(())
        }
    }
}

/// A domain that is being deleted comes back in no case.
async fn is_gone(aws: &impl Ports, domain_id: &DomainId) -> Result<bool, AwsError> {
    match aws.describe_domain(domain_id).await {
        Ok(domain) => Ok(domain.status == "Deleting"),
        Err(error) if error.is_not_found() => Ok(true),
        Err(error) => Err(error),
    }
}
