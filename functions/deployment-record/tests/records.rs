//! What is written down of stages, and what is told of it later.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on should say where"
)]

use aws_ports::AwsError;
use deployment::{HistoryRecord, LiveRecord, PendingApproval, RecordKind, Registration, StagePlan};
use deployment_record::{Configuration, Error, Records, handle};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Mutex;

const LIVE: &str = "/mlops/deployments/churn/live/prod";

#[derive(Debug, Default)]
struct Account {
    parameters: Mutex<BTreeMap<String, String>>,
    objects: Mutex<BTreeMap<String, String>>,
    writes: Mutex<Vec<String>>,
    /// The write of this number, counted from 0, does not happen.
    cut_at: Mutex<Option<usize>>,
}

impl Account {
    fn write(&self, what: &str) -> Result<(), AwsError> {
        let mut writes = self.writes.lock().unwrap();
        if *self.cut_at.lock().unwrap() == Some(writes.len()) {
            return Err(AwsError::answered("s3:PutObject", "SlowDown", "reduce your request rate"));
        }
        writes.push(what.to_owned());
        Ok(())
    }

    fn live(&self) -> Option<LiveRecord> {
        self.parameters.lock().unwrap().get(LIVE).map(|text| serde_json::from_str(text).unwrap())
    }

    fn history(&self) -> Vec<HistoryRecord> {
        self.objects.lock().unwrap().values().map(|text| serde_json::from_str(text).unwrap()).collect()
    }

    async fn task(&self, task: Value) -> Result<Value, Error> {
        handle(self, &Configuration { records_bucket: "records".to_owned() }, task).await
    }
}

impl Records for Account {
    async fn parameter(&self, name: &str) -> Result<Option<String>, AwsError> {
        Ok(self.parameters.lock().unwrap().get(name).cloned())
    }

    async fn put_parameter(&self, name: &str, value: &str) -> Result<(), AwsError> {
        self.write(name)?;
        self.parameters.lock().unwrap().insert(name.to_owned(), value.to_owned());
        Ok(())
    }

    async fn delete_parameter(&self, name: &str) -> Result<(), AwsError> {
        self.write(name)?;
        self.parameters.lock().unwrap().remove(name);
        Ok(())
    }

    async fn object(&self, bucket: &str, key: &str) -> Result<Option<Vec<u8>>, AwsError> {
        assert_eq!(bucket, "records");
        Ok(self.objects.lock().unwrap().get(key).map(|text| text.clone().into_bytes()))
    }

    async fn put_object(&self, bucket: &str, key: &str, body: String) -> Result<(), AwsError> {
        assert_eq!(bucket, "records");
        self.write(key)?;
        self.objects.lock().unwrap().insert(key.to_owned(), body);
        Ok(())
    }
}

fn request(version: u32) -> Value {
    json!({
        "platformName": "mlops", "kind": "approval",
        "modelPackageArn": format!("arn:aws:sagemaker:eu-central-1:111111111111:model-package/churn/{version}"),
        "modelPackageGroupName": "churn",
        "approval": {"id": version.to_string(), "by": format!("approver of {version}"), "registeredBy": "registrar"}
    })
}

fn stage(version: u32, accounts: &[&str]) -> StagePlan {
    let registration: Registration = json!({
        "stages": [{"name": "prod", "accountIds": accounts, "waves": {"canary": {"accounts": 1, "bakeSeconds": 900}},
            "approval": {"expiresAfterHours": 72}}],
        "endpoint": {"type": "realTime",
            "variants": [{"name": "AllTraffic", "instance": {"type": "ml.m5.large", "count": 1}}]},
        "modelExecutionRoleName": "Model", "stackSet": {"permissionModel": "SERVICE_MANAGED"}
    })
    .to_string()
    .parse()
    .unwrap();
    let accounts = accounts.iter().map(|id| id.parse().unwrap()).collect();
    let request = serde_json::from_value(request(version)).unwrap();
    StagePlan::new(&request, &registration, &registration.stages[0], None, accounts).unwrap()
}

