//! `Custom::OrganizationAccounts` {`OrganizationalUnitIds` or `AccountIds`, `Exclude`} -> {`Accounts`, `Count`,
//! `OrganizationPaths`}: the accounts a stack works with.
//!
//! - `Accounts`: ids, sorted, comma-delimited; empty if there is none.
//! - `Count`: how many.
//! - `OrganizationPaths`: `o-.../r-.../ou-.../*` of each unit or root, sorted, comma-delimited, for `aws:PrincipalOrgPaths`
//!   and its kin; empty when accounts are listed.
//!
//! With `OrganizationalUnitIds` these are the active accounts under the units and roots, at any depth. With `AccountIds`
//! it is that list, checked, and no AWS call is made.
//!
//! # Decisions
//! - `Exclude` is a filter: an account in it that is nowhere to be found is logged and is no fault. Otherwise closing an
//!   excluded account, or moving it elsewhere, would fail the next unrelated update of the stack.
//! - The answer is as of now. An account that joins a unit later is in it after the next Update.
//! - No account at all is an answer, not a fault: a unit may be filled later.
//! - Nothing is made, so Delete has nothing to undo and calls nothing.
//!
//! # Limits
//! CloudFormation takes an answer of 4096 bytes. An account costs 13 of them and a unit's path 50 to 250, so some 250
//! accounts fit. Beyond that the resource fails and says so: split the units over several resources, or grant access by
//! `OrganizationPaths`, whose size does not depend on the number of accounts.
//!
//! Organizations answers the management account and delegated administrators only, a few requests a second. A unit takes
//! two requests or more; with a thousand units below it, give the function some minutes.

mod aws;
mod error;
mod properties;
mod survey;

use std::collections::BTreeSet;

use custom_resource::{Attributes, CustomResource, Failure, Progress, Request};

pub use aws::{AwsOrganizations, Parent, Ports};
pub use error::Error;
pub use properties::{Properties, Source};
use survey::Survey;

/// The custom resource, over any implementation of its [`Ports`].
#[derive(Debug)]
pub struct OrganizationAccounts<A> {
    aws: A,
}

impl<A: Ports> OrganizationAccounts<A> {
    /// Calls nothing.
    pub const fn new(aws: A) -> Self {
        Self { aws }
    }

    async fn answer(&self, properties: &Properties) -> Result<Progress, Failure> {
        let Survey { mut accounts, paths } = match &properties.source {
            Source::Under(nodes) => survey::survey(&self.aws, nodes).await?,
            Source::Listed(accounts) => Survey { accounts: accounts.clone(), paths: BTreeSet::new() },
        };
        for account in &properties.exclude {
            if !accounts.remove(account) {
                tracing::warn!(%account, "excluded account is not among the accounts");
            }
        }
        tracing::info!(accounts = accounts.len(), "accounts found");
        Ok(Progress::Done(
            Attributes::new()
                .with("Accounts", comma_delimited(&accounts))
                .with("Count", accounts.len().to_string())
                .with("OrganizationPaths", comma_delimited(&paths)),
        ))
    }
}

impl<A: Ports> CustomResource for OrganizationAccounts<A> {
    const KIND: &'static str = "organization-accounts";
    type Properties = Properties;

    async fn create(&self, request: &Request<Properties>) -> Result<Progress, Failure> {
        self.answer(&request.properties).await
    }

    async fn update(&self, request: &Request<Properties>, _old: Option<&Properties>) -> Result<Progress, Failure> {
        self.answer(&request.properties).await
    }

    async fn delete(&self, _request: &Request<Option<Properties>>) -> Result<Progress, Failure> {
        Ok(Progress::Done(Attributes::new()))
    }
}

fn comma_delimited<T: ToString>(values: &BTreeSet<T>) -> String {
    values.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}
