use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::meaning::{matches_arn, matches_exactly};

/// What is known beforehand of one condition key of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// The request has these values, several only for a key that has several; with none it lacks the key.
    Is(Vec<String>),
    /// The caller has it one of these ways as it pleases, and could have it in another.
    Usually(Vec<Vec<String>>),
}

/// What is known beforehand of a request's condition keys, whose names are read without regard to case. A key that is not
/// among them is unknown, which is not the same as absent.
#[derive(Debug, Clone, Default)]
pub struct Facts(BTreeMap<String, Fact>);

impl Facts {
    /// Adds what is known of a key, or puts it in place of what was.
    #[must_use]
    pub fn with(mut self, key: &str, fact: Fact) -> Self {
        self.0.insert(key.to_ascii_lowercase(), fact);
        self
    }

    /// A key that has one value.
    #[must_use]
    pub fn is(self, key: &str, value: &str) -> Self {
        self.with(key, Fact::Is(vec![value.to_owned()]))
    }

    /// A key that the request lacks.
    #[must_use]
    pub fn lacks(self, key: &str) -> Self {
        self.with(key, Fact::Is(Vec::new()))
    }

    fn get(&self, key: &str) -> Option<&Fact> {
        self.0.get(&key.to_ascii_lowercase())
    }
}

/// Whether something about a request holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Holds {
    Yes,
    No,
    /// On these keys, or, without any, on what the caller does as it pleases.
    Depends(BTreeSet<String>),
}

impl Holds {
    pub(crate) fn of(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }

    pub(crate) fn depends_on(key: &str) -> Self {
        Self::Depends(BTreeSet::from([key.to_owned()]))
    }

    pub(crate) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Yes, other) => other,
            (this, Self::Yes) => this,
            (Self::Depends(mut keys), Self::Depends(others)) => {
                keys.extend(others);
                Self::Depends(keys)
            }
        }
    }

    pub(crate) fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Yes, _) | (_, Self::Yes) => Self::Yes,
            (Self::No, other) => other,
            (this, Self::No) => this,
            // One way is enough, so the one that asks for less.
            (Self::Depends(keys), Self::Depends(others)) => {
                Self::Depends(if others.len() < keys.len() { others } else { keys })
            }
        }
    }
}

/// Whether a statement's `Condition` holds. `variables` says whether `${...}` means something in its document.
pub(crate) fn conditions_hold(condition: Option<&Value>, facts: &Facts, variables: bool) -> Holds {
    let operators = match condition {
        None | Some(Value::Null) => return Holds::Yes,
        Some(Value::Object(operators)) => operators,
        Some(_) => return Holds::depends_on("Condition"),
    };
    operators
        .iter()
        .flat_map(|(operator, keys)| match keys {
            Value::Object(keys) => {
                keys.iter().map(|(key, wanted)| holds(operator, key, wanted, facts, variables)).collect()
            }
            _ => vec![Holds::depends_on(operator)],
        })
        .fold(Holds::Yes, Holds::and)
}

fn holds(operator: &str, key: &str, wanted: &Value, facts: &Facts, variables: bool) -> Holds {
    let Some(operator) = Operator::parse(operator) else {
        return Holds::depends_on(key);
    };
    let mut patterns = Vec::new();
    for text in scalars(wanted) {
        match expanded(&text, facts, variables) {
            Ok(text) => patterns.push(text),
            Err(unknown) => return Holds::depends_on(&unknown),
        }
    }
    match facts.get(key) {
        None => Holds::depends_on(key),
        Some(Fact::Is(values)) => Holds::of(operator.holds(values, &patterns)),
        Some(Fact::Usually(ways)) => {
            let held = ways.iter().filter(|values| operator.holds(values, &patterns)).count();
            // Met in one way and not in another: the caller's choice. Else it takes a way that is not the usual one.
            if held > 0 && held < ways.len() { Holds::Depends(BTreeSet::new()) } else { Holds::depends_on(key) }
        }
    }
}

