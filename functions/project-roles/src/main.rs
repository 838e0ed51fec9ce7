//! Wires `Custom::ProjectRoles` to the Lambda runtime.

use std::convert::Infallible;

use project_roles::{AwsRoles, ProjectRoles};

fn main() -> Result<(), custom_resource::RunError> {
    custom_resource::run(|| async { Ok::<_, Infallible>(ProjectRoles::new(AwsRoles::new())) })
}
