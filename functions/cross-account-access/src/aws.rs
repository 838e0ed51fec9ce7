use std::future::Future;

use aws_ports::{Aws, AwsError, Operation};
use aws_sdk_kms::Client as Kms;
use aws_sdk_s3::Client as S3;
use aws_sdk_sagemaker::Client as SageMaker;
use tokio::sync::OnceCell;

/// Every AWS operation this function calls, and so every action its role needs. `owner` is the account that the bucket
/// must be of: S3 refuses the call where it is another's.
pub trait Ports: Send + Sync + 'static {
    /// `s3:GetBucketPolicy`. A bucket without a policy is the error `NoSuchBucketPolicy`.
    fn get_bucket_policy(
        &self,
        bucket: &str,
        owner: &str,
    ) -> impl Future<Output = Result<Option<String>, AwsError>> + Send;

    /// `s3:PutBucketPolicy`.
    fn put_bucket_policy(
        &self,
        bucket: &str,
        owner: &str,
        policy: &str,
    ) -> impl Future<Output = Result<(), AwsError>> + Send;

    /// `s3:DeleteBucketPolicy`. Deleting what is not there changes nothing.
    fn delete_bucket_policy(&self, bucket: &str, owner: &str) -> impl Future<Output = Result<(), AwsError>> + Send;

    /// `kms:GetKeyPolicy`, of the one policy that a key has.
    fn get_key_policy(&self, key: &str) -> impl Future<Output = Result<Option<String>, AwsError>> + Send;

    /// `kms:PutKeyPolicy`. KMS refuses a policy that would keep the caller from putting the next one.
    fn put_key_policy(&self, key: &str, policy: &str) -> impl Future<Output = Result<(), AwsError>> + Send;

    /// `sagemaker:DescribeModelPackageGroup`: the group's ARN, which policies must spell as the registry does.
    fn describe_model_package_group(&self, group: &str) -> impl Future<Output = Result<String, AwsError>> + Send;

    /// `sagemaker:GetModelPackageGroupPolicy`. A group without a policy is a `ValidationException`.
    fn get_model_package_group_policy(
        &self,
        group: &str,
    ) -> impl Future<Output = Result<Option<String>, AwsError>> + Send;

    /// `sagemaker:PutModelPackageGroupPolicy`.
    fn put_model_package_group_policy(
        &self,
        group: &str,
        policy: &str,
    ) -> impl Future<Output = Result<(), AwsError>> + Send;

    /// `sagemaker:DeleteModelPackageGroupPolicy`.
    fn delete_model_package_group_policy(&self, group: &str) -> impl Future<Output = Result<(), AwsError>> + Send;
}

/// [`Ports`] over the SDK. A client is made when it is first called.
#[derive(Debug, Default)]
pub struct AwsServices {
    aws: Aws,
    s3: OnceCell<S3>,
    kms: OnceCell<Kms>,
    sagemaker: OnceCell<SageMaker>,
}

impl AwsServices {
    /// Loads nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            aws: Aws::new(),
            s3: OnceCell::const_new(),
            kms: OnceCell::const_new(),
            sagemaker: OnceCell::const_new(),
        }
    }

    /// Over clients that were configured elsewhere.
    #[must_use]
    pub fn over(s3: S3, kms: Kms, sagemaker: SageMaker) -> Self {
        Self {
            aws: Aws::new(),
            s3: OnceCell::new_with(Some(s3)),
            kms: OnceCell::new_with(Some(kms)),
            sagemaker: OnceCell::new_with(Some(sagemaker)),
        }
    }

    async fn s3(&self) -> &S3 {
        self.s3.get_or_init(|| async { S3::new(self.aws.config().await) }).await
    }

    async fn kms(&self) -> &Kms {
        self.kms.get_or_init(|| async { Kms::new(self.aws.config().await) }).await
    }

    async fn sagemaker(&self) -> &SageMaker {
        self.sagemaker.get_or_init(|| async { SageMaker::new(self.aws.config().await) }).await
    }
}

impl Ports for AwsServices {
    async fn get_bucket_policy(&self, bucket: &str, owner: &str) -> Result<Option<String>, AwsError> {
        let call = self.s3().await.get_bucket_policy().bucket(bucket).expected_bucket_owner(owner);
        Ok(call.send().await.operation("s3:GetBucketPolicy")?.policy)
    }

    async fn put_bucket_policy(&self, bucket: &str, owner: &str, policy: &str) -> Result<(), AwsError> {
        let call = self.s3().await.put_bucket_policy().bucket(bucket).expected_bucket_owner(owner).policy(policy);
        call.send().await.operation("s3:PutBucketPolicy")?;
        Ok(())
    }

    async fn delete_bucket_policy(&self, bucket: &str, owner: &str) -> Result<(), AwsError> {
        let call = self.s3().await.delete_bucket_policy().bucket(bucket).expected_bucket_owner(owner);
        call.send().await.operation("s3:DeleteBucketPolicy")?;
        Ok(())
    }

    async fn get_key_policy(&self, key: &str) -> Result<Option<String>, AwsError> {
        let call = self.kms().await.get_key_policy().key_id(key);
        Ok(call.send().await.operation("kms:GetKeyPolicy")?.policy)
    }

    async fn put_key_policy(&self, key: &str, policy: &str) -> Result<(), AwsError> {
        let call = self.kms().await.put_key_policy().key_id(key).policy(policy);
        call.send().await.operation("kms:PutKeyPolicy")?;
        Ok(())
    }

    async fn describe_model_package_group(&self, group: &str) -> Result<String, AwsError> {
        let call = self.sagemaker().await.describe_model_package_group().model_package_group_name(group);
        let answer = call.send().await.operation("sagemaker:DescribeModelPackageGroup")?;
        Ok(answer.model_package_group_arn.unwrap_or_default())
    }

    async fn get_model_package_group_policy(&self, group: &str) -> Result<Option<String>, AwsError> {
        let call = self.sagemaker().await.get_model_package_group_policy().model_package_group_name(group);
        Ok(call.send().await.operation("sagemaker:GetModelPackageGroupPolicy")?.resource_policy)
    }

    async fn put_model_package_group_policy(&self, group: &str, policy: &str) -> Result<(), AwsError> {
        let call = self.sagemaker().await.put_model_package_group_policy();
        let call = call.model_package_group_name(group).resource_policy(policy);
        call.send().await.operation("sagemaker:PutModelPackageGroupPolicy")?;
        Ok(())
    }

    async fn delete_model_package_group_policy(&self, group: &str) -> Result<(), AwsError> {
        let call = self.sagemaker().await.delete_model_package_group_policy().model_package_group_name(group);
        call.send().await.operation("sagemaker:DeleteModelPackageGroupPolicy")?;
        Ok(())
    }
}
