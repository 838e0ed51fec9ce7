use std::env;

use aws_config::SdkConfig;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_ports::{AwsError, Operation as _};
use aws_runtime::auth::SigV4OperationSigningConfig;
use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4AuthScheme};
use aws_runtime::request_info::RequestInfoInterceptor;
use aws_runtime::retries::classifiers::AwsErrorCodeClassifier;
use aws_runtime::user_agent::{ApiMetadata, UserAgentInterceptor};
use aws_smithy_runtime::client::identity::IdentityCache;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime::client::retries::classifiers::{HttpStatusCodeClassifier, TransientErrorClassifier};
use aws_smithy_runtime::client::retries::{ClientRateLimiter, RetryPartition};
use aws_smithy_runtime_api::client::auth::static_resolver::StaticAuthSchemeOptionResolver;
use aws_smithy_runtime_api::client::auth::{
    AuthSchemeOptionResolverParams, SharedAuthScheme, SharedAuthSchemeOptionResolver,
};
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::client::runtime_plugin::StaticRuntimePlugin;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::Layer;
use aws_smithy_types::error::ErrorMetadata;
use aws_smithy_types::retry::{RetryConfig, RetryMode};
use aws_types::SigningName;
use aws_types::region::{Region, SigningRegion};
use serde_json::Value;

use crate::answer::{self, Answer};
use crate::service::{Call, Protocol, Service};

/// A service in one region, called by one principal. Cloning it shares its connections.
#[derive(Debug, Clone)]
pub struct Client {
    post: Operation<Post, Answer, ErrorMetadata>,
}

#[derive(Debug)]
struct Post {
    call: Call,
    body: String,
}

impl Client {
    /// Calls as the function itself, in its own region, with the configured number of attempts.
    ///
    /// `partition` is that of the function's own ARN, e.g. `aws-cn`: a host's name depends on it.
    #[must_use]
    pub fn new(config: &SdkConfig, service: &'static Service, partition: &str) -> Self {
        let region = config.region().cloned().unwrap_or_else(|| Region::from_static("us-east-1"));
        let retry = config.retry_config().cloned().unwrap_or_else(RetryConfig::standard);
        let shared = RetryPartition::new(service.signing_name);
        Self::of(config, service, partition, region, config.credentials_provider(), &retry, shared)
    }

    /// Calls as somebody else, in any region, at the pace that the service allows: where it throttles, calls slow down
    /// before they are sent. Each client has a pace of its own, because an account and region have limits of their own.
    #[must_use]
    pub fn assumed(
        config: &SdkConfig,
        service: &'static Service,
        partition: &str,
        region: &str,
        credentials: SharedCredentialsProvider,
    ) -> Self {
        let retry = config.retry_config().cloned().unwrap_or_else(RetryConfig::standard);
        let retry = retry.with_retry_mode(RetryMode::Adaptive);
        let own = RetryPartition::custom(service.signing_name).client_rate_limiter(rate_limiter()).build();
        Self::of(config, service, partition, Region::new(region.to_owned()), Some(credentials), &retry, own)
    }

    fn of(
        config: &SdkConfig,
        service: &'static Service,
        partition: &str,
        region: Region,
        credentials: Option<SharedCredentialsProvider>,
        retry: &RetryConfig,
        retry_partition: RetryPartition,
    ) -> Self {
        let mut layer = Layer::new("aws-json");
        layer.store_put(retry_partition);
        layer.store_put(ApiMetadata::new(service.signing_name, env!("CARGO_PKG_VERSION")));
        layer.store_put(SigningName::from_static(service.signing_name));
        layer.store_put(SigningRegion::from(region.clone()));
        layer.store_put(SigV4OperationSigningConfig::default());
        layer.store_put(AuthSchemeOptionResolverParams::new(()));
        if let Some(name) = config.app_name() {
            layer.store_put(name.clone());
        }
        let mut components = RuntimeComponentsBuilder::new("aws-json")
            .with_auth_scheme(SharedAuthScheme::new(SigV4AuthScheme::new()))
            .with_auth_scheme_option_resolver(Some(SharedAuthSchemeOptionResolver::new(
                StaticAuthSchemeOptionResolver::new(vec![SCHEME_ID]),
            )))
            .with_identity_cache(Some(IdentityCache::lazy().build()))
            .with_retry_classifier(AwsErrorCodeClassifier::<ErrorMetadata>::new())
            .with_retry_classifier(TransientErrorClassifier::<ErrorMetadata>::new())
            .with_retry_classifier(HttpStatusCodeClassifier::default())
            .with_interceptor(RequestInfoInterceptor::new())
            .with_interceptor(UserAgentInterceptor::new());
        if let Some(credentials) = credentials {
            components.set_identity_resolver(SCHEME_ID, credentials);
        }
        let mut operation = Operation::builder()
            .service_name(service.signing_name)
            .operation_name("Call")
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(&endpoint(
                |name| env::var(name).ok(),
                config.endpoint_url(),
                service,
                partition,
                region.as_ref(),
            ))
            .standard_retry(retry)
            .with_connection_poisoning()
            .runtime_plugin(StaticRuntimePlugin::new().with_config(layer.freeze()).with_runtime_components(components));
        if let Some(timeouts) = config.timeout_config() {
            operation = operation.timeout_config(timeouts.clone());
        }
        if let Some(http_client) = config.http_client() {
            operation = operation.http_client(http_client);
        }
        let post = operation.serializer(move |post: Post| request(service, post)).deserializer(answer::read).build();
        Self { post }
    }

