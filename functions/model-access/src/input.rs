use std::collections::{BTreeMap, BTreeSet};

use deployment::{Permissions, PlatformName, S3Uri, StageName};
use identifiers::{AccountId, ModelPackageArn, ModelPackageGroupName, Region, RoleName};
use serde::Deserialize;

use crate::error::Error;
use crate::role::Role;

/// What the state machine hands over. Of a stage's plan only what access depends on is read, so a plan may grow.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    pub(crate) platform_name: PlatformName,
    pub(crate) model_package_arn: ModelPackageArn,
    pub(crate) model_package_group_name: ModelPackageGroupName,
    /// None where the plan has faults.
    stages: Vec<Stage>,
    /// A sample payload that is kept in S3.
    #[serde(default)]
    pub(crate) payload: Option<StoredPayload>,
}

/// Where a sample payload is, and how large it may be.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StoredPayload {
    /// Where the registration names it.
    pub(crate) path: String,
    pub(crate) s3_uri: S3Uri,
    /// Bytes that every endpoint of the deployment takes.
    pub(crate) limit: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stage {
    name: StageName,
    model_package_arn: ModelPackageArn,
    accounts: Vec<AccountId>,
    regions: Vec<Region>,
    model_execution_role_name: RoleName,
    permissions: Permissions,
}

/// The account and region of the registry, which this function runs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hub {
    pub(crate) partition: String,
    pub(crate) account: AccountId,
    pub(crate) region: Region,
}

/// Who must have access, and where endpoints will be.
#[derive(Debug, Default)]
pub(crate) struct Targets {
    /// The accounts of each role.
    pub(crate) roles: BTreeMap<Role, BTreeSet<AccountId>>,
    /// The stages that have endpoints in a region.
    pub(crate) regions: BTreeMap<Region, BTreeSet<StageName>>,
}

impl Request {
    pub(crate) fn hub(&self) -> Hub {
        Hub {
            partition: self.model_package_arn.partition().to_owned(),
            account: self.model_package_arn.account_id().clone(),
            region: self.model_package_arn.region().clone(),
        }
    }

    pub(crate) fn has_stages(&self) -> bool {
        !self.stages.is_empty()
    }

    /// All stages together.
    ///
    /// # Errors
    /// When a stage deploys another version than the one that is looked at.
    pub(crate) fn targets(&self) -> Result<Targets, Error> {
        let mut targets = Targets::default();
        for stage in &self.stages {
            if stage.model_package_arn != self.model_package_arn {
                let found = stage.model_package_arn.to_string();
                return Err(Error::OtherVersion { stage: stage.name.clone(), found });
            }
            for role in [Role::of_model(&stage.model_execution_role_name), Role::of_stack_set(&stage.permissions)] {
                targets.roles.entry(role).or_default().extend(stage.accounts.iter().cloned());
            }
            for region in &stage.regions {
                targets.regions.entry(region.clone()).or_default().insert(stage.name.clone());
            }
        }
        Ok(targets)
    }
}

impl Targets {
    /// Accounts that a resource of the hub is foreign to.
    pub(crate) fn outside(&self, hub: &Hub) -> BTreeSet<AccountId> {
        self.roles.values().flatten().filter(|account| **account != hub.account).cloned().collect()
    }
}
