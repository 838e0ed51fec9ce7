use std::fmt;

use aws_ports::AwsError;
use custom_resource::Scope;
use identifiers::ModelPackageGroupName;

use crate::aws::Ports;
use crate::names::{BucketName, KeyArn};
use crate::properties::{BUCKET_NAME, KEY_ARNS, MODEL_PACKAGE_GROUP_NAMES};

/// Something with a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A bucket of this account.
    Bucket(BucketName),
    /// A key of this account and region.
    Key(KeyArn),
    /// A model package group of this account and region.
    Group(ModelPackageGroupName),
}

impl Place {
    /// The property that names it.
    pub(crate) fn property(&self) -> &'static str {
        match self {
            Self::Bucket(_) => BUCKET_NAME,
            Self::Key(_) => KEY_ARNS,
            Self::Group(_) => MODEL_PACKAGE_GROUP_NAMES,
        }
    }

    /// Bytes that the service takes as a policy.
    pub(crate) fn limit(&self) -> usize {
        match self {
            Self::Bucket(_) | Self::Group(_) => 20 * 1024,
            Self::Key(_) => 32 * 1024,
        }
    }

    /// Its policy; `None` when it has none.
    pub(crate) async fn read(&self, aws: &impl Ports, scope: &Scope) -> Result<Option<String>, AwsError> {
        let read = match self {
            Self::Bucket(bucket) => aws.get_bucket_policy(bucket.as_str(), &scope.account_id).await,
            Self::Key(key) => aws.get_key_policy(key.as_str()).await,
            Self::Group(group) => aws.get_model_package_group_policy(group.as_str()).await,
        };
        match read {
            Err(error) if has_no_policy(&error) => Ok(None),
            // SageMaker may also answer nothing.
            read => Ok(read?.filter(|policy| !policy.trim().is_empty())),
        }
    }

    /// Makes this its policy; `None` takes it away. A key is never without one: KMS has no such operation.
    pub(crate) async fn write(&self, aws: &impl Ports, scope: &Scope, policy: Option<&str>) -> Result<(), AwsError> {
        match (self, policy) {
            (Self::Bucket(bucket), Some(policy)) => {
                aws.put_bucket_policy(bucket.as_str(), &scope.account_id, policy).await
            }
            (Self::Bucket(bucket), None) => aws.delete_bucket_policy(bucket.as_str(), &scope.account_id).await,
            (Self::Key(key), Some(policy)) => aws.put_key_policy(key.as_str(), policy).await,
            (Self::Key(key), None) => {
                tracing::warn!(%key, "key has no policy to put back");
                Ok(())
            }
            (Self::Group(group), Some(policy)) => aws.put_model_package_group_policy(group.as_str(), policy).await,
            (Self::Group(group), None) => match aws.delete_model_package_group_policy(group.as_str()).await {
                Err(error) if has_no_policy(&error) => Ok(()),
                deleted => deleted,
            },
        }
    }

    /// Whether the error says that nothing of ours can be here: it is gone, or about to go.
    pub(crate) fn is_gone(&self, error: &AwsError) -> bool {
        match self {
            Self::Bucket(_) => error.code() == Some("NoSuchBucket"),
            // Pending deletion: the key works no more, and its policy goes with it.
            Self::Key(_) => error.is_not_found() || error.code() == Some("KMSInvalidStateException"),
            Self::Group(_) => error.is_not_found(),
        }
    }

    /// Whether the error says that this is another account's or region's, where nothing was ever written: an update that
    /// failed because of such a name is rolled back over it. An explicit Deny is of our own place, and has to be heard.
    pub(crate) fn is_foreign(&self, error: &AwsError) -> bool {
        let explicit = error.message().is_some_and(|message| message.contains("explicit deny"));
        matches!(self, Self::Bucket(_))
            && match error.code() {
                Some("AccessDenied") => !explicit,
                Some("PermanentRedirect" | "AuthorizationHeaderMalformed" | "MethodNotAllowed") => true,
                _ => false,
            }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bucket(bucket) => write!(f, "bucket {bucket}"),
            Self::Key(key) => write!(f, "key {key}"),
            Self::Group(group) => write!(f, "model package group {group}"),
        }
    }
}

/// SageMaker has one code for everything; the group itself missing has another message.
fn has_no_policy(error: &AwsError) -> bool {
    match error.code() {
        Some("NoSuchBucketPolicy") => true,
        Some("ValidationException") => {
            error.message().is_some_and(|message| message.contains("Cannot find resource policy"))
        }
        _ => false,
    }
}
