use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};

/// What a JSON document must look like: the part of JSON Schema (draft 2020-12) that tells one shape from another.
///
/// It is read here and not by one of the crates for it, because those would make each function that reads registrations
/// larger by a sixth (`boon`) to a third (`jsonschema`): a deployment package must stay below 4 MiB. What is not supported
/// is refused when it is read, so that no keyword is ever passed over in silence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Value")]
pub struct JsonSchema(Value);

/// What the value of a keyword must be.
#[derive(Clone, Copy)]
enum Form {
    /// It says nothing about a document.
    Annotation,
    Schema,
    /// By name.
    Schemas,
    /// At least one.
    SchemaList,
    Types,
    Names,
    List,
    Any,
    Count,
    Number,
    Boolean,
    Reference,
}

const KEYWORDS: [(&str, Form); 38] = [
    ("$schema", Form::Annotation),
    ("$comment", Form::Annotation),
    ("title", Form::Annotation),
    ("description", Form::Annotation),
    ("default", Form::Annotation),
    ("examples", Form::Annotation),
    ("deprecated", Form::Annotation),
    // As the draft has it, unless one asks for more.
    ("format", Form::Annotation),
    ("$defs", Form::Schemas),
    ("definitions", Form::Schemas),
    ("$ref", Form::Reference),
    ("type", Form::Types),
    ("enum", Form::List),
    ("const", Form::Any),
    ("required", Form::Names),
    ("properties", Form::Schemas),
    ("additionalProperties", Form::Schema),
    ("minProperties", Form::Count),
    ("maxProperties", Form::Count),
    ("prefixItems", Form::SchemaList),
    ("items", Form::Schema),
    ("minItems", Form::Count),
    ("maxItems", Form::Count),
    ("uniqueItems", Form::Boolean),
    ("minimum", Form::Number),
    ("maximum", Form::Number),
    ("exclusiveMinimum", Form::Number),
    ("exclusiveMaximum", Form::Number),
    ("minLength", Form::Count),
    ("maxLength", Form::Count),
    ("allOf", Form::SchemaList),
    ("anyOf", Form::SchemaList),
    ("oneOf", Form::SchemaList),
    ("not", Form::Schema),
    ("if", Form::Schema),
    ("then", Form::Schema),
    ("else", Form::Schema),
    ("readOnly", Form::Annotation),
];

const TYPES: [&str; 7] = ["array", "boolean", "integer", "null", "number", "object", "string"];
/// A schema may refer to itself, and a document ends somewhere; one that refers to itself at once does not.
const DEEPEST: usize = 256;

impl JsonSchema {
    /// # Errors
    /// Everything that makes it none, each with its place as a JSON pointer.
    pub fn new(schema: &Value) -> Result<Self, Vec<String>> {
        let mut faults = Vec::new();
        read(schema, schema, "", &mut faults);
        if faults.is_empty() { Ok(Self(schema.clone())) } else { Err(faults) }
    }

    /// How a document differs from the schema, by place and type and never by value: members that the schema does not name
    /// are `*` in a place. Empty if it does not differ.
    pub fn differences(&self, document: &Value) -> Vec<String> {
        let mut differences = Vec::new();
        Look { root: &self.0, depth: 0 }.compare(&self.0, "", document, &mut differences);
        differences
    }
}

impl TryFrom<Value> for JsonSchema {
    type Error = String;

    fn try_from(schema: Value) -> Result<Self, String> {
        Self::new(&schema).map_err(|faults| faults.join("; "))
    }
}

fn read(root: &Value, schema: &Value, place: &str, faults: &mut Vec<String>) {
    let members = match schema {
        Value::Bool(_) => return,
        Value::Object(members) => members,
        _ => return faults.push(expected(place, "an object, true or false")),
    };
    for (keyword, value) in members {
        let at = format!("{place}/{}", escaped(keyword));
        match KEYWORDS.iter().find(|(known, _)| known == keyword) {
            Some((_, form)) => form.read(root, value, &at, faults),
            None => faults.push(format!("{at} is not supported; supported are {}", supported())),
        }
    }
}

fn supported() -> String {
    let asserting = KEYWORDS.iter().filter(|(_, form)| !matches!(form, Form::Annotation));
    asserting.map(|(keyword, _)| *keyword).collect::<Vec<_>>().join(", ")
}

