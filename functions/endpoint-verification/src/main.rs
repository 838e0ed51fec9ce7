//! Looks whether endpoints in the target accounts are and answer as requested.

use std::env;

use aws_ports::Aws;
use endpoint_verification::{RECORDS_BUCKET, RecordsBucket, Services, TargetAccountsByRole, handle};
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    invocation_log::init(env!("CARGO_CRATE_NAME"));
    let bucket = env::var(RECORDS_BUCKET).unwrap_or_default();
    let aws = Aws::new();
    let records = RecordsBucket::new(&aws, bucket);
    let targets = TargetAccountsByRole::new(&aws);
    let services = Services { records: &records, targets: &targets };
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| async move {
        handle(services, event.payload).await.map_err(Diagnostic::from)
    }))
    .await
}
