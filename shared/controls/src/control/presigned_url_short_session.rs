use crate::judging::Part;
use crate::{Action, Control, Kind, Parameters, Resource, Severity, Verdict};

pub(super) const CONTROL: Control = Control {
    id: "presigned-url-short-session",
    title: "Sessions from presigned addresses are as short as is configured",
    severity: Severity::Low,
    kinds: &[Kind::PresignedUrl],
    needs: &[],
    references: &[],
    remediation: "Let whoever makes the addresses ask for a SessionExpirationDurationInSeconds within the \
                  configured maxPresignedSeconds: whoever holds the address holds the session, until its end. \
                  The sessions of this one end with it.",
    actions: &[Action::Notify],
    evaluate,
};

/// How long a session lasts that was asked for without an end; none can last longer.
const LONGEST: u64 = 12 * 3600;

fn evaluate(resource: &Resource, parameters: &Parameters) -> Verdict {
    let allowed = u64::from(parameters.max_presigned_seconds);
    if allowed >= LONGEST {
        return Verdict::NotApplicable(
            "the configuration sets no maxPresignedSeconds below the longest, 43200".to_owned(),
        );
    }
    let call = Part::of(resource);
    let operation = call.member("Operation");
    let Some("CreatePresignedDomainUrl" | "CreatePresignedNotebookInstanceUrl") = operation.text() else {
        return operation.unreadable(operation.value());
    };
    let asked = call.member("SessionExpirationDurationInSeconds");
    match (asked.value(), asked.number()) {
        (None, _) => {
            Verdict::Fail(format!("{} is not set, which makes it {LONGEST}; {allowed} are allowed", asked.path()))
        }
        (_, Some(seconds)) if seconds <= allowed => Verdict::Pass,
        (_, Some(seconds)) => Verdict::Fail(format!("{} is {seconds}; {allowed} are allowed", asked.path())),
        (other, None) => asked.unreadable(other),
    }
}

#[cfg(test)]
pub(super) const CASES: &[crate::case::Case] = {
    use crate::case::Case;
    const KIND: Kind = Kind::PresignedUrl;
    &[
        Case::pass(
            KIND,
            r#"{"Operation": "CreatePresignedDomainUrl", "DomainId": "d-1",
                "SessionExpirationDurationInSeconds": 3600}"#,
        )
        .parameters(r#"{"maxPresignedSeconds": 3600}"#),
        Case::fail(
            KIND,
            r#"{"Operation": "CreatePresignedNotebookInstanceUrl", "SessionExpirationDurationInSeconds": 3601}"#,
        )
        .parameters(r#"{"maxPresignedSeconds": 3600}"#),
        // Without the member a session is as long as can be.
        Case::fail(KIND, r#"{"Operation": "CreatePresignedDomainUrl", "DomainId": "d-1"}"#)
            .parameters(r#"{"maxPresignedSeconds": 28800}"#),
        // As long as the service allows.
        Case::not_applicable(KIND, r#"{"Operation": "CreatePresignedDomainUrl"}"#),
        Case::unknown(KIND, r#"{"SessionExpirationDurationInSeconds": 3600}"#)
            .parameters(r#"{"maxPresignedSeconds": 3600}"#),
        Case::unknown(
            KIND,
            r#"{"Operation": "CreatePresignedDomainUrl", "SessionExpirationDurationInSeconds": "3600"}"#,
        )
        .parameters(r#"{"maxPresignedSeconds": 3600}"#),
    ]
};
