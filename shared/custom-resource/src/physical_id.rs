use std::fmt;
use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// CloudFormation's limit.
const MAX_BYTES: usize = 1024;
/// Stands where a segment could begin, so that no identity can give the marker.
const FAILED_CREATE: &str = "!failed-create";

/// A physical id made here: `KIND/segment/segment`, printable ASCII, at most 1024 bytes.
///
/// Deterministic: the same kind and segments always give the same id (R17).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PhysicalId(String);

impl PhysicalId {
    /// The id of the resource of `kind` that `segments` identify.
    ///
    /// `/`, `%` and whatever is not printable ASCII is percent-encoded in a segment, so that different segments give
    /// different ids. An id that would be too long ends in its SHA-256 instead.
    pub fn new<S: AsRef<str>>(kind: &str, segments: impl IntoIterator<Item = S>) -> Self {
        let mut id = kind.to_owned();
        for segment in segments {
            id.push('/');
            for byte in segment.as_ref().bytes() {
                if byte.is_ascii_graphic() && !matches!(byte, b'/' | b'%') {
                    id.push(char::from(byte));
                } else {
                    push_hex(&mut id, '%', &[byte]);
                }
            }
        }
        if id.len() > MAX_BYTES {
            let hash = Sha256::digest(&id);
            // All of it is ASCII, so every byte is a char boundary.
            id.truncate(MAX_BYTES - 1 - 2 * hash.len());
            push_hex(&mut id, '~', &hash);
        }
        Self(id)
    }

    /// What a Create answers when it failed with nothing made; its Delete has nothing to do (R19).
    #[must_use]
    pub fn failed_create(kind: &str) -> Self {
        Self(format!("{kind}{FAILED_CREATE}"))
    }

    /// `text` as an id of `kind`; `None` when it was not made here: the failed-create marker, an id that CloudFormation
    /// invented, one of another implementation (R20).
    #[must_use]
    pub fn of_kind(kind: &str, text: &str) -> Option<Self> {
        let ours = text.strip_prefix(kind).is_some_and(|rest| rest.starts_with('/'));
        (ours && text.len() <= MAX_BYTES && text.bytes().all(|byte| byte.is_ascii_graphic()))
            .then(|| Self(text.to_owned()))
    }

    /// The segments after the kind, decoded: what [`crate::CustomResource::identity`] gave, unless that was too long.
    #[must_use]
    pub fn segments(&self) -> Vec<String> {
        self.0.split('/').skip(1).map(decode).collect()
    }

    /// The id as CloudFormation knows it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PhysicalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn push_hex(id: &mut String, mark: char, bytes: &[u8]) {
    id.push(mark);
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(id, "{byte:02X}");
    }
}

fn decode(segment: &str) -> String {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut parts = segment.split('%');
    bytes.extend(parts.next().unwrap_or_default().bytes());
    for part in parts {
        match part.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                bytes.extend(part.bytes().skip(2));
            }
            None => bytes.extend(std::iter::once(b'%').chain(part.bytes())),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
