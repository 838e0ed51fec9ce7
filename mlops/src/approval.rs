//! The answer to a question that waits.

use deployment::{Decision, ParameterNames, PendingApproval, PlatformName, StageName, Verdict};
use identifiers::{ModelPackageArn, ModelPackageGroupName};
use serde::Serialize;

use crate::arguments::Question;
use crate::aws::HubAccount;
use crate::error::Error;
use crate::moment::Moment;
use crate::output::printable;
use crate::principal::Principal;
use crate::terminal::Terminal;

/// How Step Functions says that a token is of no use any longer. A token that was used is "timed out" too.
const CLOSED: [&str; 3] = ["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"];

/// An answer that was taken: the JSON document of `mlops approve` and `mlops reject`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answered {
    /// The model package group.
    pub group: ModelPackageGroupName,
    /// Before which stage the execution waited.
    pub stage: StageName,
    /// The number of the version that was decided on.
    pub version: u32,
    /// Its ARN.
    pub model_package_arn: ModelPackageArn,
    /// The name of the execution.
    pub execution: String,
    /// What was sent: `decision` is `approved` or `rejected`, `by` the caller's ARN, `at` the time (RFC 3339), `comment`
    /// only if there is one.
    pub decision: Decision,
}

/// Whether the answer can be confirmed at all; asked before anything else, so that a script learns it at once.
///
/// # Errors
/// [`Error::Usage`].
pub(crate) fn can_confirm(question: &Question, terminal: &impl Terminal) -> Result<(), Error> {
    if question.yes || terminal.is_interactive() {
        return Ok(());
    }
    Err(Error::Usage(
        "standard input is no terminal to confirm at: give --yes, and --model-version to be sure".to_owned(),
    ))
}

/// Finds the question, shows it, has the answer confirmed and sends it.
///
/// # Errors
/// [`Error::Nothing`] if nothing waits, [`Error::Usage`] if more than one does, [`Error::Refused`] if the caller may have
/// registered the version and must not have, [`Error::NotConfirmed`], [`Error::Closed`] if the answer came too late.
pub async fn answer(
    hub: &impl HubAccount,
    terminal: &mut impl Terminal,
    platform: &PlatformName,
    question: &Question,
    verdict: Verdict,
) -> Result<Answered, Error> {
    can_confirm(question, terminal)?;
    let pending = find(hub, platform, question).await?;
    let caller = hub.caller().await?.arn;
    let (group, stage, version) = (&question.group, &pending.stage, pending.version);
    if let Some(reason) = refusal(&pending, &caller, verdict) {
        return Err(Error::Refused { group: group.to_string(), version, reason });
    }
    terminal.show(&described(&pending, group))?;
    let verb = match verdict {
        Verdict::Approved => "Approve",
        Verdict::Rejected => "Reject",
    };
    if !question.yes
        && !terminal.confirm(&format!("{verb} version {version} of {group} for stage {stage} as {caller}?"))?
    {
        return Err(Error::NotConfirmed);
    }
    let decision =
        Decision { decision: verdict, by: caller, at: Moment::now().to_string(), comment: question.comment.clone() };
    let output = serde_json::to_string(&decision).map_err(|error| Error::Terminal(error.into()))?;
    hub.succeed(&pending.task_token, &output).await.map_err(|answer| {
        let answer = answer.without(&pending.task_token);
        if !answer.code().is_some_and(|code| CLOSED.contains(&code)) {
            return Error::Aws(answer);
        }
        let (group, stage, expires) = (group.to_string(), stage.to_string(), pending.expires.clone());
        Error::Closed { group, stage, version, expires, answer: Box::new(answer) }
    })?;
    let PendingApproval { stage, version, model_package_arn, execution, .. } = pending;
    Ok(Answered { group: group.clone(), stage, version, model_package_arn, execution, decision })
}

async fn find(hub: &impl HubAccount, platform: &PlatformName, question: &Question) -> Result<PendingApproval, Error> {
    let Question { group, stage, model_version, .. } = question;
    let mut found = Vec::new();
    let mut faults = Vec::new();
    for parameter in hub.parameters_under(&ParameterNames::new(platform, group).pending(), true).await? {
        match serde_json::from_str::<PendingApproval>(&parameter.value) {
            Ok(pending) => found.push(pending),
            Err(error) => faults.push((parameter.name, unreadable(&error))),
        }
    }
    if !faults.is_empty() {
        return Err(Error::Documents(faults));
    }
    let all = list(&found);
    found.retain(|pending| stage.as_ref().is_none_or(|stage| pending.stage == *stage));
    found.retain(|pending| model_version.is_none_or(|version| pending.version == version));
    match (found.pop(), found.as_slice()) {
        (Some(pending), []) => Ok(pending),
        (Some(_), _) => {
            Err(Error::Usage(format!("more than one question about {group} waits: {all}; say which by --stage")))
        }
        (None, _) if all.is_empty() => {
            Err(Error::Nothing(format!("nothing about {group} waits for an answer on platform {platform}")))
        }
        (None, _) => Err(Error::Nothing(format!("no such question about {group} waits, only: {all}"))),
    }
}

/// Where a document breaks off or is of another form. Not what is there instead: it holds a token.
pub(crate) fn unreadable(error: &serde_json::Error) -> String {
    let what = if error.is_data() { "is not of the expected form" } else { "is not JSON" };
    format!("{what}, line {} column {}", error.line(), error.column())
}

fn list(pending: &[PendingApproval]) -> String {
    let mut lines: Vec<_> =
        pending.iter().map(|pending| format!("stage {} (version {})", pending.stage, pending.version)).collect();
    lines.sort();
    lines.join(", ")
}

/// Rejecting what nobody is known to have registered harms no one; letting it pass would leave the rule to chance.
fn refusal(pending: &PendingApproval, caller: &str, verdict: Verdict) -> Option<String> {
    if !pending.separation_of_duties {
        return None;
    }
    match pending.registered_by.as_deref().filter(|registrant| !registrant.is_empty()) {
        Some(registrant) => Principal::from_arn(caller).may_be(&Principal::from_arn(registrant)),
        None if verdict == Verdict::Approved => {
            Some("the registry does not say who registered it, and it may have been you".to_owned())
        }
        None => None,
    }
}

fn described(pending: &PendingApproval, group: &ModelPackageGroupName) -> String {
    let PendingApproval { stage, version, execution, expires, .. } = pending;
    let registrant = pending.registered_by.as_deref().unwrap_or("unknown");
    let mut lines = vec![
        format!("Version {version} of {group} waits before stage {stage} (execution {execution}) until {expires}."),
        format!("Registered by: {registrant}"),
        pending.summary.trim_end().to_owned(),
    ];
    lines.extend(pending.results.iter().map(|address| format!("Results: {address}")));
    lines.iter().flat_map(|line| [printable(line), "\n".to_owned()]).collect()
}
