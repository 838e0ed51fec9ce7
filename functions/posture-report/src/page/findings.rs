use maud::{Markup, html};

use super::{ROWS_PER_CONTROL, columns, rest, table, words};
use crate::report::{ControlReport, Finding, Report};

/// What fails, control by control, the worst first.
pub(super) fn failures(report: &Report) -> Markup {
    if report.failures.is_empty() {
        return html! { p { "Nothing fails." } };
    }
    let columns = columns(&["Resource", "Account and region", "What is wrong", "Since", "Who"]);
    html! {
        p { "Control by control, the worst first; in each, what nobody answers for comes before what is exempt, and new before old." }
        @for (control, mut findings) in by_control(report, &report.failures) {
            @let open = findings.iter().filter(|finding| finding.is_open()).count();
            @let new = findings.iter().filter(|finding| finding.is_new).count();
            @let counts = html! {
                (words::count(open)) " failing"
                @if new > 0 { ", " (words::count(new)) " new" }
                @if open < findings.len() { ", " (words::count(findings.len() - open)) " exempt" }
            };
            // Stable: the order of places stays within each.
            @let () = findings.sort_by_key(|finding| (!finding.is_open(), !finding.is_new));
            (group(control, &counts, "failures", &columns, &findings))
        }
    }
}

/// What could not be judged, control by control.
pub(super) fn unknowns(report: &Report) -> Markup {
    if report.unknowns.is_empty() {
        return html! { p { "Everything that was read could be judged." } };
    }
    let columns = columns(&["Resource", "Account and region", "What is not known", "Since", "Who"]);
    html! {
        p { "Something that a control has to see was not in the service's answer or could not be read. It counts neither as passing nor as failing." }
        @for (control, findings) in by_control(report, &report.unknowns) {
            @let counts = html! { (words::count(findings.len())) " not known" };
            (group(control, &counts, "unknowns", &columns, &findings))
        }
    }
}

/// The findings of each control that has some, in the order of the controls.
fn by_control<'a>(
    report: &'a Report,
    findings: &'a [Finding],
) -> impl Iterator<Item = (&'a ControlReport, Vec<&'a Finding>)> {
    let of = move |control: &str| findings.iter().filter(|finding| finding.control == control).collect::<Vec<_>>();
    let all = report.by_control.iter().map(move |control| (control, of(&control.control)));
    all.filter(|(_, findings)| !findings.is_empty())
}

/// A control's findings, folded up under its title.
fn group(control: &ControlReport, counts: &Markup, member: &str, columns: &Markup, findings: &[&Finding]) -> Markup {
    let rows = html! {
        @for finding in findings.iter().take(ROWS_PER_CONTROL) {
            tr {
                th scope="row" { (words::resource(finding.kind, &finding.name, &finding.arn)) }
                td { (words::place(&finding.account, &finding.region)) }
                td.reason { (words::text(&finding.reason)) (exempt(finding)) }
                td { (words::time(finding.since)) @if finding.is_new { " " span.badge { "NEW" } } }
                td.reason { (words::actor(finding.actor.as_deref())) }
            }
        }
    };
    html! {
        details {
            summary { h3 { (words::severity(control.severity)) " " (control.title) } span.counts { (counts) } }
            p { "Control " code { (control.control) } ". " (control.remediation) }
            (table(&format!("{} ({member})", control.title), &html! { (control.title) ": " (counts) }, columns, &rows))
            (rest(findings.len(), ROWS_PER_CONTROL, member))
        }
    }
}

/// What stands below the reason of a failure that somebody answers for.
fn exempt(finding: &Finding) -> Markup {
    html! {
        @if let Some(exemption) = &finding.exemption {
            br; span.badge { "EXEMPT" }
            span.beside { " until " (exemption.expires) ", " bdi { (exemption.owner) } ": " (words::text(&exemption.reason)) }
        }
    }
}
