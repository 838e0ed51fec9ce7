//! Which version ran in an account at a time, over histories in memory.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod world;

use std::collections::BTreeMap;

use deployment::{Approval, Decision, HistoryRecord, RecordKind, Verdict, WaveName};
use mlops::{Command, Error, History, ran};
use proptest::prelude::*;
use serde_json::{Value, json};
use world::{ALICE, BOB, BUCKET, World, arguments, package};

const ACCOUNTS: [&str; 3] = ["222222222222", "333333333333", "444444444444"];
const REGIONS: [&str; 2] = ["eu-central-1", "eu-west-1"];

async fn run(world: &World, line: &str) -> Result<History, Error> {
    let arguments = arguments(line);
    let Command::Status(status) = &arguments.command else { panic!("{arguments:?}") };
    ran(world, &arguments.global, status, status.account.as_ref().unwrap()).await
}

/// As the platform writes it.
fn record(group: &str, stage: &str, time: &str, kind: RecordKind, version: u32, accounts: &[&str]) -> HistoryRecord {
    HistoryRecord {
        kind,
        time: time.to_owned(),
        execution: format!("{group}-v{version}-01234567"),
        platform_name: "secure-mlops".parse().unwrap(),
        model_package_group_name: group.parse().unwrap(),
        stage: stage.parse().unwrap(),
        version: Some(version),
        model_package_arn: Some(package(version).parse().unwrap()),
        accounts: accounts.iter().map(|account| account.parse().unwrap()).collect(),
        left: Vec::new(),
        regions: vec![REGIONS[0].parse().unwrap()],
        approval: Approval { id: "a".to_owned(), time: None, by: Some(ALICE.to_owned()), registered_by: None },
        decision: Some(Decision {
            decision: Verdict::Approved,
            by: BOB.to_owned(),
            at: "2026-01-31T11:30:00Z".to_owned(),
            comment: None,
        }),
        results: Vec::new(),
        plan: None,
    }
}

fn put(world: &mut World, record: &HistoryRecord, wave: Option<WaveName>, cleared: &[&str]) {
    let mut body = serde_json::to_value(record).unwrap();
    if !cleared.is_empty() {
        // Whatever else plans had when the record was made.
        body["plan"] = json!({"shapeOfAnotherRelease": true, "cleared": cleared});
    }
    world.objects.insert(record.key(wave), body.to_string().into_bytes());
}

fn time(minute: u32) -> String {
    format!("2026-01-31T12:{minute:02}:00.000Z")
}

/// Version 1 everywhere, version 2 in the canary and then everywhere.
fn two_deployments() -> World {
    let mut world = World::new();
    for (minute, version) in [(10, 1), (20, 2)] {
        let wave = record("churn", "prod", &time(minute), RecordKind::Wave, version, &ACCOUNTS[..1]);
        put(&mut world, &wave, Some(WaveName::Canary), &[]);
        let wave = record("churn", "prod", &time(minute + 2), RecordKind::Wave, version, &ACCOUNTS[1..2]);
        put(&mut world, &wave, Some(WaveName::Rest), &[]);
        let stage = record("churn", "prod", &time(minute + 2), RecordKind::Stage, version, &ACCOUNTS[..2]);
        put(&mut world, &stage, None, &[]);
    }
    world
}

#[tokio::test]
async fn who_approved_what_ran_when() {
    let world = two_deployments();
    for (account, at, version) in [
        (ACCOUNTS[0], "2026-01-31T12:10:00Z", 1),
        (ACCOUNTS[0], "2026-01-31T12:19:59.999Z", 1),
        (ACCOUNTS[0], "2026-01-31T12:20:00.000Z", 2),
        (ACCOUNTS[1], "2026-01-31T12:20:00Z", 1),
        (ACCOUNTS[1], "2026-01-31T13:22:00+01:00", 2),
        (ACCOUNTS[1], "2026-01-31T06:51:59-05:30", 1),
        (ACCOUNTS[1], "9999-12-31T23:59:59Z", 2),
    ] {
        let found = run(&world, &format!("mlops status --account {account} --at {at}")).await.unwrap();
        let [ran] = found.versions.as_slice() else { panic!("{found:?}") };
        assert_eq!(ran.version, Some(version), "{account} {at}");
        assert_eq!(ran.approval.by.as_deref(), Some(ALICE));
        assert_eq!(ran.decision.as_ref().map(|decision| decision.by.as_str()), Some(BOB));
        assert_eq!(ran.execution, format!("churn-v{version}-01234567"));
        assert!(world.objects.contains_key(&ran.record));
    }
    let now = run(&world, &format!("mlops status --account {}", ACCOUNTS[0])).await.unwrap();
    assert_eq!(now.versions[0].version, Some(2));
}

