use crate::model::{Addressees, Definition, Instance, Operation, OperationResult, StackSet, StackSetId};
use aws_ports::AwsError;
use deployment::{CallAs, OperationPreferences};
use std::future::Future;

/// What can be asked of a stack set.
///
/// A set that does not exist is the error `StackSetNotFoundException`, except where a method says otherwise.
pub trait StackSets: Send + Sync {
    /// `cloudformation:DescribeStackSet`; `None` if there is no such set.
    fn stack_set(&self, id: &StackSetId) -> impl Future<Output = Result<Option<StackSet>, AwsError>> + Send;

    /// `cloudformation:ListStackInstances`, all pages.
    fn instances(&self, id: &StackSetId) -> impl Future<Output = Result<Vec<Instance>, AwsError>> + Send;

    /// `cloudformation:ListStackSetOperations`: what the set is doing.
    fn running_operation(&self, id: &StackSetId) -> impl Future<Output = Result<Option<Operation>, AwsError>> + Send;

    /// `cloudformation:DescribeStackSetOperation`.
    fn operation(
        &self,
        id: &StackSetId,
        operation_id: &str,
    ) -> impl Future<Output = Result<Operation, AwsError>> + Send;

    /// `cloudformation:ListStackSetOperationResults`, all pages.
    fn operation_results(
        &self,
        id: &StackSetId,
        operation_id: &str,
    ) -> impl Future<Output = Result<Vec<OperationResult>, AwsError>> + Send;

    /// `cloudformation:DeleteStackInstances`: starts taking the stacks away with all that they made.
    fn delete_instances(
        &self,
        id: &StackSetId,
        addressees: &Addressees,
        operation_id: &str,
    ) -> impl Future<Output = Result<(), AwsError>> + Send;
}

/// What deploying changes.
pub trait Deploying: StackSets {
    /// `cloudformation:CreateStackSet`, without instances. The same token makes one set.
    fn create_stack_set(
        &self,
        id: &StackSetId,
        definition: &Definition,
        token: &str,
    ) -> impl Future<Output = Result<(), AwsError>> + Send;

    /// `cloudformation:UpdateStackSet`: makes the set so and starts making the instances that are addressed so; all others
    /// are outdated from then on. `None`: the set has no instances.
    fn update_stack_set(
        &self,
        id: &StackSetId,
        definition: &Definition,
        addressees: Option<&Addressees>,
        operation_id: &str,
    ) -> impl Future<Output = Result<(), AwsError>> + Send;

    /// `cloudformation:CreateStackInstances`.
    fn create_instances(
        &self,
        id: &StackSetId,
        addressees: &Addressees,
        preferences: &OperationPreferences,
        operation_id: &str,
    ) -> impl Future<Output = Result<(), AwsError>> + Send;
}

/// What removing changes.
pub trait Removing: StackSets {
    /// `cloudformation:ListStackSets`, active ones, all pages: their names. Nothing for an account that may not speak so.
    fn stack_set_names(&self, call_as: CallAs) -> impl Future<Output = Result<Vec<String>, AwsError>> + Send;

    /// `cloudformation:DeleteStackSet`; it has no instances. One that does not exist is as good as deleted.
    fn delete_stack_set(&self, id: &StackSetId) -> impl Future<Output = Result<(), AwsError>> + Send;
}
