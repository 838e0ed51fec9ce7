//! Which version ran in an account at a time.

use std::collections::BTreeSet;

use deployment::{Approval, Decision, ExecutionSubject, HistoryRecord, PlatformName, RecordKind, StageName, WaveName};
use futures_util::{StreamExt, TryStreamExt, stream};
use identifiers::{AccountId, ModelPackageArn, ModelPackageGroupName, Region};
use serde::{Deserialize, Serialize};

use crate::arguments::{Global, Status};
use crate::aws::{HubAccount, Records};
use crate::error::Error;
use crate::moment::Moment;
use crate::status::is_of_group;

/// So many records are read at once, in each of so many groups.
const RECORDS_AT_ONCE: usize = 8;
const GROUPS_AT_ONCE: usize = 4;

/// What ran in an account: the JSON document of `mlops status --account`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct History {
    /// The platform.
    pub platform: PlatformName,
    /// The account.
    pub account: AccountId,
    /// The time that was asked about, UTC with milliseconds.
    pub at: Moment,
    /// The region that was asked about, if one was.
    pub region: Option<Region>,
    /// By group and stage. At least one.
    pub versions: Vec<Ran>,
}

/// What ran in the account as a part of one stage of one group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Ran {
    /// The model package group.
    pub group: ModelPackageGroupName,
    /// The stage.
    pub stage: StageName,
    /// `null`: nothing ran, since what ran before was taken away. Of a `rollBackFailed`: what was to come back.
    pub version: Option<u32>,
    /// The model package; `null` with the version.
    pub model_package_arn: Option<ModelPackageArn>,
    /// In which of the account's regions.
    pub regions: Vec<Region>,
    /// When the record was made that says so, UTC with milliseconds.
    pub since: String,
    /// Whether a `wave`, a whole `stage` or a `rollBack` brought it. `rollBackFailed`: what ran since then is not known.
    pub kind: RecordKind,
    /// The name of the execution that brought it.
    pub execution: String,
    /// Who approved the version: `id`, `time`, `by`, `registeredBy`.
    pub approval: Approval,
    /// Who let it into the stage, where somebody was asked: `decision`, `by`, `at`, `comment`.
    pub decision: Option<Decision>,
    /// What the endpoints answered, as `s3://` addresses.
    pub results: Vec<String>,
    /// The key of the record in the records' bucket.
    pub record: String,
}

/// The part of a [`HistoryRecord`] that answers the question. A history holds records of every release there was, so what
/// is not needed is not read.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    kind: RecordKind,
    time: String,
    execution: String,
    stage: StageName,
    version: Option<u32>,
    model_package_arn: Option<ModelPackageArn>,
    accounts: Vec<AccountId>,
    #[serde(default)]
    left: Vec<AccountId>,
    regions: Vec<Region>,
    approval: Approval,
    decision: Option<Decision>,
    #[serde(default)]
    results: Vec<String>,
    plan: Option<Plan>,
}

/// Of a [`deployment::StagePlan`].
#[derive(Debug, Clone, Deserialize)]
struct Plan {
    /// Accounts that a roll-back leaves without an endpoint, as they were before.
    #[serde(default)]
    cleared: Vec<AccountId>,
}

/// Where and when is asked about.
struct Place<'a> {
    bucket: &'a str,
    account: &'a AccountId,
    region: Option<&'a Region>,
    at: &'a Moment,
}

/// What a record says about the account's part in its stage.
enum Says {
    /// This ran from then on.
    Ran(Box<Ran>),
    /// The stage was complete, and the account was not in it.
    NotInStage,
    /// Nothing about this account.
    Nothing,
}

