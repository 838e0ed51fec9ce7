use crate::aws::Records;
use crate::before::live_record;
use crate::error::Error;
use deployment::{DeploymentRequest, StageName, StagePlan, Wave};
use identifiers::{AccountId, ModelPackageArn};
use serde::{Deserialize, Serialize};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Task {
    execution: String,
    request: DeploymentRequest,
    stage: StagePlan,
    separation_of_duties: bool,
    /// What the earlier stages' endpoints answered.
    #[serde(default)]
    results: Vec<String>,
    /// When the question is asked, as the state machine says it.
    time: String,
}

/// What a person is asked, and what is kept while the answer is awaited.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ApprovalRequest {
    /// Of the message, at most 100 characters of ASCII, as SNS wants it.
    pub subject: String,
    /// What would change where, how to look at it and how to answer.
    pub message: String,
    /// Where the question is kept.
    pub parameter: String,
    /// [`deployment::PendingApproval`] without the token, which the state machine adds.
    pub pending: Pending,
    /// Until the question expires.
    pub expires_after_seconds: u32,
}

/// A question without the token.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pending {
    execution: String,
    stage: StageName,
    version: u32,
    model_package_arn: ModelPackageArn,
    #[serde(skip_serializing_if = "Option::is_none")]
    registered_by: Option<String>,
    separation_of_duties: bool,
    expires: String,
    summary: String,
    results: Vec<String>,
}

/// Accounts that a message names; more are counted.
const ACCOUNTS_NAMED: usize = 20;

/// Writes the question whether a stage may be touched.
///
/// # Errors
/// Of the call, and a live record that cannot be read.
pub(crate) async fn request(records: &impl Records, task: Task) -> Result<ApprovalRequest, Error> {
    let Task { execution, request, stage, separation_of_duties, results, time } = task;
    let live = live_record(records, &stage).await?;
    let arn = &stage.model_package_arn;
    let (version, group) = (arn.version(), &stage.model_package_group_name);
    let hours = stage.approval.map_or(1, |approval| approval.expires_after_hours);
    let expires = expiry(&time, hours);
    let from = live.map_or_else(|| "nothing".to_owned(), |live| format!("version {}", live.version));
    let summary = format!(
        "{group} in stage {}: from {from} to version {version}, in {} in {}",
        stage.name,
        named(&stage.accounts),
        stage.regions.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    );
    let waves: Vec<_> = stage.waves.iter().map(wave).collect();
    let by = request.approval.by.as_deref().unwrap_or("somebody the registry does not name");
    let checked = if results.is_empty() { "nothing yet".to_owned() } else { results.join("\n  ") };
    let platform = &stage.platform_name;
    let message = format!(
        "{summary}\n\nModel package: {arn}\nApproved in the registry by: {by}\nExecution: {execution}\n\
         In this order:\n  {}\nWhat the earlier stages' endpoints answered:\n  {checked}\n\n\
         The question stands until {expires}. Without an answer nothing changes here, and the earlier stages go back.\n\
         To answer:\n  mlops --platform {platform} approve --group {group} --stage {stage}\n  \
         mlops --platform {platform} reject --group {group} --stage {stage}\n",
        waves.join("\n  "),
        stage = stage.name,
    );
    let mut subject = format!("{platform}: {group} version {version} waits for approval of {}", stage.name);
    subject.truncate(100);
    let pending = Pending {
        execution,
        stage: stage.name.clone(),
        version,
        model_package_arn: arn.clone(),
        registered_by: request.approval.registered_by,
        separation_of_duties,
        expires,
        summary,
        results,
    };
    let parameter = deployment::ParameterNames::new(platform, group).pending_approval(&stage.name);
    Ok(ApprovalRequest { subject, message, parameter, pending, expires_after_seconds: hours.saturating_mul(3600) })
}

fn named(accounts: &[AccountId]) -> String {
    let named: Vec<_> = accounts.iter().take(ACCOUNTS_NAMED).map(ToString::to_string).collect();
    let more = match accounts.len().saturating_sub(named.len()) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{} accounts ({}{more})", accounts.len(), named.join(", "))
}

fn wave(wave: &Wave) -> String {
    let bake = match wave.bake_seconds {
        0 => String::new(),
        seconds => format!(", watched for {seconds} seconds"),
    };
    format!("{}: {}{bake}", wave.name.as_str(), named(&wave.accounts))
}

/// RFC 3339, to the second. A time that cannot be read is given back as it is: it is shown, not calculated with.
fn expiry(time: &str, hours: u32) -> String {
    use aws_sdk_ssm::primitives::{DateTime, DateTimeFormat};
    let Ok(from) = DateTime::from_str(time, DateTimeFormat::DateTime) else { return time.to_owned() };
    let until = DateTime::from_secs(from.secs() + i64::from(hours) * 3600);
    until.fmt(DateTimeFormat::DateTime).unwrap_or_else(|_| time.to_owned())
}
