use crate::judging::{answered, has_volume_key};
use crate::{Action, Control, Kind, Reference, Severity, Tool};

pub(super) const CONTROL: Control = Control {
    id: "inference-experiment-volume-key",
    title: "Inference experiments' volumes are encrypted with a key of their own",
    severity: Severity::Medium,
    kinds: &[Kind::InferenceExperiment],
    needs: &[],
    references: &[
        Reference::all(Tool::SecurityHub, "SageMaker.23"),
        Reference::all(Tool::Config, "sagemaker-inf-experiment-instance-storage-kms-encrypted"),
    ],
    remediation: "The key cannot be changed: stop the experiment and make it anew with the environment's KMS key as \
                  KmsKey.",
    actions: &[Action::Notify],
    evaluate: |resource, _| {
        answered(resource, |experiment| {
            let variants = experiment.member("ModelVariants").items();
            let types: Vec<_> = variants
                .iter()
                .map(|variant| variant.member("InfrastructureConfig.RealTimeInferenceConfig.InstanceType"))
                .collect();
            has_volume_key(experiment.names("KmsKey"), &types)
        })
    },
};

#[cfg(test)]
pub(super) const CASES: &[crate::case::Case] = {
    use crate::case::Case;
    const KIND: Kind = Kind::InferenceExperiment;
    &[
        Case::pass(KIND, r#"{"Arn": "arn", "KmsKey": "alias/churn"}"#),
        Case::fail(
            KIND,
            r#"{"Arn": "arn", "Status": "Completed", "KmsKey": "", "ModelVariants": [{"InfrastructureConfig":
                {"RealTimeInferenceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1}}}]}"#,
        ),
        // With one such type the service refuses a key for the others too.
        Case::not_applicable(
            KIND,
            r#"{"Arn": "arn", "ModelVariants": [
                {"InfrastructureConfig": {"RealTimeInferenceConfig": {"InstanceType": "ml.m5.large"}}},
                {"InfrastructureConfig": {"RealTimeInferenceConfig": {"InstanceType": "ml.g5.xlarge"}}}]}"#,
        ),
        Case::unknown(KIND, r#"{"Arn": "arn", "ModelVariants": [{}]}"#),
        Case::unknown(KIND, r#"{"Arn": "arn"}"#),
    ]
};
