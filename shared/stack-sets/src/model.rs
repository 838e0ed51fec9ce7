use deployment::{CallAs, OperationPreferences, Permissions};
use identifiers::{AccountId, OrganizationNode, Region};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{Display, Formatter, Result};

/// A stack set, and as whom to speak about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackSetId {
    /// Unique in the account and region.
    pub name: String,
    /// `None` for a self-managed one.
    pub call_as: Option<CallAs>,
}

/// What a stack set should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// The text.
    pub template: String,
    /// All of the template's that have no default.
    pub parameters: BTreeMap<String, String>,
    /// Given to everything that the stacks make.
    pub tags: BTreeMap<String, String>,
    /// How it reaches its accounts.
    pub permissions: Permissions,
    /// How fast.
    pub preferences: OperationPreferences,
}

/// What a stack set is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackSet {
    /// The text.
    pub template: String,
    /// Without those that the template has a default for.
    pub parameters: BTreeMap<String, String>,
    /// Its own.
    pub tags: BTreeMap<String, String>,
    /// `SELF_MANAGED` or `SERVICE_MANAGED`.
    pub permission_model: String,
    /// Of a self-managed one.
    pub administration_role_arn: Option<String>,
    /// Of a self-managed one.
    pub execution_role_name: Option<String>,
    /// Where in the organization a service-managed one has its accounts.
    pub organizational_units: Vec<OrganizationNode>,
}

impl StackSet {
    /// Whether nothing of it has to change.
    pub fn is(&self, wanted: &Definition) -> bool {
        let roles = match &wanted.permissions {
            Permissions::SelfManaged { administration_role_arn, execution_role_name } => {
                self.administration_role_arn.as_deref() == Some(administration_role_arn.as_str())
                    && self.execution_role_name.as_ref() == Some(execution_role_name)
            }
            Permissions::ServiceManaged { .. } => true,
        };
        roles
            && self.template == wanted.template
            && has_all(&self.parameters, &wanted.parameters)
            && has_all(&self.tags, &wanted.tags)
    }

    /// Whether it has all of these tags.
    pub fn is_tagged(&self, tags: &BTreeMap<String, String>) -> bool {
        has_all(&self.tags, tags)
    }
}

fn has_all(found: &BTreeMap<String, String>, wanted: &BTreeMap<String, String>) -> bool {
    wanted.iter().all(|(name, value)| found.get(name) == Some(value))
}

/// Where one stack of a stack set is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    /// The target account.
    pub account: AccountId,
    /// In it.
    pub region: Region,
}

impl Display for Location {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{} in {}", self.account, self.region)
    }
}

/// One stack of a stack set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// Where.
    pub at: Location,
    /// How it compares with the set.
    pub status: InstanceStatus,
    /// Why it is not current.
    pub reason: Option<String>,
}

/// How a stack compares with its set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InstanceStatus {
    /// As the set says.
    Current,
    /// Not, or not yet.
    Outdated,
    /// Its removal failed; no update touches it any more.
    Inoperable,
}

/// Something that a stack set did or is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// As its caller chose it.
    pub id: String,
    /// How far it is.
    pub status: Status,
    /// Of the operation as a whole.
    pub reason: Option<String>,
}

/// How far an operation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Queued, running or stopping.
    Running,
    /// In all accounts but as many as were allowed to fail.
    Succeeded,
    /// In more accounts than were allowed to.
    Failed,
    /// By somebody.
    Stopped,
}

/// What an operation did in one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperationResult {
    /// Where.
    pub at: Location,
    /// Neither done nor still to be done: failed, or not tried because too many others failed.
    pub has_failed: bool,
    /// Why.
    pub reason: Option<String>,
}

/// The accounts and regions of one operation: every account in every region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addressees {
    /// At least one.
    pub accounts: Vec<AccountId>,
    /// At least one.
    pub regions: Vec<Region>,
    /// Of a service-managed set, which addresses accounts under units; empty for a self-managed one.
    pub organizational_units: Vec<OrganizationNode>,
}

impl Addressees {
    /// Each place by itself.
    pub fn locations(&self) -> impl Iterator<Item = Location> + '_ {
        let at = |account: &AccountId, region: &Region| Location { account: account.clone(), region: region.clone() };
        self.accounts.iter().flat_map(move |account| self.regions.iter().map(move |region| at(account, region)))
    }
}

/// As few groups as reach these places and no other: accounts that share their regions are in one.
pub fn by_regions(
    locations: impl IntoIterator<Item = Location>,
    organizational_units: &[OrganizationNode],
) -> Vec<Addressees> {
    let mut regions_of: BTreeMap<AccountId, BTreeSet<Region>> = BTreeMap::new();
    for Location { account, region } in locations {
        regions_of.entry(account).or_default().insert(region);
    }
    let mut groups: BTreeMap<BTreeSet<Region>, Vec<AccountId>> = BTreeMap::new();
    for (account, regions) in regions_of {
        groups.entry(regions).or_default().push(account);
    }
    groups
        .into_iter()
        .map(|(regions, accounts)| Addressees {
            accounts,
            regions: regions.into_iter().collect(),
            organizational_units: organizational_units.to_vec(),
        })
        .collect()
}
