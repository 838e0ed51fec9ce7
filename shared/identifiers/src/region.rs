use crate::identifier::{identifier, is_lower_alphanumeric};

identifier! {
    /// A region of any partition: lower-case words and a number, joined by hyphens.
    Region, "a region such as eu-central-1", |text| {
        let mut words = text.split('-').rev();
        words.next().is_some_and(|number| (1..=2).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit()))
            && words.clone().count() >= 2
            && words.all(|word| is_lower_alphanumeric(word, 2..=16) && word.bytes().all(|b| b.is_ascii_lowercase()))
    }
}

#[cfg(test)]
mod tests {
    use super::Region;

    #[test]
    fn regions_of_every_partition() {
        for good in [
            "eu-central-1",
            "us-east-1",
            "ap-southeast-7",
            "mx-central-1",
            "il-central-1",
            "cn-north-1",
            "us-gov-west-1",
            "us-iso-east-1",
            "us-isob-east-1",
            "eu-isoe-west-1",
            "us-isof-south-1",
            "eusc-de-east-1",
        ] {
            assert!(good.parse::<Region>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "1",
            "eu-1",
            "eu-central",
            "eu-central-1a",
            "EU-central-1",
            "eu--1",
            "eu-central-1 ",
            "eu_central_1",
            "aws-global",
        ] {
            assert_eq!(bad.parse::<Region>().unwrap_err().to_string(), "a region such as eu-central-1", "{bad}");
        }
    }
}
