//! The AWS operations that the tasks may use, besides those of [`stack_sets::Deploying`].

pub(crate) mod executions;
pub(crate) mod hub;
