use std::collections::BTreeSet;

use crate::{Effect, PolicyDocument, Statement};

const ASSUME_ROLE: &str = "sts:AssumeRole";

/// Reading the trust policy of a role.
impl PolicyDocument {
    /// The services that may assume the role, such as `sagemaker.amazonaws.com`; under conditions too, as a condition on
    /// the source account is good practice. A service that an unconditional Deny names is not among them.
    #[must_use]
    pub fn trusted_services(&self) -> BTreeSet<&str> {
        let about = |effect| {
            self.statements().filter(move |statement: &&Statement| {
                statement.effect() == Some(effect) && statement.matches_action(ASSUME_ROLE)
            })
        };
        let mut trusted: BTreeSet<&str> = about(Effect::Allow).flat_map(Statement::services).collect();
        for statement in about(Effect::Deny).filter(|statement| !statement.is_conditional()) {
            for service in statement.services() {
                trusted.remove(service);
            }
        }
        trusted
    }
}
