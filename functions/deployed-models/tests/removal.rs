//! What a Delete leaves, over a CloudFormation in memory.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on should say where"
)]

use aws_ports::AwsError;
use custom_resource::{
    Attributes, CustomResource, Failure, PhysicalId, Progress, Request, Scope, TimeLeft, read_properties,
};
use deployed_models::{DeployedModels, OnDelete, Properties, Records};
use deployment::{Permissions, PlatformName, tags};
use serde_json::{Value, json};
use stack_sets::{Definition, Deploying, InMemory, Location, Moment, StackSetId, StackSets, by_regions};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[derive(Debug, Default, Clone)]
struct Parameters(Arc<Mutex<BTreeSet<String>>>);

impl Records for Parameters {
    async fn names_under(&self, path: &str) -> Result<Vec<String>, AwsError> {
        Ok(self.0.lock().unwrap().iter().filter(|name| name.starts_with(path)).cloned().collect())
    }

    async fn delete(&self, names: &[String]) -> Result<(), AwsError> {
        self.0.lock().unwrap().retain(|name| !names.contains(name));
        Ok(())
    }
}

const ACCOUNTS: [&str; 3] = ["222222222222", "333333333333", "444444444444"];

fn at(account: &str, region: &str) -> Location {
    Location { account: account.parse().unwrap(), region: region.parse().unwrap() }
}

fn platform(name: &str) -> PlatformName {
    name.parse().unwrap()
}

/// A stack set with one account in two regions and two in one, as a deployment leaves it.
async fn deploy(aws: &InMemory, name: &str, tagged: &str) {
    let set = StackSetId { name: name.to_owned(), call_as: None };
    let definition = Definition {
        template: "template".into(),
        parameters: [("EndpointName".to_owned(), name.to_owned())].into(),
        tags: tags(&platform(tagged), None, None),
        permissions: Permissions::SelfManaged {
            administration_role_arn: "arn:aws:iam::111111111111:role/Administration".parse().unwrap(),
            execution_role_name: "Execution".into(),
        },
        preferences: Default::default(),
    };
    aws.create_stack_set(&set, &definition, "token").await.unwrap();
    let mut places: Vec<_> = ACCOUNTS.iter().map(|account| at(account, "eu-central-1")).collect();
    places.push(at(ACCOUNTS[0], "eu-west-1"));
    for (number, group) in by_regions(places, &[]).iter().enumerate() {
        aws.create_instances(&set, group, &definition.preferences, &format!("create-{number}")).await.unwrap();
        while aws.running_operation(&set).await.unwrap().is_some() {}
    }
    assert_eq!(aws.instances(&set).await.unwrap().len(), 4);
}

async fn world() -> (Arc<InMemory>, Parameters, DeployedModels<Shared, Parameters>) {
    let aws = Arc::new(InMemory::new().looks_until_done(2));
    deploy(&aws, "mlops-churn-staging-1", "mlops").await;
    deploy(&aws, "mlops-churn-prod-2", "mlops").await;
    // Another platform whose name begins alike, and somebody else's set that has no tags of ours.
    deploy(&aws, "mlops-eu-churn-prod-3", "mlops-eu").await;
    let parameters = Parameters::default();
    parameters.0.lock().unwrap().extend(
        [
            "/mlops/deployments/churn/registration",
            "/mlops/deployments/churn/live/staging",
            "/mlops/deployments/churn/live/prod",
            "/mlops-eu/deployments/churn/live/prod",
        ]
        .map(str::to_owned),
    );
    let resource = DeployedModels::new(Shared(Arc::clone(&aws)), parameters.clone());
    (aws, parameters, resource)
}

/// The service, looked at from the test and from the resource.
#[derive(Debug, Clone)]
struct Shared(Arc<InMemory>);

mod shared {
    use super::Shared;
    use aws_ports::AwsError;
    use deployment::CallAs;
    use stack_sets::{Addressees, Instance, Operation, OperationResult, Removing, StackSet, StackSetId, StackSets};

