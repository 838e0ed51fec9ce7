use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_ports::AwsError;
use serde_json::Value;

use crate::{Event, EventBus, FailedFinding, ImportAnswer, RefusedEvent, SecurityHub};

/// Security Hub in memory, for the tests of those that import findings.
#[derive(Debug, Default)]
pub struct SecurityHubInMemory {
    findings: Mutex<BTreeMap<String, Value>>,
    batches: Mutex<Vec<usize>>,
    errors: Mutex<Vec<AwsError>>,
    failures: Mutex<Vec<FailedFinding>>,
}

impl SecurityHubInMemory {
    /// Enabled, without findings.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Fails the next calls, the first one with the last of these.
    pub fn fail(&self, errors: Vec<AwsError>) {
        *lock(&self.errors) = errors;
    }

    /// Refuses findings: each of these once, when a finding of its id comes.
    pub fn refuse(&self, failures: Vec<FailedFinding>) {
        *lock(&self.failures) = failures;
    }

    /// The findings by id, as they were last imported.
    #[must_use]
    pub fn findings(&self) -> BTreeMap<String, Value> {
        lock(&self.findings).clone()
    }

    /// How many findings each call had so far.
    #[must_use]
    pub fn batches(&self) -> Vec<usize> {
        lock(&self.batches).clone()
    }
}

impl SecurityHub for SecurityHubInMemory {
    async fn import_findings(&self, findings: &[Value]) -> Result<ImportAnswer, AwsError> {
        lock(&self.batches).push(findings.len());
        if let Some(error) = lock(&self.errors).pop() {
            return Err(error);
        }
        if findings.is_empty() || findings.len() > 100 {
            let message = "Findings has 1 to 100 items";
            return Err(AwsError::answered("securityhub:BatchImportFindings", "InvalidInputException", message));
        }
        let mut failures = lock(&self.failures);
        let mut answer = ImportAnswer::default();
        for finding in findings {
            let id = finding.get("Id").and_then(Value::as_str).unwrap_or_default();
            match failures.iter().position(|failure| failure.id == id) {
                Some(position) => answer.failed.push(failures.remove(position)),
                None => _ = lock(&self.findings).insert(id.to_owned(), finding.clone()),
            }
        }
        answer.failed_count = answer.failed.len();
        Ok(answer)
    }
}

/// An event bus in memory, for the tests of those that send events.
#[derive(Debug, Default)]
pub struct EventBusInMemory {
    events: Mutex<Vec<Event>>,
    batches: Mutex<Vec<usize>>,
    refusals: Mutex<Vec<RefusedEvent>>,
}

impl EventBusInMemory {
    /// Without events.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Refuses the next events, the first one with the last of these.
    pub fn refuse(&self, refusals: Vec<RefusedEvent>) {
        *lock(&self.refusals) = refusals;
    }

    /// What was sent so far.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        lock(&self.events).clone()
    }

    /// How many events each call had so far.
    #[must_use]
    pub fn batches(&self) -> Vec<usize> {
        lock(&self.batches).clone()
    }
}

impl EventBus for EventBusInMemory {
    async fn put_events(&self, events: &[Event]) -> Result<Vec<Option<RefusedEvent>>, AwsError> {
        lock(&self.batches).push(events.len());
        if events.is_empty() || events.len() > 10 {
            return Err(AwsError::answered("events:PutEvents", "ValidationException", "Entries has 1 to 10 items"));
        }
        let mut results = Vec::new();
        for event in events {
            let refused = lock(&self.refusals).pop();
            if refused.is_none() {
                lock(&self.events).push(event.clone());
            }
            results.push(refused);
        }
        Ok(results)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
