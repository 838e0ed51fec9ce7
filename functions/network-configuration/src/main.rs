//! Wires `Custom::NetworkConfiguration` to the Lambda runtime.

use std::convert::Infallible;

use network_configuration::{AwsNetworks, NetworkConfiguration};

fn main() -> Result<(), custom_resource::RunError> {
    custom_resource::run(|| async { Ok::<_, Infallible>(NetworkConfiguration::new(AwsNetworks::new())) })
}
