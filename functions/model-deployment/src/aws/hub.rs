use aws_ports::{Aws, AwsError, Operation};
use identifiers::{ModelPackageArn, OrganizationNode};
use organization::{Account, Listing, Page};
use std::collections::BTreeMap;
use std::future::Future;
use tokio::sync::OnceCell;

/// What the registry says of a version.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModelPackage {
    /// `ModelPackageStatus`.
    pub status: String,
    /// `ModelApprovalStatus`.
    pub approval_status: String,
    /// In its inference specification; 0 if it has none.
    pub containers: usize,
    /// Empty if it does not restrict them.
    pub instance_types: Vec<String>,
}

/// Parameters, registry and organization.
pub trait Hub: Listing {
    /// `ssm:GetParameter`; `None` if there is none.
    fn parameter(&self, name: &str) -> impl Future<Output = Result<Option<String>, AwsError>> + Send;
    /// `ssm:GetParametersByPath`, decrypted, all pages: values by name.
    fn parameters_under(&self, path: &str) -> impl Future<Output = Result<BTreeMap<String, String>, AwsError>> + Send;
    /// `sagemaker:DescribeModelPackage`; `None` if there is none.
    fn model_package(
        &self,
        package: &ModelPackageArn,
    ) -> impl Future<Output = Result<Option<ModelPackage>, AwsError>> + Send;
    /// `organizations:ListRoots`: an organization has one.
    fn organization_root(&self) -> impl Future<Output = Result<String, AwsError>> + Send;
}

/// The services themselves. Each client is made when first called: a task needs one or two of them.
#[derive(Debug)]
pub struct HubAccount<'a> {
    aws: &'a Aws,
    organizations: OnceCell<aws_sdk_organizations::Client>,
    sagemaker: OnceCell<aws_sdk_sagemaker::Client>,
    ssm: OnceCell<aws_sdk_ssm::Client>,
}

impl<'a> HubAccount<'a> {
    /// Loads nothing.
    pub const fn new(aws: &'a Aws) -> Self {
        Self { aws, organizations: OnceCell::const_new(), sagemaker: OnceCell::const_new(), ssm: OnceCell::const_new() }
    }

    /// Over clients that were configured elsewhere.
    pub fn over(
        organizations: aws_sdk_organizations::Client,
        sagemaker: aws_sdk_sagemaker::Client,
        ssm: aws_sdk_ssm::Client,
    ) -> Self {
        static UNUSED: Aws = Aws::new();
        Self {
            aws: &UNUSED,
            organizations: OnceCell::new_with(Some(organizations)),
            sagemaker: OnceCell::new_with(Some(sagemaker)),
            ssm: OnceCell::new_with(Some(ssm)),
        }
    }

    async fn organizations(&self) -> &aws_sdk_organizations::Client {
        let client = || async { aws_sdk_organizations::Client::new(self.aws.config().await) };
        self.organizations.get_or_init(client).await
    }

    async fn sagemaker(&self) -> &aws_sdk_sagemaker::Client {
        self.sagemaker.get_or_init(|| async { aws_sdk_sagemaker::Client::new(self.aws.config().await) }).await
    }

    async fn ssm(&self) -> &aws_sdk_ssm::Client {
        self.ssm.get_or_init(|| async { aws_sdk_ssm::Client::new(self.aws.config().await) }).await
    }
}

impl Hub for HubAccount<'_> {
    async fn parameter(&self, name: &str) -> Result<Option<String>, AwsError> {
        match self.ssm().await.get_parameter().name(name).send().await.operation("ssm:GetParameter") {
            Ok(answer) => Ok(answer.parameter.and_then(|parameter| parameter.value)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn parameters_under(&self, path: &str) -> Result<BTreeMap<String, String>, AwsError> {
        let call = self.ssm().await.get_parameters_by_path().path(path).recursive(true).with_decryption(true);
        let mut pages = call.into_paginator().send();
        let mut values = BTreeMap::new();
        while let Some(page) = pages.next().await {
            let parameters = page.operation("ssm:GetParametersByPath")?.parameters.unwrap_or_default();
            values.extend(parameters.into_iter().filter_map(|parameter| parameter.name.zip(parameter.value)));
        }
        Ok(values)
    }

    async fn model_package(&self, package: &ModelPackageArn) -> Result<Option<ModelPackage>, AwsError> {
        let call = self.sagemaker().await.describe_model_package().model_package_name(package.as_str());
        let described = match call.send().await.operation("sagemaker:DescribeModelPackage") {
            Ok(described) => described,
            Err(error) if error.is_not_found() => return Ok(None),
            Err(error) => return Err(error),
        };
        let specification = described.inference_specification;
        let containers = specification.as_ref().and_then(|specification| specification.containers.as_ref());
        let containers = containers.map_or(0, Vec::len);
        let instance_types = specification.and_then(|it| it.supported_realtime_inference_instance_types);
        Ok(Some(ModelPackage {
            status: described.model_package_status.map(|status| status.as_str().to_owned()).unwrap_or_default(),
            approval_status: described.model_approval_status.map(|it| it.as_str().to_owned()).unwrap_or_default(),
            containers,
            instance_types: instance_types.unwrap_or_default().iter().map(|it| it.as_str().to_owned()).collect(),
        }))
    }

    async fn organization_root(&self) -> Result<String, AwsError> {
        let answer = self.organizations().await.list_roots().send().await.operation("organizations:ListRoots")?;
        Ok(answer.roots.unwrap_or_default().into_iter().find_map(|root| root.id).unwrap_or_default())
    }
}

impl Listing for HubAccount<'_> {
    async fn list_accounts_for_parent(
        &self,
        parent: &OrganizationNode,
        page: Option<String>,
    ) -> Result<Page<Account>, AwsError> {
        Listing::list_accounts_for_parent(self.organizations().await, parent, page).await
    }

    async fn list_organizational_units_for_parent(
        &self,
        parent: &OrganizationNode,
        page: Option<String>,
    ) -> Result<Page<String>, AwsError> {
        Listing::list_organizational_units_for_parent(self.organizations().await, parent, page).await
    }
}
