//! What is sent to CodeBuild, and how its answers are read, over HTTP on loopback.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking, where it is set up too")]

use aws_sdk_codebuild::Client;
use aws_sdk_codebuild::config::retry::RetryConfig;
use aws_sdk_codebuild::config::{BehaviorVersion, Credentials, Region};
use codebuild_run::{CodeBuild, Mark, Phase, Ports, Properties, Start, Status};
use custom_resource::read_properties;
use lambda_process::JsonService;
use serde_json::{Value, json};

fn client(service: &JsonService) -> CodeBuild {
    let config = aws_sdk_codebuild::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-gov-west-1"))
        .credentials_provider(Credentials::new("AKID", "secret", None, None, "test"))
        .retry_config(RetryConfig::standard().with_max_attempts(5))
        .endpoint_url(service.url())
        .build();
    CodeBuild::over(Client::from_conf(config))
}

fn target(operation: &str) -> String {
    format!("CodeBuild_20161006.{operation}")
}

fn mark() -> Mark {
    Mark { started_by: "codebuild-run/platform/guid/Package".into(), request: "r1".into(), source: "d1".into() }
}

fn variables() -> Value {
    json!([
        {"name": "SECURE_MLOPS_STARTED_BY", "value": "codebuild-run/platform/guid/Package", "type": "PLAINTEXT"},
        {"name": "SECURE_MLOPS_REQUEST", "value": "r1", "type": "PLAINTEXT"},
        {"name": "SECURE_MLOPS_SOURCE", "value": "d1", "type": "PLAINTEXT"}
    ])
}

async fn start(aws: &CodeBuild, properties: Value) -> codebuild_run::Build {
    let properties: Properties = read_properties(&properties).unwrap();
    aws.start_build(Start { properties: &properties, mark: &mark(), token: "t".into() }).await.unwrap()
}

#[tokio::test]
async fn each_operation_is_sent_as_the_service_reads_it() {
    let service = JsonService::answering(vec![(200, json!({"build": {"id": "package:1"}})); 6]).await.unwrap();
    let aws = client(&service);
    start(&aws, json!({"ProjectName": "package"})).await;
    let own_source = json!({"ProjectName": "package", "SourceVersion": "v1", "SourceLocation": "b/k", "AsOf": "today"});
    start(&aws, own_source).await;
    aws.batch_get_builds(vec!["package:1".into(), "package:2".into()]).await.unwrap();
    assert_eq!(aws.list_builds_for_project("package").await.unwrap(), Vec::<String>::new());
    aws.stop_build("package:1").await.unwrap();
    assert_eq!(aws.batch_get_builds(vec![]).await.unwrap(), [], "is not asked: CodeBuild refuses an empty list");
    assert_eq!(
        service.asked(),
        [
            (
                target("StartBuild"),
                json!({"projectName": "package", "environmentVariablesOverride": variables(), "idempotencyToken": "t"})
            ),
            (
                target("StartBuild"),
                json!({"projectName": "package", "sourceVersion": "v1", "sourceLocationOverride": "b/k",
                    "environmentVariablesOverride": variables(), "idempotencyToken": "t"})
            ),
            (target("BatchGetBuilds"), json!({"ids": ["package:1", "package:2"]})),
            (target("ListBuildsForProject"), json!({"projectName": "package", "sortOrder": "DESCENDING"})),
            (target("StopBuild"), json!({"id": "package:1"})),
        ]
    );
}

