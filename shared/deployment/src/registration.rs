use crate::document::{Fault, Faults, Node, Object};
use crate::names::StageName;
use identifiers::{AccountId, OrganizationNode, Region, RoleArn};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::cell::RefCell;
use std::fmt::Write;
use std::str::FromStr;

/// The document that a model package group is registered with:
///
/// ```json
/// {
///   "stages": [
///     {"name": "staging", "organizationalUnitIds": ["ou-ab12-staging1"], "exclude": ["111111111111"]},
///     {"name": "prod", "accountIds": ["222222222222"], "regions": ["eu-central-1", "eu-west-1"],
///      "instance": {"type": "ml.m5.large", "count": 2},
///      "operationPreferences": {"maxConcurrentPercentage": 50, "failureTolerancePercentage": 0}}
///   ],
///   "instance": {"type": "ml.m5.large", "count": 1},
///   "modelExecutionRoleName": "SageMakerModelExecutionRole",
///   "stackSet": {"permissionModel": "SELF_MANAGED",
///     "administrationRoleArn": "arn:aws:iam::111111111111:role/StackSetAdministration",
///     "executionRoleName": "StackSetExecution"}
/// }
/// ```
///
/// `stackSet` is otherwise `{"permissionModel": "SERVICE_MANAGED", "callAs": "SELF"}` (or `"DELEGATED_ADMIN"`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// In the order in which a version passes through them; no name twice.
    pub stages: Vec<Stage>,
    /// The role that the model runs as, by its name in every target account. It is also how a deployment is verified.
    pub model_execution_role_name: String,
    /// By whose permissions the stack sets reach the accounts.
    pub permissions: Permissions,
}

/// Where a version is deployed in one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// Part of the names of all that is made for the stage.
    pub name: StageName,
    /// The accounts, or where they are found.
    pub targets: Targets,
    /// Accounts that are left out although [`targets`](Self::targets) has them.
    pub exclude: Vec<AccountId>,
    /// Empty: the platform's own region.
    pub regions: Vec<Region>,
    /// The stage's own, or the document's.
    pub instance: Instance,
    /// How many accounts at once, and how many may fail before the rest is not tried.
    pub operation_preferences: OperationPreferences,
}

/// The accounts of a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Targets {
    /// Every active account under these, at any depth, at the time of a deployment.
    OrganizationalUnits(Vec<OrganizationNode>),
    /// These.
    Accounts(Vec<AccountId>),
}

/// What an endpoint runs on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    /// Such as `ml.m5.large`.
    #[serde(rename = "type")]
    pub instance_type: String,
    /// At least 1.
    pub count: u32,
}

/// CloudFormation's operation preferences of a stack set, in percent of a stage's accounts in a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OperationPreferences {
    /// From 1 to 100.
    pub max_concurrent_percentage: u32,
    /// From 0 to 100; beyond it the remaining accounts are not tried. A stage with a failed account has failed either way.
    pub failure_tolerance_percentage: u32,
}

impl Default for OperationPreferences {
    fn default() -> Self {
        Self { max_concurrent_percentage: 100, failure_tolerance_percentage: 0 }
    }
}

/// CloudFormation's permission model of a stack set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "permissionModel")]
pub enum Permissions {
    /// Through two roles that are made beforehand.
    #[serde(rename = "SELF_MANAGED", rename_all = "camelCase")]
    SelfManaged {
        /// In the hub account.
        administration_role_arn: RoleArn,
        /// In every target account.
        execution_role_name: String,
    },
    /// Through AWS Organizations.
    #[serde(rename = "SERVICE_MANAGED", rename_all = "camelCase")]
    ServiceManaged {
        /// As whom.
        call_as: CallAs,
    },
}

impl Permissions {
    /// What calls about such a stack set must say; `None` where they say nothing.
    pub fn call_as(&self) -> Option<CallAs> {
        match self {
            Self::SelfManaged { .. } => None,
            Self::ServiceManaged { call_as } => Some(*call_as),
        }
    }
}

/// As whom an account of an organization administers service-managed stack sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CallAs {
    /// As the management account.
    #[serde(rename = "SELF")]
    Itself,
    /// As an account that was registered to do so.
    DelegatedAdmin,
}

/// Everything that is wrong with a registration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", listed(faults))]
pub struct InvalidRegistration {
    /// At least one.
    pub faults: Vec<Fault>,
}

fn listed(faults: &[Fault]) -> String {
    let mut text = match faults.len() {
        1 => "1 fault in the registration".to_owned(),
        count => format!("{count} faults in the registration"),
    };
    for (index, fault) in faults.iter().enumerate() {
        // Writing to a string cannot fail.
        let _ = write!(text, "{} {fault}", if index == 0 { ":" } else { ";" });
    }
    text
}

impl FromStr for Registration {
    type Err = InvalidRegistration;

    /// # Errors
    /// Every fault of the document, each with its path.
    fn from_str(text: &str) -> Result<Self, InvalidRegistration> {
        let document: Value = serde_json::from_str(text).map_err(|error| InvalidRegistration {
            faults: vec![Fault { path: "$".to_owned(), problem: format!("is not JSON: {error}") }],
        })?;
        let faults = Faults::default();
        let registration = registration(&faults.root(&document));
        match (registration, faults.into_vec()) {
            (Some(registration), faults) if faults.is_empty() => Ok(registration),
            (_, faults) => Err(InvalidRegistration { faults }),
        }
    }
}

