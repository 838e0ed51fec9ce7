//! What an endpoint is, whatever version it serves: the settings, how they are read and what template they fill.

mod parameters;
mod reading;
mod text;
mod traffic;

pub(crate) use reading::endpoint;

use checked_document::Faults;
use identifiers::instance_type;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt::{Display, Formatter};

/// What an endpoint is, in the form in which a registration has it:
///
/// ```json
/// {"type": "realTime",
///  "variants": [{"name": "AllTraffic", "instance": {"type": "ml.m5.large", "count": 2}}],
///  "volumeKeyArn": "arn:aws:kms:eu-central-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab",
///  "scaling": {"minCount": 2, "maxCount": 8, "invocationsPerInstance": 1000},
///  "dataCapture": {"percentage": 20, "destination": "s3://captured/churn"},
///  "traffic": {"shift": "canary", "stepPercentage": 10, "waitSeconds": 300},
///  "alarms": {"maxServerErrors": 5, "maxModelLatencyMs": 200},
///  "network": {"subnetIdsParameter": "/team/prod/private-subnet-ids", "securityGroupIdsParameter": "/team/prod/sg-ids"}}
/// ```
///
/// `{"type": "serverless", "serverless": {"memoryMb": 2048, "maxConcurrency": 20, "provisionedConcurrency": 2}}` has no
/// instances; `"type": "asynchronous"` has them and `"asynchronous": {"outputPath": "s3://answers/churn"}`.
///
/// Only a document without a fault becomes such settings, also where they are deserialized, so that whoever holds them
/// need not check whether their members fit together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", try_from = "Value")]
#[non_exhaustive]
pub struct EndpointSettings {
    /// How it is invoked, and what it runs on.
    #[serde(rename = "type")]
    pub endpoint_type: EndpointType,
    /// What it runs on: one or two; none if serverless.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variants: Vec<Variant>,
    /// If serverless.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serverless: Option<Serverless>,
    /// If asynchronous.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asynchronous: Option<Asynchronous>,
    /// The key of the instances' volumes, which those with an instance store leave aside: see
    /// [`effective_volume_key`](Self::effective_volume_key).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volume_key_arn: Option<String>,
    /// How many instances each variant has at which load; not if serverless.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scaling: Option<Scaling>,
    /// Which requests and answers are kept; not if serverless.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_capture: Option<DataCapture>,
    /// How requests move from one version to the next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traffic: Option<Traffic>,
    /// When the next version is taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alarms: Option<Alarms>,
    /// The network of the model's containers; not if serverless.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<Network>,
}

/// How an endpoint is invoked, and what it runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EndpointType {
    /// Instances that answer at once.
    RealTime,
    /// Instances that work off a queue.
    Asynchronous,
    /// No instances of one's own.
    Serverless,
}

/// Instances that take their share of the requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Variant {
    /// Of the variant.
    pub name: String,
    /// Its instances.
    pub instance: Instance,
    /// In percent of the requests.
    pub weight: u32,
}

/// What a variant runs on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    /// Such as `ml.m5.large`.
    #[serde(rename = "type")]
    pub instance_type: String,
    /// At least 1.
    pub count: u32,
}

/// What a serverless endpoint may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Serverless {
    /// A multiple of 1024 from 1024 to 6144.
    pub memory_mb: u32,
    /// Requests at a time, from 1 to 200.
    pub max_concurrency: u32,
    /// How many of them find a container that is warm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provisioned_concurrency: Option<u32>,
}

/// Where the answers of an asynchronous endpoint go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Asynchronous {
    /// In S3.
    pub output_path: String,
    /// In S3, for requests that failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_path: Option<String>,
    /// What both are encrypted with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_arn: Option<String>,
    /// Told of each answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub success_topic_arn: Option<String>,
    /// Told of each request that failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_topic_arn: Option<String>,
    /// From 1 to 1000; SageMaker decides otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_concurrent_invocations_per_instance: Option<u32>,
}

/// How many instances each variant has. The configuration does not say how many it has right now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Scaling {
    /// 0 is for asynchronous endpoints, which then end their last instance when their queue is empty.
    pub min_count: u32,
    /// At least 1, and not less than the other.
    pub max_count: u32,
    /// Invocations per minute that one instance shall serve, if real-time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invocations_per_instance: Option<u32>,
    /// Requests in the queue that one instance shall have before it, if asynchronous.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backlog_per_instance: Option<u32>,
}

