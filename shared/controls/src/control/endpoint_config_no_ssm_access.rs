use crate::judging::{answered, each_variant};
use crate::{Action, Control, Kind, Reference, Severity, Tool};

pub(super) const CONTROL: Control = Control {
    id: "endpoint-config-no-ssm-access",
    title: "Nobody can open a session on the instances of an endpoint",
    severity: Severity::High,
    kinds: &[Kind::EndpointConfig],
    needs: &[],
    references: &[Reference::all(Tool::Custodian, "value: ProductionVariants[].EnableSSMAccess")],
    remediation: "An endpoint configuration cannot be changed: make it anew without EnableSSMAccess, and update its \
                  endpoints to it, which replaces their instances.",
    actions: &[Action::Notify],
    evaluate: |resource, _| {
        answered(resource, |config| {
            each_variant(config, |variant| {
                variant.where_it_has_instances(|| variant.part.is_false_or_unset("EnableSSMAccess"))
            })
        })
    },
};

#[cfg(test)]
pub(super) const CASES: &[crate::case::Case] = {
    use crate::case::Case;
    const KIND: Kind = Kind::EndpointConfig;
    &[
        // Off until somebody turns it on, and answered only then.
        Case::pass(
            KIND,
            r#"{"EndpointConfigArn": "arn",
                "ProductionVariants": [{"VariantName": "a", "InstanceType": "ml.m5.large"}]}"#,
        ),
        Case::pass(
            KIND,
            r#"{"EndpointConfigArn": "arn", "ProductionVariants": [{"VariantName": "a", "EnableSSMAccess": false}]}"#,
        ),
        Case::fail(
            KIND,
            r#"{"EndpointConfigArn": "arn", "ProductionVariants": [{"VariantName": "a", "EnableSSMAccess": true}]}"#,
        ),
        Case::fail(
            KIND,
            r#"{"EndpointConfigArn": "arn", "ProductionVariants": [{"VariantName": "a"}],
                "ShadowProductionVariants": [{"VariantName": "b", "EnableSSMAccess": true}]}"#,
        ),
        Case::not_applicable(
            KIND,
            r#"{"EndpointConfigArn": "arn",
                "ProductionVariants": [{"VariantName": "a", "ServerlessConfig": {"MemorySizeInMB": 1024}}]}"#,
        ),
        Case::unknown(KIND, r#"{"EndpointConfigArn": "arn"}"#),
        Case::unknown(
            KIND,
            r#"{"EndpointConfigArn": "arn", "ProductionVariants": [{"VariantName": "a", "EnableSSMAccess": "no"}]}"#,
        ),
        Case::unknown(KIND, r#"{"EndpointConfigArn": "arn", "ProductionVariants": [{}]}"#),
    ]
};
