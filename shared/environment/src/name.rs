use std::fmt;
use std::str::FromStr;

/// Leaves room for the longest name that is made of it: a bucket's, 63 characters with region and account.
const LONGEST: usize = 20;

/// What a name should have been; completes the sentence "expected ...".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidName(&'static str);

macro_rules! name {
    ($(#[$meta:meta])* $name:ident, $expected:literal, $accepts:expr) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The text it was read from.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, InvalidName> {
                let accepts: fn(&str) -> bool = $accepts;
                if accepts(text) { Ok(Self(text.to_owned())) } else { Err(InvalidName($expected)) }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name! {
    /// First half of an environment's name, as in `EnvironmentName`. Parameter Store keeps paths that begin with aws or
    /// ssm for itself.
    EnvironmentName,
    "an environment name of 1 to 20 lower-case letters, digits and inner hyphens that begins with a letter and with neither aws nor ssm",
    |text| is_name(text) && !text.starts_with("aws") && !text.starts_with("ssm")
}

name! {
    /// Second half, as in `EnvironmentType`: `dev`, `staging`, whatever the team calls it.
    EnvironmentType,
    "an environment type of 1 to 20 lower-case letters, digits and inner hyphens that begins with a letter",
    is_name
}

fn is_name(text: &str) -> bool {
    (1..=LONGEST).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && !text.ends_with('-')
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn b06_names_that_would_fail_late_are_refused_at_once() {
        for good in ["a", "churn", "sm-mlops", "team-7", "abcdefghijklmnopqrst"] {
            assert!(good.parse::<EnvironmentName>().is_ok() && good.parse::<EnvironmentType>().is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "7team", "Team", "a_b", "a b", "ä", "abcdefghijklmnopqrstu", "a/b"] {
            assert!(bad.parse::<EnvironmentName>().is_err() && bad.parse::<EnvironmentType>().is_err(), "{bad}");
        }
        for reserved in ["aws", "awsome", "ssm-x"] {
            assert!(reserved.parse::<EnvironmentName>().is_err() && reserved.parse::<EnvironmentType>().is_ok());
        }
    }

    proptest! {
        #[test]
        fn a_name_is_printed_as_it_was_read(text in "[a-z][a-z0-9-]{0,18}[a-z0-9]") {
            prop_assert_eq!(text.parse::<EnvironmentType>().unwrap().to_string(), text);
        }
    }
}