/// Which requests and answers are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DataCapture {
    /// From 1 to 100.
    pub percentage: u32,
    /// In S3.
    pub destination: String,
    /// What they are encrypted with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_arn: Option<String>,
}

/// How requests move from the instances of one version to those of the next, which are made beside them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Traffic {
    /// In which steps.
    pub shift: Shift,
    /// The first step of a canary, at most 50; each step of a linear shift, from 10 to 50.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step_percentage: Option<u32>,
    /// After each step, during which the alarms are watched.
    pub wait_seconds: u32,
    /// After the last one, before the old instances are ended.
    pub termination_wait_seconds: u32,
    /// After which the shift has failed: longer than all its waiting.
    pub maximum_execution_seconds: u32,
}

/// The steps of a shift.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Shift {
    /// One.
    AllAtOnce,
    /// A small one and the rest.
    Canary,
    /// Steps of one size.
    Linear,
}

/// What a variant must not exceed. At least one of them is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Alarms {
    /// Answers with a status of 500 or more, in a minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_server_errors: Option<u32>,
    /// The model's own time, on average over a minute, in two of three minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_model_latency_ms: Option<u32>,
}

/// Parameters of the target account's Parameter Store that say where the model's containers have their network interfaces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Network {
    /// Whose value is a list of subnet ids with commas between them.
    pub subnet_ids_parameter: String,
    /// Whose value is a list of security group ids with commas between them.
    pub security_group_ids_parameter: String,
}

impl EndpointSettings {
    /// The types of the instances, each once; none if serverless.
    pub fn instance_types(&self) -> impl Iterator<Item = &str> {
        self.variants.iter().enumerate().filter_map(|(index, variant)| {
            let name = variant.instance.instance_type.as_str();
            let mut earlier = self.variants.iter().take(index);
            (!earlier.any(|other| other.instance.instance_type == name)).then_some(name)
        })
    }

    /// The key that the endpoint configuration names.
    ///
    /// None where an instance type has an instance store: its hardware encrypts that with a key of its own, and SageMaker
    /// has refused configurations that name another one.
    pub fn effective_volume_key(&self) -> Option<&str> {
        let has_store = self.instance_types().any(instance_type::has_instance_store);
        self.volume_key_arn.as_deref().filter(|_| !has_store)
    }

    /// Whether the model's containers can reach no network: all but those of serverless endpoints, for which SageMaker does
    /// not offer it.
    pub fn is_network_isolated(&self) -> bool {
        self.endpoint_type != EndpointType::Serverless
    }

    /// The variants of an endpoint with the settings `live` that keep it from getting these.
    ///
    /// SageMaker refuses to take away a variant, or to change its instance type, while it is registered with Application
    /// Auto Scaling, and CloudFormation takes a registration away only after it has updated the endpoint. The way out is an
    /// update in between, to [`without_scaling`](Self::without_scaling) of what is live.
    pub fn held_by_scaling<'a>(&self, live: &'a Self) -> Vec<&'a str> {
        let changes = |variant: &&Variant| {
            let same = self.variants.iter().find(|other| other.name == variant.name);
            same.is_none_or(|other| other.instance.instance_type != variant.instance.instance_type)
        };
        let registered = live.variants.iter().filter(|_| live.scaling.is_some());
        registered.filter(changes).map(|variant| variant.name.as_str()).collect()
    }

    /// The same endpoint, with the number of instances that it began with.
    #[must_use]
    pub fn without_scaling(&self) -> Self {
        Self { scaling: None, ..self.clone() }
    }
}

/// As the documents have it.
impl Display for EndpointType {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::RealTime => "realTime",
            Self::Asynchronous => "asynchronous",
            Self::Serverless => "serverless",
        })
    }
}

impl TryFrom<Value> for EndpointSettings {
    type Error = String;

    fn try_from(document: Value) -> Result<Self, String> {
        let faults = Faults::default();
        let settings = endpoint(&faults.root(&document));
        let faults: Vec<_> = faults.into_vec().iter().map(ToString::to_string).collect();
        settings.filter(|_| faults.is_empty()).ok_or_else(|| faults.join("; "))
    }
}
