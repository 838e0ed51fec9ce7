use std::fmt::Write;

use custom_resource::Scope;
use policy_document::{Error, Statement};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::names::{BucketName, RoleName};
use crate::properties::{Properties, Targets};

/// First part of every `Sid`, before the purpose.
const PREFIX: &str = "CrossAccount";
/// Hexadecimal digits of the last part: 48 bits tell the stacks of an account apart.
const DIGITS: usize = 12;

/// The caller's own account, so that only an endpoint of that account counts. An anonymous caller may have no account, and
/// a Deny whose variable has no value might not apply: such a caller's account is a word that no endpoint's is.
const OWN_ACCOUNT: &str = "${aws:PrincipalAccount}";
const OWN_ACCOUNT_OR_NONE: &str = "${aws:PrincipalAccount, 'none'}";

/// What a model is read with. `GetObjectVersion` also reads the version that a registry's model package was made from.
const READ: [&str; 3] = ["s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket"];

/// Of the actions on objects only S3's own replication is left out, which comes through no endpoint. All others are meant,
/// those that S3 will have one day too, so they are not listed.
const REPLICATION: [&str; 2] = ["s3:*Replica*", "s3:ObjectOwnerOverrideToBucketOwner"];

/// Of the actions on a bucket only these tell what is in it. All others administer it: its policy must stay repairable
/// from anywhere.
const LISTS: [&str; 1] = ["s3:ListBucket*"];

/// What a model role opens files with by itself.
const OPEN: [&str; 2] = ["kms:Decrypt", "kms:DescribeKey"];

/// What services need for it: S3 to open models, SageMaker to encrypt endpoint volumes.
const USE: [&str; 4] = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey*", "kms:ReEncrypt*"];

/// By which EC2 attaches encrypted volumes, under grants and through no endpoint. No role of a customer's has a colon in
/// its name ("Amazon EBS encryption", key policies of volumes).
const EC2_INFRASTRUCTURE: &str = "aws:ec2-infrastructure*";

/// Use of a symmetric key, which S3 and volumes need, and having others use it: whoever may grant can lend the key to an
/// account of his own. Nothing on its administration.
const KEY_ACTIONS: [&str; 5] =
    ["kms:CreateGrant", "kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"];

/// The statements that one resource owns.
pub(crate) struct Statements<'a> {
    properties: &'a Properties,
    scope: &'a Scope,
    owner: Owner,
}

/// Tells the statements of one resource from all others: two stacks may share a bucket or a key.
#[derive(Debug, Clone)]
pub(crate) struct Owner(String);

impl Owner {
    /// Depends on the stack and the logical id alone, so that an update finds what an earlier release wrote.
    pub(crate) fn of(scope: &Scope) -> Self {
        let hash = Sha256::digest(format!("{}/{}", scope.stack_guid, scope.logical_id));
        let mut digits = String::new();
        for byte in hash.iter().take(DIGITS / 2) {
            // Writing to a string cannot fail.
            let _ = write!(digits, "{byte:02x}");
        }
        Self(digits)
    }

    pub(crate) fn owns(&self, sid: Option<&str>) -> bool {
        sid.is_some_and(|sid| sid.starts_with(PREFIX) && sid.ends_with(&self.0))
    }

    fn sid(&self, purpose: &str) -> String {
        format!("{PREFIX}{purpose}{}", self.0)
    }
}

impl<'a> Statements<'a> {
    pub(crate) fn new(properties: &'a Properties, scope: &'a Scope) -> Self {
        Self { properties, scope, owner: Owner::of(scope) }
    }

    pub(crate) fn of_bucket(&self, bucket: &BucketName) -> Result<Vec<Statement>, Error> {
        let everyone = json!("*");
        let arn = format!("arn:{}:s3:::{bucket}", self.scope.partition);
        let objects = format!("{arn}/*");
        let both = json!([arn, objects]);
        // SageMaker looks at a model's files itself when a model is made of them, with the rights of the role but not
        // through its network.
        let by_services = self.targets().and("Bool", "aws:ViaAWSService", json!("true"));
        Ok(vec![
            self.allow("Read", &everyone, &READ, &both, self.targets().through_own_endpoint())?,
            self.allow("ReadByServices", &everyone, &READ, &both, by_services)?,
            self.network_deny("Network", &everyone, ("NotAction", &REPLICATION), &json!(objects), None)?,
            self.network_deny("NetworkLists", &everyone, ("Action", &LISTS), &json!(arn), None)?,
        ])
    }

    /// Three ways lead to a key: a call of the role's own, which must come through an endpoint; a call of S3 or SageMaker
    /// for the role, which no endpoint sees (S3's own policy has looked at the network then); and the grant under which a
    /// service attaches the endpoint's volume.
    pub(crate) fn of_key(&self) -> Result<Vec<Statement>, Error> {
        // In a key's policy this is the key itself.
        let (everyone, resource) = (json!({ "AWS": "*" }), json!("*"));
        let services: Vec<String> = ["s3", "sagemaker"].iter().map(|service| self.host(service)).collect();
        let via_services = self.targets().and("StringEquals", "kms:ViaService", json!(services));
        let for_services = self.targets().and("Bool", "kms:GrantIsForAWSResource", json!("true"));
        let infrastructure = format!("arn:{}:iam::*:role/{EC2_INFRASTRUCTURE}", self.scope.partition);
        Ok(vec![
            self.allow("Use", &everyone, &OPEN, &resource, self.targets().through_own_endpoint())?,
            self.allow("UseByServices", &everyone, &USE, &resource, via_services)?,
            self.allow("Grant", &everyone, &["kms:CreateGrant"], &resource, for_services)?,
            self.network_deny("Network", &everyone, ("Action", &KEY_ACTIONS), &resource, Some(infrastructure))?,
        ])
    }

