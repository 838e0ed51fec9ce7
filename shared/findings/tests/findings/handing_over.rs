//! Findings and events are handed over in batches, and what is refused is tried again alone.

use crate::samples::*;
use aws_ports::AwsError;
use controls::{Action, CONTROLS, CorrectionMode, Kind, Severity, Verdict};
use findings::{
    CorrectionChange, CorrectionState, Event, EventBusInMemory, FailedFinding, Import, RefusedEvent,
    SecurityHubInMemory, Transition, import, publish,
};
use serde_json::{Value, json};

fn numbered(count: usize) -> Vec<Value> {
    (0..count).map(|number| json!({"Id": format!("f-{number}")})).collect()
}

fn failure(id: &str, code: &str) -> FailedFinding {
    FailedFinding { id: id.to_owned(), code: code.to_owned(), message: "no".to_owned() }
}

fn refused(error: AwsError) -> SecurityHubInMemory {
    let hub = SecurityHubInMemory::new();
    hub.fail(vec![error]);
    hub
}

#[tokio::test]
async fn findings_go_in_batches_of_a_hundred_and_of_five_megabytes() {
    let hub = SecurityHubInMemory::new();
    assert_eq!(import(&hub, Vec::new()).await, Import::Done { failed: Vec::new() });
    assert_eq!(import(&hub, numbered(250)).await, Import::Done { failed: Vec::new() });
    assert_eq!((hub.batches(), hub.findings().len()), (vec![100, 100, 50], 250));

    let hub = SecurityHubInMemory::new();
    let large: Vec<Value> =
        (0..50).map(|number| json!({"Id": format!("f-{number}"), "x": "y".repeat(200 * 1024)})).collect();
    let _ = import(&hub, large).await;
    assert_eq!(hub.batches(), [25, 25]);

    let hub = SecurityHubInMemory::new();
    let oversize = json!({"Id": "big", "x": "y".repeat(240 * 1024)});
    let Import::Done { failed } = import(&hub, vec![oversize, json!({"Id": "small"})]).await else { panic!() };
    assert_eq!((failed[0].id.as_str(), failed[0].code.as_str(), failed.len()), ("big", "InvalidInput", 1));
    assert_eq!(hub.findings().into_keys().collect::<Vec<_>>(), ["small"]);
}

#[tokio::test]
async fn only_what_failed_is_tried_again_and_only_so_often() {
    let hub = SecurityHubInMemory::new();
    let mut failures = vec![failure("f-1", "InternalError"), failure("f-2", "InvalidInput")];
    failures.extend(vec![failure("f-3", "InternalError"); 3]);
    hub.refuse(failures);
    let outcome = import(&hub, numbered(5)).await;
    let failed = vec![failure("f-2", "InvalidInput"), failure("f-3", "InternalError")];
    assert_eq!(outcome, Import::Done { failed });
    assert_eq!(hub.batches(), [5, 2, 1]);
    assert_eq!(hub.findings().into_keys().collect::<Vec<_>>(), ["f-0", "f-1", "f-4"]);
}

#[tokio::test]
async fn a_call_that_failed_fails_its_findings_and_no_others() {
    let hub = refused(AwsError::answered("securityhub:BatchImportFindings", "LimitExceededException", "slower"));
    let Import::Done { failed } = import(&hub, numbered(150)).await else { panic!() };
    assert_eq!(failed.len(), 100);
    assert!(failed.iter().all(|failed| failed.code == "LimitExceededException"));
    assert_eq!((hub.batches(), hub.findings().len()), (vec![100, 50], 50));
}

#[tokio::test]
async fn where_security_hub_is_not_enabled_nothing_else_is_tried() {
    let message = "Account 999999999999 is not subscribed to AWS Security Hub";
    let hub = refused(AwsError::answered("securityhub:BatchImportFindings", "InvalidAccessException", message));
    let Import::NotEnabled { message: said } = import(&hub, numbered(150)).await else { panic!() };
    assert!(said.contains(message), "{said}");
    assert_eq!(hub.batches(), [100]);
}

fn event(number: usize, length: usize) -> Event {
    Event {
        source: "secure-mlops",
        detail_type: Transition::DETAIL_TYPE,
        resources: vec![format!("arn-{number}")],
        time: at("2026-03-01T10:00:00Z"),
        detail: "x".repeat(length),
    }
}

fn events(count: usize, length: usize) -> Vec<Event> {
    (0..count).map(|number| event(number, length)).collect()
}

#[tokio::test]
async fn events_go_in_batches_of_ten_and_of_256_kilobytes() {
    let bus = EventBusInMemory::new();
    assert_eq!(publish(&bus, events(23, 10)).await, []);
    assert_eq!((bus.batches(), bus.events()), (vec![10, 10, 3], events(23, 10)));
    let bus = EventBusInMemory::new();
    assert_eq!(publish(&bus, events(5, 100 * 1024)).await, []);
    assert_eq!(bus.batches(), [2, 2, 1]);
}

