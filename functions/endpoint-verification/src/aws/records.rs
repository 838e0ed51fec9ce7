use super::{Lazy, Object, read_object, s3};
use aws_ports::{Aws, AwsError, Operation};
use aws_sdk_s3::primitives::ByteStream;
use deployment::S3Uri;
use std::future::Future;

/// S3, with the function's own permissions: the sample payload, and the bucket of deployment records.
pub trait Records: Send + Sync {
    /// The bucket of deployment records.
    fn bucket(&self) -> &str;

    /// `s3:GetObject`, of at most `limit` bytes. What is not there is `NoSuchKey` to who may list the bucket, and
    /// `AccessDenied` to anybody else.
    fn object(&self, uri: &S3Uri, limit: u64) -> impl Future<Output = Result<Object, AwsError>> + Send;

    /// `s3:PutObject`, into the bucket of deployment records.
    fn put(&self, key: &str, content_type: &str, body: String) -> impl Future<Output = Result<(), AwsError>> + Send;
}

/// S3 itself.
#[derive(Debug)]
pub struct RecordsBucket<'a> {
    aws: &'a Aws,
    bucket: String,
    s3: Lazy<aws_sdk_s3::Client>,
}

impl<'a> RecordsBucket<'a> {
    /// Loads nothing.
    pub const fn new(aws: &'a Aws, bucket: String) -> Self {
        Self { aws, bucket, s3: Lazy::const_new() }
    }

    /// Over a client that was configured elsewhere.
    pub fn over(s3: aws_sdk_s3::Client, bucket: String) -> Self {
        static UNUSED: Aws = Aws::new();
        Self { aws: &UNUSED, bucket, s3: Lazy::new_with(Some(s3)) }
    }
}

impl Records for RecordsBucket<'_> {
    fn bucket(&self) -> &str {
        &self.bucket
    }

    async fn object(&self, uri: &S3Uri, limit: u64) -> Result<Object, AwsError> {
        read_object(s3(self.aws, &self.s3).await.get_object(), None, uri, limit).await
    }

    async fn put(&self, key: &str, content_type: &str, body: String) -> Result<(), AwsError> {
        let call = s3(self.aws, &self.s3).await.put_object().bucket(&self.bucket).key(key);
        let call = call.content_type(content_type).body(ByteStream::from(body.into_bytes()));
        call.send().await.operation("s3:PutObject")?;
        Ok(())
    }
}
