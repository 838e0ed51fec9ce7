use controls::Kind;
use serde_json::{Map, Value};

use super::{Event, Ignored, Mention, text, time};
use crate::subject::{Subject, resource_of};

/// A resource that came into another state: the only word of training jobs that a tuning job starts. Its values are spelled
/// in another way than the API's, and its times in several, so nothing of it counts but which resource it is.
pub(super) fn read(event: &Value, detail_type: &str, detail: &Map<String, Value>) -> Result<Event, Ignored> {
    let kind = kind_of(detail_type).ok_or("no control looks at what it is about")?;
    let subject = Subject::from_members(kind, |name, _| detail.get(name)).map(Mention::Subject);
    let mention = subject.or_else(|| arn_of(event, kind)).ok_or("it names no resource")?;
    Ok(Event {
        account: text(event, "account").unwrap_or_default().to_owned(),
        region: text(event, "region").unwrap_or_default().to_owned(),
        at: time(event.get("time")),
        actor: None,
        id: text(event, "id").map(str::to_owned),
        mentions: vec![mention],
        request: None,
    })
}

/// `SageMaker HyperParameter Tuning Job State Change` is about a `HyperParameterTuningJob`.
fn kind_of(detail_type: &str) -> Option<Kind> {
    let name = detail_type.strip_prefix("SageMaker ")?.strip_suffix(" State Change")?.replace(' ', "");
    let name = match name.as_str() {
        "EndpointDeployment" => "Endpoint",
        "NotebookLifecycleConfig" => "NotebookInstanceLifecycleConfig",
        name => name,
    };
    Kind::ALL.iter().copied().find(|kind| kind.facts().describe.is_some() && kind.facts().name == name)
}

fn arn_of(event: &Value, kind: Kind) -> Option<Mention> {
    let mut arns = event.get("resources")?.as_array()?.iter().filter_map(Value::as_str);
    let arn = arns.find(|arn| resource_of(arn).and_then(Kind::of_arn_type) == Some(kind))?;
    Some(Mention::Arn(arn.to_owned()))
}
