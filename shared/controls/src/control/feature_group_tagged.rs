use crate::judging::tagged;
use crate::{Action, Control, Kind, Need, Reference, Severity, Tool};

pub(super) const CONTROL: Control = Control {
    id: "feature-group-tagged",
    title: "Feature groups are tagged",
    severity: Severity::Low,
    kinds: &[Kind::FeatureGroup],
    needs: &[Need::Tags],
    references: &[Reference::all(Tool::Config, "sagemaker-feature-group-tagged")],
    remediation: "Call AddTags with the tags that the configuration's requiredTags name, and set them where the \
                  feature group is made, such as its template.",
    actions: &[Action::Notify],
    evaluate: tagged,
};

#[cfg(test)]
pub(super) const CASES: &[crate::case::Case] = {
    use crate::case::Case;
    const KIND: Kind = Kind::FeatureGroup;
    const TEAM: &[(Need, &str)] = &[(Need::Tags, r#"[{"Key": "team", "Value": "churn"}]"#)];
    &[
        Case::pass(KIND, r#"{"FeatureGroupArn": "arn"}"#).related(TEAM),
        Case::pass(KIND, r#"{"FeatureGroupArn": "arn"}"#).related(TEAM).parameters(r#"{"requiredTags": ["team"]}"#),
        Case::fail(KIND, r#"{"FeatureGroupArn": "arn"}"#)
            .related(TEAM)
            .parameters(r#"{"requiredTags": ["team", "stage"]}"#),
        Case::fail(KIND, r#"{"FeatureGroupArn": "arn"}"#).related(&[(Need::Tags, "[]")]),
        Case::not_applicable(KIND, r#"{"FeatureGroupArn": "arn", "FeatureGroupStatus": "Deleting"}"#)
            .related(&[(Need::Tags, "[]")]),
        Case::unknown(KIND, r#"{"FeatureGroupArn": "arn"}"#),
    ]
};
