use std::collections::BTreeMap;
use std::future::Future;

use aws_ports::{Aws, AwsError, Operation};
use aws_sdk_ecr::Client as Ecr;
use aws_sdk_ecr::types::ImageIdentifier;
use aws_sdk_kms::Client as Kms;
use aws_sdk_s3::Client as S3;
use aws_sdk_sagemaker::Client as SageMaker;
use aws_sdk_sagemaker::types::ModelPackageContainerDefinition;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use tokio::sync::OnceCell;

use crate::package::{Container, ModelData, ModelPackage};

/// Every AWS operation this function calls, and so every action its role needs. `owner` is the account that a bucket must
/// be of: S3 refuses the call where it is another's.
pub trait Ports: Send + Sync {
    /// `sagemaker:DescribeModelPackage`.
    fn describe_model_package(&self, arn: &str) -> impl Future<Output = Result<ModelPackage, AwsError>> + Send;

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

    /// `s3:GetEncryptionConfiguration` (`GetBucketEncryption`): the key of KMS that encrypts what is written without another
    /// choice, in any of the spellings that KMS takes. A bucket without one of either kind is the error
    /// `ServerSideEncryptionConfigurationNotFoundError`.
    fn get_bucket_encryption(
        &self,
        bucket: &str,
        owner: &str,
    ) -> impl Future<Output = Result<Located<Option<String>>, AwsError>> + Send;

    /// `s3:GetObject`, of which only the description is asked for (`HeadObject`): the object's bytes. Who may not list the
    /// bucket is not told that an object is missing: it is forbidden.
    fn head_object(
        &self,
        bucket: &str,
        key: &str,
        owner: &str,
    ) -> impl Future<Output = Result<Located<u64>, AwsError>> + Send;

    /// `s3:GetBucketPolicy`. A bucket without a policy is the error `NoSuchBucketPolicy`.
    fn get_bucket_policy(
        &self,
        bucket: &str,
        owner: &str,
    ) -> impl Future<Output = Result<Option<String>, AwsError>> + Send;

    /// `kms:DescribeKey`.
    fn describe_key(&self, key: &str) -> impl Future<Output = Result<Key, AwsError>> + Send;

    /// `kms:GetKeyPolicy`, of the one policy that a key has.
    fn get_key_policy(&self, key: &str) -> impl Future<Output = Result<Option<String>, AwsError>> + Send;

    /// `ecr:DescribeImages`, of one image: its tags.
    fn describe_image(
        &self,
        registry: &str,
        repository: &str,
        image: &ImageName,
    ) -> impl Future<Output = Result<Vec<String>, AwsError>> + Send;

    /// `ecr:GetRepositoryPolicy`. A repository without a policy is a `RepositoryPolicyNotFoundException`.
    fn get_repository_policy(
        &self,
        registry: &str,
        repository: &str,
    ) -> impl Future<Output = Result<Option<String>, AwsError>> + Send;

    /// `ecr:ListTagsForResource`, of a repository.
    fn list_tags_for_resource(
        &self,
        arn: &str,
    ) -> impl Future<Output = Result<BTreeMap<String, String>, AwsError>> + Send;

    /// `ecr:SetRepositoryPolicy`. ECR refuses a policy that would keep the caller from setting the next one.
    fn set_repository_policy(
        &self,
        registry: &str,
        repository: &str,
        policy: &str,
    ) -> impl Future<Output = Result<(), AwsError>> + Send;
}

/// What S3 encrypts with that was told to use KMS and no key.
const AWS_MANAGED_KEY: &str = "alias/aws/s3";

/// Where S3 has a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Located<T> {
    /// In this region, and this is what was asked for.
    Here(T),
    /// In that region, which has to be asked instead.
    Elsewhere(String),
}

/// A key of KMS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Whatever it was asked for by.
    pub arn: String,
    /// AWS made it for a service of this account, and nobody can change its policy.
    pub is_aws_managed: bool,
    /// Such as `Enabled`, in which alone it decrypts.
    pub state: String,
}

/// What tells an image from the others of its repository.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum ImageName {
    /// `sha256:...`.
    Digest(String),
    /// A tag, which may be moved.
    Tag(String),
}

