//! `Custom::SageMakerProjects` {`ExecutionRoleArns`} -> {`PortfolioId`}: SageMaker projects are enabled in this account
//! and region, and the given execution roles may use their templates.
//!
//! Enabling makes SageMaker share a Service Catalog portfolio with the account and accept the share on its behalf, which
//! takes a while; each role is then associated with that portfolio.
//!
//! # Invariants
//! - The switch belongs to the account and region, not to a stack. It is turned on and never off: another platform, or a
//!   person, may rely on it (R27). Delete says so in the log. To turn it off, call
//!   `DisableSagemakerServicecatalogPortfolio`.
//! - Only associations of roles in this resource's own properties are ever removed: on Update those that the old
//!   properties list and the new ones do not, on Delete all that are listed.
//! - Every request states the whole wish and every call may be repeated, so a request that was cut off at any point and
//!   comes again ends where an undisturbed one does (R23, R30).
//!
//! # One role in two stacks
//! An association has no tags and no owner, and associating twice leaves one association. If two stacks list one role, the
//! stack deleted first takes the role's access away from the other, as with `AWS::ServiceCatalog::PortfolioPrincipalAssociation`.
//! List each role in one stack. The other stack heals with its next Update, which associates every role it lists.
//!
//! # A role made anew under the same name
//! Service Catalog remembers a role by its unique id. A role that was deleted and made again has the same ARN, so no Update
//! comes by itself; any change of the properties associates it again.

mod aws;
mod error;
mod portfolio;
mod properties;

use std::time::Duration;

use aws_ports::AwsError;
use custom_resource::{Attributes, CustomResource, Failure, Progress, Request, Scope};
use identifiers::RoleArn;
use serde::{Deserialize, Serialize};

pub use aws::{AwsServices, Page, Ports, Share};
pub use error::Error;
pub use properties::Properties;

/// An accepted share shows within seconds; asking more often only spends the account's request quota.
const SHARE_INTERVAL: Duration = Duration::from_secs(3);
/// A role that the same stack has just made is known everywhere within some seconds, rarely within half a minute.
const ROLE_INTERVAL: Duration = Duration::from_secs(5);
const ROLE_ATTEMPTS: u32 = 8;

/// The custom resource, over any implementation of its [`Ports`].
#[derive(Debug)]
pub struct SageMakerProjects<A> {
    aws: A,
}

/// What a request remembers between the parts it is done in.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Memory {
    enabled: bool,
    refusals: u32,
}

impl<A: Ports> SageMakerProjects<A> {
    /// Calls nothing.
    pub const fn new(aws: A) -> Self {
        Self { aws }
    }

    /// Ends with every wished role associated and every leaving one not.
    async fn converge(
        &self,
        request: &Request<Properties>,
        leaving: impl Iterator<Item = &RoleArn> + Send,
    ) -> Result<Progress, Error> {
        let mut memory: Memory =
            request.state.clone().and_then(|state| serde_json::from_value(state).ok()).unwrap_or_default();
        if !memory.enabled {
            self.aws.enable_sagemaker_servicecatalog_portfolio().await?;
            memory.enabled = true;
        }
        let Some(portfolio) = portfolio::find(&self.aws).await? else {
            return Ok(unfinished(
                format!(
                    "SageMaker's portfolio to appear among the accepted portfolio shares of account {} in {}",
                    request.scope.account_id, request.scope.region
                ),
                &memory,
                SHARE_INTERVAL,
            ));
        };
        for role in &request.properties.execution_role_arns {
            match self.aws.associate_principal_with_portfolio(&portfolio.portfolio_id, role).await {
                Ok(()) => tracing::info!(%role, portfolio_id = portfolio.portfolio_id, "role associated"),
                Err(error) if is_associated_already(&error) => {}
                Err(source) if is_refused_role(&source) && memory.refusals < ROLE_ATTEMPTS => {
                    memory.refusals += 1;
                    return Ok(unfinished(
                        format!("Service Catalog to accept {role}: {source}"),
                        &memory,
                        ROLE_INTERVAL,
                    ));
                }
                Err(source) if is_refused_role(&source) => {
                    return Err(Error::RefusedRole { role: role.clone(), source: Box::new(source) });
                }
                Err(error) => return Err(error.into()),
            }
        }
        for role in leaving {
            self.disassociate(&portfolio.portfolio_id, role).await?;
        }
        Ok(Progress::Done(Attributes::new().with("PortfolioId", portfolio.portfolio_id)))
    }

