//! A hub account, its organization and its target accounts in memory, and the loop that the state machine runs.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on should say where"
)]
#![allow(dead_code, reason = "not every test file needs all of it")]

use aws_ports::AwsError;
use deployment::{Approval, DeploymentRequest, LiveRecord};
use identifiers::{AccountId, ModelPackageArn, OrganizationNode, Region};
use model_deployment::{Endpoint, EndpointConfig, Error, Hub, ModelPackage, Services, TargetAccounts, Variant, handle};
use organization::{Account, Listing, Page};
use serde_json::{Value, json};
use stack_sets::{InMemory, InstanceStatus, Location};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

pub(crate) const REGION: &str = "eu-central-1";
pub(crate) const STAGING: [&str; 2] = ["222222222222", "333333333333"];
pub(crate) const PROD: [&str; 2] = ["444444444444", "555555555555"];

#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) stack_sets: InMemory,
    pub(crate) parameters: Mutex<BTreeMap<String, String>>,
    pub(crate) packages: Mutex<BTreeMap<String, ModelPackage>>,
    pub(crate) units: Mutex<BTreeMap<String, Vec<String>>>,
    /// What an endpoint is, where it is something else than its stack made of it.
    pub(crate) oddities: Mutex<BTreeMap<Location, Endpoint>>,
    pub(crate) closed: Mutex<BTreeSet<AccountId>>,
    pub(crate) throttled: Mutex<BTreeSet<AccountId>>,
    pub(crate) sessions: Mutex<Vec<(String, String)>>,
    pub(crate) crowd: Mutex<(usize, usize)>,
}

pub(crate) fn arn(version: u32) -> ModelPackageArn {
    format!("arn:aws:sagemaker:{REGION}:111111111111:model-package/churn/{version}").parse().unwrap()
}

pub(crate) fn at(account: &str) -> Location {
    Location { account: account.parse().unwrap(), region: REGION.parse().unwrap() }
}

