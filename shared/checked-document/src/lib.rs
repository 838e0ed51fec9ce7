//! Reads a JSON document that a person wrote, to its end, and names every fault in it by its path.
//!
//! serde stops at the first fault. An administrator who registers a model or configures the controls gets one error that
//! lists all of them: where each is, what is there, what was expected instead.

mod parsing;

use parsing::Parsing;
use serde::de::DeserializeSeed;
use serde_json::{Map, Value};
use std::cell::RefCell;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// One thing wrong in a document.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, thiserror::Error)]
#[error("{path}: {problem}")]
pub struct Fault {
    /// Where it is, from the document's root: `$.stages[0].exclude[1]`.
    pub path: String,
    /// What is there and what was expected instead.
    pub problem: String,
}

/// Reads a JSON document to its end whatever is wrong in it, so that one run names every fault.
///
/// A reading method answers `None` after it has recorded why.
#[derive(Default)]
pub struct Faults(RefCell<Vec<Fault>>);

impl Faults {
    /// A text's document; `None`: it is no JSON, which is recorded. So is every member that an object has more than once:
    /// serde would keep the last without a word.
    pub fn parse(&self, text: &str) -> Option<Value> {
        let mut reader = serde_json::Deserializer::from_str(text);
        let parsing = Parsing { path: "$".to_owned(), faults: self };
        let parsed = parsing.deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
        parsed.map_err(|error| self.record("$", format!("is not JSON: {error}"))).ok()
    }

    /// The whole document, to be read.
    pub fn root<'a>(&'a self, value: &'a Value) -> Node<'a> {
        Node { path: "$".to_owned(), value, faults: self }
    }

    /// What was wrong, in the order of reading.
    pub fn into_vec(self) -> Vec<Fault> {
        self.0.into_inner()
    }

    fn record(&self, path: &str, problem: String) {
        self.0.borrow_mut().push(Fault { path: path.to_owned(), problem });
    }
}

/// A value and where it stands.
pub struct Node<'a> {
    path: String,
    value: &'a Value,
    faults: &'a Faults,
}

