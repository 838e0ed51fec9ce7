//! How a function reaches AWS: one lazily loaded configuration, and errors that keep what the service said.
//!
//! A function declares a narrow trait with the operations it needs, in its own `aws.rs`, and implements it over SDK
//! clients that it makes from [`Aws::config`]. Here is only what all of them share.
//!
//! Invariants:
//! - Nothing is loaded before the first event: trust roots, credentials and clients cost more than the rest of a
//!   function's start together.
//! - An error never loses the service's code, its message and the request id.

mod error;

use std::time::Duration;

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use tokio::sync::OnceCell;

pub use error::{AwsError, Operation};

/// Tries of one call, the first included. Standard mode backs off with jitter and obeys the service's own hints.
const ATTEMPTS: u32 = 5;
/// A service in the same region answers a connection in milliseconds; one that does not is better asked again.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// The slowest calls made here (a stack set's creation, a portfolio's) answer within a few seconds.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(20);

/// The SDK configuration of this execution environment, loaded when first asked for.
#[derive(Debug, Default)]
pub struct Aws {
    config: OnceCell<SdkConfig>,
}

impl Aws {
    /// Loads nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self { config: OnceCell::const_new() }
    }

    /// The shared configuration: Lambda's credentials and region from the environment, five attempts a call.
    ///
    /// Region and credentials are named here because the SDK's default chains would look for profile files and instance
    /// metadata that an execution environment does not have. Endpoint variables (`AWS_ENDPOINT_URL*`) are honoured.
    pub async fn config(&self) -> &SdkConfig {
        self.config
            .get_or_init(|| async {
                let loader = aws_config::defaults(BehaviorVersion::latest())
                    .credentials_provider(EnvironmentVariableCredentialsProvider::new())
                    .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
                    .timeout_config(
                        TimeoutConfig::builder()
                            .connect_timeout(CONNECT_TIMEOUT)
                            .operation_attempt_timeout(ATTEMPT_TIMEOUT)
                            .build(),
                    );
                let loader = match AppName::new("secure-mlops") {
                    Ok(name) => loader.app_name(name),
                    Err(_) => loader,
                };
                // Lambda always sets it. Without it the SDK reports a missing region on the first call, by name.
                match std::env::var("AWS_REGION") {
                    Ok(region) => loader.region(Region::new(region)).load().await,
                    Err(_) => loader.load().await,
                }
            })
            .await
    }
}
