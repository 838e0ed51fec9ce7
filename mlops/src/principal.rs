//! Who somebody is, as far as an ARN says it.

use std::fmt::{Display, Formatter};

/// What a Studio session is called, whoever works in it.
const STUDIO_SESSION: &str = "SageMaker";
/// The roles of IAM Identity Center: people cannot choose the session's name, it is their user name.
const SINGLE_SIGN_ON: &str = "AWSReservedSSO_";

/// Somebody who calls AWS or registered a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal<'a> {
    arn: &'a str,
    kind: Kind<'a>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind<'a> {
    /// An IAM user or a federated one.
    User { name: &'a str },
    /// A role, and its session where the ARN is of one. The account is part of the role's identity.
    Role { account: &'a str, role: &'a str, session: Option<&'a str> },
    /// A user profile of a SageMaker domain.
    Profile { name: &'a str },
    /// Anything else, such as an account's root.
    Other,
}

impl<'a> Principal<'a> {
    /// From `arn:<partition>:sts::<account>:assumed-role/<role>/<session>`, a role's, a user's or a user profile's ARN.
    pub fn from_arn(arn: &'a str) -> Self {
        let parts: Vec<_> = arn.splitn(6, ':').collect();
        let kind = match parts.as_slice() {
            &["arn", _, service, _, account, resource] => {
                let (kind, path) = resource.split_once('/').unwrap_or((resource, ""));
                // IAM's paths do not tell names apart; a session's name has no slash.
                let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
                match (service, kind, path.split_once('/')) {
                    ("sts", "assumed-role", Some((role, session))) => {
                        Kind::Role { account, role, session: Some(session) }
                    }
                    ("iam", "role", _) => Kind::Role { account, role: name, session: None },
                    ("iam", "user", _) | ("sts", "federated-user", _) => Kind::User { name },
                    ("sagemaker", "user-profile", Some(_)) => Kind::Profile { name },
                    _ => Kind::Other,
                }
            }
            _ => Kind::Other,
        };
        Self { arn, kind }
    }

    /// Why this caller may be the person who registered something; `None`: it is somebody else.
    ///
    /// - Names of persons are compared wherever an ARN has one, in any account and whatever the role: the user of single
    ///   sign-on has one role to register and another to approve with, and the same session name in both.
    /// - Sessions of one role are one person unless the role is one of single sign-on: elsewhere a session's name is the
    ///   caller's own choice.
    /// - Every session in Studio has the same name, so it may be that of any user profile.
    pub fn may_be(&self, registrant: &Self) -> Option<String> {
        if self.arn == registrant.arn {
            return Some(format!("{self} registered it"));
        }
        if let (Some(name), Some(other)) = (self.person(), registrant.person())
            && name.eq_ignore_ascii_case(other)
        {
            return Some(format!("{registrant} registered it, and {self} has the same name"));
        }
        match (self.kind, registrant.kind) {
            (
                Kind::Role { account, role, session },
                Kind::Role { account: other_account, role: other_role, session: other_session },
            ) if account == other_account && role.eq_ignore_ascii_case(other_role) => {
                let told_apart = role.starts_with(SINGLE_SIGN_ON) && session.is_some() && other_session.is_some();
                (!told_apart).then(|| {
                    format!(
                        "{registrant} registered it, and {self} is the same role, whose sessions choose their names"
                    )
                })
            }
            (Kind::Role { session: Some(STUDIO_SESSION), .. }, Kind::Profile { .. }) => {
                Some(format!("{registrant} registered it, and {self} may be any user of Studio"))
            }
            _ => None,
        }
    }

    fn person(&self) -> Option<&'a str> {
        match self.kind {
            Kind::User { name } | Kind::Profile { name } => Some(name),
            Kind::Role { session, .. } => session,
            Kind::Other => None,
        }
        .filter(|name| !name.is_empty())
    }
}

impl Display for Principal<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.arn)
    }
}

#[cfg(test)]
mod tests {
    use super::Principal;

    fn same(caller: &str, registrant: &str) -> bool {
        Principal::from_arn(caller).may_be(&Principal::from_arn(registrant)).is_some()
    }

    #[test]
    fn one_person() {
        for (caller, registrant) in [
            ("arn:aws:iam::111111111111:user/alice", "arn:aws:iam::111111111111:user/alice"),
            ("arn:aws:iam::111111111111:user/people/alice", "arn:aws:iam::111111111111:user/Alice"),
            ("arn:aws:iam::111111111111:root", "arn:aws:iam::111111111111:root"),
            // One person with two permission sets, and in two accounts.
            (
                "arn:aws:sts::111111111111:assumed-role/AWSReservedSSO_Approver_0123456789abcdef/alice@bank.example",
                "arn:aws:sts::222222222222:assumed-role/AWSReservedSSO_Scientist_fedcba9876543210/Alice@bank.example",
            ),
            // The console names the session after the user who switches the role.
            ("arn:aws:sts::111111111111:assumed-role/Approver/alice", "arn:aws:iam::111111111111:user/alice"),
            (
                "arn:aws-cn:sts::111111111111:assumed-role/Approver/alice",
                "arn:aws-cn:sagemaker:cn-north-1:111111111111:user-profile/d-abcdefghijkl/alice",
            ),
            // The session's name is the caller's choice.
            (
                "arn:aws:sts::111111111111:assumed-role/Approver/bob",
                "arn:aws:sts::111111111111:assumed-role/Approver/alice",
            ),
            ("arn:aws:sts::111111111111:assumed-role/Approver/bob", "arn:aws:iam::111111111111:role/team/Approver"),
            (
                "arn:aws:sts::111111111111:assumed-role/AWSReservedSSO_A_0/alice",
                "arn:aws:iam::111111111111:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_A_0",
            ),
            // Any user of Studio.
            (
                "arn:aws:sts::111111111111:assumed-role/Studio/SageMaker",
                "arn:aws:sagemaker:eu-central-1:111111111111:user-profile/d-abcdefghijkl/alice",
            ),
        ] {
            assert!(same(caller, registrant), "{caller} {registrant}");
        }
    }

    #[test]
    fn two_persons() {
        for (caller, registrant) in [
            ("arn:aws:iam::111111111111:user/bob", "arn:aws:iam::111111111111:user/alice"),
            (
                "arn:aws:sts::111111111111:assumed-role/AWSReservedSSO_A_0/bob",
                "arn:aws:sts::111111111111:assumed-role/AWSReservedSSO_A_0/alice",
            ),
            (
                "arn:aws:sts::111111111111:assumed-role/Approver/bob",
                "arn:aws:sts::222222222222:assumed-role/Approver/alice",
            ),
            (
                "arn:aws:sts::111111111111:assumed-role/Approver/bob",
                "arn:aws:sagemaker:eu-central-1:111111111111:user-profile/d-abcdefghijkl/alice",
            ),
            ("arn:aws:sts::111111111111:assumed-role/Approver/bob", "arn:aws:iam::111111111111:role/Pipeline"),
            ("arn:aws:iam::111111111111:root", "arn:aws:iam::111111111111:user/alice"),
            ("arn:aws:iam::111111111111:user/bob", ""),
        ] {
            assert!(!same(caller, registrant), "{caller} {registrant}");
        }
    }
}
