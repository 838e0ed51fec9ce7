use std::env;
use std::time::Duration;

/// Set to `1` by an emulator, whose response URLs are on this machine.
const ENV_ALLOW_LOOPBACK: &str = "CUSTOM_RESOURCE_ALLOW_LOOPBACK";
/// Set beside it, in milliseconds, by one in which nothing takes minutes.
const ENV_LONGEST_WAIT: &str = "CUSTOM_RESOURCE_LONGEST_WAIT_MS";

/// Nothing waits for longer than CloudFormation does.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// What differs where AWS itself is emulated. No template sets any of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Emulator {
    /// The longest wait between two calls of a method, whatever it asks for.
    pub(crate) longest_wait: Duration,
}

impl Emulator {
    /// `None` on AWS. A longest wait counts only where loopback is allowed.
    pub(crate) fn of_environment() -> Option<Self> {
        let value = |name: &str| env::var(name).ok();
        Self::read(value(ENV_ALLOW_LOOPBACK).as_deref(), value(ENV_LONGEST_WAIT).as_deref())
    }

    fn read(allow_loopback: Option<&str>, longest_wait: Option<&str>) -> Option<Self> {
        let longest_wait = longest_wait.and_then(|text| text.parse().ok()).map(Duration::from_millis);
        (allow_loopback == Some("1")).then(|| Self { longest_wait: longest_wait.unwrap_or(LONGEST_WAIT) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_cut_short_only_where_loopback_is_allowed() {
        let emulator = |milliseconds| Some(Emulator { longest_wait: Duration::from_millis(milliseconds) });
        for (allow_loopback, longest_wait, expected) in [
            (None, None, None),
            (None, Some("10"), None),
            (Some("true"), Some("10"), None),
            (Some("1"), None, emulator(3_600_000)),
            (Some("1"), Some("soon"), emulator(3_600_000)),
            (Some("1"), Some("10"), emulator(10)),
        ] {
            assert_eq!(Emulator::read(allow_loopback, longest_wait), expected, "{allow_loopback:?} {longest_wait:?}");
        }
    }
}
