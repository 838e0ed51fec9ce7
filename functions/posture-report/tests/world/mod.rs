//! The table and the bucket in memory, and what is put into them.
#![allow(dead_code, reason = "each test binary uses its own part")]

use std::collections::BTreeMap;
use std::sync::Mutex;

use aws_ports::AwsError;
use control_records::{
    Mark, MarkState, Record, Records, RecordsInMemory, ResourceRecord, Scope, SweepRecord, VerdictRecord,
};
use controls::{Action, CorrectionMode, Kind, Verdict};
use jiff::Timestamp;
use posture_report::{Bucket, Error, Report, Settings, handle};
use serde_json::{Value, json};

pub(crate) const SWEEP: &str = "2026-01-31T12:00:00.000Z";
pub(crate) const INTERNET: &str = "notebook-no-direct-internet";
pub(crate) const VPC: &str = "job-in-vpc";

pub(crate) fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

pub(crate) fn scope(account: &str, region: &str) -> Scope {
    Scope { account: account.parse().unwrap(), region: region.parse().unwrap() }
}

pub(crate) fn home() -> Scope {
    scope("111111111111", "eu-central-1")
}

pub(crate) fn fail(reason: &str) -> Verdict {
    Verdict::Fail(reason.to_owned())
}

/// A notebook instance with these verdicts, each for a day.
pub(crate) fn notebook(scope: &Scope, name: &str, verdicts: &[(&str, Verdict)]) -> ResourceRecord {
    let verdicts = verdicts.iter().map(|(control, verdict)| {
        let said = VerdictRecord {
            verdict: verdict.clone(),
            since: at("2026-01-30T12:00:00Z"),
            first_failed: verdict.is_fail().then(|| at("2026-01-30T12:00:00Z")),
            exemption: None,
            actor: None,
            event_id: None,
            imported: None,
        };
        ((*control).to_owned(), said)
    });
    ResourceRecord {
        kind: Kind::NotebookInstance,
        name: name.to_owned(),
        key: key(name),
        arn: arn(scope, name),
        account: scope.account.clone(),
        region: scope.region.clone(),
        created: Some(at("2026-01-01T00:00:00Z")),
        status: Some("InService".to_owned()),
        instance_type: Some("ml.t3.medium".to_owned()),
        last_opened: None,
        looked_at: at(SWEEP),
        verdicts: verdicts.collect(),
        untold: BTreeMap::new(),
    }
}

fn key(name: &str) -> BTreeMap<String, String> {
    BTreeMap::from([("NotebookInstanceName".to_owned(), name.to_owned())])
}

pub(crate) fn arn(scope: &Scope, name: &str) -> String {
    format!("arn:aws:sagemaker:{}:{}:notebook-instance/{name}", scope.region, scope.account)
}

/// What was stopped because it was idle for nine hours.
pub(crate) fn stopped(scope: &Scope, name: &str, time: &str) -> Mark {
    Mark {
        control: INTERNET.to_owned(),
        arn: arn(scope, name),
        kind: Kind::NotebookInstance,
        name: name.to_owned(),
        key: key(name),
        instance_type: Some("ml.t3.medium".to_owned()),
        created: Some(at("2026-01-01T00:00:00Z")),
        since: at("2026-01-29T12:00:00Z"),
        actor: None,
        action: Action::Stop,
        mode: CorrectionMode::Act,
        marked: at("2026-01-29T12:00:00Z"),
        due: at("2026-01-30T00:00:00Z"),
        state: MarkState::Done { at: at(time), idle_hours: Some(9) },
        failures: 0,
    }
}

/// What a sweep wrote down when it was done, at a minute past.
pub(crate) fn swept(scope: &Scope, sweep: &str) -> SweepRecord {
    SweepRecord {
        scope: scope.clone(),
        sweep: at(sweep),
        finished: Some(at(sweep).checked_add(jiff::SignedDuration::from_mins(1)).unwrap()),
        listed: BTreeMap::from([(Kind::NotebookInstance, 3)]),
        calls: 9,
        unread: Vec::new(),
        unread_more: 0,
    }
}

#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) records: RecordsInMemory,
    pub(crate) bucket: InMemory,
    pub(crate) log: Mutex<Vec<u8>>,
}

impl World {
    pub(crate) async fn put<R: Record>(&self, scope: &Scope, record: &R) {
        let found = self.records.get::<R>(scope, &record.id()).await.unwrap();
        let _ = self.records.put(scope, record, found.map(|found| found.version)).await.unwrap();
    }

