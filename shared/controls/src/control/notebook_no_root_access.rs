use crate::judging::Part;
use crate::{Action, Control, Kind, Reference, Severity, Tool};

pub(super) const CONTROL: Control = Control {
    id: "notebook-no-root-access",
    title: "Users of notebook instances are not root",
    severity: Severity::Medium,
    kinds: &[Kind::NotebookInstance],
    needs: &[],
    references: &[
        Reference::all(Tool::Prowler, "sagemaker_notebook_instance_root_access_disabled"),
        Reference::all(Tool::SecurityHub, "SageMaker.3"),
        Reference::all(Tool::Config, "sagemaker-notebook-instance-root-access-check"),
        Reference::all(Tool::Checkov, "CKV_AWS_307"),
        Reference::all(Tool::Custodian, "value: RootAccess"),
        Reference::all(Tool::Steampipe, "sagemaker_notebook_instance_root_access_disabled"),
    ],
    remediation: "Stop the instance, update it with RootAccess Disabled, and start it again. What needs root \
                  belongs into its lifecycle configuration, which runs as root all the same.",
    actions: &[Action::Notify, Action::Stop, Action::Harden],
    evaluate: |resource, _| Part::of(resource).is("RootAccess", "Disabled"),
};

#[cfg(test)]
pub(super) const CASES: &[crate::case::Case] = {
    use crate::case::Case;
    const KIND: Kind = Kind::NotebookInstance;
    &[
        Case::pass(KIND, r#"{"NotebookInstanceStatus": "Stopped", "RootAccess": "Disabled"}"#),
        Case::fail(KIND, r#"{"NotebookInstanceStatus": "InService", "RootAccess": "Enabled"}"#),
        Case::not_applicable(KIND, r#"{"NotebookInstanceStatus": "Deleting", "RootAccess": "Enabled"}"#),
        // Recorded before the member existed.
        Case::unknown(KIND, r#"{"NotebookInstanceStatus": "InService"}"#),
        Case::unknown(KIND, r#"{"RootAccess": false}"#),
    ]
};
