use identifiers::{AccountId, ModelPackageGroupName, Region};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::{Display, Write};
use std::str::FromStr;

macro_rules! name {
    ($(#[$meta:meta])* $name:ident, $expected:literal, $accepts:expr) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The name itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = &'static str;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let accepts: fn(&str) -> bool = $accepts;
                if accepts(text) { Ok(Self(text.to_owned())) } else { Err($expected) }
            }
        }

        impl TryFrom<String> for $name {
            type Error = String;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse().map_err(|expected| format!("expected {expected}, found {text:?}"))
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

name! {
    /// One deployed platform: the first part of every name that is made for it.
    ///
    /// Parameter Store reserves names whose first part begins with `aws` or `ssm`. Lower case, because SageMaker's ARNs
    /// are, and the roles in the target accounts are bounded to ARNs that begin with it.
    PlatformName,
    "a platform name of 1 to 20 lower-case letters, digits and inner hyphens that begins with a letter and with neither aws nor ssm",
    |text| is_name(text) && !text.starts_with("aws") && !text.starts_with("ssm")
}

name! {
    /// A stage of a group's deployment, such as `staging`.
    StageName,
    "a stage name of 1 to 20 lower-case letters, digits and inner hyphens that begins with a letter",
    is_name
}

fn is_name(text: &str) -> bool {
    (1..=20).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && !text.ends_with('-')
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// Where a group's documents are in Parameter Store. The platform comes first: a registry's event names only the group,
/// and groups are unique in an account and region, while platforms can share both.
#[derive(Debug, Clone)]
pub struct ParameterNames<'a> {
    platform: &'a PlatformName,
    group: &'a ModelPackageGroupName,
}

impl<'a> ParameterNames<'a> {
    /// The documents of this group on this platform.
    pub fn new(platform: &'a PlatformName, group: &'a ModelPackageGroupName) -> Self {
        Self { platform, group }
    }

    /// The path under which every group of a platform has its documents, with a slash at its end.
    pub fn root(platform: &PlatformName) -> String {
        format!("/{platform}/deployments/")
    }

    /// The document that the group is registered with.
    pub fn registration(&self) -> String {
        format!("{}{}/registration", Self::root(self.platform), self.group)
    }

    /// The record of what is live in a stage.
    pub fn live(&self, stage: &StageName) -> String {
        format!("{}{}/live/{stage}", Self::root(self.platform), self.group)
    }

    /// The path of the questions that wait for an answer, with a slash at its end.
    pub fn pending(&self) -> String {
        format!("{}{}/approval/", Self::root(self.platform), self.group)
    }

    /// The question whether a stage may be touched.
    pub fn pending_approval(&self, stage: &StageName) -> String {
        format!("{}{stage}", self.pending())
    }

    /// Whether a parameter under [`root`](Self::root) is what deployments leave behind there: some group's record of a live
    /// version, or a question that nobody answers any more.
    pub fn is_left_by_deployments(platform: &PlatformName, parameter: &str) -> bool {
        let mut parts = parameter.strip_prefix(&Self::root(platform)).unwrap_or_default().split('/').skip(1);
        matches!(parts.next(), Some("live" | "approval"))
            && parts.next().is_some_and(|stage| !stage.is_empty())
            && parts.next().is_none()
    }
}

/// What the names of all stack sets of a platform begin with. Others' names may begin so too: only [`tags`] tell.
pub fn stack_set_prefix(platform: &PlatformName) -> String {
    format!("{platform}-")
}

/// The longest name of a SageMaker endpoint; a stack set's may be longer.
const LONGEST_NAME: usize = 63;

/// The name of the stack set of a stage and of the endpoint that it puts into each account.
///
/// It can be read, begins with the platform, and ends in a hash of the hub's account and region and of all three names:
/// `a-b` and `c` are not `a` and `b-c`, a group's name that was cut is not another one, and two hubs that deploy
/// to one account do not take each other's endpoint.
pub(crate) fn stage_name(
    (account, region): (&AccountId, &Region),
    platform: &PlatformName,
    group: &ModelPackageGroupName,
    stage: &StageName,
) -> String {
    let hash = fingerprint(8, &[account.as_str(), region.as_str(), platform.as_str(), group.as_str(), stage.as_str()]);
    let (prefix, suffix) = (stack_set_prefix(platform), format!("-{stage}-{hash}"));
    let room = LONGEST_NAME.saturating_sub(prefix.len() + suffix.len());
    let group = group.as_str().get(..room).unwrap_or(group.as_str()).trim_end_matches('-');
    format!("{prefix}{group}{suffix}")
}

/// The name of a model and of an endpoint configuration, at most 63 characters: the endpoint's, cut where it must be, the
/// version, and a hash of everything they are made from.
pub(crate) fn configuration_name(endpoint: &str, version: u32, made_from: &[&str]) -> String {
    let suffix = format!("-v{version}-{}", fingerprint(8, made_from));
    let endpoint = endpoint.get(..LONGEST_NAME - suffix.len()).unwrap_or(endpoint).trim_end_matches('-');
    format!("{endpoint}{suffix}")
}

/// The first `digits` hexadecimal digits, at most 64, of a hash over the parts: other parts, or the same text divided
/// otherwise, have another one.
pub fn fingerprint(digits: usize, parts: &[&str]) -> String {
    let mut sha = Sha256::new();
    for part in parts {
        sha.update((part.len() as u64).to_be_bytes());
        sha.update(part);
    }
    let mut text = String::new();
    for byte in sha.finalize().iter().take(digits.div_ceil(2)) {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text.truncate(digits);
    text
}

/// What marks a stack set as the one of this stage. Without the stage: of any stage; without the group too: of any group.
pub fn tags(
    platform: &PlatformName,
    group: Option<&ModelPackageGroupName>,
    stage: Option<&StageName>,
) -> BTreeMap<String, String> {
    let tag = |name: &str, value: &str| (format!("secure-mlops:{name}"), value.to_owned());
    let mut tags = BTreeMap::from([tag("platform", platform.as_str())]);
    tags.extend(group.map(|group| tag("model-package-group", group.as_str())));
    tags.extend(stage.map(|stage| tag("stage", stage.as_str())));
    tags
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_is_named_after_all_it_is_made_from() {
        let name = configuration_name("mlops-churn-prod-01234567", 7, &["ml.m5.large", "1"]);
        assert!(name.starts_with("mlops-churn-prod-01234567-v7-"), "{name}");
        assert_ne!(name, configuration_name("mlops-churn-prod-01234567", 7, &["ml.m5.large", "2"]));
        let longest = configuration_name(&"e".repeat(LONGEST_NAME), u32::MAX, &[]);
        assert_eq!(longest.len(), LONGEST_NAME, "{longest}");
        assert!(!configuration_name(&format!("{}-{}", "e".repeat(48), "f".repeat(14)), 10_000, &[]).contains("--"));
    }
    use proptest::prelude::*;

    fn named(account: &str, platform: &str, group: &str, stage: &str) -> String {
        let hub: (AccountId, Region) = (account.parse().unwrap(), "eu-central-1".parse().unwrap());
        stage_name((&hub.0, &hub.1), &platform.parse().unwrap(), &group.parse().unwrap(), &stage.parse().unwrap())
    }

    #[test]
    fn names_can_be_read() {
        let name = named("111111111111", "mlops", "churn", "staging");
        assert!(name.starts_with("mlops-churn-staging-"), "{name}");
        assert_eq!(name.len(), "mlops-churn-staging-".len() + 8);
        let long = named("111111111111", &"p".repeat(20), &"g".repeat(63), &"s".repeat(20));
        assert_eq!(long.len(), 63);
    }

    #[test]
    fn other_inputs_have_other_names() {
        let names = [
            named("111111111111", "a-b", "c", "d"),
            named("111111111111", "a", "b-c", "d"),
            named("111111111111", "a", "b", "c-d"),
            named("222222222222", "a", "b", "c-d"),
            named("111111111111", "a", &format!("{}x", "g".repeat(62)), "d"),
            named("111111111111", "a", &format!("{}y", "g".repeat(62)), "d"),
        ];
        let distinct: std::collections::BTreeSet<_> = names.iter().collect();
        assert_eq!(distinct.len(), names.len(), "{names:?}");
    }

    #[test]
    fn reserved_and_ill_formed_names() {
        for bad in ["", "aws-ml", "ssmx", "Mlops", "1a", "a-", "a_b", "a/b", &"p".repeat(21)] {
            assert!(bad.parse::<PlatformName>().is_err(), "{bad}");
        }
        assert!("mlops-2".parse::<PlatformName>().is_ok());
        assert!("Staging".parse::<StageName>().is_err());
    }

    #[test]
    fn what_deployments_leave_is_told_from_registrations() {
        let platform: PlatformName = "mlops".parse().unwrap();
        let group = "live".parse().unwrap();
        let names = ParameterNames::new(&platform, &group);
        assert_eq!(names.registration(), "/mlops/deployments/live/registration");
        assert_eq!(names.live(&"prod".parse().unwrap()), "/mlops/deployments/live/live/prod");
        assert!(ParameterNames::is_left_by_deployments(&platform, "/mlops/deployments/live/live/prod"));
        assert_eq!(names.pending_approval(&"prod".parse().unwrap()), "/mlops/deployments/live/approval/prod");
        assert!(ParameterNames::is_left_by_deployments(&platform, "/mlops/deployments/live/approval/prod"));
        for other in
            ["/mlops/deployments/live/registration", "/mlops2/deployments/a/live/b", "/mlops/deployments/live/prod"]
        {
            assert!(!ParameterNames::is_left_by_deployments(&platform, other), "{other}");
        }
    }

    proptest! {
        #[test]
        fn every_name_is_valid_for_endpoints_and_stack_sets(
            platform in "[b-r][a-z0-9-]{0,18}[a-z]", group in "[a-z0-9](-{0,2}[a-zA-Z0-9]){0,20}", stage in "[a-z]([a-z0-9-]{0,18}[a-z0-9])?",
        ) {
            let name = named("111111111111", &platform, &group, &stage);
            prop_assert!(name.len() <= LONGEST_NAME);
            let first_is_letter = name.starts_with(|c: char| c.is_ascii_alphabetic());
            prop_assert!(first_is_letter && !name.ends_with('-'));
            prop_assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'));
            prop_assert!(name.starts_with(&stack_set_prefix(&platform.parse().unwrap())));
        }
    }
}
