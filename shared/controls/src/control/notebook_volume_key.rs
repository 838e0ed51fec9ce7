use crate::judging::Part;
use crate::{Action, Control, Kind, Reference, Severity, Tool};

pub(super) const CONTROL: Control = Control {
    id: "notebook-volume-key",
    title: "Volumes of notebook instances are encrypted with a KMS key that was chosen",
    severity: Severity::Medium,
    kinds: &[Kind::NotebookInstance],
    needs: &[],
    references: &[
        Reference::all(Tool::Prowler, "sagemaker_notebook_instance_encryption_enabled"),
        Reference::all(Tool::SecurityHub, "SageMaker.21"),
        Reference::all(Tool::Config, "sagemaker-notebook-instance-kms-key-configured"),
        Reference::all(Tool::Config, "sagemaker-notebook-instance-storage-vol-kms-encrypted"),
        Reference::all(Tool::Guard, "SAGEMAKER_NOTEBOOK_INSTANCE_KMS_KEY_CONFIGURED"),
        Reference::all(Tool::Checkov, "CKV_AWS_22"),
        Reference::all(Tool::Checkov, "CKV_AWS_187"),
        Reference::all(Tool::Custodian, "kms-key"),
        Reference::all(Tool::Steampipe, "sagemaker_notebook_instance_encryption_at_rest_enabled"),
    ],
    remediation: "The key cannot be changed: save what is on the instance, then make it anew with a KmsKeyId.",
    actions: &[Action::Notify, Action::Stop],
    evaluate: |resource, _| Part::of(resource).names("KmsKeyId"),
};

#[cfg(test)]
pub(super) const CASES: &[crate::case::Case] = {
    use crate::case::Case;
    const KIND: Kind = Kind::NotebookInstance;
    &[
        Case::pass(KIND, r#"{"KmsKeyId": "alias/churn"}"#),
        Case::fail(KIND, r#"{"NotebookInstanceStatus": "InService"}"#),
        Case::fail(KIND, r#"{"KmsKeyId": ""}"#),
        Case::not_applicable(KIND, r#"{"NotebookInstanceStatus": "Deleting"}"#),
        Case::unknown(KIND, r#"{"KmsKeyId": {"Key": "churn"}}"#),
    ]
};
