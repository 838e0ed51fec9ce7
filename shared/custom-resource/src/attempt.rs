use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep_until};

use crate::answer::{Ids, Made, Outcome};
use crate::continuation::{elapsed, epoch_millis};
use crate::deadline::Deadline;
use crate::envelope::Envelope;
use crate::plan::{Plan, plan};
use crate::resource::{CustomResource, Progress};

/// How an invocation's work on a request ended.
pub(crate) enum Step {
    Ended(Outcome),
    Unfinished(Unfinished),
}

/// What is to be done in a new invocation.
pub(crate) struct Unfinished {
    pub(crate) waiting_for: String,
    pub(crate) state: Value,
    pub(crate) again_in: Duration,
}

/// What the guard has to know of a task that panicked or did not end.
pub(crate) struct Watch(Mutex<Doing>);

struct Doing {
    ids: Ids,
    step: &'static str,
    waiting_for: Option<String>,
    since: Instant,
    made: Made,
}

impl Watch {
    pub(crate) fn new(ids: Ids, waiting_for: Option<String>) -> Self {
        let doing =
            Doing { ids, step: "the start of the function", waiting_for, since: Instant::now(), made: Made::Nothing };
        Self(Mutex::new(doing))
    }

    pub(crate) fn ids(&self) -> Ids {
        self.doing().ids.clone()
    }

    pub(crate) fn made(&self) -> Made {
        self.doing().made
    }

    pub(crate) fn panicked(&self, panic: &str) -> String {
        format!("{} {panic}", self.doing().step)
    }

    /// The step that was running when the time was over (R8).
    pub(crate) fn overdue(&self) -> String {
        let doing = self.doing();
        let seconds = doing.since.elapsed().as_secs_f64();
        let waiting = doing.waiting_for.as_ref().map(|what| format!(", waiting for {what}")).unwrap_or_default();
        format!("{} did not end in the {seconds:.1} s it had{waiting}", doing.step)
    }

    fn reading(&self) {
        let mut doing = self.doing();
        (doing.step, doing.since) = ("reading the properties", Instant::now());
    }

    /// From here on something may have been made.
    fn calling(&self, ids: Ids, step: &'static str) {
        let mut doing = self.doing();
        (doing.ids, doing.step, doing.since, doing.made) = (ids, step, Instant::now(), Made::Something);
    }

    fn waiting(&self, what: &str) {
        self.doing().waiting_for = Some(what.to_owned());
    }

    fn doing(&self) -> MutexGuard<'_, Doing> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Everything that runs the resource's own code for a request: runs as a task under the guard.
pub(crate) async fn attempt<R: CustomResource>(
    resource: Arc<R>,
    envelope: Arc<Envelope>,
    deadline: Deadline,
    watch: Arc<Watch>,
    can_continue: bool,
    longest_wait: Duration,
) -> Step {
    watch.reading();
    let (ids, mut call) = match plan(resource.as_ref(), &envelope, deadline.time_left()) {
        Plan::Settled(outcome) => return Step::Ended(outcome),
        Plan::Call { ids, call } => (ids, call),
    };
    watch.calling(ids, call.method());
    let began = Instant::now();
    let mut next = envelope.continuation.as_ref().map(|before| Unfinished {
        waiting_for: before.waiting_for.clone(),
        state: before.state.clone(),
        again_in: elapsed(epoch_millis(), before.not_before).min(longest_wait),
    });
    let earlier =
        envelope.continuation.as_ref().map(|before| elapsed(before.started_at, epoch_millis())).unwrap_or_default();
    loop {
        let waited = next.is_some();
        if let Some(unfinished) = next.take() {
            watch.waiting(&unfinished.waiting_for);
            let due = Instant::now() + unfinished.again_in;
            match way_on(due, &deadline, can_continue) {
                WayOn::Here => {
                    sleep_until(due).await;
                    call.resume(unfinished.state);
                }
                WayOn::NewInvocation => {
                    sleep_until(deadline.latest_call).await;
                    let again_in = due.saturating_duration_since(Instant::now());
                    return Step::Unfinished(Unfinished { again_in, ..unfinished });
                }
                WayOn::None(obstacle) => {
                    let (method, seconds) = (call.method(), (earlier + began.elapsed()).as_secs());
                    let what = unfinished.waiting_for;
                    let reason = format!("{method} was still waiting for {what} after {seconds} s, and {obstacle}");
                    return Step::Ended(Outcome::Failed { reason, made: Made::Something });
                }
            }
        }
        match call.run(resource.as_ref()).await {
            Ok(Progress::Done(attributes)) => return Step::Ended(Outcome::Done(attributes)),
            Ok(Progress::Unfinished { waiting_for, state, again_in }) => {
                next = Some(Unfinished { waiting_for, state, again_in: again_in.min(longest_wait) });
            }
            Err(failure) => {
                let made = if waited || failure.is_half_made() { Made::Something } else { Made::Nothing };
                return Step::Ended(Outcome::Failed { reason: failure.to_string(), made });
            }
        }
    }
}

/// Where a method is called again.
#[derive(Debug, PartialEq, Eq)]
enum WayOn {
    Here,
    NewInvocation,
    None(&'static str),
}

/// A call that is due late in an invocation is left to the next one, which has more time for it, where there can be one.
fn way_on(due: Instant, deadline: &Deadline, can_continue: bool) -> WayOn {
    let next_one = can_continue && deadline.request > deadline.handler;
    if due <= if next_one { deadline.latest_call } else { deadline.handler } {
        WayOn::Here
    } else if next_one && due < deadline.request {
        WayOn::NewInvocation
    } else if due < deadline.request {
        WayOn::None("the function has neither the time for another look nor a way to invoke itself")
    } else {
        WayOn::None("ServiceTimeout does not allow another look")
    }
}
