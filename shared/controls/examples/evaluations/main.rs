//! How many verdicts one processor reaches in a second, over a population of described resources of every kind:
//!
//! ```text
//! cargo run --release -p controls --example evaluations [resources [seconds]]
//! ```
//!
//! prints `{"controls", "resources", "evaluations", "seconds", "perSecond"}`. An evaluation is one control's verdict on one
//! resource; describing and reading are not in it.

use std::collections::BTreeMap;
use std::error::Error;
use std::hint::black_box;
use std::time::{Duration, Instant};

use controls::{CONTROLS, Kind, Need, Parameters, Resource};
use serde::Deserialize;
use serde_json::{Value, json};

/// One of each kind, as the service describes it, with what is read beside it.
const RESOURCES: &str = include_str!("resources.json");

#[derive(Deserialize)]
struct Described {
    kind: Kind,
    related: BTreeMap<String, Value>,
    description: Value,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let resources = arguments.next().map_or(Ok(3_000), |text| text.parse())?;
    let seconds = arguments.next().map_or(Ok(2.0), |text| text.parse())?;
    let population = population(resources)?;
    let parameters = Parameters::default();
    let mut evaluations = 0_u64;
    let begin = Instant::now();
    // Whole passes only: every kind counts with its share.
    while begin.elapsed() < Duration::try_from_secs_f64(seconds)? {
        for resource in &population {
            for control in CONTROLS {
                let verdict = control.judge(black_box(resource), &parameters);
                evaluations += u64::from(black_box(verdict).is_some());
            }
        }
    }
    let seconds = begin.elapsed().as_secs_f64();
    let figures = json!({
        "controls": CONTROLS.len(),
        "resources": population.len(),
        "evaluations": evaluations,
        "seconds": seconds,
        "perSecond": (evaluations as f64 / seconds).round(),
    });
    #[expect(clippy::print_stdout, reason = "the figures are what it is for")]
    {
        println!("{figures}");
    }
    Ok(())
}

/// So many resources, each kind as often as the others.
fn population(resources: usize) -> Result<Vec<Resource>, Box<dyn Error>> {
    let described: Vec<Described> = serde_json::from_str(RESOURCES)?;
    described
        .iter()
        .cycle()
        .take(resources)
        .enumerate()
        .map(|(number, described)| resource(number, described))
        .collect()
}

fn resource(number: usize, described: &Described) -> Result<Resource, Box<dyn Error>> {
    let name = format!("churn-{number}");
    let related: Option<_> = described.related.iter().map(|(name, value)| Some((need(name)?, value.clone()))).collect();
    Ok(Resource {
        kind: described.kind,
        account: "111111111111".parse()?,
        region: "eu-central-1".parse()?,
        arn: format!("arn:aws:sagemaker:eu-central-1:111111111111:{}/{name}", described.kind.facts().arn_type),
        name,
        description: described.description.clone(),
        related: related.ok_or("resources.json names a need that there is not")?,
        looked_at: "2026-10-21T12:00:00Z".parse()?,
    })
}

fn need(name: &str) -> Option<Need> {
    Some(match name {
        "Tags" => Need::Tags,
        "Key" => Need::Key,
        "LifecycleConfiguration" => Need::LifecycleConfiguration,
        "RolePolicies" => Need::RolePolicies,
        "JobDefinition" => Need::JobDefinition,
        "LastOpened" => Need::LastOpened,
        _ => return None,
    })
}
