use crate::judging::{answered, for_inference_components};
use crate::{Action, Control, Kind, Reference, Severity, Tool};

pub(super) const CONTROL: Control = Control {
    id: "endpoint-config-network-isolation",
    title: "Containers of inference components have no network",
    severity: Severity::Medium,
    kinds: &[Kind::EndpointConfig],
    needs: &[],
    references: &[Reference::all(Tool::Custodian, "value: EnableNetworkIsolation")],
    remediation: "An endpoint configuration cannot be changed: make it anew with EnableNetworkIsolation true, and \
                  update its endpoints to it. SageMaker itself fetches the models' data, so their containers \
                  need no network for it.",
    actions: &[Action::Notify],
    evaluate: |resource, _| {
        answered(resource, |config| for_inference_components(config, || config.is_true("EnableNetworkIsolation")))
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
                "EnableNetworkIsolation": true}"#,
        ),
        Case::fail(
            KIND,
            r#"{"EndpointConfigArn": "arn", "ProductionVariants": [{"VariantName": "a"}],
                "EnableNetworkIsolation": false}"#,
        ),
        Case::not_applicable(
            KIND,
            r#"{"EndpointConfigArn": "arn", "ProductionVariants": [{"VariantName": "a", "ModelName": "churn"}],
                "EnableNetworkIsolation": false}"#,
        ),
        Case::unknown(KIND, r#"{"EndpointConfigArn": "arn", "ProductionVariants": [{"VariantName": "a"}]}"#),
        Case::unknown(KIND, r#"{"EndpointConfigArn": "arn", "EnableNetworkIsolation": true}"#),
    ]
};
