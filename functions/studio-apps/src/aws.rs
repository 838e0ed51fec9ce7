use std::fmt;
use std::future::Future;

use aws_ports::{Aws, AwsError, Operation};
use aws_sdk_sagemaker::Client;
use aws_sdk_sagemaker::types::{AppDetails, AppType, SpaceDetails};
use identifiers::DomainId;
use tokio::sync::OnceCell;

/// The most that one page of a listing holds; ten unless asked.
const PAGE: i32 = 100;

/// An app of a domain. Prints as `JupyterLab app default of space team`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App {
    /// `AppType`, such as `JupyterLab`. Text, so that a type that is younger than this code goes like the others.
    pub kind: String,
    /// Unique among the apps of its owner and type.
    pub name: String,
    /// Whose it is.
    pub owner: Owner,
    /// `Pending`, `InService`, `Deleting`, `Deleted` or `Failed`, today.
    pub status: String,
}

/// Whose an app is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// A user's.
    UserProfile(String),
    /// A shared or private space's.
    Space(String),
}

impl fmt::Display for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, owner) = match &self.owner {
            Owner::UserProfile(owner) => ("user profile", owner),
            Owner::Space(owner) => ("space", owner),
        };
        write!(f, "{} app {} of {kind} {owner}", self.kind, self.name)
    }
}

/// A shared or private space of a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Space {
    /// Unique in its domain.
    pub name: String,
    /// `InService`, `Deleting`, `Delete_Failed` and others.
    pub status: String,
}

/// One page of a listing, and where the next one begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// May be empty although more pages follow.
    pub items: Vec<T>,
    /// `None` on the last page.
    pub next: Option<String>,
}

/// Every AWS operation this function calls. Its role needs these actions and `lambda:InvokeFunction` on itself.
pub trait Ports: Send + Sync + 'static {
    /// `sagemaker:ListApps` of the domain.
    fn list_apps(
        &self,
        domain: &DomainId,
        page: Option<String>,
    ) -> impl Future<Output = Result<Page<App>, AwsError>> + Send;

    /// `sagemaker:ListSpaces` of the domain.
    fn list_spaces(
        &self,
        domain: &DomainId,
        page: Option<String>,
    ) -> impl Future<Output = Result<Page<Space>, AwsError>> + Send;

    /// `sagemaker:DeleteApp`. Returns when the deletion has begun.
    fn delete_app(&self, domain: &DomainId, app: &App) -> impl Future<Output = Result<(), AwsError>> + Send;

    /// `sagemaker:DeleteSpace`. Returns when the deletion has begun.
    fn delete_space(&self, domain: &DomainId, name: &str) -> impl Future<Output = Result<(), AwsError>> + Send;
}

/// [`Ports`] over the SDK. The client is made when it is first called.
#[derive(Debug)]
pub struct AwsServices {
    aws: &'static Aws,
    client: OnceCell<Client>,
}

impl AwsServices {
    /// Loads nothing.
    #[must_use]
    pub const fn new(aws: &'static Aws) -> Self {
        Self { aws, client: OnceCell::const_new() }
    }

    /// Over a client that was configured elsewhere.
    #[must_use]
    pub fn over(client: Client) -> Self {
        static UNUSED: Aws = Aws::new();
        Self { aws: &UNUSED, client: OnceCell::new_with(Some(client)) }
    }

    async fn client(&self) -> &Client {
        self.client.get_or_init(|| async { Client::new(self.aws.config().await) }).await
    }
}

impl Ports for AwsServices {
    async fn list_apps(&self, domain: &DomainId, page: Option<String>) -> Result<Page<App>, AwsError> {
        let call = self.client().await.list_apps().domain_id_equals(domain.as_str()).max_results(PAGE);
        let answer = call.set_next_token(page).send().await.operation("sagemaker:ListApps")?;
        Ok(Page {
            items: answer.apps.unwrap_or_default().into_iter().filter_map(app).collect(),
            next: answer.next_token.filter(|token| !token.is_empty()),
        })
    }

    async fn list_spaces(&self, domain: &DomainId, page: Option<String>) -> Result<Page<Space>, AwsError> {
        let call = self.client().await.list_spaces().domain_id_equals(domain.as_str()).max_results(PAGE);
        let answer = call.set_next_token(page).send().await.operation("sagemaker:ListSpaces")?;
        Ok(Page {
            items: answer.spaces.unwrap_or_default().into_iter().filter_map(space).collect(),
            next: answer.next_token.filter(|token| !token.is_empty()),
        })
    }

    async fn delete_app(&self, domain: &DomainId, app: &App) -> Result<(), AwsError> {
        let call = self.client().await.delete_app().domain_id(domain.as_str()).app_name(&app.name);
        let call = call.app_type(AppType::from(app.kind.as_str()));
        let call = match &app.owner {
            Owner::UserProfile(name) => call.user_profile_name(name),
            Owner::Space(name) => call.space_name(name),
        };
        call.send().await.operation("sagemaker:DeleteApp")?;
        Ok(())
    }

    async fn delete_space(&self, domain: &DomainId, name: &str) -> Result<(), AwsError> {
        let call = self.client().await.delete_space().domain_id(domain.as_str()).space_name(name);
        call.send().await.operation("sagemaker:DeleteSpace")?;
        Ok(())
    }
}

/// Without these fields there is nothing that `DeleteApp` could be told.
fn app(details: AppDetails) -> Option<App> {
    let owner = match (details.space_name, details.user_profile_name) {
        (Some(space), _) => Some(Owner::Space(space)),
        (None, profile) => profile.map(Owner::UserProfile),
    };
    match (details.app_type, details.app_name, owner) {
        (Some(kind), Some(name), Some(owner)) => {
            let status = details.status.map(|status| status.as_str().to_owned()).unwrap_or_default();
            Some(App { kind: kind.as_str().to_owned(), name, owner, status })
        }
        (_, name, _) => {
            tracing::warn!(name, "an app is listed without its type, name or owner");
            None
        }
    }
}

fn space(details: SpaceDetails) -> Option<Space> {
    let status = details.status.map(|status| status.as_str().to_owned()).unwrap_or_default();
    Some(Space { name: details.space_name?, status })
}