pub(crate) fn registration() -> Value {
    json!({
        "stages": [
            {"name": "staging", "organizationalUnitIds": ["ou-ab12-staging1"]},
            {"name": "prod", "organizationalUnitIds": ["ou-ab12-prod0001"], "instance": {"type": "ml.m5.xlarge", "count": 2}}
        ],
        "instance": {"type": "ml.m5.large", "count": 1},
        "modelExecutionRoleName": "ModelExecution",
        "stackSet": {"permissionModel": "SELF_MANAGED", "executionRoleName": "StackSetExecution",
            "administrationRoleArn": "arn:aws:iam::111111111111:role/StackSetAdministration"}
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
        let mut parameters = self.parameters.lock().unwrap();
        parameters.insert("/mlops/deployments/churn/registration".into(), registration.to_string());
    }

    pub(crate) fn put_accounts(&self, unit: &str, accounts: &[&str]) {
        self.units.lock().unwrap().insert(unit.into(), accounts.iter().map(|id| (*id).to_owned()).collect());
    }

    pub(crate) fn request(version: u32) -> DeploymentRequest {
        let approval = Approval { id: format!("approval-{version}"), time: None, by: None };
        DeploymentRequest {
            platform_name: "mlops".parse().unwrap(),
            model_package_arn: arn(version),
            model_package_group_name: None,
            approval,
        }
    }

    pub(crate) fn live(&self, stage: &str) -> Option<LiveRecord> {
        let parameters = self.parameters.lock().unwrap();
        parameters
            .get(&format!("/mlops/deployments/churn/live/{stage}"))
            .map(|text| serde_json::from_str(text).unwrap())
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
        handle(Services { stack_sets: &self.stack_sets, hub: self, targets: self }, task).await
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

    /// What the state machine does with one request: `Err` holds the error of a task or the report of a stage.
    pub(crate) async fn execute(&self, version: u32) -> Result<(), Value> {
        let request = Self::request(version);
        let execution = request.execution_name();
        let failed = |error: Error| json!({"error": error.error_type(), "message": error.to_string()});
        let plan = self.retried(json!({"action": "plan", "request": request})).await.map_err(failed)?;
        for stage in plan["stages"].as_array().unwrap() {
            for (action, most) in [("deploy", 50), ("verify", 10)] {
                self.until_done(action, &execution, stage, most).await?;
            }
            let record =
                json!({"action": "record", "execution": execution, "stage": stage, "time": "2026-01-01T00:00:00Z"});
            self.retried(record).await.map_err(failed)?;
        }
        Ok(())
    }

    async fn until_done(&self, action: &str, execution: &str, stage: &Value, most: usize) -> Result<(), Value> {
        let failed = |error: Error| json!({"error": error.error_type(), "message": error.to_string()});
        let first = json!({"action": action, "execution": execution, "stage": stage});
        let mut task = first.clone();
        let mut last = Value::Null;
        for _ in 0..most {
            let answer = self.retried(task.clone()).await.map_err(failed)?;
            match (answer["status"].as_str().unwrap(), task["action"].as_str().unwrap()) {
                ("started", _) => task = json!({"action": "poll", "stage": stage, "operation": answer["operation"]}),
                ("done", "poll") => task = first.clone(),
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

    async fn put_parameter(&self, name: &str, value: &str) -> Result<(), AwsError> {
        self.parameters.lock().unwrap().insert(name.to_owned(), value.to_owned());
        Ok(())
    }

    async fn model_package(&self, package: &ModelPackageArn) -> Result<Option<ModelPackage>, AwsError> {
        Ok(self.packages.lock().unwrap().get(package.as_str()).cloned())
    }

    async fn organization_root(&self) -> Result<String, AwsError> {
        Ok("r-ab12".to_owned())
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

/// An endpoint in a target account is what its stack made of it.
impl TargetAccounts for World {
    type Session = AccountId;

    async fn assume_role(&self, role_arn: &str, session_name: &str, policy: &str) -> Result<AccountId, AwsError> {
        serde_json::from_str::<Value>(policy).unwrap();
        self.sessions.lock().unwrap().push((role_arn.to_owned(), session_name.to_owned()));
        {
            let mut crowd = self.crowd.lock().unwrap();
            crowd.0 += 1;
            crowd.1 = crowd.1.max(crowd.0);
        }
        tokio::task::yield_now().await;
        self.crowd.lock().unwrap().0 -= 1;
        let account: AccountId = role_arn.split(':').nth(4).unwrap().parse().unwrap();
        if self.closed.lock().unwrap().contains(&account) {
            return Err(AwsError::answered(
                "sts:AssumeRole",
                "AccessDenied",
                "not authorized to perform sts:AssumeRole",
            ));
        }
        if self.throttled.lock().unwrap().contains(&account) {
            return Err(AwsError::answered("sts:AssumeRole", "Throttling", "Rate exceeded"));
        }
        Ok(account)
    }

    async fn endpoint(&self, session: &AccountId, region: &Region, name: &str) -> Result<Endpoint, AwsError> {
        let at = Location { account: session.clone(), region: region.clone() };
        if let Some(odd) = self.oddities.lock().unwrap().get(&at) {
            return Ok(odd.clone());
        }
        if !self.stack_sets.stacks(name, "EndpointName").contains_key(&at) {
            let message = "Could not find endpoint";
            return Err(AwsError::answered("sagemaker:DescribeEndpoint", "ValidationException", message));
        }
        Ok(Endpoint { status: "InService".into(), failure_reason: None, config_name: name.to_owned() })
    }

    async fn endpoint_config(
        &self,
        session: &AccountId,
        region: &Region,
        name: &str,
    ) -> Result<EndpointConfig, AwsError> {
        let at = Location { account: session.clone(), region: region.clone() };
        let parameter = |parameter| {
            self.stack_sets.stacks(name, parameter).get(&at).map(|stack| stack.1.clone()).unwrap_or_default()
        };
        let variant = Variant {
            model_name: name.to_owned(),
            instance_type: parameter("InstanceType"),
            instance_count: parameter("InstanceCount").parse().unwrap_or(0),
        };
        Ok(EndpointConfig { variants: vec![variant] })
    }

    async fn model_packages(&self, session: &AccountId, region: &Region, name: &str) -> Result<Vec<String>, AwsError> {
        let at = Location { account: session.clone(), region: region.clone() };
        let stacks = self.stack_sets.stacks(name, "ModelPackageArn");
        Ok(stacks.get(&at).map(|stack| stack.1.clone()).into_iter().collect())
    }
}
