//! `Custom::EnvironmentConfiguration` {`SageMakerProjectName`, `Parameters`, `OptionalParameters`, `EnvironmentName` and
//! `EnvironmentType`} -> {one attribute per parameter, and the domain's network}: what a project's template has to know
//! of the environment that the project lives in.
//!
//! - `Parameters`, a list of `Attribute=key`: the attribute is the value of the parameter
//!   `/<EnvironmentName>/<EnvironmentType>/<key>` in Parameter Store. With `OptionalParameters` a parameter that does not
//!   exist gives an empty attribute.
//! - Always there: `EnvironmentName`, `EnvironmentType`; `DomainId`, `DomainArn`, `VpcId`, `SubnetIds` of the Studio domain;
//!   `SecurityGroups` and `ExecutionRole` of its default user settings. Lists are comma-delimited.
//!
//! # Which environment
//! The properties `EnvironmentName` and `EnvironmentType`, else the tags of these names on the project's domain, else on
//! the project. The domain is the one that the project was made in; of a project that was made elsewhere, the one that
//! the environment's parameter `sagemaker-domain-id` names.
//!
//! # Decisions
//! - Only what Parameter Store says does not exist is missing. A call that is denied or throttled fails the resource
//!   with its own code, also for an optional parameter.
//! - All parameters that are missing are named in one answer.
//! - A `SecureString` is refused, not decrypted: attributes are shown to everyone who may read the stack.
//! - A domain's answer is not handed on as it is: a few named fields, all texts, so that the service may add others.
//! - Nothing is made, so Delete has nothing to undo and calls nothing. Update computes everything again.
//!
//! # Limits
//! CloudFormation takes an answer of 4096 bytes. Beyond that the resource fails and names the biggest attributes: split
//! the parameters over several resources.

mod aws;
mod error;
mod lookup;
mod parameters;
mod properties;

use custom_resource::{Attributes, CustomResource, Failure, Progress, Request};
use environment::{Environment, NAME_TAG, TYPE_TAG};

pub use aws::{AwsServices, Domain, Page, Parameter, Ports, Project};
pub use error::Error;
pub use properties::{Assignment, InvalidAssignment, ProjectName, Properties, Wanted};

/// Attributes that are always there, so no parameter can have their names.
pub(crate) const FIXED: [&str; 8] =
    [NAME_TAG, TYPE_TAG, "DomainId", "DomainArn", "VpcId", "SubnetIds", "SecurityGroups", "ExecutionRole"];

/// The custom resource, over any implementation of its [`Ports`].
#[derive(Debug)]
pub struct EnvironmentConfiguration<A> {
    aws: A,
}

impl<A: Ports> EnvironmentConfiguration<A> {
    /// Calls nothing.
    pub const fn new(aws: A) -> Self {
        Self { aws }
    }

    async fn compute(&self, properties: &Properties) -> Result<Attributes, Error> {
        let project = self.aws.describe_project(&properties.project).await.map_err(|source| {
            let no_project = source.is_not_found();
            if no_project {
                Error::NoProject { project: properties.project.clone(), source: Box::new(source) }
            } else {
                source.into()
            }
        })?;
        let home = match &project.domain_id {
            Some(id) => Some(self.aws.describe_domain(id).await?),
            None => None,
        };
        let environment = match &properties.environment {
            Some(environment) => environment.clone(),
            None => lookup::environment(&self.aws, &properties.project, &project, home.as_ref()).await?,
        };
        let values = parameters::read(&self.aws, &environment, &properties.parameters, home.is_none()).await?;
        let domain = match home {
            Some(domain) => domain,
            None => self.aws.describe_domain(&values.domain_id).await?,
        };
        tracing::info!(
            environment = environment.path(),
            domain = domain.id,
            parameters = properties.parameters.len(),
            "environment found"
        );
        fixed(&environment, domain).map(|fixed| {
            values.attributes.into_iter().fold(fixed, |attributes, (name, value)| attributes.with(name, value))
        })
    }
}

/// # Errors
/// When the domain lacks what every domain has.
fn fixed(environment: &Environment, domain: Domain) -> Result<Attributes, Error> {
    let mut absent = Vec::new();
    let mut given = |value: String, field: &'static str| {
        if value.is_empty() {
            absent.push(field);
        }
        value
    };
    let attributes = Attributes::new()
        .with(NAME_TAG, environment.name().as_str())
        .with(TYPE_TAG, environment.kind().as_str())
        .with("DomainId", given(domain.id, "DomainId"))
        .with("DomainArn", given(domain.arn, "DomainArn"))
        .with("VpcId", given(domain.vpc_id, "VpcId"))
        .with("SubnetIds", given(domain.subnet_ids.join(","), "SubnetIds"))
        .with("ExecutionRole", given(domain.execution_role, "DefaultUserSettings.ExecutionRole"))
        // A domain may do without.
        .with("SecurityGroups", domain.security_groups.join(","));
    if absent.is_empty() { Ok(attributes) } else { Err(Error::Incomplete { absent }) }
}

impl<A: Ports> CustomResource for EnvironmentConfiguration<A> {
    const KIND: &'static str = "environment-configuration";
    type Properties = Properties;

    async fn create(&self, request: &Request<Properties>) -> Result<Progress, Failure> {
        Ok(self.compute(&request.properties).await?.into())
    }

    async fn update(&self, request: &Request<Properties>, _old: Option<&Properties>) -> Result<Progress, Failure> {
        Ok(self.compute(&request.properties).await?.into())
    }

    async fn delete(&self, _request: &Request<Option<Properties>>) -> Result<Progress, Failure> {
        Ok(Attributes::new().into())
    }
}
