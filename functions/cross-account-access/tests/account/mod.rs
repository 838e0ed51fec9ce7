//! A hub account in memory: the policies of its buckets, keys and model package groups, what was called, and what goes wrong.
#![allow(dead_code, reason = "each test crate uses a part of it")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use aws_ports::AwsError;
use cross_account_access::{CrossAccountAccess, Ports, Properties};
use custom_resource::{
    Attributes, CustomResource, Failure, PhysicalId, Progress, Request, Scope, TimeLeft, read_properties,
};
use policy_document::{PolicyDocument, Principal, Statement};
use serde_json::{Value, json};

pub(crate) const HUB: &str = "111111111111";
pub(crate) const BUCKET: &str = "models";
pub(crate) const KEY: &str = "arn:aws:kms:eu-west-1:111111111111:key/11111111-2222-3333-4444-555555555555";
pub(crate) const GROUP: &str = "churn";
pub(crate) const EXECUTION_ROLE: &str = "secure-mlops-stack-set-execution";
pub(crate) const UNIT: &str = "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/";
const STACK: &str =
    "arn:aws:cloudformation:eu-west-1:111111111111:stack/environment/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";

/// The key policy that KMS makes by default.
pub(crate) const KEY_POLICY: &str = r#"{
  "Version" : "2012-10-17",
  "Id" : "key-default-1",
  "Statement" : [ {
    "Sid" : "Enable IAM User Permissions",
    "Effect" : "Allow",
    "Principal" : { "AWS" : "arn:aws:iam::111111111111:root" },
    "Action" : "kms:*",
    "Resource" : "*"
  } ]
}"#;

/// Turns a policy, if there is one, into what stands there then.
pub(crate) type Interference = Box<dyn FnOnce(Option<String>) -> Option<String> + Send>;

/// A call that fails.
#[derive(Clone)]
pub(crate) struct Fault {
    /// Counted from 1.
    pub(crate) at: usize,
    pub(crate) code: &'static str,
    pub(crate) message: &'static str,
    /// Its effect takes place all the same.
    pub(crate) takes_place: bool,
    /// Later calls of the same operation fail alike.
    pub(crate) lasts: bool,
}

#[derive(Default)]
pub(crate) struct State {
    /// Of everything that exists, by name or ARN.
    pub(crate) policies: BTreeMap<String, Option<String>>,
    /// `operation place`.
    pub(crate) calls: Vec<String>,
    pub(crate) failing: Option<Fault>,
    lasting: Option<(&'static str, &'static str)>,
    /// What somebody else does before the call of this number.
    pub(crate) interference: Option<(usize, String, Interference)>,
    /// Services write what they are given in their own spelling.
    pub(crate) rewriting: bool,
}

/// The one that a function works on; clones share it.
#[derive(Clone, Default)]
pub(crate) struct Account(Arc<Mutex<State>>);

impl Account {
    /// With the bucket, the key and the group of the tests; the key has KMS's default policy, the others have none.
    pub(crate) fn new() -> Self {
        let account = Self::default();
        account.has(BUCKET, None);
        account.has(KEY, Some(KEY_POLICY));
        account.has(GROUP, None);
        account
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub(crate) fn has(&self, place: &str, policy: Option<&str>) {
        self.state().policies.insert(place.to_owned(), policy.map(str::to_owned));
    }

    pub(crate) fn policy(&self, place: &str) -> Option<String> {
        self.state().policies[place].clone()
    }

    pub(crate) fn policies(&self) -> BTreeMap<String, Option<String>> {
        self.state().policies.clone()
    }

    pub(crate) fn fails(&self, at: usize, code: &'static str, message: &'static str) {
        self.state().failing = Some(Fault { at, code, message, takes_place: false, lasts: false });
    }

    pub(crate) fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.state().calls)
    }

    /// `operation place` of each call that changes something, since calls were last taken.
    pub(crate) fn writes(&self) -> Vec<String> {
        self.calls().into_iter().filter(|call| call.contains(":Put") || call.contains(":Delete")).collect()
    }

    fn call<T>(
        &self,
        operation: &'static str,
        place: &str,
        effect: impl FnOnce(&mut State) -> Result<T, (&'static str, String)>,
    ) -> Result<T, AwsError> {
        let mut state = self.state();
        state.calls.push(format!("{operation} {place}"));
        let number = state.calls.len();
        if let Some((_, target, interfere)) = state.interference.take_if(|(at, ..)| *at == number) {
            let policy = state.policies.remove(&target).flatten();
            state.policies.insert(target, interfere(policy));
        }
        if let Some((_, code)) = state.lasting.filter(|(failing, _)| *failing == operation) {
            return Err(AwsError::answered(operation, code, "arranged by the test"));
        }
        if let Some(fault) = state.failing.take_if(|fault| fault.at == number) {
            if fault.takes_place {
                let _ = effect(&mut state);
            }
            if fault.lasts {
                state.lasting = Some((operation, fault.code));
            }
            return Err(AwsError::answered(operation, fault.code, fault.message));
        }
        effect(&mut state).map_err(|(code, message)| AwsError::answered(operation, code, &message))
    }
}

