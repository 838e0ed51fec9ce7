use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_json::{Call, Client, KMS, SAGEMAKER};
use aws_ports::{Aws, AwsError, Operation};
use control_records::Scope;
use controls::List;
use findings::Hub;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};
use tokio::sync::{Mutex, OnceCell};

use super::Accounts;

/// How often a call is tried in all. Where a service throttles, calls slow down before they are sent, so that a sweep is slow
/// rather than incomplete.
const ATTEMPTS: u32 = 8;
/// The longest that STS offers to every role.
const SESSION_SECONDS: i32 = 3600;
/// The longest invocation: a session that ends sooner is not begun with.
const LONGEST_USE: Duration = Duration::from_secs(900);
/// What the target account's trail says of who looked.
const SESSION_NAME: &str = "detective-controls";

/// The services themselves: in the function's own account with its own rights, in any other with a role of that account.
#[derive(Debug)]
pub struct AccountsByRole<'a> {
    aws: &'a Aws,
    hub: Hub,
    role_name: &'a str,
    sts: OnceCell<aws_sdk_sts::Client>,
    /// Kept from event to event, with their connections.
    sessions: Mutex<BTreeMap<Scope, Arc<Session>>>,
}

/// Clients for one account and region.
#[derive(Debug)]
pub struct Session {
    config: SdkConfig,
    sagemaker: Client,
    kms: Client,
    iam: OnceCell<aws_sdk_iam::Client>,
    /// `None`: it lasts as long as the function.
    expires: Option<SystemTime>,
}

impl<'a> AccountsByRole<'a> {
    /// Loads nothing.
    #[must_use]
    pub fn new(aws: &'a Aws, hub: Hub, role_name: &'a str) -> Self {
        Self { aws, hub, role_name, sts: OnceCell::new(), sessions: Mutex::default() }
    }

    async fn begin(&self, scope: &Scope) -> Result<Session, AwsError> {
        let config = self.aws.config().await.to_builder();
        let mut config = config.retry_config(RetryConfig::adaptive().with_max_attempts(ATTEMPTS));
        config.set_region(aws_config::Region::new(scope.region.to_string()));
        let mut expires = None;
        if scope.account != self.hub.account {
            let credentials = self.assume_role(scope).await?;
            expires = credentials.expiry();
            config.set_credentials_provider(Some(SharedCredentialsProvider::new(credentials)));
        }
        let config = config.build();
        let client = |service| Client::new(&config, service, &self.hub.partition);
        let (sagemaker, kms) = (client(&SAGEMAKER), client(&KMS));
        Ok(Session { config, sagemaker, kms, iam: OnceCell::new(), expires })
    }

    async fn assume_role(&self, scope: &Scope) -> Result<Credentials, AwsError> {
        let client = self.sts.get_or_init(|| async { aws_sdk_sts::Client::new(self.aws.config().await) }).await;
        let role = format!("arn:{}:iam::{}:role/{}", self.hub.partition, scope.account, self.role_name);
        let call = client.assume_role().role_arn(role).role_session_name(SESSION_NAME);
        let answer = call.duration_seconds(SESSION_SECONDS).send().await.operation("sts:AssumeRole")?;
        let given = answer.credentials;
        let expires = given.as_ref().and_then(|given| SystemTime::try_from(given.expiration).ok());
        let (key, secret, token) =
            given.map(|given| (given.access_key_id, given.secret_access_key, given.session_token)).unwrap_or_default();
        Ok(Credentials::new(key, secret, Some(token), expires, "AssumeRole"))
    }
}

/// A `Call` of a name.
fn call(operation: &'static str) -> Call {
    Call::named(operation)
}

/// The text of a policy document, which IAM percent-encodes.
fn document(operation: &'static str, text: &str) -> Result<Value, AwsError> {
    let decoded = percent_decode_str(text).decode_utf8_lossy();
    serde_json::from_str(&decoded).map_err(|error| AwsError::unread(operation, error))
}

