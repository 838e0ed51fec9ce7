use serde_json::Value;

use crate::resource::present;
use crate::{Resource, Verdict};

/// A part of a description, where it is, and what to make of it.
///
/// A member that is absent means one of two things. The service answers some members always, so that without them an
/// answer is too old to judge by: [`Part::is`], [`Part::is_true`] and [`Part::is_false`] make that unknown. Others it
/// answers only where somebody set them: [`Part::names`] and [`Part::lists`] make that a failure,
/// [`Part::is_or_unset`] and [`Part::is_false_or_unset`] a pass, as long as the part around them was answered.
#[derive(Debug, Clone)]
pub(crate) struct Part<'a> {
    path: String,
    value: Option<&'a Value>,
}

impl<'a> Part<'a> {
    /// The whole description.
    pub(crate) fn of(resource: &'a Resource) -> Self {
        Self { path: String::new(), value: Some(&resource.description) }
    }

    /// A value that was read beside the description, under the name that reasons give it.
    pub(crate) fn beside(name: &str, value: Option<&'a Value>) -> Self {
        Self { path: name.to_owned(), value }
    }

    /// The member `a` or, with dots between them, a member within members.
    pub(crate) fn member(&self, name: &str) -> Self {
        let value = name.split('.').fold(self.value, |value, name| present(value?.get(name)));
        Self { path: self.inner(name), value }
    }

    /// The items of a list; none where it is absent or no list.
    pub(crate) fn items(&self) -> Vec<Self> {
        let items = self.value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        items
            .iter()
            .enumerate()
            .map(|(index, value)| Self { path: format!("{}[{index}]", self.path), value: Some(value) })
            .collect()
    }

    /// Neither absent nor null nor an empty string.
    pub(crate) fn is_present(&self) -> bool {
        present(self.value).is_some()
    }

    /// As text; `None` where it is absent or no text.
    pub(crate) fn text(&self) -> Option<&'a str> {
        present(self.value)?.as_str()
    }

    /// As a whole number from 0; `None` where it is absent or none.
    pub(crate) fn number(&self) -> Option<u64> {
        self.value?.as_u64()
    }

    /// The value itself.
    pub(crate) fn value(&self) -> Option<&'a Value> {
        present(self.value)
    }

    /// How reasons name it.
    pub(crate) fn path(&self) -> &str {
        if self.path.is_empty() { "the description" } else { &self.path }
    }

    /// A member that the service always answers has to be `expected`.
    pub(crate) fn is(&self, name: &str, expected: &str) -> Verdict {
        let member = self.member(name);
        match member.value {
            Some(Value::String(text)) if text == expected => Verdict::Pass,
            Some(Value::String(text)) => Verdict::Fail(format!("{} is {text:?}", member.path)),
            other => member.unreadable(other),
        }
    }

    /// A member that the service always answers has to be true.
    pub(crate) fn is_true(&self, name: &str) -> Verdict {
        self.is_bool(name, true)
    }

    /// A member that the service always answers has to be false.
    pub(crate) fn is_false(&self, name: &str) -> Verdict {
        self.is_bool(name, false)
    }

    fn is_bool(&self, name: &str, expected: bool) -> Verdict {
        let member = self.member(name);
        match member.value {
            Some(Value::Bool(found)) if *found == expected => Verdict::Pass,
            Some(Value::Bool(found)) => Verdict::Fail(format!("{} is {found}", member.path)),
            other => member.unreadable(other),
        }
    }

    /// A member that the service answers only where it was set has to be a text that is not empty.
    pub(crate) fn names(&self, name: &str) -> Verdict {
        match self.optional(name) {
            Ok(None) => Verdict::Fail(format!("{} is not set", self.inner(name))),
            Ok(Some(Value::String(_))) => Verdict::Pass,
            Ok(other) => self.member(name).unreadable(other),
            Err(unreadable) => unreadable,
        }
    }

    /// A member that the service answers only where it was set has to be a list that is not empty.
    pub(crate) fn lists(&self, name: &str) -> Verdict {
        match self.optional(name) {
            Ok(None) => Verdict::Fail(format!("{} is not set", self.inner(name))),
            Ok(Some(Value::Array(items))) if items.is_empty() => {
                Verdict::Fail(format!("{} is empty", self.inner(name)))
            }
            Ok(Some(Value::Array(_))) => Verdict::Pass,
            Ok(other) => self.member(name).unreadable(other),
            Err(unreadable) => unreadable,
        }
    }

    /// A member that is `expected` unless somebody set it to something else.
    pub(crate) fn is_or_unset(&self, name: &str, expected: &str) -> Verdict {
        self.optional(name)
            .map_or_else(|unreadable| unreadable, |set| set.map_or(Verdict::Pass, |_| self.is(name, expected)))
    }

    /// A member that is false unless somebody set it.
    pub(crate) fn is_false_or_unset(&self, name: &str) -> Verdict {
        self.optional(name)
            .map_or_else(|unreadable| unreadable, |set| set.map_or(Verdict::Pass, |_| self.is_false(name)))
    }

    /// A member that need not be there; an error where what should hold it was not answered or cannot hold anything.
    fn optional(&self, name: &str) -> Result<Option<&'a Value>, Verdict> {
        let mut part = self.clone();
        for (depth, name) in name.split('.').enumerate() {
            match part.value {
                Some(Value::Object(_)) => part = part.member(name),
                None if depth > 0 => return Ok(None),
                other => return Err(part.unreadable(other)),
            }
        }
        Ok(part.value)
    }

    /// What it is, is not what the service answers.
    pub(crate) fn unreadable(&self, found: Option<&Value>) -> Verdict {
        Verdict::Unknown(match found {
            None | Some(Value::Null) => format!("{} is not in the service's answer", self.path()),
            Some(other) => format!("{} is {}, which it never should be", self.path(), excerpt(other)),
        })
    }

    fn inner(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }
}

/// As much of a value as a reason can hold.
fn excerpt(value: &Value) -> String {
    const LONGEST: usize = 60;
    let text = value.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text,
    }
}
