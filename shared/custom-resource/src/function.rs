use std::any::type_name;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lambda_runtime::{Context, Diagnostic, LambdaEvent, service_fn};
use serde_json::Value;
use tokio::runtime::Builder;

use crate::answer::LogPointer;
use crate::continuation::InvokeSelf;
use crate::delivery::Undelivered;
use crate::emulator::Emulator;
use crate::guard::{BoxError, Guard, Invocation, Invoke, Start};
use crate::resource::CustomResource;

/// One may be blocked by a handler that never gives its thread back (R5).
const HANDLER_THREADS: usize = 2;

/// Why a function ended: the runtime could not be made, or Lambda's runtime API could not be reached.
pub type RunError = lambda_runtime::Error;

/// Runs a Lambda function whose resource `start` makes: the whole `main` of a function.
///
/// `start` is called when the process starts. When it fails or panics, requests are answered FAILED with its error, and
/// it is called again for the next request (R2). Clients belong into it, calls that take long do not.
///
/// The JSON log is started here, at the level that `AWS_LAMBDA_LOG_LEVEL` gives for the resource's own crate.
///
/// # Errors
/// See [`RunError`]. A resource's failures are answered, and are no errors here.
pub fn run<R, F, Fut, E>(start: F) -> Result<(), RunError>
where
    R: CustomResource,
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<R, E>> + Send + 'static,
    E: Into<BoxError> + 'static,
{
    Function::new(start).run()
}

/// A Lambda function that is a custom resource, for those that need more than [`run`].
pub struct Function<R> {
    start: Start<R>,
    invoke_self: Option<Invoke>,
    resource: PhantomData<fn() -> R>,
}

impl<R: CustomResource> Function<R> {
    /// The resource is what `start` makes, see [`run`].
    pub fn new<F, Fut, E>(start: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<R, E>> + Send + 'static,
        E: Into<BoxError> + 'static,
    {
        const { assert!(is_kind(R::KIND), "KIND is kebab-case: a-z, 0-9 and single hyphens, at most 60") };
        let start = Arc::new(start);
        let start: Start<R> = Arc::new(move || {
            let start = start.clone();
            Box::pin(async move { start().await.map_err(Into::into) })
        });
        Self { start, invoke_self: None, resource: PhantomData }
    }

    /// Work that does not end in one invocation goes on in another, see [`crate::Progress::Unfinished`].
    #[must_use]
    pub fn continuing_with(mut self, invoke_self: impl InvokeSelf) -> Self {
        let invoke_self = Arc::new(invoke_self);
        self.invoke_self = Some(Arc::new(move |payload| {
            let invoke_self = invoke_self.clone();
            Box::pin(async move { invoke_self.invoke_self(payload).await })
        }));
        self
    }

    /// Takes Lambda's events until the process ends.
    ///
    /// # Errors
    /// See [`RunError`].
    pub fn run(self) -> Result<(), RunError> {
        invocation_log::init(crate_of::<R>());
        let handlers = Builder::new_multi_thread().worker_threads(HANDLER_THREADS).enable_all().build()?;
        // The guard's own: a timer of the handlers' runtime stands still while the thread that drives it is blocked.
        let guards = Builder::new_current_thread().enable_all().build()?;
        let emulator = Emulator::of_environment();
        let ended = guards.block_on(async {
            let guard = Arc::new(Guard::new(self.start, self.invoke_self, handlers.handle().clone(), emulator));
            lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| {
                let guard = guard.clone();
                async move { guard.handle(invocation(event)).await.map_err(diagnostic) }
            }))
            .await
        });
        // A handler that blocks its thread must not keep the process.
        handlers.shutdown_background();
        ended
    }
}

/// The one kind of error that Lambda hears of.
fn diagnostic(error: Undelivered) -> Diagnostic {
    Diagnostic { error_type: "Undelivered".to_owned(), error_message: error.to_string() }
}

fn invocation(event: LambdaEvent<Value>) -> Invocation {
    let Context { request_id, deadline, env_config, .. } = event.context;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Invocation {
        event: event.payload,
        time_left: Duration::from_millis(deadline).saturating_sub(now),
        log: LogPointer { group: env_config.log_group.clone(), stream: env_config.log_stream.clone(), request_id },
    }
}

/// The crate that a resource is written in, as it is named in the log.
fn crate_of<R>() -> &'static str {
    type_name::<R>().split("::").next().unwrap_or_default()
}

/// Lower-case letters, digits and single hyphens between them, at most 60.
const fn is_kind(kind: &str) -> bool {
    let bytes = kind.as_bytes();
    let mut hyphen_allowed = false;
    let mut rest = bytes;
    while let [first, tail @ ..] = rest {
        hyphen_allowed = match first {
            b'a'..=b'z' | b'0'..=b'9' => true,
            b'-' if hyphen_allowed => false,
            _ => return false,
        };
        rest = tail;
    }
    hyphen_allowed && bytes.len() <= 60
}
