//! The AWS operations that the report may use; those on the records are `control_records::Records`.

use std::future::Future;

use aws_json::{Client, DYNAMODB};
use aws_ports::{Aws, AwsError, Operation};
use aws_sdk_s3::primitives::ByteStream;
use control_records::RecordsInDynamoDb;
use tokio::sync::OnceCell;

use crate::settings::Settings;

/// The bucket of the configuration and of the reports.
pub trait Bucket: Send + Sync {
    /// `s3:GetObject`; `None` if there is none.
    fn object(&self, key: &str) -> impl Future<Output = Result<Option<Vec<u8>>, AwsError>> + Send;
    /// `s3:PutObject`, whether there is one or not.
    fn put(&self, key: &str, content_type: &str, body: Vec<u8>) -> impl Future<Output = Result<(), AwsError>> + Send;
    /// `s3:PutObject` where there is none: `false` if there is one, which then stays as it is.
    fn create(
        &self,
        key: &str,
        content_type: &str,
        body: Vec<u8>,
    ) -> impl Future<Output = Result<bool, AwsError>> + Send;
}

/// The services themselves. Each client is made when first asked for.
#[derive(Debug)]
pub struct Services<'a> {
    aws: &'a Aws,
    settings: &'a Settings,
    records: OnceCell<RecordsInDynamoDb>,
    bucket: BucketInS3<'a>,
}

impl<'a> Services<'a> {
    /// Loads nothing.
    #[must_use]
    pub fn new(aws: &'a Aws, settings: &'a Settings) -> Self {
        let bucket = BucketInS3 { aws, name: &settings.controls_bucket, s3: OnceCell::new() };
        Self { aws, settings, records: OnceCell::new(), bucket }
    }

    /// The table of what the controls found.
    pub async fn records(&self) -> &RecordsInDynamoDb {
        let make = || async {
            let client = Client::new(self.aws.config().await, &DYNAMODB, &self.settings.partition);
            RecordsInDynamoDb::new(client, &self.settings.control_records_table)
        };
        self.records.get_or_init(make).await
    }

    /// The bucket of the configuration and of the reports.
    #[must_use]
    pub fn bucket(&self) -> &BucketInS3<'a> {
        &self.bucket
    }
}

/// A bucket in S3.
#[derive(Debug)]
pub struct BucketInS3<'a> {
    aws: &'a Aws,
    name: &'a str,
    s3: OnceCell<aws_sdk_s3::Client>,
}

impl<'a> BucketInS3<'a> {
    /// Over a client that was configured elsewhere.
    pub fn over(s3: aws_sdk_s3::Client, name: &'a str) -> Self {
        static UNUSED: Aws = Aws::new();
        Self { aws: &UNUSED, name, s3: OnceCell::new_with(Some(s3)) }
    }

    async fn s3(&self) -> &aws_sdk_s3::Client {
        self.s3.get_or_init(|| async { aws_sdk_s3::Client::new(self.aws.config().await) }).await
    }
}

impl Bucket for BucketInS3<'_> {
    async fn object(&self, key: &str) -> Result<Option<Vec<u8>>, AwsError> {
        let call = self.s3().await.get_object().bucket(self.name).key(key);
        let answer = match call.send().await.operation("s3:GetObject") {
            Err(error) if error.is_not_found() => return Ok(None),
            answer => answer?,
        };
        match answer.body.collect().await {
            Ok(body) => Ok(Some(body.to_vec())),
            Err(error) => Err(AwsError::unread("s3:GetObject", error)),
        }
    }

    async fn put(&self, key: &str, content_type: &str, body: Vec<u8>) -> Result<(), AwsError> {
        let call = self.s3().await.put_object().bucket(self.name).key(key).content_type(content_type);
        call.body(ByteStream::from(body)).send().await.operation("s3:PutObject")?;
        Ok(())
    }

    async fn create(&self, key: &str, content_type: &str, body: Vec<u8>) -> Result<bool, AwsError> {
        let call = self.s3().await.put_object().bucket(self.name).key(key).content_type(content_type);
        match call.if_none_match("*").body(ByteStream::from(body)).send().await.operation("s3:PutObject") {
            Ok(_) => Ok(true),
            Err(error) if error.code() == Some("PreconditionFailed") => Ok(false),
            Err(error) => Err(error),
        }
    }
}
