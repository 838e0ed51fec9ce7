use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use http::Uri;
use http::uri::{Authority, PathAndQuery, Scheme};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::time::{sleep, timeout};

use crate::loopback::{Reply, Request, Server};
use crate::process::KillSwitch;

const UPSTREAM: Duration = Duration::from_secs(60);

/// What happens to one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing: it is forwarded.
    None,
    /// The process is killed and the call never reaches the service.
    KillBefore,
    /// The service does what it was asked, and the process is killed before it can know.
    KillAfter,
    /// The call never reaches the service; this is answered.
    Answer {
        /// HTTP status.
        status: u16,
        /// Document, in the service's own protocol.
        body: String,
    },
    /// The service does what it was asked, and the connection is reset instead of an answer.
    ResetAfter,
    /// The call never reaches the service and is never answered.
    Silence,
}

/// One call that passed.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Call {
    /// Which call of the process it is, from 1.
    pub number: usize,
    /// The service it was signed for, such as `sagemaker`.
    pub service: String,
    /// The operation: the target of a JSON protocol, the action of a query, else method and path.
    pub operation: String,
    /// The status the process got, if any.
    pub status: Option<u16>,
}

/// The services behind a proxy: loopback addresses, `http://127.0.0.1:port`.
#[derive(Clone, Debug)]
pub struct Upstreams {
    default: Authority,
    by_service: BTreeMap<String, Authority>,
}

impl Upstreams {
    /// One address for every service.
    ///
    /// # Errors
    /// When it is not an `http` address on loopback.
    pub fn new(url: &str) -> Result<Self> {
        Ok(Self { default: loopback(url)?, by_service: BTreeMap::new() })
    }

    /// Another address for the calls that are signed for this service.
    ///
    /// # Errors
    /// When it is not an `http` address on loopback.
    pub fn with(mut self, service: impl Into<String>, url: &str) -> Result<Self> {
        self.by_service.insert(service.into(), loopback(url)?);
        Ok(self)
    }
}

fn loopback(url: &str) -> Result<Authority> {
    let uri: Uri = url.parse().with_context(|| format!("cannot read the address {url}"))?;
    let authority = uri.authority().with_context(|| format!("the address {url} has no host"))?;
    ensure!(
        uri.scheme() == Some(&Scheme::HTTP) && matches!(authority.host(), "127.0.0.1" | "localhost"),
        "the address {url} is not http on loopback"
    );
    Ok(authority.clone())
}

/// A forwarding proxy on loopback, to be the function's `AWS_ENDPOINT_URL`.
#[derive(Debug)]
pub struct Proxy {
    server: Server,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl Proxy {
    /// Forwards every call after `delay`, except where `fault` says otherwise for it. The call that `fault` sees has
    /// no status yet.
    ///
    /// # Errors
    /// When the port cannot be bound.
    pub async fn start<F>(upstreams: Upstreams, delay: Duration, switch: KillSwitch, fault: F) -> io::Result<Self>
    where
        F: Fn(&Call) -> Fault + Send + Sync + 'static,
    {
        let calls = Arc::<Mutex<Vec<Call>>>::default();
        let forwarder = Arc::new(Forwarder {
            upstreams,
            delay,
            switch,
            client: Client::builder(TokioExecutor::new()).build_http(),
            calls: Arc::clone(&calls),
        });
        let fault = Arc::new(fault);
        let server = Server::start(move |request| {
            let (forwarder, fault) = (Arc::clone(&forwarder), Arc::clone(&fault));
            async move {
                let call = forwarder.count(&request);
                let fault = fault(&call);
                let reply = forwarder.apply(fault, call.service, request).await;
                forwarder.finish(call.number, &reply);
                reply
            }
        })
        .await?;
        Ok(Self { server, calls })
    }

    /// Where it listens, as `http://127.0.0.1:port`.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// The calls so far, in the order they arrived.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

struct Forwarder {
    upstreams: Upstreams,
    delay: Duration,
    switch: KillSwitch,
    client: Client<HttpConnector, Full<Bytes>>,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl Forwarder {
    fn count(&self, request: &Request) -> Call {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let call = Call {
            number: calls.len() + 1,
            service: request.service().to_owned(),
            operation: request.operation(),
            status: None,
        };
        calls.push(call.clone());
        call
    }

    fn finish(&self, number: usize, reply: &Reply) {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        if let (Some(call), Reply::Answer(answer)) = (calls.get_mut(number - 1), reply) {
            call.status = Some(answer.status().as_u16());
        }
    }

    async fn apply(&self, fault: Fault, service: String, request: Request) -> Reply {
        sleep(self.delay).await;
        match fault {
            Fault::None => self.forward(&service, request).await,
            Fault::Answer { status, body } => Reply::status(status, body),
            Fault::Silence => Reply::Silence,
            Fault::KillBefore => {
                let _ = self.switch.pull().await;
                Reply::Reset
            }
            Fault::KillAfter => {
                let _ = self.forward(&service, request).await;
                let _ = self.switch.pull().await;
                Reply::Reset
            }
            Fault::ResetAfter => {
                let _ = self.forward(&service, request).await;
                Reply::Reset
            }
        }
    }

    async fn forward(&self, service: &str, request: Request) -> Reply {
        match self.send(service, request).await {
            Ok(reply) => reply,
            Err(error) => Reply::status(502, format!("{error:#}")),
        }
    }

    async fn send(&self, service: &str, request: Request) -> Result<Reply> {
        let authority = self.upstreams.by_service.get(service).unwrap_or(&self.upstreams.default).clone();
        let mut uri = Uri::builder().scheme(Scheme::HTTP).authority(authority);
        uri = uri.path_and_query(PathAndQuery::try_from(request.target)?);
        let mut forwarded = http::Request::new(Full::new(request.body));
        *forwarded.method_mut() = request.method;
        *forwarded.uri_mut() = uri.build()?;
        // The host stays what was signed; lengths and connections are each side's own.
        *forwarded.headers_mut() = request.headers;
        for hop in ["connection", "content-length", "transfer-encoding", "expect"] {
            forwarded.headers_mut().remove(hop);
        }
        let answer = timeout(UPSTREAM, self.client.request(forwarded)).await??;
        let (mut head, body) = answer.into_parts();
        let body = timeout(UPSTREAM, body.collect()).await??.to_bytes();
        for hop in ["connection", "content-length", "transfer-encoding"] {
            head.headers.remove(hop);
        }
        Ok(Reply::Answer(http::Response::from_parts(head, body)))
    }
}
