use aws_credential_types::Credentials;
use aws_ports::{Aws, AwsError, Operation};
use aws_sdk_sagemaker::config;
use aws_sdk_sagemaker::types::ContainerDefinition;
use identifiers::Region;
use std::future::Future;
use std::time::SystemTime;
use tokio::sync::OnceCell;

/// What is live under an endpoint's name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Endpoint {
    /// `EndpointStatus`.
    pub status: String,
    /// Why it failed.
    pub failure_reason: Option<String>,
    /// The configuration it runs, or ran last.
    pub config_name: String,
}

/// What an endpoint was told to be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EndpointConfig {
    /// At least one.
    pub variants: Vec<Variant>,
}

/// One model behind an endpoint.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Variant {
    /// Of the model.
    pub model_name: String,
    /// Empty if serverless.
    pub instance_type: String,
    /// 0 if serverless.
    pub instance_count: i32,
}

/// SageMaker in the target accounts, through a role in each of them.
pub trait TargetAccounts: Send + Sync {
    /// The permissions of an assumed role.
    type Session: Send + Sync;

    /// `sts:AssumeRole`, restricted to what `policy` allows.
    fn assume_role(
        &self,
        role_arn: &str,
        session_name: &str,
        policy: &str,
    ) -> impl Future<Output = Result<Self::Session, AwsError>> + Send;

    /// `sagemaker:DescribeEndpoint`.
    fn endpoint(
        &self,
        session: &Self::Session,
        region: &Region,
        name: &str,
    ) -> impl Future<Output = Result<Endpoint, AwsError>> + Send;

    /// `sagemaker:DescribeEndpointConfig`.
    fn endpoint_config(
        &self,
        session: &Self::Session,
        region: &Region,
        name: &str,
    ) -> impl Future<Output = Result<EndpointConfig, AwsError>> + Send;

    /// `sagemaker:DescribeModel`: the model packages of its containers.
    fn model_packages(
        &self,
        session: &Self::Session,
        region: &Region,
        name: &str,
    ) -> impl Future<Output = Result<Vec<String>, AwsError>> + Send;
}

/// The services themselves. One SageMaker client serves all accounts and regions, so that connections and trust roots
/// are shared.
#[derive(Debug)]
pub struct TargetAccountsByRole<'a> {
    aws: &'a Aws,
    sagemaker: OnceCell<aws_sdk_sagemaker::Client>,
    sts: OnceCell<aws_sdk_sts::Client>,
}

impl<'a> TargetAccountsByRole<'a> {
    /// Loads nothing.
    pub const fn new(aws: &'a Aws) -> Self {
        Self { aws, sagemaker: OnceCell::const_new(), sts: OnceCell::const_new() }
    }

    /// Over clients that were configured elsewhere.
    pub fn over(sagemaker: aws_sdk_sagemaker::Client, sts: aws_sdk_sts::Client) -> Self {
        static UNUSED: Aws = Aws::new();
        Self { aws: &UNUSED, sagemaker: OnceCell::new_with(Some(sagemaker)), sts: OnceCell::new_with(Some(sts)) }
    }

    async fn sagemaker(&self) -> &aws_sdk_sagemaker::Client {
        self.sagemaker.get_or_init(|| async { aws_sdk_sagemaker::Client::new(self.aws.config().await) }).await
    }
}

/// The shortest that STS offers: a task takes seconds.
const SESSION_SECONDS: i32 = 900;

impl TargetAccounts for TargetAccountsByRole<'_> {
    type Session = Credentials;

    async fn assume_role(&self, role_arn: &str, session_name: &str, policy: &str) -> Result<Credentials, AwsError> {
        let client = self.sts.get_or_init(|| async { aws_sdk_sts::Client::new(self.aws.config().await) }).await;
        let call = client.assume_role().role_arn(role_arn).role_session_name(session_name).policy(policy);
        let answer = call.duration_seconds(SESSION_SECONDS).send().await.operation("sts:AssumeRole")?;
        let given = answer.credentials;
        let expires = given.as_ref().and_then(|given| SystemTime::try_from(given.expiration).ok());
        let (key, secret, token) =
            given.map(|given| (given.access_key_id, given.secret_access_key, given.session_token)).unwrap_or_default();
        Ok(Credentials::new(key, secret, Some(token), expires, "AssumeRole"))
    }

    async fn endpoint(&self, session: &Credentials, region: &Region, name: &str) -> Result<Endpoint, AwsError> {
        let call = self.sagemaker().await.describe_endpoint().endpoint_name(name).customize();
        let answer = call.config_override(seen_from(session, region)).send().await;
        let answer = answer.operation("sagemaker:DescribeEndpoint")?;
        Ok(Endpoint {
            status: answer.endpoint_status.map(|status| status.as_str().to_owned()).unwrap_or_default(),
            failure_reason: answer.failure_reason,
            config_name: answer.endpoint_config_name.unwrap_or_default(),
        })
    }

    async fn endpoint_config(
        &self,
        session: &Credentials,
        region: &Region,
        name: &str,
    ) -> Result<EndpointConfig, AwsError> {
        let call = self.sagemaker().await.describe_endpoint_config().endpoint_config_name(name).customize();
        let answer = call.config_override(seen_from(session, region)).send().await;
        let variants = answer.operation("sagemaker:DescribeEndpointConfig")?.production_variants.unwrap_or_default();
        let variants = variants.into_iter().map(|variant| Variant {
            model_name: variant.model_name.unwrap_or_default(),
            instance_type: variant.instance_type.map(|it| it.as_str().to_owned()).unwrap_or_default(),
            instance_count: variant.initial_instance_count.unwrap_or_default(),
        });
        Ok(EndpointConfig { variants: variants.collect() })
    }

    async fn model_packages(
        &self,
        session: &Credentials,
        region: &Region,
        name: &str,
    ) -> Result<Vec<String>, AwsError> {
        let call = self.sagemaker().await.describe_model().model_name(name).customize();
        let answer = call.config_override(seen_from(session, region)).send().await;
        let model = answer.operation("sagemaker:DescribeModel")?;
        let containers = model.primary_container.into_iter().chain(model.containers.unwrap_or_default());
        Ok(containers.filter_map(|container: ContainerDefinition| container.model_package_name).collect())
    }
}

fn seen_from(session: &Credentials, region: &Region) -> config::Builder {
    config::Builder::new().credentials_provider(session.clone()).region(config::Region::new(region.as_str().to_owned()))
}
