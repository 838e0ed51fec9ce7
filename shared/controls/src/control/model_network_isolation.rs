use crate::judging::{answered, running};
use crate::{Action, Control, Kind, Reference, Severity, Tool};

pub(super) const CONTROL: Control = Control {
    id: "model-network-isolation",
    title: "Containers of models have no network",
    severity: Severity::Medium,
    kinds: &[Kind::Model],
    needs: &[],
    references: &[
        Reference::all(Tool::Prowler, "sagemaker_models_network_isolation_enabled"),
        Reference::all(Tool::SecurityHub, "SageMaker.5"),
        Reference::all(Tool::Config, "sagemaker-model-isolation-enabled"),
        Reference::all(Tool::Checkov, "CKV_AWS_370"),
        Reference::all(Tool::Custodian, "value: EnableNetworkIsolation"),
        Reference::all(Tool::Steampipe, "sagemaker_model_network_isolation_enabled"),
    ],
    remediation: "A model cannot be changed: make it anew with EnableNetworkIsolation true, and update its \
                  endpoints to it. SageMaker itself fetches the model's data, so the container needs no network \
                  for it.",
    actions: &[Action::Notify],
    evaluate: |resource, _| answered(resource, |model| running(model, |model| model.is_true("EnableNetworkIsolation"))),
};

#[cfg(test)]
pub(super) const CASES: &[crate::case::Case] = {
    use crate::case::Case;
    const KIND: Kind = Kind::Model;
    &[
        Case::pass(
            KIND,
            r#"{"ModelArn": "arn", "PrimaryContainer": {"Image": "xgboost"}, "EnableNetworkIsolation": true}"#,
        ),
        Case::fail(
            KIND,
            r#"{"ModelArn": "arn", "PrimaryContainer": {"Image": "xgboost"}, "EnableNetworkIsolation": false}"#,
        ),
        Case::fail(
            KIND,
            r#"{"ModelArn": "arn", "Containers": [{"Image": "xgboost"}], "EnableNetworkIsolation": false}"#,
        ),
        Case::not_applicable(KIND, r#"{"ModelArn": "arn", "EnableNetworkIsolation": false}"#),
        // Recorded before the member existed.
        Case::unknown(KIND, r#"{"ModelArn": "arn", "PrimaryContainer": {"Image": "xgboost"}}"#),
        Case::unknown(
            KIND,
            r#"{"ModelArn": "arn", "PrimaryContainer": {"Image": "xgboost"}, "EnableNetworkIsolation": "true"}"#,
        ),
    ]
};
