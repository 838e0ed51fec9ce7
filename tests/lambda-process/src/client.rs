/// A client of one of the caller's SDK crates, for a server on loopback: a region, and so many attempts a call, the first
/// included.
///
/// ```ignore
/// let ssm = lambda_process::client!(aws_sdk_ssm, server.url(), "eu-central-1", 1);
/// ```
#[macro_export]
macro_rules! client {
    ($sdk:ident, $url:expr, $region:expr, $attempts:expr) => {
        $sdk::Client::from_conf(
            $sdk::Config::builder()
                .behavior_version($sdk::config::BehaviorVersion::latest())
                .region($sdk::config::Region::new($region))
                .credentials_provider($sdk::config::Credentials::new("HUBKEY", "secret", None, None, "test"))
                .retry_config($sdk::config::retry::RetryConfig::standard().with_max_attempts($attempts))
                .endpoint_url($url)
                .build(),
        )
    };
}
