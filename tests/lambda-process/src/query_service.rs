use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use http::HeaderValue;

use crate::loopback::{Reply, Server};

/// A service of the AWS query protocol, as EC2 and IAM have it, on loopback: gives canned replies in turn and keeps what
/// it was asked.
#[derive(Debug)]
pub struct QueryService {
    server: Server,
    asked: Arc<Mutex<Vec<String>>>,
}

impl QueryService {
    /// The request id in the header of each answer.
    pub const REQUEST_ID: &str = "59dbff89-35bd-4eac-99ed-be587ab1c2d3";

    /// Answers each request with the next status and XML. A request too many is answered 501, and is among
    /// [`Self::asked`] like the others.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn answering(replies: Vec<(u16, String)>) -> Result<Self> {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let replies = Mutex::new(replies.into_iter());
        let log = Arc::clone(&asked);
        let server = Server::start(move |request| {
            let form = String::from_utf8_lossy(&request.body).into_owned();
            log.lock().unwrap_or_else(PoisonError::into_inner).push(form);
            let reply = replies.lock().unwrap_or_else(PoisonError::into_inner).next();
            let (status, body) = reply.unwrap_or((501, String::new()));
            let mut reply = Reply::status(status, body);
            if let Reply::Answer(response) = &mut reply {
                response.headers_mut().insert("x-amzn-requestid", HeaderValue::from_static(Self::REQUEST_ID));
            }
            std::future::ready(reply)
        })
        .await?;
        Ok(Self { server, asked })
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// What it was asked so far: each request's form, encoded, such as `Action=GetRole&Version=2010-05-08&RoleName=x`.
    #[must_use]
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