    /// Sends `input` and gives the answer as the service sent it; an empty one is an object without members.
    ///
    /// # Errors
    /// The service's own error, or none of its answers could be read.
    pub async fn call(&self, call: Call, input: &Value) -> Result<Value, AwsError> {
        Ok(self.answer(call, input).await?.body)
    }

    /// Sends `input` and gives the answer together with the request's id, for what has to be proven later.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub async fn answer(&self, call: Call, input: &Value) -> Result<Answer, AwsError> {
        self.post.invoke(Post { call, body: input.to_string() }).await.operation(call.name)
    }
}

/// One that takes the client's pace to be a usual one until it has measured it. From none at all, which the SDK begins with, a
/// call that is throttled in the first second would bring all others to a stop for half a minute.
fn rate_limiter() -> ClientRateLimiter {
    const CALLS_PER_SECOND: f64 = 20.0;
    // Four fifths of it are lost with the first call, before which the SDK counts none since 1970.
    ClientRateLimiter::builder().tokens_retrieved_per_second(5.0 * CALLS_PER_SECOND).build()
}

/// As the SDKs: the service's own variable, the general address, the public host.
fn endpoint(
    variable: impl Fn(&str) -> Option<String>,
    general: Option<&str>,
    service: &Service,
    partition: &str,
    region: &str,
) -> String {
    let own = variable(&format!("AWS_ENDPOINT_URL_{}", service.id)).filter(|url| !url.is_empty());
    own.or_else(|| general.map(str::to_owned))
        .unwrap_or_else(|| format!("https://{}.{region}.{}", service.host, identifiers::dns_suffix(partition)))
}

fn request(service: &Service, post: Post) -> Result<HttpRequest, aws_smithy_runtime_api::box_error::BoxError> {
    let mut request = http::Request::builder().method("POST").uri(post.call.path);
    request = match service.protocol {
        Protocol::AwsJson { target, version } => request
            .header("x-amz-target", format!("{target}.{}", post.call.operation()))
            .header("content-type", format!("application/x-amz-json-{version}")),
        Protocol::RestJson => request.header("content-type", "application/json"),
    };
    let request = request.header("content-length", post.body.len()).body(SdkBody::from(post.body))?;
    Ok(request.try_into()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DYNAMODB, EVENT_BRIDGE, KMS, SAGEMAKER, SECURITY_HUB};

    #[test]
    fn a_host_is_that_of_the_service_in_its_region_and_partition() {
        for (service, partition, region, expected) in [
            (&SAGEMAKER, "aws", "eu-central-1", "https://api.sagemaker.eu-central-1.amazonaws.com"),
            (&SAGEMAKER, "aws-cn", "cn-north-1", "https://api.sagemaker.cn-north-1.amazonaws.com.cn"),
            (&SECURITY_HUB, "aws-us-gov", "us-gov-west-1", "https://securityhub.us-gov-west-1.amazonaws.com"),
            (&DYNAMODB, "aws-eusc", "eusc-de-east-1", "https://dynamodb.eusc-de-east-1.amazonaws.eu"),
            (&EVENT_BRIDGE, "aws-iso", "us-iso-east-1", "https://events.us-iso-east-1.c2s.ic.gov"),
            (&KMS, "aws-iso-b", "us-isob-east-1", "https://kms.us-isob-east-1.sc2s.sgov.gov"),
        ] {
            assert_eq!(endpoint(|_| None, None, service, partition, region), expected);
        }
    }

    #[test]
    fn an_address_of_the_service_comes_before_one_of_all_services() {
        let of = |variables: &'static [(&str, &str)], general| {
            let variable = move |name: &str| {
                variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
            };
            endpoint(variable, general, &SECURITY_HUB, "aws", "eu-central-1")
        };
        let own = &[("AWS_ENDPOINT_URL_SECURITYHUB", "http://own")];
        assert_eq!(of(own, Some("http://all")), "http://own");
        assert_eq!(of(&[("AWS_ENDPOINT_URL_SECURITYHUB", "")], Some("http://all")), "http://all");
        assert_eq!(
            of(&[("AWS_ENDPOINT_URL_KMS", "http://kms")], None),
            "https://securityhub.eu-central-1.amazonaws.com"
        );
    }
}
