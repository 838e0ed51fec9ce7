//! `Custom::ProjectRoles` {`RoleNames`} -> {one attribute per name, `OwnerTagValue`}: which of the roles that SageMaker
//! projects expect in an account, by fixed names, this stack has to make.
//!
//! - The attribute of a role is the role's name if this stack makes it, and empty if the role is there and somebody else's:
//!   a nested stack takes it as its parameter and makes the role if it is not empty.
//! - `OwnerTagValue` goes into the tag [`OWNER_TAG`] of each role that the stack makes. By it the next Update knows the role
//!   again.
//!
//! # Invariants
//! - A role that this stack made is this stack's for as long as it exists: that it is there now does not make an Update
//!   take it out of the nested stack, which would delete it. The tag `aws:cloudformation:stack-id` proves it as well, for a
//!   role that stands in the stack itself and not in a nested one.
//! - A role of somebody else is never taken over. One that SageMaker's projects could not use is refused here, with what is
//!   wrong with it, and not accepted blindly to fail in somebody's project later.
//! - Nothing is made or changed, so Delete has nothing to undo and calls nothing.
//!
//! # Decisions
//! - Own roles are not judged: the stack that makes them brings them up to date.
//! - Of a role that is no known project role only the existence is looked at.
//! - A trust under conditions counts: a condition on the source account is good practice, and whether one keeps a service
//!   out cannot be told from here.
//! - A role that an earlier stack retained is somebody else's. If it is in order it is used; the log names its stack.
//! - Two stacks side by side: the first makes a role and the second uses it. When the first takes it away, the second makes
//!   it with its next Update.

mod aws;
mod error;
mod known_roles;
mod percent;
mod properties;
mod role;

use std::time::Duration;

use aws_ports::AwsError;
use custom_resource::{Attributes, CustomResource, Failure, Progress, Request, Scope};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use identifiers::RoleName;
use serde_json::Value;

pub use aws::{AwsRoles, Ports};
pub use error::{Difference, Error};
pub use known_roles::{KNOWN_ROLES, PATH};
pub use properties::Properties;
pub use role::{Role, Standing};

/// Tag of a role, with the id of the stack that makes it.
pub const OWNER_TAG: &str = "secure-mlops:owner-stack";
/// Attribute with the value of [`OWNER_TAG`]. No role of `RoleNames` may be called so.
pub const OWNER_TAG_VALUE: &str = "OwnerTagValue";

/// Roles looked at together. IAM has one small quota for a whole account.
const AT_A_TIME: usize = 4;
/// IAM's quota fills up again within seconds.
const AGAIN_IN: Duration = Duration::from_secs(5);

/// The custom resource, over any implementation of its [`Ports`].
#[derive(Debug)]
pub struct ProjectRoles<A> {
    aws: A,
}

impl<A: Ports> ProjectRoles<A> {
    /// Calls nothing.
    pub const fn new(aws: A) -> Self {
        Self { aws }
    }

    async fn look_at(&self, name: &RoleName) -> Result<Option<Role>, Error> {
        self.aws.get_role(name).await.map_err(|source| Error::of_look(name.clone(), source))
    }

    async fn judge(&self, names: &[RoleName], scope: &Scope) -> Result<Attributes, Error> {
        let looks: Vec<_> = names.iter().map(|name| self.look_at(name)).collect();
        let roles: Vec<Option<Role>> = stream::iter(looks).buffered(AT_A_TIME).try_collect().await?;
        let mut attributes = Attributes::new().with(OWNER_TAG_VALUE, &scope.stack_id);
        let mut differences = Vec::new();
        for (name, role) in names.iter().zip(roles) {
            let standing = role.as_ref().map_or(Standing::Missing, |role| role.standing(name, scope));
            let made_here = match standing {
                Standing::Missing | Standing::Own => name.as_str(),
                Standing::Foreign { differs: None } => "",
                Standing::Foreign { differs: Some(difference) } => {
                    differences.push(difference);
                    continue;
                }
            };
            let owner = role.as_ref().and_then(Role::owner).unwrap_or_default();
            tracing::info!(role = %name, exists = role.is_some(), owner, made_here = !made_here.is_empty(), "role looked at");
            attributes = attributes.with(name.as_str(), made_here);
        }
        if differences.is_empty() { Ok(attributes) } else { Err(Error::Unfit { differences }) }
    }

    async fn answer(&self, request: &Request<Properties>) -> Result<Progress, Failure> {
        match self.judge(&request.properties.role_names, &request.scope).await {
            Ok(attributes) => Ok(Progress::Done(attributes)),
            Err(error) if error.aws().is_some_and(AwsError::is_transient) => {
                Ok(Progress::Unfinished { waiting_for: error.to_string(), state: Value::Null, again_in: AGAIN_IN })
            }
            Err(error) => Err(error.into()),
        }
    }
}

impl<A: Ports> CustomResource for ProjectRoles<A> {
    const KIND: &'static str = "project-roles";
    type Properties = Properties;

    async fn create(&self, request: &Request<Properties>) -> Result<Progress, Failure> {
        self.answer(request).await
    }

    async fn update(&self, request: &Request<Properties>, _old: Option<&Properties>) -> Result<Progress, Failure> {
        self.answer(request).await
    }

    async fn delete(&self, _request: &Request<Option<Properties>>) -> Result<Progress, Failure> {
        Ok(Progress::Done(Attributes::new()))
    }
}
