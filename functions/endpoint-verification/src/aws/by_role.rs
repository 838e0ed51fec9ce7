use super::targets::{
    Endpoint, EndpointConfig, InvocationError, Locations, Reply, Request, Serverless, TargetAccounts, Variant,
};
use super::{Lazy, Object, read_object, s3};
use aws_credential_types::Credentials;
use aws_ports::{Aws, AwsError, Operation};
use aws_sdk_cloudwatch::types::{AlarmType, StateValue};
use aws_sdk_sagemaker::types::ContainerDefinition;
use aws_sdk_sagemakerruntime::config::timeout::TimeoutConfig;
use aws_sdk_sagemakerruntime::operation::invoke_endpoint::InvokeEndpointError;
use aws_sdk_sagemakerruntime::primitives::Blob;
use deployment::S3Uri;
use identifiers::Region;
use std::time::{Duration, SystemTime};

/// The services themselves. One client of each serves all accounts and regions, so that connections and trust roots are
/// shared.
#[derive(Debug)]
pub struct TargetAccountsByRole<'a> {
    aws: &'a Aws,
    cloudwatch: Lazy<aws_sdk_cloudwatch::Client>,
    runtime: Lazy<aws_sdk_sagemakerruntime::Client>,
    s3: Lazy<aws_sdk_s3::Client>,
    sagemaker: Lazy<aws_sdk_sagemaker::Client>,
    sts: Lazy<aws_sdk_sts::Client>,
}

impl<'a> TargetAccountsByRole<'a> {
    /// Loads nothing.
    pub const fn new(aws: &'a Aws) -> Self {
        Self {
            aws,
            cloudwatch: Lazy::const_new(),
            runtime: Lazy::const_new(),
            s3: Lazy::const_new(),
            sagemaker: Lazy::const_new(),
            sts: Lazy::const_new(),
        }
    }

    /// Over clients that were configured elsewhere.
    pub fn over(
        cloudwatch: aws_sdk_cloudwatch::Client,
        runtime: aws_sdk_sagemakerruntime::Client,
        s3: aws_sdk_s3::Client,
        sagemaker: aws_sdk_sagemaker::Client,
        sts: aws_sdk_sts::Client,
    ) -> Self {
        static UNUSED: Aws = Aws::new();
        Self {
            aws: &UNUSED,
            cloudwatch: Lazy::new_with(Some(cloudwatch)),
            runtime: Lazy::new_with(Some(runtime)),
            s3: Lazy::new_with(Some(s3)),
            sagemaker: Lazy::new_with(Some(sagemaker)),
            sts: Lazy::new_with(Some(sts)),
        }
    }

    async fn sagemaker(&self) -> &aws_sdk_sagemaker::Client {
        self.sagemaker.get_or_init(|| async { aws_sdk_sagemaker::Client::new(self.aws.config().await) }).await
    }

    async fn runtime(&self) -> &aws_sdk_sagemakerruntime::Client {
        self.runtime.get_or_init(|| async { aws_sdk_sagemakerruntime::Client::new(self.aws.config().await) }).await
    }

    async fn cloudwatch(&self) -> &aws_sdk_cloudwatch::Client {
        self.cloudwatch.get_or_init(|| async { aws_sdk_cloudwatch::Client::new(self.aws.config().await) }).await
    }
}

/// A call's own configuration: with the session, in the region.
macro_rules! seen_from {
    ($sdk:ident, $session:expr, $region:expr) => {
        $sdk::config::Builder::new()
            .credentials_provider($session.clone())
            .region($sdk::config::Region::new($region.as_str().to_owned()))
    };
}

