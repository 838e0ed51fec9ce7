use crate::names::StageName;
use crate::plan::StagePlan;
use crate::request::{Approval, DeploymentRequest};
use crate::waves::WaveName;
use identifiers::{AccountId, ModelPackageArn, ModelPackageGroupName, Region};
use serde::{Deserialize, Serialize};

use crate::names::PlatformName;

/// So many earlier versions are remembered, to go back to one of them when the live one is rejected.
const EARLIER: usize = 10;

/// What is live in a stage, as its last complete deployment or roll-back left it, or, where the last roll-back failed, what
/// the stage was to be taken back to. Kept in Parameter Store, so it does not grow with the number of accounts: those are in
/// the history record that it names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LiveRecord {
    /// Of the model package, for readers that do not take ARNs apart.
    pub version: u32,
    /// The model package.
    pub model_package_arn: ModelPackageArn,
    /// The same in every account.
    pub endpoint_name: String,
    /// The name of the execution that brought it.
    pub execution: String,
    /// When the record was made, as the state machine says it.
    pub time: String,
    /// How it came.
    pub kind: RecordKind,
    /// Who allowed the version.
    pub approval: Approval,
    /// Who said yes to this stage, where somebody was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
    /// How many.
    pub accounts: usize,
    /// In which of each account's regions.
    pub regions: Vec<Region>,
    /// The key of the [`HistoryRecord`] that has the accounts and the plan.
    pub record: String,
    /// What was live in this stage before, newest first, each version once, without the live one. At most 10.
    #[serde(default)]
    pub earlier: Vec<EarlierVersion>,
}

/// A version that was live.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EarlierVersion {
    /// The model package.
    pub model_package_arn: ModelPackageArn,
    /// Who allowed it.
    pub approval: Approval,
}

/// What a record is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RecordKind {
    /// The accounts of one wave have the version.
    Wave,
    /// All accounts of the stage have it, and it is the stage's live version.
    Stage,
    /// All accounts of the stage have what they had before.
    RollBack,
    /// They were to have it, and some do not: what runs in each is not known.
    RollBackFailed,
}

impl RecordKind {
    /// As the documents have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Wave => "wave",
            Self::Stage => "stage",
            Self::RollBack => "rollBack",
            Self::RollBackFailed => "rollBackFailed",
        }
    }
}

/// An answer to the question whether a stage may be touched: the output of `states:SendTaskSuccess`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// What was answered.
    pub decision: Verdict,
    /// The ARN of who answered, as they gave it; CloudTrail has the call.
    pub by: String,
    /// When, RFC 3339.
    pub at: String,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// What was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// Go on.
    Approved,
    /// Go back.
    Rejected,
}

/// A question whether a stage may be touched, as it waits in Parameter Store. Not `Debug`: the token is worth an answer.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PendingApproval {
    /// What `states:SendTaskSuccess` takes. The state machine adds it.
    pub task_token: String,
    /// Which execution waits.
    pub execution: String,
    /// Before this stage.
    pub stage: StageName,
    /// Of the model package.
    pub version: u32,
    /// The model package.
    pub model_package_arn: ModelPackageArn,
    /// Who registered the version, where the registry says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registered_by: Option<String>,
    /// Whether who registered it may not answer.
    pub separation_of_duties: bool,
    /// Until when, RFC 3339.
    pub expires: String,
    /// What would change where.
    pub summary: String,
    /// What the earlier stages' endpoints answered, as `s3://` addresses.
    #[serde(default)]
    pub results: Vec<String>,
}

/// Something that happened to accounts of a stage. Never changed, never deleted: the answer to "which version ran in this
/// account at that time" is the newest one, not after that time, that names the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HistoryRecord {
    /// What happened.
    pub kind: RecordKind,
    /// When, UTC with milliseconds: `2026-01-31T12:00:00.000Z`.
    pub time: String,
    /// By which execution.
    pub execution: String,
    /// Whose deployment it is.
    pub platform_name: PlatformName,
    /// As the registry spells it.
    pub model_package_group_name: ModelPackageGroupName,
    /// The stage.
    pub stage: StageName,
    /// What runs in the accounts from now on; `None`: nothing.
    pub version: Option<u32>,
    /// The model package; `None`: nothing runs.
    pub model_package_arn: Option<ModelPackageArn>,
    /// Sorted.
    pub accounts: Vec<AccountId>,
    /// Accounts that are in the stage no more since the record before: nothing runs in them from now on, unless the log of
    /// the deployment says that an endpoint was left behind.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<AccountId>,
    /// In which of each account's regions.
    pub regions: Vec<Region>,
    /// Who allowed the version.
    pub approval: Approval,
    /// Who said yes to this stage, where somebody was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
    /// What the endpoints answered, as `s3://` addresses.
    #[serde(default)]
    pub results: Vec<String>,
    /// Everything about the stage; `None`: nothing runs.
    pub plan: Option<StagePlan>,
}

impl HistoryRecord {
    /// Where the records of a group are, with a slash at its end.
    pub fn prefix(group: &ModelPackageGroupName) -> String {
        format!("history/{group}/")
    }

    /// Where this one is. Keys sort as the records' times do. `wave` is that of a record about one.
    pub fn key(&self, wave: Option<WaveName>) -> String {
        let what = wave.map_or_else(|| self.kind.as_str(), WaveName::as_str);
        let Self { time, stage, execution, .. } = self;
        format!("{}{time}-{stage}-{what}-{execution}.json", Self::prefix(&self.model_package_group_name))
    }
}

impl LiveRecord {
    /// The record of a stage that is as `plan` says. `before` is what was recorded until now.
    pub fn new(record: &HistoryRecord, plan: &StagePlan, key: &str, before: Option<&Self>) -> Self {
        let arn = &plan.model_package_arn;
        let mut earlier: Vec<EarlierVersion> = Vec::new();
        let versions = before.map(Self::versions).unwrap_or_default();
        // A version that was taken back is none to come back to.
        let is_taken_back = matches!(record.kind, RecordKind::RollBack | RecordKind::RollBackFailed);
        for version in versions.into_iter().skip(usize::from(is_taken_back)) {
            let is_known = earlier.iter().any(|it| it.model_package_arn == version.model_package_arn);
            if version.model_package_arn != *arn && !is_known && earlier.len() < EARLIER {
                earlier.push(version);
            }
        }
        Self {
            version: arn.version(),
            model_package_arn: arn.clone(),
            endpoint_name: plan.endpoint_name.clone(),
            execution: record.execution.clone(),
            time: record.time.clone(),
            kind: record.kind,
            approval: record.approval.clone(),
            decision: record.decision.clone(),
            accounts: record.accounts.len(),
            regions: record.regions.clone(),
            record: key.to_owned(),
            earlier,
        }
    }
}

impl LiveRecord {
    /// The live version and those before it, newest first.
    pub fn versions(&self) -> Vec<EarlierVersion> {
        let live =
            EarlierVersion { model_package_arn: self.model_package_arn.clone(), approval: self.approval.clone() };
        std::iter::once(live).chain(self.earlier.iter().cloned()).collect()
    }
}

/// A request whose version is older than the live one goes back, and is named so.
pub fn goes_back(request: &DeploymentRequest, live: Option<&LiveRecord>) -> bool {
    live.is_some_and(|live| request.model_package_arn.version() < live.version)
}
