use maud::{Markup, html};

use super::{ROWS, columns, rest, table, words};
use crate::report::{ExemptionReport, ExemptionState, Report};

/// Every exemption, those that somebody has to look at first.
pub(super) fn exemptions(report: &Report) -> Markup {
    if report.exemptions.is_empty() {
        return html! { p { "There are none." } };
    }
    let mut exemptions: Vec<&ExemptionReport> = report.exemptions.iter().collect();
    exemptions.sort_by_key(|exemption| exemption.days_left);
    let count = |state| exemptions.iter().filter(|exemption| exemption.state == state).count();
    let idle = exemptions.iter().filter(|exemption| exemption.matches == 0).count();
    let rows = html! {
        @for exemption in exemptions.iter().take(ROWS) {
            tr {
                th scope="row" { code { (exemption.control) } br; code.beside { (exemption.resource) } }
                td.reason { (words::text(&exemption.owner)) }
                td.reason { (words::text(&exemption.reason)) }
                td { (exemption.expires) br; (state(exemption)) }
                td.number { (words::count(exemption.covers)) }
                td.number { (words::count(exemption.matches)) @if exemption.matches == 0 { br; span.badge { "NO MATCH" } } }
            }
        }
    };
    html! {
        p {
            (words::count(count(ExemptionState::Expired))) " expired, "
            (words::count(count(ExemptionState::Expiring))) " expiring within 14 days, "
            (words::count(idle)) " that match nothing."
        }
        (table("Exemptions", &html! { "Exemptions, the soonest to end first" },
            &columns(&["Control and resources", "Owner", "Reason", "Last day", "#Failures covered", "#Resources matched"]), &rows))
        (rest(exemptions.len(), ROWS, "exemptions"))
    }
}

fn state(exemption: &ExemptionReport) -> Markup {
    html! {
        @match (exemption.state, exemption.days_left) {
            (ExemptionState::Expired, _) => span.badge { "EXPIRED" },
            (ExemptionState::Expiring, 0) => span.badge { "ENDS TODAY" },
            (ExemptionState::Expiring, 1) => span.badge { "1 DAY LEFT" },
            (ExemptionState::Expiring, days) => span.badge { (days) " DAYS LEFT" },
            (ExemptionState::Active, days) => span.beside { (days) " days left" },
        }
    }
}
