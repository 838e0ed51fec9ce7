use std::collections::BTreeMap;

use checked_document::{Node, Object};
use identifiers::AccountId;
use identifiers::instance_type::is_instance_type;
use jiff::civil::Date;
use serde_json::Value;
use wildmatch::WildMatch;

use super::{Cap, Configuration, Correction, CorrectionMode, Corrective, Exemption, IdleHours, Parameters};
use crate::{Action, Control, control};

pub(super) fn configuration(node: &Node<'_>) -> Option<Configuration> {
    let mut object = node.object()?;
    let parameters =
        object.optional("parameters").map_or_else(|| Some(Parameters::default()), |node| parameters(&node));
    let disabled = optional(&mut object, "disabled", |node| node.any(control_id));
    let exemptions = optional(&mut object, "exemptions", |node| list(node, exemption));
    let corrective = optional(&mut object, "corrective", corrective);
    object.close();
    Some(Configuration {
        parameters: parameters?,
        disabled: disabled?,
        exemptions: exemptions?,
        corrective: corrective?,
    })
}

/// A member's value, or the default where it is absent; `None` where it is wrong.
fn optional<'a, T: Default>(
    object: &mut Object<'a>,
    name: &'static str,
    read: impl Fn(&Node<'a>) -> Option<T>,
) -> Option<T> {
    object.optional(name).map_or_else(|| Some(T::default()), |node| read(&node))
}

/// A list that may be empty.
fn list<'a, T>(node: &Node<'a>, read: impl Fn(&Node<'a>) -> Option<T>) -> Option<Vec<T>> {
    match node.value() {
        Value::Array(items) if items.is_empty() => Some(Vec::new()),
        Value::Array(_) => Some(node.each(read)),
        _ => node.fault("expected a list"),
    }
}

fn control_id(node: &Node<'_>) -> Option<&'static str> {
    let id = node.text_where("the id of a control", |id| control(id).is_some())?;
    control(&id).map(|control| control.id)
}

fn parameters(node: &Node<'_>) -> Option<Parameters> {
    let mut object = node.object()?;
    let default = Parameters::default();
    let words = |object: &mut Object<'_>, name, default: Vec<String>| match object.optional(name) {
        Some(node) => node.any(|item| item.text_where("a name", |text| !text.trim().is_empty())),
        None => Some(default),
    };
    let number = |object: &mut Object<'_>, name, range, default| match object.optional(name) {
        Some(node) => node.integer(range),
        None => Some(default),
    };
    let notebook_platforms = words(&mut object, "notebookPlatforms", default.notebook_platforms);
    let subnets = match object.optional("subnets") {
        Some(node) => node.any(|item| item.text_where("a subnet's id, subnet-...", |text| text.starts_with("subnet-"))),
        None => Some(default.subnets),
    };
    let required_tags = words(&mut object, "requiredTags", default.required_tags);
    if required_tags.as_ref().is_some_and(|tags| tags.len() > 6) {
        object.fault::<()>("requiredTags has more than 6 keys");
    }
    let max_presigned_seconds = number(&mut object, "maxPresignedSeconds", 1800..=43200, default.max_presigned_seconds);
    let job_look_back_days = number(&mut object, "jobLookBackDays", 1..=90, default.job_look_back_days);
    let idle_hours = optional(&mut object, "idleHours", idle_hours);
    let hourly_prices = optional(&mut object, "hourlyPrices", hourly_prices);
    object.close();
    Some(Parameters {
        notebook_platforms: notebook_platforms?,
        subnets: subnets?,
        required_tags: required_tags?,
        max_presigned_seconds: max_presigned_seconds?,
        job_look_back_days: job_look_back_days?,
        idle_hours: idle_hours?,
        hourly_prices: hourly_prices?,
    })
}

fn idle_hours(node: &Node<'_>) -> Option<IdleHours> {
    let mut object = node.object()?;
    let mut hours = |name| match object.optional(name) {
        Some(node) => node.integer(1..=720).map(Some),
        None => Some(None),
    };
    let (apps, notebooks) = (hours("apps"), hours("notebooks"));
    object.close();
    Some(IdleHours { apps: apps?, notebooks: notebooks? })
}

