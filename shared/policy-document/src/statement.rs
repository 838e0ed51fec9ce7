use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::Error;
use crate::meaning;

/// One statement: its text, and its elements for reading.
#[derive(Debug, Clone)]
pub struct Statement {
    json: Box<RawValue>,
    elements: Map<String, Value>,
}

/// What a statement does to the requests that it matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Lets them through where nothing denies them.
    Allow,
    /// Refuses them, whatever allows them.
    Deny,
}

/// One of those a statement is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Principal<'a> {
    /// `"*"`, or `{"AWS": "*"}`: everybody, without an account too.
    Everyone,
    /// A user, a role, an account, by ARN, account id, or, once it was deleted, by unique id.
    Aws(&'a str),
    /// A service, such as `sagemaker.amazonaws.com`.
    Service(&'a str),
    /// `Federated`, `CanonicalUser`, and what may come.
    Other(&'a str, &'a str),
}

impl Statement {
    /// A statement from a value that serializes to its JSON object, written without white space.
    ///
    /// # Errors
    /// When the value does not serialize, or to something else than an object.
    pub fn new(value: &impl Serialize) -> Result<Self, Error> {
        let json = serde_json::to_string(value).map_err(Error::NotSerializable)?;
        Self::parse(&json, 0)
    }

    /// `text` is one JSON value without white space around it.
    pub(crate) fn parse(text: &str, index: usize) -> Result<Self, Error> {
        let elements = serde_json::from_str(text).map_err(|_| Error::NotAStatement { index })?;
        let json = RawValue::from_string(text.to_owned()).map_err(|_| Error::NotAStatement { index })?;
        Ok(Self { json, elements })
    }

    /// The text, to the byte.
    #[must_use]
    pub fn json(&self) -> &str {
        self.json.get()
    }

    /// An element as written.
    pub(crate) fn element(&self, name: &str) -> Option<&Value> {
        self.elements.get(name)
    }

    /// `Sid`. Many statements have none, and services do not all keep two statements from having the same.
    #[must_use]
    pub fn sid(&self) -> Option<&str> {
        self.elements.get("Sid").and_then(Value::as_str)
    }

    /// `Effect`; `None` when it is missing or unknown.
    #[must_use]
    pub fn effect(&self) -> Option<Effect> {
        match self.elements.get("Effect").and_then(Value::as_str) {
            Some("Allow") => Some(Effect::Allow),
            Some("Deny") => Some(Effect::Deny),
            _ => None,
        }
    }

    /// `Action`, as written: a text or a list, with wildcards. Empty for a statement with `NotAction`.
    pub fn actions(&self) -> impl Iterator<Item = &str> {
        texts(self.elements.get("Action"))
    }

    /// `Principal`. Empty for a statement with `NotPrincipal`, and in policies of identities.
    #[must_use]
    pub fn principals(&self) -> Vec<Principal<'_>> {
        self.principals_of("Principal")
    }

    /// Those that `Principal` or `NotPrincipal` names.
    pub(crate) fn principals_of(&self, element: &str) -> Vec<Principal<'_>> {
        match self.elements.get(element) {
            Some(Value::String(text)) if text == "*" => vec![Principal::Everyone],
            Some(Value::Object(kinds)) => kinds
                .iter()
                .flat_map(|(kind, values)| {
                    texts(Some(values)).map(move |value| match (kind.as_str(), value) {
                        ("AWS", "*") => Principal::Everyone,
                        ("AWS", value) => Principal::Aws(value),
                        ("Service", value) => Principal::Service(value),
                        (kind, value) => Principal::Other(kind, value),
                    })
                })
                .collect(),
            _ => Vec::new(),
        }
    }

    /// The services among [`Self::principals`].
    pub fn services(&self) -> impl Iterator<Item = &str> {
        self.principals().into_iter().filter_map(|principal| match principal {
            Principal::Service(service) => Some(service),
            _ => None,
        })
    }

    /// The statement depends on more than principal, action and resource.
    #[must_use]
    pub fn is_conditional(&self) -> bool {
        match self.elements.get("Condition") {
            None | Some(Value::Null) => false,
            Some(Value::Object(operators)) => !operators.is_empty(),
            Some(_) => true,
        }
    }

    /// Whether `Action` or `NotAction` matches this action, such as `sts:AssumeRole`. Case and wildcards are read as IAM does.
    #[must_use]
    pub fn matches_action(&self, action: &str) -> bool {
        let listed = |name: &str| texts(self.elements.get(name)).any(|pattern| meaning::matches(pattern, action));
        listed("Action") || self.elements.contains_key("NotAction") && !listed("NotAction")
    }

    /// Whether both say the same, whatever a service made of the spelling: a text for a list of one, another order of
    /// lists and keys, `{"AWS": "*"}` for `"*"`, an account's root for its id, `"true"` for `true`.
    #[must_use]
    pub fn means_the_same(&self, other: &Self) -> bool {
        self.json() == other.json() || meaning::canonical(&self.elements) == meaning::canonical(&other.elements)
    }
}

/// The same text. For the same meaning see [`Statement::means_the_same`].
impl PartialEq for Statement {
    fn eq(&self, other: &Self) -> bool {
        self.json() == other.json()
    }
}

impl Eq for Statement {}

/// The texts of a text or a list; others are left out.
pub(crate) fn texts(value: Option<&Value>) -> impl Iterator<Item = &str> {
    let values = match value {
        Some(Value::Array(values)) => values.as_slice(),
        Some(value) => std::slice::from_ref(value),
        None => &[],
    };
    values.iter().filter_map(Value::as_str)
}
