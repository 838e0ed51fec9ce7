use crate::judging::answered;
use crate::{Action, Control, Kind, Reference, Severity, Tool, Verdict};

pub(super) const CONTROL: Control = Control {
    id: "job-no-remote-debug",
    title: "Nobody can open a shell in a training container",
    severity: Severity::High,
    kinds: &[Kind::TrainingJob],
    needs: &[],
    references: &[Reference::all(Tool::Custodian, "value: RemoteDebugConfig.EnableRemoteDebug")],
    remediation: "Turn it off with UpdateTrainingJob (RemoteDebugConfig.EnableRemoteDebug false) while the job runs, \
                  and where the job comes from. Deny sagemaker:CreateTrainingJob and sagemaker:UpdateTrainingJob with \
                  the condition key sagemaker:EnableRemoteDebug to those who do not need it: a shell in the container \
                  has the job's data and the credentials of its role.",
    actions: &[Action::Notify, Action::Stop],
    // The service answers it only where somebody set it, and it is off until then.
    evaluate: |resource, _| {
        answered(resource, |job| match job.member("RemoteDebugConfig") {
            _ if job.member("ServerlessJobConfig").is_present() => {
                Verdict::NotApplicable("a serverless job has no container to open a shell in".to_owned())
            }
            debug if debug.is_present() => debug.is_false("EnableRemoteDebug"),
            _ if job.member("TrainingJobStatus").is_present() => Verdict::Pass,
            debug => debug.unreadable(None),
        })
    },
};

#[cfg(test)]
pub(super) const CASES: &[crate::case::Case] = {
    use crate::case::Case;
    const KIND: Kind = Kind::TrainingJob;
    &[
        Case::pass(
            KIND,
            r#"{"TrainingJobArn": "arn", "TrainingJobStatus": "InProgress",
                "RemoteDebugConfig": {"EnableRemoteDebug": false}}"#,
        ),
        Case::pass(KIND, r#"{"TrainingJobArn": "arn", "TrainingJobStatus": "InProgress"}"#),
        Case::fail(
            KIND,
            r#"{"TrainingJobArn": "arn", "TrainingJobStatus": "InProgress",
                "RemoteDebugConfig": {"EnableRemoteDebug": true}}"#,
        ),
        Case::not_applicable(
            KIND,
            r#"{"TrainingJobArn": "arn", "ServerlessJobConfig": {"BaseModelArn": "arn", "JobType": "FineTuning"}}"#,
        ),
        Case::unknown(KIND, r#"{"TrainingJobArn": "arn", "TrainingJobStatus": "InProgress", "RemoteDebugConfig": {}}"#),
        Case::unknown(KIND, r#"{"TrainingJobArn": "arn"}"#),
    ]
};
