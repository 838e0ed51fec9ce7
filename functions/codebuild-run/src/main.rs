//! Wires `Custom::CodeBuildRun` to the Lambda runtime.

use std::convert::Infallible;

use aws_ports::Aws;
use codebuild_run::{CodeBuild, CodeBuildRun};
use custom_resource::Function;
use next_invocation::NextInvocation;

static AWS: Aws = Aws::new();

fn main() -> Result<(), custom_resource::RunError> {
    let start = || async { Ok::<_, Infallible>(CodeBuildRun::new(CodeBuild::new(&AWS))) };
    Function::new(start).continuing_with(NextInvocation::new(&AWS)).run()
}
