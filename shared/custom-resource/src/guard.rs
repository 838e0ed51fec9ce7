use std::any::Any;
use std::error::Error;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::runtime::Handle;
use tokio::sync::OnceCell;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, timeout_at};

use crate::answer::{Answer, Ids, LogPointer, Made, Outcome};
use crate::attempt::{Step, Unfinished, Watch, attempt};
use crate::continuation::{self, Continuation, elapsed, epoch_millis};
use crate::deadline::Deadline;
use crate::delivery::{Delivery, Undelivered};
use crate::emulator::{Emulator, LONGEST_WAIT};
use crate::envelope::{Envelope, RequestType};
use crate::failure::chain;
use crate::plan::settled;
use crate::resource::CustomResource;
use crate::response_url::ResponseUrl;

pub(crate) type BoxError = Box<dyn Error + Send + Sync>;
type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;
pub(crate) type Start<R> = Arc<dyn Fn() -> BoxFuture<Result<R, BoxError>> + Send + Sync>;
pub(crate) type Invoke = Arc<dyn Fn(Vec<u8>) -> BoxFuture<Result<(), BoxError>> + Send + Sync>;

/// Stands between Lambda and a resource, and answers whatever happens to the resource (R1).
///
/// The resource's code runs in tasks of a runtime of its own. The guard's timers and connections are driven by another
/// thread, so that code which blocks its thread, or all of its runtime's, cannot hold up the answer (R5).
pub(crate) struct Guard<R> {
    start: Start<R>,
    invoke_self: Option<Invoke>,
    handlers: Handle,
    delivery: Delivery,
    emulator: Option<Emulator>,
    /// The resource's own state is all that outlives a request (R32).
    resource: OnceCell<Arc<R>>,
    /// The start that began with the process, until the first request asks for it.
    starting: Mutex<Option<JoinSet<Result<R, BoxError>>>>,
}

/// One invocation, as Lambda describes it.
pub(crate) struct Invocation {
    pub(crate) event: Value,
    pub(crate) time_left: Duration,
    pub(crate) log: LogPointer,
}

/// An answer, where it goes, and until when that makes sense.
pub(crate) struct Addressed {
    url: ResponseUrl,
    pub(crate) answer: Answer,
    until: Instant,
}

/// What the guard makes of a request.
enum Verdict {
    Answer(Ids, Outcome),
    HandedOver,
}

impl<R: CustomResource> Guard<R> {
    /// Begins the start at once; its end is waited for, and its failure answered, with the first request (R2).
    pub(crate) fn new(
        start: Start<R>,
        invoke_self: Option<Invoke>,
        handlers: Handle,
        emulator: Option<Emulator>,
    ) -> Self {
        let starting = Mutex::new(Some(begin(&start, &handlers)));
        let (delivery, resource) = (Delivery::new(), OnceCell::new());
        Self { start, invoke_self, handlers, delivery, emulator, resource, starting }
    }

    /// Answers one request. `Ok` also when there is nobody to answer, and when another invocation will.
    ///
    /// # Errors
    /// Only when the answer could not be delivered: Lambda then runs the event again, the one chance left (R6).
    pub(crate) async fn handle(&self, invocation: Invocation) -> Result<(), Undelivered> {
        let Some(Addressed { url, answer, until }) = self.answer(invocation).await else {
            return Ok(());
        };
        let delivered = self.delivery.deliver(&url, &answer.body, until).await;
        let (physical_id, reason) = (&answer.physical_id, &answer.reason);
        match &delivered {
            Ok(attempts) if reason.is_none() => tracing::info!(physical_id, attempts, "answered SUCCESS"),
            Ok(attempts) => tracing::error!(physical_id, attempts, reason, "answered FAILED"),
            Err(error) => tracing::error!(physical_id, reason, %error, "not answered"),
        }
        delivered.map(|_| ())
    }

    /// The answer to a request; `None` when there is nobody to answer, and when another invocation will.
    pub(crate) async fn answer(&self, invocation: Invocation) -> Option<Addressed> {
        let Invocation { event, time_left, log } = invocation;
        let url = match ResponseUrl::of(&event, self.emulator.is_some()) {
            Ok(url) => url,
            Err(error) => {
                tracing::error!(%error, "nobody to answer");
                return None;
            }
        };
        let envelope = Arc::new(Envelope::read(&event));
        let now = epoch_millis();
        let waited = envelope.continuation.as_ref().map(|before| elapsed(before.started_at, now)).unwrap_or_default();
        let deadline = Deadline::new(Instant::now(), time_left, envelope.service_timeout.saturating_sub(waited));
        tracing::info!(
            request_type = envelope.request_type.map(RequestType::as_str),
            stack_id = envelope.stack_id,
            logical_id = envelope.logical_id,
            cloudformation_request_id = envelope.request_id,
            physical_id = envelope.current_id,
            time_ms = u64::try_from(deadline.time_left().remaining().as_millis()).unwrap_or(u64::MAX),
            "request received"
        );
        let (ids, outcome) = match self.judge(event, &envelope, deadline, now).await {
            Verdict::Answer(ids, outcome) => (ids, outcome),
            Verdict::HandedOver => return None,
        };
        let answer = Answer::new(&envelope, &ids, &outcome, R::NO_ECHO, &log);
        Some(Addressed { url, answer, until: deadline.delivery })
    }

