//! Whatever is on record: the totals add up, and what needs a look is named as often as it is counted.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failed assumption of a test is a failed test")]

mod world;

use control_records::Scope;
use controls::{CONTROLS, Verdict};
use posture_report::{Report, Totals, page};
use proptest::prelude::*;
use serde_json::{Value, json};
use world::{SWEEP, World, home, notebook, scope};

/// Scope, name, then control and verdict.
type Records = Vec<(usize, u8, Vec<(usize, Verdict)>)>;

fn verdict() -> impl Strategy<Value = Verdict> {
    let reason = "\\PC{0,30}";
    prop_oneof![
        Just(Verdict::Pass),
        reason.prop_map(Verdict::Fail),
        reason.prop_map(Verdict::NotApplicable),
        reason.prop_map(Verdict::Unknown),
    ]
}

fn records() -> impl Strategy<Value = Records> {
    let verdicts = prop::collection::vec((0..CONTROLS.len(), verdict()), 0..6);
    prop::collection::vec((0..3_usize, any::<u8>(), verdicts), 0..20)
}

fn exemptions() -> impl Strategy<Value = Vec<Value>> {
    let expires = prop_oneof![Just("2026-01-30"), Just("2026-01-31"), Just("2027-01-01")];
    let exemption = (0..CONTROLS.len(), "[0-9]{0,2}", expires).prop_map(|(control, digits, expires)| {
        json!({"control": CONTROLS[control].id, "resource": format!("arn:aws:sagemaker:*:*:notebook-instance/*{digits}"),
            "owner": "o", "reason": "r", "expires": expires})
    });
    prop::collection::vec(exemption, 0..4)
}

async fn put(world: &World, scopes: &[Scope; 3], records: &Records) {
    for (scope, name, verdicts) in records {
        let verdicts: Vec<_> = verdicts.iter().map(|(control, said)| (CONTROLS[*control].id, said.clone())).collect();
        world.put(&scopes[*scope], &notebook(&scopes[*scope], &format!("n-{name}"), &verdicts)).await;
    }
}

fn check(report: &Report) {
    let sum = |totals: Vec<Totals>| {
        totals.into_iter().fold(Totals::default(), |mut sum, it| {
            sum += it;
            sum
        })
    };
    assert_eq!(sum(report.by_control.iter().map(|it| it.totals).collect()), report.totals);
    assert_eq!(sum(report.by_severity.iter().map(|it| it.totals).collect()), report.totals);
    assert_eq!(sum(report.scopes.iter().map(|it| it.totals).collect()), report.totals);
    assert_eq!(report.failures.iter().filter(|it| it.is_open()).count(), report.totals.fail as usize);
    assert_eq!(report.failures.iter().filter(|it| !it.is_open()).count(), report.totals.exempt as usize);
    assert_eq!(report.unknowns.len(), report.totals.unknown as usize);
    assert_eq!(report.scopes.iter().map(|it| it.resources).sum::<u32>(), report.resources);
    let covered: u32 = report.exemptions.iter().filter(|it| it.days_left >= 0).map(|it| it.covers).sum();
    assert_eq!(covered, report.totals.exempt);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn totals_add_up(first in records(), second in records(), exempt in exemptions(), less in exemptions()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let world = World::default();
            let scopes = [home(), scope("222222222222", "us-east-1"), scope("111111111111", "us-east-1")];
            world.configure(&json!({"exemptions": exempt}));
            put(&world, &scopes, &first).await;
            let before = world.sweep(SWEEP, &scopes).await;
            check(&before);
            world.configure(&json!({"exemptions": less}));
            for (index, (of, name, _)) in first.iter().enumerate() {
                let record = notebook(&scopes[*of], &format!("n-{name}"), &[]);
                if index % 3 == 0 && world.records.ids().contains(&(scopes[*of].clone(), control_records::Record::id(&record))) {
                    world.delete(&scopes[*of], &record).await;
                }
            }
            put(&world, &scopes, &second).await;
            let after = world.sweep("2026-02-01T12:00:00.000Z", &scopes[..2]).await;
            check(&after);
            let trend = after.trend.as_ref().unwrap();
            let ended = trend.recovered + trend.exempted + trend.unknown + trend.gone + trend.not_judged;
            assert_eq!(ended as usize, trend.ended.len());
            assert_eq!(trend.unchanged + ended, before.totals.fail);
            assert_eq!(trend.unchanged + trend.new, after.totals.fail);
            assert_eq!(after.failures.iter().filter(|it| it.is_new).count(), trend.new as usize);
            // The page is made of the document as it is read back.
            assert_eq!(world.bucket.text("posture/latest.html"), page(&after));
        });
    }
}
