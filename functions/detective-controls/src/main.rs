//! Judges SageMaker resources by the controls, after each call that changes one and in sweeps of everything.

use std::env;
use std::io;

use aws_ports::Aws;
use detective_controls::{Context, Error, Platform, Settings, handle};
use jiff::Timestamp;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde_json::Value;
use tokio::sync::OnceCell;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    invocation_log::init(env!("CARGO_CRATE_NAME"));
    let settings = Settings::from_environment(|name| env::var(name).ok());
    let (aws, platform) = (Aws::new(), OnceCell::new());
    let (settings, aws, platform) = (&settings, &aws, &platform);
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| async move {
        let settings = settings.as_ref().map_err(Diagnostic::from)?;
        let hub = settings.hub(&event.context.invoked_function_arn).ok_or(Error::NoHub)?;
        let deadline = i64::try_from(event.context.deadline).ok();
        let context = Context {
            settings,
            hub: &hub,
            now: Timestamp::now(),
            deadline: deadline
                .and_then(|deadline| Timestamp::from_millisecond(deadline).ok())
                .unwrap_or(Timestamp::MAX),
            log: || Box::new(io::stdout()),
        };
        let platform: &Platform<'_> = platform.get_or_init(|| Platform::new(aws, settings, hub.clone())).await;
        handle(&platform.services(), &context, event.payload).await.map_err(Diagnostic::from)
    }))
    .await
}
