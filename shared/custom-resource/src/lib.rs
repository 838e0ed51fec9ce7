//! CloudFormation custom resources as one trait, answered exactly once on every path.
//!
//! A stack whose custom resource is not answered waits for an hour, and again when it rolls back. So a function does not
//! talk to CloudFormation: it hands a [`CustomResource`] to [`run`], and this library reads the request, calls one method
//! under a deadline and delivers one valid answer, whether the method succeeds, fails, panics, blocks its thread or
//! is never reached.
//!
//! ```no_run
//! use custom_resource::{Attributes, CustomResource, Failure, FromProperties, Progress, Reader, Request, RunError};
//!
//! struct Topic { name: String }
//!
//! impl FromProperties for Topic {
//!     fn from_properties(reader: &mut Reader<'_>) -> Option<Self> {
//!         Some(Self { name: reader.required("Name")? })
//!     }
//! }
//!
//! struct Topics;
//!
//! impl CustomResource for Topics {
//!     const KIND: &'static str = "topic";
//!     type Properties = Topic;
//!
//!     async fn create(&self, request: &Request<Topic>) -> Result<Progress, Failure> {
//!         let arn = make_or_adopt(&request.properties.name, &request.scope.stack_id).await?;
//!         Ok(Attributes::new().with("Arn", arn).into())
//!     }
//!     async fn update(&self, request: &Request<Topic>, _old: Option<&Topic>) -> Result<Progress, Failure> {
//!         self.create(request).await
//!     }
//!     async fn delete(&self, request: &Request<Option<Topic>>) -> Result<Progress, Failure> {
//!         remove_if_there(&request.scope.stack_id).await?;
//!         Ok(Attributes::new().into())
//!     }
//! }
//!
//! fn main() -> Result<(), RunError> {
//!     custom_resource::run(|| async { Ok::<_, std::convert::Infallible>(Topics) })
//! }
//! # async fn make_or_adopt(_: &str, _: &str) -> Result<String, std::io::Error> { Ok(String::new()) }
//! # async fn remove_if_there(_: &str) -> Result<(), std::io::Error> { Ok(()) }
//! ```
//!
//! # Invariants
//!
//! - One answer for each request, within Lambda's deadline and the resource's `ServiceTimeout`, of at most 4096 bytes,
//!   with the ids of its own request. Only an event without a usable `ResponseURL` gets none.
//! - Lambda hears of an error only when the answer could not be delivered, because it runs the event again then.
//! - A physical id depends on the resource's identity alone, and a failed Update never changes it, unless a
//!   replacement was begun.
//! - The response URL never leaves this crate: no handler sees it, nothing prints it, and it is used for S3 hosts only.
//! - No state outlives a request but the resource that `start` made.
//!
//! # What a handler still has to do
//!
//! - Bring about what the properties describe, from whatever it finds (R23, R30); an update that replaces the resource
//!   leaves the old one alone (R22).
//! - Take only what is its own for its own: tag with [`Scope::stack_id`] and [`Scope::logical_id`], and look before adopting
//!   or deleting (R28). A Delete may arrive while the Create it cancels still runs (R21): make the tagged thing in one
//!   step, or give the function a reserved concurrency of 1.
//! - Say what its Delete does to settings that it did not make: restore, leave or remove (R27).
//!
//! In the template, `ServiceTimeout` is a little longer than the function's `Timeout` (R10), and a panic must unwind: the
//! workspace's release profile needs `panic = "unwind"`, for `cargo lambda build` sets `abort` where it is missing (R4).
//!
//! # Environment
//!
//! | variable | default | meaning |
//! |---|---|---|
//! | `AWS_LAMBDA_LOG_LEVEL` | `INFO` | level of the function's own crate and of this one |
//! | `CUSTOM_RESOURCE_ALLOW_LOOPBACK` | unset | `1` admits response URLs on this machine, for emulators |
//! | `CUSTOM_RESOURCE_LONGEST_WAIT_MS` | unset | with the former: the longest wait between two calls of a method, in milliseconds |
//!
//! # Why not another crate
//!
//! `aws_lambda_events` has the types of the events, and parses them before any code that could answer runs: a number
//! where text is expected, and CloudFormation hears nothing. `cfn-custom-resource` and `cfn-resource-provider` send an
//! answer when the handler returns, and none when it panics, hangs or cannot be given its input; neither retries, and the
//! first answers a new random id each time.
//!
//! The numbers in parentheses are rules of the custom-resource contract; the tests carry them in their names.

mod answer;
mod attempt;
mod attributes;
mod continuation;
mod deadline;
mod delivery;
mod emulator;
mod envelope;
mod failure;
mod function;
mod guard;
mod json;
mod physical_id;
mod plan;
mod properties;
mod resource;
mod response_url;
mod scope;

pub use attributes::Attributes;
pub use continuation::InvokeSelf;
pub use deadline::TimeLeft;
pub use failure::Failure;
pub use function::{Function, RunError, run};
pub use physical_id::PhysicalId;
pub use properties::{Faults, FromProperties, Reader, read_properties};
pub use resource::{CustomResource, Progress, Request};
pub use scope::Scope;

#[cfg(test)]
mod contract;
