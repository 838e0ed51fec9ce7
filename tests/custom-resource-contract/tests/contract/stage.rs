//! One process with its response URL, and the one assertion every test ends in.

use std::time::Duration;

use lambda_process::{Behaviour, Delivery, Ended, Function, Invocation, Outcome, Process, ResponseSink};
use serde_json::{Map, Value, json};

pub(crate) const STACK_ID: &str =
    "arn:aws:cloudformation:eu-central-1:111122223333:stack/platform/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";
pub(crate) const LOGICAL_ID: &str = "Scripted";
pub(crate) const REQUEST_ID: &str = "5b1b7a3c-0a47-4a0b-9c7c-3f1d8f2f7a11";
/// What the resource of the stack above is called when no property replaces it.
pub(crate) const PHYSICAL_ID: &str = "scripted-resource/platform/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0/Scripted";

/// An event under construction: CloudFormation's, then what the test does to it.
#[derive(Clone)]
pub(crate) struct Event {
    fields: Map<String, Value>,
    damage: Vec<(String, Option<Value>)>,
}

impl Event {
    pub(crate) fn create(properties: Value) -> Self {
        Self::new("Create", properties)
    }

    pub(crate) fn update(properties: Value, old: Value) -> Self {
        let mut event = Self::new("Update", properties);
        event.fields.insert("PhysicalResourceId".into(), PHYSICAL_ID.into());
        event.fields.insert("OldResourceProperties".into(), old);
        event
    }

    pub(crate) fn delete(properties: Value) -> Self {
        let mut event = Self::new("Delete", properties);
        event.fields.insert("PhysicalResourceId".into(), PHYSICAL_ID.into());
        event
    }

    /// All three requests with the same properties.
    pub(crate) fn each_kind(properties: &Value) -> [Self; 3] {
        [
            Self::create(properties.clone()),
            Self::update(properties.clone(), json!({})),
            Self::delete(properties.clone()),
        ]
    }

    fn new(request_type: &str, mut properties: Value) -> Self {
        let token = "arn:aws:lambda:eu-central-1:111122223333:function:scripted-resource";
        if let Some(properties) = properties.as_object_mut() {
            properties.insert("ServiceToken".into(), token.into());
            properties.insert("ServiceTimeout".into(), "60".into());
        }
        let fields = json!({
            "RequestType": request_type,
            "ServiceToken": token,
            "ResponseURL": "",
            "StackId": STACK_ID,
            "RequestId": REQUEST_ID,
            "LogicalResourceId": LOGICAL_ID,
            "ResourceType": "Custom::ScriptedResource",
            "ServiceTimeout": "60",
            "ResourceProperties": properties,
        });
        let Value::Object(fields) = fields else { unreachable!("an object was just written") };
        Self { fields, damage: Vec::new() }
    }

    /// Replaces a field, whatever it was.
    pub(crate) fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.damage.push((field.into(), Some(value.into())));
        self
    }

    pub(crate) fn without(mut self, field: &str) -> Self {
        self.damage.push((field.into(), None));
        self
    }

    pub(crate) fn request_type(&self) -> &str {
        self.fields.get("RequestType").and_then(Value::as_str).unwrap_or_default()
    }

    pub(crate) fn field_names(&self) -> Vec<String> {
        self.fields.keys().cloned().collect()
    }

    fn finish(&self, sink: &ResponseSink) -> Map<String, Value> {
        let text = |name: &str| self.fields.get(name).and_then(Value::as_str).unwrap_or_default();
        let url = sink.url(text("StackId"), text("LogicalResourceId"), text("RequestId"));
        let mut fields = self.fields.clone();
        fields.insert("ResponseURL".into(), url.into());
        for (field, value) in &self.damage {
            match value {
                Some(value) => fields.insert(field.clone(), value.clone()),
                None => fields.shift_remove(field),
            };
        }
        fields
    }
}

/// How a stage is set.
pub(crate) struct Setting {
    pub(crate) timeout: Duration,
    pub(crate) bucket: Vec<Behaviour>,
    pub(crate) environment: Vec<(&'static str, String)>,
}

impl Default for Setting {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(20), bucket: vec![Behaviour::Status(200)], environment: Vec::new() }
    }
}

impl Setting {
    pub(crate) fn timeout(timeout: Duration) -> Self {
        Self { timeout, ..Self::default() }
    }

    pub(crate) fn bucket(bucket: impl IntoIterator<Item = Behaviour>) -> Self {
        Self { bucket: bucket.into_iter().collect(), ..Self::default() }
    }

    pub(crate) fn env(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.environment.push((name, value.into()));
        self
    }

    fn function(&self) -> Function {
        let function = Function::new(env!("CARGO_BIN_EXE_scripted-resource"))
            .timeout(self.timeout)
            .env("CUSTOM_RESOURCE_ALLOW_LOOPBACK", "1");
        self.environment.iter().fold(function, |function, (name, value)| function.env(*name, value))
    }
}

/// A running process and the bucket its answers go to.
pub(crate) struct Stage {
    pub(crate) sink: ResponseSink,
    pub(crate) process: Process,
    timeout: Duration,
    seen: usize,
}

impl Stage {
    pub(crate) async fn set(setting: Setting) -> Self {
        let sink = ResponseSink::scripted(setting.bucket.iter().copied()).await.unwrap();
        let process = setting.function().start().await.unwrap();
        Self { sink, process, timeout: setting.timeout, seen: 0 }
    }

    pub(crate) async fn hand(&mut self, event: &Event) -> Handed {
        let event = Value::Object(event.finish(&self.sink));
        self.hand_raw(event).await
    }