impl State {
    fn existing(&mut self, place: &str, code: &'static str) -> Result<&mut Option<String>, (&'static str, String)> {
        self.policies.get_mut(place).ok_or_else(|| (code, format!("{place} does not exist.")))
    }

    fn put(
        &mut self,
        place: &str,
        policy: &str,
        gone: &'static str,
        malformed: &'static str,
        limit: usize,
    ) -> Result<(), (&'static str, String)> {
        let refused = |why: &str| Err((malformed, why.to_owned()));
        let Ok(document) = policy.parse::<PolicyDocument>() else { return refused("not a policy") };
        if document.is_empty() {
            return refused("Missing required field Statement");
        }
        if policy.len() > limit {
            return refused("Policy size exceeds the limit");
        }
        let stale = |principal: &Principal<'_>| matches!(principal, Principal::Aws(id) if id.starts_with("AROA"));
        if document.statements().any(|statement| statement.principals().iter().any(stale)) {
            return refused("Invalid principal in policy");
        }
        let text = if self.rewriting { rewritten(&document) } else { policy.to_owned() };
        *self.existing(place, gone)? = Some(text);
        Ok(())
    }
}

/// Own statements in another spelling: lists of one as text, lists and keys the other way round.
fn rewritten(document: &PolicyDocument) -> String {
    fn turned(value: &Value) -> Value {
        match value {
            Value::Array(items) if items.len() == 1 => turned(&items[0]),
            Value::Array(items) => items.iter().rev().map(turned).collect(),
            Value::Object(object) => object.iter().rev().map(|(key, value)| (key.clone(), turned(value))).collect(),
            other => other.clone(),
        }
    }
    let mut text = document.to_string();
    // Its Sid ends as those of the tests' stacks do; one that only begins alike is somebody else's.
    let is_own = |sid: &str| sid.starts_with("CrossAccount") && sid.ends_with(|last: char| last.is_ascii_digit());
    for statement in document.statements().filter(|statement| statement.sid().is_some_and(is_own)) {
        let value: Value = serde_json::from_str(statement.json()).unwrap();
        text = text.replace(statement.json(), &turned(&value).to_string());
    }
    text
}

const NO_GROUP: &str = "ValidationException";

impl Ports for Account {
    async fn get_bucket_policy(&self, bucket: &str, owner: &str) -> Result<Option<String>, AwsError> {
        assert_eq!(owner, HUB);
        self.call("s3:GetBucketPolicy", bucket, |state| match state.existing(bucket, "NoSuchBucket")? {
            Some(policy) => Ok(Some(policy.clone())),
            None => Err(("NoSuchBucketPolicy", "The bucket policy does not exist".into())),
        })
    }

    async fn put_bucket_policy(&self, bucket: &str, owner: &str, policy: &str) -> Result<(), AwsError> {
        assert_eq!(owner, HUB);
        self.call("s3:PutBucketPolicy", bucket, |state| {
            state.put(bucket, policy, "NoSuchBucket", "MalformedPolicy", 20480)
        })
    }

    async fn delete_bucket_policy(&self, bucket: &str, owner: &str) -> Result<(), AwsError> {
        assert_eq!(owner, HUB);
        self.call("s3:DeleteBucketPolicy", bucket, |state| {
            *state.existing(bucket, "NoSuchBucket")? = None;
            Ok(())
        })
    }

    async fn get_key_policy(&self, key: &str) -> Result<Option<String>, AwsError> {
        self.call("kms:GetKeyPolicy", key, |state| Ok(state.existing(key, "NotFoundException")?.clone()))
    }

    async fn put_key_policy(&self, key: &str, policy: &str) -> Result<(), AwsError> {
        self.call("kms:PutKeyPolicy", key, |state| {
            state.put(key, policy, "NotFoundException", "MalformedPolicyDocumentException", 32768)
        })
    }

    async fn describe_model_package_group(&self, group: &str) -> Result<String, AwsError> {
        self.call("sagemaker:DescribeModelPackageGroup", group, |state| {
            state.existing(group, NO_GROUP)?;
            Ok(format!("arn:aws:sagemaker:eu-west-1:{HUB}:model-package-group/{}", group.to_lowercase()))
        })
    }

    async fn get_model_package_group_policy(&self, group: &str) -> Result<Option<String>, AwsError> {
        self.call("sagemaker:GetModelPackageGroupPolicy", group, |state| match state.existing(group, NO_GROUP)? {
            Some(policy) => Ok(Some(policy.clone())),
            None => Err((NO_GROUP, format!("Cannot find resource policy for: {group}"))),
        })
    }

    async fn put_model_package_group_policy(&self, group: &str, policy: &str) -> Result<(), AwsError> {
        self.call("sagemaker:PutModelPackageGroupPolicy", group, |state| {
            state.put(group, policy, NO_GROUP, "ValidationException", 20480)
        })
    }

    async fn delete_model_package_group_policy(&self, group: &str) -> Result<(), AwsError> {
        self.call("sagemaker:DeleteModelPackageGroupPolicy", group, |state| {
            match state.existing(group, NO_GROUP)?.take() {
                Some(_) => Ok(()),
                None => Err((NO_GROUP, format!("Cannot find resource policy for: {group}"))),
            }
        })
    }
}

