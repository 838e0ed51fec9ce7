//! The AWS operations that events and sweeps may use.

pub(crate) mod by_role;
pub(crate) mod document;
pub(crate) mod platform;

use std::collections::BTreeMap;
use std::future::Future;

use aws_ports::AwsError;
use control_records::Scope;
use controls::List;
use jiff::Timestamp;
use serde_json::Value;

/// SageMaker, KMS and IAM of every watched account and region. Answers are as the services sent them.
pub trait Accounts: Send + Sync {
    /// Lets into one account.
    type Session: Send + Sync;

    /// `sts:AssumeRole` in an account other than the function's own.
    fn session(&self, scope: &Scope) -> impl Future<Output = Result<Self::Session, AwsError>> + Send;

    /// The describing call of a kind, e.g. `sagemaker:DescribeModel`.
    fn describe(
        &self,
        session: &Self::Session,
        operation: &'static str,
        key: &BTreeMap<String, String>,
    ) -> impl Future<Output = Result<Value, AwsError>> + Send;

    /// The listing call of a kind: one page.
    fn list(
        &self,
        session: &Self::Session,
        list: &'static List,
        input: &Value,
    ) -> impl Future<Output = Result<Value, AwsError>> + Send;

    /// `sagemaker:ListTags`: one page.
    fn tags(
        &self,
        session: &Self::Session,
        arn: &str,
        token: Option<&str>,
    ) -> impl Future<Output = Result<Value, AwsError>> + Send;

    /// `kms:DescribeKey`.
    fn key(&self, session: &Self::Session, key: &str) -> impl Future<Output = Result<Value, AwsError>> + Send;

    /// `iam:ListAttachedRolePolicies`, all pages: their ARNs.
    fn attached_policies(
        &self,
        session: &Self::Session,
        role: &str,
    ) -> impl Future<Output = Result<Vec<String>, AwsError>> + Send;

    /// `iam:ListRolePolicies`, all pages: their names.
    fn inline_policies(
        &self,
        session: &Self::Session,
        role: &str,
    ) -> impl Future<Output = Result<Vec<String>, AwsError>> + Send;

    /// `iam:GetRolePolicy`: its document.
    fn inline_policy(
        &self,
        session: &Self::Session,
        role: &str,
        name: &str,
    ) -> impl Future<Output = Result<Value, AwsError>> + Send;

    /// `iam:GetPolicy`: the id of the version that counts.
    fn default_version(
        &self,
        session: &Self::Session,
        arn: &str,
    ) -> impl Future<Output = Result<String, AwsError>> + Send;

    /// `iam:GetPolicyVersion`: its document.
    fn policy(
        &self,
        session: &Self::Session,
        arn: &str,
        version: &str,
    ) -> impl Future<Output = Result<Value, AwsError>> + Send;
}

/// The controls' configuration.
pub trait ConfigurationDocument: Send + Sync {
    /// `s3:GetObject`; `None` if there is none, which stands for `{}`.
    fn document(&self) -> impl Future<Output = Result<Option<Document>, AwsError>> + Send;
}

/// A configuration as a person wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// JSON.
    pub text: String,
    /// Since when it is this one.
    pub modified: Timestamp,
}

/// What time it is.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}
