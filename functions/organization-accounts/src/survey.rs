use std::collections::{BTreeSet, HashMap};

use aws_ports::AwsError;
use identifiers::{AccountId, OrganizationNode};

use crate::aws::Ports;
use crate::error::Error;

/// What lies under some units and roots.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Survey {
    /// Active accounts at any depth.
    pub(crate) accounts: BTreeSet<AccountId>,
    /// One for each unit or root, sorted: `o-.../r-.../ou-.../*`, as `aws:PrincipalOrgPaths` compares it.
    pub(crate) paths: BTreeSet<String>,
}

/// # Errors
/// All nodes that do not exist in one error; otherwise the first call that failed.
pub(crate) async fn survey(aws: &impl Ports, nodes: &BTreeSet<OrganizationNode>) -> Result<Survey, Error> {
    let organization = aws.describe_organization().await?;
    // The paths take few calls and find a unit that does not exist before a long walk would.
    let (paths, unknown) = paths(aws, &organization, nodes).await?;
    if !unknown.is_empty() {
        return Err(Error::UnknownNodes { nodes: unknown, organization });
    }
    let found = organization::active_accounts(aws, nodes.iter().cloned()).await?;
    if !found.unknown.is_empty() {
        return Err(Error::UnknownNodes { nodes: found.unknown, organization });
    }
    Ok(Survey { accounts: found.accounts, paths })
}

/// The path of each node that exists, and the nodes that do not.
async fn paths(
    aws: &impl Ports,
    organization: &str,
    nodes: &BTreeSet<OrganizationNode>,
) -> Result<(BTreeSet<String>, BTreeSet<OrganizationNode>), Error> {
    let mut known = HashMap::new();
    let mut paths = BTreeSet::new();
    let mut unknown = BTreeSet::new();
    for node in nodes {
        let ancestry = match node {
            OrganizationNode::Unit(unit) => ancestry(aws, unit.as_str(), &mut known).await?,
            // No call describes a root by its id; listing what is under it tells whether there is one.
            OrganizationNode::Root(root) => {
                found(aws.list_organizational_units_for_parent(node, None).await)?.map(|_| root.to_string())
            }
        };
        match ancestry {
            Some(ancestry) => _ = paths.insert(format!("{organization}/{ancestry}/*")),
            None => _ = unknown.insert(node.clone()),
        }
    }
    Ok((paths, unknown))
}

/// `r-.../ou-.../ou-...` down to the unit; `None` if there is no such unit. `known` saves asking for a shared ancestor again.
async fn ancestry(aws: &impl Ports, unit: &str, known: &mut HashMap<String, String>) -> Result<Option<String>, Error> {
    let mut below = vec![unit.to_owned()];
    let mut above = None;
    while above.is_none() {
        let child = below.last().map_or(unit, String::as_str);
        if let Some(path) = known.get(child) {
            above = Some(path.clone());
            below.pop();
            continue;
        }
        let parent = match found(aws.list_parents(child).await)? {
            None if below.len() == 1 => return Ok(None),
            parent => parent.flatten().ok_or_else(|| Error::Unexpected {
                operation: "organizations:ListParents",
                what: format!("no parent of {child}"),
            })?,
        };
        if parent.is_root {
            above = Some(parent.id);
        } else if below.contains(&parent.id) {
            let what = format!("{} both above and below {child}", parent.id);
            return Err(Error::Unexpected { operation: "organizations:ListParents", what });
        } else {
            below.push(parent.id);
        }
    }
    let mut path = above.unwrap_or_default();
    for unit in below.into_iter().rev() {
        path = format!("{path}/{unit}");
        known.insert(unit, path.clone());
    }
    Ok(Some(path))
}

/// `None` for what does not exist.
fn found<T>(result: Result<T, AwsError>) -> Result<Option<T>, Error> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error.into()),
    }
}