fn record(kind: &str, version: u32, stage: &StagePlan, time: &str) -> Value {
    json!({"action": "record", "kind": kind, "execution": format!("churn-v{version}-01234567"), "time": time,
        "request": request(version), "stage": stage, "decision": null, "results": ["s3://records/results/x.json"]})
}

const ACCOUNTS: [&str; 2] = ["222222222222", "333333333333"];

#[tokio::test]
async fn a_stage_is_recorded_and_found_again() {
    let account = Account::default();
    let first = stage(1, &ACCOUNTS);
    let before = account.task(json!({"action": "before", "stage": first})).await.unwrap();
    assert_eq!((&before["live"], &before["restore"]["accounts"]), (&Value::Null, &json!([])));
    assert_eq!(before["restore"]["cleared"], json!(ACCOUNTS));

    let mut wave = record("wave", 1, &first, "2026-01-01T00:00:00.000Z");
    wave["wave"] = json!("canary");
    account.task(wave).await.unwrap();
    assert_eq!(account.live(), None, "a wave is not a stage");
    let [canary] = account.history().try_into().unwrap();
    assert_eq!((canary.accounts.len(), canary.version, canary.plan), (1, Some(1), None));

    let mut task = record("stage", 1, &first, "2026-01-01T01:00:00.000Z");
    let decision = json!({"decision": "approved", "by": "somebody", "at": "2026-01-01T00:30:00Z", "comment": "go"});
    task["decision"] = decision.clone();
    let recorded = account.task(task).await.unwrap();
    assert_eq!((&recorded["version"], &recorded["accounts"]), (&json!(1), &json!(2)));
    let live = account.live().unwrap();
    assert_eq!((live.version, live.approval.by.as_deref()), (1, Some("approver of 1")));
    assert_eq!(serde_json::to_value(&live.decision).unwrap(), decision);
    assert_eq!(recorded["record"], live.record.as_str());

    let second = stage(2, &ACCOUNTS);
    let before = account.task(json!({"action": "before", "stage": second})).await.unwrap();
    assert_eq!(before["live"]["version"], 1);
    let restore: StagePlan = serde_json::from_value(before["restore"].clone()).unwrap();
    assert_eq!(restore, first.restored(&second));
}

#[tokio::test]
async fn a_roll_back_says_who_approved_what_is_live_again() {
    let account = Account::default();
    account.task(record("stage", 1, &stage(1, &ACCOUNTS), "2026-01-01T00:00:00.000Z")).await.unwrap();
    let second = stage(2, &ACCOUNTS);
    let before = account.task(json!({"action": "before", "stage": second})).await.unwrap();
    account.task(record("stage", 2, &second, "2026-01-02T00:00:00.000Z")).await.unwrap();
    assert_eq!(account.live().unwrap().version, 2);

    let restore: StagePlan = serde_json::from_value(before["restore"].clone()).unwrap();
    let mut task = record("rollBack", 2, &restore, "2026-01-02T01:00:00.000Z");
    task["before"] = before["live"].clone();
    account.task(task).await.unwrap();
    let live = account.live().unwrap();
    assert_eq!((live.version, live.execution.as_str()), (1, "churn-v2-01234567"), "by the execution that failed");
    assert_eq!(live.approval.by.as_deref(), Some("approver of 1"));
    assert!(live.earlier.is_empty(), "{live:?}");
    // And it can be taken back to again.
    let before = account.task(json!({"action": "before", "stage": stage(3, &ACCOUNTS)})).await.unwrap();
    assert_eq!(before["live"]["version"], 1);
}

#[tokio::test]
async fn a_roll_back_to_nothing_leaves_no_live_record() {
    let account = Account::default();
    let first = stage(1, &ACCOUNTS);
    account.task(record("stage", 1, &first, "2026-01-01T00:00:00.000Z")).await.unwrap();
    let task = record("rollBack", 1, &first.emptied(), "2026-01-01T01:00:00.000Z");
    for _ in 0..2 {
        let recorded = account.task(task.clone()).await.unwrap();
        assert_eq!(recorded["version"], Value::Null);
    }
    assert_eq!(account.live(), None);
    let last = account.history().pop().unwrap();
    assert_eq!((last.version, last.accounts.len(), last.plan), (None, 2, None), "these accounts run nothing");
}

