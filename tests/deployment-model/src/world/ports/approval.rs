//! Registrations, registry and executions, as `model-approval` sees them.

use super::Process;
use aws_ports::AwsError;
use identifiers::ModelPackageArn;
use model_approval as approval;
use std::collections::HashMap;

impl approval::Deployments for Process<'_> {
    async fn parameters(&self, names: &[String]) -> Result<HashMap<String, String>, AwsError> {
        self.at_once("ssm:GetParameters", |state| {
            let found = names.iter().filter_map(|name| Some((name.clone(), state.parameters.get(name)?.clone())));
            Ok(found.collect())
        })
        .await
    }

    async fn model_package(&self, package: &ModelPackageArn) -> Result<approval::ModelPackage, AwsError> {
        self.at_once("sagemaker:DescribeModelPackage", |state| {
            let found = state.packages.get(package.as_str());
            let version = found.ok_or(("ValidationException", "ModelPackage does not exist."))?;
            Ok(approval::ModelPackage {
                approval_status: version.status.clone(),
                created_by: Some(version.created_by.clone()),
                last_modified_by: Some(version.modified_by.clone()),
                last_modified: version.modified,
            })
        })
        .await
    }

    async fn running(&self, state_machine: &str) -> Result<Vec<approval::Execution>, AwsError> {
        self.call("states:ListExecutions", async {
            let listed = self.world.listed(state_machine).into_iter();
            let arn = |name: &str| format!("{}:{name}", state_machine.replace(":stateMachine:", ":execution:"));
            let execution = |it: crate::world::Listed| approval::Execution {
                arn: arn(&it.name),
                name: it.name,
                started: it.started,
            };
            Ok(listed.map(execution).collect())
        })
        .await
    }

    async fn input(&self, execution: &approval::Execution) -> Result<Option<String>, AwsError> {
        self.at_once("states:DescribeExecution", |state| {
            let found = state.executions.iter().find(|it| it.name == execution.name);
            Ok(found.map(|it| it.input.clone()))
        })
        .await
    }

    async fn start(&self, state_machine: &str, name: &str, input: &str) -> Result<approval::Started, AwsError> {
        self.call("states:StartExecution", async {
            let started = self.world.start(state_machine, name, input);
            Ok(started.map_or(approval::Started::EndedBefore, approval::Started::Execution))
        })
        .await
    }
}
