use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Result;
use lambda_process::Function;
use serde_json::{Map, Value, json};

use super::exchange::{self, Ending, Exchange};
use super::hub::{BUCKET, GROUP, Hub, KEY};
use super::report::{Line, Report};
use super::{lock, organization};
use crate::bench::event::{self, Kind};
use crate::bench::programs::Programs;
use crate::bench::services::Services;

pub(crate) const FUNCTION: (&str, &str) = ("cross-account-access", "CrossAccountAccess");
/// The reference's timeout; ours has more in the template and needs a part of it.
const TIMEOUT: Duration = Duration::from_secs(60);
const COMPARED: [usize; 4] = [1, 10, 100, 500];
/// So many that a list of them fits into no policy.
const TOO_MANY: usize = 1000;
/// Processes of ours for each number of accounts; the median one counts.
const ROUNDS: usize = 3;
/// Times faster than the reference that ours must be, at this many accounts.
const FASTER_THAN_REFERENCE: (f64, usize) = (50.0, 100);
/// Times the time for the fewest accounts that the most may take.
const FLAT: f64 = 1.5;
const UNIT: &str = "o-exampleorg1/r-ab12/ou-ab12-workload/*";

/// Access of target accounts to bucket and key: named one by one, named by their place in the organization, and as the
/// reference grants it. Then what it does not know, a model package group; and where a list ends.
pub(crate) async fn measure(programs: &Programs, latency: Duration, report: &mut Report) -> Result<()> {
    let stage = Stage { programs, latency };
    let mut of_mode: BTreeMap<Mode, Vec<Granted>> = BTreeMap::new();
    for count in COMPARED {
        let scenario = format!("access of {count} account{}", if count == 1 { "" } else { "s" });
        let reference = stage.reference(count).await?;
        for mode in [Mode::List, Mode::Unit] {
            let granted = stage.ours(mode, count, false).await?;
            check(report, &format!("{scenario}, {}", mode.name()), &granted, 2);
            let line = Line::new(&scenario, mode.name(), &granted.exchange, granted.describe());
            report.add(line.against(&reference.exchange));
            let faster = reference.exchange.time.as_secs_f64() / granted.exchange.time.as_secs_f64();
            let (least, at) = FASTER_THAN_REFERENCE;
            report.expect(count != at || faster >= least, || {
                format!("{scenario}, {}: {faster:.1} times faster than the reference, not {least}", mode.name())
            });
            of_mode.entry(mode).or_default().push(granted);
        }
        report.add(Line::new(&scenario, "reference", &reference.exchange, reference.describe()));
    }
    for (mode, granted) in of_mode {
        compare(report, mode, &granted);
    }
    let [.., most] = COMPARED;
    for (mode, count, fits) in [
        (Mode::List, most, true),
        (Mode::Unit, most, true),
        (Mode::List, TOO_MANY, false),
        (Mode::Unit, TOO_MANY, true),
    ] {
        let scenario = format!("the same and a model group, {count} accounts");
        let granted = stage.ours(mode, count, true).await?;
        if fits {
            check(report, &format!("{scenario}, {}", mode.name()), &granted, 3);
        } else {
            expect_refusal(report, &format!("{scenario}, {}", mode.name()), &granted);
        }
        report.add(Line::new(&scenario, mode.name(), &granted.exchange, granted.describe()));
    }
    Ok(())
}

/// How accounts are named.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Mode {
    List,
    Unit,
}

impl Mode {
    fn name(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Unit => "unit",
        }
    }
}

/// Calls and time must not depend on the number of accounts.
fn compare(report: &mut Report, mode: Mode, granted: &[Granted]) {
    let (Some(few), Some(many)) = (granted.first(), granted.last()) else { return };
    let ratio = many.exchange.time.as_secs_f64() / few.exchange.time.as_secs_f64();
    let ([least, .., most], mode) = (COMPARED, mode.name());
    report.note(format!("access by {mode}: {most} accounts take {ratio:.2} times as long as {least}"));
    report.expect(ratio <= FLAT, || format!("access by {mode}: {ratio:.2} times as long for {most} as for {least}"));
    report.expect(granted.iter().all(|granted| granted.exchange.calls == few.exchange.calls), || {
        format!("access by {mode}: the calls depend on the number of accounts")
    });
}

