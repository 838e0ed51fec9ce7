//! What a store of records keeps and refuses, held by the one in memory.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, where it is set up too"
)]

use std::collections::BTreeMap;

use aws_ports::AwsError;
use control_records::{
    Deleted, Mark, MarkState, Page, Record, RecordError, Records, RecordsInMemory, ResourceRecord, Scope, SweepRecord,
    Unread, VerdictRecord, Written,
};
use controls::{Action, CorrectionMode, Kind, Verdict};
use jiff::Timestamp;

fn scope(account: &str) -> Scope {
    Scope { account: account.parse().unwrap(), region: "eu-central-1".parse().unwrap() }
}

fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

fn resource(name: &str) -> ResourceRecord {
    let verdict = VerdictRecord {
        verdict: Verdict::Fail("RootAccess is \"Enabled\"".to_owned()),
        since: at("2026-03-01T10:00:00Z"),
        first_failed: Some(at("2026-03-01T10:00:00Z")),
        exemption: None,
        actor: Some("arn:aws:iam::111111111111:role/scientist".to_owned()),
        event_id: None,
        imported: None,
    };
    ResourceRecord {
        kind: Kind::NotebookInstance,
        name: name.to_owned(),
        key: BTreeMap::from([("NotebookInstanceName".to_owned(), name.to_owned())]),
        arn: format!("arn:aws:sagemaker:eu-central-1:111111111111:notebook-instance/{name}"),
        account: "111111111111".parse().unwrap(),
        region: "eu-central-1".parse().unwrap(),
        created: Some(at("2026-02-01T10:00:00Z")),
        status: Some("InService".to_owned()),
        instance_type: Some("ml.t3.medium".to_owned()),
        last_opened: None,
        looked_at: at("2026-03-01T10:00:01.5Z"),
        verdicts: BTreeMap::from([("notebook-no-root-access".to_owned(), verdict)]),
        untold: BTreeMap::new(),
    }
}

fn mark(state: MarkState) -> Mark {
    Mark {
        control: "notebook-no-root-access".to_owned(),
        arn: resource("lab").arn,
        kind: Kind::NotebookInstance,
        name: "lab".to_owned(),
        key: resource("lab").key,
        instance_type: Some("ml.t3.medium".to_owned()),
        created: None,
        since: at("2026-03-01T09:59:00Z"),
        actor: None,
        action: Action::Stop,
        mode: CorrectionMode::DryRun,
        marked: at("2026-03-01T10:00:00Z"),
        due: at("2026-03-02T10:00:00Z"),
        state,
        failures: 0,
    }
}

fn sweep(unread: usize) -> SweepRecord {
    let of = |number| Unread {
        kind: Kind::Model,
        name: Some(format!("model-{number}")),
        operation: "sagemaker:DescribeModel".to_owned(),
        error: "sagemaker:DescribeModel answered AccessDeniedException: not authorized \"to\" do it".repeat(4),
    };
    SweepRecord {
        scope: scope("111111111111"),
        sweep: at("2026-03-01T10:00:00Z"),
        finished: Some(at("2026-03-01T10:05:00Z")),
        listed: BTreeMap::from([(Kind::Model, 3000)]),
        calls: 3100,
        unread: (0..unread).map(of).collect(),
        unread_more: 0,
    }
}

#[tokio::test]
async fn a_write_that_met_another_one_changes_nothing() {
    let (records, here) = (RecordsInMemory::new(), scope("111111111111"));
    let first = resource("lab");
    let Written::At(version) = records.put(&here, &first, None).await.unwrap() else { panic!() };
    assert_eq!(records.put(&here, &first, None).await.unwrap(), Written::Conflict);
    let mut second = first.clone();
    second.status = Some("Stopped".to_owned());
    let Written::At(newer) = records.put(&here, &second, Some(version)).await.unwrap() else { panic!() };
    assert_ne!(newer, version);
    assert_eq!(records.put(&here, &first, Some(version)).await.unwrap(), Written::Conflict);
    let found = records.get::<ResourceRecord>(&here, &first.id()).await.unwrap().unwrap();
    assert_eq!((found.record, found.version), (second, newer));

    assert_eq!(records.delete(&here, &first.id(), version).await.unwrap(), Deleted::Conflict);
    assert_eq!(records.delete(&here, &first.id(), newer).await.unwrap(), Deleted::Gone);
    assert_eq!(records.delete(&here, &first.id(), newer).await.unwrap(), Deleted::Gone);
    assert_eq!(records.get::<ResourceRecord>(&here, &first.id()).await.unwrap(), None);
    // Made anew it is another one, and one that is not there cannot be changed.
    assert_eq!(records.put(&here, &first, Some(newer)).await.unwrap(), Written::Conflict);
    let Written::At(anew) = records.put(&here, &first, None).await.unwrap() else { panic!() };
    assert!(anew != newer && anew != version);
}