/// What a template asks for, with these properties in place of the usual ones. Null leaves one out.
pub(crate) fn properties(changed: Value) -> Properties {
    read_properties(&given(changed)).unwrap()
}

pub(crate) fn given(changed: Value) -> Value {
    let mut properties = json!({
        "BucketName": BUCKET, "KeyArns": [KEY], "ModelPackageGroupNames": [GROUP],
        "Accounts": ["222222222222", "333333333333"], "RoleName": "secure-mlops-model",
        "BreakGlassPrincipalArns": ["arn:aws:iam::111111111111:role/break-glass"],
    });
    for (name, value) in changed.as_object().unwrap() {
        properties[name] = value.clone();
    }
    properties
}

pub(crate) fn units() -> Value {
    json!({"Accounts": null, "OrganizationPaths": [UNIT]})
}

pub(crate) fn scope() -> Scope {
    Scope::new(STACK, "Access").unwrap()
}

pub(crate) fn request<P>(scope: &Scope, properties: P, state: Option<Value>) -> Request<P> {
    Request {
        properties,
        physical_id: PhysicalId::new("cross-account-access", [&scope.stack_name, &scope.stack_guid, &scope.logical_id]),
        scope: scope.clone(),
        request_id: "5e0c2b4a".into(),
        time: TimeLeft::lasting(Duration::from_secs(60)),
        state,
    }
}

/// How one delivery of a request ended, and how often it said that it was not finished.
pub(crate) struct Ended {
    pub(crate) result: Result<Attributes, Failure>,
    pub(crate) pauses: Vec<(String, Duration)>,
}

impl Ended {
    pub(crate) fn done(self) -> Attributes {
        self.result.unwrap()
    }

    pub(crate) fn failure(self) -> Failure {
        self.result.err().unwrap()
    }
}

/// Calls a method as the library does: again with the state it handed over, until it is done.
async fn to_the_end<F: Future<Output = Result<Progress, Failure>>>(method: impl Fn(Option<Value>) -> F) -> Ended {
    let mut pauses = Vec::new();
    let mut state = None;
    loop {
        match method(state).await {
            Ok(Progress::Done(attributes)) => return Ended { result: Ok(attributes), pauses },
            Ok(Progress::Unfinished { waiting_for, state: next, again_in }) => {
                pauses.push((waiting_for, again_in));
                assert!(pauses.len() < 100, "never ends");
                state = Some(next);
            }
            Err(failure) => return Ended { result: Err(failure), pauses },
        }
    }
}

pub(crate) async fn create(account: &Account, wanted: Value) -> Ended {
    create_in(&scope(), account, wanted).await
}

pub(crate) async fn create_in(scope: &Scope, account: &Account, wanted: Value) -> Ended {
    let resource = CrossAccountAccess::new(account.clone());
    to_the_end(async |state| resource.create(&request(scope, properties(wanted.clone()), state)).await).await
}

pub(crate) async fn update(account: &Account, wanted: Value, old: Option<Value>) -> Ended {
    update_in(&scope(), account, wanted, old).await
}

pub(crate) async fn update_in(scope: &Scope, account: &Account, wanted: Value, old: Option<Value>) -> Ended {
    let resource = CrossAccountAccess::new(account.clone());
    let old = old.map(properties);
    to_the_end(async |state| resource.update(&request(scope, properties(wanted.clone()), state), old.as_ref()).await)
        .await
}

pub(crate) async fn delete(account: &Account, wanted: Option<Value>) -> Ended {
    delete_in(&scope(), account, wanted).await
}

pub(crate) async fn delete_in(scope: &Scope, account: &Account, wanted: Option<Value>) -> Ended {
    let resource = CrossAccountAccess::new(account.clone());
    to_the_end(async |state| resource.delete(&request(scope, wanted.clone().map(properties), state)).await).await
}

/// The statements of a policy that a resource of this kind owns, by `Sid`.
pub(crate) fn own(policy: &str) -> Vec<Value> {
    let policy: PolicyDocument = policy.parse().unwrap();
    let own =
        policy.statements().filter(|statement| statement.sid().is_some_and(|sid| sid.starts_with("CrossAccount")));
    own.map(|statement| serde_json::from_str(statement.json()).unwrap()).collect()
}

/// The policy with one statement in place of those that resources of this kind own, as text: a lone statement of somebody
/// else may have become a list of one by then. Empty when nobody else has any.
pub(crate) fn others(policy: Option<&str>) -> String {
    let Some(policy) = policy else { return String::new() };
    let is_own = |sid: Option<&str>| sid.is_some_and(|sid| sid.starts_with("CrossAccount"));
    let mut policy: PolicyDocument = policy.parse().unwrap();
    policy.replace(is_own, Vec::new());
    if policy.is_empty() {
        return String::new();
    }
    policy.replace(is_own, vec![Statement::new(&json!({"Sid": "CrossAccount"})).unwrap()]);
    policy.to_string()
}
