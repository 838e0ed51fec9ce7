use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::bench::services::Call;
use crate::bench::wire::Answer;

/// S3's limit for a bucket's policy.
const BUCKET_POLICY_BYTES: usize = 20 * 1024;
/// That of KMS for a key's.
const KEY_POLICY_BYTES: usize = 32 * 1024;
/// That of SageMaker for a model package group's.
const GROUP_POLICY_BYTES: usize = 20 * 1024;

pub(crate) const BUCKET: &str = "churn-dev-models";
pub(crate) const KEY: &str = "arn:aws:kms:eu-central-1:111122223333:key/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";
pub(crate) const GROUP: &str = "churn";
const GROUP_ARN: &str = "arn:aws:sagemaker:eu-central-1:111122223333:model-package-group/churn";

/// The hub account's bucket, key and model package group with their policies, and the endpoint ids that each target
/// account keeps in Parameter Store.
pub(crate) struct Hub {
    bucket: Option<String>,
    key: String,
    group: Option<String>,
}

impl Hub {
    /// As an environment's templates leave them: the hub account's own roles may read, from its own endpoints only.
    pub(crate) fn new() -> Self {
        let allow = |action: &str| {
            json!({
                "Sid": "AllowCrossAccount",
                "Effect": "Allow",
                "Principal": {"AWS": ["arn:aws:iam::111122223333:role/churn-dev-execution"]},
                "Action": action,
                "Resource": "*",
            })
        };
        let deny = |action: &str| {
            json!({
                "Sid": "DenyNoVPC",
                "Effect": "Deny",
                "Principal": "*",
                "Action": action,
                "Resource": "*",
                "Condition": {"StringNotEquals": {"aws:sourceVpce": ["vpce-0000000000000hub0"]}},
            })
        };
        let root = json!({
            "Sid": "Administration",
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
            "Action": "kms:*",
            "Resource": "*",
        });
        let bucket_statements = |mut statement: Value| {
            let arn = format!("arn:aws:s3:::{BUCKET}");
            if let Some(statement) = statement.as_object_mut() {
                statement.insert("Resource".to_owned(), json!([arn, format!("{arn}/*")]));
            }
            statement
        };
        let policy = |statements: Vec<Value>| json!({"Version": "2012-10-17", "Statement": statements}).to_string();
        Self {
            bucket: Some(policy(vec![
                bucket_statements(allow("s3:GetObject")),
                bucket_statements(deny("s3:GetObject")),
            ])),
            key: policy(vec![root, allow("kms:Decrypt"), deny("kms:Decrypt")]),
            group: None,
        }
    }

    /// Those of the statements it began with that are not as they were.
    pub(crate) fn disturbed(&self) -> usize {
        let began = Self::new();
        let kept = |policy: &str| {
            let document: Value = serde_json::from_str(policy).unwrap_or_default();
            document.get("Statement").and_then(Value::as_array).cloned().unwrap_or_default()
        };
        let now = [kept(self.bucket.as_deref().unwrap_or_default()), kept(&self.key)].concat();
        let before = [kept(began.bucket.as_deref().unwrap_or_default()), kept(&began.key)].concat();
        before.iter().filter(|statement| !now.contains(statement)).count()
    }

    /// How many of the policies name all of these, account ids or paths.
    pub(crate) fn policies_naming(&self, named: &[String]) -> usize {
        self.policies().filter(|policy| named.iter().all(|text| policy.contains(text))).count()
    }

    /// Their sizes in bytes, the bucket's first.
    pub(crate) fn policy_sizes(&self) -> Vec<usize> {
        self.policies().map(str::len).collect()
    }

    fn policies(&self) -> impl Iterator<Item = &str> {
        self.bucket.as_deref().into_iter().chain([self.key.as_str()]).chain(self.group.as_deref())
    }

    pub(crate) fn answer(&mut self, call: &Call<'_>) -> Answer {
        match (call.service, call.operation) {
            ("s3", "GetBucketPolicy") => self.bucket.clone().map_or_else(
                || Answer::refusal_with(404, "NoSuchBucketPolicy", "The bucket policy does not exist"),
                Answer::Text,
            ),
            ("s3", "PutBucketPolicy") => {
                let policy = String::from_utf8_lossy(&call.request.body).into_owned();
                fits("MalformedPolicy", policy, BUCKET_POLICY_BYTES, |policy| {
                    self.bucket = Some(policy);
                    Answer::Text(String::new())
                })
            }
            ("s3", "DeleteBucketPolicy") => {
                self.bucket = None;
                Answer::Text(String::new())
            }
            ("kms", "GetKeyPolicy") => Answer::Document(json!({"Policy": self.key, "PolicyName": "default"})),
            ("kms", "PutKeyPolicy") => {
                fits("LimitExceededException", call.text("Policy"), KEY_POLICY_BYTES, |policy| {
                    self.key = policy;
                    Answer::Document(json!({}))
                })
            }
            ("sagemaker", "GetModelPackageGroupPolicy") => self.group.as_ref().map_or_else(
                || Answer::refusal("ValidationException", format!("Cannot find resource policy for: {GROUP}")),
                |policy| Answer::Document(json!({"ResourcePolicy": policy})),
            ),
            ("sagemaker", "PutModelPackageGroupPolicy") => {
                fits("ValidationException", call.text("ResourcePolicy"), GROUP_POLICY_BYTES, |policy| {
                    self.group = Some(policy);
                    Answer::Document(json!({"ModelPackageGroupArn": GROUP_ARN}))
                })
            }
            ("sagemaker", "DescribeModelPackageGroup") => Answer::Document(json!({
                "ModelPackageGroupName": GROUP,
                "ModelPackageGroupArn": GROUP_ARN,
                "ModelPackageGroupStatus": "Completed",
                "CreationTime": 1_767_225_600.0,
                "CreatedBy": {},
            })),
            ("sts", "AssumeRole") => assume_role(call),
            ("ssm", "GetParameter") => parameter(call),
            _ => Answer::unknown(call.operation),
        }
    }
}

