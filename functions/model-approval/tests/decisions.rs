//! What each event comes to, against an in-memory registry, parameter store and state machine.

#![allow(clippy::unwrap_used, reason = "a failed assumption of a test is a failed test")]
use std::collections::HashMap;
use std::sync::Mutex;

use aws_ports::AwsError;
use deployment::{DeploymentRequest, PlatformName};
use identifiers::ModelPackageArn;
use model_approval::{
    Caller, Configuration, Deployments, Error, Execution, Ignored, ModelPackage, Outcome, Started, handle,
};
use serde_json::{Value, json};

const STATE_MACHINE: &str = "arn:aws:states:eu-west-1:111111111111:stateMachine:mlops";
const REGISTRATION: &str = r#"{
    "stages": [{"name": "staging", "accountIds": ["222222222222"]}, {"name": "prod", "accountIds": ["333333333333"]}],
    "instance": {"type": "ml.m5.large", "count": 1},
    "modelExecutionRoleName": "model",
    "stackSet": {"permissionModel": "SERVICE_MANAGED", "callAs": "SELF"}
}"#;

/// Everything the function may reach, and the operation that fails next.
#[derive(Default)]
struct Hub {
    parameters: Mutex<HashMap<String, String>>,
    packages: Mutex<HashMap<String, ModelPackage>>,
    running: Mutex<Vec<Execution>>,
    ended: Mutex<Vec<String>>,
    started: Mutex<Vec<(String, DeploymentRequest)>>,
    calls: Mutex<Vec<&'static str>>,
    failing: Mutex<Option<(&'static str, &'static str)>>,
}

impl Hub {
    fn registered() -> Self {
        let hub = Self::default();
        hub.put("/mlops/deployments/churn/registration", REGISTRATION);
        hub
    }

    fn put(&self, name: &str, value: &str) {
        self.parameters.lock().unwrap().insert(name.to_owned(), value.to_owned());
    }

    fn registry_says(&self, version: u32, status: &str, last_modified: i64) {
        let package = ModelPackage { approval_status: status.to_owned(), decided_by: None, last_modified };
        self.packages.lock().unwrap().insert(arn(version), package);
    }

    fn live(&self, stage: &str, version: u32) {
        let record = json!({
            "version": version, "modelPackageArn": arn(version), "endpointName": "mlops-churn",
            "instance": {"type": "ml.m5.large", "count": 1}, "accounts": ["222222222222"], "regions": ["eu-west-1"],
            "execution": "churn-v1-00000000", "time": "2026-01-01T00:00:00Z"
        });
        self.put(&format!("/mlops/deployments/churn/live/{stage}"), &record.to_string());
    }

    /// The execution ends, whichever way.
    fn end(&self, name: &str) {
        self.running.lock().unwrap().retain(|execution| execution.name != name);
        self.ended.lock().unwrap().push(name.to_owned());
    }

    fn called(&self, operation: &'static str) -> Result<(), AwsError> {
        self.calls.lock().unwrap().push(operation);
        match *self.failing.lock().unwrap() {
            Some((failing, code)) if failing == operation => Err(AwsError::answered(operation, code, "injected")),
            _ => Ok(()),
        }
    }

    fn names_started(&self) -> Vec<String> {
        self.started.lock().unwrap().iter().map(|(name, _)| name.clone()).collect()
    }
}

impl Deployments for Hub {
    async fn parameters(&self, names: &[String]) -> Result<HashMap<String, String>, AwsError> {
        self.called("ssm:GetParameters")?;
        let parameters = self.parameters.lock().unwrap();
        Ok(names.iter().filter_map(|name| Some((name.clone(), parameters.get(name)?.clone()))).collect())
    }

    async fn model_package(&self, package: &ModelPackageArn) -> Result<ModelPackage, AwsError> {
        const OPERATION: &str = "sagemaker:DescribeModelPackage";
        self.called(OPERATION)?;
        let packages = self.packages.lock().unwrap();
        let found = packages.get(package.as_str());
        found
            .cloned()
            .ok_or_else(|| AwsError::answered(OPERATION, "ValidationException", "ModelPackage does not exist"))
    }

    async fn running(&self, state_machine: &str) -> Result<Vec<Execution>, AwsError> {
        assert_eq!(state_machine, STATE_MACHINE);
        self.called("states:ListExecutions")?;
        Ok(self.running.lock().unwrap().clone())
    }

