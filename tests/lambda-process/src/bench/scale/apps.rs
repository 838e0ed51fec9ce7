use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Result;
use lambda_process::Function;
use serde_json::json;

use super::exchange::{self, Ending, Exchange};
use super::lock;
use super::report::{Line, Report};
use super::studio::{DOMAIN, Studio};
use crate::bench::event::{self, Kind};
use crate::bench::programs::Programs;
use crate::bench::services::Services;

pub(crate) const FUNCTION: (&str, &str) = ("studio-apps", "StudioApps");
/// A tenth of its timeout in the template, so that the work takes several invocations.
const TIMEOUT: Duration = Duration::from_secs(30);
const REFERENCE_TIMEOUT: Duration = Duration::from_secs(900);
const SCENARIO: &str = "1,000 apps and 400 spaces of a domain";

/// Emptying a domain: all of it by ours, over as many invocations as it takes, and one type of app by the reference.
pub(crate) async fn measure(programs: &Programs, latency: Duration, report: &mut Report) -> Result<()> {
    let (name, logical_id) = FUNCTION;
    let (ours, left) = empty(latency, |services| programs.rust(name, logical_id, services).timeout(TIMEOUT)).await?;
    report.expect(left == (0, 0) && matches!(ours.ending, Ending::Success(_)), || {
        format!("{SCENARIO}: {} apps and {} spaces are left, ended in {}", left.0, left.1, ours.ending)
    });
    report.expect(ours.invocations > 1, || format!("{SCENARIO}: one invocation, so no continuation was measured"));
    for (operation, count) in [("sagemaker:DeleteApp", 1000), ("sagemaker:DeleteSpace", 400)] {
        let called = ours.calls.get(operation).copied().unwrap_or_default();
        report.expect(called == count, || format!("{SCENARIO}: {operation} was called {called} times, not {count}"));
    }
    report.expect_memory(SCENARIO, &ours);
    report.add(Line::new(SCENARIO, "ours", &ours, remains(&ours, left)));

    let reference =
        |services: &Services| programs.python(name, "reference/studio-apps", services).timeout(REFERENCE_TIMEOUT);
    let (reference, left) = empty(latency, reference).await?;
    report.add(Line::new(SCENARIO, "reference", &reference, remains(&reference, left)));
    Ok(())
}

/// What a function makes of a full domain, and how many apps and spaces it leaves.
async fn empty(latency: Duration, function: impl FnOnce(&Services) -> Function) -> Result<(Exchange, (usize, usize))> {
    let studio = Arc::new(Mutex::new(Studio::new()));
    let served = Arc::clone(&studio);
    let services = Services::start(latency, move |call| lock(&served).answer(call)).await?;
    let properties = json!({"DomainId": DOMAIN}).as_object().cloned().unwrap_or_default();
    let event = event::request(Kind::Delete, FUNCTION.0, FUNCTION.1, properties);
    let exchange = exchange::run(&function(&services), event, &services, || lock(&studio).take_invocation()).await?;
    let studio = lock(&studio);
    Ok((exchange, (studio.apps_left(), studio.spaces_left())))
}

fn remains(exchange: &Exchange, (apps, spaces): (usize, usize)) -> String {
    format!("{}; {apps} apps and {spaces} spaces are left", exchange.ending)
}
