use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::continuation::{self, Continuation};
use crate::json::{shape, text_len};

/// What CloudFormation waits for when a template names no `ServiceTimeout`.
const DEFAULT_SERVICE_TIMEOUT: Duration = Duration::from_secs(3600);
/// The echoed fields must leave room in an answer of 4096 bytes. CloudFormation's own are far shorter.
const MAX_ECHO_BYTES: usize = 512;
/// The same for a physical id, which may have 1024 bytes, counted as they are written in JSON.
const MAX_ID_BYTES: usize = 2048;

/// What CloudFormation asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RequestType {
    Create,
    Update,
    Delete,
}

impl RequestType {
    /// As CloudFormation writes it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Create => "Create",
            Self::Update => "Update",
            Self::Delete => "Delete",
        }
    }
}

/// An event of CloudFormation, read leniently: whatever is missing or wrong becomes a fault, and the rest can still be
/// answered (R3).
pub(crate) struct Envelope {
    /// `None` when it cannot be told; there is a fault then.
    pub(crate) request_type: Option<RequestType>,
    /// Empty when it cannot be read, like the next two.
    pub(crate) stack_id: String,
    pub(crate) request_id: String,
    pub(crate) logical_id: String,
    /// The resource's current id; never empty.
    pub(crate) current_id: Option<String>,
    pub(crate) properties: Value,
    pub(crate) old_properties: Value,
    pub(crate) service_timeout: Duration,
    pub(crate) continuation: Option<Continuation>,
    /// Each names its field.
    pub(crate) faults: Vec<String>,
}

impl Envelope {
    /// Total: every JSON value gives an envelope.
    pub(crate) fn read(event: &Value) -> Self {
        let empty = Map::new();
        let mut fields = Fields { event: event.as_object().unwrap_or(&empty), faults: Vec::new() };
        let request_type = fields.request_type();
        let mut envelope = Self {
            request_type,
            stack_id: fields.echoed("StackId"),
            request_id: fields.echoed("RequestId"),
            logical_id: fields.echoed("LogicalResourceId"),
            current_id: fields.current_id(request_type),
            properties: fields.properties(request_type),
            // Whatever an earlier release took for properties (R24).
            old_properties: fields.event.get("OldResourceProperties").cloned().unwrap_or_default(),
            service_timeout: fields.service_timeout(request_type),
            continuation: fields.continuation(),
            faults: Vec::new(),
        };
        fields.echoed("ResourceType");
        envelope.faults = fields.faults;
        envelope
    }
}

struct Fields<'a> {
    event: &'a Map<String, Value>,
    faults: Vec<String>,
}

impl<'a> Fields<'a> {
    fn text(&mut self, name: &str) -> Option<&'a str> {
        match self.event.get(name) {
            Some(Value::String(text)) if !text.is_empty() => return Some(text),
            Some(Value::String(_)) => self.faults.push(format!("{name} is empty")),
            Some(value) => self.faults.push(format!("{name} is {}, expected a text", shape(value))),
            None => self.faults.push(format!("{name} is missing")),
        }
        None
    }

    fn request_type(&mut self) -> Option<RequestType> {
        let unknown = match self.text("RequestType")? {
            "Create" => return Some(RequestType::Create),
            "Update" => return Some(RequestType::Update),
            "Delete" => return Some(RequestType::Delete),
            unknown => unknown.chars().take(40).collect::<String>(),
        };
        self.faults.push(format!("RequestType is {unknown:?}, expected Create, Update or Delete"));
        None
    }

    /// A field that the answer repeats as it is, empty when that cannot be.
    fn echoed(&mut self, name: &str) -> String {
        let text = self.text(name).unwrap_or_default().to_owned();
        if text_len(&text) <= MAX_ECHO_BYTES {
            return text;
        }
        self.faults.push(format!("{name} is longer than {MAX_ECHO_BYTES} bytes"));
        String::new()
    }

    fn current_id(&mut self, request_type: Option<RequestType>) -> Option<String> {
        let name = "PhysicalResourceId";
        // A Create has none, and of an unknown request it is kept for the answer.
        if request_type == Some(RequestType::Create) || (request_type.is_none() && !self.event.contains_key(name)) {
            return None;
        }
        let text = self.text(name)?.to_owned();
        if text_len(&text) <= MAX_ID_BYTES {
            return Some(text);
        }
        self.faults.push(format!("{name} is longer than {MAX_ID_BYTES} bytes"));
        None
    }

    /// A Delete goes on without them (R26).
    fn properties(&mut self, request_type: Option<RequestType>) -> Value {
        let name = "ResourceProperties";
        let properties = self.event.get(name);
        if request_type != Some(RequestType::Delete) {
            match properties {
                None => self.faults.push(format!("{name} is missing")),
                Some(Value::Object(_)) => {}
                Some(value) => self.faults.push(format!("{name} is {}, expected an object", shape(value))),
            }
        }
        properties.cloned().unwrap_or_default()
    }

    /// Recorded events show it beside the properties or among them, as text or number.
    fn service_timeout(&mut self, request_type: Option<RequestType>) -> Duration {
        let name = "ServiceTimeout";
        let among = self.event.get("ResourceProperties").and_then(|properties| properties.get(name));
        let Some(value) = self.event.get(name).or(among) else {
            return DEFAULT_SERVICE_TIMEOUT;
        };
        let seconds = match value {
            Value::Number(number) => number.as_u64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        match seconds.filter(|seconds| (1..=DEFAULT_SERVICE_TIMEOUT.as_secs()).contains(seconds)) {
            Some(seconds) => Duration::from_secs(seconds),
            None => {
                // A Delete goes on with what CloudFormation would take.
                if request_type != Some(RequestType::Delete) {
                    self.faults.push(format!("{name} is not a whole number of seconds from 1 to 3600"));
                }
                DEFAULT_SERVICE_TIMEOUT
            }
        }
    }

    fn continuation(&mut self) -> Option<Continuation> {
        let value = self.event.get(continuation::FIELD)?;
        let read: Option<Continuation> = Continuation::deserialize(value).ok();
        let read = read.filter(|read| !read.physical_id.is_empty() && text_len(&read.physical_id) <= MAX_ID_BYTES);
        if read.is_none() {
            self.faults.push(format!("{} is not what this function hands to itself", continuation::FIELD));
        }
        read
    }
}
