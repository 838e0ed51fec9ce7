use crate::judging::answered;
use crate::{Action, Control, Kind, Reference, Severity, Tool};

pub(super) const CONTROL: Control = Control {
    id: "image-described",
    title: "Studio images say what is in them",
    severity: Severity::Low,
    kinds: &[Kind::Image],
    needs: &[],
    references: &[Reference::all(Tool::Config, "sagemaker-image-description")],
    remediation: "Call UpdateImage with Description, and set it in the template that makes the image.",
    actions: &[Action::Notify],
    evaluate: |resource, _| answered(resource, |image| image.names("Description")),
};

#[cfg(test)]
pub(super) const CASES: &[crate::case::Case] = {
    use crate::case::Case;
    const KIND: Kind = Kind::Image;
    &[
        Case::pass(KIND, r#"{"ImageArn": "arn", "Description": "Python 3.12 with the churn libraries"}"#),
        Case::fail(KIND, r#"{"ImageArn": "arn"}"#),
        Case::fail(KIND, r#"{"ImageArn": "arn", "Description": ""}"#),
        Case::not_applicable(KIND, r#"{"ImageArn": "arn", "ImageStatus": "DELETING"}"#),
        Case::unknown(KIND, r#"{"ImageStatus": "CREATED"}"#),
        Case::unknown(KIND, r#"{"ImageArn": "arn", "Description": {}}"#),
    ]
};
