use crate::aws::hub::Hub;
use crate::error::Error;
use deployment::{CallAs, Fault, Permissions, StageDraft, Targets};
use identifiers::{AccountId, Region, RootId};
use std::collections::BTreeMap;

/// The accounts of each stage as of now, sorted; none for a stage whose targets could not be read.
///
/// # Errors
/// Of the calls. What is wrong with the accounts is added to the faults.
pub(crate) async fn accounts(
    hub: &impl Hub,
    stages: &[StageDraft],
    home: (&AccountId, &Region),
    faults: &mut Vec<Fault>,
) -> Result<Vec<Vec<AccountId>>, Error> {
    let mut all = Vec::with_capacity(stages.len());
    for stage in stages {
        all.push(of_stage(hub, stage, faults).await?);
    }
    in_one_stage_each(stages, &all, home, faults);
    Ok(all)
}

async fn of_stage(hub: &impl Hub, stage: &StageDraft, faults: &mut Vec<Fault>) -> Result<Vec<AccountId>, Error> {
    let path = &stage.path;
    let (accounts, from) = match &stage.targets {
        None => return Ok(Vec::new()),
        Some(Targets::Accounts(accounts)) => (accounts.iter().cloned().collect(), "accountIds"),
        Some(Targets::OrganizationalUnits(units)) => {
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
            path: path.clone(),
            problem: format!("has no account: {from} less exclude leaves no active one, expected at least one"),
        });
    }
    if let Some(Err(missing)) = stage.waves.as_ref().map(|waves| waves.of(&left)) {
        faults.extend(missing.into_iter().map(|account| Fault {
            path: format!("{path}.waves.canary.accountIds"),
            problem: format!("{account} is no account of the stage: an account goes first only where it goes at all"),
        }));
    }
    Ok(left)
}

/// An account of two stages would get a version for good before the first of them was found to serve. The hub account is
/// spared: who has one account only tries everything in it.
fn in_one_stage_each(
    stages: &[StageDraft],
    accounts: &[Vec<AccountId>],
    (hub, home): (&AccountId, &Region),
    faults: &mut Vec<Fault>,
) {
    let mut seen = BTreeMap::new();
    for (stage, accounts) in stages.iter().zip(accounts) {
        let regions = if stage.regions.is_empty() { vec![home.clone()] } else { stage.regions.clone() };
        for account in accounts.iter().filter(|account| *account != hub) {
            let earlier =
                regions.iter().filter_map(|region| seen.insert((account, region.clone()), &stage.path)).last();
            if let Some(earlier) = earlier {
                faults.push(Fault {
                    path: stage.path.clone(),
                    problem: format!("has account {account}, which {earlier} has too: exclude it from one of them"),
                });
            }
        }
    }
}

/// Service-managed stack sets address accounts by where they are; the root is above all of them, whoever moves.
///
/// # Errors
/// Of the call, and what Organizations should not answer.
pub(crate) async fn organization_root(hub: &impl Hub, permissions: &Permissions) -> Result<Option<RootId>, Error> {
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
