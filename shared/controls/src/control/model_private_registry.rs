use crate::judging::{answered, comes_from_private_registry};
use crate::{Action, Control, Kind, Reference, Severity, Tool, Verdict};

pub(super) const CONTROL: Control = Control {
    id: "model-private-registry",
    title: "Models have their image from a private registry in the VPC",
    severity: Severity::Low,
    kinds: &[Kind::Model],
    needs: &[],
    references: &[
        Reference::all(Tool::SecurityHub, "SageMaker.16"),
        Reference::all(Tool::Config, "sagemaker-model-private-registry-required"),
        Reference::all(Tool::Custodian, "value: PrimaryContainer.ImageConfig.RepositoryAccessMode"),
    ],
    remediation: "Put the image into a registry in the VPC, make the model anew with a PrimaryContainer whose \
                  ImageConfig has the RepositoryAccessMode Vpc, and update its endpoints to it. Disable this \
                  control where images come from ECR.",
    actions: &[Action::Notify],
    evaluate: |resource, _| {
        answered(resource, |model| {
            let container = model.member("PrimaryContainer");
            if container.is_present() {
                comes_from_private_registry(&container)
            } else {
                Verdict::NotApplicable("the model has no primary container".to_owned())
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
            r#"{"ModelArn": "arn", "PrimaryContainer": {"Image": "registry.internal/churn:1",
                "ImageConfig": {"RepositoryAccessMode": "Vpc"}}}"#,
        ),
        Case::fail(
            KIND,
            r#"{"ModelArn": "arn", "PrimaryContainer": {"Image": "churn:1",
                "ImageConfig": {"RepositoryAccessMode": "Platform"}}}"#,
        ),
        Case::fail(KIND, r#"{"ModelArn": "arn", "PrimaryContainer": {"Image": "churn:1"}}"#),
        Case::not_applicable(KIND, r#"{"ModelArn": "arn", "Containers": [{"Image": "churn:1"}]}"#),
        Case::not_applicable(
            KIND,
            r#"{"ModelArn": "arn", "PrimaryContainer":
                {"ModelPackageName": "arn:aws:sagemaker:eu-central-1:111111111111:model-package/churn/1"}}"#,
        ),
        Case::unknown(KIND, r#"{"PrimaryContainer": {"Image": "churn:1"}}"#),
        Case::unknown(KIND, r#"{"ModelArn": "arn", "PrimaryContainer": {"Image": "churn:1", "ImageConfig": "Vpc"}}"#),
    ]
};
