use serde_json::Value;

use super::Part;
use crate::{Need, Parameters, Resource, Verdict};

/// A resource has to have a tag with every required key and a value to each or, where none is required, any tag.
///
/// Keys that begin with `aws:` are AWS's own and say nothing about who answers for a resource.
pub(crate) fn tagged(resource: &Resource, parameters: &Parameters) -> Verdict {
    let description = Part::of(resource);
    let Some(Value::Object(_)) = description.value() else { return description.unreadable(description.value()) };
    let tags = Part::beside("Tags", resource.related(Need::Tags));
    let Some(Value::Array(_)) = tags.value() else { return tags.unreadable(tags.value()) };
    let tags = tags.items();
    let own = || tags.iter().filter(|tag| tag.member("Key").text().is_some_and(|key| !is_of_aws(key)));
    let has = |required: &str| {
        own().any(|tag| tag.member("Key").text() == Some(required) && tag.member("Value").is_present())
    };
    let missing: Vec<&str> =
        parameters.required_tags.iter().map(String::as_str).filter(|required| !has(required)).collect();
    if missing.is_empty() && own().next().is_some() {
        return Verdict::Pass;
    }
    // One that cannot be read may be the one that is missing.
    match tags.iter().map(|tag| tag.member("Key")).find(|key| key.text().is_none()) {
        Some(key) => key.unreadable(key.value()),
        None if missing.is_empty() => Verdict::Fail("it has no tag".to_owned()),
        None => Verdict::Fail(format!("it lacks a value for the tag {}", missing.join(", "))),
    }
}

fn is_of_aws(key: &str) -> bool {
    key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:"))
}
