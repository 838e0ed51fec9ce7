//! All ports of all functions, for one process: each call is one that the process may end at.

use super::accounts::Endpoint;
use super::{BUCKET, Fault, HUB, REGION, State, World};
use crate::machine::TaskError;
use aws_ports::AwsError;
use deployment::{OperationPreferences, S3Uri};
use endpoint_verification as verification;
use identifiers::{AccountId, ModelPackageArn, OrganizationNode, Region};
use model_access as access;
use model_approval as approval;
use organization::{Account, Listing, Page};
use stack_sets::{
    Addressees, Definition, Deploying, InMemory, Instance, Location, Moment, Operation, OperationResult, StackSet,
    StackSetId, StackSets,
};
use std::collections::{BTreeMap, HashMap};
use std::future::pending;
use std::sync::OnceLock;
use tokio::sync::Notify;

/// One invocation of a function.
pub(super) struct Process<'w> {
    world: &'w World,
    ended: Notify,
    error: OnceLock<&'static str>,
}

impl<'w> Process<'w> {
    pub(super) fn new(world: &'w World) -> Self {
        Self { world, ended: Notify::new(), error: OnceLock::new() }
    }

    /// Until it is ended from outside: what that is called.
    pub(super) async fn end(&self) -> &'static str {
        self.ended.notified().await;
        self.error.get().unwrap()
    }

    async fn dies<T>(&self, error: &'static str) -> T {
        // Calls run side by side, and only one of them is the first.
        let _ = self.error.set(error);
        self.ended.notify_one();
        pending().await
    }

    /// Passes a call on, or what becomes of it.
    async fn call<T: Send>(
        &self,
        operation: &'static str,
        effect: impl Future<Output = Result<T, AwsError>> + Send,
    ) -> Result<T, AwsError> {
        match self.world.next_fault() {
            None => effect.await,
            Some(Fault::Killed(Moment::Before, error)) => self.dies(error).await,
            Some(Fault::Killed(Moment::After, error)) => {
                drop(effect.await);
                self.dies(error).await
            }
            Some(Fault::Throttled) => Err(AwsError::answered(operation, "ThrottlingException", "Rate exceeded")),
            Some(Fault::Lost) => {
                drop(effect.await);
                Err(AwsError::answered(operation, "InternalFailure", "the answer was lost"))
            }
            Some(Fault::Denied) => Err(AwsError::answered(operation, "AccessDeniedException", "not authorized")),
        }
    }

    /// A call about what the world keeps in one place.
    async fn at_once<T: Send>(
        &self,
        operation: &'static str,
        effect: impl FnOnce(&mut State) -> Result<T, (&'static str, &'static str)> + Send,
    ) -> Result<T, AwsError> {
        self.call(operation, async move {
            effect(&mut self.world.state()).map_err(|(code, message)| AwsError::answered(operation, code, message))
        })
        .await
    }

    async fn on_stack_sets<'p, T: Send, F: Future<Output = Result<T, AwsError>> + Send>(
        &'p self,
        operation: &'static str,
        effect: impl FnOnce(&'p InMemory) -> F,
    ) -> Result<T, AwsError> {
        self.call(operation, effect(&self.world.stack_sets)).await
    }

    /// A call about an endpoint, as its stack left it.
    async fn in_account<T: Send>(
        &self,
        operation: &'static str,
        effect: impl FnOnce(&mut State) -> Result<T, (&'static str, &'static str)> + Send,
    ) -> Result<T, AwsError> {
        self.at_once(operation, |state| {
            let mut endpoints = std::mem::take(&mut state.endpoints);
            endpoints.follow_but(&self.world.stack_sets, |at| state.troubles.rolls_back_silently.contains(at));
            state.endpoints = endpoints;
            effect(state)
        })
        .await
    }
}

