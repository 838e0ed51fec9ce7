//! How values are written for people.

use controls::{Kind, Severity};
use identifiers::{AccountId, Region};
use jiff::Timestamp;
use maud::{Markup, html};

use crate::corrections::hours;

/// Characters of a text that somebody or something else wrote: enough for any reason that a control gives of one member.
const TEXT: usize = 400;

/// `2026-01-31 12:00`.
pub(super) fn minute(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M").to_string()
}

/// A time that programs can read too.
pub(super) fn time(time: Timestamp) -> Markup {
    html! { time datetime=(time) { (minute(time)) } }
}

/// `24,000`.
pub(super) fn count(number: impl TryInto<u64>) -> String {
    let digits = number.try_into().unwrap_or(u64::MAX).to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 resource`, `24,000 resources`.
pub(super) fn counted(number: u32, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// `12.5 h`.
pub(super) fn duration(minutes: u64) -> String {
    format!("{:.1} h", hours(minutes))
}

/// A text of any length, cut with a word about it.
pub(super) fn text(text: &str) -> Markup {
    match text.char_indices().nth(TEXT) {
        Some((end, _)) => html! {
            bdi { (text.get(..end).unwrap_or(text)) } "… " em { "(cut here, whole in the document)" }
        },
        None => html! { bdi { (text) } },
    }
}

/// A word in a frame, so that it is no matter of colour.
pub(super) fn severity(severity: Severity) -> Markup {
    let class = match severity {
        Severity::Critical => "critical",
        Severity::High => "high",
        Severity::Medium => "medium",
        Severity::Low => "low",
    };
    html! { span class={ "badge " (class) } { (severity.label()) } }
}

/// A resource: its name, what it is, and the end of its ARN where the name is not what tells it from all others.
pub(super) fn resource(kind: Kind, name: &str, arn: &str) -> Markup {
    let path = arn.splitn(6, ':').nth(5).unwrap_or(arn);
    html! {
        bdi.name { (name) } br;
        span.beside { (kind.facts().name) }
        @if path.matches('/').count() != 1 { br; code.beside { (path) } }
    }
}

/// An account and a region, one below the other.
pub(super) fn place(account: &AccountId, region: &Region) -> Markup {
    html! { span.whole { (account) } br; span.whole { (region) } }
}

/// Who did it: the end of an ARN.
pub(super) fn actor(actor: Option<&str>) -> Markup {
    html! {
        @match actor {
            Some(arn) => bdi title=(arn) { (arn.splitn(6, ':').nth(5).unwrap_or(arn)) },
            None => "found by a sweep",
        }
    }
}
