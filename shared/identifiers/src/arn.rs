/// The parts of `arn:partition:service:region:account:resource`; the resource keeps its own colons and slashes.
pub(crate) struct Arn<'a> {
    pub(crate) partition: &'a str,
    pub(crate) service: &'a str,
    pub(crate) region: &'a str,
    pub(crate) account: &'a str,
    pub(crate) resource: &'a str,
}

impl<'a> Arn<'a> {
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        if parts.next()? != "arn" {
            return None;
        }
        let arn = Self {
            partition: parts.next()?,
            service: parts.next()?,
            region: parts.next()?,
            account: parts.next()?,
            resource: parts.next()?,
        };
        is_partition(arn.partition).then_some(arn)
    }
}

/// `aws`, or `aws` and lower-case words: `aws-cn`, `aws-us-gov`, `aws-iso-b`, `aws-eusc`.
fn is_partition(text: &str) -> bool {
    let mut words = text.split('-');
    words.next() == Some("aws")
        && words.all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::is_partition;

    #[test]
    fn every_partition_of_today() {
        for good in ["aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc"] {
            assert!(is_partition(good), "{good}");
        }
        for bad in ["", "AWS", "aws-", "awscn", "aws--cn", "azure", "aws-cn "] {
            assert!(!is_partition(bad), "{bad}");
        }
    }
}
