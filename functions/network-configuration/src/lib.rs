//! `Custom::NetworkConfiguration` {`VpcId`, `SubnetCidrBlocks`, `AvailabilityZones`} -> {`SubnetIds`, `RouteTableIds`}:
//! given subnets of a network that exists already, and the route tables that a gateway endpoint has to be entered in.
//!
//! - `SubnetIds`: comma-separated, in the order of `SubnetCidrBlocks`.
//! - `RouteTableIds`: comma-separated, each once, in the order in which the subnets use them.
//!
//! # Invariants
//! - Subnets and route tables of that VPC only: the same CIDR block in another VPC is another subnet.
//! - All subnets or none. What does not fit is said at once, for every subnet, with what was found instead.
//! - A subnet without a route table of its own uses the VPC's main one, and so does the answer.
//! - The answer depends on the network alone, not on the order in which EC2 lists it.
//! - Nothing is made, so Delete has nothing to undo and calls nothing.
//!
//! # Decisions
//! - A subnet that is not available, or lies in a zone that `AvailabilityZones` does not list, is a fault: what would be
//!   built on it fails later, with a message that names neither.
//! - CIDR blocks are compared as networks. One with host bits set is refused with the network that it lies in, as EC2
//!   would silently make it that one.
//! - The answer is as of now. Route tables that change later are in it after the next Update.
//! - A shared VPC is looked at with the rights of this account: EC2 shows a participant the subnets shared with it.

mod aws;
mod cidr_block;
mod error;
mod network;
mod properties;
mod zone;

use custom_resource::{Attributes, CustomResource, Failure, Progress, Request, Scope};

pub use aws::{AwsNetworks, Ports, RouteTable, Subnet};
pub use cidr_block::{CidrBlock, InvalidCidrBlock};
pub use error::{Error, Fault};
pub use network::Network;
pub use properties::Properties;
pub use zone::{InvalidZone, Zone};

/// The custom resource, over any implementation of its [`Ports`].
#[derive(Debug)]
pub struct NetworkConfiguration<A> {
    aws: A,
}

impl<A: Ports> NetworkConfiguration<A> {
    /// Calls nothing.
    pub const fn new(aws: A) -> Self {
        Self { aws }
    }

    async fn find(&self, properties: &Properties, scope: &Scope) -> Result<Network, Error> {
        let vpc_id = &properties.vpc_id;
        // EC2 answers a filter for a VPC that does not exist with nothing, so whether it exists is a question of its own.
        let (exists, subnets, route_tables) = tokio::try_join!(
            self.aws.describe_vpcs(vpc_id),
            self.aws.describe_subnets(vpc_id),
            self.aws.describe_route_tables(vpc_id),
        )?;
        if !exists {
            return Err(Error::NoVpc {
                vpc_id: vpc_id.clone(),
                account_id: scope.account_id.clone(),
                region: scope.region.clone(),
            });
        }
        Network::find(properties, &subnets, &route_tables)
    }

    async fn answer(&self, request: &Request<Properties>) -> Result<Progress, Failure> {
        let Network { subnet_ids, route_table_ids } = self.find(&request.properties, &request.scope).await?;
        tracing::info!(subnets = subnet_ids.len(), route_tables = route_table_ids.len(), "network found");
        Ok(Progress::Done(
            Attributes::new().with("SubnetIds", subnet_ids.join(",")).with("RouteTableIds", route_table_ids.join(",")),
        ))
    }
}

impl<A: Ports> CustomResource for NetworkConfiguration<A> {
    const KIND: &'static str = "network-configuration";
    type Properties = Properties;

    async fn create(&self, request: &Request<Properties>) -> Result<Progress, Failure> {
        self.answer(request).await
    }

    async fn update(&self, request: &Request<Properties>, _old: Option<&Properties>) -> Result<Progress, Failure> {
        self.answer(request).await
    }

    async fn delete(&self, _request: &Request<Option<Properties>>) -> Result<Progress, Failure> {
        Ok(Progress::Done(Attributes::new()))
    }
}
