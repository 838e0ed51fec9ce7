//! One execution, a state at a time.

use super::definition::{Assign, Catcher, Definition, Retrier, State, Task};
use super::expression::{Variables, evaluate, fill, source, to_json};
use jsonata_core::value::JValue;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::rc::Rc;

/// Why a task has no result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskError {
    /// Its name, which retriers and catchers know it by.
    pub error: String,
    /// In words.
    pub cause: String,
}

/// How a call ended.
#[derive(Debug)]
pub enum Called {
    /// At once.
    Answered(Result<Value, TaskError>),
    /// Somebody will answer with the token.
    Waits,
}

/// What tasks call.
pub trait Resources {
    /// Calls `resource` from `state` of an execution. An unknown resource panics.
    fn call(&mut self, execution: &str, state: &str, resource: &str, arguments: Value) -> Called;
}

/// How an execution stands.
#[derive(Debug, Clone, PartialEq)]
pub enum Status {
    /// Not at its end.
    Running,
    /// With this output.
    Succeeded(Value),
    /// With this error.
    Failed(TaskError),
}

/// What was seen of a machine by all executions of a test.
#[derive(Debug, Default)]
pub struct Seen {
    /// See [`Definition::paths`].
    pub paths: BTreeSet<String>,
    /// The largest input, result, or set of variables that were assigned at once, in bytes, and in which state.
    pub largest: (usize, String),
    /// The longest history.
    pub most_events: usize,
    /// Whether sizes are measured, which takes its time.
    pub measures: bool,
}

/// An execution under way, or at its end.
#[derive(Debug)]
pub struct Execution {
    /// As it was started.
    pub name: String,
    /// Milliseconds.
    pub started: i64,
    /// As it was started.
    pub input: Value,
    /// How it stands.
    pub status: Status,
    /// Not before that, in milliseconds.
    pub wakes: i64,
    /// Where it is.
    pub state: String,
    /// The token it waits with, and until when.
    pub waits: Option<(String, i64)>,
    /// Entries in Step Functions' history, of which there may be 25,000.
    pub events: usize,
    /// The states it was in.
    pub trace: Vec<String>,
    machine: Rc<Definition>,
    state_machine: String,
    current: JValue,
    variables: Variables,
    entered: i64,
    is_entered: bool,
    attempts: Vec<u32>,
    tokens: usize,
}

const MOST_EVENTS: usize = 25_000;
/// Of an input, an output, or the variables of one Assign.
pub const MOST_BYTES: usize = 256 * 1024;

impl Execution {
    /// In front of its first state.
    pub fn new(machine: Rc<Definition>, state_machine: &str, name: &str, input: Value, now: i64) -> Self {
        Self {
            name: name.to_owned(),
            started: now,
            current: JValue::from(input.clone()),
            input,
            status: Status::Running,
            wakes: now,
            state: machine.start_at.clone(),
            waits: None,
            events: 1,
            trace: Vec::new(),
            machine,
            state_machine: state_machine.to_owned(),
            variables: Variables::new(),
            entered: now,
            is_entered: false,
            attempts: Vec::new(),
            tokens: 0,
        }
    }

    /// Whether it has not ended.
    pub fn is_running(&self) -> bool {
        self.status == Status::Running
    }

    /// When its answer comes too late, where it waits for one; otherwise when it goes on.
    pub fn due(&self) -> i64 {
        self.waits.as_ref().map_or(self.wakes, |(_, until)| *until)
    }

    /// One variable, as JSON.
    pub fn variable(&self, name: &str) -> Value {
        self.variables.get(name).map(to_json).unwrap_or_default()
    }

