//! Thousands of random sequences, each compared with the rules.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on should say where, and how much was tried is worth saying"
)]

use deployment_model::sequence::{run, sequences};
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

/// Without `PROPTEST_CASES`.
const SEQUENCES: u32 = 2_000;

#[test]
fn every_sequence_ends_as_the_rules_say() {
    let threads = u32::try_from(thread::available_parallelism().map_or(1, usize::from)).unwrap();
    let wanted = std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(SEQUENCES);
    let counts: [AtomicUsize; 4] = Default::default();
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let cases = wanted.div_ceil(threads);
                let config = Config { cases, failure_persistence: None, max_shrink_iters: 3_000, ..Config::default() };
                let tried = TestRunner::new(config).run(&sequences(), |(setup, steps)| {
                    let simulation = run(&setup, &steps).map_err(TestCaseError::fail)?;
                    let state = simulation.world.state();
                    let found = [1, simulation.executions.len(), state.kills, state.calls];
                    counts.iter().zip(found).for_each(|(count, found)| {
                        count.fetch_add(found, Relaxed);
                    });
                    Ok(())
                });
                tried.unwrap_or_else(|failed| panic!("{failed}"));
            });
        }
    });
    let [sequences, executions, kills, calls] = counts.map(|count| count.load(Relaxed));
    println!("{sequences} sequences, {executions} executions, {kills} kills, {calls} calls");
    assert!(sequences >= usize::try_from(wanted).unwrap());
}
