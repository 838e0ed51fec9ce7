use crate::judging::{answered, tagged};
use crate::{Action, Control, Kind, Need, Reference, Severity, Tool, Verdict};

pub(super) const CONTROL: Control = Control {
    id: "inference-experiment-tagged",
    title: "Inference experiments are tagged",
    severity: Severity::Low,
    kinds: &[Kind::InferenceExperiment],
    needs: &[Need::Tags],
    references: &[Reference::all(Tool::Config, "sagemaker-inferenceexperiment-tagged")],
    remediation: "Call AddTags with the tags that the configuration's requiredTags name, and set them where \
                  experiments are made.",
    actions: &[Action::Notify],
    evaluate: |resource, parameters| {
        answered(resource, |experiment| match experiment.member("Status").text() {
            // Nobody has to answer for it or pay for it any more.
            Some(status @ ("Completed" | "Cancelled")) => Verdict::NotApplicable(format!("it is {status}")),
            _ => tagged(resource, parameters),
        })
    },
};

#[cfg(test)]
pub(super) const CASES: &[crate::case::Case] = {
    use crate::case::Case;
    const KIND: Kind = Kind::InferenceExperiment;
    const TEAM: &[(Need, &str)] = &[(Need::Tags, r#"[{"Key": "team", "Value": "churn"}]"#)];
    &[
        Case::pass(KIND, r#"{"Arn": "arn", "Status": "Running"}"#).related(TEAM),
        Case::fail(KIND, r#"{"Arn": "arn", "Status": "Running"}"#)
            .related(TEAM)
            .parameters(r#"{"requiredTags": ["stage"]}"#),
        Case::fail(KIND, r#"{"Arn": "arn", "Status": "Created"}"#).related(&[(Need::Tags, "[]")]),
        Case::not_applicable(KIND, r#"{"Arn": "arn", "Status": "Completed"}"#).related(&[(Need::Tags, "[]")]),
        Case::unknown(KIND, r#"{"Arn": "arn", "Status": "Running"}"#),
    ]
};