    pub(crate) async fn delete<R: Record>(&self, scope: &Scope, record: &R) {
        let found = self.records.get::<R>(scope, &record.id()).await.unwrap().unwrap();
        let _ = self.records.delete(scope, &record.id(), found.version).await.unwrap();
    }

    pub(crate) fn configure(&self, configuration: &Value) {
        self.bucket.set("configuration.json", configuration.to_string());
    }

    /// Sweeps `scopes` and reports on them.
    pub(crate) async fn sweep(&self, sweep: &str, scopes: &[Scope]) -> Report {
        for scope in scopes {
            self.put(scope, &swept(scope, sweep)).await;
        }
        let task = json!({"sweep": sweep, "scopes": scopes});
        let answer = self.task(task).await.unwrap();
        self.bucket.report(answer["report"].as_str().unwrap())
    }

    pub(crate) async fn task(&self, task: Value) -> Result<Value, Error> {
        let mut log = Vec::new();
        let answer = handle(&self.records, &self.bucket, &settings(), || &mut log, task).await;
        self.log.lock().unwrap().extend(log);
        answer
    }

    /// The metrics so far, line by line.
    pub(crate) fn metrics(&self) -> Vec<Value> {
        let log = String::from_utf8(self.log.lock().unwrap().clone()).unwrap();
        log.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

pub(crate) fn settings() -> Settings {
    let variable = |name: &str| {
        Some(match name {
            "CONTROLS_BUCKET" => "controls".to_owned(),
            "PARTITION" => "aws".to_owned(),
            _ => "mlops".to_owned(),
        })
    };
    Settings::from_environment(variable).unwrap()
}

/// A bucket that keeps the order of its writes.
#[derive(Debug, Default)]
pub(crate) struct InMemory {
    objects: Mutex<BTreeMap<String, (String, Vec<u8>)>>,
    writes: Mutex<Vec<String>>,
    /// The write of this number, counted from 0, does not happen.
    pub(crate) cut_at: Mutex<Option<usize>>,
    /// What another delivery of the task writes to that key just before this one does.
    pub(crate) overtaken_by: Mutex<Option<(String, Vec<u8>)>>,
}

impl InMemory {
    pub(crate) fn set(&self, key: &str, body: impl Into<Vec<u8>>) {
        self.objects.lock().unwrap().insert(key.to_owned(), ("application/json".to_owned(), body.into()));
    }

    pub(crate) fn remove(&self, key: &str) {
        self.objects.lock().unwrap().remove(key);
    }

    /// Content type and body of all.
    pub(crate) fn all(&self) -> BTreeMap<String, (String, Vec<u8>)> {
        self.objects.lock().unwrap().clone()
    }

    pub(crate) fn text(&self, key: &str) -> String {
        String::from_utf8(self.all().remove(key).unwrap().1).unwrap()
    }

    pub(crate) fn report(&self, key: &str) -> Report {
        serde_json::from_str(&self.text(key)).unwrap()
    }

    pub(crate) fn writes(&self) -> Vec<String> {
        self.writes.lock().unwrap().clone()
    }

    fn write(&self, key: &str) -> Result<(), AwsError> {
        let mut writes = self.writes.lock().unwrap();
        if *self.cut_at.lock().unwrap() == Some(writes.len()) {
            return Err(AwsError::answered("s3:PutObject", "SlowDown", "reduce your request rate"));
        }
        writes.push(key.to_owned());
        Ok(())
    }
}

impl Bucket for InMemory {
    async fn object(&self, key: &str) -> Result<Option<Vec<u8>>, AwsError> {
        Ok(self.objects.lock().unwrap().get(key).map(|(_, body)| body.clone()))
    }

    async fn put(&self, key: &str, content_type: &str, body: Vec<u8>) -> Result<(), AwsError> {
        self.write(key)?;
        self.objects.lock().unwrap().insert(key.to_owned(), (content_type.to_owned(), body));
        Ok(())
    }

    async fn create(&self, key: &str, content_type: &str, body: Vec<u8>) -> Result<bool, AwsError> {
        if let Some((key, body)) = self.overtaken_by.lock().unwrap().take() {
            self.set(&key, body);
        }
        if self.objects.lock().unwrap().contains_key(key) {
            return Ok(false);
        }
        self.put(key, content_type, body).await?;
        Ok(true)
    }
}
