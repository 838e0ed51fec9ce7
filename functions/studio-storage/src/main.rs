//! Wires `Custom::StudioStorage` to the Lambda runtime.

use std::convert::Infallible;

use aws_ports::Aws;
use custom_resource::Function;
use next_invocation::NextInvocation;
use studio_storage::{AwsServices, StudioStorage};

static AWS: Aws = Aws::new();

fn main() -> Result<(), custom_resource::RunError> {
    let start = || async { Ok::<_, Infallible>(StudioStorage::new(AwsServices::new(&AWS))) };
    Function::new(start).continuing_with(NextInvocation::new(&AWS)).run()
}
