//! An account in memory: its resources, a detective that judges them, the table, the bucket and the bus. Whatever is done to
//! a resource has to be justified by how everything stands at that moment, and is a violation otherwise.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a failed assumption of a test is a failed test"
)]
#![allow(dead_code, reason = "each test uses a part of it")]

pub(crate) mod detective;
pub(crate) mod faults;
pub(crate) mod invariants;
pub(crate) mod resources;

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::task::Poll;

use aws_json::Answer;
use aws_ports::AwsError;
use control_records::{Deleted, Item, Items, Mark, MarkState, Records, RecordsInMemory, Scope, Version, Written};
use corrective_controls::{Accounts, Document, Error, Platform, Settings, handle};
use findings::{CorrectionChange, CorrectionState, Hub};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use faults::{Fault, Faults};
use resources::Thing;

pub(crate) const HUB: &str = "111111111111";
pub(crate) const OWN: &str = "arn:aws:iam::111111111111:role/mlops-CorrectiveControlsRole-X";

/// What a run leaves behind, in its order.
#[derive(Debug, Clone)]
pub(crate) enum Trace {
    Evidence { key: String, document: Value, at: Timestamp },
    Announced { change: CorrectionChange, grace: Option<SignedDuration> },
    Called { operation: &'static str, input: Value, arn: String },
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) now: Timestamp,
    /// The configuration object; `None`: there is none.
    pub(crate) configuration: Option<String>,
    pub(crate) things: BTreeMap<String, Thing>,
    pub(crate) trace: Vec<Trace>,
    pub(crate) faults: Faults,
    pub(crate) violations: Vec<String>,
    /// Resources that this run touched first.
    pub(crate) touched: Vec<String>,
    /// Two runs go on at once.
    pub(crate) at_once: bool,
}

pub(crate) struct World {
    pub(crate) state: Mutex<State>,
    pub(crate) records: RecordsInMemory,
    pub(crate) scope: Scope,
    pub(crate) settings: Settings,
    killed: AtomicBool,
}

pub(crate) fn settings() -> Settings {
    let variable = |name: &str| {
        Some(
            match name {
                "PLATFORM_NAME" => "mlops",
                "PARTITION" => "aws",
                "CONTROLS_BUCKET" => "controls-bucket",
                "CONTROL_RECORDS_TABLE" => "control-records",
                "EVENT_BUS_NAME" => "default",
                "TARGET_ROLE_NAME" => "mlops-controls",
                "FUNCTION_ROLE_NAME" => "mlops-CorrectiveControlsRole-X",
                _ => return None,
            }
            .to_owned(),
        )
    };
    Settings::from_environment(variable).unwrap()
}

pub(crate) fn hub() -> Hub {
    Hub {
        partition: "aws".to_owned(),
        account: HUB.parse().unwrap(),
        region: "eu-central-1".parse().unwrap(),
        platform_name: "mlops".to_owned(),
    }
}

