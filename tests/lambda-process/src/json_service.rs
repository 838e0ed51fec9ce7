use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use serde_json::Value;

use crate::loopback::{Reply, Server};

/// A service of the AWS JSON protocol on loopback: gives canned replies in turn and keeps what it was asked.
#[derive(Debug)]
pub struct JsonService {
    server: Server,
    asked: Arc<Mutex<Vec<(String, Value)>>>,
}

impl JsonService {
    /// Answers each request with the next status and body. A request too many is answered 501, and is among
    /// [`Self::asked`] like the others.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn answering(replies: Vec<(u16, Value)>) -> Result<Self> {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let replies = Mutex::new(replies.into_iter());
        let log = Arc::clone(&asked);
        let server = Server::start(move |request| {
            let target = request.headers.get("x-amz-target").and_then(|target| target.to_str().ok());
            // What is not JSON shows as null, which no service is sent.
            let body = serde_json::from_slice(&request.body).unwrap_or_default();
            let asked = (target.unwrap_or_default().to_owned(), body);
            log.lock().unwrap_or_else(PoisonError::into_inner).push(asked);
            let reply = replies.lock().unwrap_or_else(PoisonError::into_inner).next();
            let (status, body) = reply.unwrap_or((501, Value::Null));
            std::future::ready(Reply::status(status, body.to_string()))
        })
        .await?;
        Ok(Self { server, asked })
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// What it was asked so far: the operation as in `x-amz-target`, and the body.
    #[must_use]
    pub fn asked(&self) -> Vec<(String, Value)> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
