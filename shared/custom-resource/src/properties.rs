use std::any::type_name;
use std::collections::BTreeSet;
use std::error::Error;
use std::fmt::{self, Display};
use std::str::FromStr;

use serde_json::{Map, Value};

use crate::json::shape;

/// CloudFormation's own, in every custom resource.
const ALWAYS_ALLOWED: [&str; 2] = ["ServiceToken", "ServiceTimeout"];
/// Enough to recognise a value by; an ARN fits.
const QUOTED_CHARS: usize = 160;
/// Similarity (0 to 1) from which on an unknown name is taken for a misspelt one.
const SIMILAR: f64 = 0.8;

/// Properties read from a template's `Properties`.
///
/// Ask for every property before giving up on one, so that all faults come to light at once:
///
/// ```
/// use custom_resource::{FromProperties, Reader, read_properties};
///
/// struct Greeting { name: String, times: u32, languages: Vec<String> }
///
/// impl FromProperties for Greeting {
///     fn from_properties(reader: &mut Reader<'_>) -> Option<Self> {
///         let (name, times, languages) = (reader.required("Name"), reader.optional("Times"), reader.list("Languages"));
///         Some(Self { name: name?, times: times?.unwrap_or(1), languages: languages? })
///     }
/// }
///
/// let faults = read_properties::<Greeting>(&serde_json::json!({ "Nam": "x", "Times": "many" })).err().unwrap();
/// assert_eq!(
///     faults.to_string(),
///     "Name is missing; Times is \"many\", expected a whole number; Nam is unknown, did you mean Name?",
/// );
/// ```
pub trait FromProperties: Sized {
    /// `None` means that `reader` has recorded a fault.
    fn from_properties(reader: &mut Reader<'_>) -> Option<Self>;
}

/// A resource without properties.
impl FromProperties for () {
    fn from_properties(_reader: &mut Reader<'_>) -> Option<Self> {
        Some(())
    }
}

/// Reads properties by name and keeps every fault.
///
/// CloudFormation sends all scalars as text; numbers and booleans are taken as their text. A property that no method
/// asked for is a fault, except `ServiceToken` and `ServiceTimeout`.
pub struct Reader<'a> {
    properties: &'a Map<String, Value>,
    asked: Vec<&'static str>,
    faults: Vec<String>,
    quoting: bool,
}

