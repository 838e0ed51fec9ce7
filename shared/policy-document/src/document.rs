use std::fmt;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::{Error, Statement};

/// A policy document: its statements, and the text around them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyDocument {
    version: Option<String>,
    /// The text up to the value of `Statement`.
    before: String,
    items: Vec<Item>,
    /// The value is a list; otherwise there is exactly one item.
    is_list: bool,
    /// What stands in a list without items.
    blank: String,
    /// The text behind the value of `Statement`.
    after: String,
}

/// A statement and the white space around it, up to the commas or brackets.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Item {
    lead: String,
    statement: Statement,
    trail: String,
}

impl PolicyDocument {
    /// A document of the version in which policy variables work, without statements.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            version: Some("2012-10-17".to_owned()),
            before: r#"{"Version":"2012-10-17","Statement":"#.to_owned(),
            items: Vec::new(),
            is_list: true,
            blank: String::new(),
            after: "}".to_owned(),
        }
    }

    /// `Version`. Without it, services read a document as of 2008-10-17, where `${...}` is text and no variable.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// The statements, in their order.
    pub fn statements(&self) -> impl ExactSizeIterator<Item = &Statement> {
        self.items.iter().map(|item| &item.statement)
    }

    /// There is no statement. Services refuse such a document: what it was the policy of has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Bytes of the text, which is what services limit.
    #[must_use]
    pub fn size(&self) -> usize {
        let items: usize =
            self.items.iter().map(|item| item.lead.len() + item.statement.json().len() + item.trail.len()).sum();
        let brackets = if self.is_list { 2 + self.items.len().saturating_sub(1) } else { 0 };
        self.before.len() + brackets + self.blank.len() + items + self.after.len()
    }

    /// Makes `new` the statements whose `Sid` satisfies `owns`, and says whether that changed the document.
    ///
    /// An own statement stays where it is, and as it is when it means the same as the new one of its `Sid`. New ones come
    /// last, own ones without a new one go, and of several with one `Sid` the first stays.
    pub fn replace(&mut self, owns: impl Fn(Option<&str>) -> bool, new: Vec<Statement>) -> bool {
        let mut new: Vec<Option<Statement>> = new.into_iter().map(Some).collect();
        let mut changed = false;
        let items = std::mem::take(&mut self.items);
        let mut gap = String::new();
        for mut item in items {
            if owns(item.statement.sid()) {
                let sid = item.statement.sid();
                let wished = new.iter_mut().find(|new| new.as_ref().is_some_and(|new| new.sid() == sid));
                let Some(wished) = wished.and_then(Option::take) else {
                    changed = true;
                    gap.push_str(&item.lead);
                    gap.push_str(&item.trail);
                    continue;
                };
                if !item.statement.means_the_same(&wished) {
                    changed = true;
                    item.statement = wished;
                }
            }
            self.items.push(item);
        }
        if self.items.is_empty() {
            self.is_list = true;
            self.blank.push_str(&gap);
        }
        for statement in new.into_iter().flatten() {
            changed = true;
            self.is_list = true;
            self.items.push(Item { lead: std::mem::take(&mut self.blank), statement, trail: String::new() });
        }
        changed
    }
}

impl FromStr for PolicyDocument {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let Elements(elements) = serde_json::from_str(text).map_err(Error::NotAnObject)?;
        for (at, (name, _)) in elements.iter().enumerate() {
            if elements.iter().skip(at + 1).any(|(other, _)| other == name) {
                return Err(Error::Repeated(name.clone()));
            }
        }
        let element = |name: &str| elements.iter().find(|(element, _)| element == name).map(|(_, value)| value.get());
        let value = element("Statement").ok_or(Error::NoStatement)?;
        let version = element("Version").and_then(|version| serde_json::from_str(version).ok());
        let (before, after) = around(text, value);
        let document = |is_list, items, blank: &str| Self {
            version,
            before: before.to_owned(),
            items,
            is_list,
            blank: blank.to_owned(),
            after: after.to_owned(),
        };
        if value.starts_with('{') {
            let item = Item { lead: String::new(), statement: Statement::parse(value, 0)?, trail: String::new() };
            return Ok(document(false, vec![item], ""));
        }
        let Ok(values) = serde_json::from_str::<Vec<&RawValue>>(value) else {
            return Err(Error::NotStatements);
        };
        let mut rest = value.strip_prefix('[').and_then(|value| value.strip_suffix(']')).unwrap_or_default();
        if values.is_empty() {
            return Ok(document(true, Vec::new(), rest));
        }
        let mut items = Vec::with_capacity(values.len());
        for (index, value) in values.into_iter().map(RawValue::get).enumerate() {
            let (lead, behind) = around(rest, value);
            let trail = behind.split_once(',').filter(|(trail, _)| trail.trim().is_empty());
            let (trail, next) = trail.unwrap_or((behind, ""));
            items.push(Item {
                lead: lead.to_owned(),
                statement: Statement::parse(value, index)?,
                trail: trail.to_owned(),
            });
            rest = next;
        }
        Ok(document(true, items, ""))
    }
}

impl fmt::Display for PolicyDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.before)?;
        if self.is_list {
            f.write_str("[")?;
        }
        f.write_str(&self.blank)?;
        for (at, item) in self.items.iter().enumerate() {
            let comma = if at > 0 { "," } else { "" };
            write!(f, "{comma}{}{}{}", item.lead, item.statement.json(), item.trail)?;
        }
        if self.is_list {
            f.write_str("]")?;
        }
        f.write_str(&self.after)
    }
}

/// The text before and behind `part`, which is a slice of `text`.
fn around<'a>(text: &'a str, part: &str) -> (&'a str, &'a str) {
    let start = (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
    (text.get(..start).unwrap_or_default(), text.get(start + part.len()..).unwrap_or_default())
}

/// The elements of a document, in their order, repeated ones included.
struct Elements<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Elements<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Elements<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a policy document")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut elements = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, &'de RawValue>()? {
                    elements.push((name, value));
                }
                Ok(Elements(elements))
            }
        }

        deserializer.deserialize_map(Object)
    }
}
