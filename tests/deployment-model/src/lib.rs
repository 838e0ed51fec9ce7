//! Runs the deployment's state machine with its functions over services in memory.
//!
//! The definition is the one that is deployed, and so are the functions' handlers; what is in memory is what is beneath
//! their ports, and the operations that the machine calls itself. Time is virtual. Executions advance a state at a time, so
//! several of them can be interleaved in any order; a process can end at any of its calls.
//!
//! The rules that the outcome is compared with are in [`rules`], written down a second time and much simpler: one execution
//! after the other, no waves, no repetition, no failure but as a fact.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on should say where"
)]

pub mod cases;
pub mod machine;
pub mod rules;
pub mod sequence;
pub mod simulation;
pub mod world;
