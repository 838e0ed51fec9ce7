use jiff::SignedDuration;

use crate::judging::{Part, used_within};
use crate::{Action, Control, Kind, Parameters, Resource, Severity, Verdict};

pub(super) const CONTROL: Control = Control {
    id: "app-idle",
    title: "Studio apps that nobody uses are deleted",
    severity: Severity::Low,
    kinds: &[Kind::App],
    needs: &[],
    references: &[],
    remediation: "Delete the app; the files of its space or profile stay, and what is only in the memory of its \
                  kernels is lost. For JupyterLab and Code Editor, the domain's IdleSettings can do so from \
                  within.",
    actions: &[Action::Notify, Action::Delete],
    evaluate,
};

/// The types that people work in. Nobody works in the others, or nothing in their description tells when.
const USED: &[&str] = &["CodeEditor", "JupyterLab", "JupyterServer", "KernelGateway"];

/// The service writes the time of a health check over that of the last activity, so what it answers is never too
/// early: an old time is one after which certainly nobody used the app, and a new one is a user's only if it is not
/// the check's.
fn evaluate(resource: &Resource, parameters: &Parameters) -> Verdict {
    let Some(hours) = parameters.idle_hours.apps else {
        return Verdict::NotApplicable("the configuration sets no idleHours.apps".to_owned());
    };
    let app = Part::of(resource);
    let (status, app_type) = (app.member("Status"), app.member("AppType"));
    match (status.text(), app_type.text()) {
        (Some("InService"), Some(used)) if USED.contains(&used) => {}
        (Some("InService"), Some(other)) => {
            return Verdict::NotApplicable(format!("nothing tells when somebody last used an app of type {other}"));
        }
        (Some("InService"), None) => return app_type.unreadable(app_type.value()),
        (Some(other), _) => return Verdict::NotApplicable(format!("it is {other}")),
        (None, _) => return status.unreadable(status.value()),
    }
    if app.member("ResourceSpec.InstanceType").text() == Some("system") {
        return Verdict::NotApplicable("it runs on an instance of the service, which costs nothing".to_owned());
    }
    let activity = app.member("LastUserActivityTimestamp");
    let Some(last) = activity.time() else { return activity.unreadable(activity.value()) };
    let is_the_checks = app
        .member("LastHealthCheckTimestamp")
        .time()
        .is_some_and(|check| check.duration_since(last).abs() < SignedDuration::from_secs(1));
    match used_within(hours, last, resource.looked_at) {
        Verdict::Pass if is_the_checks => {
            Verdict::Unknown(format!("{} is the time of the last health check", activity.path()))
        }
        other => other,
    }
}

#[cfg(test)]
pub(super) const CASES: &[crate::case::Case] = {
    use crate::case::Case;
    const KIND: Kind = Kind::App;
    &[
        Case::pass(
            KIND,
            r#"{"Status": "InService", "AppType": "JupyterLab", "LastUserActivityTimestamp": 1792570000.0,
                "LastHealthCheckTimestamp": 1792583900.0}"#,
        )
        .parameters(r#"{"idleHours": {"apps": 8}}"#),
        // Never checked, so nothing but a user's activity can be told.
        Case::pass(
            KIND,
            r#"{"Status": "InService", "AppType": "KernelGateway",
                "LastUserActivityTimestamp": "2026-10-21T11:00:00Z"}"#,
        )
        .parameters(r#"{"idleHours": {"apps": 8}}"#),
        Case::fail(
            KIND,
            r#"{"Status": "InService", "AppType": "CodeEditor", "LastUserActivityTimestamp": 1792500000.5,
                "LastHealthCheckTimestamp": 1792583900.0}"#,
        )
        .parameters(r#"{"idleHours": {"apps": 8}}"#),
        Case::fail(
            KIND,
            r#"{"Status": "InService", "AppType": "JupyterServer", "ResourceSpec": {"InstanceType": "ml.t3.medium"},
                "LastUserActivityTimestamp": "2026-10-20T12:00:00Z"}"#,
        )
        .parameters(r#"{"idleHours": {"apps": 8}}"#),
        Case::not_applicable(
            KIND,
            r#"{"Status": "InService", "AppType": "JupyterLab", "LastUserActivityTimestamp": 1792500000.0}"#,
        ),
        Case::not_applicable(
            KIND,
            r#"{"Status": "Pending", "AppType": "JupyterLab", "LastUserActivityTimestamp": 1792500000.0}"#,
        )
        .parameters(r#"{"idleHours": {"apps": 8}}"#),
        Case::not_applicable(
            KIND,
            r#"{"Status": "InService", "AppType": "RStudioServerPro", "LastUserActivityTimestamp": 1792500000.0}"#,
        )
        .parameters(r#"{"idleHours": {"apps": 8}}"#),
        Case::not_applicable(
            KIND,
            r#"{"Status": "InService", "AppType": "JupyterServer", "ResourceSpec": {"InstanceType": "system"},
                "LastUserActivityTimestamp": 1792500000.0}"#,
        )
        .parameters(r#"{"idleHours": {"apps": 8}}"#),
        // The health check wrote both.
        Case::unknown(
            KIND,
            r#"{"Status": "InService", "AppType": "JupyterLab", "LastUserActivityTimestamp": 1792583900.25,
                "LastHealthCheckTimestamp": 1792583900.0}"#,
        )
        .parameters(r#"{"idleHours": {"apps": 8}}"#),
        Case::unknown(KIND, r#"{"Status": "InService", "AppType": "JupyterLab", "CreationTime": 1792000000.0}"#)
            .parameters(r#"{"idleHours": {"apps": 8}}"#),
        Case::unknown(KIND, r#"{"AppType": "JupyterLab", "LastUserActivityTimestamp": 1792500000.0}"#)
            .parameters(r#"{"idleHours": {"apps": 8}}"#),
    ]
};
