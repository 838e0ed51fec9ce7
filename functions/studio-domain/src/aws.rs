use std::future::Future;

use aws_ports::{Aws, AwsError, Operation};
use aws_sdk_ec2::Client as Ec2;
use aws_sdk_ec2::types::Filter;
use aws_sdk_efs::Client as Efs;
use aws_sdk_sagemaker::Client as SageMaker;
use aws_sdk_ssm::Client as Ssm;
use aws_sdk_ssm::types::ParameterType;
use identifiers::DomainId;
use tokio::sync::OnceCell;

/// A Studio domain, as far as it is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domain {
    /// Such as `arn:aws:sagemaker:eu-central-1:123456789012:domain/d-0a1b2c3d4e5f`.
    pub arn: String,
    /// In the service's words: `InService`, `Updating`, `Update_Failed`.
    pub status: String,
    /// Why it failed, where it did.
    pub failure_reason: Option<String>,
    /// Where its users begin; empty until the domain is in service.
    pub url: String,
    /// Its home file system; a domain can be made without one.
    pub file_system_id: Option<String>,
    /// Its network.
    pub vpc_id: String,
    /// Its subnets.
    pub subnet_ids: Vec<String>,
    /// The group between RStudio's apps, where the domain has RStudio.
    pub boundary_group_id: Option<String>,
}

/// A file system or a security group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tagged {
    /// `fs-...` or `sg-...`.
    pub id: String,
    /// Key and value.
    pub tags: Vec<(String, String)>,
}

impl Tagged {
    /// The value of a tag.
    #[must_use]
    pub fn tag(&self, key: &str) -> Option<&str> {
        self.tags.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }
}

/// Every AWS operation this function calls.
pub trait Ports: Send + Sync + 'static {
    /// `sagemaker:DescribeDomain`.
    fn describe_domain(&self, domain_id: &DomainId) -> impl Future<Output = Result<Domain, AwsError>> + Send;

    /// `elasticfilesystem:DescribeFileSystems`, of one.
    fn describe_file_system(&self, id: &str) -> impl Future<Output = Result<Tagged, AwsError>> + Send;

    /// `ec2:DescribeSecurityGroups`, all pages: those of a network where `filter` is one of `values`.
    fn describe_security_groups(
        &self,
        vpc_id: &str,
        filter: &'static str,
        values: Vec<String>,
    ) -> impl Future<Output = Result<Vec<Tagged>, AwsError>> + Send;

    /// `elasticfilesystem:TagResource`; other tags stay.
    fn tag_file_system(&self, id: &str, tags: &[(&str, &str)]) -> impl Future<Output = Result<(), AwsError>> + Send;

    /// `ec2:CreateTags`; other tags stay.
    fn tag_security_groups(
        &self,
        ids: Vec<String>,
        tags: &[(&str, &str)],
    ) -> impl Future<Output = Result<(), AwsError>> + Send;

    /// `ssm:GetParameter`: the value.
    fn get_parameter(&self, name: &str) -> impl Future<Output = Result<String, AwsError>> + Send;

    /// `ssm:PutParameter`. Without `overwrite` an existing one answers `ParameterAlreadyExists`.
    fn put_parameter(
        &self,
        name: &str,
        value: &str,
        overwrite: bool,
    ) -> impl Future<Output = Result<(), AwsError>> + Send;

    /// `ssm:DeleteParameter`.
    fn delete_parameter(&self, name: &str) -> impl Future<Output = Result<(), AwsError>> + Send;
}

/// [`Ports`] over the SDK. A client is made when it is first called.
#[derive(Debug, Default)]
pub struct AwsServices {
    aws: Aws,
    sagemaker: OnceCell<SageMaker>,
    efs: OnceCell<Efs>,
    ec2: OnceCell<Ec2>,
    ssm: OnceCell<Ssm>,
}

impl AwsServices {
    /// Loads nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            aws: Aws::new(),
            sagemaker: OnceCell::const_new(),
            efs: OnceCell::const_new(),
            ec2: OnceCell::const_new(),
            ssm: OnceCell::const_new(),
        }
    }

    /// Over clients that were configured elsewhere.
    #[must_use]
    pub fn over(sagemaker: SageMaker, efs: Efs, ec2: Ec2, ssm: Ssm) -> Self {
        Self {
            aws: Aws::new(),
            sagemaker: OnceCell::new_with(Some(sagemaker)),
            efs: OnceCell::new_with(Some(efs)),
            ec2: OnceCell::new_with(Some(ec2)),
            ssm: OnceCell::new_with(Some(ssm)),
        }
    }

    async fn sagemaker(&self) -> &SageMaker {
        self.sagemaker.get_or_init(|| async { SageMaker::new(self.aws.config().await) }).await
    }

    async fn efs(&self) -> &Efs {
        self.efs.get_or_init(|| async { Efs::new(self.aws.config().await) }).await
    }

    async fn ec2(&self) -> &Ec2 {
        self.ec2.get_or_init(|| async { Ec2::new(self.aws.config().await) }).await
    }

    async fn ssm(&self) -> &Ssm {
        self.ssm.get_or_init(|| async { Ssm::new(self.aws.config().await) }).await
    }
}

