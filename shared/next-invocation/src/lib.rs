//! A custom resource whose work outlasts one invocation goes on in another one of its own function.
//!
//! The function's role needs `lambda:InvokeFunction` on the function itself, and its template `RecursiveLoop: Allow` where
//! it may go on more often than Lambda takes for a loop. A crate of its own: the SDK behind it is linked only by the
//! functions that go on.

use std::error::Error;

use aws_ports::{Aws, Operation};
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use custom_resource::InvokeSelf;

/// `lambda:InvokeFunction` on this function itself, asynchronously.
#[derive(Debug)]
pub struct NextInvocation {
    aws: &'static Aws,
}

impl NextInvocation {
    /// Loads nothing.
    #[must_use]
    pub const fn new(aws: &'static Aws) -> Self {
        Self { aws }
    }
}

impl InvokeSelf for NextInvocation {
    async fn invoke_self(&self, payload: Vec<u8>) -> Result<(), Box<dyn Error + Send + Sync>> {
        // Lambda sets it in every execution environment.
        let function = std::env::var("AWS_LAMBDA_FUNCTION_NAME")?;
        let client = aws_sdk_lambda::Client::new(self.aws.config().await);
        let call = client.invoke().function_name(function).invocation_type(InvocationType::Event);
        call.payload(Blob::new(payload)).send().await.operation("lambda:Invoke")?;
        Ok(())
    }
}
