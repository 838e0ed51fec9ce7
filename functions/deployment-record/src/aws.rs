//! The AWS operations that the tasks may use.

use std::future::Future;

use aws_ports::{Aws, AwsError, Operation};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_ssm::types::{ParameterTier, ParameterType};
use tokio::sync::OnceCell;

/// Live records in Parameter Store, history in S3.
pub trait Records: Send + Sync {
    /// `ssm:GetParameter`; `None` if there is none.
    fn parameter(&self, name: &str) -> impl Future<Output = Result<Option<String>, AwsError>> + Send;
    /// `ssm:PutParameter`, whether there is one or not.
    fn put_parameter(&self, name: &str, value: &str) -> impl Future<Output = Result<(), AwsError>> + Send;
    /// `ssm:DeleteParameter`; one that does not exist is as good as deleted.
    fn delete_parameter(&self, name: &str) -> impl Future<Output = Result<(), AwsError>> + Send;
    /// `s3:GetObject`; `None` if there is none.
    fn object(&self, bucket: &str, key: &str) -> impl Future<Output = Result<Option<Vec<u8>>, AwsError>> + Send;
    /// `s3:PutObject`, as JSON.
    fn put_object(&self, bucket: &str, key: &str, body: String) -> impl Future<Output = Result<(), AwsError>> + Send;
}

/// The services themselves. Each client is made when first called.
#[derive(Debug)]
pub struct RecordsInAws<'a> {
    aws: &'a Aws,
    s3: OnceCell<aws_sdk_s3::Client>,
    ssm: OnceCell<aws_sdk_ssm::Client>,
}

impl<'a> RecordsInAws<'a> {
    /// Loads nothing.
    #[must_use]
    pub const fn new(aws: &'a Aws) -> Self {
        Self { aws, s3: OnceCell::const_new(), ssm: OnceCell::const_new() }
    }

    /// Over clients that were configured elsewhere.
    pub fn over(s3: aws_sdk_s3::Client, ssm: aws_sdk_ssm::Client) -> Self {
        static UNUSED: Aws = Aws::new();
        Self { aws: &UNUSED, s3: OnceCell::new_with(Some(s3)), ssm: OnceCell::new_with(Some(ssm)) }
    }

    async fn s3(&self) -> &aws_sdk_s3::Client {
        self.s3.get_or_init(|| async { aws_sdk_s3::Client::new(self.aws.config().await) }).await
    }

    async fn ssm(&self) -> &aws_sdk_ssm::Client {
        self.ssm.get_or_init(|| async { aws_sdk_ssm::Client::new(self.aws.config().await) }).await
    }
}

impl Records for RecordsInAws<'_> {
    async fn parameter(&self, name: &str) -> Result<Option<String>, AwsError> {
        match self.ssm().await.get_parameter().name(name).send().await.operation("ssm:GetParameter") {
            Ok(answer) => Ok(answer.parameter.and_then(|parameter| parameter.value)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn put_parameter(&self, name: &str, value: &str) -> Result<(), AwsError> {
        // Ten earlier versions with long ARNs outgrow the standard tier.
        let call = self.ssm().await.put_parameter().name(name).value(value).r#type(ParameterType::String);
        let call = call.tier(ParameterTier::IntelligentTiering).overwrite(true);
        call.send().await.operation("ssm:PutParameter")?;
        Ok(())
    }

    async fn delete_parameter(&self, name: &str) -> Result<(), AwsError> {
        match self.ssm().await.delete_parameter().name(name).send().await.operation("ssm:DeleteParameter") {
            Err(error) if !error.is_not_found() => Err(error),
            _ => Ok(()),
        }
    }

    async fn object(&self, bucket: &str, key: &str) -> Result<Option<Vec<u8>>, AwsError> {
        let call = self.s3().await.get_object().bucket(bucket).key(key);
        let answer = match call.send().await.operation("s3:GetObject") {
            Err(error) if error.is_not_found() => return Ok(None),
            answer => answer?,
        };
        match answer.body.collect().await {
            Ok(body) => Ok(Some(body.to_vec())),
            Err(error) => Err(AwsError::unread("s3:GetObject", error)),
        }
    }

    async fn put_object(&self, bucket: &str, key: &str, body: String) -> Result<(), AwsError> {
        let call = self.s3().await.put_object().bucket(bucket).key(key).content_type("application/json");
        call.body(ByteStream::from(body.into_bytes())).send().await.operation("s3:PutObject")?;
        Ok(())
    }
}
