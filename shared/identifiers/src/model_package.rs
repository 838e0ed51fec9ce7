use crate::arn::Arn;
use crate::identifier::{identifier, text_form};
use crate::{AccountId, Expected, Region};
use std::cmp::Ordering;
use std::str::FromStr;

const EXPECTED: Expected = Expected(
    "the ARN of a model package version such as arn:aws:sagemaker:eu-central-1:123456789012:model-package/group/1",
);

identifier! {
    /// A model package group: 1 to 63 letters, digits and hyphens that neither begin nor end it.
    ModelPackageGroupName, "a model package group name of 1 to 63 letters, digits and inner hyphens", |text| {
        (1..=63).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !text.starts_with('-')
            && !text.ends_with('-')
    }
}

/// The ARN of one version in a model package group. A package without a group has no version and does not parse.
///
/// Versions of one group are ordered by number: version 10 comes after version 9.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ModelPackageArn {
    text: String,
    region: Region,
    account_id: AccountId,
    group: ModelPackageGroupName,
    version: u32,
}

impl ModelPackageArn {
    /// Such as `aws` or `aws-cn`.
    pub fn partition(&self) -> &str {
        self.text.split(':').nth(1).unwrap_or_default()
    }

    /// The region of the registry.
    pub fn region(&self) -> &Region {
        &self.region
    }

    /// The account of the registry.
    pub fn account_id(&self) -> &AccountId {
        &self.account_id
    }

    /// The group as the ARN spells it.
    pub fn group(&self) -> &ModelPackageGroupName {
        &self.group
    }

    /// Counts from 1 within the group.
    pub fn version(&self) -> u32 {
        self.version
    }
}

impl FromStr for ModelPackageArn {
    type Err = Expected;

    fn from_str(text: &str) -> Result<Self, Expected> {
        let arn = Arn::parse(text).filter(|arn| arn.service == "sagemaker").ok_or(EXPECTED)?;
        let package = arn.resource.strip_prefix("model-package/").ok_or(EXPECTED)?;
        let (group, version) = package.split_once('/').ok_or(EXPECTED)?;
        // A leading zero or sign would give one version two spellings.
        let canonical = version.starts_with(|c: char| ('1'..='9').contains(&c));
        Ok(Self {
            text: text.to_owned(),
            region: arn.region.parse().map_err(|_| EXPECTED)?,
            account_id: arn.account.parse().map_err(|_| EXPECTED)?,
            group: group.parse().map_err(|_| EXPECTED)?,
            version: version.parse().ok().filter(|_| canonical).ok_or(EXPECTED)?,
        })
    }
}

impl AsRef<str> for ModelPackageArn {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

impl PartialOrd for ModelPackageArn {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ModelPackageArn {
    fn cmp(&self, other: &Self) -> Ordering {
        let key = |arn: &Self| (arn.text.len() - arn.version.to_string().len(), arn.version);
        let prefix = |arn: &Self, (length, version)| (arn.text.get(..length).unwrap_or_default().to_owned(), version);
        prefix(self, key(self)).cmp(&prefix(other, key(other)))
    }
}

text_form!(ModelPackageArn);

#[cfg(test)]
mod tests {
    use super::{ModelPackageArn, ModelPackageGroupName};
    use proptest::prelude::*;

    #[test]
    fn parts_of_a_version() {
        let arn: ModelPackageArn =
            "arn:aws-us-gov:sagemaker:us-gov-west-1:123456789012:model-package/churn-x/17".parse().unwrap();
        assert_eq!(
            (arn.partition(), arn.region().as_str(), arn.account_id().as_str(), arn.group().as_str(), arn.version()),
            ("aws-us-gov", "us-gov-west-1", "123456789012", "churn-x", 17)
        );
    }

    #[test]
    fn what_is_not_a_version() {
        for bad in [
            "",
            "churn/1",
            "arn:aws:sagemaker:eu-central-1:123456789012:model-package/churn",
            "arn:aws:sagemaker:eu-central-1:123456789012:model-package/churn/",
            "arn:aws:sagemaker:eu-central-1:123456789012:model-package/churn/0",
            "arn:aws:sagemaker:eu-central-1:123456789012:model-package/churn/01",
            "arn:aws:sagemaker:eu-central-1:123456789012:model-package/churn/+1",
            "arn:aws:sagemaker:eu-central-1:123456789012:model-package/churn/1/2",
            "arn:aws:sagemaker:eu-central-1:123456789012:model-package/churn/4294967296",
            "arn:aws:sagemaker:eu-central-1:123456789012:model-package/-churn/1",
            "arn:aws:sagemaker:eu-central-1:123456789012:model-package-group/churn/1",
            "arn:aws:sagemaker:eu-central-1:12345678901:model-package/churn/1",
            "arn:aws:sagemaker::123456789012:model-package/churn/1",
            "arn:aws:s3:eu-central-1:123456789012:model-package/churn/1",
        ] {
            let error = bad.parse::<ModelPackageArn>().unwrap_err().to_string();
            assert!(error.starts_with("the ARN of a model package version"), "{bad}: {error}");
        }
    }

    #[test]
    fn versions_are_ordered_by_number() {
        let version = |n: u32| -> ModelPackageArn {
            format!("arn:aws:sagemaker:eu-central-1:123456789012:model-package/churn/{n}").parse().unwrap()
        };
        assert!(version(9) < version(10) && version(10) < version(100));
    }

    #[test]
    fn group_names() {
        for good in ["a", "A-b--c9", &"x".repeat(63)] {
            assert!(good.parse::<ModelPackageGroupName>().is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "a_b", "a b", "a/b", &"x".repeat(64)] {
            assert!(bad.parse::<ModelPackageGroupName>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn documented_group_names_parse(name in "[a-zA-Z0-9](-{0,3}[a-zA-Z0-9]){0,15}") {
            prop_assert_eq!(name.parse::<ModelPackageGroupName>().map(String::from), Ok(name));
        }

        #[test]
        fn order_agrees_with_equality(a in 1u32.., b in 1u32.., x in "[a-c]{1,2}", y in "[a-c]{1,2}") {
            let arn = |group: &str, version: u32| -> ModelPackageArn {
                format!("arn:aws:sagemaker:eu-central-1:123456789012:model-package/{group}/{version}").parse().unwrap()
            };
            let (left, right) = (arn(&x, a), arn(&y, b));
            prop_assert_eq!(left.cmp(&right).is_eq(), left == right);
            prop_assert_eq!(left.cmp(&right), right.cmp(&left).reverse());
        }
    }
}
