//! What a report says of the records, sweep after sweep.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on should say where"
)]

mod world;

use control_records::{MarkState, Unread};
use controls::{Action, CorrectionMode, Kind, Verdict};
use jiff::SignedDuration;
use posture_report::{CorrectionState, Ended, Ending, ExemptionState, Finding, Report, ScopeState, Totals};
use serde_json::json;
use world::{INTERNET, SWEEP, VPC, World, arn, at, fail, home, notebook, scope, stopped, swept};

const NEXT: &str = "2026-02-01T12:00:00.000Z";

fn names(findings: &[Finding]) -> Vec<(&str, &str, bool)> {
    findings.iter().map(|it| (it.control.as_str(), it.name.as_str(), it.is_new)).collect()
}

fn endings(ended: &[Ended]) -> Vec<(Ending, &str)> {
    ended.iter().map(|it| (it.ending, it.name.as_str())).collect()
}

#[tokio::test]
async fn every_verdict_is_counted_once_and_what_needs_a_look_is_named() {
    let world = World::default();
    let other = scope("222222222222", "cn-north-1");
    let mut seen =
        notebook(&home(), "lab", &[(INTERNET, fail("DirectInternetAccess is \"Enabled\"")), (VPC, Verdict::Pass)]);
    let said = seen.verdicts.get_mut(INTERNET).unwrap();
    said.actor = Some("arn:aws:sts::111111111111:assumed-role/Scientist/anna".to_owned());
    said.event_id = Some("0f1e2d3c".to_owned());
    world.put(&home(), &seen).await;
    let unknown = Verdict::Unknown("SubnetId was not answered".to_owned());
    world.put(&home(), &notebook(&home(), "old", &[(INTERNET, unknown)])).await;
    let verdicts =
        [(INTERNET, fail("x")), (VPC, Verdict::NotApplicable("it has none".to_owned())), ("withdrawn", fail("y"))];
    for name in ["a", "b", "c", "d"] {
        world.put(&other, &notebook(&other, name, &verdicts)).await;
    }
    let report = world.sweep(SWEEP, &[other.clone(), home(), home()]).await;
    assert_eq!(report.totals, Totals { fail: 5, exempt: 0, unknown: 1, pass: 1, not_applicable: 4 });
    assert_eq!((report.resources, report.not_judged, report.complete), (6, 4, true));
    let scopes: Vec<_> = report.scopes.iter().map(|it| (it.account.as_str(), it.resources, it.totals.fail)).collect();
    assert_eq!(scopes, [("111111111111", 2, 1), ("222222222222", 4, 4)]);
    let control = report.by_control.iter().find(|it| it.control == INTERNET).unwrap();
    assert_eq!((control.totals.fail, control.totals.unknown), (5, 1));
    assert_eq!((report.failures.len(), report.unknowns[0].name.as_str()), (5, "old"));
    let lab = &report.failures[0];
    assert_eq!((lab.name.as_str(), lab.reason.as_str()), ("lab", "DirectInternetAccess is \"Enabled\""));
    assert_eq!((lab.actor.clone(), lab.event_id.clone(), lab.since), {
        let said = &seen.verdicts[INTERNET];
        (said.actor.clone(), said.event_id.clone(), said.since)
    });
    assert_eq!((report.trend, report.no_trend.as_deref()), (None, Some("there is no earlier report")));
    assert!(!lab.is_new, "nothing is new where there is nothing to compare with");
}

