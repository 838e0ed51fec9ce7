use crate::names::{ParameterNames, PlatformName, StageName, configuration_name, stage_name, tags};
use crate::registration::{Instance, OperationPreferences, Permissions, Stage};
use crate::request::DeploymentRequest;
use identifiers::{AccountId, ModelPackageArn, ModelPackageGroupName, Region, RootId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What one execution will do, decided before it touches anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// In order.
    pub stages: Vec<StagePlan>,
}

/// All that the tasks of one stage need to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StagePlan {
    /// Whose deployment it is.
    pub platform_name: PlatformName,
    /// The stage.
    pub name: StageName,
    /// The version, and with it the hub's account and region.
    pub model_package_arn: ModelPackageArn,
    /// Its group as the registry spells it.
    pub model_package_group_name: ModelPackageGroupName,
    /// Of the hub.
    pub stack_set_name: String,
    /// Of every account.
    pub endpoint_name: String,
    /// By whose permissions the stack set reaches the accounts.
    pub permissions: Permissions,
    /// Under which service-managed stack sets address the accounts, wherever in the organization they are moved to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_root: Option<RootId>,
    /// Sorted, at least one.
    pub accounts: Vec<AccountId>,
    /// At least one.
    pub regions: Vec<Region>,
    /// Of every endpoint.
    pub instance: Instance,
    /// The model's, by its name in every account.
    pub model_execution_role_name: String,
    /// Of the stack set's operations.
    pub operation_preferences: OperationPreferences,
}

impl StagePlan {
    /// The plan of a stage whose accounts are known.
    pub fn new(
        request: &DeploymentRequest,
        stage: &Stage,
        model_execution_role_name: &str,
        permissions: &Permissions,
        organization_root: Option<RootId>,
        mut accounts: Vec<AccountId>,
    ) -> Self {
        let arn = &request.model_package_arn;
        let name = stage_name((arn.account_id(), arn.region()), &request.platform_name, request.group(), &stage.name);
        accounts.sort();
        Self {
            platform_name: request.platform_name.clone(),
            name: stage.name.clone(),
            model_package_arn: arn.clone(),
            model_package_group_name: request.group().clone(),
            stack_set_name: name.clone(),
            endpoint_name: name,
            permissions: permissions.clone(),
            organization_root,
            accounts,
            regions: if stage.regions.is_empty() { vec![arn.region().clone()] } else { stage.regions.clone() },
            instance: stage.instance.clone(),
            model_execution_role_name: model_execution_role_name.to_owned(),
            operation_preferences: stage.operation_preferences,
        }
    }

    /// The parameters of the endpoint's template, `templates/model-endpoint.yaml`.
    ///
    /// Model and configuration are replaced by new ones whenever anything about them changes, and CloudFormation replaces
    /// what has a name only under a new one: so their name is made from everything that they are made from.
    pub fn parameters(&self, template: &str) -> BTreeMap<String, String> {
        let mut parameters: BTreeMap<_, _> = [
            ("EndpointName", self.endpoint_name.clone()),
            ("ModelPackageArn", self.model_package_arn.to_string()),
            ("ModelExecutionRoleName", self.model_execution_role_name.clone()),
            ("InstanceType", self.instance.instance_type.clone()),
            ("InstanceCount", self.instance.count.to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        let made_from: Vec<_> = parameters.values().map(String::as_str).chain([template]).collect();
        let name = configuration_name(&self.endpoint_name, self.model_package_arn.version(), &made_from);
        parameters.insert("ConfigurationName".to_owned(), name);
        parameters
    }

    /// The tags of the stack set, which it gives to all that it makes.
    pub fn tags(&self) -> BTreeMap<String, String> {
        tags(&self.platform_name, Some(&self.model_package_group_name), Some(&self.name))
    }

    /// Where the record of what is live in this stage is kept.
    pub fn live_record_name(&self) -> String {
        ParameterNames::new(&self.platform_name, &self.model_package_group_name).live(&self.name)
    }
}
