use crate::judging::answered;
use crate::{Action, Control, Kind, Reference, Severity, Tool, Verdict};

pub(super) const CONTROL: Control = Control {
    id: "feature-group-offline-store-key",
    title: "Feature groups' offline stores are encrypted with a key of their own",
    severity: Severity::Medium,
    kinds: &[Kind::FeatureGroup],
    needs: &[],
    references: &[
        Reference::all(Tool::SecurityHub, "SageMaker.17"),
        Reference::all(Tool::Config, "sagemaker-featuregroup-encryption-at-rest"),
    ],
    remediation: "The key cannot be changed: make a new feature group with the environment's KMS key as \
                  OfflineStoreConfig.S3StorageConfig.KmsKeyId, write the records of the old one to it, and delete the \
                  old one and what it wrote to S3.",
    actions: &[Action::Notify],
    evaluate: |resource, _| {
        answered(resource, |group| match group.member("OfflineStoreConfig") {
            // The service always answers where it is kept.
            store if store.is_present() => store.member("S3StorageConfig").names("KmsKeyId"),
            _ => Verdict::NotApplicable("it has no offline store".to_owned()),
        })
    },
};

#[cfg(test)]
pub(super) const CASES: &[crate::case::Case] = {
    use crate::case::Case;
    const KIND: Kind = Kind::FeatureGroup;
    &[
        Case::pass(
            KIND,
            r#"{"FeatureGroupArn": "arn",
                "OfflineStoreConfig": {"S3StorageConfig": {"S3Uri": "s3://churn/", "KmsKeyId": "alias/churn"}}}"#,
        ),
        Case::fail(
            KIND,
            r#"{"FeatureGroupArn": "arn", "OfflineStoreConfig": {"S3StorageConfig": {"S3Uri": "s3://churn/"}}}"#,
        ),
        Case::fail(
            KIND,
            r#"{"FeatureGroupArn": "arn",
                "OfflineStoreConfig": {"S3StorageConfig": {"S3Uri": "s3://churn/", "KmsKeyId": ""}}}"#,
        ),
        Case::not_applicable(KIND, r#"{"FeatureGroupArn": "arn", "OnlineStoreConfig": {"EnableOnlineStore": true}}"#),
        Case::unknown(KIND, r#"{"FeatureGroupArn": "arn", "OfflineStoreConfig": {"TableFormat": "Glue"}}"#),
        Case::unknown(KIND, r#"{"FeatureGroupStatus": "Created"}"#),
    ]
};
