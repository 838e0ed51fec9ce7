use crate::judging::answered;
use crate::{Action, Control, Kind, Reference, Severity, Tool};

pub(super) const CONTROL: Control = Control {
    id: "flow-definition-output-key",
    title: "What human review flows write is encrypted with a key of their own",
    severity: Severity::Medium,
    kinds: &[Kind::FlowDefinition],
    needs: &[],
    references: &[Reference::all(Tool::Checkov, "CKV_AWS_372")],
    remediation: "A flow definition cannot be changed: make a new one with the environment's KMS key as \
                  OutputConfig.KmsKeyId, let what starts human loops name it, and delete the old one. Copy what was \
                  written onto itself under the key, or delete it.",
    actions: &[Action::Notify],
    // The service always answers where its output goes.
    evaluate: |resource, _| answered(resource, |flow| flow.member("OutputConfig").names("KmsKeyId")),
};

#[cfg(test)]
pub(super) const CASES: &[crate::case::Case] = {
    use crate::case::Case;
    const KIND: Kind = Kind::FlowDefinition;
    &[
        Case::pass(
            KIND,
            r#"{"FlowDefinitionArn": "arn", "FlowDefinitionStatus": "Active",
                "OutputConfig": {"S3OutputPath": "s3://churn/", "KmsKeyId": "alias/churn"}}"#,
        ),
        Case::fail(KIND, r#"{"FlowDefinitionArn": "arn", "OutputConfig": {"S3OutputPath": "s3://churn/"}}"#),
        Case::fail(
            KIND,
            r#"{"FlowDefinitionArn": "arn", "OutputConfig": {"S3OutputPath": "s3://churn/", "KmsKeyId": ""}}"#,
        ),
        Case::not_applicable(KIND, r#"{"FlowDefinitionArn": "arn", "FlowDefinitionStatus": "Deleting"}"#),
        Case::unknown(KIND, r#"{"FlowDefinitionArn": "arn"}"#),
    ]
};