/// What the stage was to be taken back to stays what a later failure takes it back to.
#[tokio::test]
async fn a_roll_back_that_failed_leaves_no_version_that_is_known_to_be_live() {
    let account = Account::default();
    let (first, second) = (stage(1, &ACCOUNTS), stage(2, &ACCOUNTS));
    account.task(record("stage", 1, &first, "2026-01-01T00:00:00.000Z")).await.unwrap();
    let before = account.task(json!({"action": "before", "stage": second})).await.unwrap();
    account.task(record("stage", 2, &second, "2026-01-02T00:00:00.000Z")).await.unwrap();
    let mut task = record("rollBackFailed", 2, &first.clone().restored(&second), "2026-01-02T01:00:00.000Z");
    task["before"] = before["live"].clone();
    account.task(task).await.unwrap();
    let live = account.live().unwrap();
    assert_eq!((live.version, live.kind), (1, RecordKind::RollBackFailed));
    let before = account.task(json!({"action": "before", "stage": stage(3, &ACCOUNTS)})).await.unwrap();
    assert_eq!(before["restore"]["modelPackageArn"], first.model_package_arn.as_str());

    let task = record("rollBackFailed", 2, &second.emptied(), "2026-01-02T02:00:00.000Z");
    account.task(task).await.unwrap();
    assert_eq!(account.live(), None, "taken back to nothing");
    let last = account.history().pop().unwrap();
    assert_eq!((last.kind, last.version, last.accounts.len()), (RecordKind::RollBackFailed, None, 2));
}

#[tokio::test]
async fn an_account_that_left_its_stage_is_named_once() {
    let account = Account::default();
    let (first, second) = (stage(1, &ACCOUNTS), stage(2, &ACCOUNTS[..1]));
    account.task(record("stage", 1, &first, "2026-01-01T00:00:00.000Z")).await.unwrap();
    // Whether the deployment fails or not; a task that is run again finds its own record.
    for (kind, stage) in [("rollBack", &first.clone().restored(&second)), ("stage", &second)] {
        let whole = Account::default();
        *whole.objects.lock().unwrap() = account.objects.lock().unwrap().clone();
        *whole.parameters.lock().unwrap() = account.parameters.lock().unwrap().clone();
        for _ in 0..2 {
            whole.task(record(kind, 2, stage, "2026-01-02T00:00:00.000Z")).await.unwrap();
            let last = whole.history().pop().unwrap();
            let expected = (second.accounts.clone(), vec![first.accounts[1].clone()]);
            assert_eq!((last.accounts, last.left), expected, "{kind}");
        }
        whole.task(record("stage", 3, &self::stage(3, &ACCOUNTS[..1]), "2026-01-03T00:00:00.000Z")).await.unwrap();
        assert!(whole.history().pop().unwrap().left.is_empty(), "{kind}");
    }
}

/// An account that has no endpoint again is in the stage all the same.
#[tokio::test]
async fn an_account_that_is_cleared_has_not_left() {
    let account = Account::default();
    account.task(record("stage", 1, &stage(1, &ACCOUNTS[..1]), "2026-01-01T00:00:00.000Z")).await.unwrap();
    let second = stage(2, &ACCOUNTS);
    account.task(record("stage", 2, &second, "2026-01-02T00:00:00.000Z")).await.unwrap();
    let restore = stage(1, &ACCOUNTS[..1]).restored(&second);
    account.task(record("rollBack", 2, &restore, "2026-01-02T01:00:00.000Z")).await.unwrap();
    let last = account.history().pop().unwrap();
    assert_eq!((last.left, last.plan.unwrap().cleared), (vec![], vec![second.accounts[1].clone()]));
}

