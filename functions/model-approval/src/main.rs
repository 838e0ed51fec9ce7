//! Decides what an approval or rejection in the model registry means, and starts its deployment once.

use std::env;

use aws_ports::Aws;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use model_approval::{Caller, Configuration, Registry, handle};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    invocation_log::init(env!("CARGO_CRATE_NAME"));
    let configuration = Configuration::from_environment(|name| env::var(name).ok());
    let aws = Aws::new();
    let registry = Registry::new(&aws);
    let (configuration, registry) = (&configuration, &registry);
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| async move {
        let configuration = configuration.as_ref().map_err(Diagnostic::from)?;
        let caller = Caller::from_function_arn(&event.context.invoked_function_arn).map_err(Diagnostic::from)?;
        handle(registry, configuration, &caller, &event.payload).await.map_err(Diagnostic::from)
    }))
    .await
}
