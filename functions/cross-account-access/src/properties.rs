use std::collections::BTreeSet;

use custom_resource::{FromProperties, Reader, Scope};
use identifiers::{AccountId, ModelPackageGroupName};

use crate::error::Fault;
use crate::names::{BucketName, KeyArn, OrganizationPath, PrincipalPattern, RoleName};
use crate::place::Place;

pub(crate) const BUCKET_NAME: &str = "BucketName";
pub(crate) const KEY_ARNS: &str = "KeyArns";
pub(crate) const MODEL_PACKAGE_GROUP_NAMES: &str = "ModelPackageGroupNames";
pub(crate) const ACCOUNTS: &str = "Accounts";
pub(crate) const ORGANIZATION_PATHS: &str = "OrganizationPaths";
const ROLE_NAME: &str = "RoleName";
const EXECUTION_ROLE_NAME: &str = "ExecutionRoleName";
const BREAK_GLASS_PRINCIPAL_ARNS: &str = "BreakGlassPrincipalArns";

/// What the template asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Properties {
    /// `BucketName`: the bucket that holds the models.
    pub bucket: BucketName,
    /// `KeyArns`: the keys that encrypt them, and the targets' endpoints.
    pub keys: BTreeSet<KeyArn>,
    /// `ModelPackageGroupNames`: the groups that the targets may make models from.
    pub groups: BTreeSet<ModelPackageGroupName>,
    /// Who gets access.
    pub targets: Targets,
    /// `RoleName`: the role of each target account that gets it, which endpoints run as.
    pub role: RoleName,
    /// `ExecutionRoleName`: the role of each target account with which CloudFormation makes endpoints. It gets access to the
    /// groups alone: whoever makes a model needs it there, and reads neither bucket nor key.
    pub execution_role: Option<RoleName>,
    /// `BreakGlassPrincipalArns`: whom the network Deny spares.
    pub break_glass: BTreeSet<PrincipalPattern>,
}

/// Exactly one of two properties.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Targets {
    /// `Accounts`: these; each costs 15 bytes in every statement that names them.
    Accounts(BTreeSet<AccountId>),
    /// `OrganizationPaths`: every account below these places, whenever it came there.
    Units(BTreeSet<OrganizationPath>),
}

impl FromProperties for Properties {
    fn from_properties(reader: &mut Reader<'_>) -> Option<Self> {
        // All are read before the first `?`, so that one answer has the faults of all.
        let bucket = reader.required(BUCKET_NAME);
        let keys = reader.set(KEY_ARNS);
        let groups = reader.set(MODEL_PACKAGE_GROUP_NAMES);
        let accounts = reader.set(ACCOUNTS);
        let paths = reader.set(ORGANIZATION_PATHS);
        let role = reader.required(ROLE_NAME);
        let execution_role = reader.optional(EXECUTION_ROLE_NAME);
        let break_glass = reader.set(BREAK_GLASS_PRINCIPAL_ARNS);
        let targets = accounts.zip(paths).and_then(|(accounts, paths)| {
            let given = match (accounts.is_empty(), paths.is_empty()) {
                (false, true) => return Some(Targets::Accounts(accounts)),
                (true, false) => return Some(Targets::Units(paths)),
                (true, true) => "empty",
                (false, false) => "given",
            };
            reader.fault(ACCOUNTS, format_args!("and {ORGANIZATION_PATHS} are both {given}, expected one of the two"));
            None
        });
        Some(Self {
            bucket: bucket?,
            keys: keys?,
            groups: groups?,
            targets: targets?,
            role: role?,
            execution_role: execution_role?,
            break_glass: break_glass?,
        })
    }
}

impl Properties {
    /// Everything whose policy is to be written, the bucket first.
    pub(crate) fn places(&self) -> impl Iterator<Item = Place> {
        std::iter::once(Place::Bucket(self.bucket.clone()))
            .chain(self.keys.iter().cloned().map(Place::Key))
            .chain(self.groups.iter().cloned().map(Place::Group))
    }

    /// What this stack cannot reach, or cannot mean.
    pub(crate) fn faults(&self, scope: &Scope) -> Vec<Fault> {
        let keys = self.keys.iter().filter(|key| !key.is_of(scope)).map(|key| Fault::ForeignKey {
            key: key.clone(),
            account: scope.account_id.clone(),
            region: scope.region.clone(),
            partition: scope.partition.clone(),
        });
        let principals = self.break_glass.iter().filter(|principal| principal.partition() != scope.partition);
        let principals = principals.map(|principal| Fault::ForeignPrincipal {
            property: BREAK_GLASS_PRINCIPAL_ARNS,
            principal: principal.clone(),
            partition: scope.partition.clone(),
        });
        keys.chain(principals).collect()
    }
}