#[tokio::test]
async fn what_was_not_read_is_named() {
    let world = World::default();
    let [broken, half, never] = ["222222222222", "333333333333", "444444444444"].map(|id| scope(id, "eu-central-1"));
    let unread = Unread {
        kind: Kind::TrainingJob,
        name: None,
        operation: "sagemaker:ListTrainingJobs".to_owned(),
        error: "sagemaker:ListTrainingJobs answered AccessDeniedException: no (request id 1)".to_owned(),
    };
    let mut record = swept(&home(), SWEEP);
    (record.unread, record.unread_more) = (vec![unread], 7);
    world.put(&home(), &record).await;
    world.put(&broken, &swept(&broken, SWEEP)).await;
    world.put(&half, &control_records::SweepRecord { finished: None, ..swept(&half, SWEEP) }).await;
    // Of another sweep.
    world.put(&never, &swept(&never, NEXT)).await;
    world.put(&never, &notebook(&never, "lab", &[(INTERNET, fail("x"))])).await;
    let task = json!({"sweep": SWEEP, "scopes": [home(), half, never,
        {"account": "222222222222", "region": "eu-central-1", "error": "sts:AssumeRole answered AccessDenied"}]});
    let answer = world.task(task).await.unwrap();
    assert_eq!((&answer["complete"], &answer["totals"]["fail"]), (&json!(false), &json!(1)));
    let report = world.bucket.report("posture/latest.json");
    let states: Vec<_> = report.scopes.iter().map(|it| (it.state, it.error.is_some(), it.unread)).collect();
    let expected = [
        (ScopeState::Swept, false, 8),
        (ScopeState::Unfinished, true, 0),
        (ScopeState::Unfinished, false, 0),
        (ScopeState::NotSwept, false, 0),
    ];
    assert_eq!(states, expected);
    assert_eq!((report.unread.len(), report.unread_more), (1, 7));
    let page = world.bucket.text("posture/latest.html");
    for part in [
        "3 of 4 accounts and regions were not swept to their end, and 8 things in the others could not be read.",
        "sts:AssumeRole answered AccessDenied",
        "sagemaker:ListTrainingJobs answered AccessDeniedException: no (request id 1)",
        "7 more are in the sweep's log only",
    ] {
        assert!(page.contains(part), "{part}");
    }
}

#[tokio::test]
async fn each_failure_of_the_last_sweep_is_somewhere() {
    let world = World::default();
    let [left, quiet] = ["222222222222", "333333333333"].map(|id| scope(id, "eu-central-1"));
    let failing = |name: &str| notebook(&home(), name, &[(INTERNET, fail("x"))]);
    for name in ["stays", "mended", "exempted", "hidden", "deleted", "unasked"] {
        world.put(&home(), &failing(name)).await;
    }
    world.put(&left, &notebook(&left, "left", &[(INTERNET, fail("x"))])).await;
    world.put(&quiet, &notebook(&quiet, "quiet", &[(INTERNET, fail("x"))])).await;
    let first = world.sweep(SWEEP, &[home(), left, quiet.clone()]).await;
    assert_eq!(first.totals.fail, 8);

    world.put(&home(), &notebook(&home(), "mended", &[(INTERNET, Verdict::Pass)])).await;
    world.put(&home(), &notebook(&home(), "hidden", &[(INTERNET, Verdict::Unknown("x".to_owned()))])).await;
    world.put(&home(), &notebook(&home(), "unasked", &[(VPC, Verdict::Pass)])).await;
    world.put(&home(), &failing("made")).await;
    world.delete(&home(), &failing("deleted")).await;
    world.configure(&json!({"exemptions": [{"control": INTERNET, "resource": arn(&home(), "exempted"),
        "owner": "ml", "reason": "tests", "expires": "2026-12-31"}]}));
    // An account that could not be swept keeps what is known of it.
    let task = json!({"sweep": NEXT, "scopes": [home(), quiet]});
    let answer = world.task(task).await.unwrap();
    assert_eq!((&answer["new"], &answer["recovered"], &answer["gone"]), (&json!(1), &json!(1), &json!(1)));
    let report = world.bucket.report("posture/latest.json");
    let trend = report.trend.unwrap();
    assert_eq!(trend.previous, at(SWEEP));
    assert_eq!((trend.new, trend.unchanged, trend.not_judged), (1, 2, 2));
    let expected = [
        (Ending::Recovered, "mended"),
        (Ending::Exempted, "exempted"),
        (Ending::Unknown, "hidden"),
        (Ending::Gone, "deleted"),
        (Ending::NotJudged, "unasked"),
        (Ending::NotJudged, "left"),
    ];
    assert_eq!(endings(&trend.ended), expected);
    let expected = [
        (INTERNET, "exempted", false),
        (INTERNET, "made", true),
        (INTERNET, "stays", false),
        (INTERNET, "quiet", false),
    ];
    assert_eq!(names(&report.failures), expected);

    // An exemption that has ended makes a new failure of the old one.
    world.configure(&json!({"exemptions": [{"control": INTERNET, "resource": arn(&home(), "exempted"),
        "owner": "ml", "reason": "tests", "expires": "2026-02-01"}]}));
    let report = world.sweep("2026-02-02T12:00:00.000Z", &[home()]).await;
    assert!(names(&report.failures).contains(&(INTERNET, "exempted", true)), "{:?}", names(&report.failures));
}

