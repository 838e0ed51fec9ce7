//! Says what the controls found.
//!
//! A verdict is a [`Finding`] in the hub's own AWS Security Hub, in the AWS Security Finding Format. The account and region of a
//! target are in the finding; its importer and its `AwsAccountId` are the hub, because Security Hub takes a finding only from the
//! account that it names. A change of verdict is a [`Transition`] on the platform's event bus, and so is what is done about one.
//!
//! Invariants:
//! - A resource and a control have one finding, whoever judged and however often: its id is made of what it is about.
//! - Whatever a resource is called and a reason says, a finding keeps the format's limits.
//! - What was not taken is tried again alone, a few times, and then handed back with the reason: never lost in silence.
//! - Where Security Hub is not enabled, that is an outcome: everything else goes on.

mod batches;
mod event_bus;
mod finding;
mod hub;
mod import;
#[cfg(feature = "in-memory")]
mod in_memory;
mod resource_details;
mod security_hub;
mod text;
mod transition;

pub use event_bus::{Event, EventBus, EventBusInAws, RefusedEvent, UnsentEvent, publish};
pub use finding::Finding;
pub use hub::Hub;
pub use import::{Import, import};
#[cfg(feature = "in-memory")]
pub use in_memory::{EventBusInMemory, SecurityHubInMemory};
pub use security_hub::{FailedFinding, ImportAnswer, SecurityHub, SecurityHubInAws};
pub use transition::{CorrectionChange, CorrectionState, Transition};
