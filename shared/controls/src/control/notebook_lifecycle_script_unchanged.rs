//! A lifecycle script runs as root each time that a notebook instance starts, with the instance's role. Whoever may
//! update it but not that role stops the instance, changes the script, and starts the instance again.
//!
//! What a description tells is that the script was changed, or made, after the instance. That the instance was
//! pointed to another script that had been there before is in no description; the call that does so is in CloudTrail
//! alone.

use crate::judging::{Part, answered};
use crate::{Action, Control, Kind, Need, Parameters, Resource, Severity, Verdict};

pub(super) const CONTROL: Control = Control {
    id: "notebook-lifecycle-script-unchanged",
    title: "Lifecycle scripts of notebook instances are those that the instance was made with",
    severity: Severity::Medium,
    kinds: &[Kind::NotebookInstance],
    needs: &[Need::LifecycleConfiguration],
    references: &[],
    remediation: "Compare the lifecycle configuration with what was reviewed, and find in CloudTrail who updated \
                  it. If it is as it should be, make the instance anew or exempt it; if not, stop it, take the \
                  configuration off, and renew its role's sessions.",
    actions: &[Action::Notify, Action::Stop],
    evaluate,
};

fn evaluate(resource: &Resource, _: &Parameters) -> Verdict {
    let notebook = Part::of(resource);
    if !notebook.member("NotebookInstanceLifecycleConfigName").is_present() {
        return answered(resource, |_| Verdict::NotApplicable("it has no lifecycle configuration".to_owned()));
    }
    let script = Part::beside("LifecycleConfiguration", resource.related(Need::LifecycleConfiguration));
    let (made, changed) = (notebook.member("CreationTime"), script.member("LastModifiedTime"));
    match (made.time(), changed.time()) {
        (Some(made), Some(changed)) if changed > made => {
            Verdict::Fail(format!("its lifecycle scripts were changed at {changed:.0}, after it was made at {made:.0}"))
        }
        (Some(_), Some(_)) => Verdict::Pass,
        (None, _) => made.unreadable(made.value()),
        (_, None) => changed.unreadable(changed.value()),
    }
}

#[cfg(test)]
pub(super) const CASES: &[crate::case::Case] = {
    use crate::case::Case;
    const KIND: Kind = Kind::NotebookInstance;
    &[
        Case::pass(KIND, r#"{"NotebookInstanceLifecycleConfigName": "lab", "CreationTime": 1792000000.0}"#).related(&[
            (Need::LifecycleConfiguration, r#"{"CreationTime": 1790000000.0, "LastModifiedTime": 1791999999.5}"#),
        ]),
        Case::fail(KIND, r#"{"NotebookInstanceLifecycleConfigName": "lab", "CreationTime": 1792000000.0}"#).related(&[
            (Need::LifecycleConfiguration, r#"{"CreationTime": 1790000000.0, "LastModifiedTime": 1792100000.5}"#),
        ]),
        // Made after the instance, so attached to it afterwards.
        Case::fail(KIND, r#"{"NotebookInstanceLifecycleConfigName": "lab", "CreationTime": "2026-10-01T00:00:00Z"}"#)
            .related(&[(
                Need::LifecycleConfiguration,
                r#"{"CreationTime": "2026-10-20T00:00:00Z", "LastModifiedTime": "2026-10-20T00:00:00Z"}"#,
            )]),
        Case::not_applicable(KIND, r#"{"NotebookInstanceArn": "arn"}"#),
        Case::unknown(KIND, r#"{"NotebookInstanceLifecycleConfigName": "lab", "CreationTime": 1792000000.0}"#),
        Case::unknown(KIND, r#"{"NotebookInstanceLifecycleConfigName": "lab"}"#)
            .related(&[(Need::LifecycleConfiguration, r#"{"LastModifiedTime": 1791999999.5}"#)]),
    ]
};
