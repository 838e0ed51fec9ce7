//! Wires `Custom::CrossAccountAccess` to the Lambda runtime.

use std::convert::Infallible;

use cross_account_access::{AwsServices, CrossAccountAccess};

fn main() -> Result<(), custom_resource::RunError> {
    custom_resource::run(|| async { Ok::<_, Infallible>(CrossAccountAccess::new(AwsServices::new())) })
}
