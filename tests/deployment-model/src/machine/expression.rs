//! JSONata as Step Functions evaluates it: variables and `$states`, no context, and nothing undefined.

use jsonata_core::ast::AstNode;
use jsonata_core::evaluator::{Context, Evaluator};
use jsonata_core::parser;
use jsonata_core::value::JValue;
use serde_json::Value;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

/// An execution's variables by name.
pub type Variables = BTreeMap<String, JValue>;

/// The expression in a field's text, if it is one.
pub(super) fn source(text: &str) -> Option<&str> {
    text.strip_prefix("{%")?.strip_suffix("%}").map(str::trim)
}

struct Compiled {
    ast: AstNode,
    /// Variables that it takes from outside.
    free: BTreeSet<String>,
}

thread_local! {
    static COMPILED: RefCell<HashMap<String, Rc<Compiled>>> = RefCell::default();
}

fn compiled(source: &str) -> Result<Rc<Compiled>, String> {
    COMPILED.with(|all| {
        if let Some(found) = all.borrow().get(source) {
            return Ok(Rc::clone(found));
        }
        let ast = parser::parse(source).map_err(|error| error.to_string())?;
        let compiled = Rc::new(Compiled { ast, free: free_variables(source) });
        all.borrow_mut().insert(source.to_owned(), Rc::clone(&compiled));
        Ok(compiled)
    })
}

/// The names after a dollar sign that are neither called nor bound in the expression itself.
fn free_variables(source: &str) -> BTreeSet<String> {
    let (mut free, mut bound) = (BTreeSet::new(), BTreeSet::new());
    let mut rest = source;
    let mut quote = None;
    while let Some(next) = rest.chars().next() {
        rest = &rest[next.len_utf8()..];
        match (quote, next) {
            (None, '\'' | '"' | '`') => quote = Some(next),
            (Some(open), _) if open == next => quote = None,
            (None, '$') => {
                let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
                let (name, after) = rest.split_at(end);
                let after = after.trim_start();
                if after.starts_with(":=") {
                    bound.insert(name.to_owned());
                } else if !name.is_empty() && !after.starts_with('(') {
                    free.insert(name.to_owned());
                }
                rest = &rest[end..];
            }
            _ => {}
        }
    }
    &free - &bound
}

/// What an expression makes of the variables and of `$states`.
///
/// # Errors
/// Of the language; a variable that was never assigned; a result that is undefined or a function.
pub fn evaluate(source: &str, variables: &Variables, states: &JValue) -> Result<JValue, String> {
    let compiled = compiled(source).map_err(|error| format!("{source} cannot be read: {error}"))?;
    let mut context = Context::new();
    for name in &compiled.free {
        let value = if name == "states" { Some(states) } else { variables.get(name) };
        let value = value.ok_or_else(|| format!("{source} uses ${name}, which was never assigned"))?;
        context.bind(name.clone(), value.clone());
    }
    let result = Evaluator::with_context(context).evaluate(&compiled.ast, &JValue::Undefined);
    let result = result.map_err(|error| format!("{source} cannot be evaluated: {error}"))?;
    if result.is_undefined() || result.is_function() {
        return Err(format!("{source} is undefined"));
    }
    Ok(result)
}

/// Evaluates every expression in a field's value.
///
/// # Errors
/// See [`evaluate`].
pub(super) fn fill(template: &Value, variables: &Variables, states: &JValue) -> Result<JValue, String> {
    Ok(match template {
        Value::String(text) => match source(text) {
            Some(source) => evaluate(source, variables, states)?,
            None => JValue::string(text.as_str()),
        },
        Value::Array(items) => {
            let items: Result<Vec<_>, _> = items.iter().map(|item| fill(item, variables, states)).collect();
            JValue::array(items?)
        }
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, field)| Ok((name.clone(), fill(field, variables, states)?)));
            JValue::object(fields.collect::<Result<_, String>>()?)
        }
        other => JValue::from(other.clone()),
    })
}

/// As Step Functions passes it on. JSONata knows one kind of number; one without a fraction is written without a point.
pub(super) fn to_json(value: &JValue) -> Value {
    match value {
        JValue::Bool(value) => Value::Bool(*value),
        JValue::Number(number) if number.fract() == 0.0 && number.abs() < 9e15 => Value::from(*number as i64),
        JValue::Number(number) => Value::from(*number),
        JValue::String(text) => Value::String(text.to_string()),
        JValue::Array(items) => Value::Array(items.iter().map(to_json).collect()),
        JValue::Object(fields) => {
            Value::Object(fields.iter().map(|(name, field)| (name.clone(), to_json(field))).collect())
        }
        _ => Value::Null,
    }
}