impl<'a> Node<'a> {
    /// Where it stands.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What stands there.
    pub fn value(&self) -> &'a Value {
        self.value
    }

    /// Records what is wrong with it.
    pub fn fault<T>(&self, problem: impl Display) -> Option<T> {
        self.faults.record(&self.path, problem.to_string());
        None
    }

    fn unexpected<T>(&self, expected: impl Display) -> Option<T> {
        self.fault(format_args!("expected {expected}, found {}", Excerpt(self.value)))
    }

    /// A string that parses; its error completes the sentence "expected ...".
    pub fn text<T: FromStr<Err: Display>>(&self) -> Option<T> {
        match self.value {
            Value::String(text) => text.parse().or_else(|expected: T::Err| self.unexpected(expected).ok_or(())).ok(),
            _ => self.unexpected("a string"),
        }
    }

    /// A string that `accepts`; `expected` completes the sentence "expected ...".
    pub fn text_where(&self, expected: &str, accepts: impl Fn(&str) -> bool) -> Option<String> {
        match self.value {
            Value::String(text) if accepts(text) => Some(text.clone()),
            Value::String(_) => self.unexpected(expected),
            _ => self.unexpected("a string"),
        }
    }

    /// A whole number within `range`.
    pub fn integer(&self, range: RangeInclusive<u32>) -> Option<u32> {
        let found = self.value.as_u64().and_then(|number| u32::try_from(number).ok());
        found
            .filter(|number| range.contains(number))
            .or_else(|| self.unexpected(format_args!("a whole number from {} to {}", range.start(), range.end())))
    }

    /// `true` or `false`.
    pub fn boolean(&self) -> Option<bool> {
        self.value.as_bool().or_else(|| self.unexpected("true or false"))
    }

    /// At least one item, none of them twice.
    pub fn some<T: PartialEq>(&self, read: impl Fn(&Node<'a>) -> Option<T>) -> Option<Vec<T>> {
        match self.value {
            Value::Array(items) if !items.is_empty() => self.any(read),
            _ => self.unexpected("a list of at least one item"),
        }
    }

    /// At least one item; those that could be read.
    pub fn each<T>(&self, read: impl Fn(&Node<'a>) -> Option<T>) -> Vec<T> {
        match self.value {
            Value::Array(items) if !items.is_empty() => self.items(items).filter_map(|node| read(&node)).collect(),
            _ => self.unexpected::<()>("a list of at least one item").map(|()| Vec::new()).unwrap_or_default(),
        }
    }

    fn items(&self, items: &'a [Value]) -> impl Iterator<Item = Node<'a>> {
        items.iter().enumerate().map(|(index, value)| Node {
            path: format!("{}[{index}]", self.path),
            value,
            faults: self.faults,
        })
    }

    /// Any number of items, none of them twice.
    pub fn any<T: PartialEq>(&self, read: impl Fn(&Node<'a>) -> Option<T>) -> Option<Vec<T>> {
        let Value::Array(items) = self.value else { return self.unexpected("a list") };
        let mut complete = true;
        let mut read_items = Vec::with_capacity(items.len());
        for node in self.items(items) {
            match read(&node) {
                Some(item) if read_items.contains(&item) => {
                    complete = false;
                    node.fault::<()>(format_args!("{} is in the list more than once", Excerpt(node.value)));
                }
                Some(item) => read_items.push(item),
                None => complete = false,
            }
        }
        complete.then_some(read_items)
    }

    /// An object; close it once its members are read.
    pub fn object(&self) -> Option<Object<'a>> {
        match self.value {
            Value::Object(members) => {
                Some(Object { path: self.path.clone(), members, known: Vec::new(), faults: self.faults })
            }
            _ => self.unexpected("an object"),
        }
    }
}

/// An object whose unread members are faults once it is closed.
pub struct Object<'a> {
    path: String,
    members: &'a Map<String, Value>,
    known: Vec<&'static str>,
    faults: &'a Faults,
}

impl<'a> Object<'a> {
    /// `None` if there is no such member, which is no fault.
    pub fn optional(&mut self, name: &'static str) -> Option<Node<'a>> {
        self.known.push(name);
        let value = self.members.get(name)?;
        Some(Node { path: format!("{}.{name}", self.path), value, faults: self.faults })
    }

    /// A member that has to be there.
    pub fn required(&mut self, name: &'static str) -> Option<Node<'a>> {
        self.optional(name).or_else(|| self.fault(format_args!("has no {name:?}, which is required")))
    }

    /// Records what is wrong between its members.
    pub fn fault<T>(&self, problem: impl Display) -> Option<T> {
        self.faults.record(&self.path, problem.to_string());
        None
    }

    /// Names every member that was not asked for, and the known one it may have been meant to be.
    pub fn close(self) {
        for name in self.members.keys().filter(|name| !self.known.contains(&name.as_str())) {
            let nearest = self
                .known
                .iter()
                .map(|known| (strsim::damerau_levenshtein(&known.to_lowercase(), &name.to_lowercase()), known))
                .min()
                .filter(|(distance, _)| *distance <= 3);
            let path = format!("{}.{name}", self.path);
            match nearest {
                Some((_, known)) => self.faults.record(&path, format!("is not known; did you mean {known:?}?")),
                None => {
                    self.faults.record(&path, format!("is not known; known here are {}", self.known.join(", ")));
                }
            }
        }
    }
}

/// As much of a value as a message can hold.
struct Excerpt<'a>(&'a Value);

impl Display for Excerpt<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const LONGEST: usize = 120;
        let text = self.0.to_string();
        match text.char_indices().nth(LONGEST) {
            Some((end, _)) => write!(f, "{}...", text.get(..end).unwrap_or_default()),
            None => f.write_str(&text),
        }
    }
}