impl Reader<'_> {
    /// A property that must be there and not be blank.
    pub fn required<T>(&mut self, name: &'static str) -> Option<T>
    where
        T: FromStr,
        T::Err: Display,
    {
        match self.scalar::<T>(name)? {
            Some(text) => self.parse(name, &text),
            None => {
                let state = if self.properties.contains_key(name) { "empty" } else { "missing" };
                self.fault(name, format_args!("is {state}{}", Expected::of::<T>()));
                None
            }
        }
    }

    /// A property that may be absent; null and blank text, an unset parameter's default, count as absent.
    pub fn optional<T>(&mut self, name: &'static str) -> Option<Option<T>>
    where
        T: FromStr,
        T::Err: Display,
    {
        match self.scalar::<T>(name)? {
            Some(text) => self.parse(name, &text).map(Some),
            None => Some(None),
        }
    }

    /// A list, or one text of items between commas. Absent is empty, items are trimmed and blank ones dropped: an empty
    /// `CommaDelimitedList` arrives as a list of one empty text (R29). Every item with a fault is named.
    pub fn list<T>(&mut self, name: &'static str) -> Option<Vec<T>>
    where
        T: FromStr,
        T::Err: Display,
    {
        self.asked.push(name);
        let properties = self.properties;
        let items: Vec<(String, Option<String>)> = match properties.get(name) {
            None | Some(Value::Null) => return Some(Vec::new()),
            Some(Value::Array(items)) => {
                items.iter().enumerate().map(|(at, item)| (format!("{name}[{at}]"), text(item))).collect()
            }
            Some(value) => match text(value) {
                Some(text) => {
                    text.split(',').enumerate().map(|(at, item)| (format!("{name}[{at}]"), Some(item.into()))).collect()
                }
                None => {
                    self.fault(name, format_args!("is {}, expected a list", shape(value)));
                    return None;
                }
            },
        };
        let mut parsed = Some(Vec::with_capacity(items.len()));
        for (place, item) in items {
            let item = match item.as_deref().map(str::trim) {
                Some("") => continue,
                Some(item) => self.parse(&place, item),
                None => {
                    self.fault(&place, format_args!("is not a text{}", Expected::of::<T>()));
                    None
                }
            };
            // One fault spoils the list, and the items after it are looked at all the same.
            parsed = parsed.zip(item).map(|(mut parsed, item)| {
                parsed.push(item);
                parsed
            });
        }
        parsed
    }

    /// A [`Self::list`] in which each value stands once: of two equal entries one was meant to be another.
    pub fn set<T>(&mut self, name: &'static str) -> Option<BTreeSet<T>>
    where
        T: FromStr + Ord + Display,
        T::Err: Display,
    {
        let mut once = BTreeSet::new();
        let mut twice = BTreeSet::new();
        for value in self.list(name)? {
            if let Some(value) = once.replace(value) {
                twice.insert(value);
            }
        }
        for value in &twice {
            self.fault(name, format_args!("holds {value} more than once, expected each value once"));
        }
        twice.is_empty().then_some(once)
    }

    /// Records what is wrong with a property that could be read: `fault("Accounts", "holds 111122223333 twice")`.
    /// A resource with `NO_ECHO` must not put values into it.
    pub fn fault(&mut self, name: &str, problem: impl Display) {
        self.faults.push(format!("{name} {problem}"));
    }

    /// The text of a scalar, `None` when it is absent or blank. The outer `None` is a fault.
    fn scalar<T>(&mut self, name: &'static str) -> Option<Option<String>>
    where
        T: FromStr,
        T::Err: Display,
    {
        self.asked.push(name);
        let properties = self.properties;
        match properties.get(name) {
            None | Some(Value::Null) => Some(None),
            Some(value) => {
                let text = text(value);
                if text.is_none() {
                    self.fault(name, format_args!("is {}{}", shape(value), Expected::of::<T>().or("a text")));
                }
                text.map(|text| (!text.trim().is_empty()).then_some(text))
            }
        }
    }

    fn parse<T>(&mut self, place: &str, text: &str) -> Option<T>
    where
        T: FromStr,
        T::Err: Display,
    {
        text.parse().map_err(|error| self.unexpected(place, text, &Expected::new::<T>(error))).ok()
    }

    fn unexpected(&mut self, place: &str, text: &str, expected: &Expected) {
        if self.quoting {
            self.fault(place, format_args!("is {:?}{expected}", clipped(text)));
        } else {
            self.fault(place, format_args!("is not as it should be{expected}"));
        }
    }

    fn refuse_unknown(&mut self) {
        let properties = self.properties;
        for name in properties.keys().map(String::as_str) {
            if self.asked.contains(&name) || ALWAYS_ALLOWED.contains(&name) {
                continue;
            }
            let similar = |known: &&str| strsim::jaro_winkler(&known.to_lowercase(), &name.to_lowercase());
            let nearest = self.asked.iter().copied().max_by(|a, b| similar(a).total_cmp(&similar(b)));
            match nearest.filter(|known| similar(known) >= SIMILAR) {
                Some(known) => self.fault(&clipped(name), format_args!("is unknown, did you mean {known}?")),
                None if self.asked.is_empty() => self.fault(&clipped(name), "is unknown, expected no properties"),
                None => {
                    let known = self.asked.join(", ");
                    self.fault(&clipped(name), format_args!("is unknown, expected {known}"));
                }
            }
        }
    }
}

/// Everything that is wrong with a resource's properties, each fault with the name of its property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults(Vec<String>);

impl Faults {
    /// One text a fault.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("; "))
    }
}

impl Error for Faults {}

/// Reads properties as a function would, for tests of a [`FromProperties`].
///
/// # Errors
/// All faults at once.
pub fn read_properties<P: FromProperties>(properties: &Value) -> Result<P, Faults> {
    read(properties, true)
}

/// `quoting` puts the values into the faults.
pub(crate) fn read<P: FromProperties>(properties: &Value, quoting: bool) -> Result<P, Faults> {
    let Value::Object(properties) = properties else {
        return Err(Faults(vec![format!("ResourceProperties is {}, expected an object", shape(properties))]));
    };
    let mut reader = Reader { properties, asked: Vec::new(), faults: Vec::new(), quoting };
    let read = P::from_properties(&mut reader);
    reader.refuse_unknown();
    match read {
        Some(read) if reader.faults.is_empty() => Ok(read),
        _ if reader.faults.is_empty() => Err(Faults(vec!["ResourceProperties cannot be read".to_owned()])),
        _ => Err(Faults(reader.faults)),
    }
}

/// What a value should have been, as the tail of a fault: `, expected ...`, or nothing when any text would do.
struct Expected(Option<String>);

impl Expected {
    /// A type's own error says what it expects; those of the standard library say what went wrong.
    fn new<T>(error: impl Display) -> Self {
        Self(Some(match type_name::<T>() {
            "bool" => "true or false".to_owned(),
            "u8" | "u16" | "u32" | "u64" | "usize" | "i8" | "i16" | "i32" | "i64" => "a whole number".to_owned(),
            "f32" | "f64" => "a number".to_owned(),
            _ => error.to_string(),
        }))
    }

    /// What a type expects, asked with a text that is none.
    fn of<T>() -> Self
    where
        T: FromStr,
        T::Err: Display,
    {
        "".parse::<T>().err().map_or(Self(None), Self::new::<T>)
    }

    fn or(self, text: &str) -> Self {
        Self(self.0.or_else(|| Some(text.to_owned())))
    }
}

impl Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().map_or(Ok(()), |expected| write!(f, ", expected {expected}"))
    }
}

/// The text of a scalar; emulators send numbers and booleans as such.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(yes) => Some(yes.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn clipped(text: &str) -> String {
    match text.char_indices().nth(QUOTED_CHARS) {
        Some((at, _)) => format!("{}...", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}