impl Ports for AwsServices {
    async fn describe_domain(&self, domain_id: &DomainId) -> Result<Domain, AwsError> {
        let call = self.sagemaker().await.describe_domain().domain_id(domain_id.as_str());
        let answer = call.send().await.operation("sagemaker:DescribeDomain")?;
        Ok(Domain {
            arn: answer.domain_arn.unwrap_or_default(),
            status: answer.status.map(|status| status.as_str().to_owned()).unwrap_or_default(),
            failure_reason: answer.failure_reason,
            url: answer.url.unwrap_or_default(),
            file_system_id: answer.home_efs_file_system_id,
            vpc_id: answer.vpc_id.unwrap_or_default(),
            subnet_ids: answer.subnet_ids.unwrap_or_default(),
            boundary_group_id: answer.security_group_id_for_domain_boundary,
        })
    }

    async fn describe_file_system(&self, id: &str) -> Result<Tagged, AwsError> {
        let call = self.efs().await.describe_file_systems().file_system_id(id);
        let answer = call.send().await.operation("elasticfilesystem:DescribeFileSystems")?;
        let tags = answer.file_systems.unwrap_or_default().into_iter().flat_map(|found| found.tags);
        Ok(Tagged { id: id.to_owned(), tags: tags.map(|tag| (tag.key, tag.value)).collect() })
    }

    async fn describe_security_groups(
        &self,
        vpc_id: &str,
        filter: &'static str,
        values: Vec<String>,
    ) -> Result<Vec<Tagged>, AwsError> {
        let call = self.ec2().await.describe_security_groups();
        let call = call.filters(Filter::builder().name("vpc-id").values(vpc_id).build());
        let call = call.filters(Filter::builder().name(filter).set_values(Some(values)).build());
        let mut pages = call.into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            for group in page.operation("ec2:DescribeSecurityGroups")?.security_groups.unwrap_or_default() {
                let Some(id) = group.group_id else { continue };
                let tags = group.tags.unwrap_or_default().into_iter();
                found.push(Tagged { id, tags: tags.filter_map(|tag| Some((tag.key?, tag.value?))).collect() });
            }
        }
        Ok(found)
    }

    async fn tag_file_system(&self, id: &str, tags: &[(&str, &str)]) -> Result<(), AwsError> {
        let mut call = self.efs().await.tag_resource().resource_id(id);
        for (key, value) in tags {
            // Key and value are set, which is all that the builder wants.
            if let Ok(tag) = aws_sdk_efs::types::Tag::builder().key(*key).value(*value).build() {
                call = call.tags(tag);
            }
        }
        call.send().await.operation("elasticfilesystem:TagResource")?;
        Ok(())
    }

    async fn tag_security_groups(&self, ids: Vec<String>, tags: &[(&str, &str)]) -> Result<(), AwsError> {
        let mut call = self.ec2().await.create_tags().set_resources(Some(ids));
        for (key, value) in tags {
            call = call.tags(aws_sdk_ec2::types::Tag::builder().key(*key).value(*value).build());
        }
        call.send().await.operation("ec2:CreateTags")?;
        Ok(())
    }

    async fn get_parameter(&self, name: &str) -> Result<String, AwsError> {
        let answer = self.ssm().await.get_parameter().name(name).send().await.operation("ssm:GetParameter")?;
        Ok(answer.parameter.and_then(|parameter| parameter.value).unwrap_or_default())
    }

    async fn put_parameter(&self, name: &str, value: &str, overwrite: bool) -> Result<(), AwsError> {
        let call = self.ssm().await.put_parameter().name(name).value(value).r#type(ParameterType::String);
        call.overwrite(overwrite).send().await.operation("ssm:PutParameter")?;
        Ok(())
    }

    async fn delete_parameter(&self, name: &str) -> Result<(), AwsError> {
        self.ssm().await.delete_parameter().name(name).send().await.operation("ssm:DeleteParameter")?;
        Ok(())
    }
}
