use crate::judging::answered;
use crate::{Action, Control, Kind, Reference, Severity, Tool, Verdict};

pub(super) const CONTROL: Control = Control {
    id: "domain-shared-output-key",
    title: "Output that users share with notebooks is encrypted with a KMS key that was chosen",
    severity: Severity::Medium,
    kinds: &[Kind::Domain],
    needs: &[],
    references: &[Reference::all(Tool::Custodian, "value: DefaultUserSettings.SharingSettings.S3KmsKeyId")],
    remediation: "Update the domain's DefaultUserSettings with SharingSettings that have an S3KmsKeyId, or whose \
                  NotebookOutputOption is Disabled.",
    actions: &[Action::Notify],
    evaluate: |resource, _| {
        answered(resource, |domain| {
            let sharing = domain.member("DefaultUserSettings.SharingSettings");
            match sharing.member("NotebookOutputOption").text() {
                Some("Allowed") => sharing.names("S3KmsKeyId"),
                _ => match domain.is_or_unset("DefaultUserSettings.SharingSettings.NotebookOutputOption", "Disabled") {
                    Verdict::Pass => Verdict::NotApplicable("output is not shared".to_owned()),
                    Verdict::Fail(reason) => Verdict::Unknown(reason),
                    other => other,
                },
            }
        })
    },
};

#[cfg(test)]
pub(super) const CASES: &[crate::case::Case] = {
    use crate::case::Case;
    const KIND: Kind = Kind::Domain;
    &[
        Case::pass(
            KIND,
            r#"{"DomainArn": "arn", "DefaultUserSettings": {"SharingSettings": {"NotebookOutputOption": "Allowed",
                "S3KmsKeyId": "alias/churn"}}}"#,
        ),
        Case::fail(
            KIND,
            r#"{"DomainArn": "arn", "DefaultUserSettings": {"SharingSettings": {"NotebookOutputOption": "Allowed",
                "S3OutputPath": "s3://shared"}}}"#,
        ),
        Case::not_applicable(KIND, r#"{"DomainArn": "arn", "DefaultUserSettings": {}}"#),
        Case::not_applicable(
            KIND,
            r#"{"DomainArn": "arn", "DefaultUserSettings": {"SharingSettings": {"NotebookOutputOption": "Disabled",
                "S3OutputPath": "s3://shared"}}}"#,
        ),
        Case::unknown(KIND, r#"{"DefaultUserSettings": {}}"#),
        Case::unknown(
            KIND,
            r#"{"DomainArn": "arn", "DefaultUserSettings": {"SharingSettings": {"NotebookOutputOption": "Sometimes"}}}"#,
        ),
        Case::unknown(KIND, r#"{"DomainArn": "arn", "DefaultUserSettings": {"SharingSettings": "Allowed"}}"#),
    ]
};