/// Which versions ran in the account at the time: of each group, or the given one, and of each of its stages.
///
/// The answer of a stage is its newest record, not after the time, that names the account (and the region). A record about
/// a whole stage names all its accounts, so one that does not name this one ends the search as well: the account was not, or
/// no longer, in the stage. The records' keys sort by time and tell the stage, so records of stages that have answered
/// are not read.
///
/// # Errors
/// [`Error::Nothing`] if no stage had the account, or if the platform keeps no history here.
pub async fn ran(
    hub: &(impl HubAccount + Records),
    global: &Global,
    status: &Status,
    account: &AccountId,
) -> Result<History, Error> {
    let platform = &global.platform;
    let parameter = format!("/{platform}/deployment-records-bucket");
    let bucket = hub.parameters(std::slice::from_ref(&parameter)).await?.remove(&parameter).ok_or_else(|| {
        Error::Nothing(format!(
            "platform {platform} keeps no history here: there is no parameter {parameter}; check --platform, --region and \
             --profile"
        ))
    })?;
    let at = status.at.clone().unwrap_or_else(Moment::now);
    let region = status.account_region.as_ref();
    let groups = match &status.group {
        Some(group) => vec![group.clone()],
        // What is no group's name was not put there by a deployment.
        None => hub.folders(&bucket, "history/").await?.iter().filter_map(|name| name.parse().ok()).collect(),
    };
    let place = Place { bucket: &bucket, account, region, at: &at };
    let mut versions: Vec<Ran> = stream::iter(&groups)
        .map(|group| of_group(hub, group, &place))
        .buffer_unordered(GROUPS_AT_ONCE)
        .try_concat()
        .await?;
    versions.sort_by(|a, b| (&a.group, &a.stage).cmp(&(&b.group, &b.stage)));
    if versions.is_empty() {
        let whose = status.group.as_ref().map_or_else(|| "any group".to_owned(), ToString::to_string);
        let region = region.map_or_else(String::new, |region| format!(" and region {region}"));
        return Err(Error::Nothing(format!(
            "no stage of {whose} had account {account}{region} at {at}, says the history in {bucket}"
        )));
    }
    let region = status.account_region.clone();
    Ok(History { platform: platform.clone(), account: account.clone(), at, region, versions })
}

async fn of_group(hub: &impl Records, group: &ModelPackageGroupName, place: &Place<'_>) -> Result<Vec<Ran>, Error> {
    let prefix = HistoryRecord::prefix(group);
    let second = place.at.as_str().split_once('.').map_or(place.at.as_str(), |(second, _)| second);
    // Behind every key of that second, with milliseconds or without: what is too late among them is left out below.
    let keys = hub.keys(place.bucket, &prefix, &format!("{prefix}{second}[")).await?;
    let mut records: Vec<_> = keys
        .iter()
        .filter_map(|key| stages(group, key.strip_prefix(&prefix)?).map(|(time, stages)| (time, key, stages)))
        .filter(|(time, ..)| time <= place.at)
        .collect();
    records.sort_by(|a, b| (&b.0, b.1).cmp(&(&a.0, a.1)));
    let mut newest_first = records.iter().peekable();
    let mut answered = BTreeSet::new();
    let mut versions = Vec::new();
    while newest_first.peek().is_some() {
        let batch: Vec<_> = newest_first
            .by_ref()
            .filter(|(_, _, stages)| stages.is_empty() || stages.iter().any(|stage| !answered.contains(stage)))
            .take(RECORDS_AT_ONCE)
            .map(|(_, key, _)| read(hub, place.bucket, key))
            .collect();
        let records: Vec<_> = stream::iter(batch).buffered(RECORDS_AT_ONCE).try_collect().await?;
        for (key, record) in records {
            let stage = record.stage.clone();
            if answered.contains(&stage) {
                continue;
            }
            match says(record, group, key, place) {
                Says::Nothing => continue,
                Says::NotInStage => {}
                Says::Ran(ran) => versions.push(*ran),
            }
            answered.insert(stage);
        }
    }
    Ok(versions)
}

async fn read<'a>(hub: &impl Records, bucket: &str, key: &'a str) -> Result<(&'a str, Record), Error> {
    let body = hub.object(bucket, key).await?;
    let record = serde_json::from_slice(&body)
        .map_err(|error| Error::Documents(vec![(format!("s3://{bucket}/{key}"), error.to_string())]))?;
    Ok((key, record))
}