    pub(crate) async fn hand_raw(&mut self, event: Value) -> Handed {
        let invocation = self.process.invoke(event.to_string()).await.unwrap();
        let all = self.sink.deliveries();
        let deliveries = all[self.seen..].to_vec();
        self.seen = all.len();
        Handed { event, deliveries, invocation, timeout: self.timeout }
    }

    /// Ends the process, after time enough for a second answer, and checks what it must never have done.
    pub(crate) async fn end(mut self) -> Ended {
        self.process.idle(Duration::from_millis(300)).await;
        assert_eq!(self.sink.deliveries().len(), self.seen, "an answer was sent after its invocation had ended");
        let ended = self.process.stop().await.unwrap();
        assert_eq!(ended.stray_answers, Vec::<String>::new());
        assert!(ended.init_errors.is_empty(), "start-up was reported to Lambda, not to CloudFormation");
        assert!(!ended.log.is_empty(), "nothing was logged");
        for line in &ended.log {
            assert!(!line.contains(self.sink.signature()), "R38: the log holds the signature: {line}");
        }
        ended
    }
}

/// One event to one process: its answer, and the log.
pub(crate) async fn answer_to(setting: Setting, event: Event) -> (Value, Ended) {
    let mut stage = Stage::set(setting).await;
    let answer = stage.hand(&event).await.one_answer();
    (answer, stage.end().await)
}

/// An event that was handed over, and what reached the bucket meanwhile.
#[derive(Debug)]
pub(crate) struct Handed {
    pub(crate) event: Value,
    pub(crate) deliveries: Vec<Delivery>,
    pub(crate) invocation: Invocation,
    timeout: Duration,
}

impl Handed {
    /// Asserts that CloudFormation has exactly one answer, that it is valid, and that it came within the deadline.
    pub(crate) fn one_answer(&self) -> Value {
        self.assert_attempts();
        let accepted: Vec<_> = self.deliveries.iter().filter(|delivery| delivery.accepted()).collect();
        assert_eq!(accepted.len(), 1, "R1: exactly one answer to {}, not {accepted:?}", self.event);
        assert!(self.invocation.duration < self.timeout, "R7: answered after {:?}", self.invocation.duration);
        assert!(
            matches!(self.invocation.outcome, Outcome::Response(_)),
            "R6: an answered event must not be run again: {:?}",
            self.invocation.outcome
        );
        let answer = accepted[0].answer().expect("the answer is JSON");
        self.assert_valid(&answer);
        answer
    }

    /// Asserts that CloudFormation has no answer, and that no further run was asked for.
    pub(crate) fn silence(&self) {
        assert!(self.deliveries.is_empty(), "{:?}", self.deliveries);
        assert!(matches!(self.invocation.outcome, Outcome::Response(_)), "{:?}", self.invocation.outcome);
    }

    /// What holds for each attempt, accepted or not (R11, R12, R14).
    pub(crate) fn assert_attempts(&self) {
        for delivery in &self.deliveries {
            let request = &delivery.request;
            assert_eq!(request.method, "PUT");
            let url = self.event["ResponseURL"].as_str().unwrap();
            assert!(url.ends_with(&request.target), "R12: {url} was re-encoded as {}", request.target);
            let header = |name: &str| request.headers.get(name).map(|value| value.to_str().unwrap());
            assert!(header("content-type").unwrap_or_default().is_empty(), "R11");
            assert_eq!(header("transfer-encoding"), None, "R11");
            assert_eq!(header("content-length"), Some(request.body.len().to_string().as_str()), "R11");
            assert!(request.body.len() <= 4096, "R33: {} bytes", request.body.len());
            assert_eq!(request.body, self.deliveries[0].request.body, "R14: another attempt, another answer");
        }
    }

    fn assert_valid(&self, answer: &Value) {
        let answer = answer.as_object().expect("the answer is an object");
        let text = |name: &str| answer.get(name).and_then(Value::as_str).unwrap_or_default();
        let known =
            ["Status", "Reason", "PhysicalResourceId", "StackId", "RequestId", "LogicalResourceId", "NoEcho", "Data"];
        for (name, value) in answer {
            assert!(known.contains(&name.as_str()), "unknown field {name}");
            assert!(!value.is_null(), "{name} is null");
        }
        assert!(matches!(text("Status"), "SUCCESS" | "FAILED"), "{answer:?}");
        assert!(text("Status") == "SUCCESS" || !text("Reason").trim().is_empty(), "no reason: {answer:?}");
        let id = text("PhysicalResourceId");
        assert!(!id.is_empty() && id.len() <= 1024 && !id.contains(char::is_control), "R18: {id:?}");
        for name in ["StackId", "RequestId", "LogicalResourceId"] {
            assert!(answer.get(name).is_some_and(Value::is_string), "no {name}: {answer:?}");
            if let Some(asked) = self.event[name].as_str().filter(|asked| asked.len() <= 512) {
                assert_eq!(text(name), asked, "{name}");
            }
        }
        let own_id = self.event["PhysicalResourceId"].as_str().filter(|id| !id.is_empty());
        if let (Some("Delete"), Some(own)) = (self.event["RequestType"].as_str(), own_id) {
            assert_eq!(id, own, "R15: a Delete must not change the id");
        }
        assert!(answer.get("NoEcho").is_none_or(Value::is_boolean), "{answer:?}");
        if let Some(data) = answer.get("Data") {
            let data = data.as_object().expect("Data is an object");
            assert!(data.values().all(Value::is_string), "R36: {data:?}");
        }
    }
}

/// The method calls the log tells of, in order.
pub(crate) fn calls(log: &[String]) -> Vec<Value> {
    let lines = log.iter().filter(|line| line.contains("the resource was called"));
    lines.map(|line| serde_json::from_str(line).expect("the log is JSON")).collect()
}
