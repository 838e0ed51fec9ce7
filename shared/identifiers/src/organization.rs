use crate::Expected;
use crate::identifier::{identifier, is_lower_alphanumeric, text_form};
use std::str::FromStr;

identifier! {
    /// An organizational unit: `ou-`, the 4 to 32 characters of its root, `-`, and 8 to 32 characters of its own.
    OrganizationalUnitId, "an organizational unit id such as ou-ab12-cdef3456", |text| {
        text.strip_prefix("ou-").and_then(|text| text.split_once('-')).is_some_and(|(root, unit)| {
            is_lower_alphanumeric(root, 4..=32) && is_lower_alphanumeric(unit, 8..=32)
        })
    }
}

identifier! {
    /// The root of an organization: `r-` and 4 to 32 characters.
    RootId, "a root id such as r-ab12", |text| {
        text.strip_prefix("r-").is_some_and(|root| is_lower_alphanumeric(root, 4..=32))
    }
}

/// A place in an organization that can hold accounts and organizational units.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OrganizationNode {
    /// The organization's root.
    Root(RootId),
    /// An organizational unit, at any depth.
    Unit(OrganizationalUnitId),
}

impl AsRef<str> for OrganizationNode {
    fn as_ref(&self) -> &str {
        match self {
            Self::Root(root) => root.as_str(),
            Self::Unit(unit) => unit.as_str(),
        }
    }
}

impl FromStr for OrganizationNode {
    type Err = Expected;

    fn from_str(text: &str) -> Result<Self, Expected> {
        text.parse()
            .map(Self::Unit)
            .or_else(|_| text.parse().map(Self::Root))
            .map_err(|_| Expected("an organizational unit id such as ou-ab12-cdef3456 or a root id such as r-ab12"))
    }
}

text_form!(OrganizationNode);

#[cfg(test)]
mod tests {
    use super::{OrganizationNode, OrganizationalUnitId, RootId};
    use proptest::prelude::*;

    #[test]
    fn nodes_are_told_apart() {
        let unit: OrganizationNode = "ou-ab12-cdef3456".parse().unwrap();
        assert_eq!(unit, OrganizationNode::Unit("ou-ab12-cdef3456".parse().unwrap()));
        let root: OrganizationNode = "r-ab12".parse().unwrap();
        assert_eq!(root, OrganizationNode::Root("r-ab12".parse().unwrap()));
        assert_eq!(format!("{unit} {root}"), "ou-ab12-cdef3456 r-ab12");
    }

    #[test]
    fn malformed_nodes() {
        for bad in [
            "",
            "ou-",
            "ou-ab12",
            "ou-ab1-cdef3456",
            "ou-ab12-cdef345",
            "ou-AB12-cdef3456",
            "r-ab1",
            "r-",
            "o-ab12cdef34",
            "ou-ab12-cdef3456-7",
            "123456789012",
            " r-ab12",
        ] {
            assert!(bad.parse::<OrganizationalUnitId>().is_err(), "{bad}");
            assert!(bad.parse::<RootId>().is_err(), "{bad}");
            let error = bad.parse::<OrganizationNode>().unwrap_err().to_string();
            assert!(error.contains("ou-ab12-cdef3456") && error.contains("r-ab12"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn documented_patterns_parse_and_print_back(unit in "ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}", root in "r-[0-9a-z]{4,32}") {
            prop_assert_eq!(unit.parse::<OrganizationNode>().map(String::from), Ok(unit));
            prop_assert_eq!(root.parse::<OrganizationNode>().map(String::from), Ok(root));
        }

        #[test]
        fn nothing_panics(text in "\\PC{0,40}") {
            if let Ok(node) = text.parse::<OrganizationNode>() {
                prop_assert_eq!(node.as_str(), text);
            }
        }
    }
}
