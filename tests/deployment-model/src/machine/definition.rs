//! The state machine as its file has it. Whatever the interpreter does not know is an error here.

use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A state machine.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct Definition {
    #[serde(rename = "Comment")]
    _comment: Option<String>,
    #[serde(rename = "QueryLanguage")]
    _query_language: QueryLanguage,
    /// The first state.
    pub start_at: String,
    /// After which Step Functions ends an execution wherever it is.
    pub timeout_seconds: Option<i64>,
    /// By name.
    pub states: BTreeMap<String, State>,
}

#[derive(Debug, Deserialize)]
enum QueryLanguage {
    #[serde(rename = "JSONata")]
    Jsonata,
}

/// One state.
#[derive(Debug, Deserialize)]
#[serde(tag = "Type")]
pub enum State {
    /// Calls something.
    Task(Box<Task>),
    /// Decides.
    Choice(Choice),
    /// Lets time pass.
    Wait(Wait),
    /// Sets variables.
    Pass(Pass),
    /// The end.
    Succeed(Succeed),
    /// The other end.
    Fail(Fail),
}

/// Fields to evaluate, by name.
pub(super) type Assign = Map<String, Value>;

/// See [`State::Task`].
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct Task {
    #[serde(rename = "Comment")]
    _comment: Option<String>,
    /// Of what is called, with the template's substitutions.
    pub resource: String,
    /// What it is given.
    pub arguments: Value,
    /// Seconds, or an expression.
    pub timeout_seconds: Value,
    /// In the order in which they are asked.
    #[serde(default)]
    pub retry: Vec<Retrier>,
    /// In the order in which they are asked.
    #[serde(default)]
    pub catch: Vec<Catcher>,
    /// From the result.
    #[serde(default)]
    pub assign: Assign,
    /// The result where there is none.
    pub output: Option<Value>,
    /// The state after it.
    pub next: String,
}

/// When a task is tried again.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct Retrier {
    /// Names of errors.
    pub error_equals: Vec<String>,
    /// Before the first try.
    #[serde(default)]
    pub interval_seconds: f64,
    /// Times the interval.
    #[serde(default)]
    pub backoff_rate: f64,
    /// At most.
    #[serde(default)]
    pub max_delay_seconds: f64,
    /// Tries after the first one.
    pub max_attempts: u32,
    /// Any delay up to the calculated one is one that Step Functions may choose.
    #[serde(rename = "JitterStrategy")]
    _jitter_strategy: Option<Jitter>,
}

#[derive(Debug, Deserialize)]
enum Jitter {
    #[serde(rename = "FULL")]
    Full,
}

/// Where a failed task goes on.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct Catcher {
    /// Names of errors.
    pub error_equals: Vec<String>,
    /// From the error.
    #[serde(default)]
    pub assign: Assign,
    /// The state after it.
    pub next: String,
}

/// See [`State::Choice`].
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct Choice {
    #[serde(rename = "Comment")]
    _comment: Option<String>,
    /// The first that holds is taken.
    pub choices: Vec<Rule>,
    /// The state after it where none holds.
    pub default: String,
    /// Where none holds.
    #[serde(default)]
    pub assign: Assign,
}

/// One way out of a [`Choice`].
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct Rule {
    /// An expression.
    pub condition: String,
    /// Where it holds.
    #[serde(default)]
    pub assign: Assign,
    /// The state after it.
    pub next: String,
}

/// See [`State::Wait`].
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct Wait {
    #[serde(rename = "Comment")]
    _comment: Option<String>,
    /// Or an expression.
    pub seconds: Value,
    /// From the input.
    #[serde(default)]
    pub assign: Assign,
    /// The state after it.
    pub next: String,
}

/// See [`State::Pass`].
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct Pass {
    #[serde(rename = "Comment")]
    _comment: Option<String>,
    /// From the input.
    #[serde(default)]
    pub assign: Assign,
    /// The state after it.
    pub next: String,
}

