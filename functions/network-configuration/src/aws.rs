use std::future::Future;

use aws_ports::{Aws, AwsError, Operation};
use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{Filter, RouteTableAssociation, RouteTableAssociationStateCode as State};
use identifiers::VpcId;
use tokio::sync::OnceCell;

/// A subnet, as EC2 lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subnet {
    /// `subnet-...`.
    pub id: String,
    /// Of IPv4; `None` for a subnet of IPv6 alone.
    pub cidr_block: Option<String>,
    /// Such as `eu-central-1a`. Another account may call another zone so.
    pub zone: String,
    /// Such as `euc1-az1`: the same zone in every account.
    pub zone_id: String,
    /// `available`, `pending`, ...
    pub state: String,
}

/// A route table, as EC2 lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteTable {
    /// `rtb-...`.
    pub id: String,
    /// The subnets that name no table use it.
    pub is_main: bool,
    /// The subnets that name it.
    pub subnet_ids: Vec<String>,
}

/// Every AWS operation this function calls, and so every action its role needs.
pub trait Ports: Send + Sync + 'static {
    /// `ec2:DescribeVpcs`: whether there is a VPC of this id.
    fn describe_vpcs(&self, vpc_id: &VpcId) -> impl Future<Output = Result<bool, AwsError>> + Send;

    /// `ec2:DescribeSubnets`: those of the VPC, all pages.
    fn describe_subnets(&self, vpc_id: &VpcId) -> impl Future<Output = Result<Vec<Subnet>, AwsError>> + Send;

    /// `ec2:DescribeRouteTables`: those of the VPC, all pages.
    fn describe_route_tables(&self, vpc_id: &VpcId) -> impl Future<Output = Result<Vec<RouteTable>, AwsError>> + Send;
}

/// [`Ports`] over the SDK. The client is made when it is first called.
#[derive(Debug, Default)]
pub struct AwsNetworks {
    aws: Aws,
    client: OnceCell<Client>,
}

impl AwsNetworks {
    /// Loads nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self { aws: Aws::new(), client: OnceCell::const_new() }
    }

    /// Over a client that was configured elsewhere.
    #[must_use]
    pub fn over(client: Client) -> Self {
        Self { aws: Aws::new(), client: OnceCell::new_with(Some(client)) }
    }

    async fn client(&self) -> &Client {
        self.client.get_or_init(|| async { Client::new(self.aws.config().await) }).await
    }
}

impl Ports for AwsNetworks {
    async fn describe_vpcs(&self, vpc_id: &VpcId) -> Result<bool, AwsError> {
        let call = self.client().await.describe_vpcs().filters(of(vpc_id));
        let answer = call.send().await.operation("ec2:DescribeVpcs")?;
        Ok(answer.vpcs.is_some_and(|vpcs| !vpcs.is_empty()))
    }

    async fn describe_subnets(&self, vpc_id: &VpcId) -> Result<Vec<Subnet>, AwsError> {
        let mut pages = self.client().await.describe_subnets().filters(of(vpc_id)).into_paginator().send();
        let mut subnets = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.operation("ec2:DescribeSubnets")?.subnets.unwrap_or_default();
            subnets.extend(page.into_iter().filter_map(|subnet| {
                Some(Subnet {
                    id: subnet.subnet_id?,
                    cidr_block: subnet.cidr_block,
                    zone: subnet.availability_zone.unwrap_or_default(),
                    zone_id: subnet.availability_zone_id.unwrap_or_default(),
                    state: subnet.state.map(|state| state.as_str().to_owned()).unwrap_or_default(),
                })
            }));
        }
        Ok(subnets)
    }

    async fn describe_route_tables(&self, vpc_id: &VpcId) -> Result<Vec<RouteTable>, AwsError> {
        let mut pages = self.client().await.describe_route_tables().filters(of(vpc_id)).into_paginator().send();
        let mut route_tables = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.operation("ec2:DescribeRouteTables")?.route_tables.unwrap_or_default();
            route_tables.extend(page.into_iter().filter_map(|table| {
                let associations: Vec<_> = table.associations.unwrap_or_default().into_iter().filter(holds).collect();
                Some(RouteTable {
                    id: table.route_table_id?,
                    is_main: associations.iter().any(|association| association.main == Some(true)),
                    subnet_ids: associations.into_iter().filter_map(|association| association.subnet_id).collect(),
                })
            }));
        }
        Ok(route_tables)
    }
}

fn of(vpc_id: &VpcId) -> Filter {
    Filter::builder().name("vpc-id").values(vpc_id.as_str()).build()
}

/// An association that is on its way out, or never came about, routes nothing.
fn holds(association: &RouteTableAssociation) -> bool {
    let state = association.association_state.as_ref().and_then(|state| state.state.as_ref());
    !matches!(state, Some(State::Disassociating | State::Disassociated | State::Failed))
}
