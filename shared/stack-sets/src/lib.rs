//! CloudFormation stack sets as deployment and removal need them.
//!
//! A stack set does one operation at a time, asynchronously, and each operation has an id that its caller may choose: the
//! same id never starts a second operation. So everything here is built from three questions (what is the set, what are
//! its instances, what is it doing) and operations with given ids; whoever asks first and then starts what is missing
//! can be repeated at any point.
//!
//! [`StackSets`] is what both sides read; [`Deploying`] and [`Removing`] are what each of them changes.

mod cloudformation;
#[cfg(feature = "in-memory")]
mod in_memory;
mod model;
mod ports;

pub use cloudformation::CloudFormation;
#[cfg(feature = "in-memory")]
pub use in_memory::{InMemory, Moment};
pub use model::{
    Addressees, Definition, Instance, InstanceStatus, Location, Operation, OperationResult, StackSet, StackSetId,
    Status, by_regions,
};
pub use ports::{Deploying, Removing, StackSets};
