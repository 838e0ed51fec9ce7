use crate::judging::Part;
use crate::{Action, Control, Kind, Reference, Severity, Tool};

pub(super) const CONTROL: Control = Control {
    id: "notebook-no-direct-internet",
    title: "Notebook instances have no direct internet access",
    severity: Severity::High,
    kinds: &[Kind::NotebookInstance],
    needs: &[],
    references: &[
        Reference::all(Tool::Prowler, "sagemaker_notebook_instance_without_direct_internet_access_configured"),
        Reference::all(Tool::SecurityHub, "SageMaker.1"),
        Reference::all(Tool::Config, "sagemaker-notebook-no-direct-internet-access"),
        Reference::all(Tool::Guard, "SAGEMAKER_NOTEBOOK_NO_DIRECT_INTERNET_ACCESS"),
        Reference::all(Tool::Checkov, "CKV_AWS_122"),
        Reference::all(Tool::Custodian, "value: DirectInternetAccess"),
        Reference::all(Tool::Steampipe, "sagemaker_notebook_instance_direct_internet_access_disabled"),
    ],
    remediation: "Direct internet access cannot be changed: save what is on the instance, then make it anew in a subnet of \
                  the environment with DirectInternetAccess Disabled.",
    actions: &[Action::Notify, Action::Stop],
    evaluate: |resource, _| Part::of(resource).is("DirectInternetAccess", "Disabled"),
};

#[cfg(test)]
pub(super) const CASES: &[crate::case::Case] = {
    use crate::case::Case;
    const KIND: Kind = Kind::NotebookInstance;
    &[
        Case::pass(KIND, r#"{"NotebookInstanceStatus": "InService", "DirectInternetAccess": "Disabled"}"#),
        Case::fail(KIND, r#"{"NotebookInstanceStatus": "InService", "DirectInternetAccess": "Enabled"}"#),
        Case::not_applicable(KIND, r#"{"NotebookInstanceStatus": "Deleting", "DirectInternetAccess": "Enabled"}"#),
        // Recorded before the member existed.
        Case::unknown(KIND, r#"{"NotebookInstanceStatus": "InService"}"#),
        Case::unknown(KIND, r#"{"DirectInternetAccess": ""}"#),
    ]
};
