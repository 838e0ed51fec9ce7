use crate::judging::answered;
use crate::{Action, Control, Kind, Reference, Severity, Tool, Verdict};

pub(super) const CONTROL: Control = Control {
    id: "endpoint-config-async-output-key",
    title: "Answers of asynchronous endpoints are encrypted with a KMS key that was chosen",
    severity: Severity::Medium,
    kinds: &[Kind::EndpointConfig],
    needs: &[],
    references: &[Reference::all(Tool::Custodian, "value: AsyncInferenceConfig.OutputConfig.KmsKeyId")],
    remediation: "An endpoint configuration cannot be changed: make it anew with an AsyncInferenceConfig whose \
                  OutputConfig has a KmsKeyId, and update its endpoints to it. Copy what was written before over \
                  itself with the key.",
    actions: &[Action::Notify],
    evaluate: |resource, _| {
        answered(resource, |config| {
            let asynchronous = config.member("AsyncInferenceConfig");
            if !asynchronous.is_present() {
                return Verdict::NotApplicable("its endpoints answer at once".to_owned());
            }
            asynchronous.member("OutputConfig").names("KmsKeyId")
        })
    },
};

#[cfg(test)]
pub(super) const CASES: &[crate::case::Case] = {
    use crate::case::Case;
    const KIND: Kind = Kind::EndpointConfig;
    &[
        Case::pass(
            KIND,
            r#"{"EndpointConfigArn": "arn", "AsyncInferenceConfig": {"OutputConfig": {"KmsKeyId": "alias/churn"}}}"#,
        ),
        Case::fail(
            KIND,
            r#"{"EndpointConfigArn": "arn",
                "AsyncInferenceConfig": {"OutputConfig": {"S3OutputPath": "s3://answers"}}}"#,
        ),
        Case::fail(KIND, r#"{"EndpointConfigArn": "arn", "AsyncInferenceConfig": {"OutputConfig": {"KmsKeyId": ""}}}"#),
        Case::not_applicable(KIND, r#"{"EndpointConfigArn": "arn"}"#),
        // The output is always there.
        Case::unknown(KIND, r#"{"EndpointConfigArn": "arn", "AsyncInferenceConfig": {}}"#),
    ]
};
