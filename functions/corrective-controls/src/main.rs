//! Does what a person allowed about resources that fail a control.

use std::env;
use std::io;

use aws_ports::Aws;
use corrective_controls::{Services, Settings, handle};
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    invocation_log::init(env!("CARGO_CRATE_NAME"));
    let settings = Settings::from_environment(|name| env::var(name).ok());
    let aws = Aws::new();
    let (settings, aws) = (&settings, &aws);
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| async move {
        let settings = settings.as_ref().map_err(Diagnostic::from)?;
        let services =
            Services::new(aws, settings, &event.context.invoked_function_arn).await.map_err(Diagnostic::from)?;
        let records = services.records();
        handle(&services, &services, &records, settings, io::stdout(), event.payload).await.map_err(Diagnostic::from)
    }))
    .await
}