impl StackSets for Process<'_> {
    async fn stack_set(&self, id: &StackSetId) -> Result<Option<StackSet>, AwsError> {
        self.on_stack_sets("cloudformation:DescribeStackSet", |sets| sets.stack_set(id)).await
    }

    async fn instances(&self, id: &StackSetId) -> Result<Vec<Instance>, AwsError> {
        self.on_stack_sets("cloudformation:ListStackInstances", |sets| sets.instances(id)).await
    }

    async fn running_operation(&self, id: &StackSetId) -> Result<Option<Operation>, AwsError> {
        self.on_stack_sets("cloudformation:ListStackSetOperations", |sets| sets.running_operation(id)).await
    }

    async fn operation(&self, id: &StackSetId, operation_id: &str) -> Result<Operation, AwsError> {
        self.on_stack_sets("cloudformation:DescribeStackSetOperation", |sets| sets.operation(id, operation_id)).await
    }

    async fn operation_results(&self, id: &StackSetId, operation_id: &str) -> Result<Vec<OperationResult>, AwsError> {
        let name = "cloudformation:ListStackSetOperationResults";
        self.on_stack_sets(name, |sets| sets.operation_results(id, operation_id)).await
    }

    async fn delete_instances(
        &self,
        id: &StackSetId,
        addressees: &Addressees,
        operation_id: &str,
    ) -> Result<(), AwsError> {
        let name = "cloudformation:DeleteStackInstances";
        self.on_stack_sets(name, |sets| sets.delete_instances(id, addressees, operation_id)).await
    }
}

impl Deploying for Process<'_> {
    async fn create_stack_set(&self, id: &StackSetId, definition: &Definition, token: &str) -> Result<(), AwsError> {
        self.on_stack_sets("cloudformation:CreateStackSet", |sets| sets.create_stack_set(id, definition, token)).await
    }

    async fn update_stack_set(
        &self,
        id: &StackSetId,
        definition: &Definition,
        addressees: Option<&Addressees>,
        operation_id: &str,
    ) -> Result<(), AwsError> {
        let name = "cloudformation:UpdateStackSet";
        self.on_stack_sets(name, |sets| sets.update_stack_set(id, definition, addressees, operation_id)).await
    }

    async fn create_instances(
        &self,
        id: &StackSetId,
        addressees: &Addressees,
        preferences: &OperationPreferences,
        operation_id: &str,
    ) -> Result<(), AwsError> {
        let name = "cloudformation:CreateStackInstances";
        self.on_stack_sets(name, |sets| sets.create_instances(id, addressees, preferences, operation_id)).await
    }
}

impl model_deployment::Hub for Process<'_> {
    async fn parameter(&self, name: &str) -> Result<Option<String>, AwsError> {
        self.at_once("ssm:GetParameter", |state| Ok(state.parameters.get(name).cloned())).await
    }

    async fn parameters_under(&self, path: &str) -> Result<BTreeMap<String, String>, AwsError> {
        self.at_once("ssm:GetParametersByPath", |state| {
            let under = state.parameters.iter().filter(|(name, _)| name.starts_with(path));
            Ok(under.map(|(name, value)| (name.clone(), value.clone())).collect())
        })
        .await
    }

    async fn model_package(
        &self,
        package: &ModelPackageArn,
    ) -> Result<Option<model_deployment::ModelPackage>, AwsError> {
        self.at_once("sagemaker:DescribeModelPackage", |state| {
            let found = state.packages.get(package.as_str());
            Ok(found.map(|version| model_deployment::ModelPackage {
                status: "Completed".to_owned(),
                approval_status: version.status.clone(),
                containers: 1,
                instance_types: Vec::new(),
            }))
        })
        .await
    }

    async fn organization_root(&self) -> Result<String, AwsError> {
        self.at_once("organizations:ListRoots", |_| Ok("r-ab12".to_owned())).await
    }
}

impl Listing for Process<'_> {
    async fn list_accounts_for_parent(
        &self,
        parent: &OrganizationNode,
        _: Option<String>,
    ) -> Result<Page<Account>, AwsError> {
        self.at_once("organizations:ListAccountsForParent", |state| {
            let accounts = state.units.get(parent.as_ref()).ok_or(("ParentNotFoundException", "no such parent"))?;
            let items = accounts.iter().map(|id| Account { id: id.clone(), state: "ACTIVE".to_owned() }).collect();
            Ok(Page { items, next: None })
        })
        .await
    }

    async fn list_organizational_units_for_parent(
        &self,
        _: &OrganizationNode,
        _: Option<String>,
    ) -> Result<Page<String>, AwsError> {
        let none = Page { items: Vec::new(), next: None };
        self.at_once("organizations:ListOrganizationalUnitsForParent", |_| Ok(none)).await
    }
}

