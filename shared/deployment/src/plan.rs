use crate::endpoint::EndpointSettings;
use crate::names::{ParameterNames, PlatformName, StageName, configuration_name, stage_name, tags};
use crate::registration::{Permissions, Registration, Stage, StageApproval};
use crate::request::DeploymentRequest;
use crate::verification::Verification;
use crate::waves::{Wave, WaveName};
use identifiers::{AccountId, ModelPackageArn, ModelPackageGroupName, Region, RootId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The template of every endpoint. It is built in, so that a platform and its endpoints are of one release.
pub const ENDPOINT_TEMPLATE: &str = include_str!("../../../templates/model-endpoint.yaml");

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
    /// What every endpoint is.
    pub endpoint: EndpointSettings,
    /// The model's, by its name in every account.
    pub model_execution_role_name: String,
    /// The accounts once more, in the order in which they get the version.
    pub waves: Vec<Wave>,
    /// Whether somebody has to say yes before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<StageApproval>,
    /// How the endpoints are asked whether they answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verification: Option<Verification>,
    /// Accounts that must have no endpoint in the end. Empty but for a roll-back: otherwise an account that left the stage
    /// and cannot be cleared must not keep the others from the version.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cleared: Vec<AccountId>,
}

impl StagePlan {
    /// The plan of a stage whose accounts are known; they are divided into waves.
    ///
    /// # Errors
    /// The accounts that shall go first and are not in the stage.
    pub fn new(
        request: &DeploymentRequest,
        registration: &Registration,
        stage: &Stage,
        organization_root: Option<RootId>,
        mut accounts: Vec<AccountId>,
    ) -> Result<Self, Vec<AccountId>> {
        let arn = &request.model_package_arn;
        let name = stage_name((arn.account_id(), arn.region()), &request.platform_name, request.group(), &stage.name);
        accounts.sort();
        Ok(Self {
            platform_name: request.platform_name.clone(),
            name: stage.name.clone(),
            model_package_arn: arn.clone(),
            model_package_group_name: request.group().clone(),
            stack_set_name: name.clone(),
            endpoint_name: name,
            permissions: registration.permissions.clone(),
            organization_root,
            waves: stage.waves.of(&accounts)?,
            accounts,
            regions: if stage.regions.is_empty() { vec![arn.region().clone()] } else { stage.regions.clone() },
            endpoint: stage.endpoint.clone(),
            model_execution_role_name: registration.model_execution_role_name.clone(),
            approval: stage.approval,
            verification: registration.verification.clone(),
            cleared: Vec::new(),
        })
    }

    /// What takes the stage back to this plan, in all of its accounts at once: without a question, and only where it was
    /// and still is to be. The accounts are those of `now`, the plan that failed, which this one had too.
    #[must_use]
    pub fn restored(mut self, now: &Self) -> Self {
        self.accounts.retain(|account| now.accounts.contains(account));
        self.cleared = now.accounts.iter().filter(|account| !self.accounts.contains(account)).cloned().collect();
        self.approval = None;
        self.waves = vec![Wave::everybody(self.accounts.clone())];
        self
    }

    /// What takes the stage back to nothing: no account of it had an endpoint before.
    #[must_use]
    pub fn emptied(&self) -> Self {
        let waves = vec![Wave::everybody(Vec::new())];
        Self { accounts: Vec::new(), cleared: self.accounts.clone(), approval: None, waves, ..self.clone() }
    }

    /// One of its waves.
    pub fn wave(&self, name: WaveName) -> Option<&Wave> {
        self.waves.iter().find(|wave| wave.name == name)
    }

    /// The parameters of the endpoint's template, `templates/model-endpoint.yaml`.
    ///
    /// Model and configuration are replaced by new ones whenever anything about them changes, and CloudFormation replaces
    /// what has a name only under a new one: so their name is made from everything that they are made from.
    pub fn parameters(&self, template: &str) -> BTreeMap<String, String> {
        let mut parameters = self.endpoint.parameters();
        parameters.extend(
            [
                ("EndpointName", self.endpoint_name.clone()),
                ("ModelPackageArn", self.model_package_arn.to_string()),
                ("ModelExecutionRoleName", self.model_execution_role_name.clone()),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
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
