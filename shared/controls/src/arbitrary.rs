//! Whatever a service answers, every control has a verdict on it.
//!
//! `CONTROLS_FUZZ_INPUTS=10000000 cargo test --release -p controls --lib arbitrary -- --nocapture` is the long run.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::rc::Rc;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, RngAlgorithm, TestRunner};
use serde_json::{Map, Number, Value};

use crate::case::Case;
use crate::control::CASES;
use crate::{CONTROLS, Kind, Need, Parameters, Resource, Verdict};

const NEEDS: [Need; 6] =
    [Need::Tags, Need::Key, Need::LifecycleConfiguration, Need::RolePolicies, Need::JobDefinition, Need::LastOpened];

/// What a described resource may have happened to it on its way here.
#[derive(Debug, Clone)]
enum Change {
    /// A value anywhere becomes another.
    Replaced(Index, Value),
    /// An object or a list loses one of its members.
    Removed(Index, Index),
    /// An object or a list gains one.
    Added(Index, String, Value),
}

/// The words that the cases are made of: members' names, and the texts that they have.
fn words() -> (Rc<[String]>, Rc<[String]>) {
    let (mut names, mut texts) = (BTreeSet::new(), BTreeSet::new());
    for case in CASES.iter().copied().flatten() {
        let resource = case.resource();
        for value in resource.related.values().chain([&resource.description]) {
            collect(value, &mut names, &mut texts);
        }
    }
    (names.into_iter().collect(), texts.into_iter().collect())
}

fn collect(value: &Value, names: &mut BTreeSet<String>, texts: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => _ = texts.insert(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| collect(item, names, texts)),
        Value::Object(members) => {
            for (name, member) in members {
                names.insert(name.clone());
                collect(member, names, texts);
            }
        }
        _ => {}
    }
}

/// `proptest::sample::select` copies the whole list for each value.
fn one_of<T: Clone + std::fmt::Debug + 'static>(items: Rc<[T]>) -> impl Strategy<Value = T> + Clone {
    (0..items.len()).prop_map(move |index| items[index].clone())
}

fn json(names: Rc<[String]>, texts: Rc<[String]>) -> impl Strategy<Value = Value> + Clone {
    let number = prop_oneof![
        any::<i64>().prop_map(Value::from),
        one_of(Rc::from([0_u64, 1, 2, u64::MAX, 1 << 53, 86_400, 1_792_584_000])).prop_map(Value::from),
        any::<f64>().prop_map(|number| Number::from_f64(number).map_or(Value::Null, Value::Number)),
    ];
    let text = prop_oneof![3 => one_of(texts), 1 => vec(any::<char>(), 0..12).prop_map(String::from_iter)];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        number,
        text.prop_map(Value::String),
        Just(Value::Array(Vec::new())),
        Just(Value::Object(Map::new())),
    ];
    leaf.prop_recursive(4, 24, 5, move |inner| {
        let name =
            prop_oneof![7 => one_of(Rc::clone(&names)), 1 => vec(any::<char>(), 0..6).prop_map(String::from_iter)];
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::Array),
            vec((name, inner), 0..5).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
    .boxed()
}

fn change(
    names: Rc<[String]>,
    json: impl Strategy<Value = Value> + Clone + 'static,
) -> impl Strategy<Value = Change> + Clone {
    prop_oneof![
        (any::<Index>(), json.clone()).prop_map(|(at, value)| Change::Replaced(at, value)),
        (any::<Index>(), any::<Index>()).prop_map(|(at, member)| Change::Removed(at, member)),
        (any::<Index>(), one_of(names), json).prop_map(|(at, name, value)| Change::Added(at, name, value)),
    ]
    .boxed()
}

impl Change {
    fn make(&self, value: &mut Value) {
        match self {
            Self::Replaced(at, new) => *nth(value, at) = new.clone(),
            Self::Removed(at, member) => match nth(value, at) {
                Value::Array(items) if !items.is_empty() => _ = items.remove(member.index(items.len())),
                Value::Object(members) if !members.is_empty() => {
                    let name = members.keys().nth(member.index(members.len())).cloned();
                    name.and_then(|name| members.remove(&name));
                }
                other => *other = Value::Null,
            },
            Self::Added(at, name, new) => match nth(value, at) {
                Value::Array(items) => items.push(new.clone()),
                Value::Object(members) => _ = members.insert(name.clone(), new.clone()),
                other => *other = new.clone(),
            },
        }
    }
}

