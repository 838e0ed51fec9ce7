use crate::judging::tagged;
use crate::{Action, Control, Kind, Need, Reference, Severity, Tool};

pub(super) const CONTROL: Control = Control {
    id: "domain-tagged",
    title: "Domains have the tags that are asked for",
    severity: Severity::Low,
    kinds: &[Kind::Domain],
    needs: &[Need::Tags],
    references: &[
        Reference::all(Tool::Config, "sagemaker-domain-tagged"),
        Reference::all(Tool::Custodian, "value: Tags"),
    ],
    remediation: "Add the tags that the reason names, with AddTags on the domain's ARN or in the template that \
                  makes it.",
    actions: &[Action::Notify],
    evaluate: tagged,
};

#[cfg(test)]
pub(super) const CASES: &[crate::case::Case] = {
    use crate::case::Case;
    const KIND: Kind = Kind::Domain;
    &[
        Case::pass(KIND, r#"{"Status": "InService"}"#)
            .related(&[(Need::Tags, r#"[{"Key": "team", "Value": "churn"}]"#)]),
        Case::pass(KIND, r#"{"Status": "InService"}"#)
            .related(&[(Need::Tags, r#"[{"Key": "team", "Value": "churn"}, {"Key": "stage", "Value": "dev"}]"#)])
            .parameters(r#"{"requiredTags": ["stage", "team"]}"#),
        Case::fail(KIND, r#"{"Status": "InService"}"#).related(&[(Need::Tags, "[]")]),
        Case::fail(KIND, r#"{"Status": "InService"}"#)
            .related(&[(Need::Tags, r#"[{"Key": "aws:cloudformation:stack-name", "Value": "studio"}]"#)]),
        Case::fail(KIND, r#"{"Status": "InService"}"#)
            .related(&[(Need::Tags, r#"[{"Key": "team", "Value": ""}, {"Key": "stage", "Value": "dev"}]"#)])
            .parameters(r#"{"requiredTags": ["stage", "team"]}"#),
        Case::not_applicable(KIND, r#"{"Status": "Deleting"}"#).related(&[(Need::Tags, "[]")]),
        Case::unknown(KIND, r#"{"Status": "InService"}"#),
        Case::unknown(KIND, r#"{"Status": "InService"}"#).related(&[(Need::Tags, r#"[{"Name": "team"}]"#)]),
    ]
};
