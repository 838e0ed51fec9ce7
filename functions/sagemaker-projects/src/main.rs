//! Wires `Custom::SageMakerProjects` to the Lambda runtime.

use std::convert::Infallible;

use sagemaker_projects::{AwsServices, SageMakerProjects};

fn main() -> Result<(), custom_resource::RunError> {
    custom_resource::run(|| async { Ok::<_, Infallible>(SageMakerProjects::new(AwsServices::new())) })
}
