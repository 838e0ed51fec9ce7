use serde_json::Value;

use crate::judging::{answered, comes_from_private_registry};
use crate::{Action, Control, Kind, Reference, Severity, Tool, Verdict};

pub(super) const CONTROL: Control = Control {
    id: "model-pipeline-private-registry",
    title: "Every container of an inference pipeline has its image from a private registry in the VPC",
    severity: Severity::Low,
    kinds: &[Kind::Model],
    needs: &[],
    references: &[
        Reference::all(Tool::SecurityHub, "SageMaker.19"),
        Reference::all(Tool::Config, "sagemaker-model-multicontainer-private-registry"),
        Reference::all(Tool::Custodian, "value: Containers[].ImageConfig.RepositoryAccessMode"),
    ],
    remediation: "Put the images into a registry in the VPC, make the model anew with Containers whose ImageConfig \
                  has the RepositoryAccessMode Vpc, and update its endpoints to it. Disable this control where \
                  images come from ECR.",
    actions: &[Action::Notify],
    evaluate: |resource, _| {
        answered(resource, |model| {
            let containers = model.member("Containers");
            match containers.value() {
                None => Verdict::NotApplicable("the model is no pipeline".to_owned()),
                Some(Value::Array(_)) => Verdict::worst(containers.items().iter().map(comes_from_private_registry))
                    .unwrap_or_else(|| Verdict::NotApplicable("the model is no pipeline".to_owned())),
                other => containers.unreadable(other),
            }
        })
    },
};

#[cfg(test)]
pub(super) const CASES: &[crate::case::Case] = {
    use crate::case::Case;
    const KIND: Kind = Kind::Model;
    &[
        Case::pass(
            KIND,
            r#"{"ModelArn": "arn", "Containers": [{"Image": "a:1", "ImageConfig": {"RepositoryAccessMode": "Vpc"}},
                {"Image": "b:1", "ImageConfig": {"RepositoryAccessMode": "Vpc"}}]}"#,
        ),
        Case::fail(
            KIND,
            r#"{"ModelArn": "arn", "Containers": [{"Image": "a:1", "ImageConfig": {"RepositoryAccessMode": "Vpc"}},
                {"Image": "b:1"}]}"#,
        ),
        Case::not_applicable(KIND, r#"{"ModelArn": "arn", "PrimaryContainer": {"Image": "a:1"}}"#),
        Case::not_applicable(KIND, r#"{"ModelArn": "arn", "Containers": []}"#),
        Case::unknown(KIND, r#"{"Containers": [{"Image": "a:1"}]}"#),
        Case::unknown(
            KIND,
            r#"{"ModelArn": "arn", "Containers": [{"Image": "a:1", "ImageConfig": {"RepositoryAccessMode": 1}}]}"#,
        ),
    ]
};
