//! The AWS operations the tool may use, with the caller's own credentials.

use std::collections::HashMap;
use std::future::Future;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion};
use aws_ports::{AwsError, Operation};
use aws_sdk_sfn::types::ExecutionStatus;
use aws_smithy_types::date_time::Format;

use crate::arguments::Global;
use crate::error::Error;

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Of the session, where a role is used.
    pub arn: String,
    /// Whose services are asked.
    pub account: String,
    /// Of the services that are asked.
    pub region: String,
}

impl Caller {
    /// The ARN of a state machine in the caller's account and region.
    pub fn state_machine(&self, name: &str) -> String {
        let partition = self.arn.split(':').nth(1).unwrap_or("aws");
        format!("arn:{partition}:states:{}:{}:stateMachine:{name}", self.region, self.account)
    }
}

/// A parameter of Parameter Store. Not `Debug`: its value may hold a task token.
#[derive(Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Its full name.
    pub name: String,
    /// What it holds; the ciphertext where it was not decrypted.
    pub value: String,
}

/// An execution under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Execution {
    /// Its name.
    pub name: String,
    /// When it began, RFC 3339.
    pub started: String,
}

/// The platform's parameters and executions.
pub trait HubAccount: Send + Sync {
    /// `sts:GetCallerIdentity`.
    fn caller(&self) -> impl Future<Output = Result<Caller, AwsError>> + Send;
    /// `ssm:GetParametersByPath`, all pages: those right under the path, decrypted (`kms:Decrypt`), or those at any depth,
    /// as they are stored.
    fn parameters_under(
        &self,
        path: &str,
        decrypted: bool,
    ) -> impl Future<Output = Result<Vec<Parameter>, AwsError>> + Send;
    /// `ssm:GetParameters`, decrypted (`kms:Decrypt`): values by name; those that do not exist are absent.
    fn parameters(&self, names: &[String]) -> impl Future<Output = Result<HashMap<String, String>, AwsError>> + Send;
    /// `states:ListExecutions`, those that are running, all pages.
    fn running(&self, state_machine: &str) -> impl Future<Output = Result<Vec<Execution>, AwsError>> + Send;
    /// `states:SendTaskSuccess`.
    fn succeed(&self, token: &str, output: &str) -> impl Future<Output = Result<(), AwsError>> + Send;
}

/// The history that deployments leave.
pub trait Records: Send + Sync {
    /// `s3:ListBucket`, all pages: what stands between `prefix` and the next slash, each once.
    fn folders(&self, bucket: &str, prefix: &str) -> impl Future<Output = Result<Vec<String>, AwsError>> + Send;
    /// `s3:ListBucket`: the keys that begin with `prefix` and sort before `end`, in order. No page is asked for after it.
    fn keys(&self, bucket: &str, prefix: &str, end: &str)
    -> impl Future<Output = Result<Vec<String>, AwsError>> + Send;
    /// `s3:GetObject`.
    fn object(&self, bucket: &str, key: &str) -> impl Future<Output = Result<Vec<u8>, AwsError>> + Send;
}

/// The real services.
#[derive(Debug)]
pub struct HubServices {
    region: String,
    s3: aws_sdk_s3::Client,
    sfn: aws_sdk_sfn::Client,
    ssm: aws_sdk_ssm::Client,
    sts: aws_sdk_sts::Client,
}

/// `GetParameters` takes ten names a call.
const NAMES_PER_CALL: usize = 10;
/// Tries of one call, the first included.
const ATTEMPTS: u32 = 4;
/// People sit behind slower networks than functions, but do not wait for ever.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(30);

impl HubServices {
    /// With the credentials and the region of the command line, the environment or the configuration files.
    ///
    /// # Errors
    /// [`Error::Usage`] if none of them names a region.
    pub async fn connect(global: &Global) -> Result<Self, Error> {
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(CONNECT_TIMEOUT)
                    .operation_attempt_timeout(ATTEMPT_TIMEOUT)
                    .build(),
            );
        if let Ok(name) = AppName::new("secure-mlops") {
            loader = loader.app_name(name);
        }
        if let Some(profile) = &global.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(region) = &global.region {
            loader = loader.region(aws_config::Region::new(region.as_str().to_owned()));
        }
        let config = loader.load().await;
        let region = config.region().map(ToString::to_string).ok_or_else(|| {
            Error::Usage(
                "no region: give --region, set AWS_REGION, or name a profile that exists and has one".to_owned(),
            )
        })?;
        Ok(Self {
            region,
            s3: aws_sdk_s3::Client::new(&config),
            sfn: aws_sdk_sfn::Client::new(&config),
            ssm: aws_sdk_ssm::Client::new(&config),
            sts: aws_sdk_sts::Client::new(&config),
        })
    }
}

