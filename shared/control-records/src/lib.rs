//! What is known of every resource that the controls look at: one DynamoDB table, written by the detective and the corrective
//! function, read by the posture report.
//!
//! | key | holds |
//! |---|---|
//! | `scope` | `<account>/<region>` |
//! | `id` | `resource/<arn>`, `mark/<control>/<arn>` or `sweep/<time>` |
//!
//! An item is one document in JSON beside its key and a version. Whoever writes says which version it read: two events and a
//! sweep that look at one resource at the same moment cannot overwrite each other.
//!
//! Invariants:
//! - A write that met another one is [`Written::Conflict`], never an error and never a loss; a write whose answer was lost is
//!   no conflict with itself.
//! - A record that has grown too large for an item is written without what can best be spared of it, and says so.
//! - A record that cannot be read stops whoever reads it, by its key: nothing is decided on half of what is known.

mod dynamo_db;
#[cfg(feature = "in-memory")]
mod in_memory;
mod mark;
mod record;
mod records;
mod resource_record;
mod scope;
mod sweep_record;

pub use dynamo_db::RecordsInDynamoDb;
#[cfg(feature = "in-memory")]
pub use in_memory::RecordsInMemory;
pub use mark::{Mark, MarkState};
pub use record::Record;
pub use records::{Deleted, Item, Items, Page, RecordError, Records, Version, Versioned, Written};
pub use resource_record::{ExemptionRecord, ResourceRecord, VerdictRecord};
pub use scope::Scope;
pub use sweep_record::{SweepRecord, Unread};