fn registration(document: &Node<'_>) -> Option<Registration> {
    let mut document = document.object()?;
    // Each member is read before the first `?`, so that no fault hides another.
    let default = document.optional("instance").map(|node| instance(&node));
    let names = RefCell::default();
    let stages =
        document.required("stages").and_then(|stages| stages.some(|node| stage(node, &names, default.as_ref())));
    let model_execution_role_name = document.required("modelExecutionRoleName").and_then(|node| role_name(&node));
    let permissions = document.required("stackSet").and_then(|node| permissions(&node));
    document.close();
    Some(Registration {
        stages: stages?,
        model_execution_role_name: model_execution_role_name?,
        permissions: permissions?,
    })
}

/// `names` are those of the earlier stages. `default` is `None` where the document has no instance, and holds `None` where
/// it has a faulty one.
fn stage(node: &Node<'_>, names: &RefCell<Vec<StageName>>, default: Option<&Option<Instance>>) -> Option<Stage> {
    let mut stage = node.object()?;
    let name = stage.required("name").and_then(|node| stage_name(&node, &mut names.borrow_mut()));
    let targets = targets(&mut stage);
    let exclude = stage.optional("exclude").map_or(Some(Vec::new()), |node| node.any(Node::text));
    let regions = stage.optional("regions").map_or(Some(Vec::new()), |node| node.any(Node::text));
    let instance = match (stage.optional("instance"), default) {
        (Some(node), _) => instance(&node),
        (None, Some(default)) => default.clone(),
        (None, None) => stage.fault("has no \"instance\", and neither has the document"),
    };
    let operation_preferences = stage
        .optional("operationPreferences")
        .map_or_else(|| Some(OperationPreferences::default()), |node| operation_preferences(&node));
    stage.close();
    Some(Stage {
        name: name?,
        targets: targets?,
        exclude: exclude?,
        regions: regions?,
        instance: instance?,
        operation_preferences: operation_preferences?,
    })
}

fn stage_name(node: &Node<'_>, names: &mut Vec<StageName>) -> Option<StageName> {
    let name: StageName = node.text()?;
    if names.contains(&name) {
        return node.fault(format_args!("is the name of an earlier stage: {:?}", name.as_str()));
    }
    names.push(name.clone());
    Some(name)
}

fn targets(stage: &mut Object<'_>) -> Option<Targets> {
    match (stage.optional("organizationalUnitIds"), stage.optional("accountIds")) {
        (Some(units), None) => units.some(Node::text).map(Targets::OrganizationalUnits),
        (None, Some(accounts)) => accounts.some(Node::text).map(Targets::Accounts),
        (Some(_), Some(_)) => {
            stage.fault("has both \"organizationalUnitIds\" and \"accountIds\"; expected one of them")
        }
        (None, None) => stage.fault("has neither \"organizationalUnitIds\" nor \"accountIds\"; expected one of them"),
    }
}

fn instance(node: &Node<'_>) -> Option<Instance> {
    let mut instance = node.object()?;
    let instance_type = instance.required("type").and_then(|node| node.text::<InstanceType>());
    let count = instance.required("count").and_then(|node| node.integer(1..=1000));
    instance.close();
    Some(Instance { instance_type: instance_type?.0, count: count? })
}

fn operation_preferences(node: &Node<'_>) -> Option<OperationPreferences> {
    let default = OperationPreferences::default();
    let mut preferences = node.object()?;
    let concurrent = preferences
        .optional("maxConcurrentPercentage")
        .map_or(Some(default.max_concurrent_percentage), |node| node.integer(1..=100));
    let tolerance = preferences
        .optional("failureTolerancePercentage")
        .map_or(Some(default.failure_tolerance_percentage), |node| node.integer(0..=100));
    preferences.close();
    Some(OperationPreferences { max_concurrent_percentage: concurrent?, failure_tolerance_percentage: tolerance? })
}

fn permissions(node: &Node<'_>) -> Option<Permissions> {
    let mut stack_set = node.object()?;
    let permissions = match stack_set.required("permissionModel").and_then(|node| node.text::<PermissionModel>())? {
        PermissionModel::SelfManaged => {
            let administration = stack_set.required("administrationRoleArn").and_then(|node| node.text());
            let execution = stack_set.required("executionRoleName").and_then(|node| role_name(&node));
            administration.zip(execution).map(|(administration_role_arn, execution_role_name)| {
                Permissions::SelfManaged { administration_role_arn, execution_role_name }
            })
        }
        PermissionModel::ServiceManaged => {
            let call_as = stack_set.optional("callAs").map_or(Some(CallAs::Itself), |node| node.text());
            call_as.map(|call_as| Permissions::ServiceManaged { call_as })
        }
    };
    stack_set.close();
    permissions
}

fn role_name(node: &Node<'_>) -> Option<String> {
    node.text::<RoleName>().map(|name| name.0)
}

struct RoleName(String);

impl FromStr for RoleName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let accepted = (1..=64).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte));
        accepted.then(|| Self(text.to_owned())).ok_or("a role name of 1 to 64 characters, without a path")
    }
}

struct InstanceType(String);

impl FromStr for InstanceType {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_part = |part: &str| {
            !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        let accepted = text
            .strip_prefix("ml.")
            .and_then(|text| text.split_once('.'))
            .is_some_and(|(family, size)| is_part(family) && is_part(size));
        accepted.then(|| Self(text.to_owned())).ok_or("an instance type such as ml.m5.large")
    }
}

enum PermissionModel {
    SelfManaged,
    ServiceManaged,
}

impl FromStr for PermissionModel {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "SELF_MANAGED" => Ok(Self::SelfManaged),
            "SERVICE_MANAGED" => Ok(Self::ServiceManaged),
            _ => Err("SELF_MANAGED or SERVICE_MANAGED"),
        }
    }
}

impl FromStr for CallAs {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "SELF" => Ok(Self::Itself),
            "DELEGATED_ADMIN" => Ok(Self::DelegatedAdmin),
            _ => Err("SELF or DELEGATED_ADMIN"),
        }
    }
}
