use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use super::exchange::Exchange;
use super::registry::{self, GROUP, MODEL_ROLE, PLATFORM};
use super::stack_sets::StackSets;
use super::task::Worker;
use super::{endpoints, lock};
use crate::bench::programs::Programs;
use crate::bench::services::{Call, Services};
use crate::bench::wire::Answer;

pub(crate) const DEPLOYMENT: (&str, &str) = ("model-deployment", "ModelDeployment");
pub(crate) const VERIFICATION: (&str, &str) = ("endpoint-verification", "EndpointVerification");
/// Theirs in the template. An invocation that takes longer ends the bench.
const TIMEOUT: Duration = Duration::from_secs(300);
/// The reference tests in CodeBuild, which has hours.
const REFERENCE_TIMEOUT: Duration = Duration::from_secs(900);
const RECORDS_BUCKET: &str = "records-111122223333";
/// What Step Functions hands from one state to the next.
const STATE_BYTES: usize = 256 * 1024;
/// More looks at one wave would be a deployment that goes round in circles.
const MOST_LOOKS: usize = 100;

/// What the state machine does with a version, and what becomes of the next one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    Plan,
    Deploy,
    Verify,
    /// Deploying a version where another one is.
    Update,
}

impl Phase {
    pub(crate) const ALL: [Self; 4] = [Self::Plan, Self::Deploy, Self::Verify, Self::Update];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Deploy => "deploy",
            Self::Verify => "verify",
            Self::Update => "update",
        }
    }
}

/// A phase, and what came of it.
pub(crate) struct Measured {
    pub(crate) exchange: Exchange,
    pub(crate) came_of_it: String,
    /// Whether that is what should.
    pub(crate) is_right: bool,
}

/// One stage of accounts that have no endpoint yet.
pub(crate) struct Rollout<'a> {
    programs: &'a Programs,
    accounts: Vec<String>,
    services: Services,
    seen: Arc<Mutex<Seen>>,
}

/// What the services keep.
#[derive(Default)]
struct Seen {
    sets: StackSets,
    /// The results that were written, as JSON.
    results: Vec<Value>,
}

impl Seen {
    fn answer(&mut self, call: &Call<'_>, accounts: &[String]) -> Answer {
        match (call.service, call.operation) {
            ("cloudformation", _) => self.sets.answer(call),
            ("ssm" | "organizations", _) | (_, "DescribeModelPackage") => registry::answer(call, accounts),
            ("sts" | "sagemaker", _) => endpoints::answer(call, &self.sets),
            ("s3", "PutObject") => {
                self.results.extend(serde_json::from_slice::<Value>(&call.request.body));
                Answer::Text(String::new())
            }
            _ => Answer::unknown(call.operation),
        }
    }
}

impl<'a> Rollout<'a> {
    pub(crate) async fn start(programs: &'a Programs, latency: Duration, accounts: Vec<String>) -> Result<Self> {
        let seen = Arc::<Mutex<Seen>>::default();
        let (served, known) = (Arc::clone(&seen), accounts.clone());
        let services = Services::start(latency, move |call| lock(&served).answer(call, &known)).await?;
        Ok(Self { programs, accounts, services, seen })
    }

    /// One version, and then the next. Each phase is a new process of its function.
    pub(crate) async fn two_versions(&self) -> Result<BTreeMap<Phase, Measured>> {
        let (seven, eight) = (registry::version(7), registry::version(8));
        let (plan, stages) = self.plan(&seven).await?;
        let deploy = self.deploy(&stages, &seven).await?;
        let verify = self.verify(&stages, &seven).await?;
        let (_, stages) = self.plan(&eight).await?;
        let update = self.deploy(&stages, &eight).await?;
        Ok([(Phase::Plan, plan), (Phase::Deploy, deploy), (Phase::Verify, verify), (Phase::Update, update)].into())
    }

    async fn plan(&self, version: &str) -> Result<(Measured, Vec<Value>)> {
        let mut worker = self.worker(DEPLOYMENT).await?;
        let request = json!({
            "platformName": PLATFORM,
            "kind": "approval",
            "modelPackageArn": version,
            "modelPackageGroupName": GROUP,
            "approval": {"id": "1767312000000"},
        });
        let plan = worker.ask(&json!({"action": "plan", "request": request})).await?;
        let stages = list(&plan, "stages").to_vec();
        ensure!(!stages.is_empty(), "planning ended in {plan}");
        let planned: Vec<_> = stages.iter().flat_map(|stage| list(stage, "accounts")).collect();
        let bytes = plan.to_string().len();
        Ok((
            Measured {
                exchange: worker.finish().await?,
                came_of_it: format!("{} accounts in a plan of {bytes} bytes", planned.len()),
                is_right: planned == self.accounts.iter().collect::<Vec<_>>() && bytes < STATE_BYTES,
            },
            stages,
        ))
    }

