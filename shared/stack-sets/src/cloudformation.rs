use crate::model::{
    Addressees, Definition, Instance, InstanceStatus, Location, Operation, OperationResult, StackSet, StackSetId,
    Status,
};
use crate::ports::{Deploying, Removing, StackSets};
use aws_ports::{Aws, AwsError, Operation as _};
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::{
    self, AccountFilterType, AutoDeployment, ConcurrencyMode, DeploymentTargets, Parameter, PermissionModels,
    RegionConcurrencyType, StackSetOperationPreferences, StackSetOperationResultStatus, StackSetOperationStatus,
    StackSetStatus, Tag,
};
use deployment::{CallAs, OperationPreferences, Permissions};
use std::collections::BTreeMap;
use tokio::sync::OnceCell;

/// The service itself. The client is made when it is first called.
#[derive(Debug)]
pub struct CloudFormation<'a> {
    aws: &'a Aws,
    client: OnceCell<Client>,
}

impl<'a> CloudFormation<'a> {
    /// Loads nothing.
    pub const fn new(aws: &'a Aws) -> Self {
        Self { aws, client: OnceCell::const_new() }
    }

    /// Over a client that was configured elsewhere.
    pub fn over(client: Client) -> Self {
        static UNUSED: Aws = Aws::new();
        Self { aws: &UNUSED, client: OnceCell::new_with(Some(client)) }
    }

    async fn client(&self) -> &Client {
        self.client.get_or_init(|| async { Client::new(self.aws.config().await) }).await
    }
}

/// As many as CloudFormation answers in one page.
const PAGE: i32 = 100;

