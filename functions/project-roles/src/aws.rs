use std::future::Future;

use aws_ports::{Aws, AwsError, Operation};
use aws_sdk_iam::Client;
use identifiers::RoleName;
use tokio::sync::OnceCell;

use crate::percent;
use crate::role::Role;

/// Every AWS operation this function calls, and so every action its role needs.
pub trait Ports: Send + Sync + 'static {
    /// `iam:GetRole`, with the role's tags. `None` if there is no role of this name, on whatever path.
    fn get_role(&self, name: &RoleName) -> impl Future<Output = Result<Option<Role>, AwsError>> + Send;
}

/// [`Ports`] over the SDK, which sends each call to the one place of the partition where IAM lives. The client is made when
/// it is first called.
#[derive(Debug, Default)]
pub struct AwsRoles {
    aws: Aws,
    client: OnceCell<Client>,
}

impl AwsRoles {
    /// Loads nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self { aws: Aws::new(), client: OnceCell::const_new() }
    }

    /// Over a client that was configured elsewhere.
    #[must_use]
    pub fn over(client: Client) -> Self {
        Self { aws: Aws::new(), client: OnceCell::new_with(Some(client)) }
    }

    async fn client(&self) -> &Client {
        self.client.get_or_init(|| async { Client::new(self.aws.config().await) }).await
    }
}

impl Ports for AwsRoles {
    async fn get_role(&self, name: &RoleName) -> Result<Option<Role>, AwsError> {
        let answer = self.client().await.get_role().role_name(name.as_str()).send().await.operation("iam:GetRole");
        let role = match answer {
            Ok(answer) => answer.role,
            Err(error) if error.is_not_found() => return Ok(None),
            Err(error) => return Err(error),
        };
        Ok(role.map(|role| Role {
            path: role.path,
            trust_policy: role.assume_role_policy_document.as_deref().and_then(percent::decoded).unwrap_or_default(),
            tags: role.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)).collect(),
        }))
    }
}
