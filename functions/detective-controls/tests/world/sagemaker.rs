//! SageMaker, KMS and IAM of the accounts: what is made is described, and listed in small pages.

use std::collections::BTreeMap;

use aws_ports::AwsError;
use control_records::Scope;
use controls::{Kind, List};
use detective_controls::Accounts;
use serde_json::{Map, Value, json};

use super::{HUB, REGION, World, scope};

/// Items a page.
const PAGE: usize = 2;

/// A resource as it is described.
#[derive(Debug, Clone)]
pub struct Made {
    pub kind: Kind,
    pub description: Value,
}

impl Made {
    pub fn arn(&self) -> String {
        self.description.pointer(self.kind.facts().arn).unwrap().as_str().unwrap().to_owned()
    }

    fn matches(&self, kind: Kind, key: &BTreeMap<String, String>) -> bool {
        self.kind == kind && key.iter().all(|(name, value)| self.description[name] == value.as_str())
    }

    fn item(&self) -> Value {
        let facts = self.kind.facts();
        let mut item = Map::new();
        for (name, listed) in facts.key {
            item.insert((*listed).to_owned(), self.description[*name].clone());
        }
        let more = ["CreationTime", "NotebookInstanceLifecycleConfigName"].map(|name| format!("/{name}"));
        let more = more.iter().map(String::as_str).chain(facts.status);
        // The summaries of apps and spaces have no ARN.
        let arn = (!matches!(self.kind, Kind::App | Kind::Space)).then_some(facts.arn);
        for pointer in more.chain(arn) {
            if let Some(value) = self.description.pointer(pointer) {
                item.insert(pointer.trim_start_matches('/').to_owned(), value.clone());
            }
        }
        item.into()
    }
}

impl World {
    /// Makes a resource whose ARN has its name as it is; what it needs to be described is added.
    pub fn make(&self, account: &str, kind: Kind, name: &str, members: Value) -> String {
        self.make_as(account, kind, name, name, members)
    }

    /// The same with another name in the ARN.
    pub fn make_as(&self, account: &str, kind: Kind, name: &str, arn_name: &str, members: Value) -> String {
        let facts = kind.facts();
        let arn = format!("arn:{}:sagemaker:{REGION}:{account}:{}/{arn_name}", self.partition, facts.arn_type);
        let mut description = json!({"CreationTime": self.time().as_second()});
        description[facts.key.last().unwrap().0] = name.into();
        description[facts.arn.trim_start_matches('/')] = arn.as_str().into();
        description.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        let made = Made { kind, description };
        self.sagemaker.lock().unwrap().entry(scope(account)).or_default().push(made);
        self.now.fetch_add(1000, std::sync::atomic::Ordering::SeqCst);
        arn
    }

    pub fn change(&self, arn: &str, members: Value) {
        for made in self.sagemaker.lock().unwrap().values_mut().flatten().filter(|made| made.arn() == arn) {
            made.description.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        }
    }

    pub fn delete(&self, arn: &str) {
        for all in self.sagemaker.lock().unwrap().values_mut() {
            all.retain(|made| made.arn() != arn);
        }
    }

    pub fn refuse(&self, operation: &str, code: &'static str, message: &'static str) {
        self.refused.lock().unwrap().insert(operation.to_owned(), (code, message));
    }

    fn ask(&self, operation: &'static str, input: Value) -> Result<(), AwsError> {
        self.asked.lock().unwrap().push((operation.to_owned(), input));
        let mut throttled = self.throttled.lock().unwrap();
        if let Some(position) = throttled.iter().position(|name| *name == operation) {
            throttled.remove(position);
            return Err(AwsError::answered(operation, "ThrottlingException", "Rate exceeded"));
        }
        match self.refused.lock().unwrap().get(operation) {
            Some((code, message)) => Err(AwsError::answered(operation, code, message)),
            None => Ok(()),
        }
    }
}

impl Accounts for World {
    type Session = Scope;

    async fn session(&self, scope: &Scope) -> Result<Scope, AwsError> {
        self.step().await;
        if self.closed.lock().unwrap().iter().any(|closed| *closed == scope.account.as_str()) {
            assert_ne!(scope.account.as_str(), HUB, "the function needs no role in its own account");
            return Err(AwsError::answered(
                "sts:AssumeRole",
                "AccessDenied",
                "not authorized to perform sts:AssumeRole",
            ));
        }
        Ok(scope.clone())
    }