/// The longest that STS offers to every role. A task with slow models takes minutes.
const SESSION_SECONDS: i32 = 3600;
/// A model may take 60 seconds; SageMaker advises to wait 70.
const INVOCATION_TIMEOUT: Duration = Duration::from_secs(70);
/// An answer that takes longer is none: SageMaker gives up a queued request, and a running one.
pub(crate) const ASYNC_SECONDS: i32 = 3600;

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
        let answer = call.config_override(seen_from!(aws_sdk_sagemaker, session, region)).send().await;
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
        let answer = call.config_override(seen_from!(aws_sdk_sagemaker, session, region)).send().await;
        let answer = answer.operation("sagemaker:DescribeEndpointConfig")?;
        let variants = answer.production_variants.unwrap_or_default().into_iter().map(|variant| Variant {
            name: variant.variant_name.unwrap_or_default(),
            model_name: variant.model_name.unwrap_or_default(),
            instance_type: variant.instance_type.map(|it| it.as_str().to_owned()),
            instance_count: variant.initial_instance_count,
            // SageMaker's own default.
            weight: variant.initial_variant_weight.unwrap_or(1.0),
            serverless: variant.serverless_config.map(|serverless| Serverless {
                memory_mb: serverless.memory_size_in_mb,
                max_concurrency: serverless.max_concurrency,
                provisioned_concurrency: serverless.provisioned_concurrency,
            }),
        });
        Ok(EndpointConfig {
            variants: variants.collect(),
            volume_key: answer.kms_key_id,
            capture_percentage: answer
                .data_capture_config
                .filter(|capture| capture.enable_capture.unwrap_or_default())
                .and_then(|capture| capture.initial_sampling_percentage),
            async_output_path: answer
                .async_inference_config
                .and_then(|config| config.output_config)
                .and_then(|output| output.s3_output_path),
        })
    }

    async fn model_packages(
        &self,
        session: &Credentials,
        region: &Region,
        name: &str,
    ) -> Result<Vec<String>, AwsError> {
        let call = self.sagemaker().await.describe_model().model_name(name).customize();
        let answer = call.config_override(seen_from!(aws_sdk_sagemaker, session, region)).send().await;
        let model = answer.operation("sagemaker:DescribeModel")?;
        let containers = model.primary_container.into_iter().chain(model.containers.unwrap_or_default());
        Ok(containers.filter_map(|container: ContainerDefinition| container.model_package_name).collect())
    }

    async fn invoke(
        &self,
        session: &Credentials,
        region: &Region,
        request: Request<'_>,
        payload: &[u8],
    ) -> Result<Reply, InvocationError> {
        let call = self.runtime().await.invoke_endpoint().endpoint_name(request.endpoint);
        let call = call.content_type(request.content_type).set_accept(request.accept.map(str::to_owned));
        let call = call.inference_id(request.inference_id).body(Blob::new(payload));
        let timeout = TimeoutConfig::builder().operation_attempt_timeout(INVOCATION_TIMEOUT).build();
        let over = seen_from!(aws_sdk_sagemakerruntime, session, region).timeout_config(timeout);
        let answer = call.customize().config_override(over).send().await;
        let model = answer.as_ref().err().and_then(|error| error.as_service_error()).and_then(|error| match error {
            InvokeEndpointError::ModelError(error) => Some((error.original_status_code, error.log_stream_arn.clone())),
            _ => None,
        });
        let answer = answer.operation("sagemaker:InvokeEndpoint").map_err(|error| match model {
            Some((status, log)) => {
                InvocationError::Model { status, log, request_id: error.request_id().map(str::to_owned) }
            }
            None => InvocationError::Service(error),
        })?;
        let body = answer.body.map(Blob::into_inner).unwrap_or_default();
        Ok(Reply { content_type: answer.content_type, body })
    }

    async fn invoke_async(
        &self,
        session: &Credentials,
        region: &Region,
        request: Request<'_>,
        payload: &S3Uri,
    ) -> Result<Locations, AwsError> {
        let call = self.runtime().await.invoke_endpoint_async().endpoint_name(request.endpoint);
        let call = call.content_type(request.content_type).set_accept(request.accept.map(str::to_owned));
        let call = call.inference_id(request.inference_id).input_location(payload.to_string());
        let call = call.request_ttl_seconds(ASYNC_SECONDS).customize();
        let answer = call.config_override(seen_from!(aws_sdk_sagemakerruntime, session, region)).send().await;
        let answer = answer.operation("sagemaker:InvokeEndpointAsync")?;
        Ok(Locations { output: answer.output_location, failure: answer.failure_location })
    }

    async fn answer(
        &self,
        session: &Credentials,
        region: &Region,
        uri: &S3Uri,
        limit: u64,
    ) -> Result<Object, AwsError> {
        let client = s3(self.aws, &self.s3).await;
        let over = seen_from!(aws_sdk_s3, session, region);
        read_object(client.get_object(), Some(over), uri, limit).await
    }

    async fn alarms(&self, session: &Credentials, region: &Region, prefix: &str) -> Result<Vec<String>, AwsError> {
        // A paginator takes no configuration of its own; a client over the same connections does.
        let client = aws_sdk_cloudwatch::Client::from_conf(
            self.cloudwatch()
                .await
                .config()
                .to_builder()
                .credentials_provider(session.clone())
                .region(aws_sdk_cloudwatch::config::Region::new(region.as_str().to_owned()))
                .build(),
        );
        let call = client.describe_alarms().alarm_name_prefix(prefix).state_value(StateValue::Alarm);
        let call = call.alarm_types(AlarmType::MetricAlarm).alarm_types(AlarmType::CompositeAlarm);
        let mut pages = call.into_paginator().send();
        let mut names = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.operation("cloudwatch:DescribeAlarms")?;
            let metric = page.metric_alarms.unwrap_or_default().into_iter().filter_map(|alarm| alarm.alarm_name);
            let composite = page.composite_alarms.unwrap_or_default().into_iter().filter_map(|alarm| alarm.alarm_name);
            names.extend(metric.chain(composite));
        }
        names.sort();
        Ok(names)
    }
}