impl HubAccount for HubServices {
    async fn caller(&self) -> Result<Caller, AwsError> {
        let answer = self.sts.get_caller_identity().send().await.operation("sts:GetCallerIdentity")?;
        let (arn, account) = (answer.arn.unwrap_or_default(), answer.account.unwrap_or_default());
        Ok(Caller { arn, account, region: self.region.clone() })
    }

    async fn parameters_under(&self, path: &str, decrypted: bool) -> Result<Vec<Parameter>, AwsError> {
        let request = self.ssm.get_parameters_by_path().path(path).with_decryption(decrypted).recursive(!decrypted);
        let mut parameters = Vec::new();
        let mut pages = request.into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.operation("ssm:GetParametersByPath")?.parameters.unwrap_or_default();
            parameters.extend(page.into_iter().filter_map(|parameter| {
                Some(Parameter { name: parameter.name?, value: parameter.value.unwrap_or_default() })
            }));
        }
        Ok(parameters)
    }

    async fn parameters(&self, names: &[String]) -> Result<HashMap<String, String>, AwsError> {
        let mut values = HashMap::new();
        for names in names.chunks(NAMES_PER_CALL) {
            let answer = self.ssm.get_parameters().set_names(Some(names.to_vec())).with_decryption(true).send().await;
            let found = answer.operation("ssm:GetParameters")?.parameters.unwrap_or_default();
            values.extend(found.into_iter().filter_map(|parameter| Some((parameter.name?, parameter.value?))));
        }
        Ok(values)
    }

    async fn running(&self, state_machine: &str) -> Result<Vec<Execution>, AwsError> {
        let request = self.sfn.list_executions().state_machine_arn(state_machine);
        let mut pages = request.status_filter(ExecutionStatus::Running).into_paginator().send();
        let mut running = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.operation("states:ListExecutions")?;
            running.extend(page.executions.into_iter().map(|item| Execution {
                name: item.name,
                started: item.start_date.fmt(Format::DateTime).unwrap_or_default(),
            }));
        }
        Ok(running)
    }

    async fn succeed(&self, token: &str, output: &str) -> Result<(), AwsError> {
        let answer = self.sfn.send_task_success().task_token(token).output(output).send().await;
        answer.operation("states:SendTaskSuccess").map(drop)
    }
}

impl Records for HubServices {
    async fn folders(&self, bucket: &str, prefix: &str) -> Result<Vec<String>, AwsError> {
        let request = self.s3.list_objects_v2().bucket(bucket).prefix(prefix).delimiter("/");
        let mut folders = Vec::new();
        let mut pages = request.into_paginator().send();
        while let Some(page) = pages.next().await {
            let found = page.operation("s3:ListBucket")?.common_prefixes.unwrap_or_default();
            folders.extend(found.into_iter().filter_map(|folder| {
                let name = folder.prefix?.strip_prefix(prefix)?.strip_suffix('/')?.to_owned();
                Some(name)
            }));
        }
        Ok(folders)
    }

    async fn keys(&self, bucket: &str, prefix: &str, end: &str) -> Result<Vec<String>, AwsError> {
        let mut pages = self.s3.list_objects_v2().bucket(bucket).prefix(prefix).into_paginator().send();
        let mut keys = Vec::new();
        while let Some(page) = pages.next().await {
            let found = page.operation("s3:ListBucket")?.contents.unwrap_or_default();
            for key in found.into_iter().filter_map(|object| object.key) {
                if key.as_str() >= end {
                    return Ok(keys);
                }
                keys.push(key);
            }
        }
        Ok(keys)
    }

    async fn object(&self, bucket: &str, key: &str) -> Result<Vec<u8>, AwsError> {
        const OPERATION: &str = "s3:GetObject";
        let answer = self.s3.get_object().bucket(bucket).key(key).send().await.operation(OPERATION)?;
        let body = answer.body.collect().await.map_err(|error| AwsError::unread(OPERATION, error))?;
        Ok(body.to_vec())
    }
}