impl World {
    pub(crate) fn new(configuration: &Value) -> Self {
        Self {
            state: Mutex::new(State {
                now: "2026-11-02T08:00:00Z".parse().unwrap(),
                configuration: Some(configuration.to_string()),
                things: BTreeMap::new(),
                trace: Vec::new(),
                faults: Faults::default(),
                violations: Vec::new(),
                touched: Vec::new(),
                at_once: false,
            }),
            records: RecordsInMemory::new(),
            scope: Scope { account: HUB.parse().unwrap(), region: "eu-central-1".parse().unwrap() },
            settings: settings(),
            killed: AtomicBool::new(false),
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(crate) fn configure(&self, configuration: &Value) {
        self.lock().configuration = Some(configuration.to_string());
    }

    pub(crate) fn wait(&self, hours: i64) {
        self.wait_minutes(hours * 60);
    }

    /// Lets time pass; what is between two states arrives.
    pub(crate) fn wait_minutes(&self, minutes: i64) {
        let mut state = self.lock();
        state.now = state.now.checked_add(SignedDuration::from_mins(minutes)).unwrap();
        let now = state.now;
        state.things.retain(|_, thing| thing.settle(now));
    }

    pub(crate) fn add(&self, mut thing: Thing) -> String {
        let mut state = self.lock();
        thing.make(state.now);
        let arn = thing.arn.clone();
        state.things.insert(arn.clone(), thing);
        arn
    }

    pub(crate) fn change(&self, arn: &str, change: impl FnOnce(&mut Thing, Timestamp)) {
        let mut state = self.lock();
        let now = state.now;
        if let Some(thing) = state.things.get_mut(arn) {
            change(thing, now);
        }
    }

    pub(crate) fn status(&self, arn: &str) -> Option<String> {
        self.lock().things.get(arn).map(|thing| thing.status().to_owned())
    }

    /// The function, with an event; `None`: it was killed.
    pub(crate) async fn hear(&self, event: &Value) -> Option<Result<Value, Error>> {
        let mut function = pin!(handle(self, self, self, &self.settings, std::io::sink(), event.clone()));
        poll_fn(|context| match function.as_mut().poll(context) {
            Poll::Ready(ended) => Poll::Ready(Some(ended)),
            // Of two that run at once it is the one that was polled.
            Poll::Pending if self.killed.swap(false, Ordering::Relaxed) => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        })
        .await
    }

    /// A run; `None`: it was killed.
    pub(crate) async fn act(&self) -> Option<Result<Value, Error>> {
        let (population, configuration) = self.before_run().await;
        let ended = self.hear(&json!({"task": "act", "scope": self.scope})).await;
        self.after_run(population, configuration.as_ref());
        ended
    }

    /// Two runs at once. One may have looked before the other called, so that the service refuses its call.
    pub(crate) async fn act_at_once(&self) {
        self.lock().at_once = true;
        tokio::join!(self.act(), self.act());
        self.lock().at_once = false;
    }

    /// Looks, marks and acts without any fault, and expects it to go well.
    pub(crate) async fn sweep(&self) -> Value {
        for event in self.detect(None).await {
            self.hear(&event).await.unwrap().unwrap();
        }
        self.act().await.unwrap().unwrap()
    }

    pub(crate) fn changes(&self) -> Vec<(CorrectionState, String)> {
        let state = self.lock();
        let changes = state.trace.iter().filter_map(|trace| match trace {
            Trace::Announced { change, .. } => Some((change.state, change.reason.clone().unwrap_or_default())),
            _ => None,
        });
        changes.collect()
    }

    pub(crate) fn states(&self) -> Vec<CorrectionState> {
        self.changes().into_iter().map(|(state, _)| state).collect()
    }

    pub(crate) fn calls(&self) -> Vec<&'static str> {
        let state = self.lock();
        let calls = state.trace.iter().filter_map(|trace| match trace {
            Trace::Called { operation, .. } => Some(*operation),
            _ => None,
        });
        calls.collect()
    }

    pub(crate) fn evidence(&self) -> Vec<Value> {
        let state = self.lock();
        let kept = state.trace.iter().filter_map(|trace| match trace {
            Trace::Evidence { document, .. } => Some(document.clone()),
            _ => None,
        });
        kept.collect()
    }

    pub(crate) fn decisions(&self) -> Vec<String> {
        self.evidence().iter().map(|evidence| evidence["decision"].as_str().unwrap().to_owned()).collect()
    }

    pub(crate) async fn marks(&self) -> Vec<Mark> {
        self.records.all::<Mark>(&self.scope).await.unwrap().into_iter().map(|mark| mark.record).collect()
    }

    pub(crate) async fn waiting(&self) -> usize {
        self.marks().await.iter().filter(|mark| mark.state == MarkState::Waiting).count()
    }

    pub(crate) fn assert_sound(&self) {
        let violations = &self.lock().violations;
        assert!(violations.is_empty(), "{}", violations.join("\n"));
    }

    fn kept(&self, key: &str, body: &str) {
        let mut state = self.lock();
        let at = state.now;
        if body.contains("s3cr3t") {
            state.violations.push(format!("{body} tells a secret"));
        }
        state.trace.push(Trace::Evidence { key: key.to_owned(), document: serde_json::from_str(body).unwrap(), at });
    }

    async fn enter(&self, operation: &'static str) -> Result<Option<Fault>, AwsError> {
        tokio::task::yield_now().await;
        let fault = self.lock().faults.next();
        match fault {
            Some(Fault::Refused(code)) => Err(AwsError::answered(operation, code, "refused")),
            Some(Fault::Lost) => Err(AwsError::unread(operation, "the connection broke")),
            Some(Fault::KilledBefore) => self.die().await,
            other => Ok(other),
        }
    }

    async fn leave<T>(&self, operation: &'static str, fault: Option<Fault>, value: T) -> Result<T, AwsError> {
        match fault {
            Some(Fault::AnswerLost) => Err(AwsError::unread(operation, "the connection broke")),
            Some(Fault::KilledAfter) => self.die().await,
            _ => Ok(value),
        }
    }

    async fn die<T>(&self) -> T {
        self.killed.store(true, Ordering::Relaxed);
        std::future::pending().await
    }
}

impl Platform for World {
    fn now(&self) -> Timestamp {
        self.lock().now
    }

