//! The custom-resource contract, seen from outside: a process, the runtime API it polls, and the bucket that
//! CloudFormation reads its answers from. Each test carries the rule it proves.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "whatever these meet is a failed test"
)]

mod continuation;
mod deadline;
mod delivery;
mod envelope;
mod log;
mod panic;
mod physical_id;
mod repetition;
mod size;
mod stage;
mod start_up;
