//! Tasks of the model deployment state machine: whose turn it is, what to do, and the stack sets that do it.

use aws_ports::Aws;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use model_deployment::{HubAccount, Services, StateMachine, handle};
use serde_json::Value;
use stack_sets::CloudFormation;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    invocation_log::init(env!("CARGO_CRATE_NAME"));
    let aws = Aws::new();
    let (stack_sets, hub, executions) = (CloudFormation::new(&aws), HubAccount::new(&aws), StateMachine::new(&aws));
    let services = Services { stack_sets: &stack_sets, hub: &hub, executions: &executions };
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| async {
        handle(services, event.payload).await.map_err(Diagnostic::from)
    }))
    .await
}