#[tokio::test]
async fn before_the_first_record_and_in_no_record() {
    let world = two_deployments();
    for line in [
        "mlops status --account 222222222222 --at 2026-01-31T12:09:59.999Z",
        "mlops status --account 444444444444",
        "mlops status --account 222222222222 --account-region eu-west-1",
        "mlops status --account 222222222222 --group other",
        "mlops status --account 222222222222 --platform other",
    ] {
        let error = run(&world, line).await.unwrap_err();
        assert_eq!(error.exit_code(), 3, "{line}: {error}");
    }
    assert_eq!(run(&World::new(), "mlops status --account 222222222222").await.unwrap_err().exit_code(), 3);
}

#[tokio::test]
async fn a_roll_back_an_emptied_stage_and_an_account_that_left() {
    let mut world = two_deployments();
    // The canary of version 3 fails: it has version 2 again, and account 4, which was new, nothing.
    let failed = [ACCOUNTS[0], ACCOUNTS[2]];
    put(&mut world, &record("churn", "prod", &time(30), RecordKind::Wave, 3, &failed), Some(WaveName::Canary), &[]);
    put(&mut world, &record("churn", "prod", &time(31), RecordKind::RollBack, 2, &ACCOUNTS[..2]), None, &[ACCOUNTS[2]]);
    let at = |account: &str, minute: u32| format!("mlops status --account {account} --at {}", time(minute));
    let version = async |account: &str, minute: u32| {
        run(&world, &at(account, minute)).await.map(|found| (found.versions[0].version, found.versions[0].kind)).ok()
    };
    assert_eq!(version(ACCOUNTS[0], 30).await, Some((Some(3), RecordKind::Wave)));
    assert_eq!(version(ACCOUNTS[0], 31).await, Some((Some(2), RecordKind::RollBack)));
    assert_eq!(version(ACCOUNTS[2], 30).await, Some((Some(3), RecordKind::Wave)));
    assert_eq!(version(ACCOUNTS[2], 31).await, Some((None, RecordKind::RollBack)), "nothing runs, and that is known");
    assert_eq!(version(ACCOUNTS[2], 29).await, None);

    let mut nothing = record("churn", "prod", &time(40), RecordKind::RollBack, 3, &ACCOUNTS[..2]);
    (nothing.version, nothing.model_package_arn) = (None, None);
    put(&mut world, &nothing, None, &[]);
    let found = run(&world, &at(ACCOUNTS[0], 40)).await.unwrap();
    assert_eq!((found.versions[0].version, &found.versions[0].model_package_arn), (None, &None));

    let mut unknown = record("churn", "prod", &time(41), RecordKind::RollBackFailed, 2, &ACCOUNTS[..2]);
    unknown.left = vec![ACCOUNTS[2].parse().unwrap()];
    put(&mut world, &unknown, None, &[]);
    for (account, version) in [(ACCOUNTS[0], Some(2)), (ACCOUNTS[2], None)] {
        let found = run(&world, &at(account, 41)).await.unwrap();
        assert_eq!((found.versions[0].version, found.versions[0].kind), (version, RecordKind::RollBackFailed));
    }

    put(&mut world, &record("churn", "prod", &time(50), RecordKind::Stage, 4, &ACCOUNTS[1..2]), None, &[]);
    assert_eq!(run(&world, &at(ACCOUNTS[0], 50)).await.unwrap_err().exit_code(), 3, "it left the stage");
    assert!(run(&world, &at(ACCOUNTS[0], 49)).await.is_ok());
}

