//! Parameters, registry, organization and executions, as `model-deployment` sees them.

use super::Process;
use crate::machine::TaskError;
use aws_ports::AwsError;
use identifiers::{ModelPackageArn, OrganizationNode};
use organization::{Account, Listing, Page};
use std::collections::BTreeMap;

impl model_deployment::Hub for Process<'_> {
    async fn parameter(&self, name: &str) -> Result<Option<String>, AwsError> {
        self.at_once("ssm:GetParameter", |state| Ok(state.parameters.get(name).cloned())).await
    }

    async fn parameters_under(&self, path: &str) -> Result<BTreeMap<String, String>, AwsError> {
        self.at_once("ssm:GetParametersByPath", |state| {
            let under = state.parameters.iter().filter(|(name, _)| name.starts_with(path));
            Ok(under.map(|(name, value)| (name.clone(), value.clone())).collect())
        })
        .await
    }

    async fn model_package(
        &self,
        package: &ModelPackageArn,
    ) -> Result<Option<model_deployment::ModelPackage>, AwsError> {
        self.at_once("sagemaker:DescribeModelPackage", |state| {
            let found = state.packages.get(package.as_str());
            Ok(found.map(|version| model_deployment::ModelPackage {
                status: "Completed".to_owned(),
                approval_status: version.status.clone(),
                containers: 1,
                instance_types: Vec::new(),
            }))
        })
        .await
    }

    async fn organization_root(&self) -> Result<String, AwsError> {
        self.at_once("organizations:ListRoots", |_| Ok("r-ab12".to_owned())).await
    }
}

impl Listing for Process<'_> {
    async fn list_accounts_for_parent(
        &self,
        parent: &OrganizationNode,
        _: Option<String>,
    ) -> Result<Page<Account>, AwsError> {
        self.at_once("organizations:ListAccountsForParent", |state| {
            let accounts = state.units.get(parent.as_ref()).ok_or(("ParentNotFoundException", "no such parent"))?;
            let items = accounts.iter().map(|id| Account { id: id.clone(), state: "ACTIVE".to_owned() }).collect();
            Ok(Page { items, next: None })
        })
        .await
    }

    async fn list_organizational_units_for_parent(
        &self,
        _: &OrganizationNode,
        _: Option<String>,
    ) -> Result<Page<String>, AwsError> {
        let none = Page { items: Vec::new(), next: None };
        self.at_once("organizations:ListOrganizationalUnitsForParent", |_| Ok(none)).await
    }
}

impl model_deployment::Executions for Process<'_> {
    async fn running(&self, state_machine: &str) -> Result<Vec<model_deployment::Running>, AwsError> {
        self.call("states:ListExecutions", async {
            let listed = self.world.listed(state_machine).into_iter();
            Ok(listed.map(|it| model_deployment::Running { name: it.name, started: it.started }).collect())
        })
        .await
    }

    async fn give_up_waiting(&self, task_token: &str, error: &str, cause: &str) -> Result<(), AwsError> {
        self.at_once("states:SendTaskFailure", |state| {
            let error = TaskError { error: error.to_owned(), cause: cause.to_owned() };
            state.given_up.push((task_token.to_owned(), error));
            Ok(())
        })
        .await
    }
}