fn hourly_prices(node: &Node<'_>) -> Option<BTreeMap<String, f64>> {
    let Value::Object(members) = node.value() else {
        return node.fault("expected an object of prices by instance type");
    };
    let mut prices = BTreeMap::new();
    for (instance_type, price) in members {
        if !is_instance_type(instance_type) {
            node.fault::<()>(format_args!("{instance_type:?} is not an instance type, ml.<family>.<size>"));
        }
        match price.as_f64().filter(|price| *price >= 0.0) {
            Some(price) => _ = prices.insert(instance_type.clone(), price),
            None => {
                node.fault::<()>(format_args!("the price of {instance_type:?} is {price}, expected a number from 0"));
            }
        }
    }
    Some(prices)
}

fn exemption(node: &Node<'_>) -> Option<Exemption> {
    let mut object = node.object()?;
    let control = object.required("control").and_then(|node| control_id(&node));
    let resource = object.required("resource").and_then(|node| {
        node.text_where("an ARN of SageMaker, in which * stands for any characters", |text| {
            let parts: Vec<&str> = text.splitn(6, ':').collect();
            matches!(parts.as_slice(), ["arn", _, "sagemaker", _, _, resource] if !resource.is_empty())
        })
    });
    let words = |node: Option<Node<'_>>, expected| {
        node.and_then(|node| node.text_where(expected, |text| !text.trim().is_empty()))
    };
    let owner = words(object.required("owner"), "who answers for it");
    let reason = words(object.required("reason"), "why");
    let expires = object.required("expires").and_then(|node| {
        node.text_where("the last day, YYYY-MM-DD", |text| day(text).is_some()).and_then(|text| day(&text))
    });
    object.close();
    Some(Exemption {
        control: control?,
        resource: WildMatch::new(&resource?),
        owner: owner?,
        reason: reason?,
        expires: expires?,
    })
}

/// A day in the one form that is asked for; a time of day, which no exemption ends at, is not read over.
fn day(text: &str) -> Option<Date> {
    text.parse::<Date>().ok().filter(|day| day.to_string() == text)
}

fn corrective(node: &Node<'_>) -> Option<Corrective> {
    let mut object = node.object()?;
    let corrections = optional(&mut object, "corrections", |node| list(node, correction));
    let cap = object.optional("cap").map_or_else(|| Some(Cap::default()), |node| cap(&node));
    object.close();
    Some(Corrective { corrections: corrections?, cap: cap? })
}

fn cap(node: &Node<'_>) -> Option<Cap> {
    let mut object = node.object()?;
    let default = Cap::default();
    let resources = object.optional("resources").map_or(Some(default.resources), |node| node.integer(1..=1000));
    let percent = object.optional("percent").map_or(Some(default.percent), |node| node.integer(1..=100));
    object.close();
    Some(Cap { resources: resources?, percent: percent? })
}

fn correction(node: &Node<'_>) -> Option<Correction> {
    let mut object = node.object()?;
    let id = object.required("control").and_then(|node| control_id(&node));
    let accounts = optional(&mut object, "accounts", |node| node.some(Node::text::<AccountId>));
    let action = object.required("action").and_then(|node| action(&node, id.and_then(control)));
    let mode = object.required("mode").and_then(|node| {
        let mode = node.text_where("dryRun or act", |text| matches!(text, "dryRun" | "act"))?;
        Some(if mode == "act" { CorrectionMode::Act } else { CorrectionMode::DryRun })
    });
    let grace_hours = object.optional("graceHours").map_or(Some(24), |node| node.integer(0..=720));
    object.close();
    Some(Correction { control: id?, accounts: accounts?, action: action?, mode: mode?, grace_hours: grace_hours? })
}

/// One of the actions that the control has.
fn action(node: &Node<'_>, control: Option<&Control>) -> Option<Action> {
    let action: Option<Action> = serde_json::from_value(node.value().clone()).ok();
    let Some(action) = action else { return node.fault("expected notify, stop, harden or delete") };
    match control {
        Some(control) if !control.actions.contains(&action) => {
            let known: Vec<String> = control.actions.iter().map(|action| action.to_string()).collect();
            node.fault(format_args!("{} has no action {action}; it has {}", control.id, known.join(", ")))
        }
        _ => Some(action),
    }
}
