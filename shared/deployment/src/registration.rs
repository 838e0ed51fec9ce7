use crate::endpoint::{EndpointSettings, endpoint};
use crate::names::StageName;
use crate::verification::{Verification, verification};
use crate::waves::{MOST_ALARMS, Waves, waves};
use checked_document::{Fault, Faults, Node, Object};
use identifiers::{AccountId, OrganizationNode, Region, RoleArn};
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::str::FromStr;

/// The document that a model package group is registered with:
///
/// ```json
/// {
///   "stages": [
///     {"name": "staging", "organizationalUnitIds": ["ou-ab12-staging1"], "exclude": ["111111111111"]},
///     {"name": "prod", "accountIds": ["222222222222", "333333333333"], "regions": ["eu-central-1", "eu-west-1"],
///      "endpoint": {"type": "realTime",
///        "variants": [{"name": "AllTraffic", "instance": {"type": "ml.m5.large", "count": 2}}]},
///      "waves": {"canary": {"accounts": 1, "bakeSeconds": 900}, "rest": {"maxConcurrentPercentage": 50}},
///      "approval": {"expiresAfterHours": 72}}
///   ],
///   "endpoint": {"type": "realTime",
///     "variants": [{"name": "AllTraffic", "instance": {"type": "ml.m5.large", "count": 1}}]},
///   "verification": {"payload": {"text": "5.1,3.5"}, "contentType": "text/csv", "maxLatencyMs": 500},
///   "modelExecutionRoleName": "SageMakerModelExecutionRole",
///   "stackSet": {"permissionModel": "SELF_MANAGED",
///     "administrationRoleArn": "arn:aws:iam::111111111111:role/StackSetAdministration",
///     "executionRoleName": "StackSetExecution"},
///   "rollbackOnReject": true,
///   "separationOfDuties": true
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
    /// How the group's endpoints are asked whether they answer.
    pub verification: Option<Verification>,
    /// Whether the last good version comes back when a live one is rejected. Otherwise it goes on serving.
    pub rollback_on_reject: bool,
    /// Whether who registered a version may not approve it.
    pub separation_of_duties: bool,
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
    pub endpoint: EndpointSettings,
    /// Who gets a version first, and what has to hold before the others do.
    pub waves: Waves,
    /// Whether somebody has to say yes before the stage is touched.
    pub approval: Option<StageApproval>,
}

/// Somebody has to say yes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StageApproval {
    /// How long the question stands, from 1 to 336.
    pub expires_after_hours: u32,
}

/// The accounts of a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Targets {
    /// Every active account under these, at any depth, at the time of a deployment.
    OrganizationalUnits(Vec<OrganizationNode>),
    /// These.
    Accounts(Vec<AccountId>),
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

/// Two weeks: a state machine's execution lives for a year, but nobody remembers what it asked.
const LONGEST_APPROVAL: u32 = 336;

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

/// As much of a registration as could be read, and what is wrong with the rest: what comes after can look for further
/// faults before the deployment is refused with all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Draft {
    /// In the document's order.
    pub stages: Vec<StageDraft>,
    /// See [`Registration`], like all others.
    pub model_execution_role_name: Option<String>,
    /// By whose permissions the stack sets reach the accounts.
    pub permissions: Option<Permissions>,
    /// How the group's endpoints are asked whether they answer.
    pub verification: Option<Verification>,
    /// Whether the last good version comes back.
    pub rollback_on_reject: bool,
    /// Whether who registered a version may not approve it.
    pub separation_of_duties: bool,
    /// None: the draft is a registration.
    pub faults: Vec<Fault>,
}

/// As much of a stage as could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageDraft {
    /// Where it stands in the document, such as `$.stages[0]`.
    pub path: String,
    /// See [`Stage`], like all others.
    pub name: Option<StageName>,
    /// The accounts, or where they are found.
    pub targets: Option<Targets>,
    /// Accounts that are left out.
    pub exclude: Vec<AccountId>,
    /// Empty: the platform's own region.
    pub regions: Vec<Region>,
    /// What every endpoint is.
    pub endpoint: Option<EndpointSettings>,
    /// Who gets a version first.
    pub waves: Option<Waves>,
    /// Whether somebody has to say yes.
    pub approval: Option<StageApproval>,
}

impl Draft {
    /// Reads what can be read.
    pub fn read(text: &str) -> Self {
        let faults = Faults::default();
        let draft = faults.parse(text).and_then(|document| draft(&faults.root(&document))).unwrap_or_default();
        Self { faults: faults.into_vec(), ..draft }
    }

