use std::collections::{BTreeMap, BTreeSet};

use identifiers::AccountId;
use policy_document::{Access, Decision, Doubt, PolicyDocument};

use crate::input::{Hub, Targets};
use crate::place::Place;
use crate::role::Role;

/// What one policy says of all targets.
#[derive(Debug, Default)]
pub(crate) struct Judgement {
    /// The accounts of a role that nothing lets in.
    pub(crate) missing: BTreeMap<Role, Lack>,
    /// Those that a statement shuts out.
    pub(crate) denied: BTreeMap<(Role, String), Lack>,
    /// Those that are let in depending on something.
    pub(crate) doubts: BTreeMap<Question, BTreeSet<AccountId>>,
}

/// What accounts may not do.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Lack {
    /// Whose role.
    pub(crate) accounts: BTreeSet<AccountId>,
    /// Such as `kms:Decrypt`.
    pub(crate) actions: BTreeSet<&'static str>,
    /// The ARNs asked for.
    pub(crate) resources: BTreeSet<String>,
}

/// What cannot be known beforehand.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Question {
    pub(crate) role: Role,
    /// By `Sid` or number.
    pub(crate) statement: String,
    pub(crate) allows: bool,
    /// Condition keys.
    pub(crate) keys: BTreeSet<String>,
}

/// Judges a policy: may every role of every target do all that it needs with all of `resources`?
pub(crate) fn judge(
    document: &PolicyDocument,
    place: &Place,
    resources: &BTreeSet<String>,
    hub: &Hub,
    targets: &Targets,
) -> Judgement {
    let mut judgement = Judgement::default();
    for (role, accounts) in &targets.roles {
        for account in accounts {
            let arn = role.arn(&hub.partition, account);
            let facts = place.facts(hub, account, &arn);
            for (action, resource) in
                place.needed(role.duty).iter().flat_map(|it| resources.iter().map(move |on| (*it, on)))
            {
                let access = Access { role: &arn, account: account.as_str(), action, resource, facts: &facts };
                judgement.add(document.decide(access), (role, account), (action, resource), place, hub);
            }
        }
    }
    judgement
}

impl Judgement {
    fn add(
        &mut self,
        decision: Decision<'_>,
        (role, account): (&Role, &AccountId),
        (action, resource): (&'static str, &str),
        place: &Place,
        hub: &Hub,
    ) {
        let lack = match decision {
            Decision::Denied(by) => self.denied.entry((role.clone(), named(&by))).or_default(),
            Decision::NotAllowed if *account == hub.account && !place.decides_alone() => return,
            Decision::NotAllowed => self.missing.entry(role.clone()).or_default(),
            Decision::Allowed { by, unless } => {
                let asked = std::iter::once((by, true)).chain(unless.into_iter().map(|doubt| (doubt, false)));
                for (doubt, allows) in asked.filter(|(doubt, _)| !doubt.keys.is_empty()) {
                    let statement = named(&doubt);
                    let question = Question { role: role.clone(), statement, allows, keys: doubt.keys };
                    self.doubts.entry(question).or_default().insert(account.clone());
                }
                return;
            }
        };
        lack.accounts.insert(account.clone());
        lack.actions.insert(action);
        lack.resources.insert(resource.to_owned());
    }
}

fn named(doubt: &Doubt<'_>) -> String {
    match doubt.statement.sid() {
        Some(sid) if !sid.is_empty() => sid.to_owned(),
        _ => format!("number {} (without a Sid, counted from 1)", doubt.index + 1),
    }
}