fn fits(code: &str, policy: String, most: usize, store: impl FnOnce(String) -> Answer) -> Answer {
    if serde_json::from_str::<Value>(&policy).is_err() {
        return Answer::refusal("MalformedPolicyDocumentException", "the policy is not JSON");
    }
    if policy.len() > most {
        return Answer::refusal(code, format!("the policy has {} bytes, more than {most}", policy.len()));
    }
    store(policy)
}

/// Credentials of an account: its id is in the access key, so that the next call shows whose they are.
fn assume_role(call: &Call<'_>) -> Answer {
    let form = String::from_utf8_lossy(&call.request.body);
    let role = form.split('&').find_map(|pair| pair.strip_prefix("RoleArn=")).unwrap_or_default();
    let role = role.replace("%3A", ":").replace("%2F", "/");
    let Some(account) = role.split(':').nth(4).filter(|account| account.len() == 12) else {
        return Answer::refusal("ValidationError", format!("{role} is no role"));
    };
    Answer::Text(format!(
        "<Credentials><AccessKeyId>ASIA{account}</AccessKeyId><SecretAccessKey>example</SecretAccessKey>\
         <SessionToken>example</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>\
         <AssumedRoleUser><AssumedRoleId>AROA:bench</AssumedRoleId><Arn>{role}/bench</Arn></AssumedRoleUser>"
    ))
}

/// The endpoint id that the calling account keeps under this name.
fn parameter(call: &Call<'_>) -> Answer {
    let authorization = call.request.headers.get("authorization").and_then(|value| value.to_str().ok());
    let account = authorization.and_then(|value| value.split_once("Credential=ASIA")?.1.get(..12)).unwrap_or_default();
    let name = call.text("Name");
    let kinds = BTreeMap::from([("s3-vpce-id", "53"), ("kms-vpce-id", "c3")]);
    let Some((_, digits)) = kinds.iter().find(|(kind, _)| name.ends_with(*kind)) else {
        return Answer::refusal("ParameterNotFound", format!("no parameter {name}"));
    };
    let value = format!("vpce-000{digits}{account}");
    Answer::Document(json!({"Parameter": {"Name": name, "Type": "String", "Value": value, "Version": 1}}))
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::bench::wire::tests::request;

    fn put_bucket_policy(hub: &mut Hub, policy: &str) -> Answer {
        let request = request("s3", Method::PUT, "/churn-dev-models?policy", None, policy);
        hub.answer(&Call { service: "s3", operation: "PutBucketPolicy", request: &request })
    }

    #[test]
    fn a_policy_is_kept_when_it_fits_and_refused_with_the_numbers_when_not() {
        let mut hub = Hub::new();
        let sizes = hub.policy_sizes();
        let long = format!("[\"{}\"]", "x".repeat(BUCKET_POLICY_BYTES));
        let Answer::Refusal { refusal } = put_bucket_policy(&mut hub, &long) else { panic!("it was taken") };
        assert!(refusal.message.contains("20484 bytes, more than 20480"), "{refusal:?}");
        assert_eq!((hub.policy_sizes(), hub.disturbed()), (sizes, 0));
        assert_eq!(put_bucket_policy(&mut hub, "{}"), Answer::Text(String::new()));
        assert_eq!((hub.policy_sizes().first(), hub.disturbed()), (Some(&2), 2));
    }

    #[test]
    fn an_assumed_role_reads_its_own_accounts_endpoint() {
        let mut hub = Hub::new();
        let form = "Action=AssumeRole&RoleArn=arn%3Aaws%3Aiam%3A%3A222233334444%3Arole%2Fsetup";
        let assume = request("sts", Method::POST, "/", None, form);
        let Answer::Text(credentials) = hub.answer(&Call { service: "sts", operation: "AssumeRole", request: &assume })
        else {
            panic!("no credentials")
        };
        assert!(credentials.contains("<AccessKeyId>ASIA222233334444</AccessKeyId>"));
        let mut read = request("ssm", Method::POST, "/", Some("AmazonSSM.GetParameter"), r#"{"Name":"a-s3-vpce-id"}"#);
        let scope = "AWS4-HMAC-SHA256 Credential=ASIA222233334444/20260101/eu-central-1/ssm/aws4_request";
        read.headers.insert("authorization", scope.parse().unwrap());
        let Answer::Document(found) = hub.answer(&Call { service: "ssm", operation: "GetParameter", request: &read })
        else {
            panic!("no parameter")
        };
        assert_eq!(found["Parameter"]["Value"], "vpce-00053222233334444");
    }
}