    impl StackSets for Shared {
        async fn stack_set(&self, id: &StackSetId) -> Result<Option<StackSet>, AwsError> {
            self.0.stack_set(id).await
        }
        async fn instances(&self, id: &StackSetId) -> Result<Vec<Instance>, AwsError> {
            self.0.instances(id).await
        }
        async fn running_operation(&self, id: &StackSetId) -> Result<Option<Operation>, AwsError> {
            self.0.running_operation(id).await
        }
        async fn operation(&self, id: &StackSetId, operation_id: &str) -> Result<Operation, AwsError> {
            self.0.operation(id, operation_id).await
        }
        async fn operation_results(
            &self,
            id: &StackSetId,
            operation_id: &str,
        ) -> Result<Vec<OperationResult>, AwsError> {
            self.0.operation_results(id, operation_id).await
        }
        async fn delete_instances(&self, id: &StackSetId, to: &Addressees, operation_id: &str) -> Result<(), AwsError> {
            self.0.delete_instances(id, to, operation_id).await
        }
    }

    impl Removing for Shared {
        async fn stack_set_names(&self, call_as: CallAs) -> Result<Vec<String>, AwsError> {
            self.0.stack_set_names(call_as).await
        }
        async fn delete_stack_set(&self, id: &StackSetId) -> Result<(), AwsError> {
            self.0.delete_stack_set(id).await
        }
    }
}

fn request(properties: Option<Properties>, state: Option<Value>) -> Request<Option<Properties>> {
    let stack_id = "arn:aws:cloudformation:eu-central-1:111111111111:stack/platform/6f1e";
    Request {
        properties,
        physical_id: PhysicalId::new("deployed-models", ["mlops", "6f1e", "Models"]),
        scope: Scope::new(stack_id, "Models").unwrap(),
        request_id: "5e0c2b4a".into(),
        time: TimeLeft::lasting(Duration::from_secs(60)),
        state,
    }
}

fn properties(on_delete: OnDelete) -> Option<Properties> {
    Some(Properties { platform_name: platform("mlops"), on_delete })
}

/// One delivery of the Delete, with the library's repetitions; `forgetting` loses the state on the way now and then.
async fn delete(resource: &DeployedModels<Shared, Parameters>, forgetting: bool) -> Result<Attributes, Failure> {
    let mut state = None;
    for look in 0..100 {
        match resource.delete(&request(properties(OnDelete::Delete), state.clone())).await? {
            Progress::Done(attributes) => return Ok(attributes),
            Progress::Unfinished { state: next, waiting_for, .. } => {
                assert!(!waiting_for.is_empty());
                state = Some(next).filter(|_| !(forgetting && look % 3 == 2));
            }
        }
    }
    panic!("no end")
}

fn records(parameters: &Parameters) -> Vec<String> {
    parameters.0.lock().unwrap().iter().cloned().collect()
}

#[tokio::test]
async fn delete_takes_everything_of_this_platform_and_nothing_else() {
    let (aws, parameters, resource) = world().await;
    delete(&resource, false).await.unwrap();
    assert_eq!(aws.names(), ["mlops-eu-churn-prod-3"]);
    assert_eq!(aws.stacks("mlops-eu-churn-prod-3", "EndpointName").len(), 4);
    assert_eq!(
        records(&parameters),
        ["/mlops-eu/deployments/churn/live/prod", "/mlops/deployments/churn/registration"]
    );
    delete(&resource, false).await.unwrap();
}

#[tokio::test]
async fn retain_changes_nothing() {
    let (aws, parameters, resource) = world().await;
    let before = (aws.names(), records(&parameters));
    for properties in [properties(OnDelete::Retain), None] {
        let progress = resource.delete(&request(properties, None)).await.unwrap();
        assert!(matches!(progress, Progress::Done(_)));
    }
    assert_eq!((aws.names(), records(&parameters)), before);
    assert!(!aws.calls().iter().any(|call| call.contains("Delete")));
    // Not even a list that cannot be had keeps the stack from being deleted.
    aws.fail_call(0, Moment::Before);
    let progress = resource.delete(&request(properties(OnDelete::Retain), None)).await.unwrap();
    assert!(matches!(progress, Progress::Done(_)));
}