#[tokio::test]
async fn whole_seconds_without_milliseconds_are_in_their_place() {
    let mut world = World::new();
    for (version, time) in (1..).zip(["12:00:00Z", "12:00:00.001Z", "12:00:00.999Z", "12:00:01Z", "12:00:01.500Z"]) {
        let time = format!("2026-01-31T{time}");
        put(&mut world, &record("churn", "prod", &time, RecordKind::Stage, version, &ACCOUNTS[..1]), None, &[]);
    }
    for (at, version) in
        [("00.000", 1), ("00.001", 2), ("00.998", 2), ("00.999", 3), ("01.000", 4), ("01.499", 4), ("01.5", 5)]
    {
        let line = format!("mlops status --account {} --at 2026-01-31T12:00:{at}Z", ACCOUNTS[0]);
        assert_eq!(run(&world, &line).await.unwrap().versions[0].version, Some(version), "{at}");
    }
}

#[tokio::test]
async fn ten_thousand_records_are_not_all_read() {
    let mut world = World::new();
    for index in 0..5_000u32 {
        let time = format!("2026-01-{:02}T{:02}:{:02}:00.000Z", 1 + index / 1_440, index / 60 % 24, index % 60);
        put(&mut world, &record("churn", "staging", &time, RecordKind::Stage, index + 1, &ACCOUNTS[..1]), None, &[]);
        put(&mut world, &record("churn", "prod", &time, RecordKind::Stage, index + 1, &ACCOUNTS[1..2]), None, &[]);
    }
    for account in &ACCOUNTS[..2] {
        world.read.lock().unwrap().clear();
        let found = run(&world, &format!("mlops status --account {account}")).await.unwrap();
        assert_eq!(found.versions[0].version, Some(5_000));
        assert!(world.read.lock().unwrap().len() <= 8, "{:?}", world.read.lock().unwrap());
    }
    world.read.lock().unwrap().clear();
    let found = run(&world, "mlops status --account 333333333333 --at 2026-01-02T00:00:30Z").await.unwrap();
    assert_eq!(found.versions[0].version, Some(1_441));
    assert!(run(&world, "mlops status --account 444444444444").await.is_err());
    assert!(world.read.lock().unwrap().len() <= 16, "an account that was never in a stage is known to be so at once");

    // A stage that has not changed for long is found behind all newer records of another, and only its own are read.
    put(
        &mut world,
        &record("churn", "eu", "2025-01-01T00:00:00.000Z", RecordKind::Stage, 1, &ACCOUNTS[2..]),
        None,
        &[],
    );
    world.read.lock().unwrap().clear();
    let found = run(&world, "mlops status --account 444444444444").await.unwrap();
    assert_eq!((found.versions[0].stage.as_str(), found.versions[0].version), ("eu", Some(1)));
    assert!(world.read.lock().unwrap().len() <= 9);
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_named_and_what_is_no_record_is_passed_over() {
    let mut world = two_deployments();
    world.objects.insert("history/churn/".to_owned(), Vec::new());
    world.objects.insert("history/churn/README.md".to_owned(), b"x".to_vec());
    world.objects.insert("history/not_a_group/2026-01-31T12:00:00.000Z-a-all-b.json".to_owned(), b"x".to_vec());
    assert!(run(&world, "mlops status --account 222222222222").await.is_ok());
    let key = format!("history/churn/{}-prod-stage-churn-v9-01234567.json", time(59));
    world.objects.insert(key.clone(), b"{}".to_vec());
    let error = run(&world, "mlops status --account 222222222222").await.unwrap_err();
    assert!(error.exit_code() == 1 && error.to_string().contains(&format!("s3://{BUCKET}/{key}")), "{error}");
    world.failing.insert("s3:GetObject", ("AccessDenied", "Access Denied".to_owned()));
    let error = run(&world, "mlops status --account 222222222222").await.unwrap_err();
    assert!(error.exit_code() == 1 && error.to_string().contains("AccessDenied"), "{error}");
}

#[derive(Debug, Clone)]
struct Made {
    group: &'static str,
    stage: &'static str,
    minute: u32,
    what: usize,
    accounts: Vec<&'static str>,
    cleared: Vec<&'static str>,
    regions: Vec<&'static str>,
    by_hand: bool,
}

fn made() -> impl Strategy<Value = Made> {
    let some = |from: &'static [&'static str]| proptest::sample::subsequence(from, 0..=from.len());
    (
        proptest::sample::select(&["churn", "all", "x-stage"][..]),
        // Names that a key can be divided at in more than one way.
        proptest::sample::select(&["prod", "staging", "prod-all", "all", "rest-stage-a"][..]),
        0..30u32,
        0..5usize,
        some(&ACCOUNTS),
        some(&ACCOUNTS),
        proptest::sample::subsequence(&REGIONS, 1..=2),
        any::<bool>(),
    )
        .prop_map(|(group, stage, minute, what, accounts, mut cleared, regions, by_hand)| {
            cleared.retain(|account| what == 4 && !accounts.contains(account));
            Made { group, stage, minute, what, accounts, cleared, regions, by_hand }
        })
}