#[tokio::test]
async fn builds_are_read_with_their_gaps() {
    let service = JsonService::answering(vec![(200, json!({
        "builds": [
            {
                "id": "package:1", "arn": "arn:aws:codebuild:eu-central-1:123456789012:build/package:1", "buildNumber": 7,
                "currentPhase": "COMPLETED", "buildStatus": "FAILED", "buildComplete": true,
                "resolvedSourceVersion": "7be4d10",
                "phases": [
                    {"phaseType": "INSTALL", "phaseStatus": "SUCCEEDED", "contexts": [{"statusCode": "", "message": ""}]},
                    {"phaseType": "BUILD", "phaseStatus": "FAILED", "contexts": [
                        {"statusCode": "COMMAND_EXECUTION_ERROR", "message": "make: exit status 2"}, {"statusCode": ""}
                    ]},
                    {"phaseType": "POST_BUILD", "phaseStatus": "FAILED"},
                    {"phaseType": "COMPLETED"}
                ],
                "logs": {"deepLink": "https://console.example/log", "s3DeepLink": "https://s3.example/log"},
                "environment": {"type": "LINUX_CONTAINER", "image": "i", "computeType": "BUILD_GENERAL1_SMALL",
                    "environmentVariables": variables()}
            },
            {"id": "package:2", "buildStatus": "IN_PROGRESS", "logs": {"s3DeepLink": "https://s3.example/log"},
                "environment": {"type": "LINUX_CONTAINER", "image": "i", "computeType": "BUILD_GENERAL1_SMALL",
                    "environmentVariables": [{"name": "SECURE_MLOPS_STARTED_BY", "value": "x"}]}},
            {"id": "package:3", "buildStatus": "SUCCEEDED", "buildComplete": true},
            {"id": "package:4", "buildStatus": "PAUSED", "buildComplete": false},
            {"id": "package:5", "buildStatus": "EVAPORATED", "buildComplete": true},
            {"id": "package:6"}
        ],
        "buildsNotFound": ["package:9"]
    }))])
    .await
    .unwrap();
    let builds = client(&service).batch_get_builds(vec!["package:1".into()]).await.unwrap();
    let first = codebuild_run::Build {
        id: "package:1".into(),
        arn: Some("arn:aws:codebuild:eu-central-1:123456789012:build/package:1".into()),
        number: Some(7),
        status: Status::Ended("FAILED".into()),
        current_phase: Some("COMPLETED".into()),
        failed_phase: Some(Phase {
            name: "BUILD".into(),
            messages: vec!["COMMAND_EXECUTION_ERROR: make: exit status 2".into()],
        }),
        logs_url: Some("https://console.example/log".into()),
        resolved_source_version: Some("7be4d10".into()),
        mark: Some(mark()),
    };
    assert_eq!(builds[0], first);
    assert_eq!((builds[1].logs_url.as_deref(), &builds[1].mark), (Some("https://s3.example/log"), &None));
    let statuses: Vec<_> = builds.iter().skip(1).map(|build| build.status.clone()).collect();
    let ended = Status::Ended("EVAPORATED".into());
    let running = Status::InProgress;
    assert_eq!(statuses, [running.clone(), Status::Succeeded, running.clone(), ended, running]);
}

#[tokio::test]
async fn e00g_throttling_is_retried_with_the_same_request() {
    let throttled = (400, json!({"__type": "ThrottlingException", "message": "Rate exceeded"}));
    let started = (200, json!({"build": {"id": "package:1", "buildStatus": "IN_PROGRESS"}}));
    let service = JsonService::answering(vec![throttled.clone(), throttled, started]).await.unwrap();
    assert_eq!(start(&client(&service), json!({"ProjectName": "package"})).await.id, "package:1");
    let asked = service.asked();
    assert_eq!(asked.len(), 3);
    assert!(asked.iter().all(|request| *request == asked[0]), "the token above all");
}

#[tokio::test]
async fn an_errors_code_and_message_survive_and_are_not_retried() {
    for (code, not_found, denied) in [
        ("ResourceNotFoundException", true, false),
        ("AccessDeniedException", false, true),
        ("InvalidInputException", false, false),
    ] {
        let service =
            JsonService::answering(vec![(400, json!({"__type": code, "message": "as it says"}))]).await.unwrap();
        let error = client(&service).list_builds_for_project("package").await.unwrap_err();
        assert_eq!((error.code(), error.is_not_found(), error.is_access_denied()), (Some(code), not_found, denied));
        let expected = format!("codebuild:ListBuildsForProject answered {code}: as it says");
        assert!(error.to_string().starts_with(&expected), "{error}");
    }
}
