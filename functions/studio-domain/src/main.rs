//! Wires `Custom::StudioDomain` to the Lambda runtime.

use std::convert::Infallible;

use studio_domain::{AwsServices, StudioDomain};

fn main() -> Result<(), custom_resource::RunError> {
    custom_resource::run(|| async { Ok::<_, Infallible>(StudioDomain::new(AwsServices::new())) })
}
