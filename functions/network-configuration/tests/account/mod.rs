//! Networks of an account in memory: what EC2 lists of them, what was called, and the call that fails.

use std::sync::{Arc, Mutex, MutexGuard};

use aws_ports::AwsError;
use identifiers::VpcId;
use network_configuration::{Ports, RouteTable, Subnet};

#[derive(Default)]
pub(crate) struct State {
    pub(crate) vpcs: Vec<&'static str>,
    /// With the VPC that they are in.
    pub(crate) subnets: Vec<(&'static str, Subnet)>,
    pub(crate) route_tables: Vec<(&'static str, RouteTable)>,
    pub(crate) calls: Vec<&'static str>,
    /// The operation that fails, and its code.
    pub(crate) failing: Option<(&'static str, &'static str)>,
}

/// Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Account(Arc<Mutex<State>>);

pub(crate) fn subnet(id: &str, block: &str, zone: char) -> Subnet {
    Subnet {
        id: format!("subnet-{id}"),
        cidr_block: Some(block.to_owned()),
        zone: format!("eu-central-1{zone}"),
        zone_id: format!("euc1-az{}", u32::from(zone) - u32::from('a') + 1),
        state: "available".to_owned(),
    }
}

pub(crate) fn route_table(id: &str, is_main: bool, subnets: &[&str]) -> RouteTable {
    let subnet_ids = subnets.iter().map(|id| format!("subnet-{id}")).collect();
    RouteTable { id: format!("rtb-{id}"), is_main, subnet_ids }
}

impl Account {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    fn call<T>(&self, operation: &'static str, answer: impl FnOnce(&State) -> T) -> Result<T, AwsError> {
        let mut state = self.state();
        state.calls.push(operation);
        match state.failing {
            Some((failing, code)) if failing == operation => {
                Err(AwsError::answered(operation, code, "arranged by the test"))
            }
            _ => Ok(answer(&state)),
        }
    }
}

fn of<T: Clone>(all: &[(&'static str, T)], vpc_id: &VpcId) -> Vec<T> {
    all.iter().filter(|(vpc, _)| *vpc == vpc_id.as_str()).map(|(_, item)| item.clone()).collect()
}

impl Ports for Account {
    async fn describe_vpcs(&self, vpc_id: &VpcId) -> Result<bool, AwsError> {
        self.call("ec2:DescribeVpcs", |state| state.vpcs.contains(&vpc_id.as_str()))
    }

    async fn describe_subnets(&self, vpc_id: &VpcId) -> Result<Vec<Subnet>, AwsError> {
        self.call("ec2:DescribeSubnets", |state| of(&state.subnets, vpc_id))
    }

    async fn describe_route_tables(&self, vpc_id: &VpcId) -> Result<Vec<RouteTable>, AwsError> {
        self.call("ec2:DescribeRouteTables", |state| of(&state.route_tables, vpc_id))
    }
}
