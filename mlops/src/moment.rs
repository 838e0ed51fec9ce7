//! A point in time as the history's keys spell it.

use std::fmt::{Display, Formatter};
use std::str::FromStr;
use std::time::SystemTime;

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde::Serialize;

const EXPECTED: &str = "a time as in RFC 3339, such as 2026-01-31T12:00:00Z or 2026-01-31T13:00:00+01:00";

/// UTC with milliseconds, `2026-01-31T12:00:00.000Z`, so that moments and records' keys sort alike. Years 0000 to 9999.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Moment(String);

impl Moment {
    /// By this machine's clock.
    pub fn now() -> Self {
        // A clock within four digits of years; one that is not says the year 0.
        Self::of(SystemTime::now().into()).unwrap_or_else(|| Self("0000-01-01T00:00:00.000Z".to_owned()))
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn of(time: DateTime) -> Option<Self> {
        let text = DateTime::from_secs(time.secs()).fmt(Format::DateTime).ok()?;
        let seconds = text.strip_suffix('Z').filter(|seconds| seconds.len() == 19)?;
        Some(Self(format!("{seconds}.{:03}Z", time.subsec_nanos() / 1_000_000)))
    }
}

impl FromStr for Moment {
    type Err = &'static str;

    /// With any offset; what is finer than a millisecond is cut off.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        DateTime::from_str(text, Format::DateTimeWithOffset).ok().and_then(Self::of).ok_or(EXPECTED)
    }
}

impl Display for Moment {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Moment;

    #[test]
    fn every_offset_is_one_time() {
        for text in [
            "2026-01-31T12:00:00Z",
            "2026-01-31T12:00:00.000Z",
            "2026-01-31T13:00:00+01:00",
            "2026-01-31T06:30:00-05:30",
            "2026-02-01T02:00:00.0009+14:00",
        ] {
            assert_eq!(text.parse::<Moment>().unwrap().as_str(), "2026-01-31T12:00:00.000Z", "{text}");
        }
        assert_eq!("1969-12-31T23:59:59.25Z".parse::<Moment>().unwrap().as_str(), "1969-12-31T23:59:59.250Z");
        assert!("2026-01-31T12:00:00.001Z".parse::<Moment>() < "2026-01-31T12:00:00.002Z".parse::<Moment>());
        let now = Moment::now();
        assert_eq!(now.as_str().parse(), Ok(now.clone()));
    }

    #[test]
    fn what_is_no_time() {
        for bad in ["", "now", "2026-01-31", "2026-01-31T12:00:00", "2026-13-31T12:00:00Z", "12:00:00Z", "1769860800"] {
            assert!(bad.parse::<Moment>().is_err(), "{bad}");
        }
    }
}
