use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::body::Bytes;
use serde_json::Value;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};

use crate::loopback::{Reply, Request, Server};

/// The signature of every response URL of a sink: what a log must never hold.
const SIGNATURE: &str = "fe5f80f77d5fa3beca038a248ff027d0445342fe2855ddc963176630326f1024";

/// What the sink does with one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// Answers with this status at once.
    Status(u16),
    /// Answers 200 after this long.
    Slow(Duration),
    /// Reads the request and never answers.
    Silence,
    /// Reads the request and resets the connection.
    Reset,
}

/// One request that reached the sink.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// When it had arrived completely.
    pub at: Instant,
    /// The request, its target untouched.
    pub request: Request,
    /// What was done with it.
    pub behaviour: Behaviour,
}

impl Delivery {
    /// Whether CloudFormation has the answer: the bucket took the object.
    #[must_use]
    pub fn accepted(&self) -> bool {
        matches!(self.behaviour, Behaviour::Status(200) | Behaviour::Slow(_))
    }

    /// The answer, if the body is JSON.
    #[must_use]
    pub fn answer(&self) -> Option<Value> {
        serde_json::from_slice(&self.request.body).ok()
    }
}

/// Stands in for the bucket that CloudFormation reads a custom resource's answers from.
#[derive(Debug)]
pub struct ResponseSink {
    server: Server,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    script: Mutex<VecDeque<Behaviour>>,
    deliveries: Mutex<Vec<Delivery>>,
    arrived: Notify,
}

impl ResponseSink {
    /// A sink that accepts everything.
    ///
    /// # Errors
    /// When the port cannot be bound.
    pub async fn start() -> io::Result<Self> {
        Self::scripted([Behaviour::Status(200)]).await
    }

    /// A sink that treats the first request as the first behaviour says, and so on; the last one is repeated for ever.
    ///
    /// # Errors
    /// When the port cannot be bound.
    pub async fn scripted(script: impl IntoIterator<Item = Behaviour>) -> io::Result<Self> {
        let state = Arc::new(State {
            script: Mutex::new(script.into_iter().collect()),
            deliveries: Mutex::default(),
            arrived: Notify::new(),
        });
        let serving = Arc::clone(&state);
        let server = Server::start(move |request| {
            let state = Arc::clone(&serving);
            async move { state.take(request).await }
        })
        .await?;
        Ok(Self { server, state })
    }

    /// A response URL as CloudFormation signs it: percent-encoded key, and a query that holds [`signature`](Self::signature).
    #[must_use]
    pub fn url(&self, stack_id: &str, logical_id: &str, request_id: &str) -> String {
        let key = format!("{stack_id}|{logical_id}|{request_id}");
        let key = key.replace(':', "%3A").replace('/', "%2F").replace('|', "%7C");
        format!(
            "{}/{key}?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20260101T000000Z&X-Amz-SignedHeaders=host\
             &X-Amz-Expires=7200&X-Amz-Credential=AKIAEXAMPLE%2F20260101%2Feu-central-1%2Fs3%2Faws4_request\
             &X-Amz-Signature={SIGNATURE}",
            self.server.url()
        )
    }

    /// The secret part of every URL of this sink.
    #[must_use]
    pub fn signature(&self) -> &'static str {
        SIGNATURE
    }

    /// All that has arrived, in order.
    #[must_use]
    pub fn deliveries(&self) -> Vec<Delivery> {
        lock(&self.state.deliveries).clone()
    }

    /// Waits until `count` requests have arrived or `limit` has passed, and returns all that have.
    pub async fn wait_for(&self, count: usize, limit: Duration) -> Vec<Delivery> {
        let _ = timeout(limit, async {
            loop {
                let arrived = self.state.arrived.notified();
                if lock(&self.state.deliveries).len() >= count {
                    return;
                }
                arrived.await;
            }
        })
        .await;
        self.deliveries()
    }
}

impl State {
    async fn take(&self, request: Request) -> Reply {
        let behaviour = {
            let mut script = lock(&self.script);
            let next = if script.len() > 1 { script.pop_front() } else { script.front().copied() };
            next.unwrap_or(Behaviour::Status(200))
        };
        lock(&self.deliveries).push(Delivery { at: Instant::now(), request, behaviour });
        self.arrived.notify_waiters();
        match behaviour {
            Behaviour::Status(status) => Reply::status(status, Bytes::new()),
            Behaviour::Slow(time) => {
                sleep(time).await;
                Reply::status(200, Bytes::new())
            }
            Behaviour::Silence => Reply::Silence,
            Behaviour::Reset => Reply::Reset,
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