/// One of the value and all that is in it, which is never nothing.
fn nth<'v>(value: &'v mut Value, at: &Index) -> &'v mut Value {
    let mut left = at.index(size(value));
    let mut here = value;
    while left > 0 {
        left -= 1;
        let inner: Box<dyn Iterator<Item = &mut Value>> = match here {
            Value::Array(items) => Box::new(items.iter_mut()),
            Value::Object(members) => Box::new(members.values_mut()),
            _ => panic!("a leaf has nothing in it"),
        };
        here = inner
            .into_iter()
            .find(|inner| {
                let size = size(inner);
                let is_here = left < size;
                if !is_here {
                    left -= size;
                }
                is_here
            })
            .expect("the sizes of the inner values add up");
    }
    here
}

fn size(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(size).sum(),
        Value::Object(members) => members.values().map(size).sum(),
        _ => 0,
    }
}

/// A case's resource and parameters, changed.
fn changed(
    seeds: Vec<(Resource, Parameters)>,
    changes: impl Strategy<Value = Change> + Clone + 'static,
) -> impl Strategy<Value = (Resource, Parameters)> {
    let changes = vec(changes, 0..4);
    (0..seeds.len(), changes.clone(), changes).prop_map(move |(seed, of_description, of_related)| {
        let (mut resource, parameters) = seeds[seed].clone();
        of_description.iter().for_each(|change| change.make(&mut resource.description));
        for (related, change) in resource.related.values_mut().zip(of_related.iter().cycle()) {
            change.make(related);
        }
        (resource, parameters)
    })
}

/// Any JSON in the place of a description and of what is beside it.
fn arbitrary(
    seed: (Resource, Parameters),
    json: impl Strategy<Value = Value> + Clone + 'static,
) -> impl Strategy<Value = (Resource, Parameters)> {
    let related = vec((one_of(Rc::from(NEEDS)), json.clone()), 0..3);
    (one_of(Rc::from(Kind::ALL)), json, related).prop_map(move |(kind, description, related)| {
        let (resource, parameters) = seed.clone();
        (Resource { kind, description, related: BTreeMap::from_iter(related), ..resource }, parameters)
    })
}

/// Counts the verdicts by their words, or says what is wrong with one.
fn judge(
    resource: &Resource,
    parameters: &Parameters,
    verdicts: &mut BTreeMap<&'static str, u64>,
) -> Result<(), TestCaseError> {
    for control in CONTROLS {
        match control.judge(resource, parameters) {
            None => prop_assert!(!control.kinds.contains(&resource.kind), "{} has no verdict", control.id),
            Some(verdict) => {
                *verdicts.entry(verdict.word()).or_default() += 1;
                prop_assert!(verdict.reason() != Some(""), "{} has no reason", control.id);
                let is_judgeable = resource.description.is_object() || verdict != Verdict::Pass;
                prop_assert!(is_judgeable, "{} passes what is no description", control.id);
            }
        }
    }
    Ok(())
}

#[test]
#[expect(clippy::print_stdout, reason = "a long run says how long it was")]
fn every_answer_has_a_verdict_from_every_control_that_looks_at_it() {
    let inputs = env::var("CONTROLS_FUZZ_INPUTS").map_or(4_000, |inputs| inputs.parse().unwrap());
    let (names, texts) = words();
    let seeds: Vec<(Resource, Parameters)> =
        CASES.iter().copied().flatten().map(|case: &Case| (case.resource(), case.parameters_read())).collect();
    let json = json(Rc::clone(&names), texts);
    let strategy = prop_oneof![
        3 => changed(seeds.clone(), change(names, json.clone())),
        1 => arbitrary(seeds[0].clone(), json),
    ];
    let (count, verdicts) = (Cell::new(0_u64), RefCell::default());
    let mut runner = TestRunner::new(Config {
        cases: inputs,
        failure_persistence: None,
        rng_algorithm: RngAlgorithm::XorShift,
        ..Config::default()
    });
    let outcome = runner.run(&strategy, |(resource, parameters)| {
        count.set(count.get() + 1);
        judge(&resource, &parameters, &mut verdicts.borrow_mut())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
    println!("{} inputs, {} controls, no panic, verdicts: {:?}", count.get(), CONTROLS.len(), verdicts.into_inner());
}
