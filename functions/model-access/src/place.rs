use std::collections::BTreeSet;
use std::fmt;

use aws_ports::AwsError;
use identifiers::{AccountId, ModelPackageGroupName, dns_suffix};
use policy_document::Fact::Usually;
use policy_document::Facts;
use serde_json::{Value, json};

use crate::aws::Ports;
use crate::input::Hub;
use crate::role::{Duty, Role};

/// Something of the hub account with a policy that targets need.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    /// By its name.
    Bucket(String),
    /// By its ARN.
    Key(String),
    /// By its name.
    Repository(String),
    /// By its name.
    Group(ModelPackageGroupName),
}

impl Place {
    /// Without these a model cannot be made or started.
    ///
    /// SageMaker asks the owner of the version whether the caller of `CreateModel` may make a model of it, and that is
    /// CloudFormation with the stack set's role. Data and image it reads as the role that it was handed, the model's.
    pub(crate) fn needed(&self, duty: Duty) -> &'static [&'static str] {
        match (self, duty) {
            (Self::Bucket(_), Duty::Serves) => &["s3:GetObject"],
            (Self::Key(_), Duty::Serves) => &["kms:Decrypt"],
            (Self::Repository(_), Duty::Serves) => &["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            (Self::Group(_), Duty::Serves) => &["sagemaker:DescribeModelPackage"],
            (Self::Group(_), Duty::Makes) => &["sagemaker:CreateModel", "sagemaker:DescribeModelPackage"],
            (Self::Bucket(_) | Self::Key(_) | Self::Repository(_), Duty::Makes) => &[],
        }
    }

    /// What a statement gives that is written or asked for: with what clients are used to ask besides.
    fn given(&self, duty: Duty) -> &'static [&'static str] {
        match self {
            Self::Repository(_) => {
                &["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
            }
            Self::Bucket(_) | Self::Key(_) | Self::Group(_) => self.needed(duty),
        }
    }

    /// Bytes that the service takes as a policy.
    pub(crate) fn limit(&self) -> usize {
        match self {
            Self::Bucket(_) | Self::Group(_) => 20 * 1024,
            Self::Key(_) => 32 * 1024,
            Self::Repository(_) => 10 * 1024,
        }
    }

    /// In its own account a role needs no policy but its own, except for a key, whose policy decides alone.
    pub(crate) fn decides_alone(&self) -> bool {
        matches!(self, Self::Key(_))
    }

    /// What an action on the policy itself is allowed on.
    pub(crate) fn arn(&self, hub: &Hub) -> String {
        let Hub { partition, account, region } = hub;
        match self {
            Self::Bucket(name) => format!("arn:{partition}:s3:::{name}"),
            Self::Key(arn) => arn.clone(),
            Self::Repository(name) => format!("arn:{partition}:ecr:{region}:{account}:repository/{name}"),
            Self::Group(name) => format!("arn:{partition}:sagemaker:{region}:{account}:model-package-group/{name}"),
        }
    }

    /// Its policy; `None` when it has none.
    pub(crate) async fn read(&self, aws: &impl Ports, hub: &Hub) -> Result<Option<String>, AwsError> {
        let account = hub.account.as_str();
        let read = match self {
            Self::Bucket(name) => aws.get_bucket_policy(name, account).await,
            Self::Key(arn) => aws.get_key_policy(arn).await,
            Self::Repository(name) => aws.get_repository_policy(account, name).await,
            Self::Group(name) => aws.get_model_package_group_policy(name.as_str()).await,
        };
        match read {
            Err(error) if has_no_policy(&error) => Ok(None),
            // SageMaker may also answer nothing.
            read => Ok(read?.filter(|policy| !policy.trim().is_empty())),
        }
    }

    /// The statement that opens it to the role of these accounts. The role is named by conditions and not as principal: IAM
    /// turns a principal that is deleted into an id, and then the policy can no longer be written.
    pub(crate) fn statement(
        &self,
        sid: &str,
        hub: &Hub,
        packages: &str,
        role: &Role,
        accounts: &BTreeSet<AccountId>,
    ) -> Value {
        let mut statement = json!({
            "Sid": sid,
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": self.given(role.duty),
        });
        let resource = match self {
            Self::Bucket(_) => Some(format!("{}/*", self.arn(hub))),
            // In a key's policy this is the key itself.
            Self::Key(_) => Some("*".to_owned()),
            // ECR refuses a policy with this element.
            Self::Repository(_) => None,
            Self::Group(_) => Some(packages.to_owned()),
        };
        let condition = json!({
            "StringEquals": {"aws:PrincipalAccount": accounts},
            "ArnLike": {"aws:PrincipalArn": role.pattern(&hub.partition)},
        });
        if let Some(elements) = statement.as_object_mut() {
            elements.extend(resource.map(|resource| ("Resource".to_owned(), resource.into())));
            elements.insert("Condition".to_owned(), condition);
        }
        statement
    }

    /// What is known of the requests of a target's role.
    ///
    /// It calls through an endpoint of its own account, or CloudFormation, SageMaker and S3 call for it; it may do either. Where in the
    /// organization the account is, and by which network it calls, is not known.
    pub(crate) fn facts(&self, hub: &Hub, account: &AccountId, role_arn: &str) -> Facts {
        let text = |text: &str| vec![text.to_owned()];
        let facts = Facts::default()
            .is("aws:PrincipalAccount", account.as_str())
            .is("aws:PrincipalArn", role_arn)
            .is("aws:PrincipalType", "AssumedRole")
            .is("aws:PrincipalIsAWSService", "false")
            .is("aws:ResourceAccount", hub.account.as_str())
            .is("aws:RequestedRegion", hub.region.as_str())
            .is("aws:SecureTransport", "true")
            // These say for whom a service acts in its own name.
            .lacks("aws:SourceAccount")
            .lacks("aws:SourceArn")
            .with("aws:ViaAWSService", Usually(vec![text("true"), text("false")]))
            .with("aws:VpceAccount", Usually(vec![text(account.as_str()), Vec::new()]));
        match self {
            Self::Bucket(_) => facts.is("s3:ResourceAccount", hub.account.as_str()),
            // S3 asks for the decryption of an object that the role reads.
            Self::Key(_) => facts
                .is("kms:CallerAccount", account.as_str())
                .is("kms:ViaService", &format!("s3.{}.{}", hub.region, dns_suffix(&hub.partition))),
            Self::Repository(_) | Self::Group(_) => facts,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bucket(name) => write!(f, "bucket {name}"),
            Self::Key(arn) => write!(f, "key {arn}"),
            Self::Repository(name) => write!(f, "repository {name}"),
            Self::Group(name) => write!(f, "model package group {name}"),
        }
    }
}

/// SageMaker has one code for everything; the group itself missing has another message.
fn has_no_policy(error: &AwsError) -> bool {
    match error.code() {
        Some("NoSuchBucketPolicy" | "RepositoryPolicyNotFoundException") => true,
        Some("ValidationException") => {
            error.message().is_some_and(|message| message.contains("Cannot find resource policy"))
        }
        _ => false,
    }
}
