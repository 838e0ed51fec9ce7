use controls::CorrectionMode;
use maud::{Markup, html};

use super::{ROWS, columns, rest, table, words};
use crate::report::{CorrectionReport, CorrectionState, Report};

/// What was done about failures without a person, and what it saved.
pub(super) fn corrections(report: &Report) -> Markup {
    if report.corrections.is_empty() {
        return html! { p { "Nothing was or is to be done without a person." } };
    }
    let rows = html! {
        @for it in report.corrections.iter().take(ROWS) {
            tr {
                th scope="row" { (words::resource(it.kind, &it.name, &it.arn)) }
                td { (words::place(&it.account, &it.region)) }
                td { code { (it.control) } }
                td { (it.action) }
                td { (state(it)) br; (words::time(it.at)) }
                td { span.whole { (it.instance_type.as_deref().unwrap_or("")) } }
                td.number { (saved(it)) }
            }
        }
    };
    html! {
        (savings(report))
        (table("Corrections", &html! { "What was, is or would be done, the newest first" },
            &columns(&["Resource", "Account and region", "Control", "Action", "State", "Ran on", "#Idle and saved"]), &rows))
        (rest(report.corrections.len(), ROWS, "corrections"))
    }
}

fn state(it: &CorrectionReport) -> &'static str {
    match (it.state, it.mode) {
        (CorrectionState::Waiting, CorrectionMode::Act) => "will be done",
        (CorrectionState::Waiting, CorrectionMode::DryRun) => "would be done",
        (CorrectionState::Acting, _) => "being done",
        (CorrectionState::Done, CorrectionMode::Act) => "done",
        (CorrectionState::Done, CorrectionMode::DryRun) => "would have been done",
    }
}

fn saved(it: &CorrectionReport) -> Markup {
    html! {
        @if let Some(hours) = it.idle_hours { "idle for " (hours) " h" }
        @if let Some(minutes) = it.saved_minutes { br; (words::duration(minutes)) " saved" }
        @if let Some(at) = it.ran_again { br; "runs again since " (words::time(at)) }
    }
}

fn savings(report: &Report) -> Markup {
    let savings = &report.savings;
    if savings.by_instance_type.is_empty() {
        return html! {};
    }
    let amount = |amount: Option<f64>| amount.map_or_else(|| "no price".to_owned(), |amount| format!("{amount:.2}"));
    let rows = html! {
        @for saved in &savings.by_instance_type {
            tr {
                th scope="row" { (saved.instance_type.as_deref().unwrap_or("not known")) }
                td.number { (words::count(saved.corrections)) }
                td.number { (words::duration(saved.minutes)) }
                td.number { (saved.hourly_price.map_or_else(|| "no price".to_owned(), |price| price.to_string())) }
                td.number { (amount(saved.money)) }
            }
        }
        tr.sum {
            th scope="row" { "All" }
            td.number { (words::count(savings.by_instance_type.iter().map(|saved| saved.corrections).sum::<u32>())) }
            td.number { (words::duration(savings.minutes)) }
            td {}
            td.number { (amount(savings.money)) }
        }
    };
    html! {
        p {
            "Stopping what was idle saved " strong { (words::duration(savings.minutes)) } ". "
            @if let Some(money) = savings.money { "At the prices that are configured that is " strong { (format!("{money:.2}")) } ". " }
            "Counted from when each was stopped until it ran again, or until the sweep."
        }
        (table("Saved", &html! { "What the stopping of idle resources saved" },
            &columns(&["Ran on", "#Resources", "#Hours", "#Price of an hour", "#Saved"]), &rows))
    }
}