    /// Does the next state, or the next try of a task. `now` is not before [`due`](Self::due), and no two steps of any
    /// execution are at the same time.
    pub fn step(&mut self, now: i64, resources: &mut impl Resources, seen: &mut Seen) {
        assert!(self.is_running() && now >= self.due(), "{} is not due", self.name);
        if self.machine.timeout_seconds.is_some_and(|seconds| now - self.started >= seconds * 1000) {
            panic!(
                "{} ran out of the state machine's time in {}, with nobody to take anything back",
                self.name, self.state
            );
        }
        if self.waits.is_some() {
            let cause = String::new();
            self.answered(Err(TaskError { error: "States.Timeout".to_owned(), cause }), now, seen);
            return;
        }
        let machine = Rc::clone(&self.machine);
        let name = self.state.clone();
        let state = &machine.states[&name];
        if !self.is_entered {
            seen.paths.insert(name.clone());
            self.trace.push(name.clone());
            (self.entered, self.is_entered) = (now, true);
            self.attempts.clear();
            self.count(1, seen);
            self.measure(seen, "the input", &self.current.clone());
        }
        match state {
            State::Task(task) => self.try_task(task, now, resources, seen),
            State::Choice(choice) => {
                let states = self.states(None, None);
                let taken = choice.choices.iter().position(|rule| {
                    let condition = source(&rule.condition).unwrap_or_else(|| panic!("{name}: no expression"));
                    match self.must(evaluate(condition, &self.variables, &states)) {
                        JValue::Bool(holds) => holds,
                        other => panic!("{name}: {condition} is {other}, expected a boolean"),
                    }
                });
                let (path, assign, next) = match taken {
                    Some(index) => {
                        let rule = &choice.choices[index];
                        (format!("{name} choice {index}"), &rule.assign, &rule.next)
                    }
                    None => (format!("{name} default"), &choice.assign, &choice.default),
                };
                seen.paths.insert(path);
                self.assign(assign, &states, seen);
                self.go(next, now, seen);
            }
            State::Wait(wait) => {
                let states = self.states(None, None);
                let seconds = self.must(fill(&wait.seconds, &self.variables, &states));
                let seconds = seconds.as_f64().unwrap_or_else(|| panic!("{name}: {seconds} are no seconds"));
                assert!(seconds.fract() == 0.0 && (0.0..99_999_999.0).contains(&seconds), "{name}: {seconds}");
                self.assign(&wait.assign, &states, seen);
                self.go(&wait.next, now, seen);
                self.wakes = now + seconds as i64 * 1000;
            }
            State::Pass(pass) => {
                self.assign(&pass.assign, &self.states(None, None), seen);
                self.go(&pass.next, now, seen);
            }
            State::Succeed(succeed) => {
                let output = self.must(fill(&succeed.output, &self.variables, &self.states(None, None)));
                self.measure(seen, "the output", &output);
                self.count(2, seen);
                self.status = Status::Succeeded(to_json(&output));
            }
            State::Fail(fail) => {
                let text = |value: &Value| match self.must(fill(value, &self.variables, &self.states(None, None))) {
                    JValue::String(text) => text.to_string(),
                    other => panic!("{name}: {other} is no text"),
                };
                let failed = TaskError { error: text(&fail.error), cause: text(&fail.cause) };
                assert!(failed.error.len() <= 256, "{name}: Step Functions takes no longer error than 256");
                assert!(failed.cause.len() <= 32_768, "{name}: Step Functions takes no longer cause than 32768");
                self.count(2, seen);
                self.status = Status::Failed(failed);
            }
        }
    }

    /// The answer to the token that it waits with.
    pub fn answered(&mut self, answer: Result<Value, TaskError>, now: i64, seen: &mut Seen) {
        assert!(self.waits.take().is_some(), "{} waits for nothing", self.name);
        let machine = Rc::clone(&self.machine);
        let State::Task(task) = &machine.states[&self.state] else { panic!("{} is no task", self.state) };
        self.ended(task, answer, now, seen);
    }

    fn try_task(&mut self, task: &Task, now: i64, resources: &mut impl Resources, seen: &mut Seen) {
        let waits = task.resource.ends_with(".waitForTaskToken");
        self.tokens += usize::from(waits);
        let token = waits.then(|| format!("{}#{}", self.name, self.tokens));
        let states = self.states(token.as_deref(), None);
        let arguments = self.must(fill(&task.arguments, &self.variables, &states));
        self.measure(seen, "the arguments", &arguments);
        let timeout = self.must(fill(&task.timeout_seconds, &self.variables, &states));
        let timeout = timeout.as_i64().filter(|seconds| *seconds > 0);
        let timeout = timeout.unwrap_or_else(|| panic!("{}: expected seconds to time out after", self.state));
        self.count(2, seen);
        match (resources.call(&self.name, &self.state, &task.resource, to_json(&arguments)), token) {
            (Called::Waits, Some(token)) => self.waits = Some((token, now + timeout * 1000)),
            (Called::Waits, None) => panic!("{}: waits without a token", self.state),
            (Called::Answered(Ok(_)), Some(_)) => panic!("{}: answered although it waits", self.state),
            (Called::Answered(answer), _) => self.ended(task, answer, now, seen),
        }
    }