impl Form {
    fn read(self, root: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
        let item = |index: usize| format!("{at}/{index}");
        let accepted = match (self, value) {
            (Self::Annotation | Self::Any, _) => Ok(()),
            (Self::Schema, schema) => return read(root, schema, at, faults),
            (Self::Schemas, Value::Object(schemas)) => {
                return schemas
                    .iter()
                    .for_each(|(name, schema)| read(root, schema, &format!("{at}/{}", escaped(name)), faults));
            }
            (Self::SchemaList, Value::Array(schemas)) if !schemas.is_empty() => {
                return schemas.iter().enumerate().for_each(|(index, schema)| read(root, schema, &item(index), faults));
            }
            (Self::Types, Value::Array(types)) if !types.is_empty() => {
                return types
                    .iter()
                    .enumerate()
                    .for_each(|(index, each)| Self::Types.read(root, each, &item(index), faults));
            }
            (Self::Types, value) if value.as_str().is_some_and(|name| TYPES.contains(&name)) => Ok(()),
            (Self::Names, Value::Array(names)) if names.iter().all(Value::is_string) => Ok(()),
            (Self::Reference, value) if value.as_str().and_then(|to| target(root, to)).is_some() => Ok(()),
            (Self::List, Value::Array(_)) | (Self::Number, Value::Number(_)) | (Self::Boolean, Value::Bool(_)) => {
                Ok(())
            }
            (Self::Count, value) if value.is_u64() => Ok(()),
            (Self::Schemas, _) => Err("an object of schemas"),
            (Self::SchemaList, _) => Err("a list of at least one schema"),
            (Self::Types, _) => Err("one of array, boolean, integer, null, number, object, string"),
            (Self::Names, _) => Err("a list of names"),
            (Self::Reference, _) => Err("a place in this schema such as #/$defs/name"),
            (Self::List, _) => Err("a list"),
            (Self::Count, _) => Err("a whole number of at least 0"),
            (Self::Number, _) => Err("a number"),
            (Self::Boolean, _) => Err("true or false"),
        };
        if let Err(what) = accepted {
            faults.push(expected(at, what));
        }
    }
}

fn expected(place: &str, what: &str) -> String {
    if place.is_empty() { format!("expected {what}") } else { format!("expected {what} at {place}") }
}

/// A member's name within a JSON pointer (RFC 6901).
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn target<'a>(root: &'a Value, reference: &str) -> Option<&'a Value> {
    root.pointer(reference.strip_prefix('#')?).filter(|target| target.is_object() || target.is_boolean())
}

/// One look at a document.
#[derive(Clone, Copy)]
struct Look<'a> {
    root: &'a Value,
    depth: usize,
}

impl Look<'_> {
    fn compare(self, schema: &Value, place: &str, found: &Value, differences: &mut Vec<String>) {
        let shown = if place.is_empty() { "the document" } else { place };
        let Value::Object(keywords) = schema else {
            if schema == &Value::Bool(false) {
                differences.push(format!("{shown} is not allowed"));
            }
            return;
        };
        if self.depth > DEEPEST {
            return differences.push(format!("{shown} is nested too deep"));
        }
        let look = Self { depth: self.depth + 1, ..self };
        for (keyword, value) in keywords {
            if let Some(what) = plain_difference(keyword, value, found) {
                differences.push(format!("{shown} {what}"));
            }
            look.compare_parts(keywords, keyword, value, place, found, differences);
            let alternatives =
                || value.as_array().into_iter().flatten().filter(|schema| look.accepts(schema, place, found)).count();
            let problem = match keyword.as_str() {
                "anyOf" if alternatives() == 0 => "is as no alternative of anyOf",
                "oneOf" if alternatives() != 1 => "is not as exactly one alternative of oneOf",
                "not" if look.accepts(value, place, found) => "is what it must not be",
                _ => continue,
            };
            differences.push(format!("{shown} {problem}"));
        }
    }

    fn accepts(self, schema: &Value, place: &str, found: &Value) -> bool {
        let mut differences = Vec::new();
        self.compare(schema, place, found, &mut differences);
        differences.is_empty()
    }

    /// Those keywords that hold schemas for the document or for its parts.
    fn compare_parts(
        self,
        keywords: &Map<String, Value>,
        keyword: &str,
        value: &Value,
        place: &str,
        found: &Value,
        differences: &mut Vec<String>,
    ) {
        match (keyword, value, found) {
            ("$ref", Value::String(reference), _) => {
                if let Some(schema) = target(self.root, reference) {
                    self.compare(schema, place, found, differences);
                }
            }
            ("allOf", Value::Array(schemas), _) => {
                schemas.iter().for_each(|schema| self.compare(schema, place, found, differences));
            }
            ("if", condition, _) => {
                let then = if self.accepts(condition, place, found) { "then" } else { "else" };
                if let Some(schema) = keywords.get(then) {
                    self.compare(schema, place, found, differences);
                }
            }
            ("properties", Value::Object(schemas), Value::Object(members)) => {
                for (name, schema) in schemas {
                    if let Some(member) = members.get(name) {
                        self.compare(schema, &format!("{place}/{}", escaped(name)), member, differences);
                    }
                }
            }
            ("additionalProperties", schema, Value::Object(members)) => {
                let named = keywords.get("properties").and_then(Value::as_object);
                for (_, member) in
                    members.iter().filter(|(name, _)| !named.is_some_and(|named| named.contains_key(*name)))
                {
                    self.compare(schema, &format!("{place}/*"), member, differences);
                }
            }
            ("prefixItems", Value::Array(schemas), Value::Array(items)) => {
                for (index, (schema, item)) in schemas.iter().zip(items).enumerate() {
                    self.compare(schema, &format!("{place}/{index}"), item, differences);
                }
            }
            ("items", schema, Value::Array(items)) => {
                let first = keywords.get("prefixItems").and_then(Value::as_array).map_or(0, Vec::len);
                for (index, item) in items.iter().enumerate().skip(first) {
                    self.compare(schema, &format!("{place}/{index}"), item, differences);
                }
            }
            _ => {}
        }
    }
}

