use crate::names::StageName;
use crate::plan::StagePlan;
use identifiers::{AccountId, ModelPackageArn, Region};
use serde::{Deserialize, Serialize};
use std::fmt::{Display, Formatter, Result};

/// Why a stage failed, account by account.
///
/// Step Functions keeps at most 32,768 characters of a failed execution's cause, so the report is bounded when it is
/// made: long reasons are cut, and accounts beyond the bound are counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeploymentReport {
    /// The version that was to be live.
    pub model_package_arn: ModelPackageArn,
    /// The stage.
    pub stage: StageName,
    /// What was being done.
    pub phase: Phase,
    /// Where, and why.
    pub failures: Vec<Failure>,
    /// How many more there are than the report has room for.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub omitted: usize,
}

/// What a stage was at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Phase {
    /// The stack set's operations.
    Deploy,
    /// The comparison of what is live with what was requested.
    Verify,
    /// The look at alarms and configuration after a wave has served for a while.
    Watch,
}

/// One account that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// `None` if the stage as a whole failed.
    pub account: Option<AccountId>,
    /// `None` if the stage as a whole failed.
    pub region: Option<Region>,
    /// What the service answered, or what was expected and what was found.
    pub reason: String,
}

const LONGEST_REASON: usize = 1_000;
const LONGEST_REPORT: usize = 24_000;

impl DeploymentReport {
    /// The report of a stage's failures, in the order of accounts and regions.
    pub fn new(stage: &StagePlan, phase: Phase, mut failures: Vec<Failure>) -> Self {
        failures.sort_by(|a, b| (&a.account, &a.region).cmp(&(&b.account, &b.region)));
        let mut room = LONGEST_REPORT;
        let total = failures.len();
        let failures: Vec<_> = failures
            .into_iter()
            .map(|mut failure| {
                if let Some((end, _)) = failure.reason.char_indices().nth(LONGEST_REASON) {
                    failure.reason.truncate(end);
                    failure.reason.push_str("...");
                }
                failure
            })
            // What JSON makes of a reason is what takes the room: a quote in it is two characters, and more in a cause.
            .map_while(|failure| {
                room = room.checked_sub(serde_json::to_string(&failure).map_or(LONGEST_REPORT, |json| json.len()))?;
                Some(failure)
            })
            .collect();
        Self {
            model_package_arn: stage.model_package_arn.clone(),
            stage: stage.name.clone(),
            phase,
            omitted: total.saturating_sub(failures.len()),
            failures,
        }
    }
}

impl Display for DeploymentReport {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let (arn, stage) = (&self.model_package_arn, &self.stage);
        let phase = match self.phase {
            Phase::Deploy => "deployed",
            Phase::Verify => "verified",
            Phase::Watch => "left in service",
        };
        write!(f, "version {} of {} could not be {phase} in stage {stage}", arn.version(), arn.group())?;
        for (index, failure) in self.failures.iter().enumerate() {
            f.write_str(if index == 0 { ": " } else { "; " })?;
            if let (Some(account), Some(region)) = (&failure.account, &failure.region) {
                write!(f, "{account} in {region}: ")?;
            }
            f.write_str(&failure.reason)?;
        }
        match self.omitted {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}
