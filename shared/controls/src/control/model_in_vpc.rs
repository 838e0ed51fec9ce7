use crate::judging::{answered, in_subnets, running};
use crate::{Action, Control, Kind, Reference, Severity, Tool};

pub(super) const CONTROL: Control = Control {
    id: "model-in-vpc",
    title: "Containers of models are in subnets of the account",
    severity: Severity::Medium,
    kinds: &[Kind::Model],
    needs: &[],
    references: &[
        Reference::all(Tool::Prowler, "sagemaker_models_vpc_settings_configured"),
        Reference::all(Tool::Config, "sagemaker-model-in-vpc"),
        Reference::all(Tool::Custodian, "value: VpcConfig"),
        Reference::all(Tool::Steampipe, "sagemaker_model_in_vpc"),
    ],
    remediation: "A model cannot be changed: make it anew with a VpcConfig of the environment's subnets and \
                  security groups, and update its endpoints to it.",
    actions: &[Action::Notify],
    evaluate: |resource, parameters| {
        answered(resource, |model| running(model, |model| in_subnets(model, "VpcConfig.Subnets", parameters)))
    },
};

#[cfg(test)]
pub(super) const CASES: &[crate::case::Case] = {
    use crate::case::Case;
    const KIND: Kind = Kind::Model;
    &[
        Case::pass(KIND, r#"{"ModelArn": "arn", "PrimaryContainer": {}, "VpcConfig": {"Subnets": ["subnet-1"]}}"#),
        Case::pass(KIND, r#"{"ModelArn": "arn", "PrimaryContainer": {}, "VpcConfig": {"Subnets": ["subnet-1"]}}"#)
            .parameters(r#"{"subnets": ["subnet-1", "subnet-2"]}"#),
        Case::fail(KIND, r#"{"ModelArn": "arn", "PrimaryContainer": {}}"#),
        Case::fail(
            KIND,
            r#"{"ModelArn": "arn", "PrimaryContainer": {}, "VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": []}}"#,
        ),
        Case::fail(
            KIND,
            r#"{"ModelArn": "arn", "Containers": [{}], "VpcConfig": {"Subnets": ["subnet-1", "subnet-9"]}}"#,
        )
        .parameters(r#"{"subnets": ["subnet-1", "subnet-2"]}"#),
        Case::not_applicable(KIND, r#"{"ModelArn": "arn"}"#),
        Case::unknown(KIND, r#"{"PrimaryContainer": {}}"#),
        Case::unknown(KIND, r#"{"ModelArn": "arn", "PrimaryContainer": {}, "VpcConfig": "vpc-1"}"#),
    ]
};