/// A condition operator that compares texts. Numbers, dates and addresses are of no request that is known beforehand.
struct Operator {
    several: Option<Several>,
    if_exists: bool,
    test: Test,
}

enum Several {
    Any,
    All,
}

enum Test {
    Null,
    Compare { negated: bool, matches: fn(&str, &str) -> bool },
}

impl Operator {
    fn parse(text: &str) -> Option<Self> {
        let (several, text) = match text.split_once(':') {
            Some(("ForAnyValue", text)) => (Some(Several::Any), text),
            Some(("ForAllValues", text)) => (Some(Several::All), text),
            Some(_) => return None,
            None => (None, text),
        };
        let (if_exists, text) = text.strip_suffix("IfExists").map_or((false, text), |text| (true, text));
        let compare = |negated, matches| Test::Compare { negated, matches };
        let equal: fn(&str, &str) -> bool = |wanted, value| wanted == value;
        let equal_ignoring_case: fn(&str, &str) -> bool = str::eq_ignore_ascii_case;
        let test = match text {
            "Null" => Test::Null,
            "Bool" => compare(false, equal_ignoring_case),
            "StringEquals" => compare(false, equal),
            "StringNotEquals" => compare(true, equal),
            "StringEqualsIgnoreCase" => compare(false, equal_ignoring_case),
            "StringNotEqualsIgnoreCase" => compare(true, equal_ignoring_case),
            "StringLike" => compare(false, matches_exactly),
            "StringNotLike" => compare(true, matches_exactly),
            "ArnEquals" | "ArnLike" => compare(false, matches_arn),
            "ArnNotEquals" | "ArnNotLike" => compare(true, matches_arn),
            _ => return None,
        };
        Some(Self { several, if_exists, test })
    }

    fn holds(&self, values: &[String], wanted: &[String]) -> bool {
        let (negated, matches) = match self.test {
            Test::Null => return wanted.iter().any(|wanted| wanted.eq_ignore_ascii_case("true")) == values.is_empty(),
            Test::Compare { negated, matches } => (negated, matches),
        };
        let one = |value: &String| wanted.iter().any(|wanted| matches(wanted, value)) != negated;
        match &self.several {
            _ if values.is_empty() && self.if_exists => true,
            Some(Several::Any) => values.iter().any(one),
            // Of no value too.
            Some(Several::All) => values.iter().all(one),
            // A negation holds for a request without the key.
            None if negated => values.iter().all(one),
            None => values.iter().any(one),
        }
    }
}

/// The text with its policy variables replaced, or the key of one whose value is not known. `${*}`, `${?}` and `${$}` are
/// these characters.
pub(crate) fn expanded(text: &str, facts: &Facts, variables: bool) -> Result<String, String> {
    let mut left = text;
    let mut expanded = String::new();
    while let Some((before, rest)) = left.split_once("${").filter(|_| variables) {
        let Some((variable, after)) = rest.split_once('}') else { break };
        expanded.push_str(before);
        let (key, default) = match variable.split_once(',') {
            Some((key, default)) => (key.trim(), Some(default.trim().trim_matches('\''))),
            None => (variable.trim(), None),
        };
        match (key, facts.get(key), default) {
            ("*" | "?" | "$", ..) => expanded.push_str(key),
            (_, Some(Fact::Is(values)), default) => match (values.as_slice(), default) {
                ([value], _) => expanded.push_str(value),
                ([], Some(default)) => expanded.push_str(default),
                _ => return Err(key.to_owned()),
            },
            _ => return Err(key.to_owned()),
        }
        left = after;
    }
    Ok(expanded + left)
}

/// The values of a condition as texts: `true` and `"true"` are the same.
fn scalars(value: &Value) -> Vec<String> {
    match value {
        Value::Array(values) => values.iter().flat_map(scalars).collect(),
        Value::String(text) => vec![text.clone()],
        Value::Bool(yes) => vec![yes.to_string()],
        Value::Number(number) => vec![number.to_string()],
        Value::Null | Value::Object(_) => Vec::new(),
    }
}