    fn ended(&mut self, task: &Task, answer: Result<Value, TaskError>, now: i64, seen: &mut Seen) {
        self.count(1, seen);
        let failed = match answer {
            Ok(result) => {
                let result = JValue::from(result);
                self.measure(seen, "the result", &result);
                let states = self.states(None, Some(("result", result.clone())));
                let output = task.output.as_ref().map(|it| self.must(fill(it, &self.variables, &states)));
                self.assign(&task.assign, &states, seen);
                self.current = output.unwrap_or(result);
                self.go(&task.next, now, seen);
                return;
            }
            Err(failed) => failed,
        };
        let name = self.state.clone();
        self.attempts.resize(task.retry.len(), 0);
        let retrier = task.retry.iter().position(|retrier| matches(&retrier.error_equals, &failed.error));
        if let Some(index) = retrier {
            let Retrier { interval_seconds, backoff_rate, max_delay_seconds, max_attempts, .. } = &task.retry[index];
            let attempts = &mut self.attempts[index];
            if *attempts < *max_attempts {
                let delay = interval_seconds * backoff_rate.powi(i32::try_from(*attempts).unwrap());
                *attempts += 1;
                seen.paths.insert(format!("{name} retry {index}"));
                self.wakes = now + (delay.min(*max_delay_seconds) * 1000.0) as i64;
                return;
            }
            seen.paths.insert(format!("{name} retry {index} used up"));
        }
        let catcher = task.catch.iter().position(|catcher| matches(&catcher.error_equals, &failed.error));
        let Some(index) = catcher else {
            panic!("{}: nobody catches {} of {name}: {}", self.name, failed.error, failed.cause);
        };
        seen.paths.insert(format!("{name} catch {index}"));
        let Catcher { assign, next, .. } = &task.catch[index];
        let output = JValue::from(json!({"Error": failed.error, "Cause": failed.cause}));
        self.assign(assign, &self.states(None, Some(("errorOutput", output.clone()))), seen);
        self.current = output;
        self.go(next, now, seen);
    }

    fn go(&mut self, next: &str, now: i64, seen: &mut Seen) {
        self.count(1, seen);
        next.clone_into(&mut self.state);
        (self.is_entered, self.wakes) = (false, now);
    }

    /// All expressions see the variables as they were before.
    fn assign(&mut self, assign: &Assign, states: &JValue, seen: &mut Seen) {
        let values = assign.iter().map(|(name, template)| {
            assert!(name != "states", "{}: assigns to $states", self.state);
            (name.clone(), self.must(fill(template, &self.variables, states)))
        });
        let values: Vec<_> = values.collect();
        if seen.measures {
            let bytes = values.iter().map(|(name, value)| name.len() + to_json(value).to_string().len()).sum();
            self.largest(seen, "the variables assigned", bytes);
        }
        self.variables.extend(values);
    }

    fn states(&self, token: Option<&str>, more: Option<(&str, JValue)>) -> JValue {
        let text = |text: &str| JValue::string(text);
        let object = |fields: Vec<(&str, JValue)>| {
            JValue::object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
        };
        let arn = format!("{}:{}", self.state_machine.replace(":stateMachine:", ":execution:"), self.name);
        let execution = object(vec![
            ("Id", text(&arn)),
            ("Name", text(&self.name)),
            ("StartTime", text(&timestamp(self.started))),
            ("Input", JValue::from(self.input.clone())),
        ]);
        let state = object(vec![("Name", text(&self.state)), ("EnteredTime", text(&timestamp(self.entered)))]);
        let machine = object(vec![("Id", text(&self.state_machine))]);
        let mut context = vec![("Execution", execution), ("State", state), ("StateMachine", machine)];
        if let Some(token) = token {
            context.push(("Task", object(vec![("Token", text(token))])));
        }
        let mut states = vec![("input", self.current.clone()), ("context", object(context))];
        states.extend(more);
        object(states)
    }

    fn must<T>(&self, result: Result<T, String>) -> T {
        result.unwrap_or_else(|error| panic!("{}, state {}: {error}", self.name, self.state))
    }

    fn count(&mut self, events: usize, seen: &mut Seen) {
        self.events += events;
        assert!(self.events < MOST_EVENTS, "{} in {}: Step Functions ends a longer history", self.name, self.state);
        seen.most_events = seen.most_events.max(self.events);
    }

    fn measure(&self, seen: &mut Seen, what: &str, value: &JValue) {
        if seen.measures {
            self.largest(seen, what, to_json(value).to_string().len());
        }
    }

    fn largest(&self, seen: &mut Seen, what: &str, bytes: usize) {
        assert!(bytes <= MOST_BYTES, "{what} of {} has {bytes} bytes", self.state);
        if bytes > seen.largest.0 {
            seen.largest = (bytes, format!("{what} of {}", self.state));
        }
    }
}

fn matches(names: &[String], error: &str) -> bool {
    names.iter().any(|name| match name.as_str() {
        "States.ALL" => true,
        "States.TaskFailed" => error != "States.Timeout",
        name => name == error,
    })
}

/// As Step Functions writes times.
pub fn timestamp(milliseconds: i64) -> String {
    let (days, rest) = (milliseconds.div_euclid(86_400_000), milliseconds.rem_euclid(86_400_000));
    // Days since 1970 as a date of the Gregorian calendar, counted from a year that begins in March.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hours, minutes) = (rest / 3_600_000, rest / 60_000 % 60);
    let (seconds, milliseconds) = (rest / 1_000 % 60, rest % 1_000);
    format!("{year:04}-{month:02}-{day:02}T{hours:02}:{minutes:02}:{seconds:02}.{milliseconds:03}Z")
}
