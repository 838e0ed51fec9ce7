//! Wires `Custom::OrganizationAccounts` to the Lambda runtime.

use std::convert::Infallible;

use organization_accounts::{AwsOrganizations, OrganizationAccounts};

fn main() -> Result<(), custom_resource::RunError> {
    custom_resource::run(|| async { Ok::<_, Infallible>(OrganizationAccounts::new(AwsOrganizations::new())) })
}
