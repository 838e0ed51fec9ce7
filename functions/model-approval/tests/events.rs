//! How an event is read, what it is about, and whether that is a decision.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failed assumption of a test is a failed test"
)]

mod hub;

use hub::{Hub, arn, deliver, event, principal, said, time};
use model_approval::Error;
use serde_json::{Value, json};

#[tokio::test]
async fn the_request_says_who_decided_and_when() {
    // What the event says of its time, when the registry says the version changed last, and what the request says.
    let exact = time(20) + 123;
    let rows = [
        (json!(exact), exact, exact, Some("bob")),
        (json!("2026-01-05T08:20:00.123Z"), exact, exact, Some("bob")),
        (json!("2026-01-05T08:20:00Z"), exact, time(20), Some("bob")),
        (json!("2026-01-05T09:20:00+01:00"), exact, time(20), Some("bob")),
        (json!(null), exact, exact, Some("bob")),
        (json!("yesterday"), exact, exact, Some("bob")),
        (json!(exact), time(30), exact, None),
    ];
    for (said, changed, at, by) in rows {
        let hub = Hub::registered(json!({}));
        hub.registry_says(2, "Approved", 20);
        hub.state().packages.get_mut(&arn(2)).unwrap().last_modified = changed;
        let mut event = event(2, "Approved", 20);
        event["detail"]["LastModifiedTime"] = said.clone();
        deliver(&hub, &event).await.unwrap();
        let approval = hub.last_request().approval;
        assert_eq!(approval.id, at.to_string(), "{said}");
        let in_words = if at == exact { "2026-01-05T08:20:00.123Z" } else { "2026-01-05T08:20:00Z" };
        assert_eq!(approval.time.as_deref(), Some(in_words), "{said}");
        assert_eq!(approval.by, by.map(|by| principal(by).to_string()), "{said}");
        assert_eq!(approval.registered_by, Some(principal("ann").to_string()), "{said}");
    }
}

#[tokio::test]
async fn an_edit_is_no_decision() {
    let rows = [
        (json!(["CustomerMetadataProperties"]), "edited"),
        (json!(["ModelLifeCycle", "sourceUri"]), "edited"),
        (json!(["SomethingNew"]), "edited"),
        (json!(["CustomerMetadataProperties", "ModelApprovalStatus"]), "deploymentStarted"),
        (json!(["modelApprovalStatus"]), "deploymentStarted"),
        (json!(["ApprovalDescription"]), "deploymentStarted"),
        (json!([]), "deploymentStarted"),
        (json!(null), "deploymentStarted"),
        (json!("ModelLifeCycle"), "deploymentStarted"),
    ];
    for (fields, expected) in rows {
        let hub = Hub::registered(json!({}));
        hub.registry_says(2, "Approved", 20);
        let mut event = event(2, "Approved", 20);
        event["detail"]["UpdatedModelPackageFields"] = fields.clone();
        assert_eq!(said(&deliver(&hub, &event).await.unwrap()), expected, "{fields}");
        assert_eq!(hub.state().calls.is_empty(), expected == "edited", "{fields}");
    }
}

#[tokio::test]
async fn what_is_nobodys_decision_is_ignored_and_costs_little() {
    let alone = json!("arn:aws:sagemaker:eu-west-1:111111111111:model-package/alone");
    let mut outside_every_group = event(1, "Approved", 20);
    outside_every_group["detail"]["ModelPackageArn"] = alone;
    let rows = [
        (outside_every_group, "notVersioned", 0),
        (event(1, "PendingManualApproval", 20), "notDecided", 0),
        (event(1, "SomethingNew", 20), "notDecided", 0),
        (event(1, "Approved", 20), "notRegistered", 1),
        (event(1, "Rejected", 20), "notRegistered", 1),
    ];
    for (event, expected, calls) in rows {
        let hub = Hub::default();
        assert_eq!(said(&deliver(&hub, &event).await.unwrap()), expected);
        assert_eq!(hub.state().calls, ["ssm:GetParameters"][..calls], "{expected}");
    }
}

