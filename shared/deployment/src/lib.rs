//! What it means to deploy a model package group.
//!
//! A group is deployed once it is *registered*: a JSON document in Parameter Store says which stages it passes through,
//! in which accounts and regions each of them lives, and on what. An approval of one of its versions becomes a
//! [`DeploymentRequest`], the input of the state machine; planning turns that into one [`StagePlan`] per stage, which
//! travels through the machine by itself; what is live in a stage at the end is its [`LiveRecord`], and what went wrong
//! is a [`DeploymentReport`].
//!
//! Nothing here calls AWS: the functions that decide on an approval, deploy it and take deployments away again agree
//! through this crate on names, documents and messages.

mod endpoint;
mod live;
mod names;
mod plan;
mod registration;
mod report;
mod request;
mod schema;
mod verification;
mod waves;

pub use checked_document::Fault;
pub use endpoint::{
    Alarms, Asynchronous, DataCapture, EndpointSettings, EndpointType, Instance, Network, Scaling, Serverless, Shift,
    Traffic, Variant,
};
pub use live::{Decision, EarlierVersion, HistoryRecord, LiveRecord, PendingApproval, RecordKind, Verdict, goes_back};
pub use names::{ParameterNames, PlatformName, StageName, fingerprint, stack_set_prefix, tags};
pub use plan::{ENDPOINT_TEMPLATE, StagePlan};
pub use registration::{
    CallAs, Draft, InvalidRegistration, Permissions, Registration, Stage, StageApproval, StageDraft, Targets,
};
pub use report::{DeploymentReport, Failure, Phase};
pub use request::{Approval, DeploymentRequest, ExecutionSubject, RequestKind};
pub use schema::JsonSchema;
pub use verification::{Expectation, Payload, S3Uri, Shape, Verification, payload_limit};
pub use waves::{Canary, OperationPreferences, Wave, WaveName, WaveSettings, Waves};
