use crate::aws::hub::Hub;
use crate::error::Error;
use deployment::{LiveRecord, StagePlan};

/// Writes down what is live in the stage. `time` comes from the state machine, so a repeated task writes the same again.
///
/// # Errors
/// Of the calls.
pub(crate) async fn record(
    hub: &impl Hub,
    stage: &StagePlan,
    execution: &str,
    time: &str,
) -> Result<LiveRecord, Error> {
    let record = LiveRecord::new(stage, execution, time);
    let value = serde_json::to_string(&record).map_err(Error::InvalidAnswer)?;
    hub.put_parameter(&stage.live_record_name(), &value).await?;
    tracing::info!(
        stage = stage.name.as_str(),
        model_package_arn = record.model_package_arn.as_str(),
        accounts = record.accounts.len(),
        execution,
        "stage is live"
    );
    Ok(record)
}
