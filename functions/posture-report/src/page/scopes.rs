use std::cmp::Reverse;

use maud::{Markup, html};

use super::{ROWS, columns, rest, table, words};
use crate::report::{Report, ScopeReport, ScopeState};

fn missing(report: &Report) -> Vec<&ScopeReport> {
    report.scopes.iter().filter(|scope| scope.state != ScopeState::Swept).collect()
}

/// How much is missing: accounts and regions that were not swept to their end, and single things.
pub(super) fn gaps(report: &Report) -> usize {
    let more = usize::try_from(report.unread_more).unwrap_or(usize::MAX);
    missing(report).len() + report.unread.len() + more
}

/// Why the report is not complete, as a sentence.
pub(super) fn incomplete(report: &Report) -> String {
    let scopes = missing(report).len();
    let calls = gaps(report) - scopes;
    let scopes = format!("{} of {} accounts and regions were not swept to their end", scopes, report.scopes.len());
    format!("{scopes}, and {} things in the others could not be read.", words::count(calls))
}

/// What the sweep did not read.
pub(super) fn unread(report: &Report) -> Markup {
    let missing = missing(report);
    let places = html! {
        @for scope in missing.iter().take(ROWS) {
            tr {
                th scope="row" { (scope.account) }
                td { (scope.region) }
                td { (state(scope.state)) }
                td.reason { @if let Some(error) = &scope.error { (words::text(error)) } @else { "no error was reported" } }
            }
        }
    };
    let calls = html! {
        @for unread in report.unread.iter().take(ROWS) {
            tr {
                th scope="row" {
                    @if let Some(name) = &unread.name { bdi.name { (name) } } @else { "all of them" }
                    br; span.beside { (unread.kind.facts().name) }
                }
                td { (words::place(&unread.account, &unread.region)) }
                td { code { (unread.operation) } }
                td.reason { (words::text(&unread.error)) }
            }
        }
    };
    html! {
        @if gaps(report) == 0 { p { "Everything was read." } }
        @if !missing.is_empty() {
            p { "The verdicts there are those of earlier looks." }
            (table("Not swept", &html! { "Accounts and regions that were not swept to their end" },
                &columns(&["Account", "Region", "State", "Error"]), &places))
            (rest(missing.len(), ROWS, "scopes"))
        }
        @if !report.unread.is_empty() {
            (table("Not read", &html! { "Calls that failed" },
                &columns(&["Resource", "Account and region", "Call", "Error"]), &calls))
            (rest(report.unread.len(), ROWS, "unread"))
        }
        @if report.unread_more > 0 {
            p.rest { (words::count(report.unread_more)) " more are in the sweep's log only: there was no room to write them down." }
        }
    }
}

/// Every account and region, those with the most failures first.
pub(super) fn scopes(report: &Report) -> Markup {
    let mut scopes: Vec<&ScopeReport> = report.scopes.iter().collect();
    scopes.sort_by_key(|scope| Reverse((scope.totals.fail, scope.totals.unknown)));
    let rows = html! {
        @for scope in scopes.iter().take(ROWS) {
            tr {
                th scope="row" { (scope.account) }
                td { (scope.region) }
                td { (state(scope.state)) @if let Some(at) = scope.finished { " " (words::time(at)) } }
                td.number { (words::count(scope.resources)) }
                td.number { (words::count(scope.totals.fail)) }
                td.number { (words::count(scope.totals.exempt)) }
                td.number { (words::count(scope.totals.unknown)) }
                td.number { (words::count(scope.totals.pass)) }
                td.number { (words::count(scope.unread)) }
            }
        }
    };
    let names =
        ["Account", "Region", "Sweep", "#Resources", "#Failing", "#Exempt", "#Not known", "#Passing", "#Not read"];
    html! {
        (table("Accounts and regions", &html! { "Verdicts by account and region, the most failures first" },
            &columns(&names), &rows))
        (rest(scopes.len(), ROWS, "scopes"))
    }
}

fn state(state: ScopeState) -> &'static str {
    match state {
        ScopeState::Swept => "swept",
        ScopeState::Unfinished => "not finished",
        ScopeState::NotSwept => "not swept",
    }
}
