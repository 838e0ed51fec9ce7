use serde_json::Value;

use crate::judging::answered;
use crate::{Action, Control, Kind, Reference, Severity, Tool, Verdict};

pub(super) const CONTROL: Control = Control {
    id: "endpoint-config-capture-key",
    title: "Captured requests and answers are encrypted with a KMS key that was chosen",
    severity: Severity::Medium,
    kinds: &[Kind::EndpointConfig],
    needs: &[],
    references: &[Reference::all(Tool::Custodian, "value: DataCaptureConfig.KmsKeyId")],
    remediation: "An endpoint configuration cannot be changed: make it anew with a DataCaptureConfig that has a \
                  KmsKeyId, and update its endpoints to it. Copy what was captured before over itself with the \
                  key.",
    actions: &[Action::Notify],
    evaluate: |resource, _| {
        answered(resource, |config| {
            let capture = config.member("DataCaptureConfig");
            match (capture.value(), capture.member("EnableCapture").value()) {
                (None, _) => Verdict::NotApplicable("nothing is captured".to_owned()),
                (_, Some(Value::Bool(false))) => Verdict::NotApplicable("capturing is turned off".to_owned()),
                _ => capture.names("KmsKeyId"),
            }
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
            r#"{"EndpointConfigArn": "arn", "DataCaptureConfig": {"EnableCapture": true, "KmsKeyId": "alias/churn"}}"#,
        ),
        Case::fail(
            KIND,
            r#"{"EndpointConfigArn": "arn", "DataCaptureConfig": {"EnableCapture": true, "KmsKeyId": ""}}"#,
        ),
        // On unless it is turned off.
        Case::fail(KIND, r#"{"EndpointConfigArn": "arn", "DataCaptureConfig": {"DestinationS3Uri": "s3://captured"}}"#),
        Case::not_applicable(KIND, r#"{"EndpointConfigArn": "arn"}"#),
        Case::not_applicable(KIND, r#"{"EndpointConfigArn": "arn", "DataCaptureConfig": {"EnableCapture": false}}"#),
        Case::unknown(KIND, r#"{"EndpointConfigArn": "arn", "DataCaptureConfig": true}"#),
        Case::unknown(KIND, r#"{"ProductionVariants": []}"#),
    ]
};