    /// Content with an association, a portfolio or a role that is gone (R26).
    async fn disassociate(&self, portfolio_id: &str, role: &RoleArn) -> Result<(), AwsError> {
        match self.aws.disassociate_principal_from_portfolio(portfolio_id, role).await {
            Ok(()) => tracing::info!(%role, portfolio_id, "role disassociated"),
            Err(error) if error.is_not_found() => tracing::info!(%role, portfolio_id, "role was not associated"),
            // A role that was deleted first: what is left of its association names a unique id that IAM gives nobody again.
            Err(error) if is_refused_role(&error) => tracing::warn!(%role, portfolio_id, %error, "role is unknown"),
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

impl<A: Ports> CustomResource for SageMakerProjects<A> {
    const KIND: &'static str = "sagemaker-projects";
    type Properties = Properties;

    async fn create(&self, request: &Request<Properties>) -> Result<Progress, Failure> {
        refuse_foreign_roles(request)?;
        // A delivery of this request that was cut off may have associated roles before this one failed at its first call.
        self.converge(request, std::iter::empty()).await.map_err(Failure::half_made)
    }

    async fn update(&self, request: &Request<Properties>, old: Option<&Properties>) -> Result<Progress, Failure> {
        refuse_foreign_roles(request)?;
        if old.is_none() {
            tracing::warn!("old properties are unreadable, so no association is taken away");
        }
        let leaving = old
            .into_iter()
            .flat_map(|old| old.execution_role_arns.difference(&request.properties.execution_role_arns))
            .filter(|role| is_own(role, &request.scope));
        Ok(self.converge(request, leaving).await?)
    }

    async fn delete(&self, request: &Request<Option<Properties>>) -> Result<Progress, Failure> {
        tracing::info!("SageMaker projects stay enabled: the switch is the account's, not this stack's");
        let Some(properties) = &request.properties else {
            tracing::warn!("properties are unreadable, so no association is taken away");
            return Ok(Progress::Done(Attributes::new()));
        };
        let Some(portfolio) = portfolio::find(&self.aws).await? else {
            tracing::info!("no portfolio of SageMaker is shared with this account, so no association is left");
            return Ok(Progress::Done(Attributes::new()));
        };
        for role in properties.execution_role_arns.iter().filter(|role| is_own(role, &request.scope)) {
            self.disassociate(&portfolio.portfolio_id, role).await?;
        }
        Ok(Progress::Done(Attributes::new()))
    }
}

fn unfinished(waiting_for: String, memory: &Memory, again_in: Duration) -> Progress {
    let state = serde_json::json!({ "enabled": memory.enabled, "refusals": memory.refusals });
    Progress::Unfinished { waiting_for, state, again_in }
}

fn refuse_foreign_roles(request: &Request<Properties>) -> Result<(), Error> {
    let scope = &request.scope;
    let roles: Vec<RoleArn> =
        request.properties.execution_role_arns.iter().filter(|role| !is_own(role, scope)).cloned().collect();
    if roles.is_empty() {
        return Ok(());
    }
    Err(Error::ForeignRoles { roles, account_id: scope.account_id.clone(), partition: scope.partition.clone() })
}

/// A principal of another account cannot be associated: Service Catalog resolves the ARN in the caller's account.
fn is_own(role: &RoleArn, scope: &Scope) -> bool {
    role.account_id().as_str() == scope.account_id && role.partition() == scope.partition
}

/// The operation is documented without such an error and repeats silently; other operations of the service answer this one.
fn is_associated_already(error: &AwsError) -> bool {
    error.is_already_exists() || error.code() == Some("DuplicateResourceException")
}

/// Service Catalog has no code of its own for a role that it does not know.
fn is_refused_role(error: &AwsError) -> bool {
    error.code() == Some("InvalidParametersException")
}
