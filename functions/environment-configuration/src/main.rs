//! Wires `Custom::EnvironmentConfiguration` to the Lambda runtime.

use std::convert::Infallible;

use environment_configuration::{AwsServices, EnvironmentConfiguration};

fn main() -> Result<(), custom_resource::RunError> {
    custom_resource::run(|| async { Ok::<_, Infallible>(EnvironmentConfiguration::new(AwsServices::new())) })
}
