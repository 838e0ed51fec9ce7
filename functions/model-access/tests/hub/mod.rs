//! A hub account in memory: a version, what it is made of, the policies, what was called, and what goes wrong.
#![allow(dead_code, reason = "each test crate uses a part of it")]

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use aws_ports::AwsError;
use model_access::{Answer, Container, Error, ImageName, Key, Located, ModelData, ModelPackage, Ports, handle};
use serde_json::{Value, json};

pub(crate) const HUB: &str = "111111111111";
pub(crate) const ROLE: &str = "secure-mlops-model";
pub(crate) const EXECUTION_ROLE: &str = "secure-mlops-stack-set-execution";
pub(crate) const PACKAGE: &str = "arn:aws:sagemaker:eu-west-1:111111111111:model-package/churn/7";
pub(crate) const BUCKET: &str = "models";
pub(crate) const KEY: &str = "arn:aws:kms:eu-west-1:111111111111:key/11111111-2222-3333-4444-555555555555";
pub(crate) const REPOSITORY: &str = "churn";
pub(crate) const GROUP: &str = "churn-group";
pub(crate) const IMAGE: &str = "111111111111.dkr.ecr.eu-west-1.amazonaws.com/churn:7";
pub(crate) const ARTIFACT: &str = "s3://models/churn/7/model.tar.gz";

/// The key policy that KMS makes by default.
pub(crate) const KEY_POLICY: &str = r#"{
  "Version" : "2012-10-17",
  "Id" : "key-default-1",
  "Statement" : [ {
    "Sid" : "Enable IAM User Permissions",
    "Effect" : "Allow",
    "Principal" : { "AWS" : "arn:aws:iam::111111111111:root" },
    "Action" : "kms:*",
    "Resource" : "*"
  } ]
}"#;

#[derive(Default)]
pub(crate) struct State {
    pub(crate) package: Option<ModelPackage>,
    /// With their default keys, where those are of KMS.
    pub(crate) buckets: BTreeMap<String, Option<String>>,
    /// By `s3://` address: how many bytes it has.
    pub(crate) objects: BTreeMap<String, u64>,
    /// Buckets of other regions.
    pub(crate) elsewhere: BTreeMap<String, &'static str>,
    pub(crate) keys: BTreeMap<String, Key>,
    /// By repository and name; their tags.
    pub(crate) images: BTreeMap<(String, ImageName), Vec<String>>,
    /// Of repositories, by name.
    pub(crate) tags: BTreeMap<String, BTreeMap<String, String>>,
    /// Of everything that has one, by name or ARN.
    pub(crate) policies: BTreeMap<String, String>,
    /// `operation place`.
    pub(crate) calls: Vec<String>,
    /// Operations that fail, with their code and message.
    pub(crate) failing: BTreeMap<&'static str, (&'static str, &'static str)>,
}

#[derive(Default)]
pub(crate) struct Hub(Mutex<State>);

impl Hub {
    /// With version 7: an image of a tagged repository, an archive in a bucket, and the key that encrypts it, open to nobody.
    pub(crate) fn new() -> Self {
        let hub = Self::default();
        {
            let mut state = hub.state();
            state.package = Some(ModelPackage {
                arn: PACKAGE.to_owned(),
                containers: vec![Container {
                    image: IMAGE.to_owned(),
                    digest: None,
                    data: vec![ModelData { uri: ARTIFACT.to_owned(), is_prefix: false }],
                }],
            });
            state.buckets.insert(BUCKET.to_owned(), Some(KEY.to_owned()));
            state.keys.insert(KEY.to_owned(), key(KEY));
            state.images.insert((REPOSITORY.to_owned(), ImageName::Tag("7".to_owned())), vec!["7".to_owned()]);
            state.policies.insert(KEY.to_owned(), KEY_POLICY.to_owned());
        }
        hub.owns(REPOSITORY, "mlops");
        hub
    }

