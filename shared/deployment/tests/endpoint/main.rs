//! What an endpoint's settings are, what is said about those that are wrong, and what the template gets of them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on should say where")]

mod documents;
mod settings;
mod template;

use deployment::EndpointSettings;
use serde_json::{Value, json};

const KEY: &str = "arn:aws:kms:eu-west-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab";

fn read(document: Value) -> EndpointSettings {
    serde_json::from_value(document).unwrap()
}

fn faults(document: &Value) -> Vec<String> {
    let error = serde_json::from_value::<EndpointSettings>(document.clone()).unwrap_err().to_string();
    error
        .split("; $")
        .enumerate()
        .map(|(index, fault)| if index == 0 { fault.to_owned() } else { format!("${fault}") })
        .collect()
}

fn instances(types: &[(&str, u32)]) -> Value {
    let weights: &[u32] = if types.len() == 1 { &[100] } else { &[90, 10] };
    let variant = |(index, (name, count)): (usize, &(&str, u32))| json!({"name": format!("v{index}"), "instance": {"type": name, "count": count}, "weight": weights[index]});
    types.iter().enumerate().map(variant).collect()
}

fn real_time(member: &str, value: Value) -> Value {
    json!({"type": "realTime", "variants": instances(&[("ml.m5.large", 2)]), member: value})
}
