use crate::judging::answered;
use crate::{Action, Control, Kind, Severity, Verdict};

pub(super) const CONTROL: Control = Control {
    id: "space-no-remote-access",
    title: "Spaces cannot be entered from editors outside AWS",
    severity: Severity::Medium,
    kinds: &[Kind::Space],
    needs: &[],
    references: &[],
    remediation: "Stop the space's app, then update SpaceSettings with RemoteAccess DISABLED. To forbid it, deny \
                  CreateSpace and UpdateSpace with the condition key sagemaker:RemoteAccess, and \
                  sagemaker:StartSession.",
    actions: &[Action::Notify],
    evaluate: |resource, _| {
        answered(resource, |space| {
            let set = space.is_or_unset("SpaceSettings.RemoteAccess", "DISABLED");
            match space.member("SpaceSettings.AppType").text() {
                Some("JupyterLab" | "CodeEditor") | None => set,
                Some(other) if set == Verdict::Pass => {
                    Verdict::NotApplicable(format!("nobody enters {other} from outside"))
                }
                Some(_) => set,
            }
        })
    },
};

#[cfg(test)]
pub(super) const CASES: &[crate::case::Case] = {
    use crate::case::Case;
    const KIND: Kind = Kind::Space;
    &[
        Case::pass(
            KIND,
            r#"{"SpaceArn": "arn", "SpaceSettings": {"AppType": "JupyterLab", "RemoteAccess": "DISABLED"}}"#,
        ),
        // Off until somebody turns it on, and answered only then.
        Case::pass(KIND, r#"{"SpaceArn": "arn", "SpaceSettings": {"AppType": "CodeEditor"}}"#),
        Case::fail(
            KIND,
            r#"{"SpaceArn": "arn", "SpaceSettings": {"AppType": "JupyterLab", "RemoteAccess": "ENABLED"}}"#,
        ),
        Case::not_applicable(KIND, r#"{"SpaceArn": "arn", "SpaceSettings": {"AppType": "JupyterServer"}}"#),
        Case::not_applicable(KIND, r#"{"SpaceArn": "arn", "Status": "Deleting"}"#),
        Case::unknown(KIND, r#"{"SpaceSettings": {"AppType": "JupyterLab"}}"#),
        Case::unknown(KIND, r#"{"SpaceArn": "arn", "SpaceSettings": {"AppType": "JupyterLab", "RemoteAccess": {}}}"#),
    ]
};
