use crate::judging::{answered, within};
use crate::{Action, Control, Kind, Reference, Severity, Tool, Verdict};

pub(super) const CONTROL: Control = Control {
    id: "feature-group-online-store-key",
    title: "Feature groups' online stores are encrypted with a key of their own",
    severity: Severity::Medium,
    kinds: &[Kind::FeatureGroup],
    needs: &[],
    references: &[
        Reference::all(Tool::SecurityHub, "SageMaker.18"),
        Reference::all(Tool::Config, "sagemaker-featuregroup-online-store-encryption"),
    ],
    remediation: "The key cannot be changed: make a new feature group with the environment's KMS key as \
                  OnlineStoreConfig.SecurityConfig.KmsKeyId, write the records of the old one to it, let what reads \
                  it read the new one, and delete the old one.",
    actions: &[Action::Notify],
    evaluate: |resource, _| {
        answered(resource, |group| {
            let store = group.member("OnlineStoreConfig");
            if !store.is_present() || store.is_false("EnableOnlineStore") == Verdict::Pass {
                return Verdict::NotApplicable("it has no online store".to_owned());
            }
            let key = within(&store, "SecurityConfig", |security| security.names("KmsKeyId"));
            // As in AWS's own rule: only the standard storage types are asked for one.
            match store.member("StorageType").text() {
                Some("InMemory") if key.is_fail() => {
                    Verdict::NotApplicable("its online store is held in memory".to_owned())
                }
                _ => key,
            }
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
            r#"{"FeatureGroupArn": "arn", "OnlineStoreConfig": {"EnableOnlineStore": true, "StorageType": "Standard",
                "SecurityConfig": {"KmsKeyId": "alias/churn"}}}"#,
        ),
        Case::fail(
            KIND,
            r#"{"FeatureGroupArn": "arn",
                "OnlineStoreConfig": {"EnableOnlineStore": true, "StorageType": "Standard_V2"}}"#,
        ),
        // Without a storage type it is the standard one.
        Case::fail(
            KIND,
            r#"{"FeatureGroupArn": "arn",
                "OnlineStoreConfig": {"EnableOnlineStore": true, "SecurityConfig": {"KmsKeyId": ""}}}"#,
        ),
        Case::not_applicable(
            KIND,
            r#"{"FeatureGroupArn": "arn",
                "OnlineStoreConfig": {"EnableOnlineStore": true, "StorageType": "InMemory"}}"#,
        ),
        Case::not_applicable(KIND, r#"{"FeatureGroupArn": "arn", "OnlineStoreConfig": {"EnableOnlineStore": false}}"#),
        Case::not_applicable(KIND, r#"{"FeatureGroupArn": "arn"}"#),
        Case::unknown(KIND, r#"{"FeatureGroupArn": "arn", "OnlineStoreConfig": true}"#),
        Case::unknown(
            KIND,
            r#"{"FeatureGroupArn": "arn", "OnlineStoreConfig": {"EnableOnlineStore": true, "SecurityConfig": "key"}}"#,
        ),
        Case::unknown(KIND, r#"{"FeatureGroupStatus": "Created"}"#),
    ]
};
