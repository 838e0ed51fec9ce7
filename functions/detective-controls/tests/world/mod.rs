//! Accounts, records, Security Hub and a bus in memory, and a fuse that ends an invocation at any call.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "each test binary uses a part of it, and a test that cannot go on should say where"
)]

mod fuse;
mod sagemaker;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};

use aws_ports::AwsError;
use control_records::{
    Deleted, Item, Items, Records, RecordsInMemory, ResourceRecord, Scope, SweepRecord, Version, Written,
};
use detective_controls::{Clock, ConfigurationDocument, Context, Document, Error, Services, Settings, handle};
use findings::{Event, EventBus, EventBusInMemory, FailedFinding, Hub, ImportAnswer, RefusedEvent, SecurityHub};
use jiff::Timestamp;
use serde_json::{Value, json};

pub use fuse::Fuse;
pub use sagemaker::Made;

pub const HUB: &str = "111111111111";
pub const TARGET: &str = "222222222222";
pub const REGION: &str = "eu-central-1";

pub type Act = Box<dyn FnOnce(&World) + Send>;

/// Everything that the function reaches.
pub struct World {
    pub partition: &'static str,
    pub settings: Settings,
    pub sagemaker: Mutex<BTreeMap<Scope, Vec<Made>>>,
    pub tags: Mutex<BTreeMap<String, Vec<Value>>>,
    /// Calls that are refused each time, by operation, and those that are refused once.
    pub refused: Mutex<BTreeMap<String, (&'static str, &'static str)>>,
    pub throttled: Mutex<Vec<&'static str>>,
    /// What every describing call answers.
    pub instead: Mutex<Option<Value>>,
    /// Accounts without the role.
    pub closed: Mutex<Vec<String>>,
    pub asked: Mutex<Vec<(String, Value)>>,
    pub records: RecordsInMemory,
    pub findings: Mutex<BTreeMap<String, Value>>,
    pub refused_findings: Mutex<Vec<FailedFinding>>,
    pub hub_enabled: Mutex<bool>,
    pub bus: EventBusInMemory,
    pub configuration: Mutex<Option<Document>>,
    pub now: AtomicI64,
    pub fuse: Fuse,
    pub chance: Mutex<u64>,
    /// What another invocation does between two calls of this one: at the call of that number.
    pub meanwhile: Mutex<Option<(usize, Act)>>,
}

pub fn scope(account: &str) -> Scope {
    Scope { account: account.parse().unwrap(), region: REGION.parse().unwrap() }
}

impl Default for World {
    fn default() -> Self {
        Self::of_partition("aws")
    }
}

impl World {
    pub fn of_partition(partition: &'static str) -> Self {
        let settings = Settings::from_environment(|name| {
            Some(
                match name {
                    "PARTITION" => partition,
                    "SECURITY_HUB" => "enabled",
                    _ => "mlops",
                }
                .to_owned(),
            )
        });
        Self {
            partition,
            settings: settings.unwrap(),
            sagemaker: Mutex::default(),
            tags: Mutex::default(),
            refused: Mutex::default(),
            throttled: Mutex::default(),
            instead: Mutex::default(),
            closed: Mutex::default(),
            asked: Mutex::default(),
            records: RecordsInMemory::new(),
            findings: Mutex::default(),
            refused_findings: Mutex::default(),
            hub_enabled: Mutex::new(true),
            bus: EventBusInMemory::new(),
            configuration: Mutex::default(),
            now: AtomicI64::new("2026-11-02T00:00:00Z".parse::<Timestamp>().unwrap().as_millisecond()),
            fuse: Fuse::default(),
            chance: Mutex::new(0),
            meanwhile: Mutex::default(),
        }
    }

    pub fn hub(&self) -> Hub {
        let (account, region) = (HUB.parse().unwrap(), REGION.parse().unwrap());
        Hub { partition: self.partition.to_owned(), account, region, platform_name: "mlops".to_owned() }
    }

    /// One invocation, to its end.
    pub async fn invoke(&self, input: Value) -> Result<Value, Error> {
        self.invoke_until(input, Timestamp::MAX).await
    }

    pub async fn invoke_until(&self, input: Value, deadline: Timestamp) -> Result<Value, Error> {
        let hub = self.hub();
        let context = Context {
            settings: &self.settings,
            hub: &hub,
            now: self.time(),
            deadline,
            log: || Box::new(std::io::sink()),
        };
        let services =
            Services { accounts: self, records: self, security_hub: self, bus: self, document: self, clock: self };
        handle(&services, &context, input).await
    }

