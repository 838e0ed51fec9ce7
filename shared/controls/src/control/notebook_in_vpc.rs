use crate::judging::{Part, in_subnet};
use crate::{Action, Control, Kind, Reference, Severity, Tool, Verdict};

pub(super) const CONTROL: Control = Control {
    id: "notebook-in-vpc",
    title: "Notebook instances are in a subnet of the account",
    severity: Severity::High,
    kinds: &[Kind::NotebookInstance],
    needs: &[],
    references: &[
        Reference::all(Tool::Prowler, "sagemaker_notebook_instance_vpc_settings_configured"),
        Reference::all(Tool::SecurityHub, "SageMaker.2"),
        Reference::all(Tool::Config, "sagemaker-notebook-instance-inside-vpc"),
        Reference::all(Tool::Checkov, "CKV_AWS_306"),
        Reference::all(Tool::Custodian, "subnet"),
        Reference::all(Tool::Steampipe, "sagemaker_notebook_instance_in_vpc"),
    ],
    remediation: "The subnet cannot be changed: save what is on the instance, then make it anew with a SubnetId and \
                  security groups of the environment.",
    actions: &[Action::Notify, Action::Stop],
    evaluate: |resource, parameters| {
        let notebook = Part::of(resource);
        match notebook.names("SubnetId") {
            Verdict::Pass => in_subnet(&notebook.member("SubnetId"), parameters),
            other => other,
        }
    },
};

#[cfg(test)]
pub(super) const CASES: &[crate::case::Case] = {
    use crate::case::Case;
    const KIND: Kind = Kind::NotebookInstance;
    &[
        Case::pass(KIND, r#"{"SubnetId": "subnet-0a1b2c3d4e5f60718"}"#),
        Case::pass(KIND, r#"{"SubnetId": "subnet-0a1b2c3d4e5f60718"}"#)
            .parameters(r#"{"subnets": ["subnet-1", "subnet-0a1b2c3d4e5f60718"]}"#),
        Case::fail(KIND, r#"{"NotebookInstanceStatus": "InService"}"#),
        Case::fail(KIND, r#"{"SubnetId": ""}"#),
        Case::fail(KIND, r#"{"SubnetId": "subnet-2"}"#).parameters(r#"{"subnets": ["subnet-1"]}"#),
        Case::not_applicable(KIND, r#"{"NotebookInstanceStatus": "Deleting"}"#),
        Case::unknown(KIND, r#"{"SubnetId": ["subnet-1"]}"#),
    ]
};
