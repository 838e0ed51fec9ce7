use super::Part;
use crate::Verdict;

/// The accounts that AWS publishes SageMaker's images from, one a line: those of `image_uri_config` in `sagemaker-core`
/// 2.27.0.
const AWS_REGISTRIES: &str = include_str!("aws_registries.txt");

/// An image has to be named by its digest, `registry/repository@sha256:...`: what a tag names can be replaced.
///
/// AWS mends its own images behind their tags, and a digest would keep a job on an image that has faults since found.
pub(crate) fn is_named_by_digest(image: &Part<'_>) -> Verdict {
    let Some(uri) = image.text() else { return image.unreadable(image.value()) };
    if uri.rsplit_once("@sha256:").is_some_and(|(_, digest)| is_digest(digest)) {
        Verdict::Pass
    } else if is_of_aws(uri) {
        Verdict::NotApplicable(format!("{} is an image of AWS, which AWS mends behind its tag", image.path()))
    } else {
        Verdict::Fail(format!("{} is {uri:?}, which names no digest", image.path()))
    }
}

fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// Whether the host before the first slash is a private registry, `<account>.dkr.ecr.<region>.amazonaws.com` or one of its
/// other names, of one of AWS's accounts.
fn is_of_aws(uri: &str) -> bool {
    let host = uri.split_once('/').map_or("", |(host, _)| host);
    let is_registry = [".amazonaws.com", ".amazonaws.com.cn", ".on.aws", ".amazonaws.eu"];
    let Some((account, service)) = host.split_once('.') else { return false };
    (service.starts_with("dkr.ecr") || service.starts_with("dkr-ecr"))
        && is_registry.iter().any(|end| service.ends_with(end))
        && AWS_REGISTRIES.lines().any(|registry| registry == account)
}
