use std::error::Error;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Invokes this very function again, asynchronously (`InvocationType: Event`).
///
/// Lambda stops a function that invokes itself about 16 times in a row unless its `RecursiveLoop` is `Allow`, so set that
/// in the template where the function's timeout is less than a sixteenth of the resource's `ServiceTimeout`.
pub trait InvokeSelf: Send + Sync + 'static {
    /// Hands `payload`, the JSON of an event, to a new invocation.
    ///
    /// # Errors
    /// The resource is then answered FAILED at once.
    fn invoke_self(&self, payload: Vec<u8>) -> impl Future<Output = Result<(), Box<dyn Error + Send + Sync>>> + Send;
}

/// The field that this library adds to an event when it hands it to a new invocation.
pub(crate) const FIELD: &str = "Continuation";

/// What one invocation tells the next about a request. Times are milliseconds since the Unix epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Continuation {
    /// When the first invocation began: CloudFormation's clock runs from then.
    pub(crate) started_at: u64,
    /// How many invocations there were before this one.
    pub(crate) invocations: u32,
    /// When the method wants to be called again.
    pub(crate) not_before: u64,
    pub(crate) waiting_for: String,
    /// What to answer when there is not even time to read the properties again.
    pub(crate) physical_id: String,
    pub(crate) state: Value,
}

/// Milliseconds since the Unix epoch.
pub(crate) fn epoch_millis() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// How long after `since` it is at `now`; zero when a clock went backwards.
pub(crate) fn elapsed(since: u64, now: u64) -> Duration {
    Duration::from_millis(now.saturating_sub(since))
}
