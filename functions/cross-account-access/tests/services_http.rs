//! What is sent to S3, KMS and SageMaker, and how their answers are read, over HTTP on loopback.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking, where it is set up too")]

use std::sync::{Arc, Mutex};

use cross_account_access::{AwsServices, Ports};
use lambda_process::{JsonService, Reply, Request, RestService, Server, client};
use serde_json::json;

const KEY: &str = "arn:aws:kms:eu-west-1:111111111111:key/1";
const OWNER: &str = "111111111111";
const POLICY: &str = r#"{"Statement": []}"#;

fn clients(url: &str) -> AwsServices {
    AwsServices::over(
        client!(aws_sdk_s3, url, "eu-west-1", 5),
        client!(aws_sdk_kms, url, "eu-west-1", 5),
        client!(aws_sdk_sagemaker, url, "eu-west-1", 5),
    )
}

/// An error as S3 answers it.
fn s3_error(status: u16, code: &str, message: &str) -> Reply {
    Reply::status(
        status,
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message>\
             <BucketName>models</BucketName><RequestId>4442587FB7D0A2F9</RequestId><HostId>x</HostId></Error>"
        ),
    )
}

#[tokio::test]
async fn s3_is_asked_for_the_bucket_of_this_owner() {
    let asked = Arc::new(Mutex::new(Vec::<Request>::new()));
    let log = Arc::clone(&asked);
    let server = Server::start(move |request| {
        let reading = request.method == "GET";
        log.lock().unwrap().push(request);
        std::future::ready(if reading { Reply::status(200, POLICY) } else { Reply::status(204, "") })
    })
    .await
    .unwrap();
    let aws = clients(&server.url());
    assert_eq!(aws.get_bucket_policy("models", OWNER).await.unwrap().as_deref(), Some(POLICY), "to the byte");
    aws.put_bucket_policy("models", OWNER, POLICY).await.unwrap();
    aws.delete_bucket_policy("models", OWNER).await.unwrap();
    let asked = asked.lock().unwrap();
    for (request, method) in asked.iter().zip(["GET", "PUT", "DELETE"]) {
        assert_eq!(
            (request.method.as_str(), request.headers["x-amz-expected-bucket-owner"].as_bytes()),
            (method, OWNER.as_bytes())
        );
        assert!(
            request.target.starts_with("/models?policy") || request.target.starts_with("/models/?policy"),
            "{}",
            request.target
        );
    }
    assert_eq!((asked.len(), &asked[1].body[..]), (3, POLICY.as_bytes()));
}

#[tokio::test]
async fn kms_and_sagemaker_are_asked_as_they_read_it() {
    let group = "arn:aws:sagemaker:eu-west-1:111111111111:model-package-group/churn";
    let service = JsonService::answering(vec![
        (200, json!({"Policy": POLICY, "PolicyName": "default"})),
        (200, json!({})),
        (
            200,
            json!({"ModelPackageGroupArn": group, "ModelPackageGroupName": "churn", "CreationTime": 1,
            "CreatedBy": {}, "ModelPackageGroupStatus": "Completed"}),
        ),
        (200, json!({"ResourcePolicy": POLICY})),
        (200, json!({"ModelPackageGroupArn": group})),
        (200, json!({})),
    ])
    .await
    .unwrap();
    let aws = clients(&service.url());
    assert_eq!(aws.get_key_policy(KEY).await.unwrap().as_deref(), Some(POLICY));
    aws.put_key_policy(KEY, POLICY).await.unwrap();
    assert_eq!(aws.describe_model_package_group("churn").await.unwrap(), group);
    assert_eq!(aws.get_model_package_group_policy("churn").await.unwrap().as_deref(), Some(POLICY));
    aws.put_model_package_group_policy("churn", POLICY).await.unwrap();
    aws.delete_model_package_group_policy("churn").await.unwrap();
    let name = json!({"ModelPackageGroupName": "churn"});
    assert_eq!(
        service.asked(),
        [
            ("TrentService.GetKeyPolicy".into(), json!({"KeyId": KEY})),
            ("TrentService.PutKeyPolicy".into(), json!({"KeyId": KEY, "Policy": POLICY})),
            ("SageMaker.DescribeModelPackageGroup".into(), name.clone()),
            ("SageMaker.GetModelPackageGroupPolicy".into(), name.clone()),
            (
                "SageMaker.PutModelPackageGroupPolicy".into(),
                json!({"ModelPackageGroupName": "churn", "ResourcePolicy": POLICY})
            ),
            ("SageMaker.DeleteModelPackageGroupPolicy".into(), name),
        ]
    );
}

#[tokio::test]
async fn the_errors_that_decide_are_read_with_code_message_and_request_id() {
    for (status, code) in [
        (404, "NoSuchBucketPolicy"),
        (404, "NoSuchBucket"),
        (403, "AccessDenied"),
        (405, "MethodNotAllowed"),
        (301, "PermanentRedirect"),
        (400, "AuthorizationHeaderMalformed"),
    ] {
        let service = RestService::answering(vec![s3_error(status, code, "as it says")]).await.unwrap();
        let error = clients(&service.url()).get_bucket_policy("models", OWNER).await.unwrap_err();
        assert_eq!((error.code(), error.message()), (Some(code), Some("as it says")), "{error}");
        assert!(error.to_string().starts_with(&format!("s3:GetBucketPolicy answered {code}: as it says")), "{error}");
    }
    for (status, code) in [(409, "OperationAborted"), (400, "MalformedPolicy")] {
        let service = RestService::answering(vec![s3_error(status, code, "as it says")]).await.unwrap();
        let error = clients(&service.url()).put_bucket_policy("models", OWNER, POLICY).await.unwrap_err();
        assert_eq!((error.code(), service.asked().len()), (Some(code), 1), "not tried again by the SDK");
    }
    for code in ["NotFoundException", "KMSInvalidStateException", "MalformedPolicyDocumentException"] {
        let body = json!({"__type": code, "message": "as it says"});
        let service = JsonService::answering(vec![(400, body)]).await.unwrap();
        let error = clients(&service.url()).put_key_policy(KEY, POLICY).await.unwrap_err();
        assert_eq!(error.code(), Some(code));
    }
    let missing = "Cannot find resource policy for: arn:aws:sagemaker:eu-west-1:111111111111:model-package-group/churn";
    let body = json!({"__type": "ValidationException", "message": missing});
    let service = JsonService::answering(vec![(400, body)]).await.unwrap();
    let error = clients(&service.url()).get_model_package_group_policy("churn").await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Some("ValidationException"), Some(missing)));
}

#[tokio::test]
async fn e00g_throttling_is_retried_with_the_same_request() {
    let slow = || s3_error(503, "SlowDown", "Please reduce your request rate.");
    let service = RestService::answering(vec![slow(), slow(), Reply::status(204, "")]).await.unwrap();
    clients(&service.url()).put_bucket_policy("models", OWNER, POLICY).await.unwrap();
    let asked = service.asked();
    assert_eq!((asked.len(), asked.iter().all(|request| *request == asked[0])), (3, true));
    let throttled = (400, json!({"__type": "ThrottlingException", "message": "Rate exceeded"}));
    let service = JsonService::answering(vec![throttled.clone(), throttled, (200, json!({}))]).await.unwrap();
    clients(&service.url()).put_key_policy(KEY, POLICY).await.unwrap();
    assert_eq!(service.asked().len(), 3);
}
