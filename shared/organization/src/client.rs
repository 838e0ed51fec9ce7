use crate::{Account, Listing, Page};
use aws_ports::{AwsError, Operation};
use aws_sdk_organizations::Client;
use aws_sdk_organizations::types::Account as SdkAccount;
use identifiers::OrganizationNode;

impl Listing for Client {
    async fn list_accounts_for_parent(
        &self,
        parent: &OrganizationNode,
        page: Option<String>,
    ) -> Result<Page<Account>, AwsError> {
        let call = Client::list_accounts_for_parent(self).parent_id(parent.as_str()).set_next_token(page);
        let answer = call.send().await.operation("organizations:ListAccountsForParent")?;
        Ok(Page {
            items: answer.accounts.unwrap_or_default().into_iter().filter_map(account).collect(),
            next: answer.next_token.filter(|token| !token.is_empty()),
        })
    }

    async fn list_organizational_units_for_parent(
        &self,
        parent: &OrganizationNode,
        page: Option<String>,
    ) -> Result<Page<String>, AwsError> {
        let call = Client::list_organizational_units_for_parent(self).parent_id(parent.as_str()).set_next_token(page);
        let answer = call.send().await.operation("organizations:ListOrganizationalUnitsForParent")?;
        Ok(Page {
            items: answer.organizational_units.unwrap_or_default().into_iter().filter_map(|unit| unit.id).collect(),
            next: answer.next_token.filter(|token| !token.is_empty()),
        })
    }
}

/// `State` took the place of `Status` in 2025; an older endpoint answers only the latter.
fn account(account: SdkAccount) -> Option<Account> {
    #[allow(deprecated, reason = "endpoints that do not know State yet")]
    let status = account.status.map(|status| status.as_str().to_owned());
    let state = account.state.map(|state| state.as_str().to_owned()).or(status).unwrap_or_default();
    Some(Account { id: account.id?, state })
}
