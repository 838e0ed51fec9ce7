use std::fmt;
use std::net::IpAddr;

use http::Uri;
use http::uri::Scheme;
use serde_json::Value;

use crate::json::shape;

/// DNS suffixes of the partitions: commercial and GovCloud, China, the isolated ones, the European one.
const PARTITION_SUFFIXES: [&str; 7] = [
    ".amazonaws.com",
    ".amazonaws.com.cn",
    ".c2s.ic.gov",
    ".sc2s.sgov.gov",
    ".cloud.adc-e.uk",
    ".csp.hci.ic.gov",
    ".amazonaws.eu",
];

/// The presigned address that takes the answer.
///
/// Whoever reads it can forge the answer, so it has no `Display`, no `Serialize`, and a `Debug` that says nothing (R38).
pub(crate) struct ResponseUrl(Uri);

/// Why there is nobody to answer. Never holds the address; a host name is no secret.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UnusableUrl {
    #[error("the event is {0}, expected an object")]
    NotAnObject(&'static str),
    #[error("ResponseURL is missing")]
    Missing,
    #[error("ResponseURL is {0}, expected a text")]
    NotText(&'static str),
    #[error("ResponseURL cannot be read as a URL")]
    Malformed,
    #[error("ResponseURL is not https")]
    NotHttps,
    #[error("ResponseURL names the host {0:?}, expected an S3 host")]
    ForeignHost(String),
}

impl ResponseUrl {
    /// Reads the address of `event`. `allow_loopback` also admits `http` and any port on this machine, for emulators.
    ///
    /// Only S3's hosts are admitted: otherwise an event made by hand turns the function into a tool for reaching other
    /// hosts with its own network position (R40).
    pub(crate) fn of(event: &Value, allow_loopback: bool) -> Result<Self, UnusableUrl> {
        let event = event.as_object().ok_or_else(|| UnusableUrl::NotAnObject(shape(event)))?;
        let text = match event.get("ResponseURL") {
            None => return Err(UnusableUrl::Missing),
            Some(Value::String(text)) => text,
            Some(value) => return Err(UnusableUrl::NotText(shape(value))),
        };
        // `Uri` keeps path and query byte for byte (R12).
        let uri: Uri = text.parse().map_err(|_| UnusableUrl::Malformed)?;
        let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else {
            return Err(UnusableUrl::Malformed);
        };
        let host = authority.host();
        if authority.as_str().contains('@') {
            return Err(UnusableUrl::ForeignHost(host.to_owned()));
        }
        if allow_loopback && is_loopback(host) && (*scheme == Scheme::HTTP || *scheme == Scheme::HTTPS) {
            return Ok(Self(uri));
        }
        if *scheme != Scheme::HTTPS {
            return Err(UnusableUrl::NotHttps);
        }
        if !is_s3(host) || !matches!(authority.port_u16(), None | Some(443)) {
            return Err(UnusableUrl::ForeignHost(authority.as_str().to_owned()));
        }
        Ok(Self(uri))
    }

    pub(crate) fn uri(&self) -> &Uri {
        &self.0
    }

    pub(crate) fn is_https(&self) -> bool {
        self.0.scheme() == Some(&Scheme::HTTPS)
    }
}

impl fmt::Debug for ResponseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// `[bucket.]s3[-region][.dualstack][.region]` under a partition's suffix. Other services give their customers names under
/// the same suffixes, with the service's own label before the region or the suffix.
fn is_s3(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    PARTITION_SUFFIXES.iter().filter_map(|suffix| host.strip_suffix(suffix)).any(|name| {
        name.rsplit('.')
            .find(|label| *label != "dualstack" && !is_region(label))
            .is_some_and(|label| label == "s3" || label.starts_with("s3-"))
    })
}

fn is_region(label: &str) -> bool {
    !label.starts_with("s3-") && label.contains('-') && label.ends_with(|last: char| last.is_ascii_digit())
}
