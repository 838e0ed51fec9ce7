//! Which subnets and route tables are found in an account in memory, and what is said of those that are not.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, where it is set up too"
)]

mod account;

use std::time::Duration;

use account::{Account, route_table, subnet};
use custom_resource::{
    Attributes, CustomResource, Failure, PhysicalId, Progress, Request, Scope, TimeLeft, read_properties,
};
use network_configuration::{Network, NetworkConfiguration, Properties, Subnet};
use proptest::prelude::*;
use serde_json::{Value, json};

const VPC: &str = "vpc-0a1b2c3d4e5f67890";
const OTHER_VPC: &str = "vpc-1a2b3c4d";

fn scope() -> Scope {
    Scope::new("arn:aws:cloudformation:eu-central-1:123456789012:stack/studio/0f1e2d3c", "Network").unwrap()
}

fn properties(blocks: &[&str], zones: &[&str]) -> Properties {
    read_properties(&json!({"VpcId": VPC, "SubnetCidrBlocks": blocks, "AvailabilityZones": zones})).unwrap()
}

fn request<P>(properties: P) -> Request<P> {
    let scope = scope();
    Request {
        properties,
        physical_id: PhysicalId::new(
            "network-configuration",
            [&scope.stack_name, &scope.stack_guid, &scope.logical_id],
        ),
        scope,
        request_id: "5e0c2b4a".into(),
        time: TimeLeft::lasting(Duration::from_secs(60)),
        state: None,
    }
}

fn done(progress: Result<Progress, Failure>) -> Result<Attributes, String> {
    match progress {
        Ok(Progress::Done(attributes)) => Ok(attributes),
        Ok(Progress::Unfinished { waiting_for, .. }) => panic!("waits for {waiting_for}"),
        Err(failure) => Err(failure.to_string()),
    }
}

async fn create(account: &Account, blocks: &[&str], zones: &[&str]) -> Result<Attributes, String> {
    done(NetworkConfiguration::new(account.clone()).create(&request(properties(blocks, zones))).await)
}

async fn reason(account: &Account, blocks: &[&str], zones: &[&str]) -> String {
    create(account, blocks, zones).await.unwrap_err()
}

fn found(attributes: &Attributes) -> (&str, &str) {
    (attributes.get("SubnetIds").unwrap(), attributes.get("RouteTableIds").unwrap())
}

/// Three subnets over two zones. One has no route table of its own.
fn account() -> Account {
    let account = Account::default();
    let mut state = account.state();
    state.vpcs = vec![VPC, OTHER_VPC];
    state.subnets = vec![
        (VPC, subnet("one", "10.0.1.0/24", 'a')),
        (VPC, subnet("two", "10.0.2.0/24", 'b')),
        (VPC, subnet("three", "10.0.3.0/28", 'b')),
        (OTHER_VPC, subnet("elsewhere", "10.0.1.0/24", 'a')),
        (OTHER_VPC, subnet("elsewhere-9", "10.0.9.0/24", 'a')),
    ];
    state.route_tables = vec![
        (OTHER_VPC, route_table("elsewhere", true, &["one"])),
        (VPC, route_table("private", false, &["one", "three"])),
        (VPC, route_table("main", true, &[])),
    ];
    drop(state);
    account
}

#[tokio::test]
async fn e07_the_order_is_that_of_the_properties() {
    let account = account();
    let attributes = create(&account, &["10.0.3.0/28", "10.0.2.0/24", "10.0.1.0/24"], &[]).await.unwrap();
    assert_eq!(found(&attributes), ("subnet-three,subnet-two,subnet-one", "rtb-private,rtb-main"));
    let attributes = create(&account, &["10.0.2.0/24", "10.0.3.0/28"], &[]).await.unwrap();
    assert_eq!(found(&attributes), ("subnet-two,subnet-three", "rtb-main,rtb-private"));
}