/// All records read, none skipped: for each stage the newest that is about the account or about the whole stage.
fn scan(records: &BTreeMap<String, Value>, account: &str, region: Option<&str>, at: &str) -> Vec<Value> {
    let has = |list: &Value, item: &str| list.as_array().is_some_and(|list| list.iter().any(|found| found == item));
    let mut newest = BTreeMap::new();
    for record in records.values().filter(|record| record["time"].as_str().unwrap() <= at) {
        let cleared = has(&record["plan"]["cleared"], account);
        let named = (has(&record["accounts"], account) || cleared)
            && region.is_none_or(|region| has(&record["regions"], region));
        if named || record["kind"] == "stage" {
            let version = if cleared { &Value::Null } else { &record["version"] };
            let place = (record["modelPackageGroupName"].to_string(), record["stage"].to_string());
            newest.insert(
                place,
                named.then(|| json!([record["modelPackageGroupName"], record["stage"], version, record["time"]])),
            );
        }
    }
    newest.into_values().flatten().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn the_answer_is_that_of_a_scan(
        history in proptest::collection::vec(made(), 0..60),
        account in proptest::sample::select(&ACCOUNTS[..]),
        region in proptest::option::of(proptest::sample::select(&REGIONS[..])),
        minute in 0..32u32,
    ) {
        let mut world = World::new();
        let mut records = BTreeMap::new();
        for (version, made) in (1..).zip(&history) {
            let kind = [RecordKind::Wave, RecordKind::Wave, RecordKind::Wave, RecordKind::Stage, RecordKind::RollBack][made.what];
            let wave = [Some(WaveName::Canary), Some(WaveName::Rest), Some(WaveName::All), None, None][made.what];
            let mut record = record(made.group, made.stage, &time(made.minute), kind, version, &made.accounts);
            record.regions = made.regions.iter().map(|region| region.parse().unwrap()).collect();
            if made.by_hand {
                record.execution = format!("all-by-hand-{version}");
            }
            put(&mut world, &record, wave, &made.cleared);
            let key = record.key(wave);
            records.insert(key.clone(), serde_json::from_slice(&world.objects[&key]).unwrap());
        }
        let at = time(minute);
        let expected = scan(&records, account, region, &at);
        let region = region.map_or_else(String::new, |region| format!(" --account-region {region}"));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let found = match runtime.block_on(run(&world, &format!("mlops status --account {account} --at {at}{region}"))) {
            Ok(found) => found.versions.iter().map(|ran| json!([ran.group, ran.stage, ran.version, ran.since])).collect(),
            Err(Error::Nothing(_)) => Vec::new(),
            Err(error) => panic!("{error}"),
        };
        prop_assert_eq!(found, expected);
        let read = world.read.lock().unwrap();
        let once: std::collections::BTreeSet<_> = read.iter().collect();
        prop_assert_eq!(once.len(), read.len(), "no record is read twice");
    }
}