#[tokio::test]
async fn an_event_is_sent_again_where_that_may_help() {
    let refusal = |code: &str| RefusedEvent { code: code.to_owned(), message: "no".to_owned() };
    let bus = EventBusInMemory::new();
    bus.refuse(vec![refusal("NotAuthorizedForSourceException"), refusal("ThrottlingException")]);
    let unsent = publish(&bus, events(4, 10)).await;
    assert_eq!(unsent.len(), 1);
    assert_eq!((&unsent[0].event, unsent[0].refused.code.as_str()), (&event(1, 10), "NotAuthorizedForSourceException"));
    assert_eq!((bus.batches(), bus.events()), (vec![4, 1], vec![event(2, 10), event(3, 10), event(0, 10)]));

    let bus = EventBusInMemory::new();
    bus.refuse(vec![refusal("InternalFailure"); 3]);
    let unsent = publish(&bus, events(1, 10)).await;
    assert_eq!((unsent[0].refused.code.as_str(), bus.batches()), ("InternalFailure", vec![1, 1, 1]));
}

#[test]
fn a_transition_says_everything_that_a_message_is_made_of() {
    let (hub, record) = (hub(), record(Kind::NotebookInstance));
    let transition = Transition::new(&hub, internet(), &record, Some(&Verdict::Pass), &exempt());
    let event = transition.event(&hub).unwrap();
    assert_eq!((event.source, event.detail_type), ("secure-mlops", "Control Finding State Change"));
    assert_eq!(event.resources, std::slice::from_ref(&record.arn));
    assert_eq!(event.time, at("2026-03-01T10:00:00Z"));
    let detail: Value = serde_json::from_str(&event.detail).unwrap();
    assert_eq!(
        detail,
        json!({
            "platformName": "mlops", "control": "notebook-no-direct-internet", "title": internet().title, "severity": "HIGH",
            "kind": "NotebookInstance", "resource": record.arn, "name": "churn", "account": "111111111111",
            "region": "eu-central-1", "from": "pass", "to": "fail", "reason": "DirectInternetAccess is \"Enabled\"",
            "exemption": {"owner": "ml-platform@example.com", "reason": "driver tests until the image has them",
                          "expires": "2027-03-31"},
            "actor": "arn:aws:sts::111111111111:assumed-role/scientist/session",
            "eventId": "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0", "findingId": hub.finding_id(internet(), &record),
            "at": "2026-03-01T10:00:00Z"
        })
    );
    assert_eq!(serde_json::from_value::<Transition>(detail).unwrap(), transition);

    let first = Transition::new(&hub, internet(), &record, None, &verdict(Verdict::Fail("é\n".repeat(9000))));
    let detail: Value = serde_json::from_str(&first.event(&hub).unwrap().detail).unwrap();
    assert_eq!((&detail["from"], &detail["exemption"]), (&Value::Null, &Value::Null));
    assert_eq!(detail["reason"].as_str().unwrap().chars().count(), 1024);

    let gone = Transition::gone(&hub, internet(), &record, &failed(), at("2026-03-03T10:00:00Z"));
    assert_eq!((gone.from.as_deref(), gone.to.as_str(), gone.reason), (Some("fail"), "gone", None));
    assert_eq!(gone.at, at("2026-03-03T10:00:00Z"));
}

#[test]
fn a_transition_tells_how_bad_a_failure_of_its_control_is() {
    let record = record(Kind::NotebookInstance);
    let said: Vec<Severity> =
        CONTROLS.iter().map(|control| Transition::new(&hub(), control, &record, None, &failed()).severity).collect();
    assert!(said.iter().eq(CONTROLS.iter().map(|control| &control.severity)));
}

#[test]
fn a_correction_says_what_is_done_and_how_far_it_is() {
    let change = CorrectionChange {
        control: "notebook-no-direct-internet".to_owned(),
        resource: "arn".to_owned(),
        account: ACCOUNT.to_owned(),
        region: "eu-central-1".to_owned(),
        action: Action::Stop,
        mode: CorrectionMode::DryRun,
        state: CorrectionState::WouldDo,
        due: at("2026-03-02T10:00:00Z"),
        reason: None,
        evidence: Some("s3://bucket/evidence/x.json".to_owned()),
        at: at("2026-03-02T10:00:01Z"),
    };
    let event = change.event(&hub()).unwrap();
    assert_eq!((event.source, event.detail_type), ("secure-mlops", "Control Correction State Change"));
    assert_eq!(
        serde_json::from_str::<Value>(&event.detail).unwrap(),
        json!({"platformName": "mlops", "control": "notebook-no-direct-internet", "resource": "arn", "account": ACCOUNT,
               "region": "eu-central-1", "action": "stop", "mode": "dryRun", "state": "wouldDo",
               "due": "2026-03-02T10:00:00Z", "reason": null, "evidence": "s3://bucket/evidence/x.json",
               "at": "2026-03-02T10:00:01Z"})
    );
}
