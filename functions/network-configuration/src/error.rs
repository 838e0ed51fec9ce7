use std::fmt;

use aws_ports::AwsError;
use identifiers::VpcId;

use crate::cidr_block::CidrBlock;
use crate::properties::{AVAILABILITY_ZONES, SUBNET_CIDR_BLOCKS, VPC_ID};
use crate::zone::Zone;

/// Existing CIDR blocks that an error lists: enough to see a slip by, and short enough for CloudFormation.
const LISTED: usize = 20;

/// Why the network could not be found.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// EC2 does not know the VPC.
    #[error(
        "{VPC_ID} is {vpc_id}, which account {account_id} does not have in {region}, expected a VPC of this account and \
         region, or one that is shared with it"
    )]
    NoVpc {
        /// Of the property.
        vpc_id: VpcId,
        /// The stack's account.
        account_id: String,
        /// The stack's region.
        region: String,
    },
    /// The VPC is there, and its subnets are not as they should be.
    #[error("{}{}", joined(faults, "; "), Existing { vpc_id, faults, existing })]
    Unfit {
        /// Of the property.
        vpc_id: VpcId,
        /// At least one, in the order of the subnets.
        faults: Vec<Fault>,
        /// The CIDR blocks of the subnets that the VPC has.
        existing: Vec<String>,
    },
    /// A call failed.
    #[error(transparent)]
    Aws(#[from] AwsError),
}

/// What is wrong with one subnet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// There is none.
    #[error("{SUBNET_CIDR_BLOCKS} holds {block}, which no subnet has")]
    Missing {
        /// Of the property.
        block: CidrBlock,
    },
    /// There are several.
    #[error("{SUBNET_CIDR_BLOCKS} holds {block}, which several subnets have: {}", subnet_ids.join(", "))]
    Ambiguous {
        /// Of the property.
        block: CidrBlock,
        /// All that have it.
        subnet_ids: Vec<String>,
    },
    /// It lies in a zone that the template does not want.
    #[error(
        "{SUBNET_CIDR_BLOCKS} holds {block}, whose {subnet_id} lies in {zone} ({zone_id}), expected {} as \
         {AVAILABILITY_ZONES} says",
        joined(expected, " or ")
    )]
    OtherZone {
        /// Of the property.
        block: CidrBlock,
        /// The subnet that has it.
        subnet_id: String,
        /// Name of its zone.
        zone: String,
        /// Id of its zone.
        zone_id: String,
        /// Of the property.
        expected: Vec<Zone>,
    },
    /// It is being made, or could not be.
    #[error("{SUBNET_CIDR_BLOCKS} holds {block}, whose {subnet_id} is {state}, expected a subnet that is available")]
    NotAvailable {
        /// Of the property.
        block: CidrBlock,
        /// The subnet that has it.
        subnet_id: String,
        /// As EC2 says it.
        state: String,
    },
    /// EC2 shows neither a table of its own nor a main one, as may happen in a VPC that another account shares.
    #[error(
        "{SUBNET_CIDR_BLOCKS} holds {block}, for whose {subnet_id} EC2 shows no route table, expected one of its own or \
         the VPC's main one; in a shared VPC, have its owner give the subnet a route table of its own"
    )]
    NoRouteTable {
        /// Of the property.
        block: CidrBlock,
        /// The subnet that has it.
        subnet_id: String,
    },
}

/// What the VPC has, where something in it is missing.
struct Existing<'a> {
    vpc_id: &'a VpcId,
    faults: &'a [Fault],
    existing: &'a [String],
}

impl fmt::Display for Existing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { vpc_id, faults, existing } = *self;
        if !faults.iter().any(|fault| matches!(fault, Fault::Missing { .. })) {
            return Ok(());
        }
        if existing.is_empty() {
            return write!(f, "; {vpc_id} has no IPv4 subnets");
        }
        write!(f, "; the subnets of {vpc_id} have {}", joined(existing.iter().take(LISTED), ", "))?;
        match existing.len().saturating_sub(LISTED) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

fn joined(items: impl IntoIterator<Item = impl fmt::Display>, separator: &str) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(separator)
}
