use std::io::Cursor;
use std::sync::OnceLock;
use std::time::Duration;

use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, Request, StatusCode};
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::time::{Instant, sleep, timeout};

use crate::failure::chain;
use crate::response_url::ResponseUrl;

/// S3 in the same region answers a connection in milliseconds.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// One attempt, from the name look-up to the status. Half of what is left when that is less, so that there is another.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);
/// The longest pause after the first attempt; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

type Body = Full<Cursor<Vec<u8>>>;

/// Puts answers where CloudFormation waits for them.
pub(crate) struct Delivery {
    http: HttpConnector,
    /// Made when first needed: reading the trust roots takes longer than everything else in a function's start.
    https: OnceLock<HttpsConnector<HttpConnector>>,
}

/// No answer was delivered, and none will be by this invocation.
#[derive(Debug, thiserror::Error)]
#[error("the answer could not be delivered in {attempts} attempts: {problem}")]
pub(crate) struct Undelivered {
    pub(crate) attempts: u32,
    pub(crate) problem: Problem,
}

/// Why an attempt failed. None of the sources prints the address.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    #[error("the response URL answered {0}")]
    Status(StatusCode),
    #[error("the response URL did not answer within {0:?}")]
    Silence(Duration),
    #[error("the response URL could not be reached: {0}")]
    Network(String),
    #[error("no trust roots for TLS: {0}")]
    TrustRoots(std::io::Error),
}

impl Problem {
    /// Another attempt may fare better. What S3 refuses, as it does an expired signature, it will refuse again (R13).
    fn is_transient(&self) -> bool {
        match self {
            Self::Status(status) => {
                status.is_server_error()
                    || matches!(*status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS)
            }
            Self::Silence(_) | Self::Network(_) => true,
            Self::TrustRoots(_) => false,
        }
    }
}

impl Delivery {
    /// Connects to nothing yet.
    pub(crate) fn new() -> Self {
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_nodelay(true);
        http.set_connect_timeout(Some(CONNECT_TIMEOUT));
        Self { http, https: OnceLock::new() }
    }

    /// Puts `body` until it is taken, refused for good or `until` has come. The same bytes each time, so that an attempt
    /// whose outcome is unknown can be repeated (R14). Answers how many attempts it took.
    pub(crate) async fn deliver(&self, url: &ResponseUrl, body: &[u8], until: Instant) -> Result<u32, Undelivered> {
        let mut attempts = 0;
        let mut longest_pause = FIRST_PAUSE;
        loop {
            attempts += 1;
            let limit = ATTEMPT_TIMEOUT.min(until.saturating_duration_since(Instant::now()) / 2);
            let problem = match timeout(limit, self.put(url, body)).await {
                Ok(Ok(())) => return Ok(attempts),
                Ok(Err(problem)) => problem,
                Err(_) => Problem::Silence(limit),
            };
            // Full jitter: functions that failed together must not come back together.
            let pause = longest_pause.mul_f64(fastrand::f64());
            longest_pause = LONGEST_PAUSE.min(longest_pause * 2);
            if !problem.is_transient() || Instant::now() + pause >= until {
                return Err(Undelivered { attempts, problem });
            }
            tracing::warn!(attempts, %problem, "answer not delivered, trying again");
            sleep(pause).await;
        }
    }

    async fn put(&self, url: &ResponseUrl, body: &[u8]) -> Result<(), Problem> {
        let request = Request::put(url.uri())
            // A signature of the old kind covers the content type, and CloudFormation signs an empty one (R11).
            .header(CONTENT_TYPE, HeaderValue::from_static(""))
            .header(CONTENT_LENGTH, body.len())
            .body(Full::new(Cursor::new(body.to_vec())))
            .map_err(|error| Problem::Network(error.to_string()))?;
        let response = if url.is_https() {
            client(self.https()?).request(request).await
        } else {
            client(self.http.clone()).request(request).await
        };
        let status = response.map_err(|error| Problem::Network(chain(&error)))?.status();
        if status.is_success() { Ok(()) } else { Err(Problem::Status(status)) }
    }

    fn https(&self) -> Result<HttpsConnector<HttpConnector>, Problem> {
        if let Some(https) = self.https.get() {
            return Ok(https.clone());
        }
        let builder = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(rustls::crypto::aws_lc_rs::default_provider())
            .map_err(Problem::TrustRoots)?;
        let https = builder.https_only().enable_http1().wrap_connector(self.http.clone());
        Ok(self.https.get_or_init(|| https).clone())
    }
}

/// A client without a pool: a connection kept from an earlier invocation is dead, and each attempt had better take a new
/// route.
fn client<C>(connector: C) -> Client<C, Body>
where
    C: hyper_util::client::legacy::connect::Connect + Clone,
{
    Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).retry_canceled_requests(false).build(connector)
}
