//! What is sent to SageMaker, EFS, EC2 and AWS Backup, and how their answers are read, over HTTP on loopback.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking, where it is set up too")]

use lambda_process::{JsonService, QueryService, Reply, RestService, client};
use serde_json::{Value, json};
use studio_storage::{AwsServices, Destination, Group, Interface, MountTarget, Ports, Rule};

/// Every client of the function at one address: a test calls those of one protocol.
macro_rules! services {
    ($url:expr) => {{
        AwsServices::over(
            client!(aws_sdk_sagemaker, $url, "cn-north-1", 5),
            client!(aws_sdk_efs, $url, "cn-north-1", 5),
            client!(aws_sdk_ec2, $url, "cn-north-1", 5),
            client!(aws_sdk_backup, $url, "cn-north-1", 5),
        )
    }};
}

fn file_systems(id: &str, next: Value) -> Reply {
    let body = json!({"NextMarker": next, "FileSystems": [{
        "FileSystemId": id, "FileSystemArn": format!("arn:aws-cn:elasticfilesystem:cn-north-1:123456789012:file-system/{id}"),
        "OwnerId": "123456789012", "CreationToken": "d-one", "CreationTime": 1_606_852_800.0, "LifeCycleState": "available",
        "NumberOfMountTargets": 2, "SizeInBytes": {"Value": 6144}, "PerformanceMode": "generalPurpose",
        "Tags": [{"Key": "EnvironmentName", "Value": "churn"}]
    }]});
    Reply::status(200, body.to_string())
}

#[tokio::test]
async fn e09_file_systems_and_mount_targets_are_read_on_every_page() {
    let target = |id: &str| {
        json!({"MountTargetId": id, "FileSystemId": "fs-1", "SubnetId": "subnet-1", "LifeCycleState": "deleting",
            "VpcId": "vpc-1a2b3c4d"})
    };
    let service = RestService::answering(vec![
        file_systems("fs-1", json!("more")),
        file_systems("fs-2", Value::Null),
        Reply::status(200, json!({"MountTargets": [target("fsmt-1")], "NextMarker": "more"}).to_string()),
        Reply::status(200, json!({"MountTargets": [target("fsmt-2")]}).to_string()),
    ])
    .await
    .unwrap();
    let aws = services!(service.url());
    let found = aws.describe_file_systems().await.unwrap();
    assert_eq!(found.iter().map(|found| found.id.as_str()).collect::<Vec<_>>(), ["fs-1", "fs-2"]);
    assert_eq!(found[1].arn, "arn:aws-cn:elasticfilesystem:cn-north-1:123456789012:file-system/fs-2");
    assert_eq!((found[0].state.as_str(), found[0].tags[0].1.as_str()), ("available", "churn"));
    let expected = ["fsmt-1", "fsmt-2"].map(|id| MountTarget {
        id: id.into(),
        state: "deleting".into(),
        vpc_id: Some("vpc-1a2b3c4d".into()),
    });
    assert_eq!(aws.describe_mount_targets("fs-1").await.unwrap(), expected);
    let asked: Vec<String> = service.asked().into_iter().map(|(line, _)| line).collect();
    let expected = [
        "GET /2015-02-01/file-systems",
        "GET /2015-02-01/file-systems?Marker=more",
        "GET /2015-02-01/mount-targets?FileSystemId=fs-1",
        "GET /2015-02-01/mount-targets?Marker=more&FileSystemId=fs-1",
    ];
    assert_eq!(asked, expected);
}

#[tokio::test]
async fn efs_is_asked_to_tag_and_delete_and_its_errors_are_told_apart() {
    let service = RestService::answering(vec![
        Reply::status(204, ""),
        Reply::status(204, ""),
        Reply::status(200, ""),
        Reply::rest_error(409, "FileSystemInUse", "Failed to delete: file system in use"),
        Reply::rest_error(404, "MountTargetNotFound", "Mount target does not exist"),
        Reply::rest_error(403, "AccessDeniedException", "not authorized"),
    ])
    .await
    .unwrap();
    let aws = services!(service.url());
    aws.delete_mount_target("fsmt-1").await.unwrap();
    aws.delete_file_system("fs-1").await.unwrap();
    aws.tag_file_system("fs-1", ("StudioStorage", "Retained")).await.unwrap();
    let used = aws.delete_file_system("fs-1").await.unwrap_err();
    assert_eq!((used.code(), used.message()), (Some("FileSystemInUse"), Some("Failed to delete: file system in use")));
    assert!(aws.delete_mount_target("fsmt-1").await.unwrap_err().is_not_found());
    assert!(aws.delete_mount_target("fsmt-1").await.unwrap_err().is_access_denied());
    assert_eq!(
        service.asked()[..3],
        [
            ("DELETE /2015-02-01/mount-targets/fsmt-1".to_owned(), Value::Null),
            ("DELETE /2015-02-01/file-systems/fs-1".to_owned(), Value::Null),
            (
                "POST /2015-02-01/resource-tags/fs-1".to_owned(),
                json!({"Tags": [{"Key": "StudioStorage", "Value": "Retained"}]})
            ),
        ]
    );
}

