use serde_json::Value;

use super::Part;
use crate::{Resource, Verdict};

/// Judges the service's answer, unless it is none: what is absent from an answer that lacks even the ARN of what it
/// describes was not left unset, and nothing is known of it.
pub(crate) fn answered<'a>(resource: &'a Resource, judge: impl FnOnce(&Part<'a>) -> Verdict) -> Verdict {
    let description = Part::of(resource);
    let arn = description.member(resource.kind.facts().arn.trim_start_matches('/'));
    match arn.text() {
        Some(_) => judge(&description),
        None => arn.unreadable(arn.value()),
    }
}

/// Judges the members of an object that the service answers only where somebody gave it: to have given none is a failure.
pub(crate) fn within<'a>(around: &Part<'a>, name: &str, judge: impl FnOnce(&Part<'a>) -> Verdict) -> Verdict {
    let inner = around.member(name);
    match (around.value(), inner.value()) {
        (Some(Value::Object(_)), None) => Verdict::Fail(format!("{} is not set", inner.path())),
        (Some(Value::Object(_)), Some(Value::Object(_))) => judge(&inner),
        (Some(Value::Object(_)), other) => inner.unreadable(other),
        (other, _) => around.unreadable(other),
    }
}

/// A switch that is off until somebody sets it, and that the service answers only then, has to be on.
pub(crate) fn switched_on(around: &Part<'_>, name: &str) -> Verdict {
    let switch = around.member(name);
    match around.value() {
        Some(Value::Object(_)) if !switch.is_present() => Verdict::Fail(format!("{} is not set", switch.path())),
        _ => around.is_true(name),
    }
}
