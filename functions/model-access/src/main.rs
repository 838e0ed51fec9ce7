//! Whether the target accounts may read a model version: a task of the model deployment state machine.

use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use model_access::{AwsServices, handle};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    invocation_log::init(env!("CARGO_CRATE_NAME"));
    let aws = AwsServices::new();
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| async {
        handle(&aws, event.payload).await.map_err(Diagnostic::from)
    }))
    .await
}
