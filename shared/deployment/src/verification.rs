use crate::endpoint::{EndpointSettings, EndpointType};
use crate::schema::JsonSchema;
use checked_document::{Node, Object};
use serde::{Deserialize, Serialize};
use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

/// How an endpoint is asked whether it answers as it should.
///
/// ```json
/// {"payload": {"text": "5.1,3.5"}, "contentType": "text/csv", "accept": "application/json",
///  "expect": {"contentType": "application/json", "schema": {"type": "array", "minItems": 1}},
///  "maxLatencyMs": 500, "invocations": 3}
/// ```
///
/// `payload` is otherwise `{"s3Uri": "s3://bucket/key"}`, and instead of `schema` there may be
/// `"csv": {"rows": 1, "columns": 1}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Verification {
    /// What is sent.
    pub payload: Payload,
    /// Of the payload.
    pub content_type: String,
    /// What the answer shall be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accept: Option<String>,
    /// What the answer must be; any answer does without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect: Option<Expectation>,
    /// From 1 to 60,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_latency_ms: Option<u32>,
    /// How often it is sent, from 1 to 10. An asynchronous endpoint is asked once.
    pub invocations: u32,
}

/// A sample payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Payload {
    /// Itself.
    Text(String),
    /// Where it is kept.
    S3Uri(S3Uri),
}

/// What an endpoint must answer to the sample payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Expectation {
    /// Parameters such as `charset` count only where they are given here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// Of the body.
    #[serde(flatten)]
    pub shape: Option<Shape>,
}

/// What an answer's body looks like.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Shape {
    /// JSON that this schema accepts.
    Schema(JsonSchema),
    /// Numbers, without a line of names.
    Csv {
        /// At least 1.
        rows: usize,
        /// Of each row. At least 1.
        columns: usize,
    },
}

/// An object in S3: `s3://bucket/key`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Uri {
    bucket: String,
    key: String,
}

impl S3Uri {
    /// The bucket's name.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// The object's key, without a slash before it.
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl FromStr for S3Uri {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str = "the address of an object such as s3://bucket/samples/churn.csv";
        let (bucket, key) = text.strip_prefix("s3://").and_then(|rest| rest.split_once('/')).ok_or(EXPECTED)?;
        let label = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let bucket_accepted = (3..=63).contains(&bucket.len())
            && bucket.bytes().all(|byte| label(byte) || matches!(byte, b'.' | b'-'))
            && bucket.bytes().next().is_some_and(label)
            && bucket.bytes().last().is_some_and(label);
        let key_accepted = (1..=1024).contains(&key.len()) && !key.chars().any(char::is_control);
        if !bucket_accepted || !key_accepted {
            return Err(EXPECTED);
        }
        Ok(Self { bucket: bucket.to_owned(), key: key.to_owned() })
    }
}