#[tokio::test]
async fn all_of_a_kind_in_a_scope_are_found_page_by_page_in_order() {
    let (records, here, there) = (RecordsInMemory::new(), scope("111111111111"), scope("222222222222"));
    for number in 0..8 {
        let _ = records.put(&here, &resource(&format!("lab-{number}")), None).await.unwrap();
        let _ = records.put(&there, &resource(&format!("other-{number}")), None).await.unwrap();
    }
    let _ = records.put(&here, &mark(MarkState::Waiting), None).await.unwrap();
    let _ = records.put(&here, &sweep(1), None).await.unwrap();
    let all = records.all::<ResourceRecord>(&here).await.unwrap();
    let names: Vec<&str> = all.iter().map(|found| found.record.name.as_str()).collect();
    assert_eq!(names, ["lab-0", "lab-1", "lab-2", "lab-3", "lab-4", "lab-5", "lab-6", "lab-7"]);
    assert_eq!(records.all::<Mark>(&here).await.unwrap()[0].record, mark(MarkState::Waiting));
    assert_eq!(records.all::<SweepRecord>(&here).await.unwrap()[0].record, sweep(1));
    assert_eq!(records.all::<Mark>(&there).await.unwrap(), []);

    let Page { records: first, next } = records.page::<ResourceRecord>(&here, None).await.unwrap();
    let Page { records: second, .. } = records.page::<ResourceRecord>(&here, next.as_deref()).await.unwrap();
    assert_eq!((first.len(), second[0].record.name.as_str()), (3, "lab-3"));
}

#[tokio::test]
async fn what_cannot_be_read_is_named_and_stops_its_reader() {
    let (records, here) = (RecordsInMemory::new(), scope("111111111111"));
    let id = resource("lab").id();
    for document in ["{}", "not JSON", r#"{"kind": "QuantumJob"}"#] {
        records.overwrite(&here, &id, document);
        for error in [
            records.get::<ResourceRecord>(&here, &id).await.map(drop).unwrap_err(),
            records.all::<ResourceRecord>(&here).await.map(drop).unwrap_err(),
        ] {
            assert!(matches!(error, RecordError::Unreadable { .. }), "{error:?}");
            let named = "the record resource/arn:aws:sagemaker:eu-central-1:111111111111:notebook-instance/lab of \
                         111111111111/eu-central-1 cannot be read: ";
            assert!(error.to_string().starts_with(named), "{error}");
        }
    }
    // What a newer one adds to what is known here does no harm.
    let mut document = serde_json::to_value(resource("lab")).unwrap();
    document["colour"] = "blue".into();
    records.overwrite(&here, &id, document.to_string());
    assert_eq!(records.get::<ResourceRecord>(&here, &id).await.unwrap().unwrap().record, resource("lab"));
}

#[tokio::test]
async fn a_failed_call_is_neither_a_conflict_nor_an_absence() {
    let (records, here) = (RecordsInMemory::new(), scope("111111111111"));
    let throttled = |operation| AwsError::answered(operation, "ThrottlingException", "slower");
    records.fail(vec![throttled("dynamodb:GetItem"), throttled("dynamodb:PutItem")]);
    let written = records.put(&here, &resource("lab"), None).await;
    assert!(matches!(written, Err(RecordError::Aws(error)) if error.is_throttled()));
    let read = records.get::<ResourceRecord>(&here, &resource("lab").id()).await;
    assert!(matches!(read, Err(RecordError::Aws(error)) if error.operation() == "dynamodb:GetItem"));
}