impl model_deployment::Executions for Process<'_> {
    async fn running(&self, state_machine: &str) -> Result<Vec<model_deployment::Running>, AwsError> {
        self.call("states:ListExecutions", async {
            let listed = self.world.listed(state_machine).into_iter();
            Ok(listed.map(|it| model_deployment::Running { name: it.name, started: it.started }).collect())
        })
        .await
    }

    async fn give_up_waiting(&self, task_token: &str, error: &str, cause: &str) -> Result<(), AwsError> {
        self.at_once("states:SendTaskFailure", |state| {
            let error = TaskError { error: error.to_owned(), cause: cause.to_owned() };
            state.given_up.push((task_token.to_owned(), error));
            Ok(())
        })
        .await
    }
}

impl approval::Deployments for Process<'_> {
    async fn parameters(&self, names: &[String]) -> Result<HashMap<String, String>, AwsError> {
        self.at_once("ssm:GetParameters", |state| {
            let found = names.iter().filter_map(|name| Some((name.clone(), state.parameters.get(name)?.clone())));
            Ok(found.collect())
        })
        .await
    }

    async fn model_package(&self, package: &ModelPackageArn) -> Result<approval::ModelPackage, AwsError> {
        self.at_once("sagemaker:DescribeModelPackage", |state| {
            let found = state.packages.get(package.as_str());
            let version = found.ok_or(("ValidationException", "ModelPackage does not exist."))?;
            Ok(approval::ModelPackage {
                approval_status: version.status.clone(),
                created_by: Some(version.created_by.clone()),
                last_modified_by: Some(version.modified_by.clone()),
                last_modified: version.modified,
            })
        })
        .await
    }

    async fn running(&self, state_machine: &str) -> Result<Vec<approval::Execution>, AwsError> {
        self.call("states:ListExecutions", async {
            let listed = self.world.listed(state_machine).into_iter();
            let arn = |name: &str| format!("{}:{name}", state_machine.replace(":stateMachine:", ":execution:"));
            let execution =
                |it: super::Listed| approval::Execution { arn: arn(&it.name), name: it.name, started: it.started };
            Ok(listed.map(execution).collect())
        })
        .await
    }

    async fn input(&self, execution: &approval::Execution) -> Result<Option<String>, AwsError> {
        self.at_once("states:DescribeExecution", |state| {
            let found = state.executions.iter().find(|it| it.name == execution.name);
            Ok(found.map(|it| it.input.clone()))
        })
        .await
    }

    async fn start(&self, state_machine: &str, name: &str, input: &str) -> Result<approval::Started, AwsError> {
        self.call("states:StartExecution", async {
            let started = self.world.start(state_machine, name, input);
            Ok(started.map_or(approval::Started::EndedBefore, approval::Started::Execution))
        })
        .await
    }
}

impl deployment_record::Records for Process<'_> {
    async fn parameter(&self, name: &str) -> Result<Option<String>, AwsError> {
        self.at_once("ssm:GetParameter", |state| Ok(state.parameters.get(name).cloned())).await
    }

    async fn put_parameter(&self, name: &str, value: &str) -> Result<(), AwsError> {
        self.at_once("ssm:PutParameter", |state| {
            if value.len() > 8_192 {
                return Err(("ValidationException", "longer than 8192"));
            }
            state.parameters.insert(name.to_owned(), value.to_owned());
            Ok(())
        })
        .await
    }

    async fn delete_parameter(&self, name: &str) -> Result<(), AwsError> {
        self.at_once("ssm:DeleteParameter", |state| {
            state.parameters.remove(name);
            Ok(())
        })
        .await
    }

    async fn object(&self, bucket: &str, key: &str) -> Result<Option<Vec<u8>>, AwsError> {
        self.at_once("s3:GetObject", |state| Ok(state.objects.get(&format!("{bucket}/{key}")).cloned())).await
    }

    async fn put_object(&self, bucket: &str, key: &str, body: String) -> Result<(), AwsError> {
        self.at_once("s3:PutObject", |state| {
            state.objects.insert(format!("{bucket}/{key}"), body.into_bytes());
            Ok(())
        })
        .await
    }
}

impl verification::Records for Process<'_> {
    fn bucket(&self) -> &str {
        BUCKET
    }

    async fn object(&self, uri: &S3Uri, _: u64) -> Result<verification::Object, AwsError> {
        self.at_once("s3:GetObject", |state| {
            let body = state.objects.get(&format!("{}/{}", uri.bucket(), uri.key()));
            let body = body.ok_or(("NoSuchKey", "The specified key does not exist."))?.clone();
            Ok(verification::Object { content_type: None, size: body.len() as u64, written: 0, body: Some(body) })
        })
        .await
    }

    async fn put(&self, key: &str, _: &str, body: String) -> Result<(), AwsError> {
        self.at_once("s3:PutObject", |state| {
            state.objects.insert(format!("{BUCKET}/{key}"), body.into_bytes());
            Ok(())
        })
        .await
    }
}