#[tokio::test]
async fn the_group_is_looked_up_as_the_registry_spells_it() {
    let hub = Hub::default();
    let registration = Hub::registered(json!({})).state().parameters["/mlops/deployments/churn/registration"].clone();
    hub.put("/mlops/deployments/Churn/registration", &registration);
    hub.registry_says(2, "Approved", 20);
    let mut event = event(2, "Approved", 20);
    event["detail"]["ModelPackageGroupName"] = json!("Churn");
    assert_eq!(said(&deliver(&hub, &event).await.unwrap()), "deploymentStarted");
    assert_eq!(hub.last_request().group().as_str(), "Churn");
}

#[tokio::test]
async fn a_repeated_key_as_the_service_sends_it_is_read() {
    let hub = Hub::registered(json!({}));
    hub.registry_says(2, "Approved", 20);
    let text = event(2, "Approved", 20).to_string().replacen('{', r#"{"source": ["aws.sagemaker"], "#, 1);
    assert_eq!(text.matches(r#""source""#).count(), 2);
    let outcome = deliver(&hub, &serde_json::from_str(&text).unwrap()).await.unwrap();
    assert_eq!(said(&outcome), "deploymentStarted");
}

#[tokio::test]
async fn the_sample_events_are_decided() {
    let samples = [
        (include_str!("../../../events/model-approval-pending.json"), "PendingManualApproval", "notDecided"),
        (include_str!("../../../events/model-approval-approved.json"), "Approved", "deploymentStarted"),
        (include_str!("../../../events/model-approval-edited.json"), "Approved", "edited"),
        (include_str!("../../../events/model-approval-rejected.json"), "Rejected", "rejectionStarted"),
    ];
    let hub = Hub::registered(json!({"separationOfDuties": true}));
    for (sample, status, expected) in samples {
        let event: Value = serde_json::from_str(sample).unwrap();
        let at = event["time"].as_str().unwrap().get(11..13).unwrap().parse::<i64>().unwrap() * 60 - 480;
        hub.registry_says(1, status, at);
        assert_eq!(said(&deliver(&hub, &event).await.unwrap()), expected, "{sample}");
    }
}

#[tokio::test]
async fn every_fault_of_an_event_is_named_at_once() {
    let foreign = "arn:aws:sagemaker:eu-central-1:999999999999:model-package/churn/1";
    let rows: [(Value, &[&str]); 7] = [
        (json!("text"), &["detail.ModelPackageArn is missing", "detail.ModelApprovalStatus is missing"]),
        (json!({"detail": {"ModelApprovalStatus": "Approved"}}), &["detail.ModelPackageArn is missing"]),
        (json!({"detail": {"ModelPackageArn": arn(1)}}), &["detail.ModelApprovalStatus is missing"]),
        (
            json!({"detail": {"ModelPackageArn": "churn/1", "ModelApprovalStatus": 7}}),
            &["detail.ModelPackageArn is \"churn/1\": expected", "detail.ModelApprovalStatus is 7: expected a string"],
        ),
        (
            json!({"detail": {"ModelPackageArn": 1, "ModelApprovalStatus": "Approved"}}),
            &["detail.ModelPackageArn is 1"],
        ),
        (
            json!({"account": "999999999999", "detail": {"ModelPackageArn": foreign, "ModelApprovalStatus": "Approved"}}),
            &["names account 999999999999", "names region eu-central-1", "account is \"999999999999\""],
        ),
        (json!(null), &["detail.ModelPackageArn is missing"]),
    ];
    for (event, expected) in rows {
        let hub = Hub::registered(json!({}));
        let error = deliver(&hub, &event).await.unwrap_err();
        assert!(matches!(error, Error::InvalidEvent(_)), "{event}");
        for part in expected {
            assert!(error.to_string().contains(part), "{event}: {error}");
        }
        assert!(hub.state().calls.is_empty());
    }
}
