//! `Custom::StudioDomain` {`DomainId`, `EnvironmentName`, `EnvironmentType`} -> {`DomainArn`, `Url`,
//! `HomeEfsFileSystemId`, `VpcId`, `SubnetIds`, `SecurityGroupIds`}: a Studio domain is registered as its environment's, and
//! what the service made for it carries the environment's tags.
//!
//! SageMaker makes a file system and security groups for a domain, and leaves them when the domain is deleted. Nobody can be
//! asked for them then: so they are tagged while the domain is there. The service's own tag on them names the domain, the
//! environment's tags say whose domain it was. Those tags are the record that `Custom::StudioStorage` cleans up by; no
//! parameter has to outlive the stack.
//!
//! `SubnetIds` and `SecurityGroupIds`, the groups that the service made, have commas between them.
//!
//! # Invariants
//! - Only what carries the service's tag with this domain's ARN is tagged. What is another domain's or another environment's
//!   fails the request before anything is written, all of it at once.
//! - The parameter `/<EnvironmentName>/<EnvironmentType>/sagemaker-domain-id` names one domain. Another one that exists is
//!   never written over, except the one that this resource registered before. Delete removes the parameter only if it still
//!   names this resource's domain.
//! - Tags stay at Delete (R27): the domain is deleted after it, and what it leaves is found by them.
//!
//! # Decisions
//! - A replaced domain is followed in place, forwards and, in a rollback, backwards. A new environment is another resource.
//! - A domain that changes its environment without being made anew is refused by its old tags: to move them within the
//!   update would lose the record if it rolled back.
//! - Register a domain in one stack. Of two that register the same one, the first to be deleted removes the parameter; the
//!   other writes it again with its next Update.

mod aws;
mod belongings;
mod error;
mod properties;
mod registration;

use std::time::Duration;

use custom_resource::{Attributes, CustomResource, Failure, PhysicalId, Progress, Request, Scope};
use environment::Environment;
use identifiers::DomainId;
use serde_json::Value;

pub use aws::{AwsServices, Domain, Ports, Tagged};
pub use error::Error;
pub use properties::Properties;

/// CloudFormation waits for a domain itself, so one that is not in service yet is the exception.
const AGAIN_IN: Duration = Duration::from_secs(5);

/// The custom resource, over any implementation of its [`Ports`].
#[derive(Debug)]
pub struct StudioDomain<A> {
    aws: A,
}

impl<A: Ports> StudioDomain<A> {
    /// Calls nothing.
    pub const fn new(aws: A) -> Self {
        Self { aws }
    }

    async fn register(&self, properties: &Properties, old: Option<&Properties>) -> Result<Progress, Error> {
        let Properties { domain_id, environment } = properties;
        let domain = match self.aws.describe_domain(domain_id).await {
            Ok(domain) => domain,
            Err(source) if source.is_not_found() => {
                return Err(Error::NoSuchDomain { domain_id: domain_id.clone(), source: Box::new(source) });
            }
            Err(error) => return Err(error.into()),
        };
        match domain.status.as_str() {
            "InService" => {}
            "Pending" | "Updating" => {
                return Ok(unfinished(format!("domain {domain_id}, which is {}, to be in service", domain.status)));
            }
            _ => {
                let (status, reason) = (domain.status, domain.failure_reason);
                return Err(Error::NotInService { domain_id: domain_id.clone(), status, reason });
            }
        }
        let registration = registration::look(&self.aws, properties, old).await?;
        let belongings = belongings::find(&self.aws, domain_id, &domain, environment).await?;
        belongings::tag(&self.aws, &belongings, environment).await?;
        if !registration::write(&self.aws, properties, registration).await? {
            let parameter = environment.parameter(registration::KEY);
            return Ok(unfinished(format!("another look at parameter {parameter}, which somebody else just wrote")));
        }
        let groups: Vec<String> = belongings.groups.into_iter().map(|group| group.id).collect();
        let attributes = Attributes::new()
            .with("DomainArn", domain.arn)
            .with("Url", domain.url)
            .with("HomeEfsFileSystemId", domain.file_system_id.unwrap_or_default())
            .with("VpcId", domain.vpc_id)
            .with("SubnetIds", domain.subnet_ids.join(","))
            .with("SecurityGroupIds", groups.join(","));
        Ok(attributes.into())
    }
}

impl<A: Ports> CustomResource for StudioDomain<A> {
    const KIND: &'static str = "studio-domain";
    type Properties = Properties;

    fn identity(&self, scope: &Scope, properties: &Properties) -> Vec<String> {
        let environment = &properties.environment;
        let (name, kind) = (environment.name().to_string(), environment.kind().to_string());
        vec![name, kind, scope.stack_guid.clone(), scope.logical_id.clone()]
    }

    async fn create(&self, request: &Request<Properties>) -> Result<Progress, Failure> {
        // A delivery of this request that was cut off may have written the parameter before this one failed.
        self.register(&request.properties, None).await.map_err(Failure::half_made)
    }

    async fn update(&self, request: &Request<Properties>, old: Option<&Properties>) -> Result<Progress, Failure> {
        Ok(self.register(&request.properties, old).await?)
    }

    async fn delete(&self, request: &Request<Option<Properties>>) -> Result<Progress, Failure> {
        let (environment, domain_id): (Environment, Option<&DomainId>) = match &request.properties {
            Some(properties) => (properties.environment.clone(), Some(&properties.domain_id)),
            None => match environment_of(&request.physical_id) {
                Some(environment) => (environment, None),
                None => {
                    tracing::warn!(
                        physical_id = request.physical_id.as_str(),
                        "properties unreadable, nothing removed"
                    );
                    return Ok(Attributes::new().into());
                }
            },
        };
        registration::remove(&self.aws, &environment, domain_id).await?;
        tracing::info!("tags stay on the file system and the security groups: what the domain leaves is found by them");
        Ok(Attributes::new().into())
    }
}

/// The id begins with the environment, see `identity`.
fn environment_of(id: &PhysicalId) -> Option<Environment> {
    let mut segments = id.segments().into_iter();
    Some(Environment::new(segments.next()?.parse().ok()?, segments.next()?.parse().ok()?))
}

/// Nothing has to be remembered: every look starts from what there is.
fn unfinished(waiting_for: String) -> Progress {
    Progress::Unfinished { waiting_for, state: Value::Null, again_in: AGAIN_IN }
}
