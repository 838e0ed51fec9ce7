use std::future::Future;

use aws_ports::{Aws, AwsError, Operation};
use aws_sdk_sagemaker::Client as SageMaker;
use aws_sdk_servicecatalog::Client as ServiceCatalog;
use aws_sdk_servicecatalog::types::{PortfolioDetail, PortfolioShareType, PrincipalType};
use identifiers::RoleArn;
use tokio::sync::OnceCell;

/// A portfolio that another account shared and this account accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// Such as `port-abc123`.
    pub portfolio_id: String,
    /// Free text of the portfolio's owner.
    pub provider_name: String,
    /// Free text of the portfolio's owner.
    pub display_name: String,
    /// When the owner made the portfolio, in seconds since 1970.
    pub created: Option<i64>,
}

/// One page of a listing, and where the next one begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// May be empty although more pages follow.
    pub items: Vec<T>,
    /// `None` on the last page.
    pub next: Option<String>,
}

/// Every AWS operation this function calls.
///
/// Its role needs these actions and two more that the services do on its behalf: `servicecatalog:AcceptPortfolioShare`, by
/// which SageMaker accepts the share, and `iam:GetRole`, by which Service Catalog resolves a principal.
pub trait Ports: Send + Sync + 'static {
    /// `sagemaker:EnableSagemakerServicecatalogPortfolio`. Enabling what is enabled changes nothing.
    fn enable_sagemaker_servicecatalog_portfolio(&self) -> impl Future<Output = Result<(), AwsError>> + Send;

    /// `servicecatalog:ListAcceptedPortfolioShares`, of shares between accounts: the service's own is one.
    fn list_accepted_portfolio_shares(
        &self,
        page: Option<String>,
    ) -> impl Future<Output = Result<Page<Share>, AwsError>> + Send;

    /// `servicecatalog:AssociatePrincipalWithPortfolio`.
    fn associate_principal_with_portfolio(
        &self,
        portfolio_id: &str,
        role: &RoleArn,
    ) -> impl Future<Output = Result<(), AwsError>> + Send;

    /// `servicecatalog:DisassociatePrincipalFromPortfolio`.
    fn disassociate_principal_from_portfolio(
        &self,
        portfolio_id: &str,
        role: &RoleArn,
    ) -> impl Future<Output = Result<(), AwsError>> + Send;
}

/// [`Ports`] over the SDK. A client is made when it is first called.
#[derive(Debug, Default)]
pub struct AwsServices {
    aws: Aws,
    sagemaker: OnceCell<SageMaker>,
    service_catalog: OnceCell<ServiceCatalog>,
}

impl AwsServices {
    /// Loads nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self { aws: Aws::new(), sagemaker: OnceCell::const_new(), service_catalog: OnceCell::const_new() }
    }

    /// Over clients that were configured elsewhere.
    #[must_use]
    pub fn over(sagemaker: SageMaker, service_catalog: ServiceCatalog) -> Self {
        Self {
            aws: Aws::new(),
            sagemaker: OnceCell::new_with(Some(sagemaker)),
            service_catalog: OnceCell::new_with(Some(service_catalog)),
        }
    }

    async fn sagemaker(&self) -> &SageMaker {
        self.sagemaker.get_or_init(|| async { SageMaker::new(self.aws.config().await) }).await
    }

    async fn service_catalog(&self) -> &ServiceCatalog {
        self.service_catalog.get_or_init(|| async { ServiceCatalog::new(self.aws.config().await) }).await
    }
}

impl Ports for AwsServices {
    async fn enable_sagemaker_servicecatalog_portfolio(&self) -> Result<(), AwsError> {
        self.sagemaker()
            .await
            .enable_sagemaker_servicecatalog_portfolio()
            .send()
            .await
            .operation("sagemaker:EnableSagemakerServicecatalogPortfolio")?;
        Ok(())
    }

    async fn list_accepted_portfolio_shares(&self, page: Option<String>) -> Result<Page<Share>, AwsError> {
        let answer = self
            .service_catalog()
            .await
            .list_accepted_portfolio_shares()
            .portfolio_share_type(PortfolioShareType::Imported)
            .set_page_token(page)
            .send()
            .await
            .operation("servicecatalog:ListAcceptedPortfolioShares")?;
        Ok(Page {
            items: answer.portfolio_details.unwrap_or_default().into_iter().filter_map(share).collect(),
            next: answer.next_page_token.filter(|token| !token.is_empty()),
        })
    }

    async fn associate_principal_with_portfolio(&self, portfolio_id: &str, role: &RoleArn) -> Result<(), AwsError> {
        self.service_catalog()
            .await
            .associate_principal_with_portfolio()
            .portfolio_id(portfolio_id)
            .principal_arn(role.as_str())
            .principal_type(PrincipalType::Iam)
            .send()
            .await
            .operation("servicecatalog:AssociatePrincipalWithPortfolio")?;
        Ok(())
    }

    async fn disassociate_principal_from_portfolio(&self, portfolio_id: &str, role: &RoleArn) -> Result<(), AwsError> {
        self.service_catalog()
            .await
            .disassociate_principal_from_portfolio()
            .portfolio_id(portfolio_id)
            .principal_arn(role.as_str())
            .principal_type(PrincipalType::Iam)
            .send()
            .await
            .operation("servicecatalog:DisassociatePrincipalFromPortfolio")?;
        Ok(())
    }
}

/// A share without an id cannot be associated with anything.
fn share(detail: PortfolioDetail) -> Option<Share> {
    Some(Share {
        portfolio_id: detail.id?,
        provider_name: detail.provider_name.unwrap_or_default(),
        display_name: detail.display_name.unwrap_or_default(),
        created: detail.created_time.map(|time| time.secs()),
    })
}
