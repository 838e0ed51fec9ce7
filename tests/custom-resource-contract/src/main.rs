//! A custom resource that does what its properties order: the other side of the contract tests.

mod continuation;
mod script;

use std::time::Duration;

use continuation::Invoke;
use custom_resource::{
    Attributes, CustomResource, Failure, FromProperties, Function, Progress, Reader, Request, RunError, Scope,
};
use script::{Script, Step};
use serde_json::Value;
use tokio::time::sleep;

/// `SECRET` resources answer NoEcho.
struct ScriptedResource<const SECRET: bool>;

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Ordered(String);

impl<const SECRET: bool> ScriptedResource<SECRET> {
    async fn follow<P>(&self, method: &str, script: &Script, request: &Request<P>) -> Result<Progress, Failure> {
        // What the tests count calls by.
        tracing::info!(method, physical_id = %request.physical_id, state = ?request.state, "the resource was called");
        tracing::trace!(step = ?script.step(method), "the script was read");
        let attributes = || Attributes::new().with("Value", script.value());
        match script.step(method) {
            Step::Succeed => Ok(Progress::Done(attributes())),
            Step::Fail => Err(Ordered(script.reason.clone()).into()),
            Step::FailHalfMade => Err(Failure::half_made(Ordered(script.reason.clone()))),
            Step::Panic => ordered_panic(&script.reason),
            Step::Block => {
                block(request.time.remaining() + Duration::from_secs(1));
                Ok(Progress::Done(attributes()))
            }
            Step::FinishAround => {
                let remaining = u64::try_from(request.time.remaining().as_millis()).unwrap_or(u64::MAX);
                sleep(Duration::from_millis(remaining.saturating_add_signed(script.offset_ms))).await;
                Ok(Progress::Done(attributes()))
            }
            Step::Unfinished => {
                let turns = request.state.as_ref().and_then(Value::as_u64).unwrap_or(0);
                if turns >= script.turns {
                    return Ok(Progress::Done(attributes()));
                }
                Ok(Progress::Unfinished {
                    waiting_for: "the script's last turn".to_owned(),
                    state: Value::from(turns + 1),
                    again_in: Duration::from_millis(script.again_in_ms),
                })
            }
        }
    }
}

#[allow(clippy::panic, reason = "that it is answered is what the test is about")]
fn ordered_panic(reason: &str) -> ! {
    panic!("{reason}")
}

#[allow(clippy::disallowed_methods, reason = "a thread that does not yield is what the test is about")]
fn block(time: Duration) {
    std::thread::sleep(time);
}

impl<const SECRET: bool> CustomResource for ScriptedResource<SECRET> {
    const KIND: &'static str = "scripted-resource";
    const NO_ECHO: bool = SECRET;
    type Properties = Script;

    fn identity(&self, scope: &Scope, script: &Script) -> Vec<String> {
        let mut identity = vec![scope.stack_name.clone(), scope.stack_guid.clone(), scope.logical_id.clone()];
        identity.extend(script.replace_when.clone());
        identity
    }

    async fn create(&self, request: &Request<Script>) -> Result<Progress, Failure> {
        self.follow("create", &request.properties, request).await
    }

    async fn update(&self, request: &Request<Script>, old: Option<&Script>) -> Result<Progress, Failure> {
        tracing::info!(readable = old.is_some(), "the old properties were given");
        self.follow("update", &request.properties, request).await
    }

    async fn delete(&self, request: &Request<Option<Script>>) -> Result<Progress, Failure> {
        let unreadable = Script::default();
        self.follow("delete", request.properties.as_ref().unwrap_or(&unreadable), request).await
    }
}

impl FromProperties for Script {
    fn from_properties(reader: &mut Reader<'_>) -> Option<Self> {
        let on_create = reader.optional("OnCreate");
        let on_update = reader.optional("OnUpdate");
        let on_delete = reader.optional("OnDelete");
        let reason = reader.optional("Reason");
        let size = reader.optional("Size");
        let fill = reader.optional("Fill");
        let offset_ms = reader.optional("OffsetMilliseconds");
        let turns = reader.optional("Turns");
        let again_in_ms = reader.optional("AgainInMilliseconds");
        let replace_when = reader.optional("ReplaceWhen");
        let default = Self::default();
        Some(Self {
            on_create: on_create?.unwrap_or_default(),
            on_update: on_update?.unwrap_or_default(),
            on_delete: on_delete?.unwrap_or_default(),
            reason: reason?.unwrap_or(default.reason),
            size: size?.unwrap_or(default.size),
            fill: fill?.unwrap_or(default.fill),
            offset_ms: offset_ms?.unwrap_or(default.offset_ms),
            turns: turns?.unwrap_or(default.turns),
            again_in_ms: again_in_ms?.unwrap_or(default.again_in_ms),
            replace_when: replace_when?,
        })
    }
}

/// How the start is ordered to go: the environment is all there is before the first event.
async fn start<const SECRET: bool>() -> Result<ScriptedResource<SECRET>, Ordered> {
    match std::env::var("START_UP").as_deref() {
        Ok("fail") => Err(Ordered("cannot read the configuration".to_owned())),
        Ok("panic") => ordered_panic("cannot read the configuration"),
        Ok("hang") => std::future::pending().await,
        _ => Ok(ScriptedResource),
    }
}

fn main() -> Result<(), RunError> {
    if std::env::var_os("SECRET").is_some() {
        Function::new(start::<true>).continuing_with(Invoke).run()
    } else {
        Function::new(start::<false>).continuing_with(Invoke).run()
    }
}
