use std::time::SystemTime;

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_json::{Answer, Call, Client, DYNAMODB, EVENT_BRIDGE, SAGEMAKER};
use aws_ports::{Aws, AwsError, Operation};
use aws_sdk_s3::primitives::ByteStream;
use control_records::{RecordsInDynamoDb, Scope};
use findings::{CorrectionChange, EventBusInAws, Hub, publish};
use identifiers::AccountId;
use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::Mutex;

use super::{Accounts, Document, Platform};
use crate::error::Error;
use crate::run::ASSUME_ROLE;
use crate::settings::Settings;

/// The key of the controls' configuration in their bucket.
const CONFIGURATION: &str = "configuration.json";
/// What the target account's trail says of who called.
const SESSION_NAME: &str = "corrective-controls";
/// Longer than a function runs.
const SESSION_SECONDS: i32 = 3600;

/// The services themselves, for one invocation.
#[derive(Debug)]
pub struct Services<'a> {
    config: &'a SdkConfig,
    settings: &'a Settings,
    hub: Hub,
    s3: aws_sdk_s3::Client,
    /// SageMaker in the account and region that was asked for last: an invocation asks for one.
    sagemaker: Mutex<Option<(Scope, Client)>>,
}

impl<'a> Services<'a> {
    /// # Errors
    /// A function's ARN that is none.
    pub async fn new(aws: &'a Aws, settings: &'a Settings, function_arn: &str) -> Result<Self, Error> {
        Self::over(aws.config().await, settings, function_arn)
    }

    /// With a configuration that was made elsewhere.
    ///
    /// # Errors
    /// A function's ARN that is none.
    pub fn over(config: &'a SdkConfig, settings: &'a Settings, function_arn: &str) -> Result<Self, Error> {
        let hub = settings.hub(function_arn).ok_or_else(|| Error::Nowhere(function_arn.to_owned()))?;
        Ok(Self { config, settings, hub, s3: aws_sdk_s3::Client::new(config), sagemaker: Mutex::default() })
    }

    /// The table of the marks.
    #[must_use]
    pub fn records(&self) -> RecordsInDynamoDb {
        let client = Client::new(self.config, &DYNAMODB, &self.settings.partition);
        RecordsInDynamoDb::new(client, &self.settings.control_records_table)
    }

    async fn client(&self, scope: &Scope) -> Result<Client, AwsError> {
        let mut last = self.sagemaker.lock().await;
        if let Some((of, client)) = last.as_ref()
            && of == scope
        {
            return Ok(client.clone());
        }
        let credentials = if scope.account == self.hub.account {
            self.config.credentials_provider()
        } else {
            Some(SharedCredentialsProvider::new(self.assume_role(&scope.account).await?))
        };
        let (partition, region) = (&self.settings.partition, scope.region.as_str());
        let client = match credentials {
            Some(credentials) => Client::assumed(self.config, &SAGEMAKER, partition, region, credentials),
            None => Client::new(self.config, &SAGEMAKER, partition),
        };
        *last = Some((scope.clone(), client.clone()));
        Ok(client)
    }

    async fn assume_role(&self, account: &AccountId) -> Result<Credentials, AwsError> {
        let Settings { partition, target_role_name, .. } = self.settings;
        let call = aws_sdk_sts::Client::new(self.config).assume_role();
        let call = call.role_arn(format!("arn:{partition}:iam::{account}:role/{target_role_name}"));
        let call = call.role_session_name(SESSION_NAME).duration_seconds(SESSION_SECONDS);
        let given = call.send().await.operation(ASSUME_ROLE)?.credentials;
        let given = given.ok_or_else(|| AwsError::unread(ASSUME_ROLE, "the answer has no credentials"))?;
        let expires = SystemTime::try_from(given.expiration).ok();
        let (key, secret, token) = (given.access_key_id, given.secret_access_key, given.session_token);
        Ok(Credentials::new(key, secret, Some(token), expires, "AssumeRole"))
    }
}

impl Platform for Services<'_> {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    async fn configuration(&self) -> Result<Option<Document>, AwsError> {
        let call = self.s3.get_object().bucket(&self.settings.controls_bucket).key(CONFIGURATION);
        let answer = match call.send().await.operation("s3:GetObject") {
            Err(error) if error.is_not_found() => return Ok(None),
            answer => answer?,
        };
        let version = answer.version_id.or(answer.e_tag).unwrap_or_default();
        match answer.body.collect().await {
            Ok(body) => Ok(Some(Document { version, body: body.to_vec() })),
            Err(error) => Err(AwsError::unread("s3:GetObject", error)),
        }
    }

    async fn keep(&self, key: &str, body: String) -> Result<(), AwsError> {
        let call = self.s3.put_object().bucket(&self.settings.controls_bucket).key(key).if_none_match("*");
        let call = call.content_type("application/json").body(ByteStream::from(body.into_bytes()));
        match call.send().await.operation("s3:PutObject") {
            // It is there: the answer of an earlier attempt was lost.
            Err(error) if error.code() != Some("PreconditionFailed") => Err(error),
            _ => Ok(()),
        }
    }

    async fn announce(&self, change: &CorrectionChange) -> Result<(), Error> {
        let event = change.event(&self.hub).map_err(Error::Unwritable)?;
        let client = Client::new(self.config, &EVENT_BRIDGE, &self.settings.partition);
        let bus = EventBusInAws::new(client, &self.settings.event_bus_name);
        match publish(&bus, vec![event]).await.pop() {
            None => Ok(()),
            Some(unsent) => Err(Error::NotAnnounced { code: unsent.refused.code, message: unsent.refused.message }),
        }
    }
}

impl Accounts for Services<'_> {
    async fn call(&self, scope: &Scope, operation: &'static str, input: &Value) -> Result<Answer, AwsError> {
        self.client(scope).await?.answer(Call::named(operation), input).await
    }
}
