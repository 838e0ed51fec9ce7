//! Wires `Custom::DeployedModels` to the Lambda runtime.

use aws_ports::Aws;
use custom_resource::Function;
use deployed_models::{DeployedModels, ParameterStore};
use next_invocation::NextInvocation;
use stack_sets::CloudFormation;
use std::convert::Infallible;

static AWS: Aws = Aws::new();

fn main() -> Result<(), custom_resource::RunError> {
    let start =
        || async { Ok::<_, Infallible>(DeployedModels::new(CloudFormation::new(&AWS), ParameterStore::new(&AWS))) };
    Function::new(start).continuing_with(NextInvocation::new(&AWS)).run()
}