impl Session {
    fn lasts(&self) -> bool {
        self.expires.is_none_or(|expires| expires > SystemTime::now() + LONGEST_USE)
    }

    async fn iam(&self) -> &aws_sdk_iam::Client {
        self.iam.get_or_init(|| async { aws_sdk_iam::Client::new(&self.config) }).await
    }
}

impl Accounts for AccountsByRole<'_> {
    type Session = Arc<Session>;

    async fn session(&self, scope: &Scope) -> Result<Arc<Session>, AwsError> {
        let mut sessions = self.sessions.lock().await;
        if let Some(session) = sessions.get(scope).filter(|session| session.lasts()) {
            return Ok(Arc::clone(session));
        }
        let session = Arc::new(self.begin(scope).await?);
        sessions.insert(scope.clone(), Arc::clone(&session));
        Ok(session)
    }

    async fn describe(
        &self,
        session: &Arc<Session>,
        operation: &'static str,
        key: &BTreeMap<String, String>,
    ) -> Result<Value, AwsError> {
        let input: Map<String, Value> = key.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
        session.sagemaker.call(call(operation), &input.into()).await
    }

    async fn list(&self, session: &Arc<Session>, list: &'static List, input: &Value) -> Result<Value, AwsError> {
        session.sagemaker.call(call(list.operation), input).await
    }

    async fn tags(&self, session: &Arc<Session>, arn: &str, token: Option<&str>) -> Result<Value, AwsError> {
        let input = match token {
            Some(token) => serde_json::json!({"ResourceArn": arn, "NextToken": token}),
            None => serde_json::json!({"ResourceArn": arn}),
        };
        session.sagemaker.call(call("sagemaker:ListTags"), &input).await
    }

    async fn key(&self, session: &Arc<Session>, key: &str) -> Result<Value, AwsError> {
        session.kms.call(call("kms:DescribeKey"), &serde_json::json!({"KeyId": key})).await
    }

    async fn attached_policies(&self, session: &Arc<Session>, role: &str) -> Result<Vec<String>, AwsError> {
        let pages = session.iam().await.list_attached_role_policies().role_name(role).into_paginator();
        let policies = pages.items().send().collect::<Result<Vec<_>, _>>().await;
        let policies = policies.operation("iam:ListAttachedRolePolicies")?;
        Ok(policies.into_iter().filter_map(|policy| policy.policy_arn).collect())
    }

    async fn inline_policies(&self, session: &Arc<Session>, role: &str) -> Result<Vec<String>, AwsError> {
        let pages = session.iam().await.list_role_policies().role_name(role).into_paginator();
        pages.items().send().collect::<Result<Vec<_>, _>>().await.operation("iam:ListRolePolicies")
    }

    async fn inline_policy(&self, session: &Arc<Session>, role: &str, name: &str) -> Result<Value, AwsError> {
        const OPERATION: &str = "iam:GetRolePolicy";
        let call = session.iam().await.get_role_policy().role_name(role).policy_name(name);
        document(OPERATION, &call.send().await.operation(OPERATION)?.policy_document)
    }

    async fn default_version(&self, session: &Arc<Session>, arn: &str) -> Result<String, AwsError> {
        const OPERATION: &str = "iam:GetPolicy";
        let answer = session.iam().await.get_policy().policy_arn(arn).send().await.operation(OPERATION)?;
        let version = answer.policy.and_then(|policy| policy.default_version_id);
        version.ok_or_else(|| AwsError::unread(OPERATION, "the policy has no default version"))
    }

    async fn policy(&self, session: &Arc<Session>, arn: &str, version: &str) -> Result<Value, AwsError> {
        const OPERATION: &str = "iam:GetPolicyVersion";
        let call = session.iam().await.get_policy_version().policy_arn(arn).version_id(version);
        let version = call.send().await.operation(OPERATION)?.policy_version;
        let text = version.and_then(|version| version.document).unwrap_or_default();
        document(OPERATION, &text)
    }
}
