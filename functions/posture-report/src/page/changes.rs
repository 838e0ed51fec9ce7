use maud::{Markup, html};

use super::{ROWS, columns, rest, table, words};
use crate::report::{Ending, Report, Trend};

/// What changed since the last sweep.
pub(super) fn changes(report: &Report) -> Markup {
    match &report.trend {
        Some(trend) => compared(trend),
        None => html! { p { "Not known: " (report.no_trend.as_deref().unwrap_or("there is no earlier report")) "." } },
    }
}

fn compared(trend: &Trend) -> Markup {
    let counts = [
        ("New", trend.new, "failing now, not at the last sweep; marked as new under Failures"),
        ("Unchanged", trend.unchanged, "failing at both"),
        (ending(Ending::Recovered), trend.recovered, "passing now, or the control does not apply any more"),
        (ending(Ending::Exempted), trend.exempted, "somebody answers for it now"),
        (ending(Ending::Unknown), trend.unknown, "cannot be judged any more"),
        (ending(Ending::Gone), trend.gone, "deleted, or ended too long ago to be looked at"),
        (
            ending(Ending::NotJudged),
            trend.not_judged,
            "the control was turned off, or the account and region are not swept any more",
        ),
    ];
    let counts = html! {
        @for (name, count, meaning) in counts {
            tr { th scope="row" { (name) } td.number { (words::count(count)) } td { (meaning) } }
        }
    };
    let rows = html! {
        @for it in trend.ended.iter().take(ROWS) {
            tr {
                th scope="row" { (words::resource(it.kind, &it.name, &it.arn)) }
                td { (words::place(&it.account, &it.region)) }
                td { code { (it.control) } }
                td { (words::severity(it.severity)) }
                td { (ending(it.ending)) }
            }
        }
    };
    html! {
        p { "Compared with the sweep of " (words::time(trend.previous)) ": failures that nobody answers for." }
        (table("Changes", &html! { "Failures then and now" }, &columns(&["What", "#Failures", "Meaning"]), &counts))
        @if !trend.ended.is_empty() {
            details {
                summary { h3 { "Failures that are none any more" } span.counts { (words::count(trend.ended.len())) } }
                (table("Failures that are none any more", &html! { "Failures of the last sweep that are none any more" },
                    &columns(&["Resource", "Account and region", "Control", "Severity", "What became of it"]), &rows))
                (rest(trend.ended.len(), ROWS, "trend.ended"))
            }
        }
    }
}

fn ending(ending: Ending) -> &'static str {
    match ending {
        Ending::Recovered => "Recovered",
        Ending::Exempted => "Exempted",
        Ending::Unknown => "Not known",
        Ending::Gone => "Gone",
        Ending::NotJudged => "Not judged",
    }
}
