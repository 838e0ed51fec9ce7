//! What is live, what waits, and what is being deployed.

use std::collections::HashMap;

use deployment::{ExecutionSubject, LiveRecord, ParameterNames, PendingApproval, PlatformName, RequestKind, StageName};
use identifiers::{ModelPackageArn, ModelPackageGroupName};
use serde::Serialize;

use crate::approval::unreadable;
use crate::aws::{HubAccount, Parameter};
use crate::error::Error;

/// A platform as it is: the JSON document of `mlops status`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Overview {
    /// The platform.
    pub platform: PlatformName,
    /// By group and stage.
    pub live: Vec<Live>,
    /// By group and stage.
    pub waiting: Vec<Waiting>,
    /// Oldest first.
    pub running: Vec<Running>,
    /// What could not be seen, and what is needed to see it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// A stage and the version in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Live {
    /// The model package group.
    pub group: ModelPackageGroupName,
    /// The stage.
    pub stage: StageName,
    /// As it was recorded: `version`, `modelPackageArn`, `endpointName`, `execution`, `time`, `kind`, `approval`, `decision`,
    /// `accounts` (how many), `regions`, `record` (its key in the records' bucket), `earlier`.
    #[serde(flatten)]
    pub record: LiveRecord,
}

/// An execution that waits for an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// The model package group.
    pub group: ModelPackageGroupName,
    /// The stage.
    pub stage: StageName,
    /// The members of what it asks, beside the others; they are missing where the caller may not decrypt them.
    #[serde(flatten)]
    pub asked: Option<Asked>,
}

/// What is asked, without the token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Asked {
    /// The name of the execution.
    pub execution: String,
    /// Of the model package.
    pub version: u32,
    /// The model package.
    pub model_package_arn: ModelPackageArn,
    /// Who registered the version, where the registry says it.
    pub registered_by: Option<String>,
    /// Whether who registered it may not answer.
    pub separation_of_duties: bool,
    /// Until when the question stands, RFC 3339.
    pub expires: String,
    /// What would change where.
    pub summary: String,
    /// What the earlier stages' endpoints answered, as `s3://` addresses.
    pub results: Vec<String>,
}

/// An execution of the state machine that has not ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Running {
    /// Its name.
    pub execution: String,
    /// When it began, RFC 3339.
    pub started: String,
    /// The group as its ARNs spell it; `null` for an execution that was not started by the platform, like the next two.
    pub group: Option<String>,
    /// `approval` or `rejection` of the version.
    pub kind: Option<RequestKind>,
    /// The version.
    pub version: Option<u32>,
}

