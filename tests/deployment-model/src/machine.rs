//! An interpreter of Amazon States Language with JSONata, as far as the deployment's definition uses it.
//!
//! Time is a number that the caller moves. Whatever the interpreter does not know, whatever an expression leaves undefined
//! and whatever Step Functions would refuse is a panic: a test has failed.

mod definition;
mod execution;
mod expression;

pub use definition::{Definition, State};
pub use execution::{Called, Execution, MOST_BYTES, Resources, Seen, Status, TaskError, timestamp};
pub use expression::{Variables, evaluate};