    async fn start(&self, state_machine: &str, name: &str, input: &str) -> Result<Started, AwsError> {
        assert_eq!(state_machine, STATE_MACHINE);
        if self.ended.lock().unwrap().iter().any(|ended| ended == name) {
            self.called("states:StartExecution")?;
            return Ok(Started::EndedBefore);
        }
        let execution = Execution { name: name.to_owned(), arn: format!("{STATE_MACHINE}:{name}") };
        let mut running = self.running.lock().unwrap();
        if !running.contains(&execution) {
            running.push(execution.clone());
            self.started.lock().unwrap().push((name.to_owned(), serde_json::from_str(input).unwrap()));
        }
        // After the effect: an answer that is lost must not start a second execution.
        self.called("states:StartExecution")?;
        Ok(Started::Execution(execution.arn))
    }

    async fn stop(&self, execution: &Execution, _cause: &str) -> Result<(), AwsError> {
        self.called("states:StopExecution")?;
        self.end(&execution.name);
        Ok(())
    }
}

fn arn(version: u32) -> String {
    format!("arn:aws:sagemaker:eu-west-1:111111111111:model-package/churn/{version}")
}

fn event(version: u32, status: &str) -> Value {
    json!({
        "version": "0", "id": "e-1", "detail-type": "SageMaker Model Package State Change", "source": "aws.sagemaker",
        "account": "111111111111", "region": "eu-west-1", "resources": [arn(version)],
        "detail": {"ModelPackageGroupName": "churn", "ModelPackageArn": arn(version), "ModelApprovalStatus": status}
    })
}

async fn deliver(hub: &Hub, event: &Value) -> Result<Outcome, Error> {
    let configuration = Configuration {
        platform_name: "mlops".parse::<PlatformName>().unwrap(),
        state_machine_arn: STATE_MACHINE.to_owned(),
    };
    let caller =
        Caller::from_function_arn("arn:aws:lambda:eu-west-1:111111111111:function:mlops-model-approval").unwrap();
    handle(hub, &configuration, &caller, event).await
}

fn ignored(reason: Ignored) -> Outcome {
    Outcome::Ignored { reason }
}

#[tokio::test]
async fn an_approval_deploys_the_version_it_names_and_not_the_newest() {
    let hub = Hub::registered();
    hub.registry_says(1, "Approved", 1000);
    hub.registry_says(2, "Approved", 2000);
    let outcome = deliver(&hub, &event(1, "Approved")).await.unwrap();
    assert!(matches!(outcome, Outcome::DeploymentStarted { .. }), "{outcome:?}");
    let started = hub.started.lock().unwrap();
    let [(name, request)] = started.as_slice() else { panic!("{started:?}") };
    assert!(name.starts_with("churn-v1-"), "{name}");
    assert_eq!(request.model_package_arn.as_str(), arn(1));
}

#[tokio::test]
async fn the_same_event_three_times_is_one_execution() {
    let hub = Hub::registered();
    hub.registry_says(1, "Approved", 1000);
    let first = deliver(&hub, &event(1, "Approved")).await.unwrap();
    assert_eq!(deliver(&hub, &event(1, "Approved")).await.unwrap(), first);
    let name = hub.names_started().remove(0);
    hub.end(&name);
    assert_eq!(deliver(&hub, &event(1, "Approved")).await.unwrap(), ignored(Ignored::EndedBefore));
    assert_eq!(hub.names_started().len(), 1);
}

#[tokio::test]
async fn a_change_of_a_version_under_way_or_live_starts_nothing() {
    let hub = Hub::registered();
    hub.registry_says(1, "Approved", 1000);
    deliver(&hub, &event(1, "Approved")).await.unwrap();
    // Its description changed: still approved, at another time.
    hub.registry_says(1, "Approved", 1500);
    assert_eq!(deliver(&hub, &event(1, "Approved")).await.unwrap(), ignored(Ignored::UnderWay));
    let name = hub.names_started().remove(0);
    hub.end(&name);
    hub.live("staging", 1);
    hub.live("prod", 1);
    assert_eq!(deliver(&hub, &event(1, "Approved")).await.unwrap(), ignored(Ignored::Live));
    assert_eq!(hub.names_started().len(), 1);
}