#[tokio::test]
async fn an_account_that_cannot_be_cleared_is_named_and_keeps_no_other() {
    let (aws, parameters, resource) = world().await;
    aws.break_at(at(ACCOUNTS[1], "eu-central-1"), "account is suspended");
    let failure = delete(&resource, false).await.unwrap_err().to_string();
    let expected = "2 stacks could not be deleted; clear the cause and delete again, or keep them with OnDelete Retain: \
                    333333333333 in eu-central-1: account is suspended; 333333333333 in eu-central-1: account is suspended";
    assert_eq!(failure, expected);
    for set in ["mlops-churn-staging-1", "mlops-churn-prod-2"] {
        let left: Vec<_> = aws.stacks(set, "EndpointName").into_keys().collect();
        assert_eq!(left, [at(ACCOUNTS[1], "eu-central-1")]);
    }
    assert_eq!(records(&parameters).len(), 4);
    // The same request once more, after the cause is gone.
    aws.repair();
    delete(&resource, false).await.unwrap();
    assert_eq!(aws.names(), ["mlops-eu-churn-prod-3"]);
}

#[tokio::test]
async fn any_call_may_fail_once_and_the_state_may_be_lost() {
    let total = {
        let (aws, _, resource) = world().await;
        let before = aws.calls().len();
        delete(&resource, false).await.unwrap();
        aws.calls().len() - before
    };
    assert!(total > 20, "{total}");
    for number in 0..total {
        for (moment, forgetting) in [(Moment::Before, false), (Moment::After, false), (Moment::After, true)] {
            let (aws, parameters, resource) = world().await;
            aws.fail_call(number, moment);
            delete(&resource, forgetting).await.unwrap_or_else(|failure| panic!("{number} {moment:?}: {failure}"));
            assert_eq!(aws.names(), ["mlops-eu-churn-prod-3"], "{number} {moment:?}");
            assert_eq!(records(&parameters).len(), 2, "{number} {moment:?}");
        }
    }
}

/// As if the process had been killed before each look, and the event delivered again from the start.
#[tokio::test]
async fn a_killed_delete_ends_as_one_that_lived() {
    let (aws, _, resource) = world().await;
    for _ in 0..30 {
        if let Progress::Done(_) = resource.delete(&request(properties(OnDelete::Delete), None)).await.unwrap() {
            assert_eq!(aws.names(), ["mlops-eu-churn-prod-3"]);
            return;
        }
    }
    panic!("no end")
}

#[tokio::test]
async fn create_and_update_call_nothing() {
    let (aws, _, resource) = world().await;
    let before = aws.calls().len();
    let request = request(None, None);
    let request = Request {
        properties: properties(OnDelete::Delete).unwrap(),
        physical_id: request.physical_id,
        scope: request.scope,
        request_id: request.request_id,
        time: request.time,
        state: None,
    };
    assert!(matches!(resource.create(&request).await.unwrap(), Progress::Done(_)));
    assert!(matches!(resource.update(&request, None).await.unwrap(), Progress::Done(_)));
    assert_eq!(aws.calls().len(), before);
    assert_eq!(resource.identity(&request.scope, &request.properties), ["mlops", "6f1e", "Models"]);
}

#[test]
fn properties_and_their_faults() {
    let read = |value: Value| read_properties::<Properties>(&value);
    assert_eq!(read(json!({"PlatformName": "mlops"})).unwrap().on_delete, OnDelete::Retain);
    assert_eq!(read(json!({"PlatformName": "mlops", "OnDelete": "Delete"})).unwrap().on_delete, OnDelete::Delete);
    let faults = read(json!({"PlatformName": "aws-x", "OnDelet": "Delete"})).err().unwrap().to_string();
    assert!(faults.contains("PlatformName is \"aws-x\", expected a platform name"), "{faults}");
    assert!(faults.contains("OnDelet is unknown, did you mean OnDelete?"), "{faults}");
    let faults = read(json!({"PlatformName": "mlops", "OnDelete": "delete"})).err().unwrap().to_string();
    assert!(faults.contains("expected Retain or Delete"), "{faults}");
}
