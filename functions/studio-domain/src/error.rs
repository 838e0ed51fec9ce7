use aws_ports::AwsError;
use environment::Environment;
use identifiers::DomainId;

/// Why a domain could not be registered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such domain.
    #[error("DomainId is \"{domain_id}\", expected a Studio domain of this account and region: {source}")]
    NoSuchDomain {
        /// As the template has it.
        domain_id: DomainId,
        /// What SageMaker answered.
        source: Box<AwsError>,
    },
    /// The domain does not serve anybody.
    #[error("domain {domain_id} is {status}, expected InService: {}", reason.as_deref().unwrap_or("no reason given"))]
    NotInService {
        /// As the template has it.
        domain_id: DomainId,
        /// In the service's words.
        status: String,
        /// `FailureReason`.
        reason: Option<String>,
    },
    /// The environment has a domain already.
    #[error(
        "environment {} of type {} has domain {registered} already, which exists, so {domain_id} is not registered; \
         delete {registered} or give {domain_id} an environment of its own",
        environment.name(),
        environment.kind()
    )]
    Taken {
        /// The environment.
        environment: Environment,
        /// The domain that its parameter names.
        registered: DomainId,
        /// The domain that the template names.
        domain_id: DomainId,
    },
    /// Somebody else wrote the environment's parameter.
    #[error("parameter {parameter} holds {value:?}, expected the id of a Studio domain; delete the parameter")]
    StrangeParameter {
        /// Its name.
        parameter: String,
        /// What it holds.
        value: String,
    },
    /// What the service made for this domain has the tags of something else.
    #[error("{}", faults.join("; "))]
    Foreign {
        /// One for each file system or security group.
        faults: Vec<String>,
    },
    /// A call failed.
    #[error(transparent)]
    Aws(#[from] AwsError),
}
