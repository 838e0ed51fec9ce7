//! What the function may ask of AWS, beside the records.

mod services;

use std::future::Future;

use aws_json::Answer;
use aws_ports::AwsError;
use control_records::Scope;
use findings::CorrectionChange;
use jiff::Timestamp;
use serde_json::Value;

use crate::error::Error;
pub use services::Services;

/// The controls' configuration as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Which one it is: its version in the bucket, or its ETag where the bucket keeps none.
    pub version: String,
    /// JSON, if all is well.
    pub body: Vec<u8>,
}

/// The platform's own account.
pub trait Platform: Send + Sync {
    /// The time.
    fn now(&self) -> Timestamp;
    /// `s3:GetObject` of `configuration.json`; `None` if there is none.
    fn configuration(&self) -> impl Future<Output = Result<Option<Document>, AwsError>> + Send;
    /// `s3:PutObject`, as JSON and only where there is none: evidence is never written over.
    fn keep(&self, key: &str, body: String) -> impl Future<Output = Result<(), AwsError>> + Send;
    /// `events:PutEvents`.
    ///
    /// # Errors
    /// It was not taken.
    fn announce(&self, change: &CorrectionChange) -> impl Future<Output = Result<(), Error>> + Send;
}

/// SageMaker in the watched accounts, this one among them.
pub trait Accounts: Send + Sync {
    /// One of [`CALLS`](crate::CALLS), a describing call, or `sagemaker:DescribeNotebookInstanceLifecycleConfig`.
    ///
    /// # Errors
    /// Of the call, or of `sts:AssumeRole` before it.
    fn call(
        &self,
        scope: &Scope,
        operation: &'static str,
        input: &Value,
    ) -> impl Future<Output = Result<Answer, AwsError>> + Send;
}