#[tokio::test]
async fn e09_groups_are_read_with_each_rule_that_names_a_group_on_every_page() {
    let page = |id: &str, next: &str| {
        let pair = |id: &str| format!("<item><groupId>{id}</groupId><userId>123456789012</userId></item>");
        let tcp = format!(
            "<item><ipProtocol>tcp</ipProtocol><fromPort>2049</fromPort><toPort>2049</toPort><groups>{}{}</groups></item>",
            pair("sg-a"),
            pair("sg-b")
        );
        let all = "<item><ipProtocol>-1</ipProtocol><groups/><ipRanges><item><cidrIp>0.0.0.0/0</cidrIp></item></ipRanges></item>";
        let body = format!(
            "<DescribeSecurityGroupsResponse><securityGroupInfo><item><groupId>{id}</groupId><groupName>n-{id}</groupName>\
             <ipPermissions>{tcp}</ipPermissions><ipPermissionsEgress>{all}</ipPermissionsEgress><tagSet><item><key>k</key>\
             <value>v</value></item></tagSet></item></securityGroupInfo>{next}</DescribeSecurityGroupsResponse>"
        );
        (200, body)
    };
    let service =
        QueryService::answering(vec![page("sg-1", "<nextToken>more</nextToken>"), page("sg-2", "")]).await.unwrap();
    let found = services!(service.url()).describe_security_groups(&"vpc-1a2b3c4d".parse().unwrap()).await.unwrap();
    let rule = |group_id: &str| Rule {
        egress: false,
        protocol: "tcp".into(),
        from_port: Some(2049),
        to_port: Some(2049),
        group_id: group_id.into(),
        account_id: Some("123456789012".into()),
    };
    let expected = ["sg-1", "sg-2"].map(|id| Group {
        id: id.into(),
        name: format!("n-{id}"),
        tags: vec![("k".into(), "v".into())],
        rules: vec![rule("sg-a"), rule("sg-b")],
    });
    assert_eq!(found, expected);
    let form = "Action=DescribeSecurityGroups&Version=2016-11-15";
    let filter = "Filter.1.Name=vpc-id&Filter.1.Value.1=vpc-1a2b3c4d";
    assert_eq!(service.asked(), [format!("{form}&{filter}"), format!("{form}&NextToken=more&{filter}")]);
}

#[tokio::test]
async fn a_rule_is_revoked_by_all_its_members_in_its_direction() {
    let done = |name: &str| (200, format!("<{name}Response><return>true</return></{name}Response>"));
    let replies =
        vec![done("RevokeSecurityGroupIngress"), done("RevokeSecurityGroupEgress"), done("DeleteSecurityGroup")];
    let service = QueryService::answering(replies).await.unwrap();
    let aws = services!(service.url());
    let rule = Rule {
        egress: false,
        protocol: "tcp".into(),
        from_port: Some(988),
        to_port: Some(1023),
        group_id: "sg-2".into(),
        account_id: Some("123456789012".into()),
    };
    aws.revoke_security_group_ingress("sg-1", &rule).await.unwrap();
    let rule = Rule { egress: true, protocol: "-1".into(), from_port: None, to_port: None, account_id: None, ..rule };
    aws.revoke_security_group_egress("sg-1", &rule).await.unwrap();
    aws.delete_security_group("sg-1").await.unwrap();
    for (asked, parts) in service.asked().iter().zip([
        [
            "Action=RevokeSecurityGroupIngress&",
            "GroupId=sg-1",
            "IpPermissions.1.IpProtocol=tcp&IpPermissions.1.FromPort=988&IpPermissions.1.ToPort=1023",
            "IpPermissions.1.Groups.1.UserId=123456789012&IpPermissions.1.Groups.1.GroupId=sg-2",
        ],
        [
            "Action=RevokeSecurityGroupEgress&",
            "GroupId=sg-1",
            "IpPermissions.1.IpProtocol=-1",
            "IpPermissions.1.Groups.1.GroupId=sg-2",
        ],
        ["Action=DeleteSecurityGroup&", "Version=2016-11-15", "GroupId=sg-1", ""],
    ]) {
        for part in parts {
            // The SDK may write the members in any order; what counts is that each is there.
            assert!(part.split('&').all(|member| asked.contains(member)), "{asked} lacks {part}");
        }
    }
}

