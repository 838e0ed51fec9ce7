use crate::aws::Records;
use crate::before::{history_record, live_record};
use crate::configuration::Configuration;
use crate::error::Error;
use deployment::{Approval, Decision, DeploymentRequest, HistoryRecord, LiveRecord, RecordKind, StagePlan, WaveName};
use identifiers::AccountId;
use serde::{Deserialize, Serialize};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Task {
    /// What happened.
    kind: RecordKind,
    execution: String,
    /// When, as the state machine says it.
    time: String,
    /// Of the execution.
    request: DeploymentRequest,
    /// What the accounts are now. For a roll-back: what the stage was taken back to, or was to be.
    stage: StagePlan,
    /// The wave, where one is recorded.
    #[serde(default)]
    wave: Option<WaveName>,
    /// What was live before the execution touched the stage, for a roll-back.
    #[serde(default)]
    before: Option<LiveRecord>,
    #[serde(default)]
    decision: Option<Decision>,
    #[serde(default)]
    results: Vec<String>,
}

/// What was written.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Recorded {
    /// The stage.
    pub stage: String,
    /// What runs there; `None`: nothing.
    pub version: Option<u32>,
    /// In how many accounts.
    pub accounts: usize,
    /// The history record's key.
    pub record: String,
}

/// Writes down what accounts of a stage are from now on.
///
/// # Errors
/// Of the calls, and records that cannot be read.
pub(crate) async fn record(
    records: &impl Records,
    configuration: &Configuration,
    task: Task,
) -> Result<Recorded, Error> {
    let mut record = history(&task);
    let key = record.key(task.wave);
    let mut found = None;
    if record.plan.is_some() {
        found = live_record(records, &task.stage).await?;
        record.left = left(records, configuration, &record, &key, found.as_ref()).await?;
    }
    let body = serde_json::to_string(&record).map_err(Error::InvalidAnswer)?;
    records.put_object(&configuration.records_bucket, &key, body).await?;
    let parameter = task.stage.live_record_name();
    match (&record.plan, task.kind) {
        (_, RecordKind::Wave) => {}
        (Some(plan), _) => {
            let live = LiveRecord::new(&record, plan, &key, found.as_ref());
            let live = serde_json::to_string(&live).map_err(Error::InvalidAnswer)?;
            records.put_parameter(&parameter, &live).await?;
        }
        (None, _) => records.delete_parameter(&parameter).await?,
    }
    tracing::info!(
        model_package_group_name = record.model_package_group_name.as_str(),
        stage = record.stage.as_str(),
        kind = record.kind.as_str(),
        version = record.version,
        accounts = record.accounts.len(),
        execution = record.execution,
        "record written"
    );
    Ok(Recorded {
        stage: record.stage.to_string(),
        version: record.version,
        accounts: record.accounts.len(),
        record: key,
    })
}

/// The accounts of the record before that the stage does not have any more.
async fn left(
    records: &impl Records,
    configuration: &Configuration,
    record: &HistoryRecord,
    key: &str,
    found: Option<&LiveRecord>,
) -> Result<Vec<AccountId>, Error> {
    let Some(live) = found else { return Ok(Vec::new()) };
    let before = history_record(records, configuration, live).await?;
    // Run again: the record before is this one.
    if live.record == key {
        return Ok(before.left);
    }
    let cleared: Vec<_> = record.plan.iter().flat_map(|plan| &plan.cleared).collect();
    let stays = |account: &AccountId| record.accounts.contains(account) || cleared.contains(&account);
    Ok(before.accounts.into_iter().filter(|account| !stays(account)).collect())
}

fn history(task: &Task) -> HistoryRecord {
    let stage = &task.stage;
    // Taken back to nothing: the accounts that have none any more.
    let is_empty = stage.accounts.is_empty();
    let approval: &Approval = match &task.before {
        Some(before) => &before.approval,
        None => &task.request.approval,
    };
    let accounts: Vec<AccountId> = match task.wave.and_then(|wave| stage.wave(wave)) {
        Some(wave) => wave.accounts.clone(),
        None if is_empty => stage.cleared.clone(),
        None => stage.accounts.clone(),
    };
    HistoryRecord {
        kind: task.kind,
        time: task.time.clone(),
        execution: task.execution.clone(),
        platform_name: stage.platform_name.clone(),
        model_package_group_name: stage.model_package_group_name.clone(),
        stage: stage.name.clone(),
        version: (!is_empty).then(|| stage.model_package_arn.version()),
        model_package_arn: (!is_empty).then(|| stage.model_package_arn.clone()),
        accounts,
        left: Vec::new(),
        regions: stage.regions.clone(),
        approval: approval.clone(),
        decision: task.decision.clone(),
        results: task.results.clone(),
        // A wave is not what a stage is taken back to, and with its accounts it would be the larger part of the history.
        plan: (!is_empty && task.kind != RecordKind::Wave).then(|| stage.clone()),
    }
}
