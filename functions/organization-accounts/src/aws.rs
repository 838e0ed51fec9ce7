use std::future::Future;

use aws_ports::{Aws, AwsError, Operation};
use aws_sdk_organizations::Client;
use aws_sdk_organizations::types::ParentType;
use identifiers::OrganizationNode;
use organization::{Account, Listing, Page};
use tokio::sync::OnceCell;

/// The parent of an organizational unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parent {
    /// `r-...` or `ou-...`.
    pub id: String,
    /// No unit lies above.
    pub is_root: bool,
}

/// With [`Listing`], every AWS operation this function calls, and so every action its role needs.
pub trait Ports: Listing + 'static {
    /// `organizations:DescribeOrganization`: the organization's id, `o-...`.
    fn describe_organization(&self) -> impl Future<Output = Result<String, AwsError>> + Send;

    /// `organizations:ListParents`. `None` for a child without a parent, which Organizations does not know.
    fn list_parents(&self, unit: &str) -> impl Future<Output = Result<Option<Parent>, AwsError>> + Send;
}

/// [`Ports`] over the SDK, which sends each call to the one region of the partition where Organizations lives. The client
/// is made when it is first called.
#[derive(Debug, Default)]
pub struct AwsOrganizations {
    aws: Aws,
    client: OnceCell<Client>,
}

impl AwsOrganizations {
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

impl Ports for AwsOrganizations {
    async fn describe_organization(&self) -> Result<String, AwsError> {
        let answer =
            self.client().await.describe_organization().send().await.operation("organizations:DescribeOrganization")?;
        Ok(answer.organization.and_then(|organization| organization.id).unwrap_or_default())
    }

    async fn list_parents(&self, unit: &str) -> Result<Option<Parent>, AwsError> {
        let answer =
            self.client().await.list_parents().child_id(unit).send().await.operation("organizations:ListParents")?;
        // A child has one parent, so there is never a second page.
        Ok(answer
            .parents
            .unwrap_or_default()
            .into_iter()
            .find_map(|parent| Some(Parent { id: parent.id?, is_root: parent.r#type == Some(ParentType::Root) })))
    }
}

impl Listing for AwsOrganizations {
    async fn list_accounts_for_parent(
        &self,
        parent: &OrganizationNode,
        page: Option<String>,
    ) -> Result<Page<Account>, AwsError> {
        Listing::list_accounts_for_parent(self.client().await, parent, page).await
    }

    async fn list_organizational_units_for_parent(
        &self,
        parent: &OrganizationNode,
        page: Option<String>,
    ) -> Result<Page<String>, AwsError> {
        Listing::list_organizational_units_for_parent(self.client().await, parent, page).await
    }
}
