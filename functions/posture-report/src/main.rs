//! Says after each sweep what every control found, as a document and as a page.

use std::env;
use std::io;

use aws_ports::Aws;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use posture_report::{Services, Settings, handle};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    invocation_log::init(env!("CARGO_CRATE_NAME"));
    let settings = Settings::from_environment(|name| env::var(name).ok());
    let aws = Aws::new();
    let services = settings.as_ref().map(|settings| Services::new(&aws, settings));
    let (settings, services) = (&settings, &services);
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| async move {
        let settings = settings.as_ref().map_err(Diagnostic::from)?;
        let services = services.as_ref().map_err(|error| Diagnostic::from(*error))?;
        let (records, bucket) = (services.records().await, services.bucket());
        handle(records, bucket, settings, io::stdout, event.payload).await.map_err(Diagnostic::from)
    }))
    .await
}
