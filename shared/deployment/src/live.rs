use crate::plan::StagePlan;
use crate::registration::Instance;
use identifiers::{AccountId, ModelPackageArn, Region};
use serde::{Deserialize, Serialize};

/// What is live in a stage, as its last complete deployment left it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LiveRecord {
    /// Of the model package, for readers that do not take ARNs apart.
    pub version: u32,
    /// The model package.
    pub model_package_arn: ModelPackageArn,
    /// The same in every account.
    pub endpoint_name: String,
    /// What it runs on in every account.
    pub instance: Instance,
    /// Sorted.
    pub accounts: Vec<AccountId>,
    /// In which of each account's regions.
    pub regions: Vec<Region>,
    /// The name of the execution that deployed it.
    pub execution: String,
    /// When the record was made, as the state machine says it.
    pub time: String,
}

impl LiveRecord {
    /// The record of a stage that was deployed and verified.
    pub fn new(stage: &StagePlan, execution: &str, time: &str) -> Self {
        Self {
            version: stage.model_package_arn.version(),
            model_package_arn: stage.model_package_arn.clone(),
            endpoint_name: stage.endpoint_name.clone(),
            instance: stage.instance.clone(),
            accounts: stage.accounts.clone(),
            regions: stage.regions.clone(),
            execution: execution.to_owned(),
            time: time.to_owned(),
        }
    }
}
