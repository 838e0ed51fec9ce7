use std::fmt;
use std::str::FromStr;

use identifiers::Region;

use crate::aws::Subnet;

/// An availability zone, local zone or wavelength zone, by its name in this account or by its id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Zone(String);

/// What the text should have been; completes the sentence "expected ...".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an availability zone such as eu-central-1a or euc1-az1")]
pub struct InvalidZone;

impl Zone {
    /// Whether the subnet lies in it.
    #[must_use]
    pub fn holds(&self, subnet: &Subnet) -> bool {
        self.0 == subnet.zone || self.0 == subnet.zone_id
    }
}

impl FromStr for Zone {
    type Err = InvalidZone;

    fn from_str(text: &str) -> Result<Self, InvalidZone> {
        let is_word = |word: &str| {
            !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        };
        let has_form = text.starts_with(|first: char| first.is_ascii_lowercase())
            && text.bytes().any(|byte| byte.is_ascii_digit())
            && (2..=8).contains(&text.split('-').count())
            && text.split('-').all(is_word);
        // The commonest slip: the region, without the zone's letter.
        if has_form && text.parse::<Region>().is_err() { Ok(Self(text.to_owned())) } else { Err(InvalidZone) }
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_ids_of_every_kind_of_zone() {
        for good in [
            "eu-central-1a",
            "us-gov-west-1c",
            "cn-north-1b",
            "us-west-2-lax-1a",
            "us-east-1-wl1-bos-wlz-1",
            "euc1-az1",
            "usw2-lax1-az1",
            "eusc-de-east-1a",
        ] {
            assert_eq!(good.parse::<Zone>().unwrap().to_string(), good);
        }
        for bad in
            ["", "a", "eu-central-1", "us-gov-west-1", "eu-central-1A", "eu--1a", "eu central 1a", "1a-eu", "eu-a"]
        {
            assert_eq!(bad.parse::<Zone>(), Err(InvalidZone), "{bad}");
        }
    }
}
