//! What is sent to SageMaker, EFS, EC2 and Parameter Store, and how their answers are read, over HTTP on loopback.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking, where it is set up too")]

use lambda_process::{JsonService, QueryService, Reply, RestService, client};
use serde_json::{Value, json};
use studio_domain::{AwsServices, Domain, Ports, Tagged};

const TAGS: [(&str, &str); 2] = [("EnvironmentName", "churn"), ("EnvironmentType", "dev")];

/// Every client of the function at one address: a test calls those of one protocol.
macro_rules! services {
    ($url:expr) => {{
        AwsServices::over(
            client!(aws_sdk_sagemaker, $url, "cn-north-1", 5),
            client!(aws_sdk_efs, $url, "cn-north-1", 5),
            client!(aws_sdk_ec2, $url, "cn-north-1", 5),
            client!(aws_sdk_ssm, $url, "cn-north-1", 5),
        )
    }};
}

fn group(id: &str, tags: &str) -> String {
    format!("<item><groupId>{id}</groupId><groupName>n</groupName><vpcId>vpc-1</vpcId><tagSet>{tags}</tagSet></item>")
}

fn groups(items: &str, next: &str) -> (u16, String) {
    let body = format!(
        "<DescribeSecurityGroupsResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>r</requestId>\
         <securityGroupInfo>{items}</securityGroupInfo>{next}</DescribeSecurityGroupsResponse>"
    );
    (200, body)
}

fn ec2_error(code: &str) -> (u16, String) {
    let status = if code == "RequestLimitExceeded" { 503 } else { 400 };
    let body = format!(
        "<Response><Errors><Error><Code>{code}</Code><Message>as it says</Message></Error></Errors>\
         <RequestID>{}</RequestID></Response>",
        QueryService::REQUEST_ID
    );
    (status, body)
}

#[tokio::test]
async fn a_domain_is_read_with_what_it_may_lack() {
    let answers = vec![
        (
            200,
            json!({
                "DomainArn": "arn:aws-cn:sagemaker:cn-north-1:123456789012:domain/d-one", "DomainId": "d-one",
                "HomeEfsFileSystemId": "fs-1", "Status": "InService", "SubnetIds": ["subnet-b", "subnet-a"],
                "Url": "https://d-one.studio.cn-north-1.sagemaker.com.cn", "VpcId": "vpc-1", "CreationTime": 1_606_852_800.5,
                "SecurityGroupIdForDomainBoundary": "sg-9", "TagPropagation": "DISABLED"
            }),
        ),
        (200, json!({"Status": "Update_Failed", "FailureReason": "no addresses"})),
        (400, json!({"__type": "ResourceNotFound", "message": "Domain [d-one] not found"})),
    ];
    let service = JsonService::answering(answers).await.unwrap();
    let (aws, id) = (services!(service.url()), "d-one".parse().unwrap());
    let expected = Domain {
        arn: "arn:aws-cn:sagemaker:cn-north-1:123456789012:domain/d-one".into(),
        status: "InService".into(),
        failure_reason: None,
        url: "https://d-one.studio.cn-north-1.sagemaker.com.cn".into(),
        file_system_id: Some("fs-1".into()),
        vpc_id: "vpc-1".into(),
        subnet_ids: vec!["subnet-b".into(), "subnet-a".into()],
        boundary_group_id: Some("sg-9".into()),
    };
    assert_eq!(aws.describe_domain(&id).await.unwrap(), expected);
    let failed = aws.describe_domain(&id).await.unwrap();
    assert_eq!((failed.status.as_str(), failed.failure_reason.as_deref()), ("Update_Failed", Some("no addresses")));
    assert_eq!((failed.file_system_id, failed.boundary_group_id), (None, None));
    let error = aws.describe_domain(&id).await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
    assert_eq!(service.asked()[0], ("SageMaker.DescribeDomain".into(), json!({"DomainId": "d-one"})));
}

#[tokio::test]
async fn e09_groups_are_looked_for_by_name_within_the_network_on_every_page() {
    let tag = "<item><key>ManagedByAmazonSageMakerResource</key><value>arn</value></item>";
    let service = QueryService::answering(vec![
        groups(&group("sg-1", tag), "<nextToken>more</nextToken>"),
        groups(&group("sg-2", ""), ""),
    ])
    .await
    .unwrap();
    let aws = services!(service.url());
    let found = aws.describe_security_groups("vpc-1", "group-name", vec!["a".into(), "b".into()]).await.unwrap();
    let tags = vec![("ManagedByAmazonSageMakerResource".to_owned(), "arn".to_owned())];
    assert_eq!(found, [Tagged { id: "sg-1".into(), tags }, Tagged { id: "sg-2".into(), tags: vec![] }]);
    let filters = "Filter.1.Name=vpc-id&Filter.1.Value.1=vpc-1&Filter.2.Name=group-name&Filter.2.Value.1=a\
                   &Filter.2.Value.2=b";
    let expected = ["", "NextToken=more&"]
        .map(|token| format!("Action=DescribeSecurityGroups&Version=2016-11-15&{token}{filters}"));
    assert_eq!(service.asked(), expected);
}