#[tokio::test]
async fn e07_the_same_block_in_another_vpc_is_another_subnet() {
    let attributes = create(&account(), &["10.0.1.0/24"], &[]).await.unwrap();
    assert_eq!(found(&attributes), ("subnet-one", "rtb-private"));
    assert!(reason(&account(), &["10.0.9.0/24"], &[]).await.contains("10.0.9.0/24, which no subnet has"));
}

#[tokio::test]
async fn e07_a_subnet_without_a_route_table_of_its_own_uses_the_main_one() {
    assert_eq!(found(&create(&account(), &["10.0.2.0/24"], &[]).await.unwrap()), ("subnet-two", "rtb-main"));
    let account = account();
    account.state().route_tables.push((VPC, route_table("own", false, &["two"])));
    assert_eq!(found(&create(&account, &["10.0.2.0/24"], &[]).await.unwrap()), ("subnet-two", "rtb-own"));
}

#[tokio::test]
async fn e07_zones_are_names_or_ids() {
    for zones in [&["eu-central-1a", "eu-central-1b"][..], &["euc1-az1", "euc1-az2"], &["euc1-az1", "eu-central-1b"]] {
        create(&account(), &["10.0.1.0/24", "10.0.2.0/24"], zones).await.unwrap();
    }
    assert_eq!(
        reason(&account(), &["10.0.1.0/24", "10.0.2.0/24", "10.0.3.0/28"], &["eu-central-1a"]).await,
        "SubnetCidrBlocks holds 10.0.2.0/24, whose subnet-two lies in eu-central-1b (euc1-az2), expected eu-central-1a as \
         AvailabilityZones says; SubnetCidrBlocks holds 10.0.3.0/28, whose subnet-three lies in eu-central-1b (euc1-az2), \
         expected eu-central-1a as AvailabilityZones says"
    );
}

#[tokio::test]
async fn e07_everything_that_does_not_fit_is_said_at_once() {
    let account = account();
    account.state().subnets[1].1.state = "pending".into();
    account.state().subnets.push((VPC, subnet("double", "10.0.3.0/28", 'a')));
    account.state().route_tables.retain(|(_, table)| !table.is_main);
    let blocks = ["10.0.7.0/24", "10.0.3.0/28", "10.0.1.0/24", "10.0.2.0/24"];
    assert_eq!(
        reason(&account, &blocks, &["eu-central-1a", "eu-central-1c"]).await,
        "SubnetCidrBlocks holds 10.0.7.0/24, which no subnet has; \
         SubnetCidrBlocks holds 10.0.3.0/28, which several subnets have: subnet-double, subnet-three; \
         SubnetCidrBlocks holds 10.0.2.0/24, whose subnet-two lies in eu-central-1b (euc1-az2), expected eu-central-1a or \
         eu-central-1c as AvailabilityZones says; \
         SubnetCidrBlocks holds 10.0.2.0/24, whose subnet-two is pending, expected a subnet that is available; \
         SubnetCidrBlocks holds 10.0.2.0/24, for whose subnet-two EC2 shows no route table, expected one of its own or the \
         VPC's main one; in a shared VPC, have its owner give the subnet a route table of its own; \
         the subnets of vpc-0a1b2c3d4e5f67890 have 10.0.1.0/24, 10.0.2.0/24, 10.0.3.0/28, 10.0.3.0/28"
    );
}

#[tokio::test]
async fn e07_what_the_vpc_has_is_listed_in_order_and_clipped() {
    let account = account();
    account.state().subnets =
        (0u8..200).rev().map(|n| (VPC, subnet(&n.to_string(), &format!("10.1.{n}.0/24"), 'a'))).collect();
    let reason = reason(&account, &["10.0.1.0/24"], &[]).await;
    assert!(
        reason.contains("have 10.1.0.0/24, 10.1.1.0/24, ") && reason.ends_with("10.1.19.0/24 and 180 more"),
        "{reason}"
    );
}

