//! What the template gets of settings, by its own words.

use crate::{read, real_time};
use deployment::{ENDPOINT_TEMPLATE, EndpointSettings};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Documents, and the parameters in which they differ from the template's defaults. The tests of the template deploy each.
fn deployed() -> BTreeMap<String, (EndpointSettings, BTreeMap<String, String>)> {
    let cases: BTreeMap<String, Value> = serde_json::from_str(include_str!("../endpoints.json")).unwrap();
    let case =
        |case: Value| (read(case["endpoint"].clone()), serde_json::from_value(case["parameters"].clone()).unwrap());
    cases.into_iter().map(|(name, value)| (name, case(value))).collect()
}

#[test]
fn the_parameters_of_every_variant_of_an_endpoint() {
    for (name, (settings, parameters)) in deployed() {
        let mut expected = defaults();
        expected.extend(parameters);
        assert_eq!(settings.parameters(), expected, "{name}");
    }
}

/// The template's parameters with their constraints, read line by line: the template has one form.
pub(crate) fn declared() -> BTreeMap<String, BTreeMap<String, String>> {
    let section = ENDPOINT_TEMPLATE.split_once("\nParameters:\n").unwrap().1.split_once("\nConditions:\n").unwrap().0;
    let mut declared: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    let mut current = String::new();
    for line in section.lines() {
        let (indented, (key, value)) = (line.starts_with("    "), line.split_once(':').unwrap_or((line, "")));
        if indented {
            declared.get_mut(&current).unwrap().insert(key.trim().to_owned(), value.trim().to_owned());
        } else if !key.trim().is_empty() {
            current = key.trim().to_owned();
            declared.insert(current.clone(), BTreeMap::new());
        }
    }
    declared
}

fn defaults() -> BTreeMap<String, String> {
    let default = |(name, constraints): (String, BTreeMap<String, String>)| {
        Some((name, constraints.get("Default")?.trim_matches('"').to_owned()))
    };
    declared().into_iter().filter_map(default).collect()
}

const ABOUT_THE_VERSION: [&str; 4] = ["ConfigurationName", "EndpointName", "ModelExecutionRoleName", "ModelPackageArn"];

#[test]
fn the_template_has_these_parameters_and_no_others() {
    let mut expected: BTreeSet<_> =
        read(real_time("alarms", json!({"maxServerErrors": 1}))).parameters().into_keys().collect();
    expected.extend(ABOUT_THE_VERSION.map(str::to_owned));
    assert_eq!(declared().into_keys().collect::<BTreeSet<_>>(), expected);
    assert!(ENDPOINT_TEMPLATE.len() < 51_200);
}

/// As CloudFormation decides it, by the template's own words.
pub(crate) fn accepts(declared: &BTreeMap<String, String>, value: &str) -> bool {
    let listed = |text: &str| {
        let items = text.trim_matches(|c| c == '[' || c == ']').split(", ");
        items.map(|item| item.trim_matches('"').to_owned()).collect::<Vec<_>>()
    };
    let number = |key: &str, default: u64| declared.get(key).map_or(default, |text| text.parse().unwrap());
    let in_range = || {
        value.parse().is_ok_and(|found: u64| (number("MinValue", 0)..=number("MaxValue", u64::MAX)).contains(&found))
    };
    let allowed = declared.get("AllowedValues").is_none_or(|text| listed(text).iter().any(|item| item == value));
    let matches =
        declared.get("AllowedPattern").is_none_or(|pattern| regex::Regex::new(pattern).unwrap().is_match(value));
    let fits = u64::try_from(value.len()).unwrap() <= number("MaxLength", 4_096);
    allowed && matches && fits && (declared["Type"] != "Number" || in_range())
}
