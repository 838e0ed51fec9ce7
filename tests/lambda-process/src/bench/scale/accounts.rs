use std::time::Duration;

use anyhow::Result;
use serde_json::{Map, Value, json};

use super::exchange::{self, Ending, Exchange};
use super::organization::{self, ACCOUNTS, UNITS};
use super::report::{Line, Report};
use crate::bench::event::{self, Kind};
use crate::bench::programs::Programs;
use crate::bench::services::Services;

pub(crate) const FUNCTION: (&str, &str) = ("organization-accounts", "OrganizationAccounts");
/// Its timeout in the template.
const TIMEOUT: Duration = Duration::from_secs(60);
/// As many as fit into the 4096 bytes that CloudFormation takes.
const ANSWERED: usize = 240;
const SCENARIO: &str = "1,000 accounts in 5 nested units";

/// The accounts under nested units: found whole by ours from the topmost unit alone, and by the reference as far as its
/// first page of each unit goes, all of which it has to be given.
pub(crate) async fn measure(programs: &Programs, latency: Duration, report: &mut Report) -> Result<()> {
    let services = Services::start(latency, organization::answer).await?;
    let (name, logical_id) = FUNCTION;
    let rust = programs.rust(name, logical_id, &services).timeout(TIMEOUT);
    let python = programs.python(name, "reference/organization-accounts", &services).timeout(TIMEOUT);
    let top: Vec<_> = UNITS.iter().take(1).map(|(unit, _)| *unit).collect();
    let ids = organization::account_ids();
    let (answered, excluded) = ids.split_at(ANSWERED);

    let fits = request(json!({"OrganizationalUnitIds": top, "Exclude": excluded}));
    let fits = exchange::run(&rust, fits, &services, || None).await?;
    let every = request(json!({"OrganizationalUnitIds": top}));
    let every = exchange::run(&rust, every, &services, || None).await?;
    let units: Vec<_> = UNITS.iter().map(|(unit, _)| *unit).collect();
    let reference = exchange::run(&python, request(json!({"OUIds": units})), &services, || None).await?;

    let found = attribute(&fits, "Accounts");
    report.expect(found.as_ref().is_some_and(|found| found.iter().eq(answered)), || {
        format!("{SCENARIO}: answered {found:?}, expected the {ANSWERED} that are not excluded")
    });
    let refused =
        matches!(&every.ending, Ending::Failed(reason) if reason.contains("4096") && reason.contains("Accounts"));
    report.expect(refused, || format!("{SCENARIO}: all of them in one answer ended in {}", every.ending));
    report.expect(fits.calls == every.calls, || format!("{SCENARIO}: {:?}, then {:?}", fits.calls, every.calls));
    for exchange in [&fits, &every] {
        report.expect(exchange.invocations == 1, || format!("{SCENARIO}: {} invocations", exchange.invocations));
        report.expect_memory(SCENARIO, exchange);
    }

    let seen = attribute(&reference, "Accounts").unwrap_or_default();
    let active = seen.iter().filter(|id| ids.contains(id)).count();
    let excluded = excluded.len();
    report.add(Line::new(SCENARIO, "ours", &fits, format!("all seen, {excluded} excluded, {ANSWERED} answered")));
    report.add(Line::new(SCENARIO, "ours, all", &every, every.ending.to_string()));
    let saw = format!("{active} of {ACCOUNTS} active accounts seen, and {} closed ones", seen.len() - active);
    report.add(Line::new(SCENARIO, "reference", &reference, saw));
    Ok(())
}

fn request(properties: Value) -> Map<String, Value> {
    let properties = properties.as_object().cloned().unwrap_or_default();
    event::request(Kind::Create, FUNCTION.0, FUNCTION.1, properties)
}

/// An attribute that lists ids, whether as text with commas or as a list.
fn attribute(exchange: &Exchange, name: &str) -> Option<Vec<String>> {
    let Ending::Success(data) = &exchange.ending else { return None };
    match data.get(name)? {
        Value::String(text) => Some(text.split(',').map(str::to_owned).collect()),
        Value::Array(ids) => Some(ids.iter().filter_map(Value::as_str).map(str::to_owned).collect()),
        _ => None,
    }
}
