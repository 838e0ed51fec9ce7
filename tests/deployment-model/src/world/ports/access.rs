//! What versions are made of, and the policies of that.

use super::Process;
use crate::world::{HUB, REGION};
use aws_ports::AwsError;
use model_access as access;
use std::collections::BTreeMap;

/// A version is an image of a repository of the platform's own, and an archive in the environment's bucket.
impl access::Ports for Process<'_> {
    async fn describe_model_package(&self, arn: &str) -> Result<access::ModelPackage, AwsError> {
        self.at_once("sagemaker:DescribeModelPackage", |state| {
            if !state.packages.contains_key(arn) {
                return Err(("ValidationException", "ModelPackage does not exist."));
            }
            let container = access::Container {
                image: format!("{HUB}.dkr.ecr.{REGION}.amazonaws.com/models:1"),
                digest: None,
                data: vec![access::ModelData { uri: "s3://models/model.tar.gz".to_owned(), is_prefix: false }],
            };
            Ok(access::ModelPackage { arn: arn.to_owned(), containers: vec![container] })
        })
        .await
    }

    async fn get_model_package_group_policy(&self, group: &str) -> Result<Option<String>, AwsError> {
        self.at_once("sagemaker:GetModelPackageGroupPolicy", |state| {
            let policy = state.policies.get(&format!("group/{group}")).cloned().map(Some);
            policy.ok_or(("ValidationException", "Cannot find resource policy for: arn"))
        })
        .await
    }

    async fn put_model_package_group_policy(&self, group: &str, policy: &str) -> Result<(), AwsError> {
        self.at_once("sagemaker:PutModelPackageGroupPolicy", |state| {
            state.policies.insert(format!("group/{group}"), policy.to_owned());
            Ok(())
        })
        .await
    }

    async fn get_bucket_encryption(&self, _: &str, _: &str) -> Result<access::Located<Option<String>>, AwsError> {
        self.at_once("s3:GetEncryptionConfiguration", |_| Ok(access::Located::Here(None))).await
    }

    async fn head_object(&self, _: &str, _: &str, _: &str) -> Result<access::Located<u64>, AwsError> {
        self.at_once("s3:GetObject", |_| Ok(access::Located::Here(1_000))).await
    }

    async fn get_bucket_policy(&self, bucket: &str, _: &str) -> Result<Option<String>, AwsError> {
        self.at_once("s3:GetBucketPolicy", |state| {
            let policy = state.policies.get(&format!("bucket/{bucket}")).cloned().map(Some);
            policy.ok_or(("NoSuchBucketPolicy", ""))
        })
        .await
    }

    async fn describe_key(&self, key: &str) -> Result<access::Key, AwsError> {
        panic!("no object here is encrypted with {key}");
    }

    async fn get_key_policy(&self, key: &str) -> Result<Option<String>, AwsError> {
        panic!("no object here is encrypted with {key}");
    }

    async fn describe_image(&self, _: &str, _: &str, _: &access::ImageName) -> Result<Vec<String>, AwsError> {
        self.at_once("ecr:DescribeImages", |_| Ok(vec!["1".to_owned()])).await
    }

    async fn get_repository_policy(&self, _: &str, repository: &str) -> Result<Option<String>, AwsError> {
        self.at_once("ecr:GetRepositoryPolicy", |state| {
            let policy = state.policies.get(&format!("repository/{repository}")).cloned().map(Some);
            policy.ok_or(("RepositoryPolicyNotFoundException", "Repository policy does not exist."))
        })
        .await
    }

    async fn list_tags_for_resource(&self, _: &str) -> Result<BTreeMap<String, String>, AwsError> {
        let platform = ("secure-mlops:platform".to_owned(), "mlops".to_owned());
        self.at_once("ecr:ListTagsForResource", |_| Ok(BTreeMap::from([platform]))).await
    }

    async fn set_repository_policy(&self, _: &str, repository: &str, policy: &str) -> Result<(), AwsError> {
        self.at_once("ecr:SetRepositoryPolicy", |state| {
            state.policies.insert(format!("repository/{repository}"), policy.to_owned());
            Ok(())
        })
        .await
    }
}
