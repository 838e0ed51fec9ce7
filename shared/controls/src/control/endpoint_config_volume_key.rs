use crate::judging::{answered, each_variant};
use crate::{Action, Control, Kind, Reference, Severity, Tool};

pub(super) const CONTROL: Control = Control {
    id: "endpoint-config-volume-key",
    title: "Volumes of endpoint instances are encrypted with a KMS key that was chosen",
    severity: Severity::Medium,
    kinds: &[Kind::EndpointConfig],
    needs: &[],
    references: &[
        Reference::all(Tool::Prowler, "sagemaker_endpoint_config_kms_encryption_enabled"),
        Reference::all(Tool::Config, "sagemaker-endpoint-configuration-kms-key-configured"),
        Reference::all(Tool::Guard, "SAGEMAKER_ENDPOINT_CONFIGURATION_KMS_KEY_CONFIGURED"),
        Reference::all(Tool::Checkov, "CKV_AWS_98"),
        Reference::all(Tool::Custodian, "kms-key"),
        Reference::all(Tool::Steampipe, "sagemaker_endpoint_configuration_encryption_at_rest_enabled"),
    ],
    remediation: "An endpoint configuration cannot be changed: make it anew with a KmsKeyId, and update its \
                  endpoints to it.",
    actions: &[Action::Notify],
    evaluate: |resource, _| {
        answered(resource, |config| {
            let key = config.names("KmsKeyId");
            if key.is_fail() {
                each_variant(config, |variant| variant.where_it_has_volumes(|| key.clone()))
            } else {
                key
            }
        })
    },
};

#[cfg(test)]
pub(super) const CASES: &[crate::case::Case] = {
    use crate::case::Case;
    const KIND: Kind = Kind::EndpointConfig;
    &[
        Case::pass(KIND, r#"{"EndpointConfigArn": "arn", "KmsKeyId": "alias/churn"}"#),
        Case::fail(
            KIND,
            r#"{"EndpointConfigArn": "arn",
                "ProductionVariants": [{"VariantName": "a", "InstanceType": "ml.m5.large"}]}"#,
        ),
        Case::fail(
            KIND,
            r#"{"EndpointConfigArn": "arn", "KmsKeyId": "",
                "ProductionVariants": [{"VariantName": "a", "InstanceType": "ml.g5.xlarge"},
                {"VariantName": "b", "InstanceType": "ml.m5.large"}]}"#,
        ),
        Case::fail(
            KIND,
            r#"{"EndpointConfigArn": "arn",
                "ProductionVariants": [{"VariantName": "a", "ServerlessConfig": {"MemorySizeInMB": 1024}}],
                "ShadowProductionVariants": [{"VariantName": "b", "InstanceType": "ml.m5.large"}]}"#,
        ),
        // The service may take whichever of a pool's types it gets.
        Case::fail(
            KIND,
            r#"{"EndpointConfigArn": "arn",
                "ProductionVariants": [{"VariantName": "a",
                "InstancePools": [{"InstanceType": "ml.g5.xlarge"}, {"InstanceType": "ml.m5.large"}]}]}"#,
        ),
        Case::not_applicable(
            KIND,
            r#"{"EndpointConfigArn": "arn",
                "ProductionVariants": [{"VariantName": "a", "InstanceType": "ml.g5.xlarge"}]}"#,
        ),
        Case::not_applicable(
            KIND,
            r#"{"EndpointConfigArn": "arn",
                "ProductionVariants": [{"VariantName": "a", "ServerlessConfig": {"MemorySizeInMB": 1024}}]}"#,
        ),
        Case::unknown(KIND, r#"{"EndpointConfigArn": "arn"}"#),
        Case::unknown(KIND, r#"{"EndpointConfigArn": "arn", "ProductionVariants": [{"VariantName": "a"}]}"#),
        Case::unknown(KIND, r#"{"ProductionVariants": [{"VariantName": "a", "InstanceType": "ml.m5.large"}]}"#),
    ]
};