/// See [`State::Succeed`].
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct Succeed {
    #[serde(rename = "Comment")]
    _comment: Option<String>,
    /// Of the execution.
    pub output: Value,
}

/// See [`State::Fail`].
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct Fail {
    #[serde(rename = "Comment")]
    _comment: Option<String>,
    /// Its name.
    pub error: Value,
    /// In words.
    pub cause: Value,
}

impl Definition {
    /// From its file. `substitutions` are the template's, such as `Partition`.
    ///
    /// # Errors
    /// What the interpreter does not know, and names that lead nowhere.
    pub fn read(text: &str, substitutions: &[(&str, String)]) -> Result<Self, String> {
        let mut text = text.to_owned();
        for (name, value) in substitutions {
            let placeholder = format!("${{{name}}}");
            if !text.contains(&placeholder) {
                return Err(format!("nothing in the definition uses {placeholder}"));
            }
            text = text.replace(&placeholder, value);
        }
        if let Some((_, rest)) = text.split_once("${") {
            return Err(format!("the definition has a placeholder that nobody fills: {}", &rest[..rest.len().min(40)]));
        }
        let definition: Self = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        for (name, state) in &definition.states {
            let State::Task(task) = state else { continue };
            if task.retry.iter().any(|retrier| retrier.max_attempts > 0 && retrier.interval_seconds == 0.0) {
                return Err(format!("state {name} does not say how fast it is tried again"));
            }
        }
        for (name, state) in &definition.states {
            for next in state.next() {
                if !definition.states.contains_key(next) {
                    return Err(format!("state {name} leads to {next}, which does not exist"));
                }
            }
        }
        Ok(definition)
    }

    /// All ways through the machine that a test can take, each by its name.
    pub fn paths(&self) -> Vec<String> {
        let mut paths = Vec::new();
        for (name, state) in &self.states {
            paths.push(name.clone());
            match state {
                State::Choice(choice) => {
                    paths.extend((0..choice.choices.len()).map(|index| format!("{name} choice {index}")));
                    paths.push(format!("{name} default"));
                }
                State::Task(task) => {
                    for (index, retrier) in task.retry.iter().enumerate() {
                        paths.extend((retrier.max_attempts > 0).then(|| format!("{name} retry {index}")));
                        paths.push(format!("{name} retry {index} used up"));
                    }
                    paths.extend((0..task.catch.len()).map(|index| format!("{name} catch {index}")));
                }
                State::Wait(_) | State::Pass(_) | State::Succeed(_) | State::Fail(_) => {}
            }
        }
        paths
    }

    /// Every expression of the definition, with the state it is in.
    pub fn expressions(&self, text: &str) -> Vec<(String, String)> {
        fn collect(state: &str, value: &Value, found: &mut Vec<(String, String)>) {
            match value {
                Value::String(text) => {
                    found.extend(super::expression::source(text).map(|source| (state.to_owned(), source.to_owned())));
                }
                Value::Array(items) => items.iter().for_each(|item| collect(state, item, found)),
                Value::Object(fields) => fields.values().for_each(|field| collect(state, field, found)),
                Value::Null | Value::Bool(_) | Value::Number(_) => {}
            }
        }
        let document: Value = serde_json::from_str(text).unwrap();
        let mut found = Vec::new();
        for (name, state) in document["States"].as_object().unwrap() {
            collect(name, state, &mut found);
        }
        assert_eq!(document["States"].as_object().unwrap().len(), self.states.len());
        found
    }
}

impl State {
    fn next(&self) -> Vec<&String> {
        match self {
            Self::Task(task) => task.catch.iter().map(|catcher| &catcher.next).chain([&task.next]).collect(),
            Self::Choice(choice) => choice.choices.iter().map(|rule| &rule.next).chain([&choice.default]).collect(),
            Self::Wait(Wait { next, .. }) | Self::Pass(Pass { next, .. }) => vec![next],
            Self::Succeed(_) | Self::Fail(_) => vec![],
        }
    }
}
