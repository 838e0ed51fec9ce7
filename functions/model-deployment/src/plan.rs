use crate::aws::hub::{Hub, ModelPackage};
use crate::error::Error;
use deployment::{
    CallAs, DeploymentRequest, Fault, InvalidRegistration, ParameterNames, Permissions, Plan, Registration, Stage,
    StagePlan, Targets,
};
use identifiers::{AccountId, ModelPackageArn, RootId};

/// Decides what the execution will do, before it touches anything.
///
/// # Errors
/// All that is wrong with registration and model package, at once.
pub(crate) async fn plan(hub: &impl Hub, request: &DeploymentRequest) -> Result<Plan, Error> {
    let arn = &request.model_package_arn;
    let parameter = ParameterNames::new(&request.platform_name, request.group()).registration();
    let document = hub.parameter(&parameter).await?.ok_or(Error::NotRegistered { parameter })?;
    let package = hub.model_package(arn).await?;
    let registration: Registration = document.parse().map_err(|InvalidRegistration { faults }| Error::Refused {
        registration: faults,
        package: package_faults(arn, package.as_ref(), &[]),
    })?;
    let mut faults = Vec::new();
    let root = organization_root(hub, &registration.permissions).await?;
    let mut stages = Vec::with_capacity(registration.stages.len());
    for (index, stage) in registration.stages.iter().enumerate() {
        let accounts = accounts(hub, stage, &format!("$.stages[{index}]"), &mut faults).await?;
        stages.push(StagePlan::new(
            request,
            stage,
            &registration.model_execution_role_name,
            &registration.permissions,
            root.clone(),
            accounts,
        ));
    }
    let package = package_faults(arn, package.as_ref(), &registration.stages);
    if !(faults.is_empty() && package.is_empty()) {
        return Err(Error::Refused { registration: faults, package });
    }
    tracing::info!(
        model_package_arn = arn.as_str(),
        approval_id = request.approval.id,
        stages = %stages.iter().map(|stage| format!("{}: {} accounts", stage.name, stage.accounts.len())).collect::<Vec<_>>().join(", "),
        "deployment planned"
    );
    Ok(Plan { stages })
}

/// The accounts of a stage as of now, sorted.
async fn accounts(hub: &impl Hub, stage: &Stage, path: &str, faults: &mut Vec<Fault>) -> Result<Vec<AccountId>, Error> {
    let (accounts, from) = match &stage.targets {
        Targets::Accounts(accounts) => (accounts.iter().cloned().collect(), "accountIds"),
        Targets::OrganizationalUnits(units) => {
            let found = organization::active_accounts(hub, units.iter().cloned()).await?;
            faults.extend(found.unknown.iter().map(|unit| Fault {
                path: format!("{path}.organizationalUnitIds"),
                problem: format!("{unit} does not exist, expected a unit or root of this account's organization"),
            }));
            if !found.unknown.is_empty() {
                return Ok(Vec::new());
            }
            (found.accounts, "organizationalUnitIds")
        }
    };
    let left: Vec<_> = accounts.into_iter().filter(|account| !stage.exclude.contains(account)).collect();
    if left.is_empty() {
        faults.push(Fault {
            path: path.to_owned(),
            problem: format!("has no account: {from} less exclude leaves no active one, expected at least one"),
        });
    }
    Ok(left)
}

/// Service-managed stack sets address accounts by where they are; the root is above all of them, whoever moves.
async fn organization_root(hub: &impl Hub, permissions: &Permissions) -> Result<Option<RootId>, Error> {
    let Permissions::ServiceManaged { call_as: CallAs::Itself | CallAs::DelegatedAdmin } = permissions else {
        return Ok(None);
    };
    let root = hub.organization_root().await?;
    let root = root.parse().map_err(|expected| organization::Error::Unexpected {
        operation: "organizations:ListRoots",
        found: root,
        expected,
    });
    Ok(Some(root?))
}

fn package_faults(arn: &ModelPackageArn, package: Option<&ModelPackage>, stages: &[Stage]) -> Vec<Fault> {
    let fault = |problem: String| Fault { path: format!("model package {arn}"), problem };
    let Some(package) = package else {
        return vec![fault("does not exist".to_owned())];
    };
    let mut faults = Vec::new();
    if package.status != "Completed" {
        faults.push(fault(format!("expected ModelPackageStatus Completed, found {}", package.status)));
    }
    if package.approval_status != "Approved" {
        faults.push(fault(format!("expected ModelApprovalStatus Approved, found {}", package.approval_status)));
    }
    if package.containers == 0 {
        faults
            .push(fault("has no container in an InferenceSpecification, so no endpoint can be made of it".to_owned()));
    }
    let supported = &package.instance_types;
    for stage in
        stages.iter().filter(|stage| !supported.is_empty() && !supported.contains(&stage.instance.instance_type))
    {
        faults.push(fault(format!(
            "does not support instance type {} of stage {}, expected one of {}",
            stage.instance.instance_type,
            stage.name,
            supported.join(", ")
        )));
    }
    faults
}
