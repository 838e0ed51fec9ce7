//! What is sent to IAM, and how its answers are read, over HTTP on loopback.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking, where it is set up too")]

use aws_sdk_iam::Client;
use aws_sdk_iam::config::retry::RetryConfig;
use aws_sdk_iam::config::{BehaviorVersion, Credentials, Region};
use identifiers::RoleName;
use lambda_process::QueryService;
use project_roles::{AwsRoles, Ports, Role};

const NAME: &str = "AmazonSageMakerServiceCatalogProductsLaunchRole";

fn client(service: &QueryService) -> AwsRoles {
    let config = aws_sdk_iam::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::new("AKID", "secret", None, None, "test"))
        .retry_config(RetryConfig::standard().with_max_attempts(5))
        .endpoint_url(service.url())
        .build();
    AwsRoles::over(Client::from_conf(config))
}

fn name() -> RoleName {
    NAME.parse().unwrap()
}

fn role(content: &str) -> (u16, String) {
    let role = format!(
        "<Role><Path>/service-role/</Path><RoleName>{NAME}</RoleName><RoleId>AROAEXAMPLE</RoleId>\
         <Arn>arn:aws:iam::123456789012:role/service-role/{NAME}</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate>\
         {content}</Role>"
    );
    let namespace = r#"xmlns="https://iam.amazonaws.com/doc/2010-05-08/""#;
    (200, format!("<GetRoleResponse {namespace}><GetRoleResult>{role}</GetRoleResult></GetRoleResponse>"))
}

fn error(status: u16, code: &str) -> (u16, String) {
    let error = format!("<Error><Type>Sender</Type><Code>{code}</Code><Message>as it says</Message></Error>");
    (status, format!("<ErrorResponse>{error}<RequestId>r</RequestId></ErrorResponse>"))
}

#[tokio::test]
async fn a_role_is_read_with_its_tags_and_its_policy_decoded() {
    let service = QueryService::answering(vec![
        role(
            "<AssumeRolePolicyDocument>%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%5D%7D\
             </AssumeRolePolicyDocument><Tags><member><Key>secure-mlops:owner-stack</Key><Value>s</Value></member>\
             <member><Key>Team</Key><Value>a b</Value></member></Tags>",
        ),
        role(""),
    ])
    .await
    .unwrap();
    let aws = client(&service);
    let tags = [("secure-mlops:owner-stack", "s"), ("Team", "a b")];
    let expected = Role {
        path: "/service-role/".into(),
        trust_policy: r#"{"Version":"2012-10-17","Statement":[]}"#.into(),
        tags: tags.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
    };
    assert_eq!(aws.get_role(&name()).await.unwrap(), Some(expected));
    let bare = Role { path: "/service-role/".into(), trust_policy: String::new(), tags: [].into() };
    assert_eq!(aws.get_role(&name()).await.unwrap(), Some(bare));
    assert_eq!(service.asked(), vec![format!("Action=GetRole&Version=2010-05-08&RoleName={NAME}"); 2]);
}

#[tokio::test]
async fn e02_only_no_such_entity_means_missing() {
    let replies = vec![error(404, "NoSuchEntity"), error(403, "AccessDenied")];
    let service = QueryService::answering(replies).await.unwrap();
    let aws = client(&service);
    assert_eq!(aws.get_role(&name()).await.unwrap(), None);
    let denied = aws.get_role(&name()).await.unwrap_err();
    assert!(denied.is_access_denied());
    let expected = format!("iam:GetRole answered AccessDenied: as it says (request id {})", QueryService::REQUEST_ID);
    assert_eq!(denied.to_string(), expected);
    assert_eq!(service.asked().len(), 2, "neither is asked again");
}

#[tokio::test]
async fn e00g_throttling_is_retried_with_the_same_request() {
    let throttled = error(400, "Throttling");
    let service = QueryService::answering(vec![throttled.clone(), throttled, role("")]).await.unwrap();
    assert!(client(&service).get_role(&name()).await.unwrap().is_some());
    let asked = service.asked();
    assert_eq!(asked.len(), 3);
    assert!(asked.iter().all(|request| *request == asked[0]));
}

#[tokio::test]
async fn calls_go_to_the_partitions_one_place_of_iam() {
    use aws_sdk_iam::config::endpoint::{DefaultResolver, Params, ResolveEndpoint};
    for (region, host) in [
        ("eu-central-1", "iam.amazonaws.com"),
        ("cn-north-1", "iam.cn-north-1.amazonaws.com.cn"),
        ("us-gov-east-1", "iam.us-gov.amazonaws.com"),
    ] {
        let params = Params::builder().region(region.to_owned()).build().unwrap();
        let endpoint = DefaultResolver::new().resolve_endpoint(&params).await.unwrap();
        assert_eq!(endpoint.url(), format!("https://{host}"));
    }
}
