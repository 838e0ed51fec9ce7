//! What is sent to SageMaker and Parameter Store, and how their answers are read, over HTTP on loopback.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking, where it is set up too")]

use aws_sdk_sagemaker::config::retry::RetryConfig;
use aws_sdk_sagemaker::config::{BehaviorVersion, Credentials, Region};
use environment_configuration::{AwsServices, Domain, Page, Parameter, Ports, Project};
use lambda_process::JsonService;
use serde_json::{Value, json};

fn clients(service: &JsonService) -> AwsServices {
    let sagemaker = aws_sdk_sagemaker::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("cn-north-1"))
        .credentials_provider(Credentials::new("AKID", "secret", None, None, "test"))
        .retry_config(RetryConfig::standard().with_max_attempts(5))
        .endpoint_url(service.url())
        .build();
    let ssm = aws_sdk_ssm::Config::builder()
        .behavior_version(aws_sdk_ssm::config::BehaviorVersion::latest())
        .region(aws_sdk_ssm::config::Region::new("cn-north-1"))
        .credentials_provider(aws_sdk_ssm::config::Credentials::new("AKID", "secret", None, None, "test"))
        .retry_config(RetryConfig::standard().with_max_attempts(5))
        .endpoint_url(service.url())
        .build();
    AwsServices::over(aws_sdk_sagemaker::Client::from_conf(sagemaker), aws_sdk_ssm::Client::from_conf(ssm))
}

const PROJECT_ARN: &str = "arn:aws-cn:sagemaker:cn-north-1:123456789012:project/model";

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[tokio::test]
async fn each_operation_is_sent_as_the_service_reads_it() {
    let service = JsonService::answering(vec![(200, json!({})); 4]).await.unwrap();
    let aws = clients(&service);
    aws.describe_project(&"model".parse().unwrap()).await.unwrap();
    aws.describe_domain("d-home").await.unwrap();
    aws.list_tags(PROJECT_ARN, Some("next".into())).await.unwrap();
    aws.get_parameters(&names(&["/churn/dev/a", "/churn/dev/b/c"])).await.unwrap();
    assert_eq!(
        service.asked(),
        [
            ("SageMaker.DescribeProject".into(), json!({"ProjectName": "model"})),
            ("SageMaker.DescribeDomain".into(), json!({"DomainId": "d-home"})),
            ("SageMaker.ListTags".into(), json!({"ResourceArn": PROJECT_ARN, "NextToken": "next"})),
            (
                "AmazonSSM.GetParameters".into(),
                json!({"Names": ["/churn/dev/a", "/churn/dev/b/c"], "WithDecryption": false})
            ),
        ]
    );
}

async fn project(answer: Value) -> Project {
    let service = JsonService::answering(vec![(200, answer)]).await.unwrap();
    clients(&service).describe_project(&"model".parse().unwrap()).await.unwrap()
}

#[tokio::test]
async fn e01_a_project_is_read_whether_or_not_it_was_made_in_studio() {
    let made = |created_by: Value| {
        json!({"ProjectArn": PROJECT_ARN, "ProjectName": "model", "ProjectId": "p-abc",
            "ProjectStatus": "CreateInProgress", "CreationTime": 1_606_852_800.5, "CreatedBy": created_by})
    };
    let rows = [
        (json!({"DomainId": "d-home", "UserProfileName": "anna"}), Some("d-home")),
        (json!({"IamIdentity": {"Arn": "arn:aws-cn:iam::123456789012:user/anna"}}), None),
        (json!({}), None),
        (Value::Null, None),
    ];
    for (created_by, expected) in rows {
        let domain_id = expected.map(str::to_owned);
        assert_eq!(project(made(created_by)).await, Project { arn: PROJECT_ARN.into(), domain_id });
    }
}

