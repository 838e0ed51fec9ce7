use std::error::Error;
use std::io::Cursor;
use std::time::Duration;

use custom_resource::InvokeSelf;
use http::{Method, Request};
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tokio::time::timeout;

/// Lambda's Invoke, asynchronously and unsigned, at the endpoint the environment names.
pub(crate) struct Invoke;

impl InvokeSelf for Invoke {
    async fn invoke_self(&self, payload: Vec<u8>) -> Result<(), Box<dyn Error + Send + Sync>> {
        let endpoint = std::env::var("AWS_ENDPOINT_URL")?;
        let name = std::env::var("AWS_LAMBDA_FUNCTION_NAME")?;
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("{endpoint}/2015-03-31/functions/{name}/invocations"))
            .header("x-amz-invocation-type", "Event")
            .body(Full::new(Cursor::new(payload)))?;
        let client = Client::builder(TokioExecutor::new()).build_http();
        let answer = timeout(Duration::from_secs(2), client.request(request)).await??;
        if answer.status() == 202 { Ok(()) } else { Err(format!("Lambda answered {}", answer.status()).into()) }
    }
}
