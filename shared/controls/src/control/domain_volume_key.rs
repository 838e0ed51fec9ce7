use crate::judging::Part;
use crate::{Action, Control, Kind, Reference, Severity, Tool, Verdict};

pub(super) const CONTROL: Control = Control {
    id: "domain-volume-key",
    title: "Volumes of Studio are encrypted with a KMS key that was chosen",
    severity: Severity::Medium,
    kinds: &[Kind::Domain],
    needs: &[],
    references: &[Reference::all(Tool::Checkov, "CKV_AWS_187"), Reference::all(Tool::Custodian, "kms-key")],
    remediation: "The key cannot be changed: make a domain with a KmsKeyId, move the users' files there, and delete \
                  this one.",
    actions: &[Action::Notify],
    evaluate: |resource, _| {
        let domain = Part::of(resource);
        match domain.names("KmsKeyId") {
            // What the member was called before.
            fail @ Verdict::Fail(_) => match domain.names("HomeEfsFileSystemKmsKeyId") {
                Verdict::Fail(_) => fail,
                other => other,
            },
            other => other,
        }
    },
};

#[cfg(test)]
pub(super) const CASES: &[crate::case::Case] = {
    use crate::case::Case;
    const KIND: Kind = Kind::Domain;
    &[
        Case::pass(KIND, r#"{"KmsKeyId": "alias/churn"}"#),
        Case::pass(KIND, r#"{"HomeEfsFileSystemKmsKeyId": "alias/churn"}"#),
        Case::fail(KIND, r#"{"Status": "InService", "KmsKeyId": "", "HomeEfsFileSystemKmsKeyId": ""}"#),
        Case::not_applicable(KIND, r#"{"Status": "Deleting"}"#),
        Case::unknown(KIND, r#"{"KmsKeyId": 7}"#),
    ]
};
