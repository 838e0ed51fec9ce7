use std::future::Future;

use aws_ports::{Aws, AwsError, Operation};
use aws_sdk_sagemaker::Client as SageMaker;
use aws_sdk_ssm::Client as Ssm;
use aws_sdk_ssm::types::ParameterType;
use tokio::sync::OnceCell;

use crate::properties::ProjectName;

/// A SageMaker project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// The whole ARN.
    pub arn: String,
    /// Of the Studio domain that it was made in; `None` when it was made elsewhere.
    pub domain_id: Option<String>,
}

/// A Studio domain. A field that the service left out is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Domain {
    /// Such as `d-0a1b2c3d4e5f`.
    pub id: String,
    /// The whole ARN.
    pub arn: String,
    /// The network that its apps are in.
    pub vpc_id: String,
    /// In that network.
    pub subnet_ids: Vec<String>,
    /// Of the default user settings; may be none.
    pub security_groups: Vec<String>,
    /// Of the default user settings: a role's ARN.
    pub execution_role: String,
}

/// A parameter of Parameter Store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// The whole name.
    pub name: String,
    /// As it is stored: of a secure one, cipher text.
    pub value: String,
    /// It is a `SecureString`.
    pub secure: bool,
}

/// One page of a listing, and where the next one begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// May be empty although more pages follow.
    pub items: Vec<T>,
    /// `None` on the last page.
    pub next: Option<String>,
}

/// Every AWS operation this function calls, and so every action its role needs.
pub trait Ports: Send + Sync + 'static {
    /// `sagemaker:DescribeProject`.
    fn describe_project(&self, name: &ProjectName) -> impl Future<Output = Result<Project, AwsError>> + Send;

    /// `sagemaker:DescribeDomain`.
    fn describe_domain(&self, id: &str) -> impl Future<Output = Result<Domain, AwsError>> + Send;

    /// `sagemaker:ListTags` of a domain or a project, as (key, value).
    fn list_tags(
        &self,
        arn: &str,
        page: Option<String>,
    ) -> impl Future<Output = Result<Page<(String, String)>, AwsError>> + Send;

    /// `ssm:GetParameters`, of at most ten names, without decryption. What does not exist is not in the answer.
    fn get_parameters(&self, names: &[String]) -> impl Future<Output = Result<Vec<Parameter>, AwsError>> + Send;
}

/// [`Ports`] over the SDK. A client is made when it is first called.
#[derive(Debug, Default)]
pub struct AwsServices {
    aws: Aws,
    sagemaker: OnceCell<SageMaker>,
    ssm: OnceCell<Ssm>,
}

impl AwsServices {
    /// Loads nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self { aws: Aws::new(), sagemaker: OnceCell::const_new(), ssm: OnceCell::const_new() }
    }

    /// Over clients that were configured elsewhere.
    #[must_use]
    pub fn over(sagemaker: SageMaker, ssm: Ssm) -> Self {
        Self { aws: Aws::new(), sagemaker: OnceCell::new_with(Some(sagemaker)), ssm: OnceCell::new_with(Some(ssm)) }
    }

    async fn sagemaker(&self) -> &SageMaker {
        self.sagemaker.get_or_init(|| async { SageMaker::new(self.aws.config().await) }).await
    }

    async fn ssm(&self) -> &Ssm {
        self.ssm.get_or_init(|| async { Ssm::new(self.aws.config().await) }).await
    }
}

impl Ports for AwsServices {
    async fn describe_project(&self, name: &ProjectName) -> Result<Project, AwsError> {
        let call = self.sagemaker().await.describe_project().project_name(name.as_str());
        let answer = call.send().await.operation("sagemaker:DescribeProject")?;
        Ok(Project {
            arn: answer.project_arn.unwrap_or_default(),
            domain_id: answer.created_by.and_then(|by| by.domain_id).filter(|id| !id.is_empty()),
        })
    }

    async fn describe_domain(&self, id: &str) -> Result<Domain, AwsError> {
        let call = self.sagemaker().await.describe_domain().domain_id(id);
        let answer = call.send().await.operation("sagemaker:DescribeDomain")?;
        let (security_groups, execution_role) = answer
            .default_user_settings
            .map(|settings| (settings.security_groups, settings.execution_role))
            .unwrap_or_default();
        Ok(Domain {
            id: answer.domain_id.unwrap_or_default(),
            arn: answer.domain_arn.unwrap_or_default(),
            vpc_id: answer.vpc_id.unwrap_or_default(),
            subnet_ids: answer.subnet_ids.unwrap_or_default(),
            security_groups: security_groups.unwrap_or_default(),
            execution_role: execution_role.unwrap_or_default(),
        })
    }

    async fn list_tags(&self, arn: &str, page: Option<String>) -> Result<Page<(String, String)>, AwsError> {
        let call = self.sagemaker().await.list_tags().resource_arn(arn).set_next_token(page);
        let answer = call.send().await.operation("sagemaker:ListTags")?;
        Ok(Page {
            items: answer
                .tags
                .unwrap_or_default()
                .into_iter()
                .map(|tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default()))
                .collect(),
            next: answer.next_token.filter(|token| !token.is_empty()),
        })
    }

    async fn get_parameters(&self, names: &[String]) -> Result<Vec<Parameter>, AwsError> {
        let call = self.ssm().await.get_parameters().set_names(Some(names.to_vec())).with_decryption(false);
        let answer = call.send().await.operation("ssm:GetParameters")?;
        Ok(answer
            .parameters
            .unwrap_or_default()
            .into_iter()
            .map(|parameter| Parameter {
                name: parameter.name.unwrap_or_default(),
                value: parameter.value.unwrap_or_default(),
                secure: parameter.r#type == Some(ParameterType::SecureString),
            })
            .collect())
    }
}
