//! Keeps what ran where, when and by whose approval.

use std::env;

use aws_ports::Aws;
use deployment_record::{Configuration, RecordsInAws, handle};
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    invocation_log::init(env!("CARGO_CRATE_NAME"));
    let configuration = Configuration::from_environment(|name| env::var(name).ok());
    let aws = Aws::new();
    let records = RecordsInAws::new(&aws);
    let (configuration, records) = (&configuration, &records);
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| async move {
        let configuration = configuration.as_ref().map_err(Diagnostic::from)?;
        handle(records, configuration, event.payload).await.map_err(Diagnostic::from)
    }))
    .await
}