    /// An invocation that is ended at a call; `false` if it came to its end before.
    pub async fn invoke_and_end_at(&self, input: Value, call: usize) -> bool {
        self.fuse.burn_at(call);
        let ended = tokio::select! {
            biased;
            _ = self.invoke(input) => false,
            () = self.fuse.burnt() => true,
        };
        self.fuse.mend();
        ended
    }

    /// Sweeps a scope to its end, however many tasks that takes; what the last one answered.
    pub async fn sweep(&self, account: &str) -> Value {
        let sweep = self.time();
        let mut cursor = Value::Null;
        loop {
            let answer = self.invoke(self.sweep_task(account, sweep, cursor)).await.unwrap();
            if answer["cursor"].is_null() {
                return answer;
            }
            cursor = answer["cursor"].clone();
        }
    }

    pub fn sweep_task(&self, account: &str, sweep: Timestamp, cursor: Value) -> Value {
        json!({"task": "sweep", "scope": scope(account), "sweep": sweep, "cursor": cursor})
    }

    pub fn time(&self) -> Timestamp {
        Timestamp::from_millisecond(self.now.load(Ordering::SeqCst)).unwrap()
    }

    pub fn pass_days(&self, days: i64) {
        self.now.fetch_add(days * 24 * 3600 * 1000, Ordering::SeqCst);
    }

    pub fn answer_instead(&self, description: Value) {
        *self.instead.lock().unwrap() = Some(description);
    }

    pub fn configure(&self, document: Value) {
        let document = Document { text: document.to_string(), modified: self.time() };
        *self.configuration.lock().unwrap() = Some(document);
        self.now.fetch_add(1000, Ordering::SeqCst);
    }

    pub async fn record(&self, account: &str, arn: &str) -> Option<ResourceRecord> {
        let found = self.records.get::<ResourceRecord>(&scope(account), &ResourceRecord::id_of(arn)).await.unwrap();
        found.map(|found| found.record)
    }

    pub async fn all_records(&self, account: &str) -> Vec<ResourceRecord> {
        let all = self.records.all::<ResourceRecord>(&scope(account)).await.unwrap();
        all.into_iter().map(|one| one.record).collect()
    }

    pub async fn sweep_record(&self, account: &str) -> SweepRecord {
        self.records.all::<SweepRecord>(&scope(account)).await.unwrap().pop().unwrap().record
    }

    /// The finding of a control on a resource: compliance and record state.
    pub fn finding(&self, control: &str, arn: &str) -> Option<(String, String)> {
        let findings = self.findings.lock().unwrap();
        let found = findings.values().find(|it| it["GeneratorId"] == control && it["Resources"][0]["Id"] == arn)?;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Some((text(&found["Compliance"]["Status"]), text(&found["RecordState"])))
    }

    /// What the bus heard of a control on a resource: from and to.
    pub fn heard(&self, control: &str, arn: &str) -> Vec<(Option<String>, String)> {
        let details = self.bus.events().into_iter().map(|event| serde_json::from_str::<Value>(&event.detail).unwrap());
        let text = |value: &Value| value.as_str().map(str::to_owned);
        details
            .filter(|detail| detail["control"] == control && detail["resource"] == arn)
            .map(|detail| (text(&detail["from"]), text(&detail["to"]).unwrap()))
            .collect()
    }

