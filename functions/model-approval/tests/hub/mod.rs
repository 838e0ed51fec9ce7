//! The hub account in memory: registry, parameters and state machine.
#![allow(dead_code, reason = "each test needs its part")]

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard};

use aws_ports::AwsError;
use deployment::{Approval, DeploymentRequest, RequestKind};
use identifiers::ModelPackageArn;
use model_approval::{
    Caller, Configuration, Deployments, Error, Execution, ModelPackage, Outcome, Started, User, handle,
};
use serde_json::{Value, json};

pub(crate) const STATE_MACHINE: &str = "arn:aws:states:eu-west-1:111111111111:stateMachine:mlops";
pub(crate) const STAGES: [&str; 2] = ["staging", "prod"];

/// An execution of the state machine.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) execution: Execution,
    pub(crate) input: String,
    pub(crate) is_running: bool,
}

impl Run {
    pub(crate) fn request(&self) -> DeploymentRequest {
        serde_json::from_str(&self.input).unwrap()
    }
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) parameters: BTreeMap<String, String>,
    pub(crate) packages: HashMap<String, ModelPackage>,
    /// In the order in which they started.
    pub(crate) runs: Vec<Run>,
    pub(crate) calls: Vec<&'static str>,
    /// The operation that fails next, and its code.
    pub(crate) failing: Option<(&'static str, &'static str)>,
}

#[derive(Default)]
pub(crate) struct Hub(Mutex<State>);

/// A time of the tests, in milliseconds: far enough from the next one to be another second.
pub(crate) fn time(at: i64) -> i64 {
    1_767_600_000_000 + at * 60_000
}

pub(crate) fn arn(version: u32) -> String {
    format!("arn:aws:sagemaker:eu-west-1:111111111111:model-package/churn/{version}")
}

pub(crate) fn principal(name: &str) -> User {
    let principal = format!("arn:aws:sts::111111111111:assumed-role/people/{name}");
    User { profile: None, principal: Some(principal), source_identity: None }
}

pub(crate) fn request(kind: RequestKind, version: u32, at: i64) -> DeploymentRequest {
    DeploymentRequest {
        platform_name: "mlops".parse().unwrap(),
        kind,
        model_package_arn: arn(version).parse().unwrap(),
        model_package_group_name: Some("churn".parse().unwrap()),
        approval: Approval { id: time(at).to_string(), time: None, by: None, registered_by: None },
    }
}

/// Of a change at that time, as the service sends it.
pub(crate) fn event(version: u32, status: &str, at: i64) -> Value {
    json!({
        "version": "0", "id": "e-1", "detail-type": "SageMaker Model Package State Change", "source": "aws.sagemaker",
        "account": "111111111111", "region": "eu-west-1", "resources": [arn(version)],
        "detail": {
            "ModelPackageGroupName": "churn", "ModelPackageArn": arn(version), "ModelApprovalStatus": status,
            "UpdatedModelPackageFields": ["ModelApprovalStatus"], "LastModifiedTime": time(at)
        }
    })
}

pub(crate) async fn deliver(hub: &Hub, event: &Value) -> Result<Outcome, Error> {
    let configuration =
        Configuration { platform_name: "mlops".parse().unwrap(), state_machine_arn: STATE_MACHINE.to_owned() };
    let caller =
        Caller::from_function_arn("arn:aws:lambda:eu-west-1:111111111111:function:mlops-model-approval").unwrap();
    handle(hub, &configuration, &caller, event).await
}

/// The outcome and, where nothing was done, why.
pub(crate) fn said(outcome: &Outcome) -> String {
    let outcome = serde_json::to_value(outcome).unwrap();
    let member = |name: &str| outcome.get(name).and_then(Value::as_str);
    member("reason").or(member("outcome")).unwrap().to_owned()
}

