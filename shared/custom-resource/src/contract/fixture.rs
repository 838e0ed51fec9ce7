//! An event as CloudFormation sends it, a resource that does as a test says, and one invocation of it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::runtime::Handle;

use crate::answer::LogPointer;
use crate::emulator::{Emulator, LONGEST_WAIT};
use crate::guard::{BoxError, Guard, Invocation, Invoke, Start};
use crate::{Attributes, CustomResource, Failure, FromProperties, Progress, Reader, Request, Scope, TimeLeft};

/// Where response URLs of this machine are taken.
pub(super) const ON_LOOPBACK: Emulator = Emulator { longest_wait: LONGEST_WAIT };
pub(super) const STACK_ID: &str =
    "arn:aws:cloudformation:eu-central-1:111122223333:stack/platform/8f2e3c10-0a4b-11f0-9d3c-0a1b2c3d4e5f";
/// As in a recorded event, with the signature of the old kind.
pub(super) const URL: &str = "https://cloudformation-custom-resource-response-eucentral1.s3.eu-central-1.amazonaws.com/\
    arn%3Aaws%3Acloudformation%3Aeu-central-1%3A111122223333%3Astack/platform/8f2e3c10-0a4b-11f0-9d3c-0a1b2c3d4e5f\
    %7CShelf%7C6d2c0f9e-request?AWSAccessKeyId=AKIAEXAMPLE&Expires=1785000000&Signature=s3cr3t%2Bsignature%3D";
/// The id that the default properties give.
pub(super) const ID: &str = "shelf/platform/8f2e3c10-0a4b-11f0-9d3c-0a1b2c3d4e5f/Shelf/books";
pub(super) const MARKER: &str = "shelf!failed-create";
/// One that CloudFormation made up for a Create it cancelled.
pub(super) const INVENTED: &str = "platform-Shelf-1QX3T8ZK0V9PL";

pub(super) fn create() -> Value {
    json!({
        "RequestType": "Create",
        "RequestId": "6d2c0f9e-request",
        "StackId": STACK_ID,
        "ResponseURL": URL,
        "ResourceType": "Custom::Shelf",
        "LogicalResourceId": "Shelf",
        "ServiceToken": "arn:aws:lambda:eu-central-1:111122223333:function:shelf",
        "ResourceProperties": properties("books"),
    })
}

pub(super) fn update(current_id: &str, old: Value) -> Value {
    let event = with(create(), "RequestType", json!("Update"));
    with(with(event, "PhysicalResourceId", json!(current_id)), "OldResourceProperties", old)
}

pub(super) fn delete(current_id: &str) -> Value {
    with(with(create(), "RequestType", json!("Delete")), "PhysicalResourceId", json!(current_id))
}

pub(super) fn properties(name: &str) -> Value {
    json!({ "ServiceToken": "arn:aws:lambda:eu-central-1:111122223333:function:shelf", "Name": name, "Boards": "3" })
}

pub(super) fn with(mut event: Value, field: &str, value: Value) -> Value {
    event[field] = value;
    event
}

pub(super) fn without(mut event: Value, field: &str) -> Value {
    event.as_object_mut().unwrap().shift_remove(field);
    event
}

/// Properties of the resource under test: its name forces a replacement, the number of boards does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shelf {
    pub(super) name: String,
    pub(super) boards: Option<u32>,
}

impl FromProperties for Shelf {
    fn from_properties(reader: &mut Reader<'_>) -> Option<Self> {
        let (name, boards) = (reader.required("Name"), reader.optional("Boards"));
        Some(Self { name: name?, boards: boards? })
    }
}

/// A call of one of the resource's methods.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) method: &'static str,
    pub(super) physical_id: String,
    pub(super) properties: Option<Shelf>,
    pub(super) old: Option<Shelf>,
    pub(super) request_id: String,
    pub(super) state: Option<Value>,
    pub(super) time: TimeLeft,
}

type Behaviour = dyn Fn(Seen) -> Pin<Box<dyn Future<Output = Result<Progress, Failure>> + Send>> + Send + Sync;

/// A resource that does what a test says; `SECRET` makes its attributes secrets.
pub(super) struct Scripted<const SECRET: bool = false> {
    pub(super) behaviour: Arc<Behaviour>,
    pub(super) calls: Arc<Mutex<Vec<Seen>>>,
}

impl<const SECRET: bool> Scripted<SECRET> {
    pub(super) fn new<F, Fut>(behaviour: F) -> Self
    where
        F: Fn(Seen) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Progress, Failure>> + Send + 'static,
    {
        let behaviour: Arc<Behaviour> = Arc::new(move |seen| Box::pin(behaviour(seen)));
        Self { behaviour, calls: Arc::default() }
    }

    async fn call(&self, seen: Seen) -> Result<Progress, Failure> {
        self.calls.lock().unwrap().push(seen.clone());
        (self.behaviour)(seen).await
    }
}

