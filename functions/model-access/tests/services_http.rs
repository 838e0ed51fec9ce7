//! What is sent to S3, KMS, ECR and SageMaker, and how their answers are read, over HTTP on loopback.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking, where it is set up too")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use lambda_process::{JsonService, Reply, Request, RestService, Server, client};
use model_access::{AwsServices, Container, ImageName, Key, Located, ModelData, ModelPackage, Ports};
use serde_json::{Value, json};

const KEY: &str = "arn:aws:kms:eu-west-1:111111111111:key/1";
const OWNER: &str = "111111111111";
const PACKAGE: &str = "arn:aws:sagemaker:eu-west-1:111111111111:model-package/churn/7";
const REPOSITORY: &str = "arn:aws:ecr:eu-west-1:111111111111:repository/churn";
const POLICY: &str = r#"{"Statement": []}"#;

fn clients(url: &str) -> AwsServices {
    AwsServices::over(
        client!(aws_sdk_ecr, url, "eu-west-1", 5),
        client!(aws_sdk_kms, url, "eu-west-1", 5),
        client!(aws_sdk_s3, url, "eu-west-1", 5),
        client!(aws_sdk_sagemaker, url, "eu-west-1", 5),
    )
}

/// A reply with headers, as S3 answers a HEAD.
fn with_headers(status: u16, headers: &[(&'static str, &'static str)], body: &'static str) -> Reply {
    let mut reply = Reply::status(status, body);
    if let Reply::Answer(response) = &mut reply {
        for (name, value) in headers {
            response.headers_mut().insert(*name, value.parse().unwrap());
        }
    }
    reply
}

/// Answers one request, and keeps it.
async fn answering(reply: Reply) -> (Server, Arc<Mutex<Vec<Request>>>) {
    let asked = Arc::new(Mutex::new(Vec::<Request>::new()));
    let log = Arc::clone(&asked);
    let server = Server::start(move |request| {
        log.lock().unwrap().push(request);
        std::future::ready(reply.clone())
    });
    (server.await.unwrap(), asked)
}

#[tokio::test]
async fn an_objects_head_says_how_large_it_is() {
    // The length that a HEAD tells is of the body that it lacks.
    let (server, asked) = answering(with_headers(200, &[], "five!")).await;
    let found = clients(&server.url()).head_object("records", "payloads/churn 1.csv", OWNER).await.unwrap();
    assert_eq!(found, Located::Here(5));
    let asked = asked.lock().unwrap();
    assert_eq!((asked[0].method.as_str(), asked[0].target.as_str()), ("HEAD", "/records/payloads/churn%201.csv"));
    assert_eq!(asked[0].headers["x-amz-expected-bucket-owner"].as_bytes(), OWNER.as_bytes());
}

#[tokio::test]
async fn a_bucket_says_which_key_it_encrypts_with() {
    let by = |default: &str| {
        format!(
            "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault>{default}\
             </ApplyServerSideEncryptionByDefault><BucketKeyEnabled>true</BucketKeyEnabled></Rule>\
             </ServerSideEncryptionConfiguration>"
        )
    };
    let key = format!("<KMSMasterKeyID>{KEY}</KMSMasterKeyID>");
    for (default, expected) in [
        ("<SSEAlgorithm>AES256</SSEAlgorithm>".to_owned(), None),
        (format!("<SSEAlgorithm>aws:kms</SSEAlgorithm>{key}"), Some(KEY)),
        (format!("<SSEAlgorithm>aws:kms:dsse</SSEAlgorithm>{key}"), Some(KEY)),
        // Without a key it is the one that AWS manages.
        ("<SSEAlgorithm>aws:kms</SSEAlgorithm>".to_owned(), Some("alias/aws/s3")),
    ] {
        let (server, asked) = answering(Reply::status(200, by(&default))).await;
        let found = clients(&server.url()).get_bucket_encryption("models", OWNER).await.unwrap();
        assert_eq!(found, Located::Here(expected.map(str::to_owned)), "{default}");
        let asked = asked.lock().unwrap();
        assert_eq!((asked[0].method.as_str(), asked[0].target.as_str()), ("GET", "/models/?encryption"));
        assert_eq!(asked[0].headers["x-amz-expected-bucket-owner"].as_bytes(), OWNER.as_bytes());
    }
    for (status, code) in
        [(404, "ServerSideEncryptionConfigurationNotFoundError"), (404, "NoSuchBucket"), (403, "AccessDenied")]
    {
        let body = format!("<Error><Code>{code}</Code><Message>no</Message><RequestId>1</RequestId></Error>");
        let (server, _) = answering(Reply::status(status, body)).await;
        let error = clients(&server.url()).get_bucket_encryption("models", OWNER).await.unwrap_err();
        assert_eq!((error.operation(), error.code()), ("s3:GetEncryptionConfiguration", Some(code)));
    }
}

