//! The AWS operations that the tasks may use.

pub(crate) mod by_role;
pub(crate) mod records;
pub(crate) mod targets;

use aws_ports::{Aws, AwsError, Operation};
use deployment::S3Uri;

/// An object of a bucket, as far as it was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Object {
    /// Its own claim.
    pub content_type: Option<String>,
    /// Of the whole object, in bytes.
    pub size: u64,
    /// When it was written, in seconds since 1970.
    pub written: u64,
    /// `None` where it is larger than what was asked for.
    pub body: Option<Vec<u8>>,
}

/// Reads an object of at most `limit` bytes; of a larger one it reads nothing but what describes it.
pub(crate) async fn read_object(
    call: aws_sdk_s3::operation::get_object::builders::GetObjectFluentBuilder,
    over: Option<aws_sdk_s3::config::Builder>,
    uri: &S3Uri,
    limit: u64,
) -> Result<Object, AwsError> {
    const OPERATION: &str = "s3:GetObject";
    let call = call.bucket(uri.bucket()).key(uri.key());
    let answer = match over {
        Some(over) => call.customize().config_override(over).send().await,
        None => call.send().await,
    };
    let answer = answer.operation(OPERATION)?;
    let size = answer.content_length.and_then(|size| u64::try_from(size).ok()).unwrap_or_default();
    let written = answer.last_modified.and_then(|time| u64::try_from(time.secs()).ok()).unwrap_or_default();
    let body = if size > limit {
        None
    } else {
        // The answer began well and was cut off: the same call may succeed later.
        let body = answer.body.collect().await.map_err(|error| AwsError::unread(OPERATION, &error))?;
        Some(body.to_vec())
    };
    Ok(Object { content_type: answer.content_type, size, written, body })
}

/// A client that is made with the first call.
pub(crate) type Lazy<Client> = tokio::sync::OnceCell<Client>;

pub(crate) async fn s3<'a>(aws: &Aws, client: &'a Lazy<aws_sdk_s3::Client>) -> &'a aws_sdk_s3::Client {
    client.get_or_init(|| async { aws_sdk_s3::Client::new(aws.config().await) }).await
}
