//! AWS identifiers as types.
//!
//! A value of one of these types was checked when it was read, so code behind the boundary neither checks again nor
//! mixes up an account with a role. Each type parses with [`FromStr`](std::str::FromStr), prints and serializes as the
//! text it was read from, and orders by that text. What does not parse answers [`Expected`], whose text completes the
//! sentence "expected ...".
//!
//! No partition and no region is listed by name, except in [`dns_suffix`]: new ones appear without notice, and their
//! identifiers keep their form.

mod account;
mod arn;
mod domain;
mod identifier;
pub mod instance_type;
mod model_package;
mod organization;
mod partition;
mod region;
mod role;
mod vpc;

pub use account::AccountId;
pub use domain::DomainId;
pub use identifier::Expected;
pub use model_package::{ModelPackageArn, ModelPackageGroupName};
pub use organization::{OrganizationNode, OrganizationalUnitId, RootId};
pub use partition::dns_suffix;
pub use region::Region;
pub use role::{RoleArn, RoleName};
pub use vpc::VpcId;
