//! A hub account, its organization and its target accounts in memory, and the loop that the state machine runs for a wave.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on should say where"
)]
#![allow(dead_code, reason = "not every test file needs all of it")]

use aws_ports::AwsError;
use deployment::{Approval, DeploymentRequest, RequestKind, StagePlan};
use identifiers::{ModelPackageArn, OrganizationNode};
use model_deployment::{Error, Executions, Hub, ModelPackage, Running, Services, handle};
use organization::{Account, Listing, Page};
use serde_json::{Value, json};
use stack_sets::{InMemory, InstanceStatus, Location};
use std::collections::BTreeMap;
use std::sync::Mutex;

pub(crate) const REGION: &str = "eu-central-1";
pub(crate) const HUB: &str = "111111111111";
pub(crate) const STAGING: [&str; 2] = ["222222222222", "333333333333"];
pub(crate) const PROD: [&str; 3] = ["444444444444", "555555555555", "666666666666"];
pub(crate) const STATE_MACHINE: &str = "arn:aws:states:eu-central-1:111111111111:stateMachine:mlops-model-deployment";

#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) stack_sets: InMemory,
    pub(crate) parameters: Mutex<BTreeMap<String, String>>,
    pub(crate) packages: Mutex<BTreeMap<String, ModelPackage>>,
    pub(crate) units: Mutex<BTreeMap<String, Vec<String>>>,
    pub(crate) running: Mutex<Vec<Running>>,
    /// Token, error and cause.
    pub(crate) released: Mutex<Vec<(String, String, String)>>,
}

pub(crate) fn arn(version: u32) -> ModelPackageArn {
    format!("arn:aws:sagemaker:{REGION}:{HUB}:model-package/churn/{version}").parse().unwrap()
}

pub(crate) fn at(account: &str) -> Location {
    Location { account: account.parse().unwrap(), region: REGION.parse().unwrap() }
}

fn endpoint(instance_type: &str, count: u32) -> Value {
    json!({"type": "realTime",
        "variants": [{"name": "AllTraffic", "instance": {"type": instance_type, "count": count}, "weight": 100}]})
}

/// Staging all at once, production with a canary and a question.
pub(crate) fn registration() -> Value {
    json!({
        "stages": [
            {"name": "staging", "organizationalUnitIds": ["ou-ab12-staging1"]},
            {"name": "prod", "organizationalUnitIds": ["ou-ab12-prod0001"], "endpoint": endpoint("ml.m5.xlarge", 2),
             "waves": {"canary": {"accounts": 1, "bakeSeconds": 60}, "rest": {"maxConcurrentPercentage": 50}},
             "approval": {"expiresAfterHours": 72}}
        ],
        "endpoint": endpoint("ml.m5.large", 1),
        "modelExecutionRoleName": "ModelExecution",
        "stackSet": {"permissionModel": "SELF_MANAGED", "executionRoleName": "StackSetExecution",
            "administrationRoleArn": "arn:aws:iam::111111111111:role/StackSetAdministration"},
        "rollbackOnReject": true
    })
}

pub(crate) fn approved() -> ModelPackage {
    ModelPackage {
        status: "Completed".into(),
        approval_status: "Approved".into(),
        containers: 1,
        instance_types: vec![],
    }
}

pub(crate) fn approval(id: &str) -> Approval {
    Approval { id: id.to_owned(), time: None, by: Some("arn:aws:iam::111111111111:user/b".into()), registered_by: None }
}

impl World {
    pub(crate) fn new() -> Self {
        let world = Self { stack_sets: InMemory::new().looks_until_done(1), ..Self::default() };
        world.register(&registration());
        for version in 1..=3 {
            world.packages.lock().unwrap().insert(arn(version).to_string(), approved());
        }
        world.put_accounts("ou-ab12-staging1", &STAGING);
        world.put_accounts("ou-ab12-prod0001", &PROD);
        world
    }

    pub(crate) fn register(&self, registration: &Value) {
        self.put("/mlops/deployments/churn/registration", registration.to_string());
    }

    pub(crate) fn put(&self, name: &str, value: String) {
        self.parameters.lock().unwrap().insert(name.to_owned(), value);
    }

    pub(crate) fn set_status(&self, version: u32, status: &str) {
        let package = ModelPackage { approval_status: status.into(), ..approved() };
        self.packages.lock().unwrap().insert(arn(version).to_string(), package);
    }

    pub(crate) fn put_accounts(&self, unit: &str, accounts: &[&str]) {
        self.units.lock().unwrap().insert(unit.into(), accounts.iter().map(|id| (*id).to_owned()).collect());
    }

    pub(crate) fn request(version: u32) -> DeploymentRequest {
        DeploymentRequest {
            platform_name: "mlops".parse().unwrap(),
            kind: RequestKind::Approval,
            model_package_arn: arn(version),
            model_package_group_name: None,
            approval: approval(&format!("approval-{version}")),
        }
    }

    /// Writes down that an earlier deployment left this version live, and the one before it.
    pub(crate) fn put_live(&self, stage: &str, version: u32, earlier: &[u32]) {
        let earlier: Vec<_> = earlier
            .iter()
            .map(|version| json!({"modelPackageArn": arn(*version).to_string(), "approval": approval("earlier")}))
            .collect();
        let record = json!({"version": version, "modelPackageArn": arn(version).to_string(), "endpointName": "e", "execution": "x",
            "time": "2026-01-01T00:00:00.000Z", "kind": "stage", "approval": approval("live"), "accounts": 2,
            "regions": [REGION], "record": "history/churn/x.json", "earlier": earlier});
        self.put(&format!("/mlops/deployments/churn/live/{stage}"), record.to_string());
    }

