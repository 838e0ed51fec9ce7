use crate::aws::Execution;
use deployment::{ExecutionSubject, RequestKind};
use identifiers::ModelPackageArn;

/// The running executions of one group, in the order in which they take turns.
pub(crate) struct UnderWay(Vec<(ExecutionSubject, Execution)>);

impl UnderWay {
    /// Of the group that `package` is in.
    pub(crate) fn of_group(running: Vec<Execution>, package: &ModelPackageArn) -> Self {
        let own = ExecutionSubject::of(RequestKind::Approval, package);
        Self(own.in_turn(running, |execution| (execution.started, &execution.name)))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn named(&self, name: &str) -> Option<&Execution> {
        self.0.iter().map(|(_, execution)| execution).find(|execution| execution.name == name)
    }

    /// Whether the stages run the version when all this has come to a good end: it is the one approved last, and not
    /// rejected since.
    pub(crate) fn leads_to(&self, version: u32) -> bool {
        let last = self.0.iter().rfind(|(subject, _)| subject.kind == RequestKind::Approval);
        last.is_some_and(|(subject, _)| subject.version == version) && self.has_unanswered_approval(version)
    }

    /// Whether the version is being deployed by an execution that no rejection was started after.
    pub(crate) fn has_unanswered_approval(&self, version: u32) -> bool {
        let last = self.0.iter().rfind(|(subject, _)| subject.version == version);
        last.is_some_and(|(subject, _)| subject.kind == RequestKind::Approval)
    }

    pub(crate) fn has_rejection(&self, version: u32) -> bool {
        self.0.iter().any(|(subject, _)| subject.kind == RequestKind::Rejection && subject.version == version)
    }

    /// The executions that deploy other versions.
    pub(crate) fn approvals_of_others(&self, version: u32) -> impl Iterator<Item = &Execution> {
        let is_other =
            move |subject: &ExecutionSubject| subject.kind == RequestKind::Approval && subject.version != version;
        self.0.iter().filter(move |(subject, _)| is_other(subject)).map(|(_, execution)| execution)
    }
}
