//! The functions themselves, each invocation over a process of its own.

use super::ports::Process;
use super::{BUCKET, HUB, REGION, World};
use crate::machine::TaskError;
use futures_util::future::{Either, select};
use lambda_runtime::Diagnostic;
use serde_json::{Value, json};
use std::pin::pin;

/// Stands for a function's ARN before its name.
pub const FUNCTION: &str = "arn:aws:lambda:eu-central-1:111111111111:function:";

impl World {
    /// One invocation by Step Functions.
    pub(super) fn invoke(&self, resource: &str, event: Value) -> Result<Value, TaskError> {
        let function = resource.strip_prefix(FUNCTION).unwrap_or_else(|| panic!("nobody knows resource {resource}"));
        let process = Process::new(self);
        let answer = self.alive(&process, async {
            match function {
                "ModelDeployment" => {
                    let (stack_sets, hub, executions) = (&process, &process, &process);
                    let services = model_deployment::Services { stack_sets, hub, executions };
                    model_deployment::handle(services, event).await.map_err(Diagnostic::from)
                }
                "ModelAccess" => {
                    let answer = model_access::handle(&process, event).await.map_err(Diagnostic::from)?;
                    Ok(serde_json::to_value(answer).unwrap())
                }
                "EndpointVerification" => {
                    let services = endpoint_verification::Services { records: &process, targets: &process };
                    endpoint_verification::handle(services, event).await.map_err(Diagnostic::from)
                }
                "DeploymentRecord" => {
                    let configuration = deployment_record::Configuration { records_bucket: BUCKET.to_owned() };
                    deployment_record::handle(&process, &configuration, event).await.map_err(Diagnostic::from)
                }
                other => panic!("nobody knows function {other}"),
            }
        });
        match answer {
            Ok(answer) => answer.map_err(|failed| {
                // What Step Functions makes of a function's error.
                let cause = json!({"errorMessage": failed.error_message, "errorType": failed.error_type});
                TaskError { error: failed.error_type, cause: cause.to_string() }
            }),
            Err(error) => Err(TaskError { error: error.to_owned(), cause: "the process ended".to_owned() }),
        }
    }

    /// One event of the registry. Lambda tries three times, and then hands the event over to the failed ones: `Err`.
    pub(crate) fn decide(&self, platform: &str, state_machine: &str, event: &Value) -> Result<Value, String> {
        let configuration = model_approval::Configuration {
            platform_name: platform.parse().unwrap(),
            state_machine_arn: state_machine.to_owned(),
        };
        let caller = model_approval::Caller { account_id: HUB.parse().unwrap(), region: REGION.parse().unwrap() };
        let mut failed = String::new();
        for _ in 0..3 {
            let process = Process::new(self);
            match self.alive(&process, model_approval::handle(&process, &configuration, &caller, event)) {
                Ok(Ok(outcome)) => return Ok(serde_json::to_value(outcome).unwrap()),
                Ok(Err(error)) => failed = Diagnostic::from(error).error_message,
                Err(error) => error.clone_into(&mut failed),
            }
        }
        Err(failed)
    }

    /// `Err`: the process ended on the way, and this is what that is called.
    fn alive<T>(&self, process: &Process<'_>, handled: impl Future<Output = T>) -> Result<T, &'static str> {
        self.runtime.block_on(async {
            match select(pin!(handled), pin!(process.end())).await {
                Either::Left((answer, _)) => Ok(answer),
                Either::Right((error, _)) => Err(error),
            }
        })
    }
}