#[tokio::test]
async fn e07_a_vpc_without_subnets_and_no_vpc_are_told_apart() {
    let account = account();
    account.state().subnets.retain(|(vpc, _)| *vpc != VPC);
    assert!(reason(&account, &["10.0.1.0/24"], &[]).await.ends_with("; vpc-0a1b2c3d4e5f67890 has no IPv4 subnets"));
    account.state().vpcs.clear();
    assert_eq!(
        reason(&account, &["10.0.1.0/24"], &[]).await,
        "VpcId is vpc-0a1b2c3d4e5f67890, which account 123456789012 does not have in eu-central-1, expected a VPC of this \
         account and region, or one that is shared with it"
    );
}

#[tokio::test]
async fn e07_a_subnet_of_ipv6_alone_is_passed_over() {
    let account = account();
    account.state().subnets.insert(0, (VPC, Subnet { cidr_block: None, ..subnet("six", "", 'a') }));
    assert_eq!(found(&create(&account, &["10.0.1.0/24"], &[]).await.unwrap()).0, "subnet-one");
}

#[tokio::test]
async fn e00a_update_looks_again_whatever_the_old_properties_were() {
    let account = account();
    let resource = NetworkConfiguration::new(account.clone());
    let (new, old) = (properties(&["10.0.2.0/24"], &[]), properties(&["10.0.1.0/24"], &[]));
    for old in [None, Some(&old), Some(&new)] {
        let attributes = done(resource.update(&request(new.clone()), old).await).unwrap();
        assert_eq!(found(&attributes), ("subnet-two", "rtb-main"));
    }
    account.state().route_tables.push((VPC, route_table("own", false, &["two"])));
    let attributes = done(resource.update(&request(new.clone()), Some(&new)).await).unwrap();
    assert_eq!(found(&attributes), ("subnet-two", "rtb-own"));
}

#[test]
fn e00b_the_id_does_not_depend_on_the_properties() {
    let resource = NetworkConfiguration::new(Account::default());
    let id = |blocks: &[&str]| resource.identity(&scope(), &properties(blocks, &[]));
    assert_eq!(id(&["10.0.1.0/24"]), id(&["10.0.2.0/24"]));
    assert_eq!(id(&["10.0.1.0/24"]), ["studio", "0f1e2d3c", "Network"]);
}

#[tokio::test]
async fn e00c_delete_calls_nothing() {
    let account = account();
    let resource = NetworkConfiguration::new(account.clone());
    for properties in [None, Some(properties(&["10.0.1.0/24"], &[]))] {
        assert!(done(resource.delete(&request(properties)).await).unwrap().is_empty());
    }
    assert!(account.state().calls.is_empty());
}

#[tokio::test]
async fn e00g_a_failed_call_is_a_failure_with_its_code_and_request_id() {
    for operation in ["ec2:DescribeVpcs", "ec2:DescribeSubnets", "ec2:DescribeRouteTables"] {
        for code in ["UnauthorizedOperation", "RequestLimitExceeded"] {
            let account = account();
            account.state().failing = Some((operation, code));
            let reason = reason(&account, &["10.0.1.0/24"], &[]).await;
            assert!(reason.starts_with(&format!("{operation} answered {code}: ")) && reason.contains("request id"));
        }
    }
}