fn seen<P>(method: &'static str, request: &Request<P>, properties: Option<&Shelf>, old: Option<&Shelf>) -> Seen {
    Seen {
        method,
        physical_id: request.physical_id.to_string(),
        properties: properties.cloned(),
        old: old.cloned(),
        request_id: request.request_id.clone(),
        state: request.state.clone(),
        time: request.time,
    }
}

impl<const SECRET: bool> CustomResource for Scripted<SECRET> {
    const KIND: &'static str = "shelf";
    const NO_ECHO: bool = SECRET;
    type Properties = Shelf;

    fn identity(&self, scope: &Scope, properties: &Shelf) -> Vec<String> {
        assert_ne!(properties.name, "panics in identity");
        vec![scope.stack_name.clone(), scope.stack_guid.clone(), scope.logical_id.clone(), properties.name.clone()]
    }

    async fn create(&self, request: &Request<Shelf>) -> Result<Progress, Failure> {
        self.call(seen("create", request, Some(&request.properties), None)).await
    }

    async fn update(&self, request: &Request<Shelf>, old: Option<&Shelf>) -> Result<Progress, Failure> {
        self.call(seen("update", request, Some(&request.properties), old)).await
    }

    async fn delete(&self, request: &Request<Option<Shelf>>) -> Result<Progress, Failure> {
        self.call(seen("delete", request, request.properties.as_ref(), None)).await
    }
}

/// What came of an invocation.
pub(super) struct Answered {
    pub(super) body: Value,
    pub(super) bytes: usize,
}

impl Answered {
    pub(super) fn read(body: &[u8]) -> Self {
        Self { body: serde_json::from_slice(body).unwrap(), bytes: body.len() }
    }

    fn text(&self, field: &str) -> &str {
        self.body[field].as_str().unwrap_or_default()
    }

    pub(super) fn status(&self) -> &str {
        self.text("Status")
    }

    pub(super) fn id(&self) -> &str {
        self.text("PhysicalResourceId")
    }

    pub(super) fn reason(&self) -> &str {
        self.text("Reason")
    }
}

impl fmt::Debug for Answered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.body)
    }
}

/// A function in this process: its resource, and how it invokes itself.
pub(super) struct Function<const SECRET: bool = false> {
    pub(super) guard: Guard<Scripted<SECRET>>,
    pub(super) calls: Arc<Mutex<Vec<Seen>>>,
}

pub(super) const LAMBDA_TIME: Duration = Duration::from_secs(60);

impl<const SECRET: bool> Function<SECRET> {
    pub(super) fn of(resource: Scripted<SECRET>, invoke_self: Option<Invoke>, handlers: Handle) -> Self {
        let (behaviour, calls) = (resource.behaviour.clone(), resource.calls.clone());
        let start: Start<Scripted<SECRET>> = Arc::new(move || {
            let resource = Scripted { behaviour: behaviour.clone(), calls: resource.calls.clone() };
            Box::pin(async move { Ok(resource) })
        });
        Self { guard: Guard::new(start, invoke_self, handlers, Some(ON_LOOPBACK)), calls }
    }

    /// `None` when nobody is answered.
    pub(super) async fn invoke_for(&self, event: Value, time_left: Duration) -> Option<Answered> {
        let addressed = self.guard.answer(invocation(event, time_left)).await?;
        Some(Answered::read(&addressed.answer.body))
    }

    pub(super) async fn invoke(&self, event: Value) -> Answered {
        self.invoke_for(event, LAMBDA_TIME).await.expect("an answer")
    }

    pub(super) fn methods(&self) -> Vec<&'static str> {
        self.calls.lock().unwrap().iter().map(|seen| seen.method).collect()
    }

    pub(super) fn last(&self) -> Seen {
        self.calls.lock().unwrap().last().cloned().expect("a call")
    }
}

pub(super) fn invocation(event: Value, time_left: Duration) -> Invocation {
    let log = LogPointer {
        group: "/aws/lambda/shelf".to_owned(),
        stream: "2026/01/31/[$LATEST]0f".to_owned(),
        request_id: "lambda-request".to_owned(),
    };
    Invocation { event, time_left, log }
}

/// A function whose methods all do `behaviour`, in the test's own runtime.
pub(super) fn function<F, Fut>(behaviour: F) -> Function
where
    F: Fn(Seen) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Progress, Failure>> + Send + 'static,
{
    Function::of(Scripted::new(behaviour), None, Handle::current())
}

/// Every method succeeds with one attribute.
pub(super) fn obliging() -> Function {
    function(|_| async { done() })
}

pub(super) fn done() -> Result<Progress, Failure> {
    Ok(Attributes::new().with("Room", "study").into())
}

pub(super) fn refusal() -> BoxError {
    "the wall is too weak".into()
}