#[tokio::test]
async fn exemptions_say_what_they_are_good_for() {
    let world = World::default();
    let exemption = |resource: &str, expires: &str| json!({"control": INTERNET, "resource": resource, "owner": "ml@example.com", "reason": "tests", "expires": expires});
    let all = "arn:aws:sagemaker:*:*:notebook-instance/*";
    let lab = "arn:aws:sagemaker:*:111111111111:notebook-instance/lab-*";
    world.configure(&json!({"exemptions": [
        exemption(lab, "2026-02-15"), exemption(lab, "2026-02-14"), exemption(all, "2026-01-30"),
        exemption("arn:aws:sagemaker:*:*:notebook-instance/none", "2026-01-31"),
    ]}));
    for (name, verdict) in [("lab-1", fail("x")), ("lab-2", Verdict::Pass), ("other", fail("x"))] {
        world.put(&home(), &notebook(&home(), name, &[(INTERNET, verdict), (VPC, fail("y"))])).await;
    }
    let report = world.sweep(SWEEP, &[home()]).await;
    assert_eq!((report.totals.fail, report.totals.exempt), (4, 1));
    let found: Vec<_> = report.exemptions.iter().map(|it| (it.state, it.days_left, it.matches, it.covers)).collect();
    let expected = [
        (ExemptionState::Active, 15, 2, 1),
        // Never reached.
        (ExemptionState::Expiring, 14, 2, 0),
        // Over, and one of the two failures that it was for has somebody else who answers for it.
        (ExemptionState::Expired, -1, 3, 1),
        (ExemptionState::Expiring, 0, 0, 0),
    ];
    assert_eq!(found, expected);
    let exempt = report.failures.iter().find(|it| !it.is_open()).unwrap();
    assert_eq!((exempt.name.as_str(), exempt.exemption.as_ref().unwrap().expires.as_str()), ("lab-1", "2026-02-15"));
}

fn saved(report: &Report) -> Vec<(&str, Option<u64>, Option<&str>)> {
    let mut saved: Vec<_> =
        report.corrections.iter().map(|it| (it.name.as_str(), it.saved_minutes, it.instance_type.as_deref())).collect();
    saved.sort_unstable();
    saved
}

#[tokio::test]
async fn what_was_stopped_saves_until_it_runs_again() {
    let world = World::default();
    world.configure(&json!({"parameters": {"hourlyPrices": {"ml.t3.medium": 0.05}}}));
    let noon_before = "2026-01-30T12:00:00Z";
    for name in ["asleep", "awake", "anew", "stale", "deleted", "said"] {
        let mut mark = stopped(&home(), name, noon_before);
        if name == "said" {
            mark.mode = CorrectionMode::DryRun;
        }
        world.put(&home(), &mark).await;
    }
    let mut waiting = stopped(&home(), "waiting", noon_before);
    waiting.state = MarkState::Waiting;
    waiting.instance_type = None;
    world.put(&home(), &waiting).await;
    let mut other = stopped(&home(), "not-idle", noon_before);
    other.state = MarkState::Done { at: at(noon_before), idle_hours: None };
    world.put(&home(), &other).await;
    let mut dropped = stopped(&home(), "dropped", noon_before);
    dropped.state = MarkState::Dropped { at: at(noon_before), reason: "it was mended".to_owned() };
    world.put(&home(), &dropped).await;

    for (name, status) in [("asleep", "Stopped"), ("awake", "InService"), ("stale", "InService"), ("anew", "Stopped")] {
        let mut record = notebook(&home(), name, &[(INTERNET, Verdict::Pass)]);
        record.status = Some(status.to_owned());
        match name {
            // Started again six hours later.
            "awake" => record.verdicts.get_mut(INTERNET).unwrap().since = at("2026-01-30T18:00:00Z"),
            "stale" => record.looked_at = at("2026-01-30T11:59:59Z"),
            "anew" => record.created = Some(at("2026-01-30T13:30:00Z")),
            _ => {}
        }
        world.put(&home(), &record).await;
    }
    let report = world.sweep(SWEEP, &[home()]).await;
    let medium = Some("ml.t3.medium");
    let expected = [
        ("anew", Some(90), medium),
        ("asleep", Some(24 * 60), medium),
        ("awake", Some(6 * 60), medium),
        ("deleted", Some(24 * 60), medium),
        ("not-idle", None, medium),
        ("said", None, medium),
        ("stale", Some(24 * 60), medium),
        ("waiting", None, None),
    ];
    assert_eq!(saved(&report), expected);
    let state = |name: &str| report.corrections.iter().find(|it| it.name == name).map(|it| (it.state, it.action));
    assert_eq!(state("waiting"), Some((CorrectionState::Waiting, Action::Stop)));
    let savings: Vec<_> = report.savings.by_instance_type.iter().map(|it| (it.minutes, it.money)).collect();
    assert_eq!(savings, [(4770, Some(3.98))], "79.5 hours at 0.05");
    assert_eq!((report.savings.minutes, report.savings.money), (4770, Some(3.98)));

    // A day later: it was stopped for good in the meantime, and what the last report knew of it is not forgotten.
    let mut record = notebook(&home(), "awake", &[(INTERNET, fail("idle again"))]);
    record.verdicts.get_mut(INTERNET).unwrap().since = at("2026-02-01T06:00:00Z");
    record.looked_at = at(NEXT);
    world.put(&home(), &record).await;
    world.delete(&home(), &notebook(&home(), "asleep", &[])).await;
    let report = world.sweep(NEXT, &[home()]).await;
    let saved = saved(&report);
    assert!(saved.contains(&("awake", Some(6 * 60), medium)), "{saved:?}");
    assert!(saved.contains(&("asleep", Some(48 * 60), medium)), "{saved:?}");
}

