use crate::judging::{answered, for_inference_components, in_subnets};
use crate::{Action, Control, Kind, Reference, Severity, Tool};

pub(super) const CONTROL: Control = Control {
    id: "endpoint-config-in-vpc",
    title: "Containers of inference components are in subnets of the account",
    severity: Severity::Medium,
    kinds: &[Kind::EndpointConfig],
    needs: &[],
    references: &[Reference::all(Tool::Custodian, "value: VpcConfig")],
    remediation: "An endpoint configuration cannot be changed: make it anew with a VpcConfig of the environment's \
                  subnets and security groups, and update its endpoints to it.",
    actions: &[Action::Notify],
    evaluate: |resource, parameters| {
        answered(resource, |config| {
            for_inference_components(config, || in_subnets(config, "VpcConfig.Subnets", parameters))
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
            r#"{"EndpointConfigArn": "arn", "ProductionVariants": [{"VariantName": "a"}],
                "VpcConfig": {"Subnets": ["subnet-1"]}}"#,
        ),
        Case::fail(KIND, r#"{"EndpointConfigArn": "arn", "ProductionVariants": [{"VariantName": "a"}]}"#),
        Case::fail(
            KIND,
            r#"{"EndpointConfigArn": "arn", "ProductionVariants": [{"VariantName": "a"}],
                "VpcConfig": {"Subnets": ["subnet-9"]}}"#,
        )
        .parameters(r#"{"subnets": ["subnet-1"]}"#),
        Case::not_applicable(
            KIND,
            r#"{"EndpointConfigArn": "arn", "ProductionVariants": [{"VariantName": "a", "ModelName": "churn"}]}"#,
        ),
        Case::unknown(KIND, r#"{"EndpointConfigArn": "arn"}"#),
        Case::unknown(
            KIND,
            r#"{"EndpointConfigArn": "arn", "ProductionVariants": [{"VariantName": "a"}],
                "VpcConfig": {"Subnets": "subnet-1"}}"#,
        ),
    ]
};
