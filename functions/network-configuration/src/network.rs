use crate::aws::{RouteTable, Subnet};
use crate::cidr_block::CidrBlock;
use crate::error::{Error, Fault};
use crate::properties::Properties;

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    /// In the order of `SubnetCidrBlocks`.
    pub subnet_ids: Vec<String>,
    /// Each once, in the order of the subnets that use them.
    pub route_table_ids: Vec<String>,
}

impl Network {
    /// Picks the subnets and their route tables out of those of the VPC.
    ///
    /// # Errors
    /// All faults at once.
    pub fn find(properties: &Properties, subnets: &[Subnet], route_tables: &[RouteTable]) -> Result<Self, Error> {
        let mut found = Self { subnet_ids: Vec::new(), route_table_ids: Vec::new() };
        let mut faults = Vec::new();
        for block in &properties.subnet_cidr_blocks {
            match route(properties, *block, subnets, route_tables) {
                Ok((subnet, table)) => {
                    found.subnet_ids.push(subnet.id.clone());
                    if !found.route_table_ids.contains(&table.id) {
                        found.route_table_ids.push(table.id.clone());
                    }
                }
                Err(mut of_block) => faults.append(&mut of_block),
            }
        }
        if faults.is_empty() {
            return Ok(found);
        }
        let mut existing: Vec<_> = subnets.iter().filter_map(|subnet| subnet.cidr_block.clone()).collect();
        existing.sort_by_key(|block| block.parse::<CidrBlock>().ok());
        Err(Error::Unfit { vpc_id: properties.vpc_id.clone(), faults, existing })
    }
}

/// The one subnet that has `block`, and the route table it uses.
fn route<'a>(
    properties: &Properties,
    block: CidrBlock,
    subnets: &'a [Subnet],
    route_tables: &'a [RouteTable],
) -> Result<(&'a Subnet, &'a RouteTable), Vec<Fault>> {
    let of_block = |subnet: &&Subnet| subnet.cidr_block.as_deref().and_then(|text| text.parse().ok()) == Some(block);
    let matching: Vec<_> = subnets.iter().filter(of_block).collect();
    let subnet = match matching.as_slice() {
        [] => return Err(vec![Fault::Missing { block }]),
        [subnet] => *subnet,
        several => {
            let mut subnet_ids: Vec<_> = several.iter().map(|subnet| subnet.id.clone()).collect();
            subnet_ids.sort();
            return Err(vec![Fault::Ambiguous { block, subnet_ids }]);
        }
    };
    let mut faults = Vec::new();
    let zones = &properties.availability_zones;
    if !zones.is_empty() && !zones.iter().any(|zone| zone.holds(subnet)) {
        faults.push(Fault::OtherZone {
            block,
            subnet_id: subnet.id.clone(),
            zone: subnet.zone.clone(),
            zone_id: subnet.zone_id.clone(),
            expected: zones.iter().cloned().collect(),
        });
    }
    if subnet.state != "available" {
        faults.push(Fault::NotAvailable { block, subnet_id: subnet.id.clone(), state: subnet.state.clone() });
    }
    let own = route_tables.iter().find(|table| table.subnet_ids.contains(&subnet.id));
    match own.or_else(|| route_tables.iter().find(|table| table.is_main)) {
        Some(table) if faults.is_empty() => Ok((subnet, table)),
        Some(_) => Err(faults),
        None => {
            faults.push(Fault::NoRouteTable { block, subnet_id: subnet.id.clone() });
            Err(faults)
        }
    }
}
