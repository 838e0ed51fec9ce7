//! The tasks of the model deployment state machine.

use aws_ports::Aws;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use model_deployment::{HubAccount, Services, TargetAccountsByRole, handle};
use serde_json::Value;
use stack_sets::CloudFormation;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    invocation_log::init(env!("CARGO_CRATE_NAME"));
    let aws = Aws::new();
    let stack_sets = CloudFormation::new(&aws);
    let hub = HubAccount::new(&aws);
    let targets = TargetAccountsByRole::new(&aws);
    let services = Services { stack_sets: &stack_sets, hub: &hub, targets: &targets };
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| async {
        handle(services, event.payload).await.map_err(Diagnostic::from)
    }))
    .await
}
