use controls::Kind;
use serde_json::{Map, Value};

use super::actor::actor;
use super::{Event, Ignored, Mention, Request, member, text, time};
use crate::subject::{Subject, resource_of};

/// A call, or what the service did by itself, as CloudTrail records it.
pub(super) fn read(event: &Value, detail: &Map<String, Value>) -> Result<Event, Ignored> {
    // Other services have calls of the same names.
    if !matches!(member(detail, "eventSource"), Some("sagemaker.amazonaws.com" | "sagemaker.amazonaws.com.cn")) {
        return Err("it is another service's");
    }
    if detail.get("errorCode").is_some_and(|code| !code.is_null()) {
        return Err("the call failed");
    }
    if detail.get("readOnly").is_some_and(|flag| flag == true || flag == "true") {
        return Err("the call changed nothing");
    }
    let name = member(detail, "eventName").unwrap_or_default();
    let call = Call { name, detail };
    let (mentions, request) = match (name, Kind::of_event(name)) {
        ("AddTags" | "DeleteTags", _) => (call.tagged().into_iter().collect(), None),
        (_, Some(Kind::PresignedUrl)) => (call.opened().into_iter().collect(), call.request()),
        (_, Some(kind)) => (call.changed(kind), None),
        (_, None) => return Err("no control looks at what the call changes"),
    };
    if mentions.is_empty() && request.is_none() {
        return Err("it names no resource");
    }
    Ok(Event {
        // The account that the record is for, whoever's the caller was.
        account: member(detail, "recipientAccountId").or_else(|| text(event, "account")).unwrap_or_default().to_owned(),
        region: member(detail, "awsRegion").or_else(|| text(event, "region")).unwrap_or_default().to_owned(),
        at: time(detail.get("eventTime")).or_else(|| time(event.get("time"))),
        actor: detail.get("userIdentity").and_then(actor),
        id: member(detail, "eventID").or_else(|| text(event, "id")).map(str::to_owned),
        mentions,
        request,
    })
}

struct Call<'a> {
    name: &'a str,
    detail: &'a Map<String, Value>,
}

impl<'a> Call<'a> {
    /// A member of what was asked for. CloudTrail writes the API's names with a small first letter; what a service did by
    /// itself has its members elsewhere.
    fn asked(&self, name: &str) -> Option<&'a Value> {
        let name = small(name);
        ["requestParameters", "serviceEventDetails"].iter().find_map(|part| self.detail.get(*part)?.get(&name))
    }

    fn changed(&self, kind: Kind) -> Vec<Mention> {
        let subject = Subject::from_members(kind, |name, _| self.asked(name)).map(Mention::Subject);
        let mut mentions: Vec<Mention> = subject.or_else(|| self.arn_of(kind)).into_iter().collect();
        match self.name {
            // Nothing of an endpoint can be judged without it.
            "CreateEndpoint" | "UpdateEndpoint" => {
                let config = Subject::from_members(Kind::EndpointConfig, |name, _| self.asked(name));
                mentions.extend(config.map(Mention::Subject));
            }
            // What runs when they start is not what it was.
            "UpdateNotebookInstanceLifecycleConfig" => {
                let config = self.asked("NotebookInstanceLifecycleConfigName").and_then(Value::as_str);
                mentions.extend(config.map(|name| Mention::NotebooksWith(name.to_owned())));
            }
            _ => {}
        }
        mentions
    }

    /// Where the request does not name it: a domain's id is made by the service, and is in its answer alone.
    fn arn_of(&self, kind: Kind) -> Option<Mention> {
        let parts =
            ["responseElements", "serviceEventDetails"].iter().filter_map(|part| self.detail.get(*part)?.as_object());
        let answered = parts.flat_map(Map::values);
        let resources = self.detail.get("resources").and_then(Value::as_array).into_iter().flatten();
        let mut arns = answered.chain(resources.filter_map(|resource| resource.get("ARN"))).filter_map(Value::as_str);
        let arn = arns.find(|arn| resource_of(arn).and_then(Kind::of_arn_type) == Some(kind))?;
        Some(Mention::Arn(arn.to_owned()))
    }

    fn tagged(&self) -> Option<Mention> {
        let arn = self.asked("ResourceArn")?.as_str()?;
        resource_of(arn).and_then(Kind::of_arn_type)?;
        Some(Mention::Arn(arn.to_owned()))
    }

    /// The notebook instance that somebody may open now.
    fn opened(&self) -> Option<Mention> {
        Subject::from_members(Kind::NotebookInstance, |name, _| self.asked(name)).map(Mention::Subject)
    }

    fn request(&self) -> Option<Request> {
        let asked = self.detail.get("requestParameters")?.as_object()?;
        let mut description: Map<String, Value> =
            asked.iter().map(|(name, value)| (capital(name), value.clone())).collect();
        let part = |name: &str| member(&description, name);
        let (folder, names) = match part("NotebookInstanceName") {
            Some(name) => ("notebook-instance", vec![name]),
            None => ("domain", vec![part("DomainId")?, part("UserProfileName").or_else(|| part("SpaceName"))?]),
        };
        let resource = format!("presigned-url/{folder}/{}", names.join("/"));
        let name = names.join("/");
        description.insert("Operation".to_owned(), self.name.into());
        Some(Request { kind: Kind::PresignedUrl, resource, name, description: description.into() })
    }
}

fn small(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().into_iter().flat_map(char::to_lowercase).chain(letters).collect()
}

fn capital(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}