#[tokio::test]
async fn a_version_that_is_live_in_some_stages_only_is_deployed_when_approved_again() {
    for (live, started) in [(["staging", "staging"], 1), (["staging", "prod"], 0)] {
        let hub = Hub::registered();
        hub.registry_says(1, "Approved", 2000);
        for stage in live {
            hub.live(stage, 1);
        }
        deliver(&hub, &event(1, "Approved")).await.unwrap();
        assert_eq!(hub.names_started().len(), started, "{live:?}");
    }
}

#[tokio::test]
async fn an_older_version_approved_again_goes_live_again() {
    let hub = Hub::registered();
    hub.live("staging", 2);
    hub.live("prod", 2);
    hub.registry_says(1, "Approved", 3000);
    deliver(&hub, &event(1, "Approved")).await.unwrap();
    assert_eq!(hub.names_started().len(), 1);
}

#[tokio::test]
async fn a_failed_deployment_is_tried_again_by_a_new_approval_only() {
    let hub = Hub::registered();
    hub.registry_says(1, "Approved", 1000);
    deliver(&hub, &event(1, "Approved")).await.unwrap();
    let name = hub.names_started().remove(0);
    hub.end(&name);
    assert_eq!(deliver(&hub, &event(1, "Approved")).await.unwrap(), ignored(Ignored::EndedBefore));
    hub.registry_says(1, "Approved", 2000);
    assert!(matches!(deliver(&hub, &event(1, "Approved")).await.unwrap(), Outcome::DeploymentStarted { .. }));
}

#[tokio::test]
async fn an_event_that_the_registry_has_moved_on_from_decides_nothing() {
    for (said, now) in [("Approved", "Rejected"), ("Rejected", "Approved"), ("Approved", "PendingManualApproval")] {
        let hub = Hub::registered();
        hub.registry_says(1, now, 1000);
        assert_eq!(deliver(&hub, &event(1, said)).await.unwrap(), ignored(Ignored::OutOfDate), "{said} {now}");
        assert!(hub.names_started().is_empty());
    }
}

#[tokio::test]
async fn a_pending_or_unknown_status_asks_nobody() {
    for status in ["PendingManualApproval", "SomethingNew"] {
        let hub = Hub::registered();
        assert_eq!(deliver(&hub, &event(1, status)).await.unwrap(), ignored(Ignored::NotDecided));
        assert!(hub.calls.lock().unwrap().is_empty());
    }
}

#[tokio::test]
async fn an_unregistered_group_costs_one_call() {
    let hub = Hub::default();
    assert_eq!(deliver(&hub, &event(1, "Approved")).await.unwrap(), ignored(Ignored::NotRegistered));
    assert_eq!(*hub.calls.lock().unwrap(), ["ssm:GetParameters"]);
}

#[tokio::test]
async fn a_package_without_a_group_is_ignored() {
    let hub = Hub::registered();
    let mut event = event(1, "Approved");
    event["detail"]["ModelPackageArn"] = json!("arn:aws:sagemaker:eu-west-1:111111111111:model-package/alone");
    assert_eq!(deliver(&hub, &event).await.unwrap(), ignored(Ignored::NotVersioned));
}

#[tokio::test]
async fn a_rejection_stops_what_is_under_way_for_that_version_alone() {
    let hub = Hub::registered();
    hub.registry_says(1, "Approved", 1000);
    hub.registry_says(11, "Approved", 1000);
    deliver(&hub, &event(1, "Approved")).await.unwrap();
    deliver(&hub, &event(11, "Approved")).await.unwrap();
    hub.registry_says(1, "Rejected", 2000);
    let outcome = deliver(&hub, &event(1, "Rejected")).await.unwrap();
    assert!(matches!(&outcome, Outcome::DeploymentStopped { executions } if executions.len() == 1), "{outcome:?}");
    let running = hub.running.lock().unwrap().clone();
    assert!(matches!(running.as_slice(), [left] if left.name.starts_with("churn-v11-")), "{running:?}");
    assert_eq!(deliver(&hub, &event(1, "Rejected")).await.unwrap(), ignored(Ignored::NothingUnderWay));
}

#[tokio::test]
async fn the_group_is_looked_up_as_the_registry_spells_it() {
    let hub = Hub::default();
    hub.put("/mlops/deployments/Churn/registration", REGISTRATION);
    hub.registry_says(1, "Approved", 1000);
    let mut event = event(1, "Approved");
    event["detail"]["ModelPackageGroupName"] = json!("Churn");
    assert!(matches!(deliver(&hub, &event).await.unwrap(), Outcome::DeploymentStarted { .. }));
}

