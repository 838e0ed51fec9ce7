use std::collections::{BTreeMap, BTreeSet};

use aws_ports::AwsError;
use deployment::{PlatformName, fingerprint};
use identifiers::{AccountId, ModelPackageGroupName};
use policy_document::{PolicyDocument, Statement};
use serde_json::Value;

use crate::aws::Ports;
use crate::fault::accounts;
use crate::input::Hub;
use crate::judgement::Lack;
use crate::place::Place;
use crate::role::{Duty, Role};

/// A policy that this platform may write, with what is missing in it.
#[derive(Debug)]
pub(crate) struct Repair {
    pub(crate) place: Place,
    pub(crate) policy: String,
    /// Bytes of the own statements.
    pub(crate) own: usize,
    /// What is new in it, in words.
    pub(crate) gives: String,
}

/// Makes statements, and knows its own again.
#[derive(Debug)]
pub(crate) struct Author<'a> {
    pub(crate) platform: &'a PlatformName,
    pub(crate) group: &'a ModelPackageGroupName,
    pub(crate) hub: &'a Hub,
    /// The ARN of all packages of the group.
    pub(crate) packages: &'a str,
}

impl Author<'_> {
    /// One for each role that this platform deploys this group with: of a repository that several groups use, none takes
    /// the accounts of another away.
    fn sid(&self, role: &Role) -> String {
        let duty = match role.duty {
            Duty::Serves => "serves",
            Duty::Makes => "makes",
        };
        format!("ModelAccess{}", fingerprint(12, &[self.platform.as_str(), self.group.as_str(), duty, role.name()]))
    }

    /// # Errors
    /// None that is known of: the statement is made of names and ids.
    pub(crate) fn statement(
        &self,
        place: &Place,
        role: &Role,
        accounts: &BTreeSet<AccountId>,
    ) -> Result<Statement, policy_document::Error> {
        Statement::new(&place.statement(&self.sid(role), self.hub, self.packages, role, accounts))
    }

    /// The policy with own statements for what is missing. An own statement that is there keeps its accounts: their
    /// endpoints may still run, and pull the image again when they grow.
    pub(crate) fn repair(
        &self,
        place: Place,
        mut document: PolicyDocument,
        missing: &BTreeMap<Role, Lack>,
    ) -> Result<Repair, policy_document::Error> {
        let mut statements = Vec::new();
        let mut gives = Vec::new();
        for (role, lack) in missing {
            let sid = self.sid(role);
            let own = document.statements().find(|statement| statement.sid() == Some(&sid));
            let mut all = own.map(accounts_of).unwrap_or_default();
            all.extend(lack.accounts.iter().cloned());
            statements.push(self.statement(&place, role, &all)?);
            gives.push(format!("role {role} of {}", accounts(&lack.accounts)));
        }
        let own = statements.iter().map(|statement| statement.json().len() + 1).sum();
        let sids: BTreeSet<String> = missing.keys().map(|role| self.sid(role)).collect();
        document.replace(|sid| sid.is_some_and(|sid| sids.contains(sid)), statements);
        let gives = format!("{place}: {} may use it", gives.join(" and "));
        Ok(Repair { place, policy: document.to_string(), own, gives })
    }
}

impl Repair {
    /// Neither service compares with what was read, so a change that somebody else makes between this function's read and
    /// this write is lost. Both are some hundred milliseconds apart.
    pub(crate) async fn write(&self, aws: &impl Ports, hub: &Hub) -> Result<(), AwsError> {
        match &self.place {
            Place::Repository(name) => aws.set_repository_policy(hub.account.as_str(), name, &self.policy).await,
            Place::Group(name) => aws.put_model_package_group_policy(name.as_str(), &self.policy).await,
            // Another stack's: no repair is made of them.
            Place::Bucket(_) | Place::Key(_) => Ok(()),
        }
    }
}

/// The accounts that an own statement names.
fn accounts_of(statement: &Statement) -> BTreeSet<AccountId> {
    let value: Value = serde_json::from_str(statement.json()).unwrap_or_default();
    let accounts = value.pointer("/Condition/StringEquals/aws:PrincipalAccount");
    let listed = match accounts {
        Some(Value::Array(accounts)) => accounts.as_slice(),
        Some(account) => std::slice::from_ref(account),
        None => &[],
    };
    listed.iter().filter_map(|account| account.as_str()?.parse().ok()).collect()
}
