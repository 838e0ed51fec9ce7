/// What the names of a partition's service hosts end in, as in `s3.eu-central-1.amazonaws.com`. A partition that is not known
/// here has the commercial one's.
#[must_use]
pub fn dns_suffix(partition: &str) -> &'static str {
    match partition {
        "aws-cn" => "amazonaws.com.cn",
        "aws-eusc" => "amazonaws.eu",
        "aws-iso" => "c2s.ic.gov",
        "aws-iso-b" => "sc2s.sgov.gov",
        "aws-iso-e" => "cloud.adc-e.uk",
        "aws-iso-f" => "csp.hci.ic.gov",
        _ => "amazonaws.com",
    }
}

#[cfg(test)]
mod tests {
    use super::dns_suffix;

    #[test]
    fn partitions_have_their_own() {
        for (partition, suffix) in [
            ("aws", "amazonaws.com"),
            ("aws-us-gov", "amazonaws.com"),
            ("aws-cn", "amazonaws.com.cn"),
            ("aws-eusc", "amazonaws.eu"),
        ] {
            assert_eq!(dns_suffix(partition), suffix);
        }
    }
}
