use crate::judging::Part;
use crate::{Action, Control, Kind, Parameters, Reference, Resource, Severity, Tool, Verdict};

pub(super) const CONTROL: Control = Control {
    id: "domain-sso",
    title: "Users sign in to Studio through IAM Identity Center",
    severity: Severity::Medium,
    kinds: &[Kind::Domain],
    needs: &[],
    references: &[
        Reference::all(Tool::Prowler, "sagemaker_domain_sso_configured"),
        Reference::all(Tool::Custodian, "value: AuthMode"),
    ],
    remediation: "The way to sign in cannot be changed: make a domain with AuthMode SSO in the region of IAM \
                  Identity Center, move the users' files there, and delete this one.",
    actions: &[Action::Notify],
    evaluate,
};

fn evaluate(resource: &Resource, _: &Parameters) -> Verdict {
    let domain = Part::of(resource);
    let unified = domain.member("DomainSettings.UnifiedStudioSettings");
    if unified.member("DomainId").is_present() && unified.member("StudioWebPortalAccess").text() == Some("DISABLED") {
        return Verdict::NotApplicable(
            "its users can enter by SageMaker Unified Studio alone, which has its own sign-in".to_owned(),
        );
    }
    let mode = domain.is("AuthMode", "SSO");
    let is_registered = ["SingleSignOnApplicationArn", "SingleSignOnManagedApplicationInstanceId"]
        .iter()
        .any(|name| domain.member(name).is_present());
    match mode {
        Verdict::Pass if is_registered => Verdict::Pass,
        Verdict::Pass if domain.member("Status").text() == Some("Pending") => {
            Verdict::Unknown("it is still being made".to_owned())
        }
        Verdict::Pass => {
            Verdict::Fail("AuthMode is \"SSO\", but it names no application of IAM Identity Center".to_owned())
        }
        other => other,
    }
}

#[cfg(test)]
pub(super) const CASES: &[crate::case::Case] = {
    use crate::case::Case;
    const KIND: Kind = Kind::Domain;
    &[
        Case::pass(
            KIND,
            r#"{"DomainArn": "arn", "AuthMode": "SSO",
                "SingleSignOnApplicationArn": "arn:aws:sso::111111111111:application/ssoins-1/apl-1"}"#,
        ),
        // Made before October 2023.
        Case::pass(
            KIND,
            r#"{"DomainArn": "arn", "AuthMode": "SSO", "SingleSignOnManagedApplicationInstanceId": "ins-1"}"#,
        ),
        Case::fail(KIND, r#"{"DomainArn": "arn", "AuthMode": "IAM"}"#),
        Case::fail(
            KIND,
            r#"{"DomainArn": "arn", "Status": "InService", "AuthMode": "SSO", "SingleSignOnApplicationArn": ""}"#,
        ),
        // People who can also enter by Studio's own portal can do so with IAM alone.
        Case::fail(
            KIND,
            r#"{"DomainArn": "arn", "AuthMode": "IAM",
                "DomainSettings": {"UnifiedStudioSettings": {"DomainId": "dzd-1",
                "StudioWebPortalAccess": "ENABLED"}}}"#,
        ),
        Case::not_applicable(
            KIND,
            r#"{"DomainArn": "arn", "AuthMode": "IAM",
                "DomainSettings": {"UnifiedStudioSettings": {"DomainId": "dzd-1",
                "StudioWebPortalAccess": "DISABLED"}}}"#,
        ),
        Case::unknown(KIND, r#"{"DomainArn": "arn"}"#),
        // The application is not made yet.
        Case::unknown(KIND, r#"{"DomainArn": "arn", "Status": "Pending", "AuthMode": "SSO"}"#),
    ]
};
