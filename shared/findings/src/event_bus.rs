use std::future::Future;

use aws_json::{Call, Client};
use aws_ports::AwsError;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::batches::{ATTEMPTS, Limits, back_off, batches};

const CALL: Limits = Limits { items: 10, bytes: 256 * 1024 };
/// What EventBridge says may succeed later; everything else is wrong the next time too.
const PASSING: [&str; 3] = ["InternalFailure", "InternalException", "ThrottlingException"];

/// An event for a bus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Who says it.
    pub source: &'static str,
    /// What its detail is.
    pub detail_type: &'static str,
    /// The ARNs of what it is about.
    pub resources: Vec<String>,
    /// When it happened.
    pub time: Timestamp,
    /// JSON.
    pub detail: String,
}

impl Event {
    /// As EventBridge counts it, in bytes; a time has 14.
    fn size(&self) -> usize {
        let texts = [self.source, self.detail_type, self.detail.as_str()];
        let texts = texts.into_iter().chain(self.resources.iter().map(String::as_str));
        14 + texts.map(str::len).sum::<usize>()
    }
}

/// Why an event was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedEvent {
    /// EventBridge's code.
    pub code: String,
    /// Its message.
    pub message: String,
}

/// An event that could not be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsentEvent {
    /// The event.
    pub event: Event,
    /// EventBridge's last word on it.
    pub refused: RefusedEvent,
}

/// The platform's event bus.
pub trait EventBus: Send + Sync {
    /// `events:PutEvents`, at most 10; of each whether it was refused.
    fn put_events(&self, events: &[Event]) -> impl Future<Output = Result<Vec<Option<RefusedEvent>>, AwsError>> + Send;
}

/// The bus itself.
#[derive(Debug, Clone)]
pub struct EventBusInAws {
    client: Client,
    name: String,
}

impl EventBusInAws {
    /// `client` is one of [`aws_json::EVENT_BRIDGE`]; `name` is the bus's name or ARN.
    #[must_use]
    pub fn new(client: Client, name: impl Into<String>) -> Self {
        Self { client, name: name.into() }
    }
}

impl EventBus for EventBusInAws {
    async fn put_events(&self, events: &[Event]) -> Result<Vec<Option<RefusedEvent>>, AwsError> {
        const CALL: Call = Call::named("events:PutEvents");
        let entries: Vec<Value> = events
            .iter()
            .map(|event| {
                json!({
                    "EventBusName": self.name,
                    "Source": event.source,
                    "DetailType": event.detail_type,
                    "Resources": event.resources,
                    "Time": event.time.as_second(),
                    "Detail": event.detail,
                })
            })
            .collect();
        let answer = self.client.call(CALL, &json!({"Entries": entries})).await?;
        let count = answer.get("FailedEntryCount").and_then(Value::as_u64);
        let results = answer.get("Entries").and_then(Value::as_array).filter(|results| results.len() == events.len());
        match (count, results) {
            (Some(0), _) => Ok(vec![None; events.len()]),
            (Some(_), Some(results)) => Ok(results.iter().map(refused).collect()),
            _ => Err(AwsError::unread(CALL.name, "what became of each event cannot be read from the answer")),
        }
    }
}

fn refused(result: &Value) -> Option<RefusedEvent> {
    let text = |name| result.get(name).and_then(Value::as_str).map(str::to_owned);
    text("ErrorCode").map(|code| RefusedEvent { code, message: text("ErrorMessage").unwrap_or_default() })
}

/// Sends events in order. One that is refused in passing is sent again alone, twice; what is given back was not sent.
pub async fn publish(bus: &impl EventBus, events: Vec<Event>) -> Vec<UnsentEvent> {
    let mut unsent = Vec::new();
    for batch in batches(events, &CALL, Event::size) {
        let mut open = batch;
        for attempt in 1..=ATTEMPTS {
            let refusals = match bus.put_events(&open).await {
                Ok(refusals) => refusals,
                // The client has made its attempts already.
                Err(error) => {
                    let code = error.code().unwrap_or("NoAnswer").to_owned();
                    let refused = RefusedEvent { code, message: error.to_string() };
                    unsent.extend(open.into_iter().map(|event| UnsentEvent { event, refused: refused.clone() }));
                    break;
                }
            };
            let mut again = Vec::new();
            for (event, refused) in open.into_iter().zip(refusals) {
                match refused {
                    None => {}
                    Some(refused) if attempt < ATTEMPTS && PASSING.contains(&refused.code.as_str()) => {
                        again.push(event);
                    }
                    Some(refused) => unsent.push(UnsentEvent { event, refused }),
                }
            }
            if again.is_empty() {
                break;
            }
            back_off(attempt).await;
            open = again;
        }
    }
    unsent
}
