use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use serde_json::Value;

use crate::loopback::{Reply, Server};

/// A service of the AWS REST-JSON protocol on loopback: gives canned replies in turn and keeps what it was asked.
#[derive(Debug)]
pub struct RestService {
    server: Server,
    asked: Arc<Mutex<Vec<(String, Value)>>>,
}

impl RestService {
    /// Answers each request with the next reply. A request too many is answered 501, and is among [`Self::asked`] like
    /// the others.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn answering(replies: Vec<Reply>) -> Result<Self> {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let replies = Mutex::new(replies.into_iter());
        let log = Arc::clone(&asked);
        let server = Server::start(move |request| {
            let line = format!("{} {}", request.method, request.target);
            let asked = (line, serde_json::from_slice(&request.body).unwrap_or_default());
            log.lock().unwrap_or_else(PoisonError::into_inner).push(asked);
            let reply = replies.lock().unwrap_or_else(PoisonError::into_inner).next();
            std::future::ready(reply.unwrap_or_else(|| Reply::status(501, "")))
        })
        .await?;
        Ok(Self { server, asked })
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// What it was asked so far: method and target, such as `GET /2015-02-01/file-systems?Marker=x`, and the body; null
    /// where there was none.
    #[must_use]
    pub fn asked(&self) -> Vec<(String, Value)> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
