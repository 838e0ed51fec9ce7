//! An account in memory: what the function may reach, what it called, and the call that fails.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard};

use aws_ports::AwsError;
use identifiers::RoleArn;
use sagemaker_projects::{Page, Ports, Share};

pub(crate) const ENABLE: &str = "sagemaker:EnableSagemakerServicecatalogPortfolio";
pub(crate) const LIST: &str = "servicecatalog:ListAcceptedPortfolioShares";
pub(crate) const ASSOCIATE: &str = "servicecatalog:AssociatePrincipalWithPortfolio";
const DISASSOCIATE: &str = "servicecatalog:DisassociatePrincipalFromPortfolio";

/// Service Catalog and SageMaker of one account in one region.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) enabled: bool,
    /// Listings until SageMaker's share shows.
    pub(crate) hidden_for: usize,
    /// Accepted shares of others, a page each, before SageMaker's.
    pub(crate) others: Vec<Vec<Share>>,
    pub(crate) associations: BTreeSet<(String, RoleArn)>,
    /// Roles that IAM has not told Service Catalog of, and for how many calls.
    pub(crate) unknown_roles: Vec<(RoleArn, usize)>,
    pub(crate) calls: Vec<&'static str>,
    /// The call, from 1, that fails, with its code and whether its effect takes place all the same.
    pub(crate) failing: Option<(usize, &'static str, bool)>,
}

/// The one that a function works on; clones share it.
#[derive(Clone, Default)]
pub(crate) struct Account(Arc<Mutex<State>>);

impl Account {
    fn call<T>(
        &self,
        operation: &'static str,
        effect: impl FnOnce(&mut State) -> Result<T, (&'static str, &'static str)>,
    ) -> Result<T, AwsError> {
        let mut state = self.0.lock().unwrap();
        state.calls.push(operation);
        match state.failing {
            Some((at, code, takes_place)) if at == state.calls.len() => {
                if takes_place {
                    let _ = effect(&mut state);
                }
                Err(AwsError::answered(operation, code, "arranged by the test"))
            }
            _ => effect(&mut state).map_err(|(code, message)| AwsError::answered(operation, code, message)),
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub(crate) fn associated(&self) -> BTreeSet<String> {
        self.state().associations.iter().map(|(portfolio, role)| format!("{portfolio} {}", role.name())).collect()
    }

    pub(crate) fn count(&self, operation: &str) -> usize {
        self.state().calls.iter().filter(|call| **call == operation).count()
    }
}

fn sagemakers_share() -> Share {
    Share {
        portfolio_id: "port-sagemaker".into(),
        provider_name: "Amazon SageMaker".into(),
        display_name: "Amazon SageMaker Solutions and ML Ops products".into(),
        created: Some(1_606_000_000),
    }
}

pub(crate) fn someones_share(id: &str) -> Share {
    Share { portfolio_id: id.into(), provider_name: "Platform".into(), display_name: "Tools".into(), created: None }
}

impl Ports for Account {
    async fn enable_sagemaker_servicecatalog_portfolio(&self) -> Result<(), AwsError> {
        self.call(ENABLE, |state| {
            state.enabled = true;
            Ok(())
        })
    }

    async fn list_accepted_portfolio_shares(&self, page: Option<String>) -> Result<Page<Share>, AwsError> {
        self.call(LIST, |state| {
            let mut pages = state.others.clone();
            if state.enabled && state.hidden_for == 0 {
                pages.push(vec![sagemakers_share()]);
            }
            let at: usize = page.map_or(0, |token| token.parse().unwrap());
            if at + 1 >= pages.len() {
                state.hidden_for = state.hidden_for.saturating_sub(1);
            }
            Ok(Page {
                items: pages.get(at).cloned().unwrap_or_default(),
                next: (at + 1 < pages.len()).then(|| (at + 1).to_string()),
            })
        })
    }

    async fn associate_principal_with_portfolio(&self, portfolio_id: &str, role: &RoleArn) -> Result<(), AwsError> {
        self.call(ASSOCIATE, |state| {
            if let Some((_, calls)) =
                state.unknown_roles.iter_mut().find(|(unknown, calls)| unknown == role && *calls > 0)
            {
                *calls -= 1;
                return Err(("InvalidParametersException", "Invalid input parameter(s)"));
            }
            state.associations.insert((portfolio_id.to_owned(), role.clone()));
            Ok(())
        })
    }

    async fn disassociate_principal_from_portfolio(&self, portfolio_id: &str, role: &RoleArn) -> Result<(), AwsError> {
        self.call(DISASSOCIATE, |state| {
            if state.associations.remove(&(portfolio_id.to_owned(), role.clone())) {
                Ok(())
            } else {
                Err(("ResourceNotFoundException", "no such association"))
            }
        })
    }
}
