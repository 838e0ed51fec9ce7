//! What an environment is called, and where its name is written: Parameter Store and tags.
//!
//! An environment is one team's network, buckets, keys and Studio domain. Everything of it that outlives a stack carries
//! both halves of its name as tags; what other stacks have to know of it is a parameter below its path.

mod name;

pub use name::{EnvironmentName, EnvironmentType, InvalidName};

/// Tag that holds the environment's name.
pub const NAME_TAG: &str = "EnvironmentName";
/// Tag that holds the environment's type.
pub const TYPE_TAG: &str = "EnvironmentType";

/// An environment of this account and region: `churn` of type `dev`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Environment {
    name: EnvironmentName,
    kind: EnvironmentType,
}

impl Environment {
    /// The environment of this name and type.
    #[must_use]
    pub const fn new(name: EnvironmentName, kind: EnvironmentType) -> Self {
        Self { name, kind }
    }

    /// `EnvironmentName`.
    #[must_use]
    pub const fn name(&self) -> &EnvironmentName {
        &self.name
    }

    /// `EnvironmentType`.
    #[must_use]
    pub const fn kind(&self) -> &EnvironmentType {
        &self.kind
    }

    /// The path of the environment's parameters, with a slash at its end. The slash keeps `dev` from holding `dev2`.
    #[must_use]
    pub fn path(&self) -> String {
        format!("/{}/{}/", self.name, self.kind)
    }

    /// The name of the parameter that holds `key`: `/churn/dev/vpc-id`.
    #[must_use]
    pub fn parameter(&self, key: &str) -> String {
        format!("{}{key}", self.path())
    }

    /// Key and value of each tag that everything of the environment carries.
    #[must_use]
    pub fn tags(&self) -> [(&'static str, &str); 2] {
        [(NAME_TAG, self.name.as_str()), (TYPE_TAG, self.kind.as_str())]
    }

    /// Whether tags, as (key, value), say that their resource is of this environment. Others may stand beside them.
    pub fn carries<'a>(&self, tags: impl IntoIterator<Item = (&'a str, &'a str)>) -> bool {
        let mut missing = self.tags().to_vec();
        for tag in tags {
            missing.retain(|wanted| *wanted != tag);
        }
        missing.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(name: &str, kind: &str) -> Environment {
        Environment::new(name.parse().unwrap(), kind.parse().unwrap())
    }

    #[test]
    fn b14_one_environments_path_is_no_beginning_of_anothers() {
        assert_eq!(environment("churn", "dev").parameter("vpc-id"), "/churn/dev/vpc-id");
        assert!(!environment("churn", "dev2").path().starts_with(&environment("churn", "dev").path()));
    }

    #[test]
    fn only_both_tags_together_make_it_the_environments() {
        let churn = environment("churn", "dev");
        assert!(churn.carries([("Owner", "x"), ("EnvironmentType", "dev"), ("EnvironmentName", "churn")]));
        for tags in [
            vec![],
            vec![("EnvironmentName", "churn")],
            vec![("EnvironmentName", "churn"), ("EnvironmentType", "prod")],
            vec![("environmentname", "churn"), ("EnvironmentType", "dev")],
        ] {
            assert!(!churn.carries(tags.clone()), "{tags:?}");
        }
    }
}