    async fn judge(&self, event: Value, envelope: &Arc<Envelope>, deadline: Deadline, now: u64) -> Verdict {
        let ids = Ids::without_target(envelope, R::KIND);
        if let Some(outcome) = settled(envelope, R::KIND) {
            return Verdict::Answer(ids, outcome);
        }
        let watch = Arc::new(Watch::new(ids, envelope.continuation.as_ref().map(|before| before.waiting_for.clone())));
        let work = async {
            let resource = self.resource().await.map_err(|reason| (reason, Made::Nothing))?;
            let mut task = JoinSet::new();
            let can_continue = self.invoke_self.is_some();
            let longest_wait = self.emulator.map_or(LONGEST_WAIT, |emulator| emulator.longest_wait);
            let attempt = attempt(resource, envelope.clone(), deadline, watch.clone(), can_continue, longest_wait);
            task.spawn_on(attempt, &self.handlers);
            match task.join_next().await {
                Some(Ok(step)) => Ok(step),
                Some(Err(error)) => Err((watch.panicked(&panic_text(error, R::NO_ECHO)), watch.made())),
                None => Err(("the handler's task is gone".to_owned(), watch.made())),
            }
        };
        // Dropping the work aborts the task, unless it blocks its thread. Then it ends some time, and nobody listens.
        let step = timeout_at(deadline.handler, work).await;
        let outcome = match step.unwrap_or_else(|_| Err((watch.overdue(), watch.made()))) {
            Ok(Step::Ended(outcome)) => outcome,
            Ok(Step::Unfinished(next)) => {
                match self.hand_over(event, envelope, next, &watch.ids(), deadline, now).await {
                    Ok(()) => return Verdict::HandedOver,
                    Err(reason) => Outcome::Failed { reason, made: Made::Something },
                }
            }
            Err((reason, made)) => Outcome::Failed { reason, made },
        };
        Verdict::Answer(watch.ids(), outcome)
    }

    /// The started resource, or why there is none. A start that failed is tried again with the next request: what it
    /// missed may be there by then.
    async fn resource(&self) -> Result<Arc<R>, String> {
        let started = self.resource.get_or_try_init(|| async {
            let early = self.starting.lock().unwrap_or_else(PoisonError::into_inner).take();
            let mut starting = early.unwrap_or_else(|| begin(&self.start, &self.handlers));
            let problem = match starting.join_next().await {
                Some(Ok(Ok(resource))) => return Ok(Arc::new(resource)),
                Some(Ok(Err(error))) => chain(error.as_ref()),
                Some(Err(error)) => panic_text(error, R::NO_ECHO),
                None => "its task is gone".to_owned(),
            };
            Err(format!("the function could not start: {problem}"))
        });
        started.await.cloned()
    }

    async fn hand_over(
        &self,
        mut event: Value,
        envelope: &Envelope,
        next: Unfinished,
        ids: &Ids,
        deadline: Deadline,
        now: u64,
    ) -> Result<(), String> {
        let before = envelope.continuation.as_ref();
        let continuation = Continuation {
            started_at: before.map_or(now, |before| before.started_at),
            invocations: before.map_or(0, |before| before.invocations).saturating_add(1),
            not_before: epoch_millis().saturating_add(u64::try_from(next.again_in.as_millis()).unwrap_or(u64::MAX)),
            waiting_for: next.waiting_for,
            physical_id: ids.something_made().to_owned(),
            state: next.state,
        };
        let (waiting_for, invocations) = (continuation.waiting_for.clone(), continuation.invocations);
        let failed = |problem: &str| format!("cannot go on waiting for {waiting_for} in a new invocation: {problem}");
        let Some(invoke_self) = self.invoke_self.clone() else {
            return Err(failed("the function has no way to invoke itself"));
        };
        let continuation = serde_json::to_value(continuation).map_err(|error| failed(&error.to_string()))?;
        if let Some(event) = event.as_object_mut() {
            event.insert(continuation::FIELD.to_owned(), continuation);
        }
        let payload = serde_json::to_vec(&event).map_err(|error| failed(&error.to_string()))?;
        let mut task = JoinSet::new();
        task.spawn_on(async move { invoke_self(payload).await }, &self.handlers);
        match timeout_at(deadline.handler, task.join_next()).await {
            Ok(Some(Ok(Ok(())))) => {
                tracing::info!(waiting_for, invocations, "going on in a new invocation");
                Ok(())
            }
            Ok(Some(Ok(Err(error)))) => Err(failed(&chain(error.as_ref()))),
            Ok(Some(Err(error))) => Err(failed(&panic_text(error, R::NO_ECHO))),
            Ok(None) => Err(failed("its task is gone")),
            Err(_) => Err(failed("invoking it took too long")),
        }
    }
}

fn begin<R: CustomResource>(start: &Start<R>, handlers: &Handle) -> JoinSet<Result<R, BoxError>> {
    let start = start.clone();
    let mut starting = JoinSet::new();
    // The closure itself may panic, so it too is called in the task.
    starting.spawn_on(async move { start().await }, handlers);
    starting
}

/// What a task panicked with; the log has the place. A secret may be in it, so a `NO_ECHO` resource keeps it back.
fn panic_text(error: JoinError, no_echo: bool) -> String {
    match error.try_into_panic() {
        Ok(_) if no_echo => "panicked".to_owned(),
        Ok(payload) => match message(payload.as_ref()) {
            Some(message) => format!("panicked: {message}"),
            None => "panicked".to_owned(),
        },
        Err(_) => "was aborted".to_owned(),
    }
}

fn message(payload: &(dyn Any + Send)) -> Option<&str> {
    payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str))
}
