use crate::judging::answered;
use crate::{Action, Control, Kind, Reference, Severity, Tool, Verdict};

pub(super) const CONTROL: Control = Control {
    id: "inference-experiment-data-key",
    title: "What inference experiments capture is encrypted with a key of their own",
    severity: Severity::Medium,
    kinds: &[Kind::InferenceExperiment],
    needs: &[],
    references: &[
        Reference::all(Tool::SecurityHub, "SageMaker.24"),
        Reference::all(Tool::Config, "sagemaker-inf-experiment-data-storage-kms-encrypted"),
    ],
    remediation: "Call UpdateInferenceExperiment with DataStorageConfig and the environment's KMS key as its KmsKey. \
                  Copy what was captured onto itself under the key, or delete it.",
    actions: &[Action::Notify],
    evaluate: |resource, _| {
        answered(resource, |experiment| match experiment.member("DataStorageConfig") {
            storage if storage.is_present() => storage.names("KmsKey"),
            _ => Verdict::NotApplicable("it captures nothing".to_owned()),
        })
    },
};

#[cfg(test)]
pub(super) const CASES: &[crate::case::Case] = {
    use crate::case::Case;
    const KIND: Kind = Kind::InferenceExperiment;
    &[
        Case::pass(
            KIND,
            r#"{"Arn": "arn", "DataStorageConfig": {"Destination": "s3://churn/", "KmsKey": "alias/churn"}}"#,
        ),
        Case::fail(KIND, r#"{"Arn": "arn", "DataStorageConfig": {"Destination": "s3://churn/"}}"#),
        Case::fail(KIND, r#"{"Arn": "arn", "DataStorageConfig": {"Destination": "s3://churn/", "KmsKey": ""}}"#),
        Case::not_applicable(KIND, r#"{"Arn": "arn"}"#),
        Case::unknown(KIND, r#"{"Arn": "arn", "DataStorageConfig": "s3://churn/"}"#),
        Case::unknown(KIND, r#"{"Status": "Running"}"#),
    ]
};