#[tokio::test]
async fn e01_a_domain_is_read_however_much_else_the_answer_holds() {
    let service = JsonService::answering(vec![
        (200, json!({
            "DomainArn": "arn:aws-cn:sagemaker:cn-north-1:123456789012:domain/d-home", "DomainId": "d-home",
            "DomainName": "studio", "Status": "InService", "CreationTime": 1_606_852_800.5, "LastModifiedTime": 1.7e9,
            "VpcId": "vpc-1", "SubnetIds": ["subnet-1", "subnet-2"], "AppNetworkAccessType": "VpcOnly",
            "DefaultUserSettings": {
                "ExecutionRole": "arn:aws-cn:iam::123456789012:role/Execution", "SecurityGroups": ["sg-1"],
                "KernelGatewayAppSettings": {"CustomImages": [{"ImageName": "x", "AppImageConfigName": "y"}]},
                "NextYearsSettings": {"A": [1, null]}
            },
            "NextYearsField": {"B": 1.5}
        })),
        (200, json!({})),
    ])
    .await
    .unwrap();
    let aws = clients(&service);
    let expected = Domain {
        id: "d-home".into(),
        arn: "arn:aws-cn:sagemaker:cn-north-1:123456789012:domain/d-home".into(),
        vpc_id: "vpc-1".into(),
        subnet_ids: names(&["subnet-1", "subnet-2"]),
        security_groups: names(&["sg-1"]),
        execution_role: "arn:aws-cn:iam::123456789012:role/Execution".into(),
    };
    assert_eq!(aws.describe_domain("d-home").await.unwrap(), expected);
    assert_eq!(aws.describe_domain("d-home").await.unwrap(), Domain::default());
}

#[tokio::test]
async fn e01_tags_and_parameters_are_read_and_invalid_ones_are_left_out() {
    let service = JsonService::answering(vec![
        (200, json!({"Tags": [{"Key": "EnvironmentName", "Value": "churn"}], "NextToken": "more"})),
        (200, json!({"Tags": [], "NextToken": ""})),
        (200, json!({
            "Parameters": [
                {"Name": "/churn/dev/a", "Type": "String", "Value": "x", "Version": 3, "DataType": "text",
                 "LastModifiedDate": 1_606_852_800.5, "ARN": "arn:aws-cn:ssm:cn-north-1:123456789012:parameter/churn/dev/a"},
                {"Name": "/churn/dev/list", "Type": "StringList", "Value": "x,y"},
                {"Name": "/churn/dev/secret", "Type": "SecureString", "Value": "AQICAHh"}
            ],
            "InvalidParameters": ["/churn/dev/missing"]
        })),
    ])
    .await
    .unwrap();
    let aws = clients(&service);
    let page = aws.list_tags(PROJECT_ARN, None).await.unwrap();
    let tag = ("EnvironmentName".to_owned(), "churn".to_owned());
    assert_eq!(page, Page { items: vec![tag], next: Some("more".into()) });
    assert_eq!(aws.list_tags(PROJECT_ARN, page.next).await.unwrap(), Page { items: vec![], next: None });
    let parameter =
        |name: &str, value: &str, secure| Parameter { name: format!("/churn/dev/{name}"), value: value.into(), secure };
    assert_eq!(
        aws.get_parameters(&names(&["/churn/dev/a"])).await.unwrap(),
        [parameter("a", "x", false), parameter("list", "x,y", false), parameter("secret", "AQICAHh", true)]
    );
}

#[tokio::test]
async fn e00g_throttling_is_retried_with_the_same_request() {
    let throttled = (400, json!({"__type": "ThrottlingException", "message": "Rate exceeded"}));
    let service = JsonService::answering(vec![throttled.clone(), throttled, (200, json!({}))]).await.unwrap();
    clients(&service).get_parameters(&names(&["/churn/dev/a"])).await.unwrap();
    let asked = service.asked();
    assert_eq!(asked.len(), 3);
    assert!(asked.iter().all(|request| *request == asked[0]));
}

#[tokio::test]
async fn e01_an_errors_code_and_message_survive_and_are_not_retried() {
    let rows = [
        ("com.amazonaws.ssm#AccessDeniedException", "AccessDeniedException", true),
        ("InvalidKeyId", "InvalidKeyId", false),
        ("ValidationException", "ValidationException", false),
    ];
    for (type_on_the_wire, code, denied) in rows {
        for member in ["Message", "message"] {
            let reply = (400, json!({"__type": type_on_the_wire, member: "as it says"}));
            let service = JsonService::answering(vec![reply]).await.unwrap();
            let error = clients(&service).get_parameters(&names(&["/churn/dev/a"])).await.unwrap_err();
            assert_eq!((error.code(), error.is_access_denied()), (Some(code), denied));
            assert!(
                error.to_string().starts_with(&format!("ssm:GetParameters answered {code}: as it says")),
                "{error}"
            );
        }
    }
}
