use std::collections::BTreeSet;
use std::fmt::Display;

use custom_resource::{FromProperties, Reader};
use identifiers::VpcId;

use crate::cidr_block::CidrBlock;
use crate::zone::Zone;

pub(crate) const VPC_ID: &str = "VpcId";
pub(crate) const SUBNET_CIDR_BLOCKS: &str = "SubnetCidrBlocks";
pub(crate) const AVAILABILITY_ZONES: &str = "AvailabilityZones";

/// What the template asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Properties {
    /// `VpcId`: where the subnets are.
    pub vpc_id: VpcId,
    /// `SubnetCidrBlocks`: which they are, at least one, each once. Their order is that of the answer.
    pub subnet_cidr_blocks: Vec<CidrBlock>,
    /// `AvailabilityZones`: where they have to lie; anywhere if empty.
    pub availability_zones: BTreeSet<Zone>,
}

impl FromProperties for Properties {
    fn from_properties(reader: &mut Reader<'_>) -> Option<Self> {
        // All are read before the first `?`, so that one answer has the faults of all.
        let vpc_id = reader.required(VPC_ID);
        let blocks: Option<Vec<CidrBlock>> = reader.list(SUBNET_CIDR_BLOCKS);
        let zones: Option<Vec<Zone>> = reader.list(AVAILABILITY_ZONES);
        if let Some(blocks) = &blocks {
            if blocks.is_empty() {
                reader.fault(SUBNET_CIDR_BLOCKS, "is empty, expected the CIDR block of at least one subnet");
            }
            refuse_repetition(reader, SUBNET_CIDR_BLOCKS, blocks);
        }
        if let Some(zones) = &zones {
            refuse_repetition(reader, AVAILABILITY_ZONES, zones);
        }
        Some(Self { vpc_id: vpc_id?, subnet_cidr_blocks: blocks?, availability_zones: zones?.into_iter().collect() })
    }
}

/// Of two equal entries one was meant to be another.
fn refuse_repetition<T: Ord + Display>(reader: &mut Reader<'_>, name: &str, listed: &[T]) {
    let mut once = BTreeSet::new();
    let twice: BTreeSet<_> = listed.iter().filter(|value| !once.insert(*value)).collect();
    for value in twice {
        reader.fault(name, format_args!("holds {value} more than once, expected each value once"));
    }
}
