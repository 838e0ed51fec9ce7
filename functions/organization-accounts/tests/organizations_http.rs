//! What is sent to Organizations, and how its answers are read, over HTTP on loopback.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test fails by panicking, where it is set up too"
)]

use aws_sdk_organizations::Client;
use aws_sdk_organizations::config::retry::RetryConfig;
use aws_sdk_organizations::config::{BehaviorVersion, Credentials, Region};
use identifiers::OrganizationNode;
use lambda_process::JsonService;
use organization::{Account, Listing, Page};
use organization_accounts::{AwsOrganizations, Parent, Ports};
use serde_json::json;

fn client(service: &JsonService, region: &'static str) -> AwsOrganizations {
    let config = aws_sdk_organizations::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region))
        .credentials_provider(Credentials::new("AKID", "secret", None, None, "test"))
        .retry_config(RetryConfig::standard().with_max_attempts(5))
        .endpoint_url(service.url())
        .build();
    AwsOrganizations::over(Client::from_conf(config))
}

fn node(id: &str) -> OrganizationNode {
    id.parse().unwrap()
}

fn target(operation: &str) -> String {
    format!("AWSOrganizationsV20161128.{operation}")
}

#[tokio::test]
async fn each_operation_is_sent_and_read_as_the_service_has_it() {
    let service = JsonService::answering(vec![
        (200, json!({"Organization": {"Id": "o-a1b2c3d4e5", "FeatureSet": "ALL"}})),
        (200, json!({"Parents": [{"Id": "r-ab12", "Type": "ROOT"}]})),
        (200, json!({"Parents": [{"Id": "ou-ab12-aaaaaaaa", "Type": "ORGANIZATIONAL_UNIT"}]})),
        (200, json!({"OrganizationalUnits": [{"Id": "ou-ab12-bbbbbbbb", "Name": "x"}], "NextToken": "more"})),
        (200, json!({"NextToken": ""})),
    ])
    .await
    .unwrap();
    let aws = client(&service, "eu-central-1");
    assert_eq!(aws.describe_organization().await.unwrap(), "o-a1b2c3d4e5");
    let root = Parent { id: "r-ab12".into(), is_root: true };
    assert_eq!(aws.list_parents("ou-ab12-aaaaaaaa").await.unwrap(), Some(root));
    let unit = Parent { id: "ou-ab12-aaaaaaaa".into(), is_root: false };
    assert_eq!(aws.list_parents("ou-ab12-bbbbbbbb").await.unwrap(), Some(unit));
    let page = aws.list_organizational_units_for_parent(&node("ou-ab12-aaaaaaaa"), None).await.unwrap();
    assert_eq!(page, Page { items: vec!["ou-ab12-bbbbbbbb".into()], next: Some("more".into()) });
    let last = aws.list_organizational_units_for_parent(&node("ou-ab12-aaaaaaaa"), page.next).await.unwrap();
    assert_eq!(last, Page { items: vec![], next: None });
    assert_eq!(
        service.asked(),
        [
            (target("DescribeOrganization"), json!({})),
            (target("ListParents"), json!({"ChildId": "ou-ab12-aaaaaaaa"})),
            (target("ListParents"), json!({"ChildId": "ou-ab12-bbbbbbbb"})),
            (target("ListOrganizationalUnitsForParent"), json!({"ParentId": "ou-ab12-aaaaaaaa"})),
            (target("ListOrganizationalUnitsForParent"), json!({"ParentId": "ou-ab12-aaaaaaaa", "NextToken": "more"})),
        ]
    );
}

#[tokio::test]
async fn e06_an_accounts_state_is_read_from_the_new_member_and_from_the_old() {
    let service = JsonService::answering(vec![(
        200,
        json!({"Accounts": [
            {"Id": "111111111111", "Status": "ACTIVE"},
            {"Id": "222222222222", "Status": "ACTIVE", "State": "CLOSED"},
            {"Id": "333333333333", "State": "ACTIVE"},
            {"Id": "444444444444", "Status": "PENDING_CLOSURE"},
            {"Id": "555555555555"}
        ]}),
    )])
    .await
    .unwrap();
    let page = client(&service, "eu-central-1").list_accounts_for_parent(&node("r-ab12"), None).await.unwrap();
    let expected = [
        ("111111111111", "ACTIVE"),
        ("222222222222", "CLOSED"),
        ("333333333333", "ACTIVE"),
        ("444444444444", "PENDING_CLOSURE"),
        ("555555555555", ""),
    ];
    assert_eq!(page.items, expected.map(|(id, state)| Account { id: id.into(), state: state.into() }));
    assert_eq!(service.asked(), [(target("ListAccountsForParent"), json!({"ParentId": "r-ab12"}))]);
}

#[tokio::test]
async fn calls_go_to_the_partitions_one_region_of_organizations() {
    for (region, home) in
        [("eu-central-1", "us-east-1"), ("cn-north-1", "cn-northwest-1"), ("us-gov-east-1", "us-gov-west-1")]
    {
        let params =
            aws_sdk_organizations::config::endpoint::Params::builder().region(region.to_owned()).build().unwrap();
        let resolver = aws_sdk_organizations::config::endpoint::DefaultResolver::new();
        let endpoint = aws_sdk_organizations::config::endpoint::ResolveEndpoint::resolve_endpoint(&resolver, &params)
            .await
            .unwrap();
        assert!(endpoint.url().contains(home), "{region}: {}", endpoint.url());
    }
}

#[tokio::test]
async fn e00g_throttling_is_retried_with_the_same_request() {
    let throttled =
        (400, json!({"__type": "TooManyRequestsException", "Type": "AccountRateLimit", "Message": "slow down"}));
    let service =
        JsonService::answering(vec![throttled.clone(), throttled, (200, json!({"Accounts": []}))]).await.unwrap();
    client(&service, "eu-central-1").list_accounts_for_parent(&node("r-ab12"), None).await.unwrap();
    let asked = service.asked();
    assert_eq!(asked.len(), 3);
    assert!(asked.iter().all(|request| *request == asked[0]));
}

#[tokio::test]
async fn an_errors_code_and_message_survive_and_are_not_retried() {
    for (type_on_the_wire, code, not_found, denied) in [
        ("com.amazonaws.organizations#ParentNotFoundException", "ParentNotFoundException", true, false),
        ("AccessDeniedException", "AccessDeniedException", false, true),
        ("AWSOrganizationsNotInUseException", "AWSOrganizationsNotInUseException", false, false),
    ] {
        let service = JsonService::answering(vec![(400, json!({"__type": type_on_the_wire, "Message": "as it says"}))])
            .await
            .unwrap();
        let error = client(&service, "eu-central-1")
            .list_accounts_for_parent(&node("ou-ab12-aaaaaaaa"), None)
            .await
            .unwrap_err();
        assert_eq!((error.code(), error.is_not_found(), error.is_access_denied()), (Some(code), not_found, denied));
        let expected = format!("organizations:ListAccountsForParent answered {code}: as it says");
        assert!(error.to_string().starts_with(&expected), "{error}");
    }
}