#[test]
fn faults_of_the_properties_come_all_at_once() {
    let rows: [(Value, &[&str]); 6] = [
        (
            json!({}),
            &[
                "VpcId is missing, expected a VPC id such as vpc-0a1b2c3d4e5f67890",
                "SubnetCidrBlocks is empty, expected the CIDR block of at least one subnet",
            ],
        ),
        (
            json!({"VpcId": "vpc-1", "SubnetCidrBlocks": ["10.0.1.5/24", "10.0.0.0/8", "10.0.1.0/24"],
                "AvailabilityZones": ["eu-central-1"]}),
            &[
                "VpcId is \"vpc-1\", expected a VPC id",
                "SubnetCidrBlocks[0] is \"10.0.1.5/24\", expected 10.0.1.0/24, the network that it lies in",
                "SubnetCidrBlocks[1] is \"10.0.0.0/8\", expected an IPv4 CIDR block from /16 to /28 such as 10.0.1.0/24",
                "AvailabilityZones[0] is \"eu-central-1\", expected an availability zone such as eu-central-1a or euc1-az1",
            ],
        ),
        (
            json!({"VpcId": VPC, "SubnetCidrBlocks": "10.0.1.0/24, 10.0.2.0/24 ,10.0.1.0/24",
                "AvailabilityZones": ["euc1-az1", "euc1-az1"]}),
            &[
                "SubnetCidrBlocks holds 10.0.1.0/24 more than once, expected each value once",
                "AvailabilityZones holds euc1-az1 more than once, expected each value once",
            ],
        ),
        (json!({"VpcId": VPC, "SubnetCidrBlocks": [""]}), &["SubnetCidrBlocks is empty"]),
        (json!({"VpcId": VPC, "SubnetCIDRBlock": []}), &["SubnetCIDRBlock is unknown, did you mean SubnetCidrBlocks?"]),
        (json!({"VpcId": [VPC], "SubnetCidrBlocks": {}}), &["VpcId is a list", "SubnetCidrBlocks is an object"]),
    ];
    for (given, expected) in rows {
        let faults = read_properties::<Properties>(&given).err().unwrap().to_string();
        for part in expected {
            assert!(faults.contains(part), "{given}: {faults}");
        }
    }
}

#[test]
fn the_sample_events_are_accepted() {
    for (event, count) in [
        (include_str!("../../../events/network-configuration-create.json"), 2),
        (include_str!("../../../events/network-configuration-update.json"), 2),
        (include_str!("../../../events/network-configuration-delete.json"), 2),
    ] {
        let event: Value = serde_json::from_str(event).unwrap();
        for properties in ["ResourceProperties", "OldResourceProperties"].map(|name| &event[name]) {
            if !properties.is_null() {
                let properties = read_properties::<Properties>(properties).unwrap();
                assert_eq!((properties.vpc_id.as_str(), properties.subnet_cidr_blocks.len()), (VPC, count));
            }
        }
    }
}

proptest! {
    /// However EC2 orders its listings, the answer is the same: one subnet a block, in the blocks' order.
    #[test]
    fn the_answer_does_not_depend_on_the_order_of_listings(
        subnets in Just((0u8..12).collect::<Vec<_>>()).prop_shuffle(),
        tables in Just((0usize..4).collect::<Vec<_>>()).prop_shuffle(),
        wanted in prop::sample::subsequence((0u8..12).collect::<Vec<_>>(), 1..12).prop_shuffle(),
    ) {
        // Subnet n has table n % 4; that of n % 4 == 3 is the main one, which lists no subnets.
        let listed: Vec<_> = subnets.iter().map(|n| subnet(&n.to_string(), &format!("10.0.{n}.0/24"), 'a')).collect();
        let route_tables: Vec<_> = tables.iter().map(|table| {
            let own: Vec<String> = (0u8..12).filter(|n| usize::from(*n) % 4 == *table && *table != 3).map(|n| n.to_string()).collect();
            route_table(&table.to_string(), *table == 3, &own.iter().map(String::as_str).collect::<Vec<_>>())
        }).collect();
        let blocks: Vec<String> = wanted.iter().map(|n| format!("10.0.{n}.0/24")).collect();
        let properties = properties(&blocks.iter().map(String::as_str).collect::<Vec<_>>(), &[]);
        let mut route_table_ids: Vec<String> = Vec::new();
        for table in wanted.iter().map(|n| format!("rtb-{}", n % 4)) {
            if !route_table_ids.contains(&table) {
                route_table_ids.push(table);
            }
        }
        let subnet_ids = wanted.iter().map(|n| format!("subnet-{n}")).collect();
        prop_assert_eq!(Network::find(&properties, &listed, &route_tables).unwrap(), Network { subnet_ids, route_table_ids });
    }
}