    /// How often an operation was called.
    pub fn calls(&self, operation: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|(asked, _)| asked == operation).count()
    }

    /// Nothing is left to tell, Security Hub says of each resource what is on record of it, and so does the bus's last word.
    pub async fn assert_agreement(&self, account: &str, what: &str) {
        let mut known = Vec::new();
        for record in self.all_records(account).await {
            assert!(record.untold.is_empty(), "{what}: {record:?}");
            for (control, verdict) in &record.verdicts {
                let finding = self.finding(control, &record.arn);
                let expected = match (verdict.verdict.word(), &verdict.exemption) {
                    ("pass", _) => Some(("PASSED", "ACTIVE")),
                    ("fail", None) => Some(("FAILED", "ACTIVE")),
                    ("fail", Some(_)) => Some(("WARNING", "ACTIVE")),
                    ("unknown", _) => Some(("NOT_AVAILABLE", "ACTIVE")),
                    _ => finding.is_some().then_some(("PASSED", "ARCHIVED")),
                };
                let expected = expected.map(|(status, state)| (status.to_owned(), state.to_owned()));
                assert_eq!(finding, expected, "{what}: {control} on {}", record.arn);
                let word = if verdict.exemption.is_some() { "exempt" } else { verdict.verdict.word() };
                match self.heard(control, &record.arn).last() {
                    Some((_, to)) => {
                        let silent = to == "gone" && word != "fail";
                        assert!(to == word || silent, "{what}: {control} on {} is {word}, heard {to}", record.arn);
                    }
                    None => assert_ne!(word, "fail", "{what}: {control} on {} was never heard of", record.arn),
                }
                known.push((control.clone(), record.arn.clone()));
            }
        }
        for finding in self.findings.lock().unwrap().values() {
            let of = (finding["GeneratorId"].as_str().unwrap(), finding["Resources"][0]["Id"].as_str().unwrap());
            let of = (of.0.to_owned(), of.1.to_owned());
            if finding["ProductFields"]["Account"] == account && !known.contains(&of) {
                assert_eq!(finding["RecordState"], "ARCHIVED", "{what}: {of:?} is gone");
            }
        }
    }

    /// Between two calls anybody else may come to turn, how often is left to chance.
    async fn step(&self) {
        let turns = {
            let mut chance = self.chance.lock().unwrap();
            *chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *chance >> 62
        };
        for _ in 0..turns {
            tokio::task::yield_now().await;
        }
        self.fuse.spark().await;
        let mut meanwhile = self.meanwhile.lock().unwrap();
        match &mut *meanwhile {
            Some((0, _)) => {
                let (_, act) = meanwhile.take().unwrap();
                drop(meanwhile);
                act(self);
            }
            Some((left, _)) => *left -= 1,
            None => {}
        }
    }
}

impl Clock for World {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.now.fetch_add(1, Ordering::SeqCst)).unwrap()
    }
}

impl ConfigurationDocument for World {
    async fn document(&self) -> Result<Option<Document>, AwsError> {
        self.step().await;
        Ok(self.configuration.lock().unwrap().clone())
    }
}

impl Records for World {
    async fn item(&self, scope: &Scope, id: &str) -> Result<Option<Item>, AwsError> {
        self.step().await;
        self.records.item(scope, id).await
    }

    async fn items(&self, scope: &Scope, prefix: &str, after: Option<&str>) -> Result<Items, AwsError> {
        self.step().await;
        self.records.items(scope, prefix, after).await
    }

    async fn put_item(&self, scope: &Scope, item: &Item, expected: Option<Version>) -> Result<Written, AwsError> {
        self.step().await;
        let written = self.records.put_item(scope, item, expected).await;
        self.fuse.spark().await;
        written
    }

    async fn delete_item(&self, scope: &Scope, id: &str, expected: Version) -> Result<Deleted, AwsError> {
        self.step().await;
        let deleted = self.records.delete_item(scope, id, expected).await;
        self.fuse.spark().await;
        deleted
    }
}

impl SecurityHub for World {
    async fn import_findings(&self, findings: &[Value]) -> Result<ImportAnswer, AwsError> {
        self.step().await;
        if !*self.hub_enabled.lock().unwrap() {
            let operation = "securityhub:BatchImportFindings";
            return Err(AwsError::answered(operation, "InvalidAccessException", "not subscribed to AWS Security Hub"));
        }
        let mut answer = ImportAnswer::default();
        for finding in findings {
            let id = finding["Id"].as_str().unwrap().to_owned();
            let mut refused = self.refused_findings.lock().unwrap();
            if let Some(position) = refused.iter().position(|failed| failed.id == id) {
                answer.failed.push(refused.remove(position));
                continue;
            }
            let mut known = self.findings.lock().unwrap();
            let updated = |finding: &Value| finding["UpdatedAt"].as_str().unwrap().parse::<Timestamp>().unwrap();
            // What is not newer is ignored.
            if known.get(&id).is_none_or(|known| updated(known) < updated(finding)) {
                known.insert(id, finding.clone());
            }
        }
        answer.failed_count = answer.failed.len();
        self.fuse.spark().await;
        Ok(answer)
    }
}

impl EventBus for World {
    async fn put_events(&self, events: &[Event]) -> Result<Vec<Option<RefusedEvent>>, AwsError> {
        self.step().await;
        let answer = self.bus.put_events(events).await;
        self.fuse.spark().await;
        answer
    }
}