    /// The same, where bucket and key are open to these accounts already.
    pub(crate) fn opened_to(accounts: &[&str]) -> Self {
        let hub = Self::new();
        hub.has(BUCKET, &json!({"Version": "2012-10-17", "Statement": [opening("s3:GetObject", "arn:aws:s3:::models/*", accounts)]}));
        let mut policy: Value = serde_json::from_str(KEY_POLICY).unwrap();
        policy["Statement"].as_array_mut().unwrap().push(opening("kms:Decrypt", "*", accounts));
        hub.has(KEY, &policy);
        hub
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub(crate) fn has(&self, place: &str, policy: &Value) {
        self.state().policies.insert(place.to_owned(), policy.to_string());
    }

    pub(crate) fn policy(&self, place: &str) -> Option<String> {
        self.state().policies.get(place).cloned()
    }

    pub(crate) fn owns(&self, repository: &str, platform: &str) {
        let tags = BTreeMap::from([("secure-mlops:platform".to_owned(), platform.to_owned())]);
        self.state().tags.insert(repository.to_owned(), tags);
    }

    pub(crate) fn fails(&self, operation: &'static str, code: &'static str, message: &'static str) {
        self.state().failing.insert(operation, (code, message));
    }

    pub(crate) fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.state().calls)
    }

    pub(crate) fn writes(&self) -> Vec<String> {
        self.calls().into_iter().filter(|call| call.contains(":Put") || call.contains(":Set")).collect()
    }

    pub(crate) async fn asked(&self, event: Value) -> Result<Answer, Error> {
        handle(self, event).await
    }

    /// An answer without a fault.
    pub(crate) async fn opened(&self, event: Value) -> Answer {
        let answer = self.asked(event).await.unwrap();
        assert_eq!(answer.faults, [], "{answer:?}");
        answer
    }

    /// How many faults a deployment to these accounts has, and which.
    pub(crate) async fn refusal(&self, accounts: &[&str]) -> String {
        self.refused(event(accounts)).await
    }

    pub(crate) async fn refused(&self, event: Value) -> String {
        let faults = self.asked(event).await.unwrap().faults;
        assert!(!faults.is_empty(), "nothing is wrong");
        let texts: Vec<_> = faults.iter().map(ToString::to_string).collect();
        format!("{} {}: {}", faults.len(), if faults.len() == 1 { "fault" } else { "faults" }, texts.join("; "))
    }

    fn call<T>(
        &self,
        operation: &'static str,
        place: &str,
        effect: impl FnOnce(&mut State) -> Result<T, (&'static str, &'static str)>,
    ) -> Result<T, AwsError> {
        let mut state = self.state();
        state.calls.push(format!("{operation} {place}"));
        let failing = state.failing.get(operation).copied();
        let ended = failing.map_or_else(|| effect(&mut state), Err);
        ended.map_err(|(code, message)| AwsError::answered(operation, code, message))
    }
}

pub(crate) fn key(arn: &str) -> Key {
    Key { arn: arn.to_owned(), is_aws_managed: false, state: "Enabled".to_owned() }
}

const NO_BUCKET: (&str, &str) = ("NoSuchBucket", "The specified bucket does not exist");

/// A statement that opens something to the model role of accounts.
pub(crate) fn opening(action: &str, resource: &str, accounts: &[&str]) -> Value {
    json!({"Effect": "Allow", "Principal": {"AWS": accounts}, "Action": action, "Resource": resource})
}

/// A deployment of version 7 to these accounts, with a plan as it travels through the state machine.
pub(crate) fn event(accounts: &[&str]) -> Value {
    json!({
        "platformName": "mlops",
        "modelPackageArn": PACKAGE,
        "modelPackageGroupName": GROUP,
        "stages": [stage("staging", accounts, &["eu-west-1"])],
    })
}

pub(crate) fn stage(name: &str, accounts: &[&str], regions: &[&str]) -> Value {
    json!({
        "platformName": "mlops", "name": name, "modelPackageArn": PACKAGE, "modelPackageGroupName": GROUP,
        "stackSetName": "s", "endpointName": "e", "endpoint": {}, "waves": [],
        "permissions": {"permissionModel": "SELF_MANAGED", "executionRoleName": EXECUTION_ROLE,
            "administrationRoleArn": "arn:aws:iam::111111111111:role/administration"},
        "accounts": accounts, "regions": regions, "modelExecutionRoleName": ROLE,
    })
}

impl Ports for Hub {
    async fn describe_model_package(&self, arn: &str) -> Result<ModelPackage, AwsError> {
        self.call("sagemaker:DescribeModelPackage", arn, |state| {
            state.package.clone().ok_or(("ValidationException", "ModelPackage does not exist."))
        })
    }

