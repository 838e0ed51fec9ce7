//! Calls any operation of a service that speaks JSON, by the operation's name, and gives its answer as the service sent it.
//!
//! The typed SDKs drop what they do not know and cannot write an answer back as JSON. A control judges members by their
//! names, tells an absent one from an empty one, and has to see those that are newer than any SDK; so the code that
//! describes resources reads answers in the form of the wire. It is the SDKs' own machinery beneath: signing, retries with
//! backoff, timeouts, connections.
//!
//! Invariants:
//! - An error keeps the service's code, its message and the request id.
//! - The endpoint is the service's own in the region and partition, unless `AWS_ENDPOINT_URL_<SERVICE>` or
//!   `AWS_ENDPOINT_URL` name another one, as for every SDK.

mod answer;
mod client;
mod service;

pub use answer::Answer;
pub use client::Client;
pub use service::{Call, DYNAMODB, EVENT_BRIDGE, KMS, Protocol, SAGEMAKER, SECURITY_HUB, Service};
