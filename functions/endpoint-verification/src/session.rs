use crate::Action;
use crate::aws::targets::TargetAccounts;
use deployment::StagePlan;
use identifiers::{AccountId, Region};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// An account and region, seen through the model's role there.
pub(crate) struct Place<'a, T: TargetAccounts> {
    pub(crate) targets: &'a T,
    pub(crate) session: &'a T::Session,
    pub(crate) region: &'a Region,
}

/// The model's role in an account.
pub(crate) fn role_arn(stage: &StagePlan, account: &AccountId) -> String {
    let partition = stage.model_package_arn.partition();
    format!("arn:{partition}:iam::{account}:role/{}", stage.model_execution_role_name)
}

/// What the role may do in a look, which is less than the model may: STS takes at most 2,048 characters.
pub(crate) fn policy(stage: &StagePlan, account: &AccountId, action: Action) -> String {
    let partition = stage.model_package_arn.partition();
    let sagemaker = |resource: &str| format!("arn:{partition}:sagemaker:*:{account}:{resource}");
    // SageMaker writes the names in ARNs in lower case.
    let endpoint = sagemaker(&format!("endpoint/{}", stage.endpoint_name.to_lowercase()));
    let mut statements = vec![
        allow(&["sagemaker:DescribeEndpoint"], std::slice::from_ref(&endpoint)),
        // A configuration that is not the one requested has any name, and its models too.
        allow(&["sagemaker:DescribeEndpointConfig"], &[sagemaker("endpoint-config/*")]),
        allow(&["sagemaker:DescribeModel"], &[sagemaker("model/*")]),
    ];
    match action {
        Action::Watch => {
            let alarms = format!("arn:{partition}:cloudwatch:*:{account}:alarm:*");
            statements.push(allow(&["cloudwatch:DescribeAlarms"], &[alarms]));
        }
        Action::Verify if stage.verification.is_some() => statements.extend(invocation(stage, endpoint)),
        Action::Verify => {}
    }
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

fn invocation(stage: &StagePlan, endpoint: String) -> Vec<Value> {
    let Some(asynchronous) = stage.endpoint.asynchronous.as_ref() else {
        return vec![allow(&["sagemaker:InvokeEndpoint"], &[endpoint])];
    };
    let partition = stage.model_package_arn.partition();
    let paths = [Some(&asynchronous.output_path), asynchronous.failure_path.as_ref()].into_iter().flatten();
    let locations: Vec<_> = paths.filter_map(|path| path.strip_prefix("s3://")).collect();
    let objects: Vec<_> =
        locations.iter().map(|location| format!("arn:{partition}:s3:::{}/*", location.trim_end_matches('/'))).collect();
    let buckets: BTreeSet<_> = locations.iter().filter_map(|location| location.split('/').next()).collect();
    let buckets: Vec<_> = buckets.iter().map(|bucket| format!("arn:{partition}:s3:::{bucket}")).collect();
    let mut statements = vec![
        allow(&["sagemaker:InvokeEndpointAsync"], &[endpoint]),
        allow(&["s3:GetObject"], &objects),
        // Without it S3 says "denied" of an answer that is not there yet.
        allow(&["s3:ListBucket"], &buckets),
    ];
    if let Some(key) = &asynchronous.key_arn {
        statements.push(allow(&["kms:Decrypt"], std::slice::from_ref(key)));
    }
    statements
}

fn allow(actions: &[&str], resources: &[String]) -> Value {
    json!({"Effect": "Allow", "Action": actions, "Resource": resources})
}

/// What the target account's trail says of who looked. STS takes 2 to 64 of these characters.
pub(crate) fn session_name(execution: &str) -> String {
    let accepted = |c: char| if c.is_ascii_alphanumeric() || "_+=,.@-".contains(c) { c } else { '-' };
    let name: String = execution.chars().map(accepted).take(57).collect();
    format!("verify-{name}")
}
