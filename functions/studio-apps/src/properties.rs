use custom_resource::{FromProperties, Reader};
use identifiers::DomainId;

/// What the template says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Properties {
    /// `DomainId`: the Studio domain, of the stack's own account and region.
    pub domain_id: DomainId,
}

impl FromProperties for Properties {
    fn from_properties(reader: &mut Reader<'_>) -> Option<Self> {
        Some(Self { domain_id: reader.required("DomainId")? })
    }
}
