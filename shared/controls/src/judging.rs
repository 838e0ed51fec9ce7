//! The questions that most controls are made of. Each answers what a single member says; none of them ever passes a member
//! that it could not read.

mod answer;
mod cluster;
mod hosting;
mod idle;
mod image;
pub(crate) mod job;
mod monitoring;
mod nested;
mod secrets;
mod subnets;
mod tags;
mod time;

pub(crate) use answer::{answered, switched_on, within};
pub(crate) use cluster::{Cluster, has_volume_key};
pub(crate) use hosting::{
    comes_from_private_registry, each_answering_variant, each_variant, for_inference_components, running,
};
pub(crate) use idle::used_within;
pub(crate) use image::is_named_by_digest;
pub(crate) use monitoring::monitoring_job;
pub(crate) use nested::Part;
pub(crate) use secrets::secrets;
pub(crate) use subnets::{in_subnet, in_subnets};
pub(crate) use tags::tagged;
