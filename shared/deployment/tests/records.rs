//! What is remembered of a stage, and where.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on should say where")]

use deployment::{
    Approval, DeploymentRequest, HistoryRecord, LiveRecord, RecordKind, Registration, RequestKind, StagePlan, WaveName,
    goes_back,
};
use proptest::prelude::*;
use serde_json::json;

fn request(version: u32) -> DeploymentRequest {
    DeploymentRequest {
        platform_name: "mlops".parse().unwrap(),
        kind: RequestKind::Approval,
        model_package_arn: format!("arn:aws:sagemaker:eu-central-1:111111111111:model-package/churn/{version}")
            .parse()
            .unwrap(),
        model_package_group_name: None,
        approval: Approval {
            id: version.to_string(),
            time: None,
            by: Some("b".into()),
            registered_by: Some("a".into()),
        },
    }
}

fn plan(version: u32) -> StagePlan {
    let registration: Registration = json!({
        "stages": [{"name": "prod", "accountIds": ["222222222222", "333333333333"],
            "waves": {"canary": {"accounts": 1}}, "approval": {"expiresAfterHours": 1}}],
        "endpoint": {"type": "realTime", "variants": [{"name": "AllTraffic", "instance": {"type": "ml.m5.large", "count": 1}}]},
        "modelExecutionRoleName": "Model",
        "stackSet": {"permissionModel": "SERVICE_MANAGED"}
    })
    .to_string()
    .parse()
    .unwrap();
    let accounts = ["333333333333", "222222222222"].map(|id| id.parse().unwrap()).to_vec();
    StagePlan::new(&request(version), &registration, &registration.stages[0], None, accounts).unwrap()
}

fn record(kind: RecordKind, plan: &StagePlan) -> HistoryRecord {
    HistoryRecord {
        kind,
        time: "2026-01-31T12:00:00.000Z".into(),
        execution: "churn-v7-01234567".into(),
        platform_name: plan.platform_name.clone(),
        model_package_group_name: plan.model_package_group_name.clone(),
        stage: plan.name.clone(),
        version: Some(plan.model_package_arn.version()),
        model_package_arn: Some(plan.model_package_arn.clone()),
        accounts: plan.accounts.clone(),
        left: vec![],
        regions: plan.regions.clone(),
        approval: request(plan.model_package_arn.version()).approval,
        decision: None,
        results: vec![],
        plan: Some(plan.clone()),
    }
}

fn live(kind: RecordKind, version: u32, before: Option<&LiveRecord>) -> LiveRecord {
    let plan = plan(version);
    LiveRecord::new(&record(kind, &plan), &plan, "history/churn/x.json", before)
}

fn versions(record: &LiveRecord) -> Vec<u32> {
    record.versions().iter().map(|it| it.model_package_arn.version()).collect()
}

#[test]
fn keys_sort_by_time_and_tell_what_they_hold() {
    let plan = plan(7);
    let wave = record(RecordKind::Wave, &plan);
    assert_eq!(
        wave.key(Some(WaveName::Canary)),
        "history/churn/2026-01-31T12:00:00.000Z-prod-canary-churn-v7-01234567.json"
    );
    let stage = record(RecordKind::Stage, &plan);
    assert_eq!(stage.key(None), "history/churn/2026-01-31T12:00:00.000Z-prod-stage-churn-v7-01234567.json");
}

#[test]
fn a_live_record_remembers_what_was_before() {
    let first = live(RecordKind::Stage, 1, None);
    let second = live(RecordKind::Stage, 2, Some(&first));
    let third = live(RecordKind::Stage, 3, Some(&second));
    assert_eq!(versions(&third), [3, 2, 1]);
    assert_eq!(third.accounts, 2);
    assert_eq!(third.earlier[1].approval.by.as_deref(), Some("b"));
    // The same record once more, as a repeated task writes it.
    assert_eq!(versions(&live(RecordKind::Stage, 3, Some(&third))), [3, 2, 1]);
    // Back to an older one by an approval: what was live in between may come back too.
    assert_eq!(versions(&live(RecordKind::Stage, 1, Some(&third))), [1, 3, 2]);
    // Taken back: the version that failed may not.
    let taken_back = live(RecordKind::RollBack, 2, Some(&third));
    assert_eq!(versions(&taken_back), [2, 1]);
    assert_eq!(versions(&live(RecordKind::RollBack, 2, Some(&taken_back))), [2, 1]);
    assert_eq!(versions(&live(RecordKind::RollBackFailed, 2, Some(&third))), [2, 1]);
    assert!(
        goes_back(&request(2), Some(&third)) && !goes_back(&request(4), Some(&third)) && !goes_back(&request(1), None)
    );
}

#[test]
fn a_plan_is_restored_where_it_was_and_still_is_to_be() {
    let (old, mut new) = (plan(1), plan(2));
    new.accounts = ["333333333333", "444444444444"].map(|id| id.parse().unwrap()).to_vec();
    let restored = old.restored(&new);
    assert_eq!(restored.accounts, ["333333333333".parse().unwrap()]);
    assert_eq!(restored.cleared, ["444444444444".parse().unwrap()]);
    assert_eq!(restored.model_package_arn.version(), 1);
    assert!(restored.approval.is_none());
    assert_eq!(restored.waves.len(), 1);
    let tolerated = restored.waves.first().map(|wave| wave.operation_preferences.failure_tolerance_percentage);
    assert_eq!(tolerated, Some(100), "each account is tried");
    let emptied = new.emptied();
    assert!(emptied.accounts.is_empty() && emptied.cleared == new.accounts);
}

#[test]
fn a_plan_travels_as_json() {
    let plan = plan(7);
    let text = serde_json::to_string(&plan).unwrap();
    assert_eq!(serde_json::from_str::<StagePlan>(&text).unwrap(), plan);
    assert!(!text.contains("cleared"), "{text}");
}

proptest! {
    /// However a stage came to its version, it remembers each other one once, and no more than ten.
    #[test]
    fn versions_are_remembered_once(history in proptest::collection::vec((1u32..15, any::<bool>()), 1..40)) {
        let mut last: Option<LiveRecord> = None;
        for (version, is_roll_back) in history {
            let kind = if is_roll_back { RecordKind::RollBack } else { RecordKind::Stage };
            let next = live(kind, version, last.as_ref());
            let mut seen = versions(&next);
            prop_assert_eq!(seen[0], version);
            prop_assert!(seen.len() <= 11);
            let length = seen.len();
            seen.sort_unstable();
            seen.dedup();
            prop_assert_eq!(seen.len(), length);
            last = Some(next);
        }
    }
}
