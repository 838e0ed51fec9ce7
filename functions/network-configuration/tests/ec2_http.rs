//! What is sent to EC2, and how its answers are read, over HTTP on loopback.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking, where it is set up too")]

use aws_sdk_ec2::Client;
use aws_sdk_ec2::config::retry::RetryConfig;
use aws_sdk_ec2::config::{BehaviorVersion, Credentials, Region};
use identifiers::VpcId;
use lambda_process::QueryService;
use network_configuration::{AwsNetworks, Ports, RouteTable, Subnet};

const VERSION: &str = "Version=2016-11-15";
const FILTER: &str = "Filter.1.Name=vpc-id&Filter.1.Value.1=vpc-0a1b2c3d4e5f67890";

fn client(service: &QueryService) -> AwsNetworks {
    let config = aws_sdk_ec2::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("cn-north-1"))
        .credentials_provider(Credentials::new("AKID", "secret", None, None, "test"))
        .retry_config(RetryConfig::standard().with_max_attempts(5))
        .endpoint_url(service.url())
        .build();
    AwsNetworks::over(Client::from_conf(config))
}

fn vpc() -> VpcId {
    "vpc-0a1b2c3d4e5f67890".parse().unwrap()
}

fn answer(operation: &str, content: &str) -> (u16, String) {
    let xml = format!(
        r#"<{operation}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r</requestId>{content}</{operation}Response>"#
    );
    (200, xml)
}

fn error(status: u16, code: &str) -> (u16, String) {
    let errors = format!("<Errors><Error><Code>{code}</Code><Message>as it says</Message></Error></Errors>");
    (status, format!("<Response>{errors}<RequestID>r</RequestID></Response>"))
}

#[tokio::test]
async fn e07_all_pages_of_subnets_are_read_with_their_gaps() {
    let first = "<subnetSet><item><subnetId>subnet-1</subnetId><state>available</state><cidrBlock>10.0.1.0/24</cidrBlock>\
        <availabilityZone>cn-north-1a</availabilityZone><availabilityZoneId>cnn1-az1</availabilityZoneId></item>\
        <item><state>pending</state></item></subnetSet><nextToken>more</nextToken>";
    let second = "<subnetSet><item><subnetId>subnet-2</subnetId><state>pending</state></item></subnetSet>";
    let service = QueryService::answering(vec![answer("DescribeSubnets", first), answer("DescribeSubnets", second)])
        .await
        .unwrap();
    let subnet = |id: &str, block: Option<&str>, zone: &str, zone_id: &str, state: &str| Subnet {
        id: id.into(),
        cidr_block: block.map(Into::into),
        zone: zone.into(),
        zone_id: zone_id.into(),
        state: state.into(),
    };
    assert_eq!(
        client(&service).describe_subnets(&vpc()).await.unwrap(),
        [
            subnet("subnet-1", Some("10.0.1.0/24"), "cn-north-1a", "cnn1-az1", "available"),
            subnet("subnet-2", None, "", "", "pending"),
        ]
    );
    assert_eq!(
        service.asked(),
        [
            format!("Action=DescribeSubnets&{VERSION}&{FILTER}"),
            format!("Action=DescribeSubnets&{VERSION}&{FILTER}&NextToken=more")
        ]
    );
}

#[tokio::test]
async fn e07_route_tables_are_read_with_the_associations_that_hold() {
    let association = |content: &str, state: &str| {
        format!("<item>{content}<associationState><state>{state}</state></associationState></item>")
    };
    let table = |id: &str, associations: &str| {
        format!("<item><routeTableId>{id}</routeTableId><associationSet>{associations}</associationSet></item>")
    };
    let subnet = |id: &str| format!("<main>false</main><subnetId>{id}</subnetId>");
    let first = [
        table("rtb-main", &association("<main>true</main>", "associated")),
        table("rtb-old-main", &association("<main>true</main>", "disassociating")),
    ];
    let second = table(
        "rtb-own",
        &[
            association(&subnet("subnet-1"), "associated"),
            association(&subnet("subnet-2"), "associating"),
            association(&subnet("subnet-3"), "disassociated"),
            association(&subnet("subnet-4"), "failed"),
            association("<main>false</main><gatewayId>igw-1</gatewayId>", "associated"),
            "<item><subnetId>subnet-5</subnetId></item>".to_owned(),
        ]
        .concat(),
    );
    let service = QueryService::answering(vec![
        answer(
            "DescribeRouteTables",
            &format!("<routeTableSet>{}</routeTableSet><nextToken>more</nextToken>", first.concat()),
        ),
        answer("DescribeRouteTables", &format!("<routeTableSet>{second}</routeTableSet><nextToken></nextToken>")),
    ])
    .await
    .unwrap();
    let table = |id: &str, is_main, subnets: &[&str]| RouteTable {
        id: id.into(),
        is_main,
        subnet_ids: subnets.iter().copied().map(Into::into).collect(),
    };
    assert_eq!(
        client(&service).describe_route_tables(&vpc()).await.unwrap(),
        [
            table("rtb-main", true, &[]),
            table("rtb-old-main", false, &[]),
            table("rtb-own", false, &["subnet-1", "subnet-2", "subnet-5"]),
        ]
    );
    assert_eq!(
        service.asked(),
        [
            format!("Action=DescribeRouteTables&{VERSION}&{FILTER}"),
            format!("Action=DescribeRouteTables&{VERSION}&NextToken=more&{FILTER}")
        ]
    );
}

#[tokio::test]
async fn a_vpc_is_there_or_not() {
    let one = "<vpcSet><item><vpcId>vpc-0a1b2c3d4e5f67890</vpcId></item></vpcSet>";
    let replies = vec![answer("DescribeVpcs", one), answer("DescribeVpcs", "<vpcSet/>")];
    let service = QueryService::answering(replies).await.unwrap();
    let aws = client(&service);
    assert!(aws.describe_vpcs(&vpc()).await.unwrap());
    assert!(!aws.describe_vpcs(&vpc()).await.unwrap());
    assert_eq!(service.asked(), vec![format!("Action=DescribeVpcs&{VERSION}&{FILTER}"); 2]);
}

#[tokio::test]
async fn e00g_throttling_is_retried_with_the_same_request() {
    let throttled = error(503, "RequestLimitExceeded");
    let replies = vec![throttled.clone(), throttled, answer("DescribeSubnets", "<subnetSet/>")];
    let service = QueryService::answering(replies).await.unwrap();
    assert_eq!(client(&service).describe_subnets(&vpc()).await.unwrap(), []);
    let asked = service.asked();
    assert_eq!(asked.len(), 3);
    assert!(asked.iter().all(|request| *request == asked[0]));
}

#[tokio::test]
async fn an_errors_code_message_and_request_id_survive_and_are_not_retried() {
    let service = QueryService::answering(vec![error(403, "UnauthorizedOperation")]).await.unwrap();
    let error = client(&service).describe_route_tables(&vpc()).await.unwrap_err();
    assert!(error.is_access_denied());
    assert_eq!(
        error.to_string(),
        format!(
            "ec2:DescribeRouteTables answered UnauthorizedOperation: as it says (request id {})",
            QueryService::REQUEST_ID
        )
    );
    assert_eq!(service.asked().len(), 1);
}