const NO_ENDPOINT: (&str, &str) = ("ValidationException", "Could not find endpoint.");

fn place(account: &AccountId, region: &Region) -> Location {
    Location { account: account.clone(), region: region.clone() }
}

fn of_configuration<'s>(
    state: &'s State,
    configuration: &str,
    at: &Location,
) -> Result<&'s Endpoint, (&'static str, &'static str)> {
    state.endpoints.of_configuration(configuration, at).ok_or(("ValidationException", "Could not find it."))
}

impl verification::TargetAccounts for Process<'_> {
    type Session = AccountId;

    async fn assume_role(&self, role_arn: &str, _: &str, policy: &str) -> Result<AccountId, AwsError> {
        assert!(policy.len() <= 2_048, "STS takes no longer policy");
        let account = role_arn.split(':').nth(4).unwrap().parse().unwrap();
        self.at_once("sts:AssumeRole", |_| Ok(account)).await
    }

    async fn endpoint(
        &self,
        account: &AccountId,
        region: &Region,
        name: &str,
    ) -> Result<verification::Endpoint, AwsError> {
        let at = place(account, region);
        self.in_account("sagemaker:DescribeEndpoint", |state| {
            let endpoint = state.endpoints.get(name, &at).ok_or(NO_ENDPOINT)?;
            let looks = state.troubles.updating.get_mut(&at).filter(|looks| **looks > 0);
            let status = if looks.is_some() { "Updating" } else { "InService" };
            looks.into_iter().for_each(|looks| *looks -= 1);
            let config_name = endpoint.parameters["ConfigurationName"].clone();
            Ok(verification::Endpoint { status: status.to_owned(), failure_reason: None, config_name })
        })
        .await
    }

    async fn endpoint_config(
        &self,
        account: &AccountId,
        region: &Region,
        name: &str,
    ) -> Result<verification::EndpointConfig, AwsError> {
        let at = place(account, region);
        self.in_account("sagemaker:DescribeEndpointConfig", |state| {
            let parameters = &of_configuration(state, name, &at)?.parameters;
            let number = |name: &str| parameters[name].parse::<i32>().unwrap();
            let variant = verification::Variant {
                name: parameters["VariantName"].clone(),
                model_name: parameters["ConfigurationName"].clone(),
                instance_type: Some(parameters["InstanceType"].clone()),
                instance_count: Some(number("InstanceCount")),
                weight: number("VariantWeight") as f32,
                serverless: None,
            };
            Ok(verification::EndpointConfig { variants: vec![variant], ..verification::EndpointConfig::default() })
        })
        .await
    }

    async fn model_packages(&self, account: &AccountId, region: &Region, name: &str) -> Result<Vec<String>, AwsError> {
        let at = place(account, region);
        self.in_account("sagemaker:DescribeModel", |state| {
            Ok(vec![of_configuration(state, name, &at)?.parameters["ModelPackageArn"].clone()])
        })
        .await
    }

    async fn invoke(
        &self,
        account: &AccountId,
        region: &Region,
        request: verification::Request<'_>,
        _: &[u8],
    ) -> Result<verification::Reply, verification::InvocationError> {
        let at = place(account, region);
        let answer = self.in_account("sagemaker:InvokeEndpoint", |state| {
            state.endpoints.get(request.endpoint, &at).ok_or(NO_ENDPOINT)?;
            Ok(!state.troubles.fails_to_answer.contains(&at))
        });
        match answer.await {
            Ok(true) => Ok(verification::Reply { content_type: Some("text/csv".to_owned()), body: b"0.5".to_vec() }),
            Ok(false) => Err(verification::InvocationError::Model { status: Some(500), log: None, request_id: None }),
            Err(error) => Err(verification::InvocationError::Service(error)),
        }
    }

    async fn invoke_async(
        &self,
        _: &AccountId,
        _: &Region,
        _: verification::Request<'_>,
        _: &S3Uri,
    ) -> Result<verification::Locations, AwsError> {
        panic!("no endpoint here is asynchronous");
    }

    async fn answer(&self, _: &AccountId, _: &Region, uri: &S3Uri, _: u64) -> Result<verification::Object, AwsError> {
        panic!("no endpoint here answers in {uri}");
    }

    async fn alarms(&self, account: &AccountId, region: &Region, prefix: &str) -> Result<Vec<String>, AwsError> {
        let at = place(account, region);
        self.at_once("cloudwatch:DescribeAlarms", |state| {
            let alarm = || format!("{prefix}-AllTraffic-server-errors");
            Ok(state.troubles.alarmed.contains(&at).then(alarm).into_iter().collect())
        })
        .await
    }
}