impl Display for S3Uri {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

impl Serialize for S3Uri {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for S3Uri {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// The largest payload that SageMaker takes for an endpoint of this kind, in bytes: 25 MB in real time ("Model Hosting
/// FAQs" in the SageMaker developer guide; 6 MB before 2025), 4 MB if serverless ("Invoke a serverless endpoint") and
/// 1 GB if asynchronous ("Asynchronous inference").
pub fn payload_limit(endpoint: &EndpointSettings) -> u64 {
    const MEGABYTE: u64 = 1 << 20;
    match endpoint.endpoint_type {
        EndpointType::RealTime => 25 * MEGABYTE,
        EndpointType::Serverless => 4 * MEGABYTE,
        EndpointType::Asynchronous => 1024 * MEGABYTE,
    }
}

/// The model's own limit to an answer, in real time: SageMaker waits no longer.
const LONGEST_LATENCY: u32 = 60_000;
/// All accounts are asked within one task.
const MOST_INVOCATIONS: u32 = 10;
/// The first one pays for connections and warm-up, so that one alone says little about latency.
const DEFAULT_INVOCATIONS: u32 = 3;
const MOST_ROWS: u32 = 1_000_000;

impl Verification {
    /// What makes it impossible for such an endpoint.
    pub(crate) fn faults_for(&self, endpoint: &EndpointSettings) -> Vec<String> {
        let limit = payload_limit(endpoint);
        match &self.payload {
            // SageMaker takes 128,000 bytes without S3 too, but not in every partition and region.
            Payload::Text(_) if endpoint.endpoint_type == EndpointType::Asynchronous => {
                vec!["is asynchronous, which needs a sample in S3: give $.verification.payload as \"s3Uri\"".to_owned()]
            }
            Payload::Text(text) if text.len() as u64 > limit => vec![format!(
                "takes at most {limit} bytes, but $.verification.payload.text has {}: give a smaller sample",
                text.len()
            )],
            // The size of an object is seen when a deployment is planned.
            Payload::Text(_) | Payload::S3Uri(_) => Vec::new(),
        }
    }
}

pub(crate) fn verification(node: &Node<'_>) -> Option<Verification> {
    let mut verification = node.object()?;
    let payload = verification.required("payload").and_then(|node| payload(&node));
    let content_type = verification.required("contentType").and_then(|node| media_type(&node));
    let accept = verification.optional("accept").map_or(Some(None), |node| media_type(&node).map(Some));
    let expect = verification.optional("expect").map_or(Some(None), |node| expectation(&node).map(Some));
    let max_latency_ms =
        verification.optional("maxLatencyMs").map_or(Some(None), |node| node.integer(1..=LONGEST_LATENCY).map(Some));
    let invocations = verification
        .optional("invocations")
        .map_or(Some(DEFAULT_INVOCATIONS), |node| node.integer(1..=MOST_INVOCATIONS));
    verification.close();
    Some(Verification {
        payload: payload?,
        content_type: content_type?,
        accept: accept?,
        expect: expect?,
        max_latency_ms: max_latency_ms?,
        invocations: invocations?,
    })
}

fn payload(node: &Node<'_>) -> Option<Payload> {
    let mut payload = node.object()?;
    let read = match (payload.optional("text"), payload.optional("s3Uri")) {
        (Some(text), None) => {
            text.text_where("a sample of at least one byte", |text| !text.is_empty()).map(Payload::Text)
        }
        (None, Some(uri)) => uri.text().map(Payload::S3Uri),
        (Some(_), Some(_)) => payload.fault("has both \"text\" and \"s3Uri\"; expected one of them"),
        (None, None) => payload.fault("has neither \"text\" nor \"s3Uri\"; expected one of them"),
    };
    payload.close();
    read
}

fn expectation(node: &Node<'_>) -> Option<Expectation> {
    let mut expect = node.object()?;
    let content_type = expect.optional("contentType").map(|node| media_type(&node));
    let shape = match (expect.optional("schema"), expect.optional("csv")) {
        (Some(schema), None) => Some(json_schema(&schema).map(Shape::Schema)),
        (None, Some(table)) => Some(csv(&table)),
        (Some(_), Some(_)) => Some(expect.fault("has both \"schema\" and \"csv\"; expected at most one of them")),
        (None, None) if content_type.is_none() => {
            Some(expect.fault("expects nothing: give \"contentType\", \"schema\" or \"csv\", or leave \"expect\" out"))
        }
        (None, None) => None,
    };
    expect.close();
    // The outer layer is whether it is there, the inner one whether it could be read.
    let content_type = content_type.map_or(Some(None), |read| read.map(Some));
    let shape = shape.map_or(Some(None), |read| read.map(Some));
    Some(Expectation { content_type: content_type?, shape: shape? })
}

fn json_schema(node: &Node<'_>) -> Option<JsonSchema> {
    match JsonSchema::new(node.value()) {
        Ok(schema) => Some(schema),
        Err(faults) => {
            faults.iter().for_each(|fault| {
                node.fault::<()>(format_args!("is no JSON Schema: {fault}"));
            });
            None
        }
    }
}

fn csv(node: &Node<'_>) -> Option<Shape> {
    let mut csv = node.object()?;
    let size = |csv: &mut Object<'_>, name| {
        csv.required(name).and_then(|node: Node<'_>| node.integer(1..=MOST_ROWS)).and_then(|n| usize::try_from(n).ok())
    };
    let (rows, columns) = (size(&mut csv, "rows"), size(&mut csv, "columns"));
    csv.close();
    Some(Shape::Csv { rows: rows?, columns: columns? })
}

/// As far as it can be sent: SageMaker takes 1024 ASCII characters in a header.
fn media_type(node: &Node<'_>) -> Option<String> {
    node.text_where("a media type such as text/csv", |text| {
        text.len() <= 1024
            && text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic())
            && text.split_once('/').is_some_and(|(kind, rest)| !kind.trim().is_empty() && !rest.trim().is_empty())
    })
}
