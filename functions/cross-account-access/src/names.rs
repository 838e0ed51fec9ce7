use std::fmt;
use std::str::FromStr;

use custom_resource::Scope;

/// What a text should have been, as a noun phrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Expected(&'static str);

macro_rules! name {
    ($(#[$meta:meta])* $name:ident, $expected:literal, $reads:expr) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = Expected;

            fn from_str(text: &str) -> Result<Self, Expected> {
                let reads: fn(&str) -> Option<String> = $reads;
                reads(text).map(Self).ok_or(Expected($expected))
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
    /// A general-purpose bucket.
    BucketName, "a bucket's name of 3 to 63 lower-case letters, digits, dots and hyphens", |text| {
        let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let good = (3..=63).contains(&text.len())
            && text.bytes().all(|byte| inner(byte) || matches!(byte, b'.' | b'-'))
            && text.bytes().next().is_some_and(inner)
            && text.bytes().last().is_some_and(inner);
        good.then(|| text.to_owned())
    }
}

name! {
    /// The ARN of a key. An alias may be pointed at another key, so it does not say whose policy is meant.
    KeyArn, "a key's ARN such as arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab (not an alias)",
    |text| {
        let [_, region, account, resource] = arn(text, "kms")?;
        let id = resource.strip_prefix("key/")?;
        let good = !region.is_empty()
            && is_account(account)
            && !id.is_empty()
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        good.then(|| text.to_owned())
    }
}

name! {
    /// The name of a role, without its path.
    RoleName, "a role's name of 1 to 64 letters, digits and any of _+=,.@- without a path", |text| {
        let good = (1..=64).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte));
        good.then(|| text.to_owned())
    }
}

name! {
    /// A place in an organization and everything below it, as a pattern for `aws:PrincipalOrgPaths`: it ends in `/*`.
    OrganizationPath, "a path such as o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/, from the organization down", |text| {
        let path = text.strip_suffix('*').unwrap_or(text);
        let mut segments = path.strip_suffix('/')?.split('/');
        let lower = |text: &str, least: usize| {
            (least..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        };
        let organization = segments.next()?.strip_prefix("o-").is_some_and(|id| lower(id, 10));
        let root = segments.next()?.strip_prefix("r-")?;
        let units = segments.all(|segment| {
            let unit = segment.strip_prefix("ou-").and_then(|unit| unit.split_once('-'));
            unit.is_some_and(|(of_root, unit)| of_root == root && lower(unit, 8))
        });
        (organization && lower(root, 4) && units).then(|| format!("{path}*"))
    }
}

name! {
    /// Roles or users that a network Deny spares: an ARN whose resource part may hold wildcards.
    PrincipalPattern, "a role's or user's ARN such as arn:aws:iam::123456789012:role/break-glass, with wildcards in its name only and not for all of it",
    |text| {
        let [_, region, account, resource] = arn(text, "iam")?;
        let name = resource.strip_prefix("role/").or_else(|| resource.strip_prefix("user/"))?;
        // A pattern of wildcards alone would spare every workload.
        let named = name.bytes().any(|byte| byte.is_ascii_alphanumeric());
        let good = region.is_empty()
            && is_account(account)
            && named
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+=,.@-/*?".contains(&byte));
        good.then(|| text.to_owned())
    }
}

impl OrganizationPath {
    /// `o-...`, the organization's id.
    #[must_use]
    pub fn organization(&self) -> &str {
        self.0.split('/').next().unwrap_or_default()
    }
}

impl KeyArn {
    /// A key of the stack's own account, region and partition: no other's policy can be written from here.
    #[must_use]
    pub fn is_of(&self, scope: &Scope) -> bool {
        arn(&self.0, "kms").is_some_and(|[partition, region, account, _]| {
            (partition, region, account) == (&scope.partition, &scope.region, &scope.account_id)
        })
    }
}

impl PrincipalPattern {
    /// Such as `aws` or `aws-cn`.
    #[must_use]
    pub fn partition(&self) -> &str {
        self.0.split(':').nth(1).unwrap_or_default()
    }
}

/// Partition, region, account and resource of an ARN of this service.
fn arn<'a>(text: &'a str, service: &str) -> Option<[&'a str; 4]> {
    let mut parts = text.splitn(6, ':');
    let head = (parts.next()?, parts.next()?, parts.next()?);
    let (arn, partition, found) = head;
    let is_partition =
        partition.split('-').all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase()));
    (arn == "arn" && partition.starts_with("aws") && is_partition && found == service).then_some(())?;
    Some([partition, parts.next()?, parts.next()?, parts.next()?])
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}