impl StackSets for CloudFormation<'_> {
    async fn stack_set(&self, id: &StackSetId) -> Result<Option<StackSet>, AwsError> {
        let call = self.client().await.describe_stack_set().stack_set_name(&id.name).set_call_as(call_as(id));
        match call.send().await.operation("cloudformation:DescribeStackSet") {
            Ok(answer) => Ok(answer.stack_set.map(stack_set)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn instances(&self, id: &StackSetId) -> Result<Vec<Instance>, AwsError> {
        let call = self.client().await.list_stack_instances().stack_set_name(&id.name).set_call_as(call_as(id));
        let mut summaries = call.max_results(PAGE).into_paginator().items().send();
        let mut instances = Vec::new();
        while let Some(summary) = summaries.next().await {
            let summary = summary.operation("cloudformation:ListStackInstances")?;
            instances.extend(location(summary.account, summary.region).map(|at| Instance {
                at,
                status: match summary.status {
                    Some(types::StackInstanceStatus::Current) => InstanceStatus::Current,
                    Some(types::StackInstanceStatus::Inoperable) => InstanceStatus::Inoperable,
                    _ => InstanceStatus::Outdated,
                },
                reason: summary.status_reason,
            }));
        }
        Ok(instances)
    }

    async fn running_operation(&self, id: &StackSetId) -> Result<Option<Operation>, AwsError> {
        // The newest come first, and an operation that has ended is never followed by one that runs.
        let call = self.client().await.list_stack_set_operations().stack_set_name(&id.name).set_call_as(call_as(id));
        let answer = call.max_results(PAGE).send().await.operation("cloudformation:ListStackSetOperations")?;
        let operations = answer.summaries.unwrap_or_default().into_iter().filter_map(|summary| {
            Some(Operation {
                id: summary.operation_id?,
                status: status(summary.status.as_ref()),
                reason: summary.status_reason,
            })
        });
        Ok({ operations }.find(|operation| operation.status == Status::Running))
    }

    async fn operation(&self, id: &StackSetId, operation_id: &str) -> Result<Operation, AwsError> {
        let call =
            self.client().await.describe_stack_set_operation().stack_set_name(&id.name).operation_id(operation_id);
        let answer = call.set_call_as(call_as(id)).send().await;
        let operation = answer.operation("cloudformation:DescribeStackSetOperation")?.stack_set_operation;
        Ok(Operation {
            id: operation_id.to_owned(),
            status: status(operation.as_ref().and_then(|operation| operation.status.as_ref())),
            reason: operation.and_then(|operation| operation.status_reason),
        })
    }

    async fn operation_results(&self, id: &StackSetId, operation_id: &str) -> Result<Vec<OperationResult>, AwsError> {
        let call = self.client().await.list_stack_set_operation_results().stack_set_name(&id.name);
        let call = call.operation_id(operation_id).set_call_as(call_as(id)).max_results(PAGE);
        let mut summaries = call.into_paginator().items().send();
        let mut results = Vec::new();
        while let Some(summary) = summaries.next().await {
            let summary = summary.operation("cloudformation:ListStackSetOperationResults")?;
            results.extend(location(summary.account, summary.region).map(|at| OperationResult {
                at,
                has_failed: matches!(
                    summary.status,
                    Some(StackSetOperationResultStatus::Failed | StackSetOperationResultStatus::Cancelled)
                ),
                reason: summary.status_reason,
            }));
        }
        Ok(results)
    }

    async fn delete_instances(
        &self,
        id: &StackSetId,
        addressees: &Addressees,
        operation_id: &str,
    ) -> Result<(), AwsError> {
        // An account that cannot be reached any more keeps no other one from being cleared.
        let preferences = OperationPreferences { max_concurrent_percentage: 100, failure_tolerance_percentage: 100 };
        let call = self.client().await.delete_stack_instances().stack_set_name(&id.name).set_call_as(call_as(id));
        let call = call.operation_id(operation_id).operation_preferences(operation_preferences(&preferences));
        let (accounts, targets, regions) = addressed(addressees);
        let call = call.set_accounts(accounts).set_deployment_targets(targets).set_regions(Some(regions));
        call.retain_stacks(false).send().await.operation("cloudformation:DeleteStackInstances")?;
        Ok(())
    }
}

impl Deploying for CloudFormation<'_> {
    async fn create_stack_set(&self, id: &StackSetId, definition: &Definition, token: &str) -> Result<(), AwsError> {
        let (administration, execution) = roles(&definition.permissions);
        let call = self.client().await.create_stack_set().stack_set_name(&id.name).set_call_as(call_as(id));
        let call = call.template_body(&definition.template).client_request_token(token);
        let call = call.set_parameters(Some(parameters(definition))).set_tags(Some(tags(definition)));
        let call = call.permission_model(permission_model(&definition.permissions));
        let call = call.set_auto_deployment(auto_deployment(&definition.permissions));
        let call = call.set_administration_role_arn(administration).set_execution_role_name(execution);
        call.send().await.operation("cloudformation:CreateStackSet")?;
        Ok(())
    }

    async fn update_stack_set(
        &self,
        id: &StackSetId,
        definition: &Definition,
        addressees: Option<&Addressees>,
        operation_id: &str,
    ) -> Result<(), AwsError> {
        let (administration, execution) = roles(&definition.permissions);
        let call = self.client().await.update_stack_set().stack_set_name(&id.name).set_call_as(call_as(id));
        let call = call.template_body(&definition.template).operation_id(operation_id);
        let call = call.set_parameters(Some(parameters(definition))).set_tags(Some(tags(definition)));
        let call = call.set_administration_role_arn(administration).set_execution_role_name(execution);
        let call = call.operation_preferences(operation_preferences(&definition.preferences));
        let (accounts, targets, regions) = addressees.map(addressed).unwrap_or_default();
        let call = call.set_accounts(accounts).set_deployment_targets(targets);
        let call = call.set_regions(addressees.map(|_| regions));
        call.send().await.operation("cloudformation:UpdateStackSet")?;
        Ok(())
    }

    async fn create_instances(
        &self,
        id: &StackSetId,
        addressees: &Addressees,
        preferences: &OperationPreferences,
        operation_id: &str,
    ) -> Result<(), AwsError> {
        let call = self.client().await.create_stack_instances().stack_set_name(&id.name).set_call_as(call_as(id));
        let call = call.operation_id(operation_id).operation_preferences(operation_preferences(preferences));
        let (accounts, targets, regions) = addressed(addressees);
        let call = call.set_accounts(accounts).set_deployment_targets(targets).set_regions(Some(regions));
        call.send().await.operation("cloudformation:CreateStackInstances")?;
        Ok(())
    }
}

impl Removing for CloudFormation<'_> {
    async fn stack_set_names(&self, call_as: CallAs) -> Result<Vec<String>, AwsError> {
        let call = self.client().await.list_stack_sets().status(StackSetStatus::Active).max_results(PAGE);
        let mut summaries = call.set_call_as(Some(sdk_call_as(call_as))).into_paginator().items().send();
        let mut names = Vec::new();
        while let Some(summary) = summaries.next().await {
            match summary.operation("cloudformation:ListStackSets") {
                Ok(summary) => names.extend(summary.stack_set_name),
                // An account that is no delegated administrator has no stack sets as one.
                Err(error) if call_as == CallAs::DelegatedAdmin && error.code() == Some("ValidationError") => break,
                Err(error) => return Err(error),
            }
        }
        Ok(names)
    }

    async fn delete_stack_set(&self, id: &StackSetId) -> Result<(), AwsError> {
        let call = self.client().await.delete_stack_set().stack_set_name(&id.name).set_call_as(call_as(id));
        match call.send().await.operation("cloudformation:DeleteStackSet") {
            Err(error) if !error.is_not_found() => Err(error),
            _ => Ok(()),
        }
    }
}