    async fn configuration(&self) -> Result<Option<Document>, AwsError> {
        const CALL: &str = "s3:GetObject";
        let fault = self.enter(CALL).await?;
        let body = self.lock().configuration.clone();
        let document = body.map(|body| Document { version: format!("v{}", body.len()), body: body.into_bytes() });
        self.leave(CALL, fault, document).await
    }

    async fn keep(&self, key: &str, body: String) -> Result<(), AwsError> {
        const CALL: &str = "s3:PutObject";
        let fault = self.enter(CALL).await?;
        self.kept(key, &body);
        self.leave(CALL, fault, ()).await
    }

    async fn announce(&self, change: &CorrectionChange) -> Result<(), Error> {
        const CALL: &str = "events:PutEvents";
        let fault = self.enter(CALL).await?;
        self.announced(change);
        self.leave(CALL, fault, ()).await?;
        Ok(())
    }
}

impl Accounts for World {
    async fn call(&self, scope: &Scope, operation: &'static str, input: &Value) -> Result<Answer, AwsError> {
        assert_eq!(*scope, self.scope);
        let fault = self.enter(operation).await?;
        let body = self.perform(operation, input)?;
        let answer = Answer { body, request_id: Some("6b1e8f0a-5d2c-4a8e-9f53-1c2d3e4f5a6b".to_owned()) };
        self.leave(operation, fault, answer).await
    }
}

/// The table itself, with faults around it.
impl Records for World {
    async fn item(&self, scope: &Scope, id: &str) -> Result<Option<Item>, AwsError> {
        const CALL: &str = "dynamodb:GetItem";
        let fault = self.enter(CALL).await?;
        let item = self.records.item(scope, id).await?;
        self.leave(CALL, fault, item).await
    }

    async fn items(&self, scope: &Scope, prefix: &str, after: Option<&str>) -> Result<Items, AwsError> {
        const CALL: &str = "dynamodb:Query";
        let fault = self.enter(CALL).await?;
        let items = self.records.items(scope, prefix, after).await?;
        self.leave(CALL, fault, items).await
    }

    async fn put_item(&self, scope: &Scope, item: &Item, expected: Option<Version>) -> Result<Written, AwsError> {
        const CALL: &str = "dynamodb:PutItem";
        let fault = self.enter(CALL).await?;
        let written = self.records.put_item(scope, item, expected).await?;
        self.leave(CALL, fault, written).await
    }

    async fn delete_item(&self, scope: &Scope, id: &str, expected: Version) -> Result<Deleted, AwsError> {
        const CALL: &str = "dynamodb:DeleteItem";
        let fault = self.enter(CALL).await?;
        let deleted = self.records.delete_item(scope, id, expected).await?;
        self.leave(CALL, fault, deleted).await
    }
}
