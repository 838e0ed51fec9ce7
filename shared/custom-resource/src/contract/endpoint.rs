//! A raw TCP server in place of S3: what it sees are the bytes that were sent.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What the server does with one connection.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reply {
    /// Reads a request and answers this status.
    Status(u16),
    /// Reads and says nothing.
    Silence,
    /// Reads a request and closes the connection with a reset.
    Reset,
}

/// Serves connection after connection on loopback; the last reply is repeated. Ends with the test.
pub(super) struct Endpoint {
    pub(super) authority: String,
    requests: Arc<Mutex<Vec<Vec<u8>>>>,
    task: JoinHandle<()>,
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Endpoint {
    pub(super) async fn new(replies: &[Reply]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let authority = listener.local_addr().unwrap().to_string();
        let requests = Arc::<Mutex<Vec<Vec<u8>>>>::default();
        let (seen, replies) = (requests.clone(), replies.to_vec());
        let task = tokio::spawn(async move {
            let mut served = 0;
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let reply = replies[served.min(replies.len() - 1)];
                served += 1;
                tokio::spawn(serve(stream, reply, seen.clone()));
            }
        });
        Self { authority, requests, task }
    }

    /// The bytes of each request, in order.
    pub(super) fn requests(&self) -> Vec<Vec<u8>> {
        self.requests.lock().unwrap().clone()
    }

    /// The bodies alone.
    pub(super) fn bodies(&self) -> Vec<Vec<u8>> {
        self.requests().iter().map(|request| request[body_at(request).unwrap()..].to_vec()).collect()
    }
}

async fn serve(mut stream: TcpStream, reply: Reply, seen: Arc<Mutex<Vec<Vec<u8>>>>) {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return seen.lock().unwrap().push(request),
            Ok(read) => request.extend_from_slice(&buffer[..read]),
        }
        if matches!(reply, Reply::Silence) || !is_whole(&request) {
            continue;
        }
        break;
    }
    seen.lock().unwrap().push(request);
    match reply {
        Reply::Status(status) => {
            let head = format!("HTTP/1.1 {status} Whatever\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            let _ = stream.write_all(head.as_bytes()).await;
        }
        Reply::Reset => stream.set_zero_linger().unwrap(),
        Reply::Silence => {}
    }
}

fn body_at(request: &[u8]) -> Option<usize> {
    request.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4)
}

fn is_whole(request: &[u8]) -> bool {
    let Some(at) = body_at(request) else { return false };
    let head = String::from_utf8_lossy(&request[..at]).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).map(|value| value.parse());
    matches!(length, Some(Ok(length)) if request.len() - at >= length)
}