/// [`Ports`] over the SDK. A client is made when it is first called.
#[derive(Debug, Default)]
pub struct AwsServices {
    aws: Aws,
    ecr: OnceCell<Ecr>,
    kms: OnceCell<Kms>,
    s3: OnceCell<S3>,
    sagemaker: OnceCell<SageMaker>,
}

impl AwsServices {
    /// Loads nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            aws: Aws::new(),
            ecr: OnceCell::const_new(),
            kms: OnceCell::const_new(),
            s3: OnceCell::const_new(),
            sagemaker: OnceCell::const_new(),
        }
    }

    /// Over clients that were configured elsewhere.
    #[must_use]
    pub fn over(ecr: Ecr, kms: Kms, s3: S3, sagemaker: SageMaker) -> Self {
        Self {
            aws: Aws::new(),
            ecr: OnceCell::new_with(Some(ecr)),
            kms: OnceCell::new_with(Some(kms)),
            s3: OnceCell::new_with(Some(s3)),
            sagemaker: OnceCell::new_with(Some(sagemaker)),
        }
    }

    async fn ecr(&self) -> &Ecr {
        self.ecr.get_or_init(|| async { Ecr::new(self.aws.config().await) }).await
    }

    async fn kms(&self) -> &Kms {
        self.kms.get_or_init(|| async { Kms::new(self.aws.config().await) }).await
    }

    async fn s3(&self) -> &S3 {
        self.s3.get_or_init(|| async { S3::new(self.aws.config().await) }).await
    }

    async fn sagemaker(&self) -> &SageMaker {
        self.sagemaker.get_or_init(|| async { SageMaker::new(self.aws.config().await) }).await
    }
}

impl Ports for AwsServices {
    async fn describe_model_package(&self, arn: &str) -> Result<ModelPackage, AwsError> {
        let call = self.sagemaker().await.describe_model_package().model_package_name(arn);
        let answer = call.send().await.operation("sagemaker:DescribeModelPackage")?;
        let containers = answer.inference_specification.and_then(|specification| specification.containers);
        Ok(ModelPackage {
            arn: answer.model_package_arn.filter(|arn| !arn.is_empty()).unwrap_or_else(|| arn.to_owned()),
            containers: containers.unwrap_or_default().into_iter().map(Container::from).collect(),
        })
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

    async fn get_bucket_encryption(&self, bucket: &str, owner: &str) -> Result<Located<Option<String>>, AwsError> {
        let answer = self.s3().await.get_bucket_encryption().bucket(bucket).expected_bucket_owner(owner).send().await;
        if let Some(region) = answer.as_ref().err().and_then(other_region) {
            return Ok(Located::Elsewhere(region));
        }
        let configuration = answer.operation("s3:GetEncryptionConfiguration")?.server_side_encryption_configuration;
        let rules = configuration.map(|configuration| configuration.rules).unwrap_or_default();
        let default = rules.into_iter().find_map(|rule| rule.apply_server_side_encryption_by_default);
        let by_kms = default.filter(|default| default.sse_algorithm.as_str().starts_with("aws:kms"));
        Ok(Located::Here(by_kms.map(|by| by.kms_master_key_id.unwrap_or_else(|| AWS_MANAGED_KEY.to_owned()))))
    }

    async fn head_object(&self, bucket: &str, key: &str, owner: &str) -> Result<Located<u64>, AwsError> {
        let call = self.s3().await.head_object().bucket(bucket).key(key).expected_bucket_owner(owner);
        let answer = call.send().await;
        if let Some(region) = answer.as_ref().err().and_then(other_region) {
            return Ok(Located::Elsewhere(region));
        }
        let bytes = answer.operation("s3:GetObject")?.content_length;
        Ok(Located::Here(bytes.and_then(|bytes| bytes.try_into().ok()).unwrap_or_default()))
    }

    async fn get_bucket_policy(&self, bucket: &str, owner: &str) -> Result<Option<String>, AwsError> {
        let call = self.s3().await.get_bucket_policy().bucket(bucket).expected_bucket_owner(owner);
        Ok(call.send().await.operation("s3:GetBucketPolicy")?.policy)
    }

    async fn describe_key(&self, key: &str) -> Result<Key, AwsError> {
        let answer = self.kms().await.describe_key().key_id(key).send().await.operation("kms:DescribeKey")?;
        let metadata = answer.key_metadata;
        let found = metadata.as_ref();
        Ok(Key {
            arn: found.and_then(|key| key.arn.clone()).unwrap_or_else(|| key.to_owned()),
            is_aws_managed: found.and_then(|key| key.key_manager.as_ref()).is_some_and(|by| by.as_str() == "AWS"),
            state: found.and_then(|key| key.key_state.as_ref()).map(|it| it.as_str().to_owned()).unwrap_or_default(),
        })
    }

    async fn get_key_policy(&self, key: &str) -> Result<Option<String>, AwsError> {
        let call = self.kms().await.get_key_policy().key_id(key);
        Ok(call.send().await.operation("kms:GetKeyPolicy")?.policy)
    }

    async fn describe_image(
        &self,
        registry: &str,
        repository: &str,
        image: &ImageName,
    ) -> Result<Vec<String>, AwsError> {
        let id = match image {
            ImageName::Digest(digest) => ImageIdentifier::builder().image_digest(digest),
            ImageName::Tag(tag) => ImageIdentifier::builder().image_tag(tag),
        };
        let call = self.ecr().await.describe_images().registry_id(registry).repository_name(repository);
        let answer = call.image_ids(id.build()).send().await.operation("ecr:DescribeImages")?;
        let details = answer.image_details.unwrap_or_default();
        Ok(details.into_iter().flat_map(|image| image.image_tags.unwrap_or_default()).collect())
    }

    async fn get_repository_policy(&self, registry: &str, repository: &str) -> Result<Option<String>, AwsError> {
        let call = self.ecr().await.get_repository_policy().registry_id(registry).repository_name(repository);
        Ok(call.send().await.operation("ecr:GetRepositoryPolicy")?.policy_text)
    }

    async fn list_tags_for_resource(&self, arn: &str) -> Result<BTreeMap<String, String>, AwsError> {
        let call = self.ecr().await.list_tags_for_resource().resource_arn(arn);
        let answer = call.send().await.operation("ecr:ListTagsForResource")?;
        Ok(answer.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)).collect())
    }

    async fn set_repository_policy(&self, registry: &str, repository: &str, policy: &str) -> Result<(), AwsError> {
        let call = self.ecr().await.set_repository_policy().registry_id(registry).repository_name(repository);
        call.policy_text(policy).send().await.operation("ecr:SetRepositoryPolicy")?;
        Ok(())
    }
}

