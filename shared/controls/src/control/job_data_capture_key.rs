use crate::judging::answered;
use crate::{Action, Control, Kind, Reference, Severity, Tool, Verdict};

pub(super) const CONTROL: Control = Control {
    id: "job-data-capture-key",
    title: "What transform jobs capture is encrypted with a key of their own",
    severity: Severity::Medium,
    kinds: &[Kind::TransformJob],
    needs: &[],
    references: &[Reference::all(Tool::Custodian, "value: DataCaptureConfig.KmsKeyId")],
    remediation: "Run the job again with the environment's KMS key as DataCaptureConfig.KmsKeyId, and set it where \
                  the job comes from, such as the pipeline. Copy what was captured onto itself under the key, or \
                  delete it.",
    actions: &[Action::Notify, Action::Stop],
    evaluate: |resource, _| {
        answered(resource, |job| match job.member("DataCaptureConfig") {
            capture if capture.is_present() => capture.names("KmsKeyId"),
            _ => Verdict::NotApplicable("it captures nothing".to_owned()),
        })
    },
};

#[cfg(test)]
pub(super) const CASES: &[crate::case::Case] = {
    use crate::case::Case;
    const KIND: Kind = Kind::TransformJob;
    &[
        Case::pass(
            KIND,
            r#"{"TransformJobArn": "arn",
                "DataCaptureConfig": {"DestinationS3Uri": "s3://churn/", "KmsKeyId": "alias/churn"}}"#,
        ),
        Case::fail(KIND, r#"{"TransformJobArn": "arn", "DataCaptureConfig": {"DestinationS3Uri": "s3://churn/"}}"#),
        Case::not_applicable(KIND, r#"{"TransformJobArn": "arn"}"#),
        Case::unknown(KIND, r#"{"TransformJobArn": "arn", "DataCaptureConfig": true}"#),
        Case::unknown(KIND, r#"{"TransformJobStatus": "Completed"}"#),
    ]
};