fn says(record: Record, group: &ModelPackageGroupName, key: &str, place: &Place<'_>) -> Says {
    let in_region = place.region.is_none_or(|region| record.regions.contains(region));
    let cleared =
        record.left.contains(place.account) || record.plan.iter().any(|plan| plan.cleared.contains(place.account));
    let named = cleared || record.accounts.contains(place.account);
    if !named || !in_region {
        return if record.kind == RecordKind::Stage { Says::NotInStage } else { Says::Nothing };
    }
    Says::Ran(Box::new(Ran {
        group: group.clone(),
        stage: record.stage,
        version: record.version.filter(|_| !cleared),
        model_package_arn: record.model_package_arn.filter(|_| !cleared),
        regions: place.region.map_or(record.regions, |region| vec![region.clone()]),
        since: record.time,
        kind: record.kind,
        execution: record.execution,
        approval: record.approval,
        decision: record.decision,
        results: record.results,
        record: key.to_owned(),
    }))
}

/// The time of a record and the stages that it may be about, from its key without the group, `<time>-<stage>-<what>-<execution>.json`; no stage
/// if it cannot be told. `None` if it is no record's key.
///
/// Stages and executions have hyphens in their names too, so more than one division can be possible. The right one is that
/// whose rest is the name of an execution about this group, unless somebody named the execution.
fn stages(group: &ModelPackageGroupName, key: &str) -> Option<(Moment, Vec<StageName>)> {
    // Whole seconds may stand without milliseconds.
    let (time, rest) = key.split_at_checked(key.find('Z')? + 1)?;
    let time = time.parse().ok()?;
    let names = rest.strip_prefix('-')?.strip_suffix(".json")?;
    let mut divisions: Vec<(StageName, bool)> = names
        .match_indices('-')
        .filter_map(|(at, _)| {
            let (stage, rest) = (names.get(..at)?.parse().ok()?, names.get(at + 1..)?);
            let (_, execution) = rest.split_once('-').filter(|(what, _)| is_what(what))?;
            Some((stage, is_about(group, execution)))
        })
        .collect();
    if divisions.iter().any(|(_, certain)| *certain) {
        divisions.retain(|(_, certain)| *certain);
    }
    Some((time, divisions.into_iter().map(|(stage, _)| stage).collect()))
}

fn is_about(group: &ModelPackageGroupName, execution: &str) -> bool {
    ExecutionSubject::from_name(execution).is_some_and(|subject| is_of_group(&subject, group))
}

fn is_what(text: &str) -> bool {
    [RecordKind::Stage, RecordKind::RollBack, RecordKind::RollBackFailed].map(RecordKind::as_str).contains(&text)
        || [WaveName::Canary, WaveName::Rest, WaveName::All].map(WaveName::as_str).contains(&text)
}

#[cfg(test)]
mod tests {
    use super::stages;

    #[test]
    fn a_key_tells_its_stage() {
        let (churn, time) = ("churn".parse().unwrap(), "2026-01-31T12:00:00.000Z");
        for (names, expected) in [
            ("prod-all-churn-v7-01234567", &["prod"][..]),
            ("prod-rollBack-churn-r7-01234567", &["prod"]),
            ("prod-rollBackFailed-churn-v7-01234567", &["prod"]),
            ("prod-rest-stage-a-stage-churn-v7-01234567", &["prod-rest-stage-a"]),
            ("eu-prod-canary-Churn-v7-01234567", &["eu-prod"]),
            ("all-all-all-all-churn-v7-01234567", &["all-all-all"]),
            ("all-all-all-all-v7-01234567", &["all", "all-all", "all-all-all"]),
            ("prod-all-by-hand", &["prod"]),
            ("prod-sometime-by-hand", &[]),
        ] {
            let (at, found) = stages(&churn, &format!("{time}-{names}.json")).unwrap();
            assert_eq!(at.as_str(), time);
            assert_eq!(found.iter().map(|stage| stage.as_str()).collect::<Vec<_>>(), expected, "{names}");
        }
        for other in
            ["", "latest.json", "2026-01-31-prod-all-churn-v7-01234567.json", "Zoe-all-x.json", &format!("{time}-x")]
        {
            assert_eq!(stages(&churn, other), None, "{other}");
        }
    }
}
