use http::Method;

use crate::loopback::Request;

/// What the paths of the REST services stand for: signing name, method, path, first word of the query if it counts, and
/// the operation. `*` is any one segment, and `**` at the end one or more.
const REST: &[(&str, Method, &str, Option<&str>, &str)] = &[
    ("backup", Method::PUT, "/backup-jobs", None, "StartBackupJob"),
    ("backup", Method::GET, "/backup-jobs", None, "ListBackupJobs"),
    ("backup", Method::GET, "/backup-jobs/*", None, "DescribeBackupJob"),
    ("elasticfilesystem", Method::GET, "/2015-02-01/file-systems", None, "DescribeFileSystems"),
    ("elasticfilesystem", Method::DELETE, "/2015-02-01/file-systems/*", None, "DeleteFileSystem"),
    ("elasticfilesystem", Method::GET, "/2015-02-01/mount-targets", None, "DescribeMountTargets"),
    ("elasticfilesystem", Method::DELETE, "/2015-02-01/mount-targets/*", None, "DeleteMountTarget"),
    (
        "elasticfilesystem",
        Method::GET,
        "/2015-02-01/mount-targets/*/security-groups",
        None,
        "DescribeMountTargetSecurityGroups",
    ),
    ("elasticfilesystem", Method::GET, "/2015-02-01/resource-tags/*", None, "ListTagsForResource"),
    ("elasticfilesystem", Method::POST, "/2015-02-01/resource-tags/*", None, "TagResource"),
    ("lambda", Method::POST, "/2015-03-31/functions/*/invocations", None, "Invoke"),
    ("s3", Method::GET, "/*", Some("list-type"), "ListObjectsV2"),
    ("s3", Method::HEAD, "/*/**", None, "HeadObject"),
    ("s3", Method::GET, "/*/**", None, "GetObject"),
    ("s3", Method::PUT, "/*/**", None, "PutObject"),
    ("s3", Method::GET, "/*", Some("encryption"), "GetBucketEncryption"),
    ("s3", Method::GET, "/*", Some("policy"), "GetBucketPolicy"),
    ("s3", Method::PUT, "/*", Some("policy"), "PutBucketPolicy"),
    ("s3", Method::DELETE, "/*", Some("policy"), "DeleteBucketPolicy"),
    ("sagemaker", Method::POST, "/endpoints/*/invocations", None, "InvokeEndpoint"),
    ("sagemaker", Method::POST, "/endpoints/*/async-invocations", None, "InvokeEndpointAsync"),
];

impl Request {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The service a call was signed for, as the credential's scope has it
    /// (`Credential=<key>/<date>/<region>/<service>/aws4_request`); empty when it was not signed.
    #[must_use]
    pub fn service(&self) -> &str {
        let scope = self.header("authorization").and_then(|value| value.split_once("Credential="));
        scope.and_then(|(_, scope)| scope.split('/').nth(3)).unwrap_or_default()
    }

    /// The operation a call asks for, as its SDK names it: the target of a JSON protocol, the action of a query, the end of
    /// an RPC's path, what the path of a REST service stands for. Of a REST call that is not known here: method and path.
    #[must_use]
    pub fn operation(&self) -> String {
        if let Some(target) = self.header("x-amz-target") {
            return target.rsplit('.').next().unwrap_or(target).to_owned();
        }
        let form = std::str::from_utf8(&self.body).unwrap_or_default();
        if let Some(action) = form.split('&').find_map(|pair| pair.strip_prefix("Action=")) {
            return action.to_owned();
        }
        let (path, query) = self.target.split_once('?').unwrap_or((&self.target, ""));
        if let Some((_, operation)) = path.strip_prefix("/service/").and_then(|rest| rest.split_once("/operation/")) {
            return operation.to_owned();
        }
        let first = query.split(['&', '=']).next().unwrap_or_default();
        let named = REST.iter().find(|(service, method, pattern, word, _)| {
            *service == self.service()
                && *method == self.method
                && word.is_none_or(|word| word == first)
                && matches(pattern, path)
        });
        named.map_or_else(|| format!("{} {path}", self.method), |(.., name)| (*name).to_owned())
    }
}