    /// The registration.
    ///
    /// # Errors
    /// Every fault of the document, each with its path.
    pub fn finish(self) -> Result<Registration, InvalidRegistration> {
        let Self { stages, verification, rollback_on_reject, separation_of_duties, faults, .. } = self;
        let stages: Option<Vec<_>> = stages.into_iter().map(StageDraft::finish).collect();
        match (stages, self.model_execution_role_name, self.permissions) {
            (Some(stages), Some(model_execution_role_name), Some(permissions)) if faults.is_empty() => {
                Ok(Registration {
                    stages,
                    model_execution_role_name,
                    permissions,
                    verification,
                    rollback_on_reject,
                    separation_of_duties,
                })
            }
            _ => Err(InvalidRegistration { faults }),
        }
    }
}

impl StageDraft {
    fn finish(self) -> Option<Stage> {
        let Self { name, targets, exclude, regions, endpoint, waves, approval, path: _ } = self;
        Some(Stage { name: name?, targets: targets?, exclude, regions, endpoint: endpoint?, waves: waves?, approval })
    }
}

impl FromStr for Registration {
    type Err = InvalidRegistration;

    /// # Errors
    /// Every fault of the document, each with its path.
    fn from_str(text: &str) -> Result<Self, InvalidRegistration> {
        Draft::read(text).finish()
    }
}

fn draft(document: &Node<'_>) -> Option<Draft> {
    let mut document = document.object()?;
    let default = document.optional("endpoint").map(|node| endpoint(&node));
    let verification = document.optional("verification").and_then(|node| verification(&node));
    let names = RefCell::default();
    let read = |node: &Node<'_>| stage(node, &names, default.as_ref(), verification.as_ref());
    let stages = document.required("stages").map(|stages| stages.each(read)).unwrap_or_default();
    let waves = stages.iter().filter_map(|stage: &StageDraft| stage.waves.as_ref());
    let alarms = waves.flat_map(Waves::alarm_names).collect::<BTreeSet<_>>().len();
    if alarms > MOST_ALARMS {
        // Before anything is touched, all of them are looked for in one call.
        document
            .fault::<()>(format_args!("names {alarms} alarms in all waves together, expected at most {MOST_ALARMS}"));
    }
    let model_execution_role_name = document.required("modelExecutionRoleName").and_then(|node| role_name(&node));
    let permissions = document.required("stackSet").and_then(|node| permissions(&node));
    let rollback_on_reject = document.optional("rollbackOnReject").and_then(|node| node.boolean()).unwrap_or_default();
    let separation_of_duties =
        document.optional("separationOfDuties").and_then(|node| node.boolean()).unwrap_or_default();
    document.close();
    Some(Draft {
        stages,
        model_execution_role_name,
        permissions,
        verification,
        rollback_on_reject,
        separation_of_duties,
        faults: Vec::new(),
    })
}

/// `names` are those of the earlier stages. `default` is `None` where the document has no endpoint, and holds `None` where
/// it has a faulty one.
fn stage(
    node: &Node<'_>,
    names: &RefCell<Vec<StageName>>,
    default: Option<&Option<EndpointSettings>>,
    verification: Option<&Verification>,
) -> Option<StageDraft> {
    let mut stage = node.object()?;
    let name = stage.required("name").and_then(|node| stage_name(&node, &mut names.borrow_mut()));
    let targets = targets(&mut stage);
    let exclude = stage.optional("exclude").and_then(|node| node.any(Node::text)).unwrap_or_default();
    let regions = stage.optional("regions").and_then(|node| node.any(Node::text)).unwrap_or_default();
    let endpoint = match (stage.optional("endpoint"), default) {
        (Some(node), _) => endpoint(&node),
        (None, Some(default)) => default.clone(),
        (None, None) => stage.fault("has no \"endpoint\", and neither has the document"),
    };
    let waves = stage.optional("waves").map_or_else(|| Some(Waves::default()), |node| waves(&node));
    let approval = stage.optional("approval").and_then(|node| approval(&node));
    for problem in
        endpoint.iter().zip(verification).flat_map(|(endpoint, verification)| verification.faults_for(endpoint))
    {
        stage.fault::<()>(problem);
    }
    stage.close();
    Some(StageDraft { path: node.path().to_owned(), name, targets, exclude, regions, endpoint, waves, approval })
}

fn approval(node: &Node<'_>) -> Option<StageApproval> {
    let mut approval = node.object()?;
    let expires_after_hours =
        approval.required("expiresAfterHours").and_then(|node| node.integer(1..=LONGEST_APPROVAL));
    approval.close();
    Some(StageApproval { expires_after_hours: expires_after_hours? })
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
