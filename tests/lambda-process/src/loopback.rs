use std::future::{Future, pending, poll_fn};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use http::{HeaderMap, HeaderValue, Method, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// A request as it stood on the wire.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Path and query, byte for byte: nothing is decoded.
    pub target: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

/// What a server does with a request.
#[derive(Clone, Debug)]
pub enum Reply {
    /// Answers it.
    Answer(Response<Bytes>),
    /// Ends the connection with a TCP reset, after the request was read.
    Reset,
    /// Reads it and never answers.
    Silence,
}

impl Reply {
    /// An answer with this status and body.
    #[must_use]
    pub fn status(status: u16, body: impl Into<Bytes>) -> Self {
        let mut response = Response::new(body.into());
        *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
        Self::Answer(response)
    }

    /// An error as services of the REST-JSON protocol answer it: the code stands in a header, the message in the body.
    #[must_use]
    pub fn rest_error(status: u16, code: &'static str, message: &str) -> Self {
        let mut reply = Self::status(status, serde_json::json!({ "ErrorCode": code, "Message": message }).to_string());
        if let Self::Answer(response) = &mut reply {
            response.headers_mut().insert("x-amzn-errortype", HeaderValue::from_static(code));
        }
        reply
    }
}

/// An HTTP/1.1 server on 127.0.0.1, at a port the system chose. It ends, with all its connections, when dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl Server {
    /// Listens, and hands every request to `handle`.
    ///
    /// # Errors
    /// When the port cannot be bound.
    pub async fn start<H, F>(handle: H) -> io::Result<Self>
    where
        H: Fn(Request) -> F + Send + Sync + 'static,
        F: Future<Output = Reply> + Send + 'static,
    {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let accepting = tokio::spawn(accept(listener, Arc::new(handle)));
        Ok(Self { address, accepting })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens, as `http://127.0.0.1:port`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept<H, F>(listener: TcpListener, handle: Arc<H>)
where
    H: Fn(Request) -> F + Send + Sync + 'static,
    F: Future<Output = Reply> + Send + 'static,
{
    // Dropped with this task, and every connection with it.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    connections.spawn(serve(stream, Arc::clone(&handle)));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve<H, F>(stream: TcpStream, handle: Arc<H>)
where
    H: Fn(Request) -> F + Send + Sync + 'static,
    F: Future<Output = Reply> + Send + 'static,
{
    // Best effort: without it the latency measured would be that of delayed acknowledgements.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: http::Request<Incoming>| {
        let handle = Arc::clone(&handle);
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
            let target = head.uri.path_and_query().map_or_else(String::new, ToString::to_string);
            match handle(Request { method: head.method, target, headers: head.headers, body }).await {
                Reply::Answer(response) => Ok(response.map(Full::new)),
                Reply::Reset => Err(io::Error::from(io::ErrorKind::ConnectionReset)),
                Reply::Silence => pending().await,
            }
        })
    });
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    if poll_fn(|context| connection.poll_without_shutdown(context)).await.is_err() {
        // Closed now, the peer sees a reset instead of an orderly end.
        let _ = connection.into_parts().io.into_inner().set_zero_linger();
    }
}
