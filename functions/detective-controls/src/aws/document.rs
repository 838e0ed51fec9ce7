use aws_ports::{Aws, AwsError, Operation};
use jiff::Timestamp;
use tokio::sync::OnceCell;

use super::{ConfigurationDocument, Document};

/// Where the configuration is in its bucket.
const KEY: &str = "configuration.json";

/// An object in S3.
#[derive(Debug)]
pub struct DocumentInS3<'a> {
    aws: &'a Aws,
    bucket: &'a str,
    s3: OnceCell<aws_sdk_s3::Client>,
}

impl<'a> DocumentInS3<'a> {
    /// Loads nothing.
    #[must_use]
    pub const fn new(aws: &'a Aws, bucket: &'a str) -> Self {
        Self { aws, bucket, s3: OnceCell::const_new() }
    }
}

impl ConfigurationDocument for DocumentInS3<'_> {
    async fn document(&self) -> Result<Option<Document>, AwsError> {
        const OPERATION: &str = "s3:GetObject";
        let s3 = self.s3.get_or_init(|| async { aws_sdk_s3::Client::new(self.aws.config().await) }).await;
        let answer = match s3.get_object().bucket(self.bucket).key(KEY).send().await.operation(OPERATION) {
            Err(error) if error.is_not_found() => return Ok(None),
            answer => answer?,
        };
        let modified = answer.last_modified.and_then(|time| Timestamp::from_second(time.secs()).ok());
        let modified = modified.ok_or_else(|| AwsError::unread(OPERATION, "the object has no time"))?;
        let body = answer.body.collect().await.map_err(|error| AwsError::unread(OPERATION, error))?;
        let text = String::from_utf8(body.to_vec()).map_err(|error| AwsError::unread(OPERATION, error))?;
        Ok(Some(Document { text, modified }))
    }
}
