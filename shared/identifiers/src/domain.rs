use crate::identifier::identifier;

/// In bytes, the prefix included.
const LONGEST: usize = 63;

identifier! {
    /// A Studio domain: `d-`, then lower-case letters, digits and hyphens, none at the end.
    DomainId, "a Studio domain's id such as d-0a1b2c3d4e5f", |text| {
        text.len() <= LONGEST
            && text.strip_prefix("d-").is_some_and(|rest| {
                rest.ends_with(|last: char| last.is_ascii_lowercase() || last.is_ascii_digit())
                    && rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            })
    }
}

#[cfg(test)]
mod tests {
    use super::DomainId;
    use proptest::prelude::*;

    #[test]
    fn a_prefix_and_what_the_service_writes_after_it() {
        for good in ["d-0a1b2c3d4e5f", "d-x", "d--a-b"] {
            assert_eq!(good.parse::<DomainId>().map(String::from).as_deref(), Ok(good));
        }
        let long = format!("d-{}", "a".repeat(62));
        for bad in ["", "d-", "d-a-", "D-abc", "d-Abc", "abc", "d-a b", "d-a/b", " d-abc", "d-ä", &long] {
            let expected = "a Studio domain's id such as d-0a1b2c3d4e5f";
            assert_eq!(bad.parse::<DomainId>().unwrap_err().to_string(), expected, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn the_documented_pattern_parses_and_prints_back(text in "d-(-{0,1}[a-z0-9]){1,30}") {
            prop_assert_eq!(text.parse::<DomainId>().map(String::from), Ok(text));
        }
    }
}
