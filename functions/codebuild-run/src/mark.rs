//! What a build carries to say who started it: environment variables, which CodeBuild keeps with the build and gives back.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// The resource: its physical id.
pub(crate) const STARTED_BY: &str = "SECURE_MLOPS_STARTED_BY";
/// CloudFormation's request.
pub(crate) const REQUEST: &str = "SECURE_MLOPS_REQUEST";
/// The properties: [`crate::Properties::digest`].
pub(crate) const SOURCE: &str = "SECURE_MLOPS_SOURCE";

/// Who started a build, and what for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Physical id of the resource.
    pub started_by: String,
    /// CloudFormation's request id.
    pub request: String,
    /// Digest of the properties.
    pub source: String,
}

impl Mark {
    /// Names and values of the variables.
    pub(crate) fn variables(&self) -> [(&'static str, &str); 3] {
        [(STARTED_BY, &self.started_by), (REQUEST, &self.request), (SOURCE, &self.source)]
    }

    /// Of a build's variables, as name and value; `None` for a build that somebody else started.
    pub(crate) fn read<'a>(variables: impl Iterator<Item = (&'a str, &'a str)> + Clone) -> Option<Self> {
        let value = |wanted| variables.clone().find(|(name, _)| *name == wanted).map(|(_, value)| value.to_owned());
        Some(Self { started_by: value(STARTED_BY)?, request: value(REQUEST)?, source: value(SOURCE)? })
    }

    /// For CodeBuild's idempotency: the same for two deliveries of a request, another one after each build of that request
    /// which failed. CodeBuild documents no length; this is as long as it has to be to be unique.
    pub(crate) fn token(&self, failed: usize) -> String {
        digest(&[&self.started_by, &self.request, &self.source, &failed.to_string()])
    }
}

/// SHA-256 in hexadecimal. Each part counts with its length, so that no two lists of parts run together.
pub(crate) fn digest(parts: &[&str]) -> String {
    let mut sha = Sha256::new();
    for part in parts {
        sha.update((part.len() as u64).to_be_bytes());
        sha.update(part);
    }
    sha.finalize().iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