/// The region that S3 names when a bucket is asked for in another one. A HEAD is answered so without a body.
fn other_region<E>(error: &SdkError<E, HttpResponse>) -> Option<String> {
    let response = error.raw_response()?;
    // 400 where the signature's region is what S3 minds.
    matches!(response.status().as_u16(), 301 | 400)
        .then(|| response.headers().get("x-amz-bucket-region").map(str::to_owned))
        .flatten()
}

impl From<ModelPackageContainerDefinition> for Container {
    fn from(container: ModelPackageContainerDefinition) -> Self {
        let archive = container.model_data_url.map(|uri| ModelData { uri, is_prefix: false });
        let additional = container.additional_model_data_sources.unwrap_or_default();
        let sources = container.model_data_source.and_then(|source| source.s3_data_source).into_iter();
        let sources = sources.chain(additional.into_iter().filter_map(|source| source.s3_data_source));
        let data = sources.flat_map(|source| {
            let is_prefix = source.s3_data_type.is_some_and(|kind| kind.as_str() == "S3Prefix");
            let manifest = source.manifest_s3_uri.map(|uri| ModelData { uri, is_prefix: false });
            source.s3_uri.map(|uri| ModelData { uri, is_prefix }).into_iter().chain(manifest)
        });
        let beside = container.additional_s3_data_source.and_then(|source| {
            let is_prefix = source.s3_data_type.is_some_and(|kind| kind.as_str() == "S3Prefix");
            source.s3_uri.map(|uri| ModelData { uri, is_prefix })
        });
        Self {
            image: container.image.unwrap_or_default(),
            digest: container.image_digest,
            data: archive.into_iter().chain(data).chain(beside).collect(),
        }
    }
}
