use jiff::SignedDuration;

use crate::judging::{Part, used_within};
use crate::{Action, Control, Kind, Need, Parameters, Resource, Severity, Verdict};

pub(super) const CONTROL: Control = Control {
    id: "notebook-idle",
    title: "Notebook instances that nobody uses are stopped",
    severity: Severity::Low,
    kinds: &[Kind::NotebookInstance],
    needs: &[Need::LastOpened],
    references: &[],
    remediation: "Stop the instance; its volume stays, and what is only in the memory of its kernels is lost.",
    actions: &[Action::Notify, Action::Stop],
    evaluate,
};

/// A session from a presigned address lasts 12 hours at most, so whoever opened the instance may have used it until
/// then.
const LONGEST_SESSION: SignedDuration = SignedDuration::from_hours(12);

/// The service tells nothing of a notebook instance's use. It is taken to be in use from when it was started or
/// updated, and from when somebody opened it until the session's end.
fn evaluate(resource: &Resource, parameters: &Parameters) -> Verdict {
    let Some(hours) = parameters.idle_hours.notebooks else {
        return Verdict::NotApplicable("the configuration sets no idleHours.notebooks".to_owned());
    };
    let notebook = Part::of(resource);
    let status = notebook.member("NotebookInstanceStatus");
    match status.text() {
        Some("InService") => {}
        Some(other) => return Verdict::NotApplicable(format!("it is {other}")),
        None => return status.unreadable(status.value()),
    }
    let (modified, opened) = (
        notebook.member("LastModifiedTime"),
        Part::beside("LastOpened", resource.related(Need::LastOpened)).member("at"),
    );
    if resource.related(Need::LastOpened).is_some() && opened.time().is_none() {
        return opened.unreadable(opened.value());
    }
    let used_until = opened.time().map(|at| at.saturating_add(LONGEST_SESSION).unwrap_or(at));
    match modified.time().max(used_until) {
        Some(last) => used_within(hours, last, resource.looked_at),
        None => modified.unreadable(modified.value()),
    }
}

#[cfg(test)]
pub(super) const CASES: &[crate::case::Case] = {
    use crate::case::Case;
    const KIND: Kind = Kind::NotebookInstance;
    &[
        Case::pass(KIND, r#"{"NotebookInstanceStatus": "InService", "LastModifiedTime": 1792580000.0}"#)
            .parameters(r#"{"idleHours": {"notebooks": 8}}"#),
        // Opened 19 hours ago, so perhaps in use until 7 hours ago.
        Case::pass(KIND, r#"{"NotebookInstanceStatus": "InService", "LastModifiedTime": 1790000000.0}"#)
            .related(&[(Need::LastOpened, r#"{"at": "2026-10-20T17:00:00Z"}"#)])
            .parameters(r#"{"idleHours": {"notebooks": 8}}"#),
        // Opened 21 hours ago, so perhaps in use until 9 hours ago.
        Case::fail(KIND, r#"{"NotebookInstanceStatus": "InService", "LastModifiedTime": 1790000000.0}"#)
            .related(&[(Need::LastOpened, r#"{"at": "2026-10-20T15:00:00Z"}"#)])
            .parameters(r#"{"idleHours": {"notebooks": 8}}"#),
        // Started long ago, and nobody was seen to open it.
        Case::fail(KIND, r#"{"NotebookInstanceStatus": "InService", "LastModifiedTime": 1790000000.0}"#)
            .parameters(r#"{"idleHours": {"notebooks": 8}}"#),
        Case::not_applicable(KIND, r#"{"NotebookInstanceStatus": "Stopped", "LastModifiedTime": 1790000000.0}"#)
            .parameters(r#"{"idleHours": {"notebooks": 8}}"#),
        Case::not_applicable(KIND, r#"{"NotebookInstanceStatus": "InService", "LastModifiedTime": 1790000000.0}"#),
        Case::unknown(KIND, r#"{"NotebookInstanceStatus": "InService"}"#)
            .parameters(r#"{"idleHours": {"notebooks": 8}}"#),
        Case::unknown(KIND, r#"{"NotebookInstanceStatus": "InService", "LastModifiedTime": 1790000000.0}"#)
            .related(&[(Need::LastOpened, r#"{"at": "long ago"}"#)])
            .parameters(r#"{"idleHours": {"notebooks": 8}}"#),
        Case::unknown(KIND, r#"{"LastModifiedTime": 1790000000.0}"#).parameters(r#"{"idleHours": {"notebooks": 8}}"#),
    ]
};
