//! The active accounts under organizational units, at any depth.
//!
//! Organizations lists one level and one page at a time; this walks the tree, each unit once, and leaves out every
//! account that is not active. A unit that was asked for and does not exist is an answer, not a failure, so that a caller
//! can name all of them; a nested unit that goes away during the walk was empty.

mod client;

use aws_ports::AwsError;
use futures_util::stream::{FuturesUnordered, StreamExt};
use identifiers::{AccountId, OrganizationNode};
use std::collections::{BTreeSet, HashSet, VecDeque};
use std::future::Future;

/// Organizations allows a whole organization few requests a second; more at once only come back throttled.
const NODES_AT_ONCE: usize = 4;

/// One page of a listing, and where the next one begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// May be empty although more pages follow.
    pub items: Vec<T>,
    /// `None` on the last page.
    pub next: Option<String>,
}

/// An account as Organizations lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// 12 digits.
    pub id: String,
    /// `ACTIVE` or another state.
    pub state: String,
}

/// The operations of AWS Organizations that a walk needs. The SDK's client has them.
pub trait Listing: Send + Sync {
    /// `organizations:ListAccountsForParent`: accounts directly under a root or unit.
    fn list_accounts_for_parent(
        &self,
        parent: &OrganizationNode,
        page: Option<String>,
    ) -> impl Future<Output = Result<Page<Account>, AwsError>> + Send;

    /// `organizations:ListOrganizationalUnitsForParent`: ids of units directly under a root or unit.
    fn list_organizational_units_for_parent(
        &self,
        parent: &OrganizationNode,
        page: Option<String>,
    ) -> impl Future<Output = Result<Page<String>, AwsError>> + Send;
}

/// What was found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Active accounts.
    pub accounts: BTreeSet<AccountId>,
    /// The nodes that do not exist, of those that were asked for.
    pub unknown: BTreeSet<OrganizationNode>,
}

/// Why a walk ended early.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A call failed.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// An answer that contradicts the service's own documentation.
    #[error("{operation} answered {found:?}, expected {expected}")]
    Unexpected {
        /// As in an IAM policy.
        operation: &'static str,
        /// A part of the answer.
        found: String,
        /// What it should have been.
        expected: identifiers::Expected,
    },
}

/// The active accounts under `nodes`.
///
/// # Errors
/// The first call that failed, and an answer that cannot be read.
pub async fn active_accounts(
    organization: &impl Listing,
    nodes: impl IntoIterator<Item = OrganizationNode>,
) -> Result<Found, Error> {
    let asked: BTreeSet<_> = nodes.into_iter().collect();
    let mut waiting: VecDeque<_> = asked.iter().cloned().collect();
    let mut seen: HashSet<_> = asked.iter().cloned().collect();
    let mut running = FuturesUnordered::new();
    let mut found = Found::default();
    loop {
        while running.len() < NODES_AT_ONCE
            && let Some(node) = waiting.pop_front()
        {
            running.push(async { (children(organization, &node).await, node) });
        }
        let Some((children, node)) = running.next().await else { return Ok(found) };
        let Some((accounts, units)) = children? else {
            if asked.contains(&node) {
                found.unknown.insert(node);
            }
            continue;
        };
        for unit in units {
            let unit: OrganizationNode = read("organizations:ListOrganizationalUnitsForParent", &unit)?;
            if seen.insert(unit.clone()) {
                waiting.push_back(unit);
            }
        }
        for account in accounts {
            if account.state == "ACTIVE" {
                found.accounts.insert(read("organizations:ListAccountsForParent", &account.id)?);
            } else {
                tracing::info!(account = account.id, state = account.state, "account left out");
            }
        }
    }
}

fn read<T: std::str::FromStr<Err = identifiers::Expected>>(operation: &'static str, text: &str) -> Result<T, Error> {
    text.parse().map_err(|expected| Error::Unexpected { operation, found: text.to_owned(), expected })
}

type Children = (Vec<Account>, Vec<String>);

