use crate::aws::records::Records;
use crate::body;
use crate::error::Error;
use aws_ports::AwsError;
use deployment::{EndpointType, Payload, S3Uri, Shape, StagePlan, Verification, payload_limit};

/// The group's sample payload and what is expected of the answers, read once for all accounts.
pub(crate) struct Sample<'a> {
    pub(crate) verification: &'a Verification,
    pub(crate) sent: Sent<'a>,
}

/// How the payload reaches an endpoint.
pub(crate) enum Sent<'a> {
    /// With the request.
    Bytes(Vec<u8>),
    /// The endpoint reads it itself, with the model's permissions.
    Location(&'a S3Uri),
}

/// So many bytes of payloads are held at once; each request has its own copy.
const MOST_BYTES: usize = 96 << 20;

impl<'a> Sample<'a> {
    /// `None` if the registration has no verification. An object is read with the function's own permissions, once.
    pub(crate) async fn new(records: &impl Records, stage: &'a StagePlan) -> Result<Option<Self>, Error> {
        let Some(verification) = stage.verification.as_ref() else { return Ok(None) };
        let sent = match (&verification.payload, stage.endpoint.endpoint_type) {
            (Payload::S3Uri(uri), EndpointType::Asynchronous) => Sent::Location(uri),
            (Payload::S3Uri(uri), _) => Sent::Bytes(read(records, uri, payload_limit(&stage.endpoint)).await?),
            (Payload::Text(text), _) => Sent::Bytes(text.clone().into_bytes()),
        };
        Ok(Some(Self { verification, sent }))
    }

    /// What is expected of an answer's body.
    pub(crate) fn shape(&self) -> Option<&Shape> {
        self.verification.expect.as_ref()?.shape.as_ref()
    }

    /// What a body differs in.
    pub(crate) fn difference(&self, body: &[u8]) -> Option<String> {
        body::difference(self.shape(), body)
    }

    /// How many of `most` endpoints may be asked at once, so that the payloads have room in memory.
    pub(crate) fn at_once(&self, most: usize) -> usize {
        match &self.sent {
            Sent::Bytes(bytes) => (MOST_BYTES / bytes.len().max(1)).clamp(1, most),
            Sent::Location(_) => most,
        }
    }
}

async fn read(records: &impl Records, uri: &S3Uri, limit: u64) -> Result<Vec<u8>, Error> {
    let refused = |problem: String| Error::Payload { uri: uri.clone(), problem };
    let object = match records.object(uri, limit).await {
        Ok(object) => object,
        Err(error) if error.code() == Some("NoSuchKey") => {
            return Err(refused("does not exist: upload the sample, or name another object".to_owned()));
        }
        Err(error) if error.is_access_denied() => {
            return Err(refused(format!("does not exist, or this function may not read it: {error}")));
        }
        Err(error) => return Err(AwsError::into(error)),
    };
    object.body.ok_or_else(|| {
        refused(format!("has {} bytes, but SageMaker takes at most {limit}: give a smaller sample", object.size))
    })
}
