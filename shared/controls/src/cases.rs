use std::collections::BTreeSet;

use crate::case::{Case, Expected};
use crate::control::CASES;
use crate::{CONTROLS, Control, Kind, Verdict};

fn controls_and_cases() -> impl Iterator<Item = (&'static Control, &'static [Case])> {
    assert_eq!(CONTROLS.len(), CASES.len());
    CONTROLS.iter().copied().zip(CASES.iter().copied())
}

fn word(verdict: &Verdict) -> Expected {
    match verdict {
        Verdict::Pass => Expected::Pass,
        Verdict::Fail(_) => Expected::Fail,
        Verdict::NotApplicable(_) => Expected::NotApplicable,
        Verdict::Unknown(_) => Expected::Unknown,
    }
}

#[test]
fn every_case_has_its_verdict() {
    let mut wrong = Vec::new();
    for (control, cases) in controls_and_cases() {
        for (number, case) in cases.iter().enumerate() {
            let found = control.judge(&case.resource(), &case.parameters_read());
            if found.as_ref().map(word) != Some(case.expected) {
                wrong.push(format!("{} case {number} ({:?}): {found:?}", control.id, case.expected));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_control_is_shown_all_four_verdicts_and_every_kind_a_pass_and_a_failure() {
    let mut missing = Vec::new();
    for (control, cases) in controls_and_cases() {
        let shown: BTreeSet<Expected> = cases.iter().map(|case| case.expected).collect();
        for expected in [Expected::Pass, Expected::Fail, Expected::NotApplicable, Expected::Unknown] {
            if !shown.contains(&expected) {
                missing.push(format!("{} has no case of {expected:?}", control.id));
            }
        }
        for kind in control.kinds {
            for expected in [Expected::Pass, Expected::Fail] {
                if !cases.iter().any(|case| case.kind == *kind && case.expected == expected) {
                    missing.push(format!("{} has no case of {expected:?} for {kind}", control.id));
                }
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

/// A description without a single member, and one in which everything is of the wrong type, passes nothing.
#[test]
fn nothing_passes_for_want_of_knowledge() {
    let mut passed = Vec::new();
    for (control, cases) in controls_and_cases() {
        for kind in control.kinds {
            for description in ["{}", "null", "[]", "\"\"", "7"] {
                let Some(case) = cases.first() else { continue };
                let mut resource = Case::pass(*kind, "{}").resource();
                resource.description = serde_json::from_str(description).unwrap();
                if control.judge(&resource, &case.parameters_read()) == Some(Verdict::Pass) {
                    passed.push(format!("{} passes a {kind} described as {description}", control.id));
                }
            }
        }
    }
    assert!(passed.is_empty(), "{}", passed.join("\n"));
}

#[test]
fn ids_titles_and_references_are_well_formed() {
    let mut wrong = Vec::new();
    let mut ids = BTreeSet::new();
    for control in CONTROLS {
        let id = control.id;
        if !ids.insert(id) {
            wrong.push(format!("{id} is there twice"));
        }
        if id.len() > 64 || !id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-') {
            wrong.push(format!("{id} is not kebab-case of at most 64 characters"));
        }
        // The limits of the AWS Security Finding Format.
        if control.title.is_empty() || control.title.len() > 256 || control.remediation.len() > 512 {
            wrong.push(format!("{id}: a title has 1 to 256 characters, a remediation at most 512"));
        }
        if control.title.ends_with('.') || !control.remediation.ends_with('.') {
            wrong.push(format!("{id}: a title ends without a full stop, a remediation with one"));
        }
        if control.kinds.is_empty() || !control.kinds.iter().all(|kind| Kind::ALL.contains(kind)) {
            wrong.push(format!("{id} looks at nothing"));
        }
        for reference in control.references {
            if !reference.kinds.iter().all(|kind| control.kinds.contains(kind)) {
                wrong.push(format!("{id}: {} is of a kind that the control does not look at", reference.id));
            }
        }
        if !control.actions.is_sorted() {
            wrong.push(format!("{id}: its actions begin with the mildest"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A resource on its way out is none of a control's business.
#[test]
fn what_is_being_deleted_is_not_judged() {
    for (control, cases) in controls_and_cases() {
        for case in cases {
            let Some(status) = case.kind.facts().status else { continue };
            let mut resource = case.resource();
            resource.description = serde_json::json!({});
            resource.description[status.trim_start_matches('/')] = "Deleting".into();
            let verdict = control.judge(&resource, &case.parameters_read());
            assert!(matches!(verdict, Some(Verdict::NotApplicable(_))), "{}: {verdict:?}", control.id);
        }
    }
}