/// What a keyword says by itself.
fn plain_difference(keyword: &str, value: &Value, found: &Value) -> Option<String> {
    let unless = |accepted: bool, what: String| (!accepted).then_some(what);
    let texts = |value: &Value| -> Vec<String> {
        let listed = value.as_array().map_or_else(|| std::slice::from_ref(value), Vec::as_slice);
        listed.iter().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let limit = value.as_f64().unwrap_or_default();
    let number = found.as_f64();
    let size = |prefix: &str| match (prefix, found) {
        ("Items", Value::Array(items)) => Some((items.len(), "items")),
        ("Length", Value::String(text)) => Some((text.chars().count(), "characters")),
        ("Properties", Value::Object(members)) => Some((members.len(), "members")),
        _ => None,
    };
    match keyword {
        "type" => {
            let wanted = texts(value);
            let is = wanted.iter().any(|wanted| is_of_type(found, wanted));
            unless(is, format!("is of type {} instead of {}", type_of(found), wanted.join(" or ")))
        }
        "enum" => {
            let any = value.as_array().is_some_and(|values| values.iter().any(|value| is_same(value, found)));
            unless(any, "is none of the values of enum".to_owned())
        }
        "const" => unless(is_same(value, found), "is not the value of const".to_owned()),
        "required" => {
            let members = found.as_object()?;
            let missing: Vec<_> = texts(value).into_iter().filter(|name| !members.contains_key(name)).collect();
            unless(missing.is_empty(), format!("has no {}", missing.join(", ")))
        }
        "uniqueItems" if value == &Value::Bool(true) => {
            let items = found.as_array()?;
            let twice = items
                .iter()
                .enumerate()
                .any(|(index, item)| items.iter().skip(index + 1).any(|other| is_same(item, other)));
            unless(!twice, "has the same item twice".to_owned())
        }
        "minimum" => unless(number? >= limit, format!("is less than {value}")),
        "maximum" => unless(number? <= limit, format!("is more than {value}")),
        "exclusiveMinimum" => unless(number? > limit, format!("is not more than {value}")),
        "exclusiveMaximum" => unless(number? < limit, format!("is not less than {value}")),
        _ => {
            let (least, what) = match keyword.strip_prefix("min") {
                Some(what) => (true, what),
                None => (false, keyword.strip_prefix("max")?),
            };
            let (size, unit) = size(what)?;
            let limit = usize::try_from(value.as_u64()?).unwrap_or(usize::MAX);
            let accepted = if least { size >= limit } else { size <= limit };
            unless(
                accepted,
                format!("has {size} {unit} instead of at {} {limit}", if least { "least" } else { "most" }),
            )
        }
    }
}

/// 1 and 1.0 are one number.
fn is_same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        _ => a == b,
    }
}

fn is_of_type(found: &Value, wanted: &str) -> bool {
    let whole = |number: &Number| !number.is_f64() || number.as_f64().is_some_and(|number| number.fract() == 0.0);
    match (found, wanted) {
        (Value::Number(_), "number") => true,
        (Value::Number(number), "integer") => whole(number),
        _ => type_of(found) == wanted,
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests;
