use std::fmt;

use serde::Serialize;

use crate::attributes::Attributes;
use crate::envelope::{Envelope, RequestType};
use crate::json::{char_len, text_len};
use crate::physical_id::PhysicalId;

/// CloudFormation's limit for the whole body, this many included.
pub(crate) const MAX_BYTES: usize = 4096;
/// Stands for what was cut out of a reason.
const CUT: &str = " ... ";
/// How many of the attributes a reason names when they do not fit.
const BIGGEST: usize = 5;

/// How a request ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    Done(Attributes),
    Failed { reason: String, made: Made },
}

impl Outcome {
    /// Failed with nothing made.
    pub(crate) fn failed(reason: impl Into<String>) -> Self {
        Self::Failed { reason: reason.into(), made: Made::Nothing }
    }
}

/// Whether there may be something that a later Delete has to remove.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Made {
    Nothing,
    Something,
}

/// The physical id to answer, for each way a request can end (R15).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ids {
    done: String,
    something_made: String,
    nothing_made: String,
}

impl Ids {
    /// What can be said before the resource's own code has named a target, or when there is none.
    pub(crate) fn without_target(envelope: &Envelope, kind: &str) -> Self {
        let begun = envelope.continuation.as_ref().map(|before| before.physical_id.clone());
        // An Update or Delete without a current id is a fault of the envelope: nothing is known to exist.
        let id = begun
            .or_else(|| envelope.current_id.clone())
            .unwrap_or_else(|| PhysicalId::failed_create(kind).to_string());
        Self { done: id.clone(), something_made: id.clone(), nothing_made: id }
    }

    /// What to answer once something was made.
    pub(crate) fn something_made(&self) -> &str {
        &self.something_made
    }

    /// The request makes or changes `target`.
    pub(crate) fn with_target(self, envelope: &Envelope, target: &PhysicalId) -> Self {
        match envelope.request_type {
            Some(RequestType::Create | RequestType::Update) => {
                Self { done: target.to_string(), something_made: target.to_string(), ..self }
            }
            Some(RequestType::Delete) | None => self,
        }
    }
}

/// Where a person finds the whole story: part of every reason.
#[derive(Clone, Debug, Default)]
pub(crate) struct LogPointer {
    pub(crate) group: String,
    pub(crate) stream: String,
    pub(crate) request_id: String,
}

impl fmt::Display for LogPointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "(log group {}, stream {}, request {})", self.group, self.stream, self.request_id)
    }
}

/// The body of the one answer to a request: valid, and at most 4096 bytes however it was made.
pub(crate) struct Answer {
    pub(crate) body: Vec<u8>,
    pub(crate) physical_id: String,
    /// `None` on success.
    pub(crate) reason: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Body<'a> {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    physical_resource_id: &'a str,
    stack_id: &'a str,
    request_id: &'a str,
    logical_resource_id: &'a str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    no_echo: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Attributes>,
}

impl Answer {
    /// Total: every envelope and outcome give an answer that CloudFormation accepts.
    pub(crate) fn new(envelope: &Envelope, ids: &Ids, outcome: &Outcome, no_echo: bool, log: &LogPointer) -> Self {
        let body = |status, reason, physical_resource_id, data| Body {
            status,
            reason,
            physical_resource_id,
            stack_id: &envelope.stack_id,
            request_id: &envelope.request_id,
            logical_resource_id: &envelope.logical_id,
            no_echo,
            data,
        };
        let (reason, id) = match outcome {
            Outcome::Done(attributes) => {
                let sent = !attributes.is_empty() && envelope.request_type != Some(RequestType::Delete);
                let success = serialized(&body("SUCCESS", None, &ids.done, sent.then_some(attributes)));
                if success.len() <= MAX_BYTES {
                    return Self { body: success, physical_id: ids.done.clone(), reason: None };
                }
                (too_big(attributes, success.len()), &ids.done)
            }
            Outcome::Failed { reason, made: Made::Something } => (reason.clone(), &ids.something_made),
            Outcome::Failed { reason, made: Made::Nothing } => (reason.clone(), &ids.nothing_made),
        };
        let without_reason = serialized(&body("FAILED", Some(""), id, None)).len();
        let reason = shortened(&one_line(&format!("{reason} {log}")), MAX_BYTES - without_reason);
        Self {
            body: serialized(&body("FAILED", Some(&reason), id, None)),
            physical_id: id.clone(),
            reason: Some(reason),
        }
    }
}

fn serialized(body: &Body<'_>) -> Vec<u8> {
    #[expect(clippy::expect_used, reason = "the body is texts under fixed names, which always serialize")]
    serde_json::to_vec(body).expect("BUG: an answer does not serialize")
}

/// The user was promised these attributes, so none may be left out silently (R34).
fn too_big(attributes: &Attributes, bytes: usize) -> String {
    let mut sizes: Vec<_> = attributes.iter().map(|(name, value)| (text_len(value), name)).collect();
    sizes.sort_by(|a, b| b.cmp(a));
    let biggest: Vec<_> =
        sizes.iter().take(BIGGEST).map(|(size, name)| format!("{} of {size} bytes", shortened(name, 100))).collect();
    format!(
        "the resource is as asked for, but its attributes make an answer of {bytes} bytes, more than the {MAX_BYTES} that \
         CloudFormation takes; the biggest: {}",
        biggest.join(", ")
    )
}

/// A reason is shown in a table: every run of white space and control characters becomes one space (R35).
fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// `text` cut in its middle to at most `max` bytes of JSON text, quotes not counted.
fn shortened(text: &str, max: usize) -> String {
    if text_len(text) - 2 <= max {
        return text.to_owned();
    }
    let half = max.saturating_sub(CUT.len()) / 2;
    let fitting = |chars: &mut dyn Iterator<Item = char>| {
        let mut bytes = 0;
        chars
            .take_while(|c| {
                bytes += char_len(*c);
                bytes <= half
            })
            .map(char::len_utf8)
            .sum::<usize>()
    };
    let head = fitting(&mut text.chars());
    let tail = text.len() - fitting(&mut text.chars().rev());
    format!("{}{CUT}{}", text.get(..head).unwrap_or_default(), text.get(tail..).unwrap_or_default())
}