#[tokio::test]
async fn interfaces_are_read_with_their_groups_and_ec2s_errors_are_told_apart() {
    let interface = "<DescribeNetworkInterfacesResponse><networkInterfaceSet><item><networkInterfaceId>eni-1</networkInterfaceId>\
                     <description>app</description><status>in-use</status><groupSet><item><groupId>sg-1</groupId></item></groupSet>\
                     </item></networkInterfaceSet></DescribeNetworkInterfacesResponse>";
    let error = |code: &str| {
        let body =
            format!("<Response><Errors><Error><Code>{code}</Code><Message>m</Message></Error></Errors></Response>");
        (400, body)
    };
    let service = QueryService::answering(vec![
        (200, interface.to_owned()),
        error("InvalidNetworkInterfaceID.NotFound"),
        error("InvalidGroup.NotFound"),
        error("DependencyViolation"),
    ])
    .await
    .unwrap();
    let aws = services!(service.url());
    let found = aws.describe_network_interfaces(vec!["sg-1".into(), "sg-2".into()]).await.unwrap();
    let expected = Interface {
        id: "eni-1".into(),
        status: "in-use".into(),
        description: "app".into(),
        group_ids: vec!["sg-1".into()],
    };
    assert_eq!(found, [expected]);
    assert!(service.asked()[0].ends_with("Filter.1.Name=group-id&Filter.1.Value.1=sg-1&Filter.1.Value.2=sg-2"));
    assert!(aws.delete_network_interface("eni-1").await.unwrap_err().is_not_found());
    assert!(aws.delete_security_group("sg-1").await.unwrap_err().is_not_found());
    assert_eq!(aws.delete_security_group("sg-1").await.unwrap_err().code(), Some("DependencyViolation"));
}

#[tokio::test]
async fn a_backup_is_started_with_its_token_and_read_as_it_ends() {
    let service = RestService::answering(vec![
        Reply::status(200, json!({"BackupJobId": "job-1", "CreationDate": 1_800_000_000.5}).to_string()),
        Reply::status(
            200,
            json!({"BackupJobId": "job-1", "State": "FAILED", "StatusMessage": "denied", "CreationDate": 1_800_000_000.5,
                "CompletionDate": 1_800_000_060.0})
            .to_string(),
        ),
    ])
    .await
    .unwrap();
    let aws = services!(service.url());
    let role = "arn:aws-cn:iam::123456789012:role/service-role/Backup";
    let to = Destination { vault: "studio".parse().unwrap(), role: role.parse().unwrap() };
    assert_eq!(aws.start_backup_job("arn:fs-1", &to, "token").await.unwrap(), "job-1");
    let job = aws.describe_backup_job("job-1").await.unwrap();
    assert_eq!((job.state.as_str(), job.message.as_deref()), ("FAILED", Some("denied")));
    assert_eq!((job.created, job.completed), (Some(1_800_000_000), Some(1_800_000_060)));
    let body = json!({"BackupVaultName": "studio", "ResourceArn": "arn:fs-1", "IamRoleArn": role, "IdempotencyToken": "token"});
    let expected = [("PUT /backup-jobs".to_owned(), body), ("GET /backup-jobs/job-1".to_owned(), Value::Null)];
    assert_eq!(service.asked(), expected);
}

#[tokio::test]
async fn e00g_throttling_is_retried_with_the_same_request() {
    let throttled = Reply::rest_error(429, "ThrottlingException", "Rate exceeded");
    let replies = vec![throttled.clone(), throttled, Reply::status(204, "")];
    let service = RestService::answering(replies).await.unwrap();
    services!(service.url()).delete_mount_target("fsmt-1").await.unwrap();
    let asked = service.asked();
    assert_eq!(asked.len(), 3);
    assert!(asked.iter().all(|request| *request == asked[0]));
}

#[tokio::test]
async fn a_domain_that_is_gone_is_told_from_one_that_cannot_be_seen() {
    let service = JsonService::answering(vec![
        (200, json!({"Status": "Deleting"})),
        (400, json!({"__type": "ResourceNotFound", "message": "Domain [d-one] not found"})),
        (400, json!({"__type": "AccessDeniedException", "message": "not authorized"})),
    ])
    .await
    .unwrap();
    let (aws, id) = (services!(service.url()), "d-one".parse().unwrap());
    assert_eq!(aws.describe_domain(&id).await.unwrap(), "Deleting");
    assert!(aws.describe_domain(&id).await.unwrap_err().is_not_found());
    let denied = aws.describe_domain(&id).await.unwrap_err();
    assert!(denied.is_access_denied() && !denied.is_not_found());
}
