use std::collections::BTreeMap;

use aws_ports::AwsError;
use control_records::{Mark, Scope};
use controls::{Control, Need, Parameters, Resource, Verdict};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use crate::aws::Accounts;

/// A marked resource, looked at again.
#[derive(Debug)]
pub(crate) enum Look {
    /// There is none of that name.
    Gone,
    /// As it is now.
    Found(Box<Seen>),
}

/// What is to be known of a resource before anything is done about it.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) resource: Resource,
    pub(crate) status: Option<String>,
    pub(crate) created: Option<Timestamp>,
    pub(crate) modified: Option<Timestamp>,
    /// `None`: the control does not look at such a resource.
    pub(crate) verdict: Option<Verdict>,
}

/// Looks at a marked resource and judges it again.
///
/// What a control needs beside the description and is not read here, or could not be, makes its verdict unknown: of the
/// controls whose failures anything is done about, none needs more than this.
///
/// # Errors
/// What keeps it from being described.
pub(crate) async fn look(
    accounts: &impl Accounts,
    scope: &Scope,
    mark: &Mark,
    control: &Control,
    last_opened: Option<Timestamp>,
    parameters: &Parameters,
    now: Timestamp,
) -> Result<Look, AwsError> {
    let Some(describe) = mark.kind.facts().describe else { return Ok(Look::Gone) };
    let description = match accounts.call(scope, describe, &json!(mark.key)).await {
        Ok(answer) => answer.body,
        Err(error) if error.is_not_found() => return Ok(Look::Gone),
        Err(error) => return Err(error),
    };
    let mut related = BTreeMap::new();
    if control.needs.contains(&Need::LifecycleConfiguration)
        && let Some(script) = lifecycle_configuration(accounts, scope, mark, &description).await
    {
        related.insert(Need::LifecycleConfiguration, script);
    }
    if let Some(at) = last_opened {
        related.insert(Need::LastOpened, json!({"at": at}));
    }
    let resource = Resource {
        kind: mark.kind,
        account: scope.account.clone(),
        region: scope.region.clone(),
        name: mark.name.clone(),
        arn: mark.arn.clone(),
        description,
        related,
        looked_at: now,
    };
    let status = mark.kind.facts().status.and_then(|pointer| resource.member(pointer)?.as_str());
    let at = |pointer| resource.member(pointer).and_then(time);
    Ok(Look::Found(Box::new(Seen {
        status: status.map(str::to_owned),
        created: at("/CreationTime"),
        modified: at("/LastModifiedTime"),
        verdict: control.judge(&resource, parameters),
        resource,
    })))
}

async fn lifecycle_configuration(
    accounts: &impl Accounts,
    scope: &Scope,
    mark: &Mark,
    description: &Value,
) -> Option<Value> {
    const DESCRIBE: &str = "sagemaker:DescribeNotebookInstanceLifecycleConfig";
    let name = description.get("NotebookInstanceLifecycleConfigName").filter(|name| name.as_str() != Some(""))?;
    match accounts.call(scope, DESCRIBE, &json!({"NotebookInstanceLifecycleConfigName": name})).await {
        Ok(answer) => Some(answer.body),
        Err(error) => {
            tracing::warn!(resource = mark.arn, error = %error, "its lifecycle configuration was not read");
            None
        }
    }
}

/// A time as the service's JSON has it: seconds since 1970 with a fraction, or a text.
pub(crate) fn time(value: &Value) -> Option<Timestamp> {
    match value.as_f64() {
        Some(seconds) => Timestamp::from_duration(SignedDuration::try_from_secs_f64(seconds).ok()?).ok(),
        None => value.as_str()?.parse().ok(),
    }
}

impl Seen {
    /// What evidence may hold of the description: its state and its times. The verdict's reason names the member that it
    /// rests on; everything else, such as environment variables and hyperparameters, is nobody's business.
    pub(crate) fn excerpt(&self) -> Value {
        const MEMBERS: [&str; 6] = [
            "CreationTime",
            "InstanceType",
            "LastHealthCheckTimestamp",
            "LastModifiedTime",
            "LastUserActivityTimestamp",
            "SecondaryStatus",
        ];
        let member = |name: &&str| Some(((*name).to_owned(), self.resource.description.get(*name)?.clone()));
        let members: Map<String, Value> = MEMBERS.iter().filter_map(member).collect();
        json!({"status": self.status, "verdict": self.verdict, "description": members})
    }
}
