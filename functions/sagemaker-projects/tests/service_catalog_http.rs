//! What is sent to SageMaker and Service Catalog, and how their answers are read, over HTTP on loopback.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test fails by panicking, where it is set up too"
)]

use aws_sdk_sagemaker::config::retry::RetryConfig;
use aws_sdk_sagemaker::config::{BehaviorVersion, Credentials, Region};
use identifiers::RoleArn;
use lambda_process::JsonService;
use sagemaker_projects::{AwsServices, Page, Ports, Share};
use serde_json::json;

fn clients(service: &JsonService, region: &'static str) -> AwsServices {
    let sagemaker = aws_sdk_sagemaker::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region))
        .credentials_provider(Credentials::new("AKID", "secret", None, None, "test"))
        .retry_config(RetryConfig::standard().with_max_attempts(5))
        .endpoint_url(service.url())
        .build();
    let service_catalog = aws_sdk_servicecatalog::Config::builder()
        .behavior_version(aws_sdk_servicecatalog::config::BehaviorVersion::latest())
        .region(aws_sdk_servicecatalog::config::Region::new(region))
        .credentials_provider(Credentials::new("AKID", "secret", None, None, "test"))
        .retry_config(RetryConfig::standard().with_max_attempts(5))
        .endpoint_url(service.url())
        .build();
    AwsServices::over(
        aws_sdk_sagemaker::Client::from_conf(sagemaker),
        aws_sdk_servicecatalog::Client::from_conf(service_catalog),
    )
}

fn role() -> RoleArn {
    "arn:aws-cn:iam::123456789012:role/studio/Execution".parse().unwrap()
}

#[tokio::test]
async fn each_operation_is_sent_as_the_service_reads_it() {
    let service = JsonService::answering(vec![(200, json!({})); 4]).await.unwrap();
    let aws = clients(&service, "cn-north-1");
    aws.enable_sagemaker_servicecatalog_portfolio().await.unwrap();
    aws.list_accepted_portfolio_shares(Some("next".into())).await.unwrap();
    aws.associate_principal_with_portfolio("port-abc", &role()).await.unwrap();
    aws.disassociate_principal_from_portfolio("port-abc", &role()).await.unwrap();
    let principal = json!({"PortfolioId": "port-abc", "PrincipalARN": role().as_str(), "PrincipalType": "IAM"});
    assert_eq!(
        service.asked(),
        [
            ("SageMaker.EnableSagemakerServicecatalogPortfolio".into(), json!({})),
            (
                "AWS242ServiceCatalogService.ListAcceptedPortfolioShares".into(),
                json!({"PageToken": "next", "PortfolioShareType": "IMPORTED"})
            ),
            ("AWS242ServiceCatalogService.AssociatePrincipalWithPortfolio".into(), principal.clone()),
            ("AWS242ServiceCatalogService.DisassociatePrincipalFromPortfolio".into(), principal),
        ]
    );
}

#[tokio::test]
async fn a_listing_is_read_with_its_gaps_and_its_token() {
    let service = JsonService::answering(vec![
        (200, json!({
            "PortfolioDetails": [
                {"Id": "port-abc", "ARN": "arn:aws:catalog:eu-central-1:999999999999:portfolio/port-abc",
                 "DisplayName": "Amazon SageMaker Solutions and ML Ops products", "ProviderName": "Amazon SageMaker",
                 "CreatedTime": 1_606_852_800.5},
                {"DisplayName": "no id"},
                {"Id": "port-def"}
            ],
            "NextPageToken": "more"
        })),
        (200, json!({"PortfolioDetails": [], "NextPageToken": ""})),
    ])
    .await.unwrap();
    let aws = clients(&service, "eu-central-1");
    let page = aws.list_accepted_portfolio_shares(None).await.unwrap();
    let first = Share {
        portfolio_id: "port-abc".into(),
        provider_name: "Amazon SageMaker".into(),
        display_name: "Amazon SageMaker Solutions and ML Ops products".into(),
        created: Some(1_606_852_800),
    };
    let second = Share {
        portfolio_id: "port-def".into(),
        provider_name: String::new(),
        display_name: String::new(),
        created: None,
    };
    assert_eq!(page, Page { items: vec![first, second], next: Some("more".into()) });
    assert_eq!(aws.list_accepted_portfolio_shares(page.next).await.unwrap(), Page { items: vec![], next: None });
}

#[tokio::test]
async fn e00g_throttling_is_retried_with_the_same_request() {
    let throttled = (400, json!({"__type": "ThrottlingException", "message": "Rate exceeded"}));
    let service = JsonService::answering(vec![throttled.clone(), throttled, (200, json!({}))]).await.unwrap();
    clients(&service, "eu-central-1").associate_principal_with_portfolio("port-abc", &role()).await.unwrap();
    let asked = service.asked();
    assert_eq!(asked.len(), 3);
    assert!(asked.iter().all(|request| *request == asked[0]));
}

#[tokio::test]
async fn an_errors_code_and_message_survive_and_are_not_retried() {
    let rows = [
        ("com.amazonaws.servicecatalog#ResourceNotFoundException", "ResourceNotFoundException", true, false),
        ("InvalidParametersException", "InvalidParametersException", false, false),
        ("AccessDeniedException", "AccessDeniedException", false, true),
    ];
    for (type_on_the_wire, code, not_found, denied) in rows {
        // Service Catalog spells the member Message, other errors of the protocol message.
        for member in ["Message", "message"] {
            let service =
                JsonService::answering(vec![(400, json!({"__type": type_on_the_wire, member: "as it says"}))])
                    .await
                    .unwrap();
            let error = clients(&service, "eu-central-1")
                .disassociate_principal_from_portfolio("port-abc", &role())
                .await
                .unwrap_err();
            assert_eq!((error.code(), error.is_not_found(), error.is_access_denied()), (Some(code), not_found, denied));
            let expected = format!("servicecatalog:DisassociatePrincipalFromPortfolio answered {code}: as it says");
            assert!(error.to_string().starts_with(&expected), "{error}");
        }
    }
}
