use crate::identifier::identifier;

identifier! {
    /// An AWS account: 12 digits, leading zeros included.
    AccountId, "an account id of 12 digits", |text| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::AccountId;
    use proptest::prelude::*;

    #[test]
    fn twelve_digits_and_nothing_else() {
        for good in ["123456789012", "000000000001"] {
            assert_eq!(good.parse::<AccountId>().map(String::from).as_deref(), Ok(good));
        }
        for bad in ["", "12345678901", "1234567890123", "12345678901a", " 123456789012", "1234-5678-9012", "１２３４"]
        {
            assert_eq!(bad.parse::<AccountId>().unwrap_err().to_string(), "an account id of 12 digits", "{bad}");
        }
    }

    #[test]
    fn json_keeps_the_text_and_names_what_it_expected() {
        let account: AccountId = serde_json::from_str(r#""012345678901""#).unwrap();
        assert_eq!(serde_json::to_string(&account).unwrap(), r#""012345678901""#);
        let error = serde_json::from_str::<AccountId>(r#""12345678901""#).unwrap_err().to_string();
        assert!(
            error.starts_with(r#"invalid value: string "12345678901", expected an account id of 12 digits"#),
            "{error}"
        );
    }

    #[test]
    fn an_account_is_the_key_of_a_json_object() {
        let accounts = std::collections::BTreeMap::from([("111111111111".parse::<AccountId>().unwrap(), 1)]);
        let json = serde_json::to_string(&accounts).unwrap();
        assert_eq!(json, r#"{"111111111111":1}"#);
        assert_eq!(serde_json::from_str::<std::collections::BTreeMap<AccountId, i32>>(&json).unwrap(), accounts);
    }

    proptest! {
        #[test]
        fn accepts_exactly_the_documented_pattern(text in "[0-9a]{10,14}|\\PC{0,14}") {
            let documented = text.chars().count() == 12 && text.chars().all(|c| c.is_ascii_digit());
            prop_assert_eq!(text.parse::<AccountId>().is_ok(), documented);
        }
    }
}