/// The live record comes last, so that what it names is there.
#[tokio::test]
async fn a_task_that_was_cut_off_ends_the_same() {
    let whole = Account::default();
    let task = record("stage", 1, &stage(1, &ACCOUNTS), "2026-01-01T00:00:00.000Z");
    whole.task(task.clone()).await.unwrap();
    let writes = whole.writes.lock().unwrap().len();
    for cut in 0..writes {
        let account = Account::default();
        *account.cut_at.lock().unwrap() = Some(cut);
        let error = account.task(task.clone()).await.unwrap_err();
        assert_eq!(error.error_type(), "RetryableAwsError");
        assert_eq!(account.live(), None, "cut at {cut}");
        *account.cut_at.lock().unwrap() = None;
        account.task(task.clone()).await.unwrap();
        assert_eq!((account.live(), account.history()), (whole.live(), whole.history()), "cut at {cut}");
    }
}

#[tokio::test]
async fn what_cannot_be_read_keeps_the_stage_from_being_touched() {
    let account = Account::default();
    let first = stage(1, &ACCOUNTS);
    account.task(record("stage", 1, &first, "2026-01-01T00:00:00.000Z")).await.unwrap();
    let key = account.live().unwrap().record;
    let before = json!({"action": "before", "stage": first});
    for (broken, expected) in [(None, "there is no such object"), (Some("{}"), "missing field")] {
        match broken {
            Some(text) => account.objects.lock().unwrap().insert(key.clone(), text.to_owned()),
            None => account.objects.lock().unwrap().remove(&key),
        };
        let error = account.task(before.clone()).await.unwrap_err();
        assert_eq!(error.error_type(), "UnreadableRecord");
        let message = error.to_string();
        assert!(
            message.starts_with(&format!("s3://records/{key} cannot be read: ")) && message.contains(expected),
            "{message}"
        );
    }
    account.parameters.lock().unwrap().insert(LIVE.to_owned(), "x".to_owned());
    assert_eq!(account.task(before).await.unwrap_err().error_type(), "UnreadableRecord");
    assert_eq!(account.task(json!({"action": "forget"})).await.unwrap_err().error_type(), "InvalidInput");
}

#[tokio::test]
async fn a_question_says_what_would_change_where() {
    let account = Account::default();
    account.task(record("stage", 1, &stage(1, &ACCOUNTS), "2026-01-01T00:00:00.000Z")).await.unwrap();
    let many: Vec<_> = (0..30).map(|number| format!("{:012}", 700_000_000_000_u64 + number)).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let task = json!({"action": "request", "execution": "churn-v2-01234567", "request": request(2), "stage": stage(2, &many),
        "separationOfDuties": true, "results": ["s3://records/results/staging.json"], "time": "2026-01-30T12:00:00.123Z"});
    let answer = account.task(task).await.unwrap();
    assert_eq!(answer["parameter"], "/mlops/deployments/churn/approval/prod");
    assert_eq!(answer["expiresAfterSeconds"], 72 * 3600);
    assert_eq!(answer["pending"]["expires"], "2026-02-02T12:00:00Z");
    let subject = answer["subject"].as_str().unwrap();
    assert!(subject.len() <= 100 && subject.is_ascii() && subject.contains("churn version 2"), "{subject}");
    let message = answer["message"].as_str().unwrap();
    for part in [
        "churn in stage prod: from version 1 to version 2, in 30 accounts (700000000000, ",
        " and 10 more) in eu-central-1",
        "canary: 1 accounts (700000000000), watched for 900 seconds",
        "Approved in the registry by: approver of 2",
        "s3://records/results/staging.json",
        "mlops --platform mlops approve --group churn --stage prod",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
    assert!(message.len() < 262_144);
    // What the state machine stores is this and the token.
    let mut pending = answer["pending"].clone();
    pending["taskToken"] = json!("token");
    let pending: PendingApproval = serde_json::from_value(pending).unwrap();
    assert_eq!((pending.version, pending.separation_of_duties), (2, true));
    assert_eq!(pending.registered_by.as_deref(), Some("registrar"));
}

#[test]
fn the_environment_must_name_the_bucket() {
    let error = Configuration::from_environment(|_| Some(String::new())).unwrap_err();
    assert_eq!(error.to_string(), "the function's environment cannot be used: RECORDS_BUCKET is missing");
    let found = Configuration::from_environment(|name| (name == "RECORDS_BUCKET").then(|| "b".to_owned())).unwrap();
    assert_eq!(found.records_bucket, "b");
}
