use crate::judging::{Part, answered};
use crate::{Action, Control, Kind, Need, Parameters, Reference, Resource, Severity, Tool, Verdict};

pub(super) const CONTROL: Control = Control {
    id: "volume-key-customer-managed",
    title: "The KMS keys of volumes are the customer's own",
    severity: Severity::Medium,
    kinds: &[Kind::NotebookInstance, Kind::EndpointConfig, Kind::Domain],
    needs: &[Need::Key],
    references: &[
        Reference::all(Tool::Custodian, "kms-key: KeyManager"),
        Reference::of(Tool::Steampipe, "sagemaker_notebook_instance_encrypted_with_kms_cmk", &[Kind::NotebookInstance]),
    ],
    remediation: "Make the resource anew with a key of the account: of a key that AWS manages, the account can \
                  neither change the policy nor turn the key off.",
    actions: &[Action::Notify],
    evaluate,
};

fn evaluate(resource: &Resource, _: &Parameters) -> Verdict {
    let key = Part::of(resource).member("KmsKeyId");
    match (key.value(), key.text()) {
        // That there should be one is another control's.
        (None, _) => answered(resource, |_| Verdict::NotApplicable("KmsKeyId is not set".to_owned())),
        (_, Some(id)) if id.starts_with("alias/aws/") || id.contains(":alias/aws/") => {
            Verdict::Fail(format!("KmsKeyId is {id}, a key of AWS"))
        }
        (_, Some(_)) => Part::beside("Key", resource.related(Need::Key)).is("KeyMetadata.KeyManager", "CUSTOMER"),
        (other, None) => key.unreadable(other),
    }
}

#[cfg(test)]
pub(super) const CASES: &[crate::case::Case] = {
    use crate::case::Case;
    &[
        Case::pass(Kind::NotebookInstance, r#"{"KmsKeyId": "alias/churn"}"#)
            .related(&[(Need::Key, r#"{"KeyMetadata": {"KeyManager": "CUSTOMER"}}"#)]),
        Case::fail(Kind::NotebookInstance, r#"{"KmsKeyId": "alias/churn"}"#)
            .related(&[(Need::Key, r#"{"KeyMetadata": {"KeyManager": "AWS"}}"#)]),
        // No alias of a customer's begins so.
        Case::fail(Kind::NotebookInstance, r#"{"KmsKeyId": "alias/aws/sagemaker"}"#),
        Case::not_applicable(Kind::NotebookInstance, r#"{"NotebookInstanceArn": "arn", "KmsKeyId": ""}"#),
        Case::unknown(Kind::NotebookInstance, r#"{"KmsKeyId": "alias/churn"}"#),
        Case::unknown(Kind::NotebookInstance, r#"{"KmsKeyId": "alias/churn"}"#)
            .related(&[(Need::Key, r#"{"KeyMetadata": {}}"#)]),
        Case::pass(Kind::EndpointConfig, r#"{"KmsKeyId": "alias/churn"}"#)
            .related(&[(Need::Key, r#"{"KeyMetadata": {"KeyManager": "CUSTOMER"}}"#)]),
        Case::fail(Kind::EndpointConfig, r#"{"KmsKeyId": "arn:aws:kms:eu-central-1:111111111111:alias/aws/ebs"}"#),
        Case::not_applicable(Kind::EndpointConfig, r#"{"EndpointConfigArn": "arn"}"#),
        Case::pass(Kind::Domain, r#"{"KmsKeyId": "alias/churn"}"#)
            .related(&[(Need::Key, r#"{"KeyMetadata": {"KeyManager": "CUSTOMER"}}"#)]),
        Case::fail(Kind::Domain, r#"{"KmsKeyId": "alias/churn"}"#)
            .related(&[(Need::Key, r#"{"KeyMetadata": {"KeyManager": "AWS"}}"#)]),
    ]
};