fn call_as(id: &StackSetId) -> Option<types::CallAs> {
    id.call_as.map(sdk_call_as)
}

fn sdk_call_as(call_as: CallAs) -> types::CallAs {
    match call_as {
        CallAs::Itself => types::CallAs::SelfValue,
        CallAs::DelegatedAdmin => types::CallAs::DelegatedAdmin,
    }
}

fn location(account: Option<String>, region: Option<String>) -> Option<Location> {
    Some(Location { account: account?.parse().ok()?, region: region?.parse().ok()? })
}

fn status(status: Option<&StackSetOperationStatus>) -> Status {
    match status {
        Some(StackSetOperationStatus::Succeeded) => Status::Succeeded,
        Some(StackSetOperationStatus::Failed) => Status::Failed,
        Some(StackSetOperationStatus::Stopped) => Status::Stopped,
        _ => Status::Running,
    }
}

fn stack_set(set: types::StackSet) -> StackSet {
    let parameters = set.parameters.unwrap_or_default().into_iter();
    let tags = set.tags.unwrap_or_default().into_iter();
    let units = set.organizational_unit_ids.unwrap_or_default().into_iter();
    StackSet {
        template: set.template_body.unwrap_or_default(),
        parameters: parameters.filter_map(|item| Some((item.parameter_key?, item.parameter_value?))).collect(),
        tags: tags.filter_map(|tag| Some((tag.key?, tag.value?))).collect(),
        permission_model: set.permission_model.map(|model| model.as_str().to_owned()).unwrap_or_default(),
        administration_role_arn: set.administration_role_arn,
        execution_role_name: set.execution_role_name,
        organizational_units: units.filter_map(|unit| unit.parse().ok()).collect(),
    }
}

fn parameters(definition: &Definition) -> Vec<Parameter> {
    pairs(&definition.parameters, |name, value| Parameter::builder().parameter_key(name).parameter_value(value).build())
}

fn tags(definition: &Definition) -> Vec<Tag> {
    pairs(&definition.tags, |key, value| Tag::builder().key(key).value(value).build())
}

fn pairs<T>(map: &BTreeMap<String, String>, pair: impl Fn(&str, &str) -> T) -> Vec<T> {
    map.iter().map(|(name, value)| pair(name, value)).collect()
}

fn permission_model(permissions: &Permissions) -> PermissionModels {
    match permissions {
        Permissions::SelfManaged { .. } => PermissionModels::SelfManaged,
        Permissions::ServiceManaged { .. } => PermissionModels::ServiceManaged,
    }
}

/// The platform decides when an account gets which version, so CloudFormation must not.
fn auto_deployment(permissions: &Permissions) -> Option<AutoDeployment> {
    matches!(permissions, Permissions::ServiceManaged { .. }).then(|| AutoDeployment::builder().enabled(false).build())
}

fn roles(permissions: &Permissions) -> (Option<String>, Option<String>) {
    match permissions {
        Permissions::SelfManaged { administration_role_arn, execution_role_name } => {
            (Some(administration_role_arn.to_string()), Some(execution_role_name.clone()))
        }
        Permissions::ServiceManaged { .. } => (None, None),
    }
}

/// Without the soft mode, no failure allowed means one account after the other.
fn operation_preferences(preferences: &OperationPreferences) -> StackSetOperationPreferences {
    let percentage = |value: u32| i32::try_from(value).unwrap_or(100);
    StackSetOperationPreferences::builder()
        .region_concurrency_type(RegionConcurrencyType::Parallel)
        .concurrency_mode(ConcurrencyMode::SoftFailureTolerance)
        .max_concurrent_percentage(percentage(preferences.max_concurrent_percentage))
        .failure_tolerance_percentage(percentage(preferences.failure_tolerance_percentage))
        .build()
}

type Addressed = (Option<Vec<String>>, Option<DeploymentTargets>, Vec<String>);

fn addressed(addressees: &Addressees) -> Addressed {
    let accounts: Vec<_> = addressees.accounts.iter().map(ToString::to_string).collect();
    let regions = addressees.regions.iter().map(ToString::to_string).collect();
    if addressees.organizational_units.is_empty() {
        return (Some(accounts), None, regions);
    }
    let targets = DeploymentTargets::builder()
        .set_organizational_unit_ids(Some(addressees.organizational_units.iter().map(ToString::to_string).collect()))
        .set_accounts(Some(accounts))
        .account_filter_type(AccountFilterType::Intersection)
        .build();
    (None, Some(targets), regions)
}
