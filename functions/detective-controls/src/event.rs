//! What an event says, for as long as the resource itself has not been asked.

mod actor;
mod cloud_trail;
mod state_change;

use controls::Kind;
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::subject::Subject;

/// What may have changed, where, when and by whom.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Event {
    /// The account that owns what changed; not always the caller's.
    pub(crate) account: String,
    /// The region of the call.
    pub(crate) region: String,
    /// When, if the event says so in a form that is known.
    pub(crate) at: Option<Timestamp>,
    /// Who, as an ARN or a service's name; `None` where nobody called.
    pub(crate) actor: Option<String>,
    /// The event's id.
    pub(crate) id: Option<String>,
    /// What is to be looked at.
    pub(crate) mentions: Vec<Mention>,
    /// What was asked for and is kept nowhere, with the ARN it is known by here.
    pub(crate) request: Option<Request>,
}

/// What an event says of a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Mention {
    /// All that it takes to describe it.
    Subject(Subject),
    /// Its ARN, whose name may be in lower case where the resource's is not.
    Arn(String),
    /// The notebook instances that use a lifecycle configuration.
    NotebooksWith(String),
}

/// A call that is judged by what it asked for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Request {
    /// What it is judged as.
    pub(crate) kind: Kind,
    /// What comes after the account in the ARN it is known by here.
    pub(crate) resource: String,
    /// The name of what it opens.
    pub(crate) name: String,
    /// Its members as the API names them, and `Operation`.
    pub(crate) description: Value,
}

/// Why an event is not looked into.
pub(crate) type Ignored = &'static str;

/// Reads an event of EventBridge.
///
/// From a `Value` on purpose: AWS's own sample of a state change has one key twice, which a derived struct refuses.
///
/// # Errors
/// Why there is nothing to look at.
pub(crate) fn read(event: &Value) -> Result<Event, Ignored> {
    let source = event.get("source");
    let sources = source.and_then(Value::as_array).map_or_else(|| Vec::from_iter(source), |list| list.iter().collect());
    if !sources.iter().any(|source| source.as_str() == Some("aws.sagemaker")) {
        return Err("it is not SageMaker's");
    }
    let detail_type = text(event, "detail-type").unwrap_or_default();
    let detail = event.get("detail").and_then(Value::as_object).ok_or("it has no detail")?;
    if detail_type.ends_with("API Call via CloudTrail") || detail_type.ends_with("Service Event via CloudTrail") {
        cloud_trail::read(event, detail)
    } else {
        state_change::read(event, detail_type, detail)
    }
}

/// A member that is a text and not an empty one.
fn text<'a>(value: &'a Value, member: &str) -> Option<&'a str> {
    present(value.get(member))
}

fn member<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    present(object.get(name))
}

fn present(value: Option<&Value>) -> Option<&str> {
    value?.as_str().filter(|text| !text.is_empty())
}

/// A time as events give it: ISO 8601, or milliseconds since 1970 as a text or a number.
fn time(value: Option<&Value>) -> Option<Timestamp> {
    let milliseconds = match value? {
        Value::String(text) => match text.parse::<Timestamp>() {
            Ok(time) => return Some(time),
            Err(_) => text.parse::<f64>().ok()?,
        },
        value => value.as_f64()?,
    };
    #[allow(clippy::cast_possible_truncation, reason = "what does not fit is clamped, and refused by the next step")]
    Timestamp::from_millisecond(milliseconds as i64).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn times_in_all_their_forms() {
        let expected = "2018-10-06T12:26:13Z".parse().ok();
        for value in [
            json!("2018-10-06T12:26:13Z"),
            json!("1538828773000"),
            json!(1_538_828_773_000_i64),
            json!(1.538_828_773e12),
        ] {
            assert_eq!(time(Some(&value)), expected, "{value}");
        }
        for value in [json!(""), json!("soon"), json!(null), json!([]), json!("NaN"), json!(1e300), json!(-1e300)] {
            let found = time(Some(&value));
            assert!(found.is_none() || found == Timestamp::from_millisecond(0).ok(), "{value}: {found:?}");
        }
    }
}