/// Granted in as many policies, with nothing of anybody else's touched.
fn check(report: &mut Report, what: &str, granted: &Granted, policies: usize) {
    let Granted { exchange, naming, disturbed, .. } = granted;
    report.expect(matches!(exchange.ending, Ending::Success(_)) && *naming == policies, || {
        format!("{what}: in {naming} policies, not {policies}; {}", exchange.ending)
    });
    report.expect(*disturbed == 0, || format!("{what}: {disturbed} foreign statements were changed"));
    report.expect_memory(what, exchange);
}

/// Refused before anything was written, with the limit and the way out.
fn expect_refusal(report: &mut Report, what: &str, granted: &Granted) {
    let Granted { exchange, naming, disturbed, .. } = granted;
    let helps = matches!(&exchange.ending, Ending::Failed(reason)
        if reason.contains(" is the limit") && reason.contains("OrganizationPaths"));
    let wrote = exchange.calls.keys().any(|call| call.contains(":Put"));
    report.expect(helps && !wrote && (*naming, *disturbed) == (0, 0), || {
        format!("{what}: not refused with the limit and the way out before anything was written: {}", exchange.ending)
    });
}

/// What a function made of the hub account's policies.
struct Granted {
    exchange: Exchange,
    /// How many policies name everybody who was to have access.
    naming: usize,
    disturbed: usize,
    sizes: Vec<usize>,
}

impl Granted {
    fn describe(&self) -> String {
        let sizes: Vec<_> = self.sizes.iter().map(ToString::to_string).collect();
        format!("{} policies name all, sizes {}; {}", self.naming, sizes.join(" "), self.exchange.ending)
    }
}

struct Stage<'a> {
    programs: &'a Programs,
    latency: Duration,
}

impl Stage<'_> {
    /// The median of some processes.
    async fn ours(&self, mode: Mode, count: usize, with_group: bool) -> Result<Granted> {
        let (name, logical_id) = FUNCTION;
        let mut properties = json!({
            "BucketName": BUCKET,
            "KeyArns": [KEY],
            "ModelPackageGroupNames": if with_group { vec![GROUP] } else { Vec::new() },
            "RoleName": "churn-dev-model-execution",
            "BreakGlassPrincipalArns": ["arn:aws:iam::111122223333:role/break-glass"],
        });
        let (property, named) = match mode {
            Mode::List => ("Accounts", accounts(count)),
            Mode::Unit => ("OrganizationPaths", vec![UNIT.to_owned()]),
        };
        if let Some(properties) = properties.as_object_mut() {
            properties.insert(property.to_owned(), json!(named));
        }
        let mut rounds = Vec::new();
        for _ in 0..ROUNDS {
            let function = |services: &Services| self.programs.rust(name, logical_id, services);
            rounds.push(self.grant(function, &properties, &named).await?);
        }
        rounds.sort_by_key(|granted| granted.exchange.time);
        Ok(rounds.swap_remove(ROUNDS / 2))
    }

    async fn reference(&self, count: usize) -> Result<Granted> {
        let named = accounts(count);
        let properties = json!({
            "Accounts": named,
            "PrincipalRoleName": "churn-dev-model-execution",
            "SetupRoleName": "setup",
            "S3BucketName": BUCKET,
            "KMSKeyId": KEY,
            "S3VPCESSMParamName": "churn-dev-s3-vpce-id",
            "KMSVPCESSMParamName": "churn-dev-kms-vpce-id",
        });
        let function =
            |services: &Services| self.programs.python(FUNCTION.0, "reference/cross-account-access", services);
        self.grant(function, &properties, &named).await
    }

    async fn grant(
        &self,
        function: impl FnOnce(&Services) -> Function,
        properties: &Value,
        named: &[String],
    ) -> Result<Granted> {
        let hub = Arc::new(Mutex::new(Hub::new()));
        let served = Arc::clone(&hub);
        let services = Services::start(self.latency, move |call| lock(&served).answer(call)).await?;
        let properties: Map<String, Value> = properties.as_object().cloned().unwrap_or_default();
        let event = event::request(Kind::Create, FUNCTION.0, FUNCTION.1, properties);
        let exchange = exchange::run(&function(&services).timeout(TIMEOUT), event, &services, || None).await?;
        let hub = lock(&hub);
        let (naming, disturbed) = (hub.policies_naming(named), hub.disturbed());
        Ok(Granted { exchange, naming, disturbed, sizes: hub.policy_sizes() })
    }
}

fn accounts(count: usize) -> Vec<String> {
    organization::account_ids().into_iter().take(count).collect()
}