impl Hub {
    /// With group churn registered; `more` are members of the registration beside those that it must have.
    pub(crate) fn registered(more: Value) -> Self {
        let hub = Self::default();
        let mut registration = json!({
            "stages": [
                {"name": STAGES[0], "accountIds": ["222222222222"]}, {"name": STAGES[1], "accountIds": ["333333333333"]}
            ],
            "endpoint": {
                "type": "realTime",
                "variants": [{"name": "AllTraffic", "instance": {"type": "ml.m5.large", "count": 1}}]
            },
            "modelExecutionRoleName": "model",
            "stackSet": {"permissionModel": "SERVICE_MANAGED", "callAs": "SELF"}
        });
        registration.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        hub.put("/mlops/deployments/churn/registration", &registration.to_string());
        hub
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub(crate) fn put(&self, name: &str, value: &str) {
        self.state().parameters.insert(name.to_owned(), value.to_owned());
    }

    /// What the registry says of a version that ann registered and bob changed last.
    pub(crate) fn registry_says(&self, version: u32, status: &str, at: i64) {
        let package = ModelPackage {
            approval_status: status.to_owned(),
            created_by: Some(principal("ann")),
            last_modified_by: Some(principal("bob")),
            last_modified: time(at),
        };
        self.state().packages.insert(arn(version), package);
    }

    /// Who did so, instead of ann and bob.
    pub(crate) fn registered_and_changed_by(&self, version: u32, registered: &Option<User>, changed: &Option<User>) {
        let packages = &mut self.state().packages;
        let package = packages.get_mut(&arn(version)).unwrap();
        (package.created_by, package.last_modified_by) = (registered.clone(), changed.clone());
    }

    /// A stage runs the version, by its approval at that time in milliseconds.
    pub(crate) fn live(&self, stage: &str, version: u32, at: i64) {
        let record = json!({
            "version": version, "modelPackageArn": arn(version), "endpointName": "mlops-churn",
            "execution": format!("churn-v{version}-00000000"), "time": "2026-01-01T00:00:00Z", "kind": "stage",
            "approval": {"id": at.to_string()}, "accounts": 1, "regions": ["eu-west-1"], "record": "history/churn/x"
        });
        self.put(&format!("/mlops/deployments/churn/live/{stage}"), &record.to_string());
    }

    /// Every stage runs the version.
    pub(crate) fn live_everywhere(&self, version: u32, at: i64) {
        STAGES.iter().for_each(|stage| self.live(stage, version, at));
    }

    /// An execution was started after all others.
    pub(crate) fn run(&self, name: &str, input: &str) -> Execution {
        let runs = &mut self.state().runs;
        let execution = Execution {
            name: name.to_owned(),
            arn: format!("{}:{name}", STATE_MACHINE.replace("stateMachine", "execution")),
            started: i64::try_from(runs.len()).unwrap(),
        };
        runs.push(Run { execution: execution.clone(), input: input.to_owned(), is_running: true });
        execution
    }

    /// An execution serves the decision on a version.
    pub(crate) fn serves(&self, kind: RequestKind, version: u32, at: i64) -> Execution {
        let request = request(kind, version, at);
        self.run(&request.execution_name(), &serde_json::to_string(&request).unwrap())
    }

    pub(crate) fn end_all(&self) {
        self.state().runs.iter_mut().for_each(|run| run.is_running = false);
    }

    /// How many executions there are, running or not.
    pub(crate) fn runs(&self) -> usize {
        self.state().runs.len()
    }

    pub(crate) fn last_request(&self) -> DeploymentRequest {
        self.state().runs.last().unwrap().request()
    }

    fn called(&self, operation: &'static str) -> Result<(), AwsError> {
        let mut state = self.state();
        state.calls.push(operation);
        match state.failing {
            Some((failing, code)) if failing == operation => Err(AwsError::answered(operation, code, "injected")),
            _ => Ok(()),
        }
    }
}

impl Deployments for Hub {
    async fn parameters(&self, names: &[String]) -> Result<HashMap<String, String>, AwsError> {
        self.called("ssm:GetParameters")?;
        let parameters = &self.state().parameters;
        Ok(names.iter().filter_map(|name| Some((name.clone(), parameters.get(name)?.clone()))).collect())
    }

    async fn model_package(&self, package: &ModelPackageArn) -> Result<ModelPackage, AwsError> {
        const OPERATION: &str = "sagemaker:DescribeModelPackage";
        self.called(OPERATION)?;
        let found = self.state().packages.get(package.as_str()).cloned();
        found.ok_or_else(|| AwsError::answered(OPERATION, "ValidationException", "ModelPackage does not exist"))
    }

    async fn running(&self, state_machine: &str) -> Result<Vec<Execution>, AwsError> {
        assert_eq!(state_machine, STATE_MACHINE);
        self.called("states:ListExecutions")?;
        // The service lists the newest first.
        Ok(self.state().runs.iter().rev().filter(|run| run.is_running).map(|run| run.execution.clone()).collect())
    }

    async fn input(&self, execution: &Execution) -> Result<Option<String>, AwsError> {
        self.called("states:DescribeExecution")?;
        Ok(self.state().runs.iter().find(|run| run.execution == *execution).map(|run| run.input.clone()))
    }

    async fn start(&self, state_machine: &str, name: &str, input: &str) -> Result<Started, AwsError> {
        const OPERATION: &str = "states:StartExecution";
        assert_eq!(state_machine, STATE_MACHINE);
        let same = self.state().runs.iter().find(|run| run.execution.name == name).cloned();
        let started = match same {
            Some(run) if run.is_running && run.input == input => Started::Execution(run.execution.arn),
            Some(_) => Started::EndedBefore,
            None => Started::Execution(self.run(name, input).arn),
        };
        // After the effect: an answer that is lost must not start a second execution.
        self.called(OPERATION)?;
        Ok(started)
    }
}
