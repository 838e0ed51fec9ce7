use crate::judging::answered;
use crate::{Action, Control, Kind, Reference, Severity, Tool};

pub(super) const CONTROL: Control = Control {
    id: "domain-no-docker",
    title: "Users of Studio cannot run containers",
    severity: Severity::Medium,
    kinds: &[Kind::Domain],
    needs: &[],
    references: &[Reference::all(Tool::Custodian, "value: DomainSettings.DockerSettings.EnableDockerAccess")],
    remediation: "Update the domain with DomainSettings whose DockerSettings have EnableDockerAccess DISABLED. \
                  Images are built in a pipeline instead.",
    actions: &[Action::Notify],
    evaluate: |resource, _| {
        answered(resource, |domain| domain.is_or_unset("DomainSettings.DockerSettings.EnableDockerAccess", "DISABLED"))
    },
};

#[cfg(test)]
pub(super) const CASES: &[crate::case::Case] = {
    use crate::case::Case;
    const KIND: Kind = Kind::Domain;
    &[
        // Off until somebody turns it on, and answered only then.
        Case::pass(KIND, r#"{"DomainArn": "arn", "Status": "InService"}"#),
        Case::pass(
            KIND,
            r#"{"DomainArn": "arn", "DomainSettings": {"DockerSettings": {"EnableDockerAccess": "DISABLED"}}}"#,
        ),
        Case::fail(
            KIND,
            r#"{"DomainArn": "arn", "DomainSettings": {"DockerSettings": {"EnableDockerAccess": "ENABLED",
                "RootlessDocker": "ENABLED"}}}"#,
        ),
        Case::not_applicable(KIND, r#"{"DomainArn": "arn", "Status": "Deleting"}"#),
        Case::unknown(KIND, r#"{"Status": "InService"}"#),
        Case::unknown(KIND, r#"{"DomainArn": "arn", "DomainSettings": {"DockerSettings": "ENABLED"}}"#),
        Case::unknown(
            KIND,
            r#"{"DomainArn": "arn", "DomainSettings": {"DockerSettings": {"EnableDockerAccess": true}}}"#,
        ),
    ]
};