    /// Reading a group and making models of its packages, for the model role and for the role that makes endpoints: SageMaker
    /// asks this policy for the caller of `CreateModel`, which with a stack set is CloudFormation. Never approving them: that is the hub's. SageMaker tells no
    /// policy through whose endpoint a call came, so the network has no say here; the models' files have their own policy.
    pub(crate) fn of_group(&self, arn: &str) -> Result<Vec<Statement>, Error> {
        let everyone = json!({ "AWS": "*" });
        // By parts: the group's name may itself hold the words "model-package-group".
        let packages = arn.split_once(":model-package-group/").unwrap_or((arn, ""));
        let packages = format!("{}:model-package/{}/*", packages.0, packages.1);
        let on_packages = ["sagemaker:CreateModel", "sagemaker:DescribeModelPackage", "sagemaker:ListModelPackages"];
        Ok(vec![
            self.allow("Group", &everyone, &["sagemaker:DescribeModelPackageGroup"], &json!(arn), self.makers())?,
            self.allow("Packages", &everyone, &on_packages, &json!(packages), self.makers())?,
        ])
    }

    fn allow(
        &self,
        purpose: &str,
        principal: &Value,
        actions: &[&str],
        resource: &Value,
        conditions: Conditions,
    ) -> Result<Statement, Error> {
        Statement::new(&json!({
            "Sid": self.owner.sid(purpose),
            "Effect": "Allow",
            "Principal": principal,
            "Action": actions,
            "Resource": resource,
            "Condition": conditions.0,
        }))
    }

    /// Refuses whoever does not come through an endpoint of its own account, whatever else allows it, except break-glass
    /// principals, AWS services and, where given, the role of a service's infrastructure.
    ///
    /// The operators decide for requests that lack the key: without an endpoint `StringNotEquals` holds, without a
    /// principal `ArnNotLike` holds, and without the service keys `BoolIfExists` holds, so all of them are refused.
    fn network_deny(
        &self,
        purpose: &str,
        principal: &Value,
        (element, actions): (&str, &[&str]),
        resource: &Value,
        infrastructure: Option<String>,
    ) -> Result<Statement, Error> {
        let mut conditions = Conditions::default()
            .and("StringNotEquals", "aws:VpceAccount", json!(OWN_ACCOUNT_OR_NONE))
            // A service that acts with the caller's rights, and one that acts with its own.
            .and("BoolIfExists", "aws:ViaAWSService", json!("false"))
            .and("BoolIfExists", "aws:PrincipalIsAWSService", json!("false"));
        let break_glass = self.properties.break_glass.iter().map(|principal| principal.as_str().to_owned());
        let spared: Vec<String> = break_glass.chain(infrastructure).collect();
        if !spared.is_empty() {
            conditions = conditions.and("ArnNotLike", "aws:PrincipalArn", json!(spared));
        }
        Statement::new(&json!({
            "Sid": self.owner.sid(purpose),
            "Effect": "Deny",
            "Principal": principal,
            element: actions,
            "Resource": resource,
            "Condition": conditions.0,
        }))
    }

    /// The model role of every target account.
    fn targets(&self) -> Conditions {
        self.roles_of_targets(json!(self.pattern(&self.properties.role)))
    }

    /// The model role of every target account, and the role that makes endpoints there.
    fn makers(&self) -> Conditions {
        match &self.properties.execution_role {
            Some(role) if *role != self.properties.role => {
                self.roles_of_targets(json!([self.pattern(&self.properties.role), self.pattern(role)]))
            }
            _ => self.targets(),
        }
    }

    fn pattern(&self, role: &RoleName) -> String {
        format!("arn:{}:iam::*:role/{role}", self.scope.partition)
    }

    /// Roles are named by conditions and never as principal: IAM turns a principal that is deleted into an id, and then the
    /// policy can no longer be written.
    fn roles_of_targets(&self, patterns: Value) -> Conditions {
        let conditions = match &self.properties.targets {
            Targets::Accounts(accounts) => {
                Conditions::default().and("StringEquals", "aws:PrincipalAccount", json!(accounts))
            }
            Targets::Units(paths) => {
                let mut organizations: Vec<&str> = paths.iter().map(|path| path.organization()).collect();
                organizations.dedup();
                let paths: Vec<&str> = paths.iter().map(|path| path.as_str()).collect();
                // The paths hold wildcards; with the fixed organization S3 does not take the policy for a public one.
                Conditions::default().and("StringEquals", "aws:PrincipalOrgID", json!(organizations)).and(
                    "ForAnyValue:StringLike",
                    "aws:PrincipalOrgPaths",
                    json!(paths),
                )
            }
        };
        conditions.and("ArnLike", "aws:PrincipalArn", patterns)
    }

    /// The host by which KMS knows a service of this region.
    fn host(&self, service: &str) -> String {
        let suffix = identifiers::dns_suffix(&self.scope.partition);
        format!("{service}.{}.{suffix}", self.scope.region)
    }
}

/// A statement's `Condition`: operators, and keys beneath them. All must hold.
#[derive(Default)]
struct Conditions(Map<String, Value>);

impl Conditions {
    fn and(mut self, operator: &str, key: &str, value: Value) -> Self {
        let keys = self.0.entry(operator).or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(keys) = keys {
            keys.insert(key.to_owned(), value);
        }
        self
    }

    fn through_own_endpoint(self) -> Self {
        self.and("StringEquals", "aws:VpceAccount", json!(OWN_ACCOUNT))
    }
}
