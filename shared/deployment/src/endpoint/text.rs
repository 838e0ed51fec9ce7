//! The texts of an endpoint's settings: what they must look like, so that neither the template nor a service refuses them.

/// A name of a variant.
pub(super) fn is_variant_name(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && !text.starts_with('-')
        && !text.ends_with('-')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// `s3://bucket` and, after a slash, whatever prefix.
pub(super) fn is_s3_uri(text: &str) -> bool {
    let Some(location) = text.strip_prefix("s3://") else { return false };
    let (bucket, prefix) = location.split_once('/').unwrap_or((location, ""));
    let at_ends = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    text.len() <= 512
        && (3..=63).contains(&bucket.len())
        && bucket.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte))
        && at_ends(bucket.as_bytes().first())
        && at_ends(bucket.as_bytes().last())
        && prefix.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The ARN of a key; an alias can be turned to another key after it was checked.
pub(super) fn is_key_arn(text: &str) -> bool {
    is_arn(text, "kms", |resource| {
        let id = resource.strip_prefix("key/").unwrap_or_default();
        !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    })
}

/// The ARN of a topic.
pub(super) fn is_topic_arn(text: &str) -> bool {
    is_arn(text, "sns", |topic| {
        (1..=256).contains(&topic.len())
            && topic.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
    })
}

/// A hierarchical name in Parameter Store.
pub(super) fn is_parameter_name(text: &str) -> bool {
    text.len() <= 1011
        && text.strip_prefix('/').is_some_and(|path| {
            path.split('/').all(|part| {
                !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
            })
        })
}

fn is_arn(text: &str, service: &str, is_resource: impl Fn(&str) -> bool) -> bool {
    let lower = |part: &str| part.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    match text.splitn(6, ':').collect::<Vec<_>>().as_slice() {
        ["arn", partition, found, region, account, resource] => {
            partition.strip_prefix("aws").is_some_and(lower)
                && *found == service
                && region.parse::<identifiers::Region>().is_ok()
                && account.parse::<identifiers::AccountId>().is_ok()
                && is_resource(resource)
        }
        _ => false,
    }
}
