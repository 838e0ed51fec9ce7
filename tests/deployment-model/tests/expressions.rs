//! The definition's own language, before anything is run.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should say where")]

use deployment_model::simulation::{DEFINITION, definition};

#[test]
fn every_state_is_known_and_every_expression_can_be_read() {
    let definition = definition();
    let expressions = definition.expressions(DEFINITION);
    assert!(expressions.len() > 100, "{}", expressions.len());
    let faults: Vec<_> = expressions
        .iter()
        .filter_map(|(state, source)| {
            jsonata_core::parser::parse(source).err().map(|error| format!("{state}: {source}: {error}"))
        })
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
