use std::collections::BTreeSet;

use crate::condition::{Facts, Holds, conditions_hold, expanded};
use crate::meaning::{matches, matches_exactly};
use crate::statement::texts;
use crate::{Effect, PolicyDocument, Principal, Statement};

/// What somebody wants to do, as far as it is known before he does.
#[derive(Debug, Clone, Copy)]
pub struct Access<'a> {
    /// The ARN of the role that will ask, in whatever session.
    pub role: &'a str,
    /// The role's account.
    pub account: &'a str,
    /// Such as `s3:GetObject`.
    pub action: &'a str,
    /// The ARN of what is asked for.
    pub resource: &'a str,
    /// Known keys.
    pub facts: &'a Facts,
}

/// What a resource's policy says of an [`Access`].
#[derive(Debug)]
pub enum Decision<'a> {
    /// This statement refuses it, whatever allows it.
    Denied(Doubt<'a>),
    /// This statement allows it.
    Allowed {
        /// The one that depends on the least.
        by: Doubt<'a>,
        /// Statements that refuse it, depending on something.
        unless: Vec<Doubt<'a>>,
    },
    /// No statement allows it.
    NotAllowed,
}

/// A statement, and what its effect depends on.
#[derive(Debug)]
pub struct Doubt<'a> {
    /// Counts from 0.
    pub index: usize,
    /// The statement.
    pub statement: &'a Statement,
    /// Condition keys whose values cannot be known beforehand. Without any it is certain, or the caller's choice.
    pub keys: BTreeSet<String>,
}

/// Judging an access before it is tried.
impl PolicyDocument {
    /// What this policy, as the policy of the resource, says of an access.
    ///
    /// Towards an Allow it is lenient: a condition that cannot be judged counts as met, and is among [`Doubt::keys`].
    /// Towards a Deny too: it counts only when it is certain to apply. A statement without `Resource`, as repositories have
    /// them, is about the resource. An account as principal stands for its roles, which need their own account's permission
    /// besides. Grants, access points and the limits of organizations are not in the policy and not looked at.
    #[must_use]
    pub fn decide(&self, access: Access<'_>) -> Decision<'_> {
        let variables = self.version() == Some("2012-10-17");
        let mut allowing: Option<Doubt<'_>> = None;
        let mut unless = Vec::new();
        for (index, statement) in self.statements().enumerate() {
            let keys = match statement.applies(access, variables) {
                Holds::No => continue,
                Holds::Yes if statement.effect() == Some(Effect::Deny) => {
                    return Decision::Denied(Doubt { index, statement, keys: BTreeSet::new() });
                }
                Holds::Yes => BTreeSet::new(),
                Holds::Depends(keys) => keys,
            };
            match statement.effect() {
                Some(Effect::Deny) if keys.is_empty() => {}
                Some(Effect::Deny) => unless.push(Doubt { index, statement, keys }),
                Some(Effect::Allow) if allowing.as_ref().is_none_or(|known| keys.len() < known.keys.len()) => {
                    allowing = Some(Doubt { index, statement, keys });
                }
                _ => {}
            }
        }
        allowing.map_or(Decision::NotAllowed, |by| Decision::Allowed { by, unless })
    }
}

impl Statement {
    fn applies(&self, access: Access<'_>, variables: bool) -> Holds {
        if !self.matches_action(access.action) {
            return Holds::No;
        }
        let about = self.is_about(access.role, access.account).and(self.is_on(access, variables));
        if about == Holds::No {
            return Holds::No;
        }
        about.and(conditions_hold(self.element("Condition"), access.facts, variables))
    }

    fn is_about(&self, role: &str, account: &str) -> Holds {
        let is = |principal: &Principal<'_>| match principal {
            Principal::Everyone => true,
            Principal::Aws(named) => {
                *named == role || *named == account || {
                    let root = named.strip_suffix(":root").and_then(|arn| arn.rsplit_once("::"));
                    root.is_some_and(|(_, named)| named == account)
                }
            }
            Principal::Service(_) | Principal::Other(..) => false,
        };
        if self.element("NotPrincipal").is_none() {
            return Holds::of(self.principals().iter().any(is));
        }
        let spared = self.principals_of("NotPrincipal");
        if spared.contains(&Principal::Everyone) {
            return Holds::No;
        }
        // A role is spared only with its session's own ARN beside it, and that has a name nobody knows yet.
        match spared.contains(&Principal::Aws(role)) {
            true if self.effect() == Some(Effect::Deny) => Holds::depends_on("NotPrincipal"),
            spared => Holds::of(!spared),
        }
    }

    fn is_on(&self, access: Access<'_>, variables: bool) -> Holds {
        let listed = |name: &str| {
            texts(self.element(name)).fold(Holds::No, |held, pattern| {
                held.or(match expanded(pattern, access.facts, variables) {
                    Ok(pattern) => Holds::of(matches_exactly(&pattern, access.resource)),
                    // Whatever stands there: does the rest of it match?
                    Err(key) if matches(&any_variable(pattern), access.resource) => Holds::depends_on(&key),
                    Err(_) => Holds::No,
                })
            })
        };
        if self.element("Resource").is_some() {
            return listed("Resource");
        }
        if self.element("NotResource").is_none() {
            return Holds::Yes;
        }
        match listed("NotResource") {
            Holds::Yes => Holds::No,
            Holds::No => Holds::Yes,
            depends @ Holds::Depends(_) => depends,
        }
    }
}

/// The pattern with a `*` for each of its variables.
fn any_variable(pattern: &str) -> String {
    let mut left = pattern;
    let mut text = String::new();
    while let Some((before, rest)) = left.split_once("${") {
        let Some((_, after)) = rest.split_once('}') else { break };
        text.push_str(before);
        text.push('*');
        left = after;
    }
    text + left
}
