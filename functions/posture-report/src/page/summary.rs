use maud::{Markup, html};

use super::{columns, scopes, table, words};
use crate::report::{Report, Totals, Trend};

/// Class, name and count of each verdict; the order of everything.
fn verdicts(totals: &Totals) -> [(&'static str, &'static str, u32); 5] {
    [
        ("fail", "Failing", totals.fail),
        ("exempt", "Exempt", totals.exempt),
        ("unknown", "Not known", totals.unknown),
        ("pass", "Passing", totals.pass),
        ("not-applicable", "Not applicable", totals.not_applicable),
    ]
}

/// What to know first.
pub(super) fn summary(report: &Report) -> Markup {
    let severities = html! {
        @for row in &report.by_severity {
            tr {
                th scope="row" { (words::severity(row.severity)) }
                td.number { (words::count(row.controls)) }
                (numbers(&row.totals))
            }
        }
        tr.sum { th scope="row" { "All" } td.number { (words::count(report.by_control.len())) } (numbers(&report.totals)) }
    };
    html! {
        @if !report.complete {
            p.notice { strong { "Incomplete. " } (scopes::incomplete(report)) " " a href="#unread" { "What was not read" } "." }
        }
        (tiles(report))
        (bar(&report.totals))
        p {
            (words::counted(report.resources, "resource", "resources")) " in "
            (words::count(report.scopes.len())) " accounts and regions, "
            (words::counted(report.totals.verdicts(), "verdict", "verdicts")) " of "
            (words::count(report.by_control.len())) " controls."
            @if report.not_judged > 0 {
                " " (words::counted(report.not_judged, "verdict", "verdicts"))
                " of controls that are turned off are not counted."
            }
        }
        (table("By severity", &html! { "Verdicts by severity" }, &columns(&COLUMNS), &severities))
    }
}

const COLUMNS: [&str; 7] =
    ["Severity", "#Controls", "#Failing", "#Exempt", "#Not known", "#Passing", "#Not applicable"];

fn numbers(totals: &Totals) -> Markup {
    html! {
        @for (class, _, count) in verdicts(totals) {
            td.number { @if class == "fail" && count > 0 { strong { (words::count(count)) } } @else { (words::count(count)) } }
        }
    }
}

fn tiles(report: &Report) -> Markup {
    html! {
        dl.tiles {
            @for (class, name, count) in verdicts(&report.totals) {
                div class=(class) {
                    dt { (name) }
                    dd {
                        span.count { (words::count(count)) }
                        @if let Some(trend) = &report.trend { span.beside { (change(class, count, trend)) } }
                    }
                }
            }
        }
    }
}

/// Against the last sweep: of failures what came and went, of the others how many more or fewer.
fn change(class: &str, count: u32, trend: &Trend) -> String {
    let before = verdicts(&trend.previous_totals).into_iter().find(|(other, ..)| *other == class);
    let before = before.map_or(0, |(.., count)| count);
    match (class, count.cmp(&before)) {
        ("fail", _) => {
            format!("{} new, {} recovered", words::count(trend.new), words::count(trend.recovered))
        }
        (_, std::cmp::Ordering::Equal) => "as before".to_owned(),
        (_, std::cmp::Ordering::Greater) => format!("{} more", words::count(count - before)),
        (_, std::cmp::Ordering::Less) => format!("{} fewer", words::count(before - count)),
    }
}

/// The shares as one bar. The tiles above it say the same in words, so it is left out for whoever has it read.
fn bar(totals: &Totals) -> Markup {
    let all = f64::from(totals.verdicts().max(1));
    let mut end = 0.0;
    let parts = verdicts(totals).map(|(class, _, count)| {
        let start = end;
        end += f64::from(count) / all * 100.0;
        (class, start, end - start)
    });
    html! {
        svg.bar viewBox="0 0 100 3" preserveAspectRatio="none" aria-hidden="true" focusable="false" {
            @for (class, start, width) in parts {
                @if width > 0.0 {
                    rect class=(class) x=(format!("{start:.3}")) y="0" width=(format!("{width:.3}")) height="3" {}
                }
            }
        }
    }
}

/// Every control with its verdicts.
pub(super) fn controls(report: &Report) -> Markup {
    let rows = html! {
        @for control in &report.by_control {
            tr {
                th scope="row" { (control.title) br; code.beside { (control.control) } }
                td { (words::severity(control.severity)) }
                (numbers(&control.totals))
            }
        }
    };
    let names = ["Control", "Severity", "#Failing", "#Exempt", "#Not known", "#Passing", "#Not applicable"];
    table("Controls", &html! { "Verdicts by control, the worst first" }, &columns(&names), &rows)
}