    async fn deploy(&self, stages: &[Value], version: &str) -> Result<Measured> {
        let mut worker = self.worker(DEPLOYMENT).await?;
        for (stage, wave) in waves(stages) {
            deploy_wave(&mut worker, &execution(version), stage, wave).await?;
        }
        let exchange = worker.finish().await?;
        let running = lock(&self.seen).sets.made_with("ModelPackageArn", version);
        let came_of_it = format!("{running} endpoints run version {}", number(version));
        Ok(Measured { exchange, came_of_it, is_right: running == self.accounts.len() })
    }

    async fn verify(&self, stages: &[Value], version: &str) -> Result<Measured> {
        let mut worker = self.worker(VERIFICATION).await?;
        for (stage, wave) in waves(stages) {
            let task = json!({"action": "verify", "execution": execution(version), "stage": stage, "wave": wave});
            let answer = worker.ask(&task).await?;
            ensure!(status(&answer) == "done", "verifying ended in {answer}");
        }
        let exchange = worker.finish().await?;
        let seen = lock(&self.seen);
        let endpoints: usize = seen.results.iter().map(|results| list(results, "endpoints").len()).sum();
        let sum = |name: &str| -> u64 {
            let counts = seen.results.iter().filter_map(|results| results.get("summary")?.get(name)?.as_u64());
            counts.sum()
        };
        let (tests, failures) = (sum("tests"), sum("failures"));
        let came_of_it = format!("{endpoints} endpoints, {tests} checks, {failures} failed");
        Ok(Measured { exchange, came_of_it, is_right: (endpoints, failures) == (self.accounts.len(), 0) && tests > 0 })
    }

    /// The reference's test of the same endpoints, which have to be there.
    pub(crate) async fn reference(&self) -> Result<Measured> {
        let (_, stages) = self.plan(&registry::version(7)).await?;
        self.deploy(&stages, &registry::version(7)).await?;
        let endpoint = stages.first().and_then(|stage| stage.get("endpointName")).context("nothing is planned")?;
        let function = self.programs.python(VERIFICATION.0, "reference/endpoint-verification", &self.services);
        let mut worker = Worker::start(&function.timeout(REFERENCE_TIMEOUT), &self.services).await?;
        let event = json!({"Accounts": self.accounts, "RoleName": MODEL_ROLE, "EndpointName": endpoint});
        let answer = worker.ask(&event).await?;
        let in_service = list(&answer, "InService").len();
        let is_right = in_service == self.accounts.len();
        Ok(Measured {
            exchange: worker.finish().await?,
            came_of_it: format!("{in_service} endpoints in service, none asked"),
            is_right,
        })
    }

    async fn worker(&self, (name, logical_id): (&str, &str)) -> Result<Worker<'_>> {
        let function = self.programs.rust(name, logical_id, &self.services).timeout(TIMEOUT);
        Worker::start(&function.env("RECORDS_BUCKET", RECORDS_BUCKET), &self.services).await
    }
}

/// As the state machine does: looks and starts an operation, asks for it until it has ended, and looks again until there
/// is nothing left to do.
async fn deploy_wave(worker: &mut Worker<'_>, execution: &str, stage: &Value, wave: &Value) -> Result<()> {
    let look = json!({"action": "deploy", "execution": execution, "stage": stage, "wave": wave});
    let (mut task, mut is_look) = (look.clone(), true);
    for _ in 0..MOST_LOOKS {
        let answer = worker.ask(&task).await?;
        (task, is_look) = match status(&answer) {
            "started" => (json!({"action": "poll", "stage": stage, "operation": answer.get("operation")}), false),
            "waiting" => (task, is_look),
            "done" if is_look => return Ok(()),
            "done" => (look.clone(), true),
            _ => bail!("deploying wave {wave} ended in {answer}"),
        };
    }
    bail!("wave {wave} is not deployed after {MOST_LOOKS} looks")
}

/// Operations are known by their execution, and each version has its own.
fn execution(version: &str) -> String {
    format!("{GROUP}-v{}-0a1b2c3d", number(version))
}

fn number(version: &str) -> &str {
    version.rsplit('/').next().unwrap_or_default()
}

/// Every wave by name, with its stage.
fn waves(stages: &[Value]) -> impl Iterator<Item = (&Value, &Value)> {
    stages.iter().flat_map(|stage| list(stage, "waves").iter().filter_map(move |wave| Some((stage, wave.get("name")?))))
}

fn status(answer: &Value) -> &str {
    answer.get("status").and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(document: &'a Value, name: &str) -> &'a [Value] {
    document.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}
