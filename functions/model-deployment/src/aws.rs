//! The AWS operations that the tasks may use, besides those of [`stack_sets::Deploying`].

pub(crate) mod hub;
pub(crate) mod targets;
