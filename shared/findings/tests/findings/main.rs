//! Verdicts as findings and events, and how these are handed over.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, where it is set up too"
)]

mod asff;
mod handing_over;
mod samples;