    async fn describe(
        &self,
        session: &Scope,
        operation: &'static str,
        key: &BTreeMap<String, String>,
    ) -> Result<Value, AwsError> {
        self.step().await;
        self.ask(operation, json!(key))?;
        if let Some(instead) = self.instead.lock().unwrap().clone() {
            return Ok(instead);
        }
        let kind = Kind::ALL.iter().copied().find(|kind| kind.facts().describe == Some(operation)).unwrap();
        let all = self.sagemaker.lock().unwrap();
        let found = all.get(session).into_iter().flatten().find(|made| made.matches(kind, key));
        found.map(|made| made.description.clone()).ok_or_else(|| {
            // Some say it in one way, some in the other.
            match kind {
                Kind::NotebookInstance | Kind::Endpoint | Kind::EndpointConfig | Kind::Model => {
                    AwsError::answered(operation, "ValidationException", "Could not find what you asked for")
                }
                _ => AwsError::answered(operation, "ResourceNotFound", "not found"),
            }
        })
    }

    async fn list(&self, session: &Scope, list: &'static List, input: &Value) -> Result<Value, AwsError> {
        self.step().await;
        self.ask(list.operation, input.clone())?;
        let kind = Kind::ALL
            .iter()
            .copied()
            .find(|kind| kind.facts().list.as_ref().is_some_and(|it| it.operation == list.operation));
        let all = self.sagemaker.lock().unwrap();
        let made = all.get(session).into_iter().flatten().filter(|made| Some(made.kind) == kind);
        let created = |made: &&Made| made.description["CreationTime"].as_f64().unwrap();
        let made = made.filter(|made| input["CreationTimeAfter"].as_f64().is_none_or(|after| created(made) > after));
        let made = made.filter(|made| input["CreationTimeBefore"].as_f64().is_none_or(|before| created(made) < before));
        let items: Vec<Value> = made.map(Made::item).collect();
        let status = kind.unwrap().facts().status.map(|status| status.trim_start_matches('/'));
        let items = items.into_iter().filter(|item| match (input["StatusEquals"].as_str(), status) {
            (Some(wanted), Some(status)) => item[status] == wanted,
            _ => true,
        });
        let contains = input["NotebookInstanceLifecycleConfigNameContains"].as_str().unwrap_or_default();
        let items = items.filter(|item| {
            contains.is_empty()
                || item["NotebookInstanceLifecycleConfigName"].as_str().is_some_and(|name| name.contains(contains))
        });
        let items: Vec<Value> = items.collect();
        let start: usize = input["NextToken"].as_str().map_or(0, |token| token.parse().unwrap());
        let end = (start + PAGE).min(items.len());
        let mut answer = json!({list.items: items[start..end]});
        if end < items.len() {
            answer["NextToken"] = end.to_string().into();
        }
        Ok(answer)
    }

    async fn tags(&self, _: &Scope, arn: &str, token: Option<&str>) -> Result<Value, AwsError> {
        self.step().await;
        self.ask("sagemaker:ListTags", json!({"ResourceArn": arn, "NextToken": token}))?;
        let tags = self.tags.lock().unwrap().get(arn).cloned().unwrap_or_default();
        let start: usize = token.map_or(0, |token| token.parse().unwrap());
        let end = (start + PAGE).min(tags.len());
        let next = if end < tags.len() { json!(end.to_string()) } else { Value::Null };
        Ok(json!({"Tags": tags[start..end], "NextToken": next}))
    }

    async fn key(&self, _: &Scope, key: &str) -> Result<Value, AwsError> {
        self.step().await;
        self.ask("kms:DescribeKey", json!(key))?;
        Ok(json!({"KeyMetadata": {"KeyManager": if key.contains("aws/") { "AWS" } else { "CUSTOMER" }}}))
    }

    async fn attached_policies(&self, _: &Scope, role: &str) -> Result<Vec<String>, AwsError> {
        self.step().await;
        self.ask("iam:ListAttachedRolePolicies", json!(role))?;
        let own = format!("arn:{}:iam::{HUB}:policy/{role}", self.partition);
        let administrator = format!("arn:{}:iam::aws:policy/AdministratorAccess", self.partition);
        Ok(if role == "Admin" { vec![administrator] } else { vec![own] })
    }

    async fn inline_policies(&self, _: &Scope, role: &str) -> Result<Vec<String>, AwsError> {
        self.step().await;
        self.ask("iam:ListRolePolicies", json!(role))?;
        Ok(vec!["inline".to_owned()])
    }

    async fn inline_policy(&self, _: &Scope, role: &str, name: &str) -> Result<Value, AwsError> {
        self.step().await;
        self.ask("iam:GetRolePolicy", json!([role, name]))?;
        Ok(json!({"Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}}))
    }

    async fn default_version(&self, _: &Scope, arn: &str) -> Result<String, AwsError> {
        self.step().await;
        self.ask("iam:GetPolicy", json!(arn))?;
        Ok("v1".to_owned())
    }

    async fn policy(&self, _: &Scope, arn: &str, version: &str) -> Result<Value, AwsError> {
        self.step().await;
        self.ask("iam:GetPolicyVersion", json!([arn, version]))?;
        Ok(json!({"Statement": []}))
    }
}
