use crate::judging::{answered, each_variant};
use crate::{Action, Control, Kind, Reference, Severity, Tool, Verdict};

pub(super) const CONTROL: Control = Control {
    id: "endpoint-config-core-dump-key",
    title: "Core dumps of model containers are encrypted with a KMS key that was chosen",
    severity: Severity::Medium,
    kinds: &[Kind::EndpointConfig],
    needs: &[],
    references: &[Reference::all(Tool::Custodian, "value: ProductionVariants[].CoreDumpConfig.KmsKeyId")],
    remediation: "An endpoint configuration cannot be changed: make it anew with a CoreDumpConfig that has a \
                  KmsKeyId, or with none, and update its endpoints to it. A dump holds the requests that were in \
                  memory: delete those that are no longer needed.",
    actions: &[Action::Notify],
    evaluate: |resource, _| {
        answered(resource, |config| {
            each_variant(config, |variant| {
                let dump = variant.part.member("CoreDumpConfig");
                if dump.is_present() {
                    dump.names("KmsKeyId")
                } else {
                    Verdict::NotApplicable(format!("{} dumps nothing", variant.part.path()))
                }
            })
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
            r#"{"EndpointConfigArn": "arn",
                "ProductionVariants": [{"VariantName": "a",
                "CoreDumpConfig": {"DestinationS3Uri": "s3://dumps", "KmsKeyId": "alias/churn"}}]}"#,
        ),
        Case::fail(
            KIND,
            r#"{"EndpointConfigArn": "arn",
                "ProductionVariants": [{"VariantName": "a"},
                {"VariantName": "b", "CoreDumpConfig": {"DestinationS3Uri": "s3://dumps"}}]}"#,
        ),
        Case::not_applicable(KIND, r#"{"EndpointConfigArn": "arn", "ProductionVariants": [{"VariantName": "a"}]}"#),
        Case::unknown(KIND, r#"{"EndpointConfigArn": "arn"}"#),
        Case::unknown(
            KIND,
            r#"{"EndpointConfigArn": "arn",
                "ProductionVariants": [{"VariantName": "a", "CoreDumpConfig": "s3://dumps"}]}"#,
        ),
    ]
};
