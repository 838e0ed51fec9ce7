use custom_resource::{FromProperties, Reader};
use environment::Environment;
use identifiers::DomainId;

/// What the template asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Properties {
    /// `DomainId`: a domain of the stack's account and region.
    pub domain_id: DomainId,
    /// `EnvironmentName` and `EnvironmentType`: whose domain it is.
    pub environment: Environment,
}

impl FromProperties for Properties {
    fn from_properties(reader: &mut Reader<'_>) -> Option<Self> {
        let domain_id = reader.required("DomainId");
        let (name, kind) = (reader.required("EnvironmentName"), reader.required("EnvironmentType"));
        Some(Self { domain_id: domain_id?, environment: Environment::new(name?, kind?) })
    }
}