#[tokio::test]
async fn metrics_are_one_line_for_each_control_and_account() {
    let world = World::default();
    let elsewhere = scope("111111111111", "us-east-1");
    for scope in [home(), elsewhere.clone()] {
        world.put(&scope, &notebook(&scope, "lab", &[(INTERNET, fail("x")), (VPC, Verdict::Pass)])).await;
    }
    world.sweep(SWEEP, &[home(), elsewhere]).await;
    let metrics = world.metrics();
    let totals = |dimension: &str| -> Vec<_> {
        let of = metrics.iter().filter(|it| it.get(dimension).is_some());
        of.map(|it| (it[dimension].as_str().unwrap(), it["ControlFailed"].as_u64().unwrap())).collect()
    };
    let mut controls = totals("Control");
    controls.sort_unstable();
    assert_eq!(controls, [(VPC, 0), (INTERNET, 2)], "a control that looked at nothing has none");
    assert_eq!(totals("AccountId"), [("111111111111", 2)]);
    for document in &metrics {
        // The embedded metric format's own rules.
        let directive = &document["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(document["_aws"]["Timestamp"], at(SWEEP).as_millisecond());
        assert_eq!(directive["Namespace"], "SecureMlops");
        let dimensions = directive["Dimensions"][0].as_array().unwrap();
        let names = directive["Metrics"].as_array().unwrap();
        assert!(dimensions.len() <= 30 && names.len() <= 100);
        for dimension in dimensions {
            assert!(document[dimension.as_str().unwrap()].is_string(), "{document}");
        }
        for metric in names {
            assert!(document[metric["Name"].as_str().unwrap()].is_u64() && metric["Unit"] == "Count", "{document}");
        }
    }
}

#[tokio::test]
async fn a_control_that_is_turned_off_is_not_counted() {
    let world = World::default();
    world.put(&home(), &notebook(&home(), "lab", &[(INTERNET, fail("x"))])).await;
    world.sweep(SWEEP, &[home()]).await;
    world.configure(&json!({"disabled": [INTERNET]}));
    let report = world.sweep(NEXT, &[home()]).await;
    assert_eq!((report.totals, report.not_judged), (Totals::default(), 1));
    assert!(report.by_control.iter().all(|it| it.control != INTERNET));
    assert_eq!(endings(&report.trend.unwrap().ended), [(Ending::NotJudged, "lab")]);
}

#[test]
fn the_environment_must_be_whole() {
    let error = posture_report::Settings::from_environment(|name| (name == "PARTITION").then(String::new)).unwrap_err();
    let expected = "the function's environment cannot be used: \
        PLATFORM_NAME, PARTITION, CONTROLS_BUCKET, CONTROL_RECORDS_TABLE missing";
    assert_eq!(error.to_string(), expected);
}

#[tokio::test]
async fn the_sample_event_is_a_task() {
    let world = World::default();
    let task = serde_json::from_str(include_str!("../../../events/posture-report-sweep.json")).unwrap();
    world.task(task).await.unwrap();
    let report = world.bucket.report("posture/latest.json");
    assert_eq!((report.scopes.len(), report.complete), (3, false));
    assert_eq!(report.sweep.checked_add(SignedDuration::ZERO).unwrap(), at(SWEEP));
}