    async fn get_model_package_group_policy(&self, group: &str) -> Result<Option<String>, AwsError> {
        self.call("sagemaker:GetModelPackageGroupPolicy", group, |state| {
            let policy = state.policies.get(group).cloned().map(Some);
            policy.ok_or(("ValidationException", "Cannot find resource policy for: arn"))
        })
    }

    async fn put_model_package_group_policy(&self, group: &str, policy: &str) -> Result<(), AwsError> {
        self.call("sagemaker:PutModelPackageGroupPolicy", group, |state| {
            state.policies.insert(group.to_owned(), policy.to_owned());
            Ok(())
        })
    }

    async fn get_bucket_encryption(&self, bucket: &str, owner: &str) -> Result<Located<Option<String>>, AwsError> {
        assert_eq!(owner, HUB);
        self.call("s3:GetEncryptionConfiguration", bucket, |state| match state.elsewhere.get(bucket) {
            Some(region) => Ok(Located::Elsewhere((*region).to_owned())),
            None => state.buckets.get(bucket).cloned().map(Located::Here).ok_or(NO_BUCKET),
        })
    }

    async fn head_object(&self, bucket: &str, key: &str, owner: &str) -> Result<Located<u64>, AwsError> {
        assert_eq!(owner, HUB);
        let address = format!("s3://{bucket}/{key}");
        self.call("s3:GetObject", &address, |state| match state.elsewhere.get(bucket) {
            Some(region) => Ok(Located::Elsewhere((*region).to_owned())),
            // Who may not list the bucket is not told more.
            None => state.objects.get(&address).copied().map(Located::Here).ok_or(("Forbidden", "")),
        })
    }

    async fn get_bucket_policy(&self, bucket: &str, owner: &str) -> Result<Option<String>, AwsError> {
        assert_eq!(owner, HUB);
        self.call("s3:GetBucketPolicy", bucket, |state| {
            if !state.buckets.contains_key(bucket) {
                return Err(NO_BUCKET);
            }
            state.policies.get(bucket).cloned().map(Some).ok_or(("NoSuchBucketPolicy", ""))
        })
    }

    async fn describe_key(&self, key: &str) -> Result<Key, AwsError> {
        self.call("kms:DescribeKey", key, |state| state.keys.get(key).cloned().ok_or(("NotFoundException", "")))
    }

    async fn get_key_policy(&self, key: &str) -> Result<Option<String>, AwsError> {
        self.call("kms:GetKeyPolicy", key, |state| Ok(state.policies.get(key).cloned()))
    }

    async fn describe_image(
        &self,
        registry: &str,
        repository: &str,
        image: &ImageName,
    ) -> Result<Vec<String>, AwsError> {
        assert_eq!(registry, HUB);
        self.call("ecr:DescribeImages", repository, |state| {
            if !state.tags.contains_key(repository) {
                return Err(("RepositoryNotFoundException", "The repository does not exist in the registry."));
            }
            let tags = state.images.get(&(repository.to_owned(), image.clone())).cloned();
            tags.ok_or(("ImageNotFoundException", "The image does not exist within the repository."))
        })
    }

    async fn get_repository_policy(&self, registry: &str, repository: &str) -> Result<Option<String>, AwsError> {
        assert_eq!(registry, HUB);
        self.call("ecr:GetRepositoryPolicy", repository, |state| {
            let policy = state.policies.get(&format!("ecr/{repository}")).cloned().map(Some);
            policy.ok_or(("RepositoryPolicyNotFoundException", "Repository policy does not exist."))
        })
    }

    async fn list_tags_for_resource(&self, arn: &str) -> Result<BTreeMap<String, String>, AwsError> {
        self.call("ecr:ListTagsForResource", arn, |state| {
            Ok(state.tags[arn.strip_prefix("arn:aws:ecr:eu-west-1:111111111111:repository/").unwrap()].clone())
        })
    }

    async fn set_repository_policy(&self, registry: &str, repository: &str, policy: &str) -> Result<(), AwsError> {
        assert_eq!(registry, HUB);
        assert!(!policy.contains("\"Resource\""), "ECR takes no policy with a Resource: {policy}");
        self.call("ecr:SetRepositoryPolicy", repository, |state| {
            state.policies.insert(format!("ecr/{repository}"), policy.to_owned());
            Ok(())
        })
    }
}
