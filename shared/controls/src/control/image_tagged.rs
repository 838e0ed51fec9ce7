use crate::judging::tagged;
use crate::{Action, Control, Kind, Need, Reference, Severity, Tool};

pub(super) const CONTROL: Control = Control {
    id: "image-tagged",
    title: "Studio images and their app configurations are tagged",
    severity: Severity::Low,
    kinds: &[Kind::AppImageConfig, Kind::Image],
    needs: &[Need::Tags],
    references: &[
        Reference::of(Tool::SecurityHub, "SageMaker.6", &[Kind::AppImageConfig]),
        Reference::of(Tool::SecurityHub, "SageMaker.7", &[Kind::Image]),
        Reference::of(Tool::Config, "sagemaker-app-image-config-tagged", &[Kind::AppImageConfig]),
        Reference::of(Tool::Config, "sagemaker-image-tagged", &[Kind::Image]),
    ],
    remediation: "Call AddTags with the tags that the configuration's requiredTags name, and set them in the template \
                  that makes the image.",
    actions: &[Action::Notify],
    evaluate: tagged,
};

#[cfg(test)]
pub(super) const CASES: &[crate::case::Case] = {
    use crate::case::Case;
    const IMAGE: Kind = Kind::Image;
    const CONFIG: Kind = Kind::AppImageConfig;
    &[
        Case::pass(IMAGE, r#"{"ImageArn": "arn"}"#)
            .related(&[(Need::Tags, r#"[{"Key": "team", "Value": "churn"}, {"Key": "cost-centre", "Value": "7"}]"#)])
            .parameters(r#"{"requiredTags": ["team", "cost-centre"]}"#),
        Case::pass(IMAGE, r#"{"ImageArn": "arn"}"#).related(&[(Need::Tags, r#"[{"Key": "team", "Value": "churn"}]"#)]),
        Case::fail(IMAGE, r#"{"ImageArn": "arn"}"#)
            .related(&[(Need::Tags, r#"[{"Key": "Team", "Value": "churn"}]"#)])
            .parameters(r#"{"requiredTags": ["team"]}"#),
        // AWS's own.
        Case::fail(IMAGE, r#"{"ImageArn": "arn"}"#)
            .related(&[(Need::Tags, r#"[{"Key": "aws:cloudformation:stack-name", "Value": "churn"}]"#)]),
        Case::not_applicable(IMAGE, r#"{"ImageArn": "arn", "ImageStatus": "DELETING"}"#).related(&[(Need::Tags, "[]")]),
        Case::unknown(IMAGE, r#"{"ImageArn": "arn"}"#),
        Case::unknown(IMAGE, r#"{"ImageArn": "arn"}"#).related(&[(Need::Tags, r#"[{"Value": "churn"}]"#)]),
        Case::unknown(IMAGE, r#"{"ImageArn": "arn"}"#).related(&[(Need::Tags, r#"{"team": "churn"}"#)]),
        Case::pass(CONFIG, r#"{"AppImageConfigArn": "arn"}"#)
            .related(&[(Need::Tags, r#"[{"Key": "team", "Value": "churn"}]"#)]),
        Case::fail(CONFIG, r#"{"AppImageConfigArn": "arn"}"#).related(&[(Need::Tags, "[]")]),
    ]
};
