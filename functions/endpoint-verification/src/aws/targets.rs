use super::Object;
use aws_ports::AwsError;
use deployment::S3Uri;
use identifiers::Region;
use std::future::Future;

/// What is live under an endpoint's name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Endpoint {
    /// `EndpointStatus`.
    pub status: String,
    /// Why it failed, or was taken back.
    pub failure_reason: Option<String>,
    /// The configuration it runs, or ran last.
    pub config_name: String,
}

/// What an endpoint was told to be.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EndpointConfig {
    /// At least one.
    pub variants: Vec<Variant>,
    /// The key of the instances' volumes.
    pub volume_key: Option<String>,
    /// `None` if nothing is captured.
    pub capture_percentage: Option<i32>,
    /// `None` if it is not asynchronous.
    pub async_output_path: Option<String>,
}

/// One model behind an endpoint.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Variant {
    /// Its own.
    pub name: String,
    /// Of the model.
    pub model_name: String,
    /// `None` if serverless.
    pub instance_type: Option<String>,
    /// How many at first; `None` if serverless.
    pub instance_count: Option<i32>,
    /// Relative to the others'.
    pub weight: f32,
    /// `None` if on instances.
    pub serverless: Option<Serverless>,
}

/// What a variant without instances is given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Serverless {
    /// `MemorySizeInMB`.
    pub memory_mb: Option<i32>,
    /// `MaxConcurrency`.
    pub max_concurrency: Option<i32>,
    /// `ProvisionedConcurrency`.
    pub provisioned_concurrency: Option<i32>,
}

/// What is said of a payload that is sent to an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request<'a> {
    /// Whom it is for.
    pub endpoint: &'a str,
    /// Of the payload.
    pub content_type: &'a str,
    /// What the answer shall be.
    pub accept: Option<&'a str>,
    /// How captured data and trails know the request.
    pub inference_id: &'a str,
}

/// What an endpoint answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reply {
    /// The model's own claim.
    pub content_type: Option<String>,
    /// What it said.
    pub body: Vec<u8>,
}

/// Where SageMaker will put what the endpoint answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Locations {
    /// The answer.
    pub output: Option<String>,
    /// What is there instead if there is none.
    pub failure: Option<String>,
}

/// Why an endpoint gave no answer.
#[derive(Debug)]
pub enum InvocationError {
    /// The model answered with an error. Its text is left out: it may quote what it was asked.
    Model {
        /// As the model gave it.
        status: Option<i32>,
        /// Where the model's own log says more.
        log: Option<String>,
        /// As AWS knows the request.
        request_id: Option<String>,
    },
    /// SageMaker refused, or there was no answer.
    Service(AwsError),
}

/// SageMaker and CloudWatch in the target accounts, through a role in each of them.
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

    /// `sagemaker:InvokeEndpoint`.
    fn invoke(
        &self,
        session: &Self::Session,
        region: &Region,
        request: Request<'_>,
        payload: &[u8],
    ) -> impl Future<Output = Result<Reply, InvocationError>> + Send;

    /// `sagemaker:InvokeEndpointAsync`.
    fn invoke_async(
        &self,
        session: &Self::Session,
        region: &Region,
        request: Request<'_>,
        payload: &S3Uri,
    ) -> impl Future<Output = Result<Locations, AwsError>> + Send;

    /// `s3:GetObject`, of an answer of at most `limit` bytes. What is not there is `NoSuchKey` to a role that may list the
    /// bucket, and `AccessDenied` to any other.
    fn answer(
        &self,
        session: &Self::Session,
        region: &Region,
        uri: &S3Uri,
        limit: u64,
    ) -> impl Future<Output = Result<Object, AwsError>> + Send;

    /// `cloudwatch:DescribeAlarms`: those in ALARM whose names begin so.
    fn alarms(
        &self,
        session: &Self::Session,
        region: &Region,
        prefix: &str,
    ) -> impl Future<Output = Result<Vec<String>, AwsError>> + Send;
}
