use std::time::Duration;

use tokio::time::Instant;

/// Kept back for delivering the answer: a name look-up, a TLS handshake and a few retries (R7).
const RESERVE: Duration = Duration::from_secs(8);
/// The share of a short invocation that is kept back instead.
const RESERVE_SHARE: u32 = 4;
/// What the runtime needs at the end to report to Lambda, at most.
const MARGIN: Duration = Duration::from_millis(250);
/// The share of a short invocation that it needs instead.
const MARGIN_SHARE: u32 = 20;

/// How long a method of a resource may take.
#[derive(Clone, Copy, Debug)]
pub struct TimeLeft {
    until: Instant,
}

impl TimeLeft {
    /// `time` from now on.
    #[must_use]
    pub fn lasting(time: Duration) -> Self {
        Self { until: Instant::now() + time }
    }

    /// Until the method must be back. What is still running then is given up, and answered FAILED.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }
}

/// The moments that bound one invocation (R7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Deadline {
    /// When the handler must be back, in this invocation.
    pub(crate) handler: Instant,
    /// The last moment to begin another call in this invocation, when there can be a next one.
    pub(crate) latest_call: Instant,
    /// When delivering the answer is given up.
    pub(crate) delivery: Instant,
    /// When the handler must be back in whichever invocation: later than `handler` when CloudFormation waits for longer
    /// than this invocation lasts.
    pub(crate) request: Instant,
}

impl Deadline {
    /// `invocation` is how long Lambda lets this invocation run, `request` how long CloudFormation still waits.
    pub(crate) fn new(now: Instant, invocation: Duration, request: Duration) -> Self {
        let invocation = invocation - MARGIN.min(invocation / MARGIN_SHARE);
        let both = invocation.min(request);
        let reserve = RESERVE.min(both / RESERVE_SHARE);
        Self {
            handler: now + (both - reserve),
            latest_call: now + (both - reserve) / 4 * 3,
            // Once CloudFormation's time is over an answer is worth a try, but not all that is left of the invocation.
            delivery: now + both.max(invocation.min(RESERVE)),
            request: now + (request - RESERVE.min(request / RESERVE_SHARE)),
        }
    }

    pub(crate) fn time_left(&self) -> TimeLeft {
        TimeLeft { until: self.handler }
    }
}
