use std::collections::BTreeMap;

use controls::Kind;
use serde_json::Value;

/// What the describing call is told.
pub(crate) type Key = BTreeMap<String, String>;

/// A resource that can be described.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Subject {
    /// What it is.
    pub(crate) kind: Kind,
    /// What tells it from all others of its kind.
    pub(crate) key: Key,
}

impl Subject {
    /// From members as `member` finds them, by the name that the describing call and the one that a listing gives them.
    /// `None` where its name is missing.
    pub(crate) fn from_members<'a>(
        kind: Kind,
        member: impl Fn(&'static str, &'static str) -> Option<&'a Value>,
    ) -> Option<Self> {
        let facts = kind.facts();
        let found = facts.key.iter().filter_map(|(name, listed)| {
            let text = member(name, listed)?.as_str().filter(|text| !text.is_empty())?;
            Some(((*name).to_owned(), text.to_owned()))
        });
        let key: Key = found.collect();
        facts.key.last().filter(|(name, _)| key.contains_key(*name))?;
        Some(Self { kind, key })
    }

    /// From an ARN, whose name may be in lower case where the resource's is not. `None` where the ARN does not say enough: an
    /// app's does not tell a user profile from a space.
    pub(crate) fn from_arn(arn: &str) -> Option<Self> {
        let resource = resource_of(arn)?;
        let kind = Kind::of_arn_type(resource)?;
        let (_, tail) = resource.split_once('/')?;
        let parts: Vec<&str> = tail.split('/').collect();
        let names = kind.facts().key;
        if parts.len() != names.len() || parts.contains(&"") {
            return None;
        }
        let key = names.iter().zip(parts).map(|((name, _), part)| ((*name).to_owned(), part.to_owned())).collect();
        Some(Self { kind, key })
    }

    /// Its name, or its id where it has one instead.
    pub(crate) fn name(&self) -> &str {
        let name = self.kind.facts().key.last().and_then(|(name, _)| self.key.get(*name));
        name.map(String::as_str).unwrap_or_default()
    }

    /// What comes after the account in its ARN, in the case of its name.
    pub(crate) fn arn_resource(&self) -> String {
        let facts = self.kind.facts();
        let parts = facts.key.iter().filter_map(|(name, _)| self.key.get(*name));
        parts.fold(facts.arn_type.to_owned(), |resource, part| format!("{resource}/{part}"))
    }
}

/// The resource part of an ARN of SageMaker: `notebook-instance/lab`.
pub(crate) fn resource_of(arn: &str) -> Option<&str> {
    let mut parts = arn.splitn(6, ':');
    let (start, _, service) = (parts.next()?, parts.next()?, parts.next()?);
    (start == "arn" && service == "sagemaker").then(|| parts.nth(2)).flatten()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed assumption of a test is a failed test")]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_arn_names_what_it_can() {
        for (resource, expected) in [
            ("notebook-instance/lab", Some((Kind::NotebookInstance, "lab"))),
            ("endpoint-config/churn-7", Some((Kind::EndpointConfig, "churn-7"))),
            ("domain/d-abc", Some((Kind::Domain, "d-abc"))),
            ("space/d-abc/shared", Some((Kind::Space, "shared"))),
            ("app/d-abc/alice/jupyterlab/default", None),
            ("user-profile/d-abc/alice", None),
            ("notebook-instance/", None),
            ("notebook-instance/a/b", None),
            ("notebook-instance", None),
        ] {
            let arn = format!("arn:aws-cn:sagemaker:cn-north-1:111111111111:{resource}");
            let found = Subject::from_arn(&arn);
            assert_eq!(found.as_ref().map(|subject| (subject.kind, subject.name())), expected, "{resource}");
            if let Some(subject) = found {
                assert_eq!(subject.arn_resource(), resource);
            }
        }
        for no_arn in ["", "lab", "arn:aws:s3:::bucket", "arn:aws:iam::111111111111:role/x", "arn:aws:sagemaker"] {
            assert_eq!(Subject::from_arn(no_arn), None, "{no_arn}");
        }
    }

    #[test]
    fn members_that_are_left_out_are_left_out_of_the_key() {
        let item = json!({"DomainId": "d-abc", "UserProfileName": "", "SpaceName": "shared", "AppType": "JupyterLab", "AppName": "default"});
        let subject = Subject::from_members(Kind::App, |_, listed| item.get(listed)).unwrap();
        assert_eq!(subject.key.keys().collect::<Vec<_>>(), ["AppName", "AppType", "DomainId", "SpaceName"]);
        let nameless = json!({"DomainId": "d-abc", "AppName": 7});
        assert_eq!(Subject::from_members(Kind::App, |_, listed| nameless.get(listed)), None);
    }
}