/// With or without a slash at the path's end: SDKs differ in it.
fn matches(pattern: &str, path: &str) -> bool {
    let path = path.strip_suffix('/').unwrap_or(path);
    if let Some(pattern) = pattern.strip_suffix("/**") {
        let rest = path.split('/').count().saturating_sub(pattern.split('/').count());
        let start: Vec<&str> = path.splitn(pattern.split('/').count() + 1, '/').collect();
        return rest > 0 && start.split_last().is_some_and(|(_, start)| matches(pattern, &start.join("/")));
    }
    pattern.split('/').count() == path.split('/').count()
        && pattern.split('/').zip(path.split('/')).all(|(wanted, segment)| wanted == "*" || wanted == segment)
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::*;

    fn request(service: &str, method: Method, target: &str, json: Option<&'static str>, body: &'static str) -> Request {
        let mut headers = HeaderMap::new();
        let scope = format!("AWS4-HMAC-SHA256 Credential=ASIA/20260101/eu-central-1/{service}/aws4_request");
        headers.insert("authorization", HeaderValue::from_str(&scope).unwrap());
        if let Some(target) = json {
            headers.insert("x-amz-target", HeaderValue::from_static(target));
        }
        Request { method, target: target.to_owned(), headers, body: body.into() }
    }

    #[test]
    fn rest_calls_are_named_by_method_path_and_query() {
        for (service, method, target, name) in [
            ("s3", Method::GET, "/models?encryption", "GetBucketEncryption"),
            ("sagemaker", Method::POST, "/endpoints/churn/async-invocations", "InvokeEndpointAsync"),
            (
                "monitoring",
                Method::POST,
                "/service/GraniteServiceVersion20100801/operation/DescribeAlarms",
                "DescribeAlarms",
            ),
            ("s3", Method::GET, "/models?policy", "GetBucketPolicy"),
            ("s3", Method::PUT, "/models/?policy=&x-id=PutBucketPolicy", "PutBucketPolicy"),
            ("s3", Method::GET, "/models?location", "GET /models"),
            ("s3", Method::GET, "/models?list-type=2&prefix=churn%2F", "ListObjectsV2"),
            ("s3", Method::HEAD, "/models/churn/7/model.tar.gz", "HeadObject"),
            ("s3", Method::GET, "/models/a?x-id=GetObject", "GetObject"),
            ("s3", Method::PUT, "/models/history/a.json?x-id=PutObject", "PutObject"),
            ("s3", Method::HEAD, "/models", "HEAD /models"),
            ("elasticfilesystem", Method::GET, "/2015-02-01/file-systems?MaxItems=10", "DescribeFileSystems"),
            ("elasticfilesystem", Method::DELETE, "/2015-02-01/file-systems/fs-1", "DeleteFileSystem"),
            ("lambda", Method::POST, "/2015-03-31/functions/studio-apps/invocations", "Invoke"),
            ("sagemaker", Method::POST, "/endpoints/mlops-churn-prod/invocations", "InvokeEndpoint"),
            ("backup", Method::GET, "/2015-02-01/file-systems", "GET /2015-02-01/file-systems"),
        ] {
            assert_eq!(request(service, method, target, None, "").operation(), name, "{target}");
        }
    }

    #[test]
    fn other_calls_are_named_by_their_target_or_action() {
        let json = request("kms", Method::POST, "/", Some("TrentService.GetKeyPolicy"), "{}");
        assert_eq!(json.operation(), "GetKeyPolicy");
        assert_eq!(request("sts", Method::POST, "/", None, "Action=AssumeRole&Version=x").operation(), "AssumeRole");
    }
}
