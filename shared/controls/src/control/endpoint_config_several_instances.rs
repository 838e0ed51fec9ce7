use crate::judging::{Part, answered, each_answering_variant};
use crate::{Action, Control, Kind, Reference, Severity, Tool, Verdict};

pub(super) const CONTROL: Control = Control {
    id: "endpoint-config-several-instances",
    title: "Every variant of an endpoint starts with more than one instance",
    severity: Severity::Medium,
    kinds: &[Kind::EndpointConfig],
    needs: &[],
    references: &[
        Reference::all(Tool::Prowler, "sagemaker_endpoint_config_prod_variant_instances"),
        Reference::all(Tool::SecurityHub, "SageMaker.4"),
        Reference::all(Tool::Config, "sagemaker-endpoint-config-prod-instance-count"),
        Reference::all(Tool::Custodian, "value: ProductionVariants[].InitialInstanceCount"),
        Reference::all(Tool::Steampipe, "sagemaker_endpoint_configuration_prod_instance_count_greater_than_one"),
    ],
    remediation: "An endpoint configuration cannot be changed: make it anew with an InitialInstanceCount of 2 or \
                  more for each variant, and update its endpoints to it. SageMaker spreads them over \
                  availability zones.",
    actions: &[Action::Notify],
    evaluate: |resource, _| {
        answered(resource, |config| {
            each_answering_variant(config, |variant| variant.where_it_has_instances(|| has_several(&variant.part)))
        })
    },
};

fn has_several(variant: &Part<'_>) -> Verdict {
    let count = variant.member("InitialInstanceCount");
    match count.number() {
        Some(2..) => Verdict::Pass,
        Some(number) => Verdict::Fail(format!("{} is {number}", count.path())),
        None => count.unreadable(count.value()),
    }
}

#[cfg(test)]
pub(super) const CASES: &[crate::case::Case] = {
    use crate::case::Case;
    const KIND: Kind = Kind::EndpointConfig;
    &[
        Case::pass(
            KIND,
            r#"{"EndpointConfigArn": "arn", "ProductionVariants": [{"VariantName": "a", "InitialInstanceCount": 2}]}"#,
        ),
        // A shadow answers nobody.
        Case::pass(
            KIND,
            r#"{"EndpointConfigArn": "arn", "ProductionVariants": [{"VariantName": "a", "InitialInstanceCount": 2}],
                "ShadowProductionVariants": [{"VariantName": "b", "InitialInstanceCount": 1}]}"#,
        ),
        Case::pass(
            KIND,
            r#"{"EndpointConfigArn": "arn",
                "ProductionVariants": [{"VariantName": "a", "InitialInstanceCount": 3},
                {"VariantName": "b", "ServerlessConfig": {"MemorySizeInMB": 1024}}]}"#,
        ),
        Case::fail(
            KIND,
            r#"{"EndpointConfigArn": "arn",
                "ProductionVariants": [{"VariantName": "a", "InitialInstanceCount": 2},
                {"VariantName": "b", "InitialInstanceCount": 1}]}"#,
        ),
        Case::not_applicable(
            KIND,
            r#"{"EndpointConfigArn": "arn",
                "ProductionVariants": [{"VariantName": "a", "ServerlessConfig": {"MemorySizeInMB": 1024}}]}"#,
        ),
        Case::unknown(KIND, r#"{"EndpointConfigArn": "arn", "ProductionVariants": []}"#),
        Case::unknown(KIND, r#"{"EndpointConfigArn": "arn", "ProductionVariants": [{"VariantName": "a"}]}"#),
    ]
};