#[tokio::test]
async fn tags_are_sent_as_each_service_reads_them() {
    let service =
        QueryService::answering(vec![(200, "<CreateTagsResponse><return>true</return></CreateTagsResponse>".into())])
            .await
            .unwrap();
    services!(service.url()).tag_security_groups(vec!["sg-1".into(), "sg-2".into()], &TAGS).await.unwrap();
    let expected = "Action=CreateTags&Version=2016-11-15&ResourceId.1=sg-1&ResourceId.2=sg-2&Tag.1.Key=EnvironmentName\
                    &Tag.1.Value=churn&Tag.2.Key=EnvironmentType&Tag.2.Value=dev";
    assert_eq!(service.asked(), [expected]);

    let service = RestService::answering(vec![Reply::status(200, "")]).await.unwrap();
    services!(service.url()).tag_file_system("fs-1", &TAGS).await.unwrap();
    let tags =
        json!({"Tags": [{"Key": "EnvironmentName", "Value": "churn"}, {"Key": "EnvironmentType", "Value": "dev"}]});
    assert_eq!(service.asked(), [("POST /2015-02-01/resource-tags/fs-1".to_owned(), tags)]);
}

#[tokio::test]
async fn a_file_system_is_read_with_its_tags() {
    let file_system = json!({"FileSystems": [{
        "FileSystemId": "fs-1", "OwnerId": "123456789012", "CreationToken": "d-one", "CreationTime": 1_606_852_800.0,
        "LifeCycleState": "available", "NumberOfMountTargets": 2, "SizeInBytes": {"Value": 6144},
        "PerformanceMode": "generalPurpose", "Tags": [{"Key": "ManagedByAmazonSageMakerResource", "Value": "arn"}]
    }]});
    let replies = vec![
        Reply::status(200, file_system.to_string()),
        Reply::rest_error(404, "FileSystemNotFound", "File system 'fs-1' does not exist."),
    ];
    let service = RestService::answering(replies).await.unwrap();
    let aws = services!(service.url());
    let found = aws.describe_file_system("fs-1").await.unwrap();
    assert_eq!((found.id.as_str(), found.tag("ManagedByAmazonSageMakerResource")), ("fs-1", Some("arn")));
    let error = aws.describe_file_system("fs-1").await.unwrap_err();
    assert!(error.is_not_found() && error.to_string().contains("does not exist"), "{error}");
    assert_eq!(service.asked()[0], ("GET /2015-02-01/file-systems?FileSystemId=fs-1".to_owned(), Value::Null));
}

#[tokio::test]
async fn parameters_are_sent_and_read() {
    let answers = vec![
        (200, json!({"Parameter": {"Name": "/a/b/c", "Type": "String", "Value": "d-one", "Version": 3}})),
        (400, json!({"__type": "ParameterNotFound"})),
        (400, json!({"__type": "ParameterAlreadyExists", "message": "The parameter already exists."})),
        (200, json!({"Version": 1})),
        (200, json!({})),
    ];
    let service = JsonService::answering(answers).await.unwrap();
    let aws = services!(service.url());
    assert_eq!(aws.get_parameter("/a/b/c").await.unwrap(), "d-one");
    assert!(aws.get_parameter("/a/b/c").await.unwrap_err().is_not_found());
    assert!(aws.put_parameter("/a/b/c", "d-one", false).await.unwrap_err().is_already_exists());
    aws.put_parameter("/a/b/c", "d-one", true).await.unwrap();
    aws.delete_parameter("/a/b/c").await.unwrap();
    let put = |overwrite: bool| json!({"Name": "/a/b/c", "Value": "d-one", "Type": "String", "Overwrite": overwrite});
    let expected = [
        ("AmazonSSM.GetParameter", json!({"Name": "/a/b/c"})),
        ("AmazonSSM.GetParameter", json!({"Name": "/a/b/c"})),
        ("AmazonSSM.PutParameter", put(false)),
        ("AmazonSSM.PutParameter", put(true)),
        ("AmazonSSM.DeleteParameter", json!({"Name": "/a/b/c"})),
    ];
    assert_eq!(service.asked(), expected.map(|(target, body)| (target.to_owned(), body)));
}

#[tokio::test]
async fn e00g_throttling_is_retried_and_other_errors_are_not() {
    let done = (200, "<CreateTagsResponse/>".to_owned());
    let throttled = ec2_error("RequestLimitExceeded");
    let service = QueryService::answering(vec![throttled.clone(), throttled, done]).await.unwrap();
    services!(service.url()).tag_security_groups(vec!["sg-1".into()], &TAGS).await.unwrap();
    assert_eq!(service.asked().len(), 3);

    let service = QueryService::answering(vec![ec2_error("UnauthorizedOperation")]).await.unwrap();
    let error = services!(service.url()).tag_security_groups(vec!["sg-1".into()], &TAGS).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("ec2:CreateTags answered UnauthorizedOperation: as it says (request id {})", QueryService::REQUEST_ID)
    );
    assert!(error.is_access_denied());
}