#[test]
fn documents_keep_their_form() {
    assert_eq!(
        serde_json::to_string(&resource("lab")).unwrap(),
        r#"{"kind":"NotebookInstance","name":"lab","key":{"NotebookInstanceName":"lab"},"arn":"arn:aws:sagemaker:eu-central-1:111111111111:notebook-instance/lab","account":"111111111111","region":"eu-central-1","created":"2026-02-01T10:00:00Z","status":"InService","instanceType":"ml.t3.medium","lastOpened":null,"lookedAt":"2026-03-01T10:00:01.5Z","verdicts":{"notebook-no-root-access":{"verdict":"fail","reason":"RootAccess is \"Enabled\"","since":"2026-03-01T10:00:00Z","firstFailed":"2026-03-01T10:00:00Z","exemption":null,"actor":"arn:aws:iam::111111111111:role/scientist","eventId":null,"imported":null}}}"#
    );
    for verdict in [Verdict::Pass, Verdict::NotApplicable("no".to_owned()), Verdict::Unknown("no".to_owned())] {
        let mut record = resource("lab");
        record.verdicts.get_mut("notebook-no-root-access").unwrap().verdict = verdict;
        let document = serde_json::to_string(&record).unwrap();
        assert_eq!(serde_json::from_str::<ResourceRecord>(&document).unwrap(), record);
    }
    let done = MarkState::Done { at: at("2026-03-02T11:00:00Z"), idle_hours: Some(30) };
    assert_eq!(
        serde_json::to_value(mark(done.clone())).unwrap()["state"],
        serde_json::json!({"state": "done", "at": "2026-03-02T11:00:00Z", "idleHours": 30})
    );
    for state in
        [MarkState::Waiting, done, MarkState::Dropped { at: at("2026-03-02T11:00:00Z"), reason: "x".to_owned() }]
    {
        let document = serde_json::to_string(&mark(state.clone())).unwrap();
        assert_eq!(serde_json::from_str::<Mark>(&document).unwrap(), mark(state));
    }
}

#[test]
fn only_what_is_over_expires() {
    assert_eq!(mark(MarkState::Waiting).expires(), None);
    assert_eq!(resource("lab").expires(), None);
    let done = MarkState::Done { at: at("2026-03-02T11:00:00Z"), idle_hours: None };
    assert_eq!(mark(done).expires(), Some(at("2026-05-31T11:00:00Z")));
    assert_eq!(sweep(0).expires(), Some(at("2026-05-30T10:00:00Z")));
}

#[test]
fn ids_of_sweeps_sort_by_time() {
    let ids = ["2026-03-01T10:00:00Z", "2026-03-01T10:00:00.5Z", "2026-03-01T10:00:01Z"]
        .map(|time| SweepRecord::id_of(at(time)));
    assert_eq!(ids[1], "sweep/2026-03-01T10:00:00.500Z");
    assert!(ids.is_sorted());
}

/// An item has at most 400 KB.
#[tokio::test]
async fn a_record_that_has_grown_too_large_is_written_without_what_can_be_spared() {
    const ITEM: usize = 400 * 1024;
    let (records, here) = (RecordsInMemory::new(), scope("111111111111"));
    let mut large = resource("lab");
    for (number, length) in [(1, 100), (2, 300_000), (3, 200_000), (4, 90)] {
        let mut verdict = large.verdicts["notebook-no-root-access"].clone();
        verdict.verdict = Verdict::Unknown("\u{1F980}\"".repeat(length / 5));
        large.verdicts.insert(format!("control-{number}"), verdict);
    }
    let length = serde_json::to_string(&large).unwrap().len();
    assert!(length > 500_000, "{length}");
    let _ = records.put(&here, &large, None).await.unwrap();
    let item = records.item(&here, &large.id()).await.unwrap().unwrap();
    assert!(item.document.len() < ITEM - 3 * 1024 && item.document.len() > ITEM / 2, "{}", item.document.len());
    let written = records.get::<ResourceRecord>(&here, &large.id()).await.unwrap().unwrap().record;
    for short in ["control-1", "control-4", "notebook-no-root-access"] {
        assert_eq!(written.verdicts[short], large.verdicts[short], "{short}");
    }
    for long in ["control-2", "control-3"] {
        let reason = written.verdicts[long].verdict.reason().unwrap();
        assert!(reason.ends_with(" ...") && reason.len() > 100_000, "{long}: {}", reason.len());
    }

    let long = sweep(3000);
    assert!(serde_json::to_string(&long).unwrap().len() > ITEM);
    let _ = records.put(&here, &long, None).await.unwrap();
    let written = records.get::<SweepRecord>(&here, &long.id()).await.unwrap().unwrap().record;
    assert_eq!(written.unread.len() + usize::try_from(written.unread_more).unwrap(), 3000);
    assert!(written.unread.len() > 500, "{}", written.unread.len());
    assert_eq!(written.unread, long.unread[..written.unread.len()]);

    let mut hopeless = resource("lab-2");
    hopeless.status = Some("x".repeat(ITEM));
    let error = records.put(&here, &hopeless, None).await.unwrap_err();
    assert!(matches!(error, RecordError::TooLarge { bytes, .. } if bytes > ITEM), "{error}");
    assert_eq!(records.ids().len(), 2);
}