    pub(crate) fn set_name(&self, stage: &str) -> String {
        let names = self.stack_sets.names();
        names.into_iter().find(|name| name.starts_with(&format!("mlops-churn-{stage}-"))).unwrap()
    }

    /// The version that each account's stack of a stage is on, and whether it is current.
    pub(crate) fn versions(&self, stage: &str) -> Vec<(String, u32, bool)> {
        let stacks = self.stack_sets.stacks(&self.set_name(stage), "ModelPackageArn");
        let version = |text: String| text.parse::<ModelPackageArn>().map_or(0, |arn| arn.version());
        stacks
            .into_iter()
            .map(|(at, (status, text))| (at.account.to_string(), version(text), status == InstanceStatus::Current))
            .collect()
    }

    pub(crate) async fn task(&self, task: Value) -> Result<Value, Error> {
        handle(Services { stack_sets: &self.stack_sets, hub: self, executions: self }, task).await
    }

    /// A task as the state machine runs it: again after a failure that may pass.
    pub(crate) async fn retried(&self, task: Value) -> Result<Value, Error> {
        for _ in 0..3 {
            match self.task(task.clone()).await {
                Err(error) if error.error_type() == "RetryableAwsError" => {}
                answer => return answer,
            }
        }
        self.task(task).await
    }

    pub(crate) async fn plan(&self, request: &DeploymentRequest) -> Value {
        self.retried(json!({"action": "plan", "request": request})).await.unwrap()
    }

    pub(crate) async fn stages(&self, version: u32) -> Vec<StagePlan> {
        let plan = self.plan(&Self::request(version)).await;
        assert_eq!(plan["faults"], json!([]), "{plan}");
        serde_json::from_value(plan["stages"].clone()).unwrap()
    }

    /// Plans a version and brings it to every wave of every stage. `Err` holds the error of a task or a stage's report.
    pub(crate) async fn execute(&self, version: u32) -> Result<(), Value> {
        let execution = Self::request(version).execution_name();
        for stage in self.stages(version).await {
            for wave in &stage.waves {
                self.deploy(&execution, &stage, wave.name.as_str()).await?;
            }
        }
        Ok(())
    }

    pub(crate) async fn deploy(&self, execution: &str, stage: &StagePlan, wave: &str) -> Result<(), Value> {
        let failed = |error: Error| json!({"error": error.error_type(), "message": error.to_string()});
        let deploy = json!({"action": "deploy", "execution": execution, "stage": stage, "wave": wave});
        let mut task = deploy.clone();
        let mut last = Value::Null;
        for _ in 0..50 {
            let answer = self.retried(task.clone()).await.map_err(failed)?;
            match (answer["status"].as_str().unwrap(), task["action"].as_str().unwrap()) {
                ("started", _) => task = json!({"action": "poll", "stage": stage, "operation": answer["operation"]}),
                ("done", "poll") => task = deploy.clone(),
                ("done", _) => return Ok(()),
                ("failed", _) => return Err(answer["report"].clone()),
                ("waiting", _) => {}
                other => panic!("{other:?}"),
            }
            last = answer;
        }
        Err(json!({"error": "TimedOut", "waitingFor": last["waitingFor"]}))
    }
}

impl Hub for World {
    async fn parameter(&self, name: &str) -> Result<Option<String>, AwsError> {
        Ok(self.parameters.lock().unwrap().get(name).cloned())
    }

    async fn parameters_under(&self, path: &str) -> Result<BTreeMap<String, String>, AwsError> {
        let parameters = self.parameters.lock().unwrap();
        Ok(parameters.iter().filter(|(name, _)| name.starts_with(path)).map(|(a, b)| (a.clone(), b.clone())).collect())
    }

    async fn model_package(&self, package: &ModelPackageArn) -> Result<Option<ModelPackage>, AwsError> {
        Ok(self.packages.lock().unwrap().get(package.as_str()).cloned())
    }

    async fn organization_root(&self) -> Result<String, AwsError> {
        Ok("r-ab12".to_owned())
    }
}

impl Executions for World {
    async fn running(&self, state_machine: &str) -> Result<Vec<Running>, AwsError> {
        assert_eq!(state_machine, STATE_MACHINE);
        Ok(self.running.lock().unwrap().clone())
    }

    async fn give_up_waiting(&self, task_token: &str, error: &str, cause: &str) -> Result<(), AwsError> {
        self.released.lock().unwrap().push((task_token.to_owned(), error.to_owned(), cause.to_owned()));
        Ok(())
    }
}

impl Listing for World {
    async fn list_accounts_for_parent(
        &self,
        parent: &OrganizationNode,
        _: Option<String>,
    ) -> Result<Page<Account>, AwsError> {
        let units = self.units.lock().unwrap();
        let operation = "organizations:ListAccountsForParent";
        let accounts = units.get(parent.as_ref());
        let accounts =
            accounts.ok_or_else(|| AwsError::answered(operation, "ParentNotFoundException", "no such parent"))?;
        let items = accounts.iter().map(|id| Account { id: id.clone(), state: "ACTIVE".into() }).collect();
        Ok(Page { items, next: None })
    }

    async fn list_organizational_units_for_parent(
        &self,
        _: &OrganizationNode,
        _: Option<String>,
    ) -> Result<Page<String>, AwsError> {
        Ok(Page { items: vec![], next: None })
    }
}
