//! What is sent to SageMaker, and how its answers are read, over HTTP on loopback.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking, where it is set up too")]

use aws_sdk_sagemaker::config::retry::RetryConfig;
use aws_sdk_sagemaker::config::{BehaviorVersion, Credentials, Region};
use identifiers::DomainId;
use lambda_process::JsonService;
use serde_json::json;
use studio_apps::{App, AwsServices, Owner, Page, Ports, Space};

fn sagemaker(service: &JsonService) -> AwsServices {
    let config = aws_sdk_sagemaker::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-gov-west-1"))
        .credentials_provider(Credentials::new("AKID", "secret", None, None, "test"))
        .retry_config(RetryConfig::standard().with_max_attempts(5))
        .endpoint_url(service.url())
        .build();
    AwsServices::over(aws_sdk_sagemaker::Client::from_conf(config))
}

fn domain() -> DomainId {
    "d-0a1b2c3d4e5f".parse().unwrap()
}

fn app(kind: &str, owner: Owner, status: &str) -> App {
    App { kind: kind.into(), name: "default".into(), owner, status: status.into() }
}

#[tokio::test]
async fn e05_each_operation_is_sent_as_the_service_reads_it_and_any_type_as_it_was_listed() {
    let service = JsonService::answering(vec![(200, json!({})); 5]).await.unwrap();
    let aws = sagemaker(&service);
    aws.list_apps(&domain(), Some("next".into())).await.unwrap();
    aws.list_spaces(&domain(), None).await.unwrap();
    aws.delete_app(&domain(), &app("JupyterServer", Owner::UserProfile("anna".into()), "")).await.unwrap();
    aws.delete_app(&domain(), &app("NextYears", Owner::Space("team".into()), "")).await.unwrap();
    aws.delete_space(&domain(), "team").await.unwrap();
    let id = "d-0a1b2c3d4e5f";
    assert_eq!(
        service.asked(),
        [
            ("SageMaker.ListApps".into(), json!({"NextToken": "next", "MaxResults": 100, "DomainIdEquals": id})),
            ("SageMaker.ListSpaces".into(), json!({"MaxResults": 100, "DomainIdEquals": id})),
            (
                "SageMaker.DeleteApp".into(),
                json!({"DomainId": id, "UserProfileName": "anna", "AppType": "JupyterServer", "AppName": "default"})
            ),
            (
                "SageMaker.DeleteApp".into(),
                json!({"DomainId": id, "SpaceName": "team", "AppType": "NextYears", "AppName": "default"})
            ),
            ("SageMaker.DeleteSpace".into(), json!({"DomainId": id, "SpaceName": "team"})),
        ]
    );
}

#[tokio::test]
async fn e05_listings_are_read_with_space_owned_apps_unknown_words_and_gaps() {
    let service = JsonService::answering(vec![
        (200, json!({
            "Apps": [
                {"DomainId": "d-0a1b2c3d4e5f", "UserProfileName": "anna", "AppType": "KernelGateway", "AppName": "default",
                 "Status": "InService", "CreationTime": 1_606_852_800.5, "ResourceSpec": {"InstanceType": "ml.t3.medium"}},
                {"DomainId": "d-0a1b2c3d4e5f", "SpaceName": "team", "AppType": "NextYears", "AppName": "default",
                 "Status": "Hibernating"},
                {"AppType": "JupyterLab", "AppName": "nobodys", "Status": "InService"},
                {"UserProfileName": "anna", "AppType": "Canvas", "AppName": "default"}
            ],
            "NextToken": "more"
        })),
        (200, json!({"Apps": [], "NextToken": ""})),
        (200, json!({
            "Spaces": [
                {"DomainId": "d-0a1b2c3d4e5f", "SpaceName": "team", "Status": "Delete_Failed",
                 "SpaceSharingSettingsSummary": {"SharingType": "Private"},
                 "OwnershipSettingsSummary": {"OwnerUserProfileName": "anna"}},
                {"Status": "InService"}
            ],
            "NextToken": "more"
        })),
    ])
    .await
    .unwrap();
    let aws = sagemaker(&service);
    let page = aws.list_apps(&domain(), None).await.unwrap();
    let expected = vec![
        app("KernelGateway", Owner::UserProfile("anna".into()), "InService"),
        app("NextYears", Owner::Space("team".into()), "Hibernating"),
        app("Canvas", Owner::UserProfile("anna".into()), ""),
    ];
    assert_eq!(page, Page { items: expected, next: Some("more".into()) });
    assert_eq!(aws.list_apps(&domain(), page.next).await.unwrap(), Page { items: vec![], next: None });
    let spaces = vec![Space { name: "team".into(), status: "Delete_Failed".into() }];
    assert_eq!(aws.list_spaces(&domain(), None).await.unwrap(), Page { items: spaces, next: Some("more".into()) });
}

#[tokio::test]
async fn e00g_throttling_is_retried_with_the_same_request() {
    let throttled = (400, json!({"__type": "ThrottlingException", "message": "Rate exceeded"}));
    let service = JsonService::answering(vec![throttled.clone(), throttled, (200, json!({}))]).await.unwrap();
    sagemaker(&service).delete_space(&domain(), "team").await.unwrap();
    let asked = service.asked();
    assert_eq!(asked.len(), 3);
    assert!(asked.iter().all(|request| *request == asked[0]));
}

#[tokio::test]
async fn an_errors_code_and_message_survive_and_are_not_retried() {
    let rows = [
        ("com.amazonaws.sagemaker#ResourceNotFound", "ResourceNotFound", true, false),
        ("ResourceInUse", "ResourceInUse", false, false),
        ("ValidationException", "ValidationException", false, false),
        ("AccessDeniedException", "AccessDeniedException", false, true),
    ];
    for (type_on_the_wire, code, not_found, denied) in rows {
        for member in ["Message", "message"] {
            let reply = (400, json!({"__type": type_on_the_wire, member: "as it says"}));
            let service = JsonService::answering(vec![reply]).await.unwrap();
            let owner = Owner::Space("team".into());
            let error = sagemaker(&service).delete_app(&domain(), &app("Canvas", owner, "")).await.unwrap_err();
            assert_eq!((error.code(), error.is_not_found(), error.is_access_denied()), (Some(code), not_found, denied));
            let expected = format!("sagemaker:DeleteApp answered {code}: as it says");
            assert!(error.to_string().starts_with(&expected), "{error}");
        }
    }
}