/// What is directly under a node; `None` if there is no such node.
async fn children(organization: &impl Listing, node: &OrganizationNode) -> Result<Option<Children>, AwsError> {
    let children = async {
        let accounts = all_pages(|page| organization.list_accounts_for_parent(node, page)).await?;
        let units = all_pages(|page| organization.list_organizational_units_for_parent(node, page)).await?;
        Ok((accounts, units))
    };
    match children.await {
        Ok(children) => Ok(Some(children)),
        Err(error) => {
            let error: AwsError = error;
            if error.is_not_found() { Ok(None) } else { Err(error) }
        }
    }
}

async fn all_pages<T, F>(mut list: impl FnMut(Option<String>) -> F) -> Result<Vec<T>, AwsError>
where
    F: Future<Output = Result<Page<T>, AwsError>>,
{
    let mut items = Vec::new();
    let mut page = None;
    loop {
        let answer = list(page).await?;
        items.extend(answer.items);
        page = answer.next;
        if page.is_none() {
            return Ok(items);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// Children by parent, one item a page, with an empty page before the last.
    struct Tree(BTreeMap<&'static str, Node>);

    /// Accounts with their states, and units.
    type Node = (Vec<(&'static str, &'static str)>, Vec<&'static str>);

    fn page<T: Clone>(items: &[T], page: Option<String>) -> Page<T> {
        let number: usize = page.map_or(0, |page| page.parse().unwrap());
        let next = (number <= items.len()).then(|| (number + 1).to_string());
        Page { items: items.get(number).cloned().into_iter().collect(), next }
    }

    impl Tree {
        fn node(&self, parent: &OrganizationNode) -> Result<&Node, AwsError> {
            let answer = self.0.get(parent.as_ref());
            answer.ok_or_else(|| AwsError::answered("organizations:List", "ParentNotFoundException", "no such parent"))
        }
    }

    impl Listing for Tree {
        async fn list_accounts_for_parent(
            &self,
            parent: &OrganizationNode,
            at: Option<String>,
        ) -> Result<Page<Account>, AwsError> {
            let accounts: Vec<_> = self
                .node(parent)?
                .0
                .iter()
                .map(|(id, state)| Account { id: (*id).to_owned(), state: (*state).to_owned() })
                .collect();
            Ok(page(&accounts, at))
        }

        async fn list_organizational_units_for_parent(
            &self,
            parent: &OrganizationNode,
            at: Option<String>,
        ) -> Result<Page<String>, AwsError> {
            let units: Vec<_> = self.node(parent)?.1.iter().map(|id| (*id).to_owned()).collect();
            Ok(page(&units, at))
        }
    }

    #[tokio::test]
    async fn nested_units_and_pages_and_only_active_accounts() {
        let tree = Tree(BTreeMap::from([
            ("r-ab12", (vec![("111111111111", "ACTIVE")], vec!["ou-ab12-aaaaaaaa"])),
            (
                "ou-ab12-aaaaaaaa",
                (
                    vec![("222222222222", "ACTIVE"), ("333333333333", "SUSPENDED"), ("444444444444", "ACTIVE")],
                    vec!["ou-ab12-bbbbbbbb", "ou-ab12-gone0000"],
                ),
            ),
            ("ou-ab12-bbbbbbbb", (vec![("555555555555", "ACTIVE"), ("666666666666", "PENDING_CLOSURE")], vec![])),
        ]));
        let asked = ["ou-ab12-aaaaaaaa", "ou-ab12-bbbbbbbb", "ou-ab12-unknown0"].map(|id| id.parse().unwrap());
        let found = active_accounts(&tree, asked).await.unwrap();
        let accounts: Vec<_> = found.accounts.iter().map(AccountId::as_str).collect();
        assert_eq!(accounts, ["222222222222", "444444444444", "555555555555"]);
        assert_eq!(found.unknown, BTreeSet::from(["ou-ab12-unknown0".parse().unwrap()]));
        let whole = active_accounts(&tree, ["r-ab12".parse().unwrap()]).await.unwrap();
        assert_eq!(whole.accounts.len(), 4);
    }

    #[tokio::test]
    async fn an_answer_that_cannot_be_read_is_named() {
        let tree = Tree(BTreeMap::from([("r-ab12", (vec![("12", "ACTIVE")], vec![]))]));
        let error = active_accounts(&tree, ["r-ab12".parse().unwrap()]).await.unwrap_err().to_string();
        assert_eq!(error, r#"organizations:ListAccountsForParent answered "12", expected an account id of 12 digits"#);
    }
}