/// Reads the platform's parameters and executions; of one group, if it is given.
///
/// # Errors
/// [`Error::Nothing`] if there is nothing of all this, or no such platform.
pub async fn overview(
    hub: &impl HubAccount,
    platform: &PlatformName,
    group: Option<&ModelPackageGroupName>,
) -> Result<Overview, Error> {
    let root = ParameterNames::root(platform);
    let path = group.map_or_else(|| root.clone(), |group| format!("{root}{group}/"));
    let caller = hub.caller().await?;
    let state_machine = caller.state_machine(&format!("{platform}-model-deployment"));
    let (parameters, executions) =
        futures_util::future::try_join(hub.parameters_under(&path, false), hub.running(&state_machine)).await.map_err(
            |error| match error.code() {
                Some("StateMachineDoesNotExist") => Error::Nothing(format!(
                    "there is no platform {platform} in account {} and region {}: no state machine {state_machine}; \
                     check --platform, --region and --profile",
                    caller.account, caller.region
                )),
                _ => Error::Aws(error),
            },
        )?;

    let (mut live, mut questions, mut faults) = (Vec::new(), Vec::new(), Vec::new());
    for Parameter { name, value } in parameters {
        match place(&root, &name) {
            Some((group, "live", stage)) => match serde_json::from_str(&value) {
                Ok(record) => live.push(Live { group, stage, record }),
                Err(error) => faults.push((name, error.to_string())),
            },
            Some((group, "approval", stage)) => questions.push((name, group, stage)),
            _ => {}
        }
    }
    let mut notes = Vec::new();
    let waiting = read(hub, questions, &mut notes, &mut faults).await?;
    if !faults.is_empty() {
        return Err(Error::Documents(faults));
    }
    let mut running: Vec<_> = executions
        .into_iter()
        .map(|execution| (ExecutionSubject::from_name(&execution.name), execution))
        .filter(|(subject, _)| {
            group.is_none_or(|group| subject.as_ref().is_some_and(|subject| is_of_group(subject, group)))
        })
        .map(|(subject, execution)| Running {
            execution: execution.name,
            started: execution.started,
            kind: subject.as_ref().map(|subject| subject.kind),
            version: subject.as_ref().map(|subject| subject.version),
            group: subject.map(|subject| subject.group),
        })
        .collect();
    live.sort_by(|a, b| (&a.group, &a.stage).cmp(&(&b.group, &b.stage)));
    running.sort_by(|a, b| (&a.started, &a.execution).cmp(&(&b.started, &b.execution)));
    if live.is_empty() && waiting.is_empty() && running.is_empty() {
        let whose = group.map_or_else(String::new, |group| format!("of {group} "));
        return Err(Error::Nothing(format!("nothing {whose}is live, waits or runs on platform {platform}")));
    }
    Ok(Overview { platform: platform.clone(), live, waiting, running, notes })
}

/// Group, kind of document and stage, from `<root><group>/<kind>/<stage>`.
fn place<'a>(root: &str, name: &'a str) -> Option<(ModelPackageGroupName, &'a str, StageName)> {
    let mut parts = name.strip_prefix(root)?.split('/');
    let place = (parts.next()?.parse().ok()?, parts.next()?, parts.next()?.parse().ok()?);
    parts.next().is_none().then_some(place)
}

/// What the questions ask. One that was answered meanwhile is left out.
async fn read(
    hub: &impl HubAccount,
    questions: Vec<(String, ModelPackageGroupName, StageName)>,
    notes: &mut Vec<String>,
    faults: &mut Vec<(String, String)>,
) -> Result<Vec<Waiting>, Error> {
    let names: Vec<_> = questions.iter().map(|(name, ..)| name.clone()).collect();
    let values: Option<HashMap<_, _>> = match hub.parameters(&names).await {
        Ok(values) => Some(values),
        Err(error) if error.is_access_denied() => {
            notes.push(format!("what is asked cannot be shown: {error}"));
            None
        }
        Err(error) => return Err(error.into()),
    };
    let mut waiting: Vec<Waiting> = questions
        .into_iter()
        .filter_map(|(name, group, stage)| {
            let Some(values) = &values else { return Some(Waiting { group, stage, asked: None }) };
            match serde_json::from_str::<PendingApproval>(values.get(&name)?) {
                Ok(pending) => Some(Waiting { group, stage, asked: Some(Asked::from(pending)) }),
                Err(error) => {
                    faults.push((name, unreadable(&error)));
                    None
                }
            }
        })
        .collect();
    waiting.sort_by(|a, b| (&a.group, &a.stage).cmp(&(&b.group, &b.stage)));
    Ok(waiting)
}

impl From<PendingApproval> for Asked {
    fn from(pending: PendingApproval) -> Self {
        let PendingApproval { execution, version, model_package_arn, registered_by, .. } = pending;
        let PendingApproval { separation_of_duties, expires, summary, results, .. } = pending;
        Self { execution, version, model_package_arn, registered_by, separation_of_duties, expires, summary, results }
    }
}

/// ARNs may have the group in lower case, and a long one is cut in an execution's name.
pub(crate) fn is_of_group(subject: &ExecutionSubject, group: &ModelPackageGroupName) -> bool {
    let lower = |name: &str| ExecutionSubject { group: name.to_lowercase(), ..subject.clone() };
    lower(&subject.group).is_of_same_group(&lower(group.as_str()))
}
