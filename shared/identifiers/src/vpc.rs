use crate::identifier::{identifier, is_lower_hex};

identifier! {
    /// A virtual private cloud: `vpc-` and 17 hexadecimal digits, or the 8 of one that is older than 2018.
    VpcId, "a VPC id such as vpc-0a1b2c3d4e5f67890", |text| {
        text.strip_prefix("vpc-").is_some_and(|digits| is_lower_hex(digits, 8) || is_lower_hex(digits, 17))
    }
}

#[cfg(test)]
mod tests {
    use super::VpcId;
    use proptest::prelude::*;

    #[test]
    fn eight_or_seventeen_hexadecimal_digits_and_nothing_else() {
        for good in ["vpc-0a1b2c3d4e5f67890", "vpc-1a2b3c4d"] {
            assert_eq!(good.parse::<VpcId>().map(String::from).as_deref(), Ok(good));
        }
        for bad in [
            "",
            "vpc-",
            "0a1b2c3d4e5f67890",
            "vpc-0a1b2c3d4e5f6789",
            "vpc-0a1b2c3d4e5f678901",
            "vpc-1a2b3c4",
            "vpc-1a2b3c4d5",
            "vpc-0A1B2C3D4E5F67890",
            "vpc-0a1b2c3d4e5f6789g",
            "vpc-1a2b3c4d ",
            "subnet-0a1b2c3d4e5f67890",
        ] {
            assert_eq!(
                bad.parse::<VpcId>().unwrap_err().to_string(),
                "a VPC id such as vpc-0a1b2c3d4e5f67890",
                "{bad}"
            );
        }
    }

    proptest! {
        #[test]
        fn both_lengths_parse_and_print_back(text in "vpc-([0-9a-f]{8}|[0-9a-f]{17})") {
            prop_assert_eq!(text.parse::<VpcId>().map(String::from), Ok(text));
        }
    }
}
