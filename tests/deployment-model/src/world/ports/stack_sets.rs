//! CloudFormation in the hub.

use super::Process;
use aws_ports::AwsError;
use deployment::OperationPreferences;
use stack_sets::{
    Addressees, Definition, Deploying, Instance, Operation, OperationResult, StackSet, StackSetId, StackSets,
};

impl StackSets for Process<'_> {
    async fn stack_set(&self, id: &StackSetId) -> Result<Option<StackSet>, AwsError> {
        self.on_stack_sets("cloudformation:DescribeStackSet", |sets| sets.stack_set(id)).await
    }

    async fn instances(&self, id: &StackSetId) -> Result<Vec<Instance>, AwsError> {
        self.on_stack_sets("cloudformation:ListStackInstances", |sets| sets.instances(id)).await
    }

    async fn running_operation(&self, id: &StackSetId) -> Result<Option<Operation>, AwsError> {
        self.on_stack_sets("cloudformation:ListStackSetOperations", |sets| sets.running_operation(id)).await
    }

    async fn operation(&self, id: &StackSetId, operation_id: &str) -> Result<Operation, AwsError> {
        self.on_stack_sets("cloudformation:DescribeStackSetOperation", |sets| sets.operation(id, operation_id)).await
    }

    async fn operation_results(&self, id: &StackSetId, operation_id: &str) -> Result<Vec<OperationResult>, AwsError> {
        let name = "cloudformation:ListStackSetOperationResults";
        self.on_stack_sets(name, |sets| sets.operation_results(id, operation_id)).await
    }

    async fn delete_instances(
        &self,
        id: &StackSetId,
        addressees: &Addressees,
        operation_id: &str,
    ) -> Result<(), AwsError> {
        let name = "cloudformation:DeleteStackInstances";
        self.on_stack_sets(name, |sets| sets.delete_instances(id, addressees, operation_id)).await
    }
}

impl Deploying for Process<'_> {
    async fn create_stack_set(&self, id: &StackSetId, definition: &Definition, token: &str) -> Result<(), AwsError> {
        self.on_stack_sets("cloudformation:CreateStackSet", |sets| sets.create_stack_set(id, definition, token)).await
    }

    async fn update_stack_set(
        &self,
        id: &StackSetId,
        definition: &Definition,
        addressees: Option<&Addressees>,
        operation_id: &str,
    ) -> Result<(), AwsError> {
        let name = "cloudformation:UpdateStackSet";
        self.on_stack_sets(name, |sets| sets.update_stack_set(id, definition, addressees, operation_id)).await
    }

    async fn create_instances(
        &self,
        id: &StackSetId,
        addressees: &Addressees,
        preferences: &OperationPreferences,
        operation_id: &str,
    ) -> Result<(), AwsError> {
        let name = "cloudformation:CreateStackInstances";
        self.on_stack_sets(name, |sets| sets.create_instances(id, addressees, preferences, operation_id)).await
    }
}
