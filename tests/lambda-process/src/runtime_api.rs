use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::{Method, Response};
use hyper::body::Bytes;
use tokio::sync::{Mutex, mpsc};
use tokio::time::Instant;

use crate::loopback::{Reply, Request, Server};

const VERSION: &str = "/2018-06-01/runtime/";

/// An event that waits for the function to ask for it.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) request_id: String,
    pub(crate) event: Bytes,
    pub(crate) timeout: Duration,
}

/// What a function said to the runtime API, and when.
#[derive(Debug)]
pub(crate) struct Post {
    pub(crate) at: Instant,
    pub(crate) said: Said,
}

#[derive(Debug)]
pub(crate) enum Said {
    /// It asks for the next event.
    Poll,
    /// It was handed this event.
    Taken {
        request_id: String,
    },
    Response {
        request_id: String,
        body: Bytes,
    },
    Error {
        request_id: String,
        error_type: String,
        body: Bytes,
    },
    InitError {
        error_type: String,
        body: Bytes,
    },
}

/// The Lambda Runtime API (version 2018-06-01) for one process.
#[derive(Debug)]
pub(crate) struct RuntimeApi {
    server: Server,
    pending: mpsc::UnboundedSender<Pending>,
    posts: mpsc::UnboundedReceiver<Post>,
}

impl RuntimeApi {
    pub(crate) async fn start(function_arn: String) -> io::Result<Self> {
        let (pending, waiting) = mpsc::unbounded_channel();
        let (said, posts) = mpsc::unbounded_channel();
        let state = Arc::new(State { function_arn, waiting: Mutex::new(waiting), said });
        let server = Server::start(move |request| {
            let state = Arc::clone(&state);
            async move { state.answer(request).await }
        })
        .await?;
        Ok(Self { server, pending, posts })
    }

    /// The value of `AWS_LAMBDA_RUNTIME_API`: host and port.
    pub(crate) fn host(&self) -> String {
        self.server.address().to_string()
    }

    pub(crate) fn queue(&self, pending: Pending) {
        // The receiver lives as long as the server, and the server as long as `self`.
        let _ = self.pending.send(pending);
    }

    pub(crate) async fn next_post(&mut self) -> Option<Post> {
        self.posts.recv().await
    }
}

struct State {
    function_arn: String,
    waiting: Mutex<mpsc::UnboundedReceiver<Pending>>,
    said: mpsc::UnboundedSender<Post>,
}

impl State {
    fn record(&self, said: Said) {
        let _ = self.said.send(Post { at: Instant::now(), said });
    }

    async fn answer(&self, request: Request) -> Reply {
        let Some(path) = request.target.strip_prefix(VERSION) else { return Reply::status(404, Bytes::new()) };
        let error_type = request
            .headers
            .get("lambda-runtime-function-error-type")
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned();
        let segments: Vec<&str> = path.split('/').collect();
        match (&request.method, segments.as_slice()) {
            (&Method::GET, ["invocation", "next"]) => return self.next().await,
            (&Method::POST, ["invocation", id, "response"]) => {
                self.record(Said::Response { request_id: (*id).to_owned(), body: request.body });
            }
            (&Method::POST, ["invocation", id, "error"]) => {
                self.record(Said::Error { request_id: (*id).to_owned(), error_type, body: request.body });
            }
            (&Method::POST, ["init", "error"]) => self.record(Said::InitError { error_type, body: request.body }),
            _ => return Reply::status(404, Bytes::new()),
        }
        Reply::status(202, r#"{"status":"OK"}"#)
    }

    async fn next(&self) -> Reply {
        self.record(Said::Poll);
        let Some(Pending { request_id, event, timeout }) = self.waiting.lock().await.recv().await else {
            return Reply::Silence;
        };
        let deadline = SystemTime::now() + timeout;
        let deadline = deadline.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let answer = Response::builder()
            .header("content-type", "application/json")
            .header("lambda-runtime-aws-request-id", &request_id)
            .header("lambda-runtime-deadline-ms", deadline.to_string())
            .header("lambda-runtime-invoked-function-arn", &self.function_arn)
            .header(
                "lambda-runtime-trace-id",
                "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0",
            )
            .body(event);
        self.record(Said::Taken { request_id });
        answer.map_or_else(|error| Reply::status(500, error.to_string()), Reply::Answer)
    }
}
