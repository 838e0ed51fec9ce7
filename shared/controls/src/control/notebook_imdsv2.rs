use crate::judging::Part;
use crate::{Action, Control, Kind, Reference, Severity, Tool};

pub(super) const CONTROL: Control = Control {
    id: "notebook-imdsv2",
    title: "Notebook instances answer version 2 of the instance metadata service alone",
    severity: Severity::Medium,
    kinds: &[Kind::NotebookInstance],
    needs: &[],
    references: &[
        Reference::all(Tool::Checkov, "CKV_AWS_371"),
        Reference::all(
            Tool::Custodian,
            "value: InstanceMetadataServiceConfiguration.MinimumInstanceMetadataServiceVersion",
        ),
    ],
    remediation: "Stop the instance, update it with an InstanceMetadataServiceConfiguration whose \
                  MinimumInstanceMetadataServiceVersion is 2, and start it again.",
    actions: &[Action::Notify, Action::Stop, Action::Harden],
    evaluate: |resource, _| {
        Part::of(resource).is("InstanceMetadataServiceConfiguration.MinimumInstanceMetadataServiceVersion", "2")
    },
};

#[cfg(test)]
pub(super) const CASES: &[crate::case::Case] = {
    use crate::case::Case;
    const KIND: Kind = Kind::NotebookInstance;
    &[
        Case::pass(KIND, r#"{"InstanceMetadataServiceConfiguration": {"MinimumInstanceMetadataServiceVersion": "2"}}"#),
        Case::fail(KIND, r#"{"InstanceMetadataServiceConfiguration": {"MinimumInstanceMetadataServiceVersion": "1"}}"#),
        Case::not_applicable(KIND, r#"{"NotebookInstanceStatus": "Deleting"}"#),
        // Recorded before the member existed.
        Case::unknown(KIND, r#"{"NotebookInstanceStatus": "InService"}"#),
        Case::unknown(KIND, r#"{"InstanceMetadataServiceConfiguration": {}}"#),
    ]
};
