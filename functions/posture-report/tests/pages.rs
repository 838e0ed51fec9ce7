//! The page: what it is for the sample document, that nothing in a document is markup, and that it has a largest size.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failed assumption of a test is a failed test")]

use std::path::Path;

use posture_report::{Finding, Report, VERSION, page};
use proptest::prelude::*;
use serde_json::Value;

const DOCUMENT: &str = include_str!("sample/posture.json");

fn sample() -> Report {
    serde_json::from_str(DOCUMENT).unwrap()
}

/// The document's form is what programs rely on: a change of it is seen here, and is a new version if it takes something away.
#[test]
fn the_document_is_read_and_written_as_it_stands() {
    assert_eq!(format!("{}\n", serde_json::to_string_pretty(&sample()).unwrap()), DOCUMENT);
    assert_eq!(sample().version, VERSION);
}

/// `tests/pages` shows this page in a browser. `UPDATE_SAMPLE=1` in the environment writes it anew.
#[test]
fn the_page_of_the_sample_is_the_committed_one() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sample/posture.html");
    let page = page(&sample());
    if std::env::var_os("UPDATE_SAMPLE").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(page == committed, "the page has changed: look at it, and write it with UPDATE_SAMPLE=1");
}

/// Every tag of the page, e.g. `<td class="reason">`.
fn tags(page: &str) -> Vec<&str> {
    page.match_indices('<').map(|(start, _)| &page[start..=start + page[start..].find('>').unwrap()]).collect()
}

/// Puts a text where somebody else's text can stand.
fn everywhere(value: &mut Value, text: &str) {
    const OPEN: [&str; 13] = [
        "platformName",
        "bucket",
        "name",
        "reason",
        "actor",
        "eventId",
        "owner",
        "title",
        "remediation",
        "error",
        "operation",
        "resource",
        "instanceType",
    ];
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| everywhere(item, text)),
        Value::Object(members) => {
            for (name, member) in members {
                if name == "arn" {
                    // Always with more than one slash: then the page shows its end.
                    *member = format!("arn:aws:sagemaker:eu-central-1:111111111111:app/d/{text}").into();
                } else if OPEN.contains(&name.as_str()) && member.is_string() {
                    *member = text.into();
                } else {
                    everywhere(member, text);
                }
            }
        }
        _ => {}
    }
}

fn with(text: &str) -> Report {
    let mut document: Value = serde_json::from_str(DOCUMENT).unwrap();
    everywhere(&mut document, text);
    serde_json::from_value(document).unwrap()
}

#[test]
fn nothing_in_a_document_is_markup() {
    let plain = page(&with("x"));
    let tags_of = |page: &str| -> Vec<String> { tags(page).into_iter().map(name).collect() };
    for hostile in [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "'><a href='javascript:alert(1)'>",
        "</style></title></td><svg/onload=alert(1)>",
        "<!-- ",
        "]]><?php",
        "&lt;b&gt;&#60;",
    ] {
        let page = page(&with(hostile));
        // The same elements with the same attributes' names, one after the other.
        assert_eq!(tags_of(&page), tags_of(&plain), "{hostile}");
        assert!(!page.contains(hostile), "{hostile}");
        assert!(
            page.contains(
                &hostile.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
            )
        );
    }
}

/// A tag without its attributes' values.
fn name(tag: &str) -> String {
    let mut inside = false;
    tag.chars()
        .filter(|character| {
            inside ^= *character == '"';
            !inside
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_text_makes_an_element(text in "[\\PC<>\"'&/=!-]{0,40}") {
        let of = |page: &str| tags(page).into_iter().map(name).collect::<Vec<_>>();
        prop_assert_eq!(of(&page(&with(&text))), of(&page(&with("x"))));
    }
}

#[test]
fn the_page_asks_for_nothing_and_runs_nothing() {
    let page = page(&sample());
    for tag in tags(&page) {
        let element = tag.trim_start_matches(['<', '/']).split([' ', '>']).next().unwrap();
        assert!(
            !["script", "link", "img", "iframe", "object", "embed", "form", "input", "base"].contains(&element),
            "{tag}"
        );
        for attribute in [" src=", " style=", " on", " href=\"http", " href=\"//", " href=\"javascript"] {
            assert!(!name(tag).contains(attribute) && !tag.contains(&format!("{attribute}\"")), "{tag}");
        }
        assert!(!tag.contains(" href=") || tag.contains(" href=\"#"), "{tag}");
    }
    assert!(page.contains("default-src 'none'; style-src 'sha256-"));
    assert!(!page.contains("unsafe") && !page.contains("url(") && !page.contains("@import"));
}

fn numbered(report: &mut Report, count: usize) {
    let finding = |index: usize, of: &Finding| Finding { name: format!("n-{index:05}-"), ..of.clone() };
    let controls: Vec<String> = report.by_control.iter().map(|it| it.control.clone()).collect();
    let template = report.failures[0].clone();
    report.failures = (0..count).map(|index| finding(index, &template)).collect();
    for (index, finding) in report.failures.iter_mut().enumerate() {
        finding.control.clone_from(&controls[index % controls.len()]);
    }
    report.unknowns.clone_from(&report.failures);
}

/// What a list has no room for is counted, and where the rest is stands beside it.
#[test]
fn a_long_list_says_what_it_leaves_out() {
    let mut report = sample();
    numbered(&mut report, 24_000);
    report.unread = vec![report.unread[0].clone(); 1000];
    report.exemptions = vec![report.exemptions[0].clone(); 1000];
    report.corrections = vec![report.corrections[0].clone(); 1000];
    report.scopes = vec![report.scopes[0].clone(); 1000];
    if let Some(trend) = &mut report.trend {
        trend.ended = vec![trend.ended[0].clone(); 1000];
    }
    let page = page(&report);
    assert!(page.len() < 2 * 1024 * 1024, "{}", page.len());
    let shown = page.matches("n-0").count() + page.matches("n-1").count() + page.matches("n-2").count();
    assert_eq!(shown, 2 * 6 * 50, "fifty rows of each control, twice");
    assert_eq!(page.matches("The page shows 50 of 4,000. The document has all of them").count(), 12);
    for member in ["unread", "exemptions", "corrections", "scopes", "trend.ended"] {
        let note = format!("The page shows 200 of 1,000. The document has all of them, in <code>{member}</code>.");
        assert!(page.contains(&note), "{member}");
    }
}

#[test]
fn an_estate_without_anything_to_say_has_a_page() {
    let mut report = sample();
    report.failures.clear();
    report.unknowns.clear();
    report.unread.clear();
    report.exemptions.clear();
    report.corrections.clear();
    report.scopes.truncate(1);
    (report.unread_more, report.trend, report.complete) = (0, None, true);
    report.no_trend = Some("there is no earlier report".to_owned());
    let page = page(&report);
    for part in [
        "Nothing fails.",
        "Everything that was read could be judged.",
        "Everything was read.",
        "Not known: there is no earlier report.",
        "There are none.",
        "Nothing was or is to be done without a person.",
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains("Incomplete"));
}