#[tokio::test]
async fn a_repeated_key_as_the_service_sends_it_is_read() {
    let hub = Hub::registered();
    hub.registry_says(1, "Approved", 1000);
    let text = event(1, "Approved").to_string().replacen("{", r#"{"source": ["aws.sagemaker"], "#, 1);
    assert_eq!(text.matches(r#""source""#).count(), 2);
    let outcome = deliver(&hub, &serde_json::from_str(&text).unwrap()).await.unwrap();
    assert!(matches!(outcome, Outcome::DeploymentStarted { .. }));
}

#[tokio::test]
async fn the_sample_events_are_decided() {
    let hub = Hub::registered();
    hub.registry_says(1, "Approved", 1000);
    let approved = serde_json::from_str(include_str!("../../../events/model-approval-approved.json")).unwrap();
    assert!(matches!(deliver(&hub, &approved).await.unwrap(), Outcome::DeploymentStarted { .. }));
    hub.registry_says(1, "Rejected", 2000);
    let rejected = serde_json::from_str(include_str!("../../../events/model-approval-rejected.json")).unwrap();
    assert!(matches!(deliver(&hub, &rejected).await.unwrap(), Outcome::DeploymentStopped { .. }));
}

#[tokio::test]
async fn every_fault_of_an_event_is_named_at_once() {
    let foreign = "arn:aws:sagemaker:eu-central-1:999999999999:model-package/churn/1";
    let rows: [(Value, &[&str]); 7] = [
        (json!("text"), &["detail.ModelPackageArn is missing", "detail.ModelApprovalStatus is missing"]),
        (json!({"detail": {"ModelApprovalStatus": "Approved"}}), &["detail.ModelPackageArn is missing"]),
        (json!({"detail": {"ModelPackageArn": arn(1)}}), &["detail.ModelApprovalStatus is missing"]),
        (
            json!({"detail": {"ModelPackageArn": "churn/1", "ModelApprovalStatus": 7}}),
            &["detail.ModelPackageArn is \"churn/1\": expected", "detail.ModelApprovalStatus is 7: expected a string"],
        ),
        (
            json!({"detail": {"ModelPackageArn": 1, "ModelApprovalStatus": "Approved"}}),
            &["detail.ModelPackageArn is 1"],
        ),
        (
            json!({"account": "999999999999", "detail": {"ModelPackageArn": foreign, "ModelApprovalStatus": "Approved"}}),
            &["names account 999999999999", "names region eu-central-1", "account is \"999999999999\""],
        ),
        (json!(null), &["detail.ModelPackageArn is missing"]),
    ];
    for (event, expected) in rows {
        let hub = Hub::registered();
        let error = deliver(&hub, &event).await.unwrap_err();
        assert!(matches!(error, Error::InvalidEvent(_)), "{event}");
        for part in expected {
            assert!(error.to_string().contains(part), "{event}: {error}");
        }
        assert!(hub.calls.lock().unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_registration_that_cannot_be_used_is_named_with_its_faults() {
    let hub = Hub::default();
    hub.put("/mlops/deployments/churn/registration", r#"{"stages": []}"#);
    let error = deliver(&hub, &event(1, "Approved")).await.unwrap_err();
    assert!(matches!(error, Error::InvalidRegistration { .. }));
    let text = error.to_string();
    assert!(text.contains("/mlops/deployments/churn/registration") && text.contains("stages"), "{text}");
}

#[tokio::test]
async fn whatever_call_fails_the_event_delivered_again_ends_the_same() {
    for operation in
        ["ssm:GetParameters", "sagemaker:DescribeModelPackage", "states:ListExecutions", "states:StartExecution"]
    {
        let hub = Hub::registered();
        hub.registry_says(1, "Approved", 1000);
        *hub.failing.lock().unwrap() = Some((operation, "ThrottlingException"));
        let error = deliver(&hub, &event(1, "Approved")).await.unwrap_err();
        assert!(error.to_string().starts_with(&format!("{operation} answered ThrottlingException")), "{error}");
        *hub.failing.lock().unwrap() = None;
        assert!(matches!(deliver(&hub, &event(1, "Approved")).await.unwrap(), Outcome::DeploymentStarted { .. }));
        assert_eq!(hub.names_started().len(), 1, "{operation}");
    }
}
