use crate::judging::Part;
use crate::{Action, Control, Kind, Reference, Severity, Tool, Verdict};

pub(super) const CONTROL: Control = Control {
    id: "domain-source-identity",
    title: "Calls from Studio say which user made them",
    severity: Severity::Medium,
    kinds: &[Kind::Domain],
    needs: &[],
    references: &[Reference::all(Tool::Custodian, "value: DomainSettings.ExecutionRoleIdentityConfig")],
    remediation: "Let the trust policies of the execution roles allow sts:SetSourceIdentity to SageMaker, delete \
                  the domain's running apps, then update DomainSettings with ExecutionRoleIdentityConfig \
                  USER_PROFILE_NAME.",
    actions: &[Action::Notify],
    evaluate: |resource, _| {
        let domain = Part::of(resource);
        match domain.names("DomainSettings.ExecutionRoleIdentityConfig") {
            Verdict::Pass => domain.is("DomainSettings.ExecutionRoleIdentityConfig", "USER_PROFILE_NAME"),
            other => other,
        }
    },
};

#[cfg(test)]
pub(super) const CASES: &[crate::case::Case] = {
    use crate::case::Case;
    const KIND: Kind = Kind::Domain;
    &[
        Case::pass(KIND, r#"{"DomainSettings": {"ExecutionRoleIdentityConfig": "USER_PROFILE_NAME"}}"#),
        Case::fail(KIND, r#"{"DomainSettings": {"ExecutionRoleIdentityConfig": "DISABLED"}}"#),
        // Off until somebody turns it on, and answered only then.
        Case::fail(KIND, r#"{"Status": "InService", "DomainSettings": {}}"#),
        Case::not_applicable(KIND, r#"{"Status": "Deleting"}"#),
        Case::unknown(KIND, r#"{"DomainSettings": "USER_PROFILE_NAME"}"#),
    ]
};
