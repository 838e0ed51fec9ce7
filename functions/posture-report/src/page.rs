//! The page: made from the document alone, whole in itself, without a script.
//!
//! A policy of its own allows nothing but its own style, so that nothing which slipped through as markup would load or run.
//! Each list has a largest number of rows and says how many more the document has.

mod changes;
mod corrections;
mod exemptions;
mod findings;
mod scopes;
mod summary;
mod words;

use aws_smithy_types::base64;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use crate::publication::document_key;
use crate::report::Report;

const STYLE: &str = include_str!("page/style.css");

/// Rows of one control's findings.
const ROWS_PER_CONTROL: usize = 50;
/// Rows of any other list.
const ROWS: usize = 200;

/// The page of a report, in UTF-8.
#[must_use]
pub fn page(report: &Report) -> String {
    let title = format!("SageMaker posture of {}", report.platform_name);
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        base64::encode(Sha256::digest(STYLE))
    );
    let sections = sections(report);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="referrer" content="no-referrer";
                meta name="robots" content="noindex";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) ", " (words::minute(report.sweep)) " UTC" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#main" { "Skip to the report" }
                header {
                    h1 { (title) }
                    p {
                        "Sweep of " (words::time(report.sweep)) " UTC. All times are in UTC. The whole report is "
                        code { "s3://" (report.bucket) "/" (document_key(report.sweep)) } "."
                    }
                }
                nav aria-label="Contents" {
                    ul { @for section in &sections { li { a href={ "#" (section.id) } { (section.title) } } } }
                }
                main id="main" tabindex="-1" {
                    @for section in &sections {
                        section aria-labelledby=(section.id) {
                            h2 id=(section.id) { (section.title) }
                            (section.content)
                        }
                    }
                }
            }
        }
    }
    .into_string()
}

/// A part of the page under a heading of its own.
struct Section {
    id: &'static str,
    title: String,
    content: Markup,
}

fn sections(report: &Report) -> Vec<Section> {
    let counted = |title: &str, count: usize| format!("{title} ({})", words::count(count));
    let section = |id, title, content| Section { id, title, content };
    let mut failures = format!("Failures ({})", words::count(report.totals.fail));
    if report.totals.exempt > 0 {
        failures = format!("{failures} and {} exempt", words::count(report.totals.exempt));
    }
    let corrections = report.corrections.len();
    vec![
        section("summary", "Summary".to_owned(), summary::summary(report)),
        section("failures", failures, findings::failures(report)),
        section("unknown", counted("Not known", report.unknowns.len()), findings::unknowns(report)),
        section("unread", counted("Not read", scopes::gaps(report)), scopes::unread(report)),
        section("changes", "Since the last sweep".to_owned(), changes::changes(report)),
        section("places", counted("Accounts and regions", report.scopes.len()), scopes::scopes(report)),
        section("controls", counted("Controls", report.by_control.len()), summary::controls(report)),
        section("exemptions", counted("Exemptions", report.exemptions.len()), exemptions::exemptions(report)),
        section("corrections", counted("Corrections", corrections), corrections::corrections(report)),
    ]
}

/// A table that scrolls for itself where the window is too narrow. `label` is what it is called where it is scrolled by keys.
fn table(label: &str, caption: &Markup, head: &Markup, rows: &Markup) -> Markup {
    html! {
        div.scroll role="group" aria-label=(label) tabindex="0" {
            table {
                caption { (caption) }
                thead { (head) }
                tbody { (rows) }
            }
        }
    }
}

/// The column heads of a table; those that begin with `#` are of numbers.
fn columns(names: &[&str]) -> Markup {
    html! {
        tr {
            @for name in names {
                @match name.strip_prefix('#') {
                    Some(name) => th.number scope="col" { (name) },
                    None => th scope="col" { (name) },
                }
            }
        }
    }
}

/// What a list has more than the page has room for; nothing where it has no more.
fn rest(all: usize, shown: usize, member: &str) -> Markup {
    html! {
        @if all > shown {
            p.rest {
                "The page shows " (words::count(shown)) " of " (words::count(all)) ". The document has all of them, in "
                code { (member) } "."
            }
        }
    }
}