/// A version is an image of a repository of the platform's own, and an archive in the environment's bucket.
impl access::Ports for Process<'_> {
    async fn describe_model_package(&self, arn: &str) -> Result<access::ModelPackage, AwsError> {
        self.at_once("sagemaker:DescribeModelPackage", |state| {
            if !state.packages.contains_key(arn) {
                return Err(("ValidationException", "ModelPackage does not exist."));
            }
            let container = access::Container {
                image: format!("{HUB}.dkr.ecr.{REGION}.amazonaws.com/models:1"),
                digest: None,
                data: vec![access::ModelData { uri: "s3://models/model.tar.gz".to_owned(), is_prefix: false }],
            };
            Ok(access::ModelPackage { arn: arn.to_owned(), containers: vec![container] })
        })
        .await
    }

    async fn get_model_package_group_policy(&self, group: &str) -> Result<Option<String>, AwsError> {
        self.at_once("sagemaker:GetModelPackageGroupPolicy", |state| {
            let policy = state.policies.get(&format!("group/{group}")).cloned().map(Some);
            policy.ok_or(("ValidationException", "Cannot find resource policy for: arn"))
        })
        .await
    }

    async fn put_model_package_group_policy(&self, group: &str, policy: &str) -> Result<(), AwsError> {
        self.at_once("sagemaker:PutModelPackageGroupPolicy", |state| {
            state.policies.insert(format!("group/{group}"), policy.to_owned());
            Ok(())
        })
        .await
    }

    async fn get_bucket_encryption(&self, _: &str, _: &str) -> Result<access::Located<Option<String>>, AwsError> {
        self.at_once("s3:GetEncryptionConfiguration", |_| Ok(access::Located::Here(None))).await
    }

    async fn head_object(&self, _: &str, _: &str, _: &str) -> Result<access::Located<u64>, AwsError> {
        self.at_once("s3:GetObject", |_| Ok(access::Located::Here(1_000))).await
    }

    async fn get_bucket_policy(&self, bucket: &str, _: &str) -> Result<Option<String>, AwsError> {
        self.at_once("s3:GetBucketPolicy", |state| {
            let policy = state.policies.get(&format!("bucket/{bucket}")).cloned().map(Some);
            policy.ok_or(("NoSuchBucketPolicy", ""))
        })
        .await
    }

    async fn describe_key(&self, key: &str) -> Result<access::Key, AwsError> {
        panic!("no object here is encrypted with {key}");
    }

    async fn get_key_policy(&self, key: &str) -> Result<Option<String>, AwsError> {
        panic!("no object here is encrypted with {key}");
    }

    async fn describe_image(&self, _: &str, _: &str, _: &access::ImageName) -> Result<Vec<String>, AwsError> {
        self.at_once("ecr:DescribeImages", |_| Ok(vec!["1".to_owned()])).await
    }

    async fn get_repository_policy(&self, _: &str, repository: &str) -> Result<Option<String>, AwsError> {
        self.at_once("ecr:GetRepositoryPolicy", |state| {
            let policy = state.policies.get(&format!("repository/{repository}")).cloned().map(Some);
            policy.ok_or(("RepositoryPolicyNotFoundException", "Repository policy does not exist."))
        })
        .await
    }

    async fn list_tags_for_resource(&self, _: &str) -> Result<BTreeMap<String, String>, AwsError> {
        let platform = ("secure-mlops:platform".to_owned(), "mlops".to_owned());
        self.at_once("ecr:ListTagsForResource", |_| Ok(BTreeMap::from([platform]))).await
    }

    async fn set_repository_policy(&self, _: &str, repository: &str, policy: &str) -> Result<(), AwsError> {
        self.at_once("ecr:SetRepositoryPolicy", |state| {
            state.policies.insert(format!("repository/{repository}"), policy.to_owned());
            Ok(())
        })
        .await
    }
}