/// A HEAD has no body, so that only the status says what is wrong.
#[tokio::test]
async fn an_answer_without_a_body_is_no_missing_answer() {
    for (status, code, denied, missing) in [(403, "Forbidden", true, false), (404, "NotFound", false, true)] {
        let (server, asked) = answering(with_headers(status, &[("x-amz-request-id", "4442587FB7D0A2F9")], "")).await;
        let error = clients(&server.url()).head_object("models", "k", OWNER).await.unwrap_err();
        assert_eq!((error.code(), error.request_id()), (Some(code), Some("4442587FB7D0A2F9")));
        assert_eq!((error.is_access_denied(), error.is_not_found(), error.is_transient()), (denied, missing, false));
        assert_eq!(asked.lock().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_bucket_of_another_region_is_told_by_its_region() {
    let elsewhere = [("x-amz-bucket-region", "us-east-1")];
    let redirect = "<Error><Code>PermanentRedirect</Code><Message>elsewhere</Message></Error>";
    for status in [301, 400] {
        let (server, _) = answering(with_headers(status, &elsewhere, "")).await;
        let found = clients(&server.url()).head_object("models", "k", OWNER).await.unwrap();
        assert_eq!(found, Located::Elsewhere("us-east-1".to_owned()), "{status}");
        let (server, _) = answering(with_headers(status, &elsewhere, redirect)).await;
        let found = clients(&server.url()).get_bucket_encryption("models", OWNER).await.unwrap();
        assert_eq!(found, Located::Elsewhere("us-east-1".to_owned()), "{status}");
    }
    let (server, _) = answering(with_headers(403, &elsewhere, "")).await;
    assert!(clients(&server.url()).head_object("models", "k", OWNER).await.unwrap_err().is_access_denied());
}

#[tokio::test]
async fn a_bucket_has_a_policy_or_none() {
    let no_policy = "<Error><Code>NoSuchBucketPolicy</Code><Message>none</Message><RequestId>1</RequestId></Error>";
    let service =
        RestService::answering(vec![Reply::status(200, POLICY), Reply::status(404, no_policy)]).await.unwrap();
    let aws = clients(&service.url());
    assert_eq!(aws.get_bucket_policy("models", OWNER).await.unwrap().as_deref(), Some(POLICY), "to the byte");
    assert_eq!(aws.get_bucket_policy("models", OWNER).await.unwrap_err().code(), Some("NoSuchBucketPolicy"));
    assert!(service.asked()[0].0.contains("policy"));
}

#[tokio::test]
async fn sagemaker_is_asked_for_the_version_and_its_group() {
    let service = JsonService::answering(vec![
        (
            200,
            json!({"ModelPackageName": "churn", "ModelPackageArn": PACKAGE, "CreationTime": 1.0,
            "ModelPackageStatus": "Completed", "ModelPackageStatusDetails": {"ValidationStatuses": []},
            "InferenceSpecification": {"Containers": [
                {"Image": "i", "ImageDigest": "sha256:1", "ModelDataUrl": "s3://models/a.tar.gz"},
                {"Image": "j",
                    "ModelDataSource": {"S3DataSource": {"S3Uri": "s3://models/llm/", "S3DataType": "S3Prefix",
                        "CompressionType": "None", "ManifestS3Uri": "s3://models/manifest.json"}},
                    "AdditionalModelDataSources": [{"ChannelName": "adapter", "S3DataSource": {"S3Uri": "s3://models/b",
                        "S3DataType": "S3Object", "CompressionType": "None"}}],
                    "AdditionalS3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://models/c/"}},
            ]}}),
        ),
        (200, json!({"ModelPackageName": "churn", "CreationTime": 1.0})),
        (200, json!({"ResourcePolicy": POLICY})),
        (200, json!({})),
        (400, json!({"__type": "ValidationException", "message": "Cannot find resource policy for: arn"})),
    ])
    .await
    .unwrap();
    let aws = clients(&service.url());
    let data = |uri: &str, is_prefix| ModelData { uri: uri.to_owned(), is_prefix };
    let one = Container {
        image: "i".to_owned(),
        digest: Some("sha256:1".to_owned()),
        data: vec![data("s3://models/a.tar.gz", false)],
    };
    let two = Container {
        image: "j".to_owned(),
        digest: None,
        data: vec![
            data("s3://models/llm/", true),
            data("s3://models/manifest.json", false),
            data("s3://models/b", false),
            data("s3://models/c/", true),
        ],
    };
    let whole = ModelPackage { arn: PACKAGE.to_owned(), containers: vec![one, two] };
    assert_eq!(aws.describe_model_package(PACKAGE).await.unwrap(), whole);
    let bare = ModelPackage { arn: PACKAGE.to_owned(), containers: Vec::new() };
    assert_eq!(aws.describe_model_package(PACKAGE).await.unwrap(), bare);
    assert_eq!(aws.get_model_package_group_policy("churn").await.unwrap().as_deref(), Some(POLICY));
    aws.put_model_package_group_policy("churn", POLICY).await.unwrap();
    assert!(aws.get_model_package_group_policy("churn").await.unwrap_err().is_not_found());
    let name = json!({"ModelPackageGroupName": "churn"});
    assert_eq!(
        service.asked(),
        [
            ("SageMaker.DescribeModelPackage".to_owned(), json!({"ModelPackageName": PACKAGE})),
            ("SageMaker.DescribeModelPackage".to_owned(), json!({"ModelPackageName": PACKAGE})),
            ("SageMaker.GetModelPackageGroupPolicy".to_owned(), name.clone()),
            (
                "SageMaker.PutModelPackageGroupPolicy".to_owned(),
                json!({"ModelPackageGroupName": "churn", "ResourcePolicy": POLICY})
            ),
            ("SageMaker.GetModelPackageGroupPolicy".to_owned(), name),
        ]
    );
}

#[tokio::test]
async fn kms_says_whose_key_it_is_and_in_which_state() {
    let key = |manager: &str, state: &str| {
        (200, json!({"KeyMetadata": {"KeyId": "1", "Arn": KEY, "KeyManager": manager, "KeyState": state}}))
    };
    let service = JsonService::answering(vec![
        key("CUSTOMER", "Enabled"),
        key("AWS", "Enabled"),
        key("CUSTOMER", "PendingDeletion"),
        (200, json!({"Policy": POLICY, "PolicyName": "default"})),
        (400, json!({"__type": "AccessDeniedException", "message": "not authorized to perform: kms:DescribeKey"})),
    ])
    .await
    .unwrap();
    let aws = clients(&service.url());
    for (is_aws_managed, state) in [(false, "Enabled"), (true, "Enabled"), (false, "PendingDeletion")] {
        let found = Key { arn: KEY.to_owned(), is_aws_managed, state: state.to_owned() };
        assert_eq!(aws.describe_key("1").await.unwrap(), found);
    }
    assert_eq!(aws.get_key_policy(KEY).await.unwrap().as_deref(), Some(POLICY));
    let denied = aws.describe_key(KEY).await.unwrap_err();
    assert!(denied.is_access_denied(), "{denied}");
    assert_eq!(service.asked()[3], ("TrentService.GetKeyPolicy".to_owned(), json!({"KeyId": KEY})));
}

#[tokio::test]
async fn ecr_is_asked_for_one_image_and_its_repository() {
    let target = |operation: &str| format!("AmazonEC2ContainerRegistry_V20150921.{operation}");
    let repository = json!({"registryId": OWNER, "repositoryName": "churn"});
    let with = |more: Value| {
        let mut body = repository.clone();
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let service = JsonService::answering(vec![
        (200, json!({"imageDetails": [{"imageDigest": "sha256:1", "imageTags": ["7", "8"]}]})),
        (200, json!({"imageDetails": [{"imageDigest": "sha256:1"}]})),
        (400, json!({"__type": "ImageNotFoundException", "message": "no such image"})),
        (400, json!({"__type": "RepositoryPolicyNotFoundException", "message": "no policy"})),
        (200, json!({"repositoryName": "churn", "policyText": POLICY})),
        (200, json!({"tags": [{"Key": "secure-mlops:platform", "Value": "mlops"}]})),
        (200, json!({})),
    ])
    .await
    .unwrap();
    let aws = clients(&service.url());
    let (tag, digest) = (ImageName::Tag("7".to_owned()), ImageName::Digest("sha256:1".to_owned()));
    assert_eq!(aws.describe_image(OWNER, "churn", &tag).await.unwrap(), ["7", "8"]);
    assert_eq!(aws.describe_image(OWNER, "churn", &digest).await.unwrap(), [""; 0]);
    assert!(aws.describe_image(OWNER, "churn", &digest).await.unwrap_err().is_not_found());
    let none = aws.get_repository_policy(OWNER, "churn").await.unwrap_err();
    assert_eq!(none.code(), Some("RepositoryPolicyNotFoundException"));
    assert_eq!(aws.get_repository_policy(OWNER, "churn").await.unwrap().as_deref(), Some(POLICY));
    let tags = BTreeMap::from([("secure-mlops:platform".to_owned(), "mlops".to_owned())]);
    assert_eq!(aws.list_tags_for_resource(REPOSITORY).await.unwrap(), tags);
    aws.set_repository_policy(OWNER, "churn", POLICY).await.unwrap();
    let asked = service.asked();
    assert_eq!(asked[0], (target("DescribeImages"), with(json!({"imageIds": [{"imageTag": "7"}]}))));
    assert_eq!(asked[1], (target("DescribeImages"), with(json!({"imageIds": [{"imageDigest": "sha256:1"}]}))));
    assert_eq!(asked[3], (target("GetRepositoryPolicy"), repository.clone()));
    assert_eq!(asked[5], (target("ListTagsForResource"), json!({"resourceArn": REPOSITORY})));
    assert_eq!(asked[6], (target("SetRepositoryPolicy"), with(json!({"policyText": POLICY}))));
}

#[tokio::test]
async fn throttling_is_retried_with_the_same_request() {
    let throttled = (400, json!({"__type": "ThrottlingException", "message": "Rate exceeded"}));
    let service = JsonService::answering(vec![throttled.clone(), throttled, (200, json!({}))]).await.unwrap();
    clients(&service.url()).set_repository_policy(OWNER, "churn", POLICY).await.unwrap();
    let asked = service.asked();
    assert_eq!((asked.len(), asked.iter().all(|request| *request == asked[0])), (3, true));
    let slow = "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>";
    let service = RestService::answering(vec![Reply::status(503, slow), Reply::status(200, POLICY)]).await.unwrap();
    clients(&service.url()).get_bucket_policy("models", OWNER).await.unwrap();
    assert_eq!(service.asked().len(), 2);
}
