use crate::judging::Part;
use crate::{Action, Control, Kind, Reference, Severity, Tool, Verdict};

pub(super) const CONTROL: Control = Control {
    id: "notebook-platform-supported",
    title: "Notebook instances run on a platform that is still supported",
    severity: Severity::Medium,
    kinds: &[Kind::NotebookInstance],
    needs: &[],
    references: &[
        Reference::all(Tool::SecurityHub, "SageMaker.8"),
        Reference::all(Tool::Config, "sagemaker-notebook-instance-platform-version"),
        Reference::all(Tool::Custodian, "value: PlatformIdentifier"),
        Reference::all(Tool::Steampipe, "sagemaker_notebook_instance_supported_platform_version"),
    ],
    remediation: "Stop the instance, update its PlatformIdentifier to a configured one, and start it again. The \
                  volume stays; what was installed outside the home directory has to be installed anew.",
    actions: &[Action::Notify, Action::Stop],
    evaluate: |resource, parameters| {
        let supported = &parameters.notebook_platforms;
        if supported.is_empty() {
            return Verdict::NotApplicable("the configuration names no platforms".to_owned());
        }
        let platform = Part::of(resource).member("PlatformIdentifier");
        match platform.text() {
            Some(found) if supported.iter().any(|platform| platform == found) => Verdict::Pass,
            Some(found) => Verdict::Fail(format!("{} is {found:?}, not {}", platform.path(), supported.join(" or "))),
            None => platform.unreadable(platform.value()),
        }
    },
};

#[cfg(test)]
pub(super) const CASES: &[crate::case::Case] = {
    use crate::case::Case;
    const KIND: Kind = Kind::NotebookInstance;
    &[
        Case::pass(KIND, r#"{"PlatformIdentifier": "notebook-al2023-v1"}"#),
        Case::pass(KIND, r#"{"PlatformIdentifier": "notebook-al2-v3"}"#)
            .parameters(r#"{"notebookPlatforms": ["notebook-al2023-v1", "notebook-al2-v3"]}"#),
        Case::fail(KIND, r#"{"PlatformIdentifier": "notebook-al1-v1"}"#),
        Case::not_applicable(KIND, r#"{"PlatformIdentifier": "notebook-al1-v1"}"#)
            .parameters(r#"{"notebookPlatforms": []}"#),
        // Recorded before the member existed.
        Case::unknown(KIND, r#"{"NotebookInstanceStatus": "InService"}"#),
    ]
};
