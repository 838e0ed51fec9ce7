use crate::arn::Arn;
use crate::identifier::{identifier, text_form};
use crate::{AccountId, Expected};
use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

const EXPECTED: Expected = Expected("a role's ARN such as arn:aws:iam::123456789012:role/path/name");

/// The ARN of an IAM role. Its text is its identity: equality, order and hash look at nothing else.
#[derive(Debug, Clone)]
pub struct RoleArn {
    text: String,
    account_id: AccountId,
    name_at: usize,
}

impl RoleArn {
    /// Such as `aws` or `aws-cn`.
    pub fn partition(&self) -> &str {
        self.text.split(':').nth(1).unwrap_or_default()
    }

    /// The account that the role belongs to.
    pub fn account_id(&self) -> &AccountId {
        &self.account_id
    }

    /// 1 to 64 characters, without the path.
    pub fn name(&self) -> &str {
        self.text.get(self.name_at..).unwrap_or_default()
    }

    /// Begins and ends with a slash; `/` when the role was made without a path.
    pub fn path(&self) -> &str {
        let at = self.text.find(":role/").map_or(0, |at| at + ":role".len());
        self.text.get(at..self.name_at).unwrap_or_default()
    }
}

impl FromStr for RoleArn {
    type Err = Expected;

    fn from_str(text: &str) -> Result<Self, Expected> {
        let arn = Arn::parse(text).filter(|arn| arn.service == "iam" && arn.region.is_empty()).ok_or(EXPECTED)?;
        let account_id = arn.account.parse().map_err(|_| EXPECTED)?;
        let with_path =
            arn.resource.strip_prefix("role").filter(|resource| resource.starts_with('/')).ok_or(EXPECTED)?;
        let (path, name) = with_path.rsplit_once('/').ok_or(EXPECTED)?;
        // IAM counts the slash at either end into the 512 characters of a path.
        let good_path = path.len() < 512 && path.bytes().all(|byte| byte.is_ascii_graphic());
        if !good_path || !is_role_name(name) {
            return Err(EXPECTED);
        }
        Ok(Self { text: text.to_owned(), account_id, name_at: text.len() - name.len() })
    }
}

identifier! {
    /// The name of an IAM role, without its path. IAM takes two names that differ in case alone for one.
    RoleName, "a role's name of 1 to 64 letters, digits and any of _+=,.@- without a path", is_role_name
}

fn is_role_name(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte))
}

impl AsRef<str> for RoleArn {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

impl PartialEq for RoleArn {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for RoleArn {}

impl PartialOrd for RoleArn {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for RoleArn {
    fn cmp(&self, other: &Self) -> Ordering {
        self.text.cmp(&other.text)
    }
}

impl Hash for RoleArn {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

text_form!(RoleArn);

#[cfg(test)]
mod tests {
    use super::{RoleArn, RoleName};
    use proptest::prelude::*;

    #[test]
    fn parts_of_roles_in_every_partition() {
        for (text, partition, account, path, name) in [
            ("arn:aws:iam::123456789012:role/Studio", "aws", "123456789012", "/", "Studio"),
            (
                "arn:aws-cn:iam::123456789012:role/service-role/Launch",
                "aws-cn",
                "123456789012",
                "/service-role/",
                "Launch",
            ),
            (
                "arn:aws-us-gov:iam::000000000001:role/a/b/c+d=e,f.g@h-i_j",
                "aws-us-gov",
                "000000000001",
                "/a/b/",
                "c+d=e,f.g@h-i_j",
            ),
            ("arn:aws-eusc:iam::123456789012:role/a:role/b", "aws-eusc", "123456789012", "/a:role/", "b"),
        ] {
            let role: RoleArn = text.parse().unwrap();
            assert_eq!(
                (role.partition(), role.account_id().as_str(), role.path(), role.name()),
                (partition, account, path, name)
            );
            assert_eq!(role.to_string(), text);
        }
    }

    #[test]
    fn what_is_not_a_role() {
        let long_name = format!("arn:aws:iam::123456789012:role/{}", "n".repeat(65));
        let long_path = format!("arn:aws:iam::123456789012:role/{}/n", "p".repeat(511));
        for bad in [
            "",
            "Studio",
            "arn:aws:iam::123456789012:user/Studio",
            "arn:aws:iam::12345678901:role/Studio",
            "arn:aws:iam:eu-central-1:123456789012:role/Studio",
            "arn:aws:sts::123456789012:assumed-role/Studio/session",
            "arn:aws:iam::123456789012:role/",
            "arn:aws:iam::123456789012:role",
            "arn:aws:iam::123456789012:role/a/",
            "arn:aws:iam::123456789012:role/Stu dio",
            "arn:aws:iam::123456789012:role/Stüdio",
            "arn:aws:iam::123456789012:role/a*",
            "arn:aws:iam::123456789012:rolex/a",
            "arn:azure:iam::123456789012:role/a",
            long_name.as_str(),
            long_path.as_str(),
        ] {
            let error = bad.parse::<RoleArn>().unwrap_err().to_string();
            assert_eq!(error, "a role's ARN such as arn:aws:iam::123456789012:role/path/name", "{bad}");
        }
    }

    #[test]
    fn names_without_a_path() {
        let long = "n".repeat(64);
        for good in ["Studio", "a_b+c=d,e.f@g-h", "1", &long] {
            assert_eq!(good.parse::<RoleName>().map(String::from).as_deref(), Ok(good));
        }
        let too_long = "n".repeat(65);
        for bad in ["", "service-role/Launch", "Stu dio", "Stüdio", "a*", "arn:aws:iam::123456789012:role/a", &too_long]
        {
            assert!(bad.parse::<RoleName>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn the_parts_make_up_the_text(partition in "aws(-[a-z]{1,4}){0,2}", account in "[0-9]{12}",
            path in "(/[!-.0-~]{1,20}){0,3}", name in "[A-Za-z0-9_+=,.@-]{1,64}") {
            let text = format!("arn:{partition}:iam::{account}:role{path}/{name}");
            let role: RoleArn = text.parse().unwrap();
            prop_assert_eq!(format!("arn:{}:iam::{}:role{}{}", role.partition(), role.account_id(), role.path(), role.name()), text);
        }

        #[test]
        fn nothing_panics(text in "(arn:aws:iam::123456789012:role)?\\PC{0,40}") {
            if let Ok(role) = text.parse::<RoleArn>() {
                prop_assert_eq!(role.as_str(), text);
            }
        }
    }
}
