use crate::aws::Records;
use crate::configuration::Configuration;
use crate::error::Error;
use deployment::{HistoryRecord, LiveRecord, StagePlan};
use serde::{Deserialize, Serialize};

#[derive(Debug, Deserialize)]
pub(crate) struct Task {
    /// What is about to be deployed.
    stage: StagePlan,
}

/// What a stage is before it is touched.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Before {
    /// What takes it back there.
    pub restore: StagePlan,
    /// `None`: nothing is live.
    pub live: Option<LiveRecord>,
}

/// Looks up what is recorded as live, and how the stage is taken back to it: with the plan it was deployed with, in the
/// accounts that had it and still are to.
///
/// # Errors
/// Of the calls, and a record that cannot be read: what cannot be taken back is not to be touched.
pub(crate) async fn before(records: &impl Records, configuration: &Configuration, task: Task) -> Result<Before, Error> {
    let stage = task.stage;
    let Some(live) = live_record(records, &stage).await? else {
        return Ok(Before { restore: stage.emptied(), live: None });
    };
    let record = history_record(records, configuration, &live).await?;
    let plan = record.plan.ok_or_else(|| Error::UnreadableRecord {
        place: place(configuration, &live),
        problem: "it has no plan".to_owned(),
    })?;
    Ok(Before { restore: plan.restored(&stage), live: Some(live) })
}

/// The history record that a live record names.
///
/// # Errors
/// Of the call, and a record that is not there or cannot be read.
pub(crate) async fn history_record(
    records: &impl Records,
    configuration: &Configuration,
    live: &LiveRecord,
) -> Result<HistoryRecord, Error> {
    let unreadable = |problem: String| Error::UnreadableRecord { place: place(configuration, live), problem };
    let record = records.object(&configuration.records_bucket, &live.record).await?;
    let record = record.ok_or_else(|| unreadable("there is no such object".to_owned()))?;
    serde_json::from_slice(&record).map_err(|error| unreadable(error.to_string()))
}

fn place(configuration: &Configuration, live: &LiveRecord) -> String {
    format!("s3://{}/{}", configuration.records_bucket, live.record)
}

/// What is recorded as live in a stage.
///
/// # Errors
/// Of the call, and a record that cannot be read.
pub(crate) async fn live_record(records: &impl Records, stage: &StagePlan) -> Result<Option<LiveRecord>, Error> {
    let place = stage.live_record_name();
    let Some(text) = records.parameter(&place).await? else { return Ok(None) };
    let read = serde_json::from_str(&text);
    read.map(Some).map_err(|error| Error::UnreadableRecord { place, problem: error.to_string() })
}
