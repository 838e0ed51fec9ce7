use crate::aws::ModelPackage;
use identifiers::{ModelPackageArn, ModelPackageGroupName};
use std::fmt::{Display, Formatter};

/// Who did something in the registry. At least one of the three is known.
///
/// Studio reports the profile and, as principal, the session of the profile's execution role, which all profiles of one
/// role share unless the domain sets source identities. Everybody else is known by the principal alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// `UserProfileArn`.
    pub profile: Option<String>,
    /// `IamIdentity.Arn`, such as `arn:aws:sts::111122223333:assumed-role/Approver/alice`.
    pub principal: Option<String>,
    /// `IamIdentity.SourceIdentity`: who assumed the role, as the identity provider said it. It cannot be changed in a
    /// session.
    pub source_identity: Option<String>,
}

impl User {
    /// What most likely is a person comes first; a principal is shared by all that act through it.
    fn is_same_person(&self, other: &Self) -> bool {
        let same = |a: &Option<String>, b: &Option<String>| Some(a.as_ref()? == b.as_ref()?);
        let (source, profile) =
            (same(&self.source_identity, &other.source_identity), same(&self.profile, &other.profile));
        match (source, profile) {
            (None, None) => same(&self.principal, &other.principal).unwrap_or(false),
            _ => source == Some(true) || profile == Some(true),
        }
    }
}

impl Display for User {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let known = [&self.profile, &self.principal, &self.source_identity].into_iter().flatten().next();
        f.write_str(known.map_or("somebody", String::as_str))
    }
}

/// Why an approval does not count where duties are separated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breach {
    /// Who registered the version approved it.
    SamePerson,
    /// The registry does not say who registered it.
    RegisteredByNobodyKnown,
    /// The registry does not say who approved it.
    ApprovedByNobodyKnown,
    /// The version changed after it was approved, and the registry knows only who changed it last.
    ChangedSince,
}

/// An approval that does not count because nobody else stands behind it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "version {} of {} is not deployed: its registration sets separationOfDuties, and the version was registered by {} and \
     approved by {}; {}", .version, .group, known(.registered_by), known(.approved_by), .breach.way_out()
)]
pub struct DutiesNotSeparated {
    /// The version.
    pub version: u32,
    /// Its group.
    pub group: ModelPackageGroupName,
    /// Who registered it, where the registry says it.
    pub registered_by: Option<String>,
    /// Who approved it, where the registry says it.
    pub approved_by: Option<String>,
    /// What is wrong with that.
    pub breach: Breach,
}

fn known(user: &Option<String>) -> &str {
    user.as_deref().unwrap_or("somebody the registry does not name")
}

impl Breach {
    fn way_out(self) -> &'static str {
        match self {
            Self::SamePerson => {
                "another person has to approve it: set its status to PendingManualApproval and approve it again"
            }
            Self::RegisteredByNobodyKnown => {
                "register the model again, as a new version, by somebody whose identity the registry records (CreatedBy)"
            }
            Self::ApprovedByNobodyKnown => {
                "set its status to PendingManualApproval and have it approved again by somebody whose identity the \
                 registry records (LastModifiedBy)"
            }
            Self::ChangedSince => {
                "it was changed after this approval, so the registry tells no more who approved: set its status to \
                 PendingManualApproval and approve it again"
            }
        }
    }
}

/// Whether somebody else than who registered the version approved it, at that time.
///
/// # Errors
/// The same person, or one of them is not known.
pub(crate) fn check(package: &ModelPackageArn, described: &ModelPackage, at: i64) -> Result<(), DutiesNotSeparated> {
    let (registered_by, approved_by) = (described.created_by.as_ref(), described.decided_by(at));
    let breach = match (registered_by, approved_by) {
        _ if !described.is_unchanged_since(at) => Breach::ChangedSince,
        (None, _) => Breach::RegisteredByNobodyKnown,
        (_, None) => Breach::ApprovedByNobodyKnown,
        (Some(registered), Some(approved)) if registered.is_same_person(approved) => Breach::SamePerson,
        _ => return Ok(()),
    };
    Err(DutiesNotSeparated {
        version: package.version(),
        group: package.group().clone(),
        registered_by: registered_by.map(ToString::to_string),
        approved_by: approved_by.map(ToString::to_string),
        breach,
    })
}

#[cfg(test)]
mod tests {
    use super::User;

    fn user([profile, principal, source_identity]: [&str; 3]) -> User {
        let known = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        User { profile: known(profile), principal: known(principal), source_identity: known(source_identity) }
    }

    #[test]
    fn who_is_the_same_person() {
        const ROLE: &str = "arn:aws:sts::111111111111:assumed-role/studio/SageMaker";
        const ANN: &str = "arn:aws:sts::111111111111:assumed-role/approver/ann";
        const BOB: &str = "arn:aws:sts::111111111111:assumed-role/approver/bob";
        let rows = [
            ("one principal", ["", ANN, ""], ["", ANN, ""], true),
            ("two sessions of one role", ["", ANN, ""], ["", BOB, ""], false),
            ("two profiles of one role", ["ann", ROLE, ""], ["bob", ROLE, ""], false),
            ("one profile in two roles", ["ann", ROLE, ""], ["ann", ANN, ""], true),
            ("a profile and the bare session of its role", ["ann", ROLE, ""], ["", ROLE, ""], true),
            ("one source identity behind two principals", ["", ROLE, "ann"], ["", ANN, "ann"], true),
            ("one source identity behind two profiles", ["ann", ROLE, "ann"], ["ann-2", ROLE, "ann"], true),
            ("two source identities in one session", ["", ROLE, "ann"], ["", ROLE, "bob"], false),
            ("one profile for two source identities", ["team", ROLE, "ann"], ["team", ROLE, "bob"], true),
            ("a profile and a principal", ["ann", "", ""], ["", BOB, ""], false),
        ];
        for (what, a, b, same) in rows {
            assert_eq!(user(a).is_same_person(&user(b)), same, "{what}");
            assert_eq!(user(b).is_same_person(&user(a)), same, "{what}, the other way round");
        }
    }
}
