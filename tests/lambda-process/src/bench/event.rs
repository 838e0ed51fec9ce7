use serde::Deserialize;
use serde_json::{Map, Value, json};

const FUNCTION: &str = "arn:aws:lambda:eu-central-1:111122223333:function";
const STACKS: &str = "arn:aws:cloudformation:eu-central-1:111122223333:stack";
const STACK: &str = "platform/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";

/// What CloudFormation asks of a custom resource.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) enum Kind {
    Create,
    Delete,
}

/// A request of CloudFormation for the custom resource of the function `name`. Its response address is left empty.
pub(crate) fn request(kind: Kind, name: &str, logical_id: &str, properties: Map<String, Value>) -> Map<String, Value> {
    let token = format!("{FUNCTION}:{name}");
    let mut all = Map::new();
    all.insert("ServiceToken".to_owned(), token.clone().into());
    all.insert("ServiceTimeout".to_owned(), "3600".into());
    all.extend(properties);
    let mut event = Map::new();
    let mut put = |key: &str, value: Value| _ = event.insert(key.to_owned(), value);
    put("RequestType", if kind == Kind::Create { "Create" } else { "Delete" }.into());
    put("ServiceToken", token.into());
    put("ResponseURL", "".into());
    put("StackId", format!("{STACKS}/{STACK}").into());
    put("RequestId", "5b1b7a3c-0a47-4a0b-9c7c-3f1d8f2f7a11".into());
    put("LogicalResourceId", logical_id.into());
    put("ResourceType", format!("Custom::{logical_id}").into());
    put("ResourceProperties", json!(all));
    if kind == Kind::Delete {
        put("PhysicalResourceId", format!("{name}/{STACK}/{logical_id}").into());
    }
    event
}
