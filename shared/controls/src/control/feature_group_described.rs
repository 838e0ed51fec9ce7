use crate::judging::answered;
use crate::{Action, Control, Kind, Reference, Severity, Tool};

pub(super) const CONTROL: Control = Control {
    id: "feature-group-described",
    title: "Feature groups say what they hold",
    severity: Severity::Low,
    kinds: &[Kind::FeatureGroup],
    needs: &[],
    references: &[Reference::all(Tool::Config, "sagemaker-featuregroup-description")],
    remediation: "The description cannot be added later: make the feature group anew with Description where it is \
                  worth the move, and set it in the template or notebook that makes feature groups.",
    actions: &[Action::Notify],
    evaluate: |resource, _| answered(resource, |group| group.names("Description")),
};

#[cfg(test)]
pub(super) const CASES: &[crate::case::Case] = {
    use crate::case::Case;
    const KIND: Kind = Kind::FeatureGroup;
    &[
        Case::pass(KIND, r#"{"FeatureGroupArn": "arn", "Description": "Calls and contracts of each customer"}"#),
        Case::fail(KIND, r#"{"FeatureGroupArn": "arn"}"#),
        Case::fail(KIND, r#"{"FeatureGroupArn": "arn", "Description": ""}"#),
        Case::not_applicable(KIND, r#"{"FeatureGroupArn": "arn", "FeatureGroupStatus": "Deleting"}"#),
        Case::unknown(KIND, r#"{"FeatureGroupStatus": "Created"}"#),
        Case::unknown(KIND, r#"{"FeatureGroupArn": "arn", "Description": {}}"#),
    ]
};
