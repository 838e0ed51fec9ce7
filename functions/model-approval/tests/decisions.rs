//! What each event comes to, against an in-memory registry, parameter store and state machine.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failed assumption of a test is a failed test"
)]

mod hub;

use deployment::RequestKind::{Approval, Rejection};
use hub::{Hub, STAGES, arn, deliver, event, principal, said, time};
use lambda_runtime::Diagnostic;
use model_approval::{Error, User};
use serde_json::{Value, json};

/// Stages and what they run, each by an approval at time 0.
fn live(hub: &Hub, versions: [u32; 2]) {
    for (stage, version) in STAGES.into_iter().zip(versions) {
        hub.live(stage, version, time(0));
    }
}

type Given = fn(&Hub);
/// What is given, what it is, what the event comes to, and how many executions it starts.
type Row = (&'static str, Given, &'static str, usize);

/// Every row's event is the decision on version 2 at time 20, which is what the registry says too.
async fn check(rows: &[Row], status: &str, registration: Value) {
    for (what, given, expected, started) in rows {
        let hub = Hub::registered(registration.clone());
        hub.registry_says(2, status, 20);
        given(&hub);
        let before = hub.runs();
        let outcome = deliver(&hub, &event(2, status, 20)).await.unwrap();
        assert_eq!((said(&outcome).as_str(), hub.runs() - before), (*expected, *started), "{what}");
        if *started > 0 {
            let request = hub.last_request();
            assert_eq!(request.model_package_arn.as_str(), arn(2), "{what}");
            assert_eq!(request.kind, if status == "Approved" { Approval } else { Rejection }, "{what}");
        }
    }
}

#[tokio::test]
async fn approvals() {
    let rows: &[Row] = &[
        ("nothing is live", |_| {}, "deploymentStarted", 1),
        ("an older version is live", |hub| live(hub, [1, 1]), "deploymentStarted", 1),
        ("a newer version is live", |hub| live(hub, [3, 3]), "rollBackStarted", 1),
        ("a newer version is live in the first stage only", |hub| live(hub, [3, 2]), "deploymentStarted", 1),
        ("it is live in the first stage only", |hub| live(hub, [2, 1]), "deploymentStarted", 1),
        ("it is live by this approval", |hub| hub.live_everywhere(2, time(20)), "live", 0),
        ("it is live by an earlier approval", |hub| live(hub, [2, 2]), "deploymentStarted", 1),
        (
            "it is live by an earlier approval in the last stage",
            |hub| {
                hub.live(STAGES[0], 2, time(20));
                hub.live(STAGES[1], 2, time(0));
            },
            "deploymentStarted",
            1,
        ),
        (
            "it is live by this approval, and other executions are none of the group's",
            |hub| {
                hub.live_everywhere(2, time(20));
                hub.run("nightly", "{}");
                hub.run("churn-x-v3-0123abcd", "{}");
            },
            "live",
            0,
        ),
        (
            "it is live, and another version is under way by an earlier approval",
            |hub| {
                live(hub, [2, 2]);
                hub.serves(Approval, 3, 10);
            },
            "deploymentStarted",
            1,
        ),
        (
            "it is live, was rejected, and is being taken back",
            |hub| {
                live(hub, [2, 2]);
                hub.serves(Rejection, 2, 10);
            },
            "deploymentStarted",
            1,
        ),
        (
            "it is under way by an earlier approval",
            |hub| {
                hub.serves(Approval, 2, 10);
            },
            "underWay",
            0,
        ),
        (
            "it is under way, and another version's rejection after it",
            |hub| {
                hub.serves(Approval, 2, 10);
                hub.serves(Rejection, 1, 15);
            },
            "underWay",
            0,
        ),
        (
            "it is under way, and another version after it",
            |hub| {
                hub.serves(Approval, 2, 10);
                hub.serves(Approval, 3, 15);
            },
            "deploymentStarted",
            1,
        ),
        (
            "it is under way, and its rejection after it",
            |hub| {
                hub.serves(Approval, 2, 10);
                hub.serves(Rejection, 2, 15);
            },
            "deploymentStarted",
            1,
        ),
        (
            "another version is under way by a later approval",
            |hub| {
                hub.serves(Approval, 3, 30);
                hub.registry_says(3, "Approved", 30);
            },
            "superseded",
            0,
        ),
        (
            "another version is under way by a later approval, and was rejected since",
            |hub| {
                hub.serves(Approval, 3, 30);
                hub.registry_says(3, "Rejected", 40);
            },
            "deploymentStarted",
            1,
        ),
        (
            "another version is under way by a later approval, and was deleted since",
            |hub| {
                hub.serves(Approval, 3, 30);
            },
            "deploymentStarted",
            1,
        ),
        (
            "another version is under way by hand",
            |hub| {
                hub.run("churn-v3-0123abcd", r#"{"by": "hand"}"#);
                hub.registry_says(3, "Approved", 30);
            },
            "deploymentStarted",
            1,
        ),
        (
            "an older version was approved later, to go back, and is live",
            |hub| {
                hub.live_everywhere(1, time(30));
                hub.registry_says(1, "Approved", 35);
            },
            "superseded",
            0,
        ),
        (
            "another version was approved later, is live, and was rejected since",
            |hub| {
                hub.live_everywhere(3, time(30));
                hub.registry_says(3, "Rejected", 40);
            },
            "rollBackStarted",
            1,
        ),
        (
            "it is under way by this approval",
            |hub| {
                hub.serves(Approval, 2, 20);
            },
            "deploymentStarted",
            0,
        ),
        (
            "the execution of this approval has ended",
            |hub| {
                hub.serves(Approval, 2, 20);
                hub.end_all();
            },
            "endedBefore",
            0,
        ),
        (
            "an earlier approval's execution has ended and left nothing",
            |hub| {
                hub.serves(Approval, 2, 10);
                hub.end_all();
            },
            "deploymentStarted",
            1,
        ),
        (
            "a record cannot be read",
            |hub| {
                live(hub, [2, 2]);
                hub.put("/mlops/deployments/churn/live/prod", "{}");
            },
            "deploymentStarted",
            1,
        ),
    ];
    check(rows, "Approved", json!({})).await;
}

#[tokio::test]
async fn rejections() {
    let always: &[Row] = &[
        ("it is nowhere", |_| {}, "notLive", 0),
        ("another version is live", |hub| live(hub, [1, 1]), "notLive", 0),
        (
            "another version is under way",
            |hub| {
                hub.serves(Approval, 3, 10);
            },
            "notLive",
            0,
        ),
        (
            "it is under way",
            |hub| {
                hub.serves(Approval, 2, 10);
            },
            "rejectionStarted",
            1,
        ),
        (
            "it is under way, and another version after it",
            |hub| {
                hub.serves(Approval, 2, 10);
                hub.serves(Approval, 3, 15);
            },
            "rejectionStarted",
            1,
        ),
        (
            "it is under way again after an earlier rejection",
            |hub| {
                hub.serves(Rejection, 2, 5);
                hub.serves(Approval, 2, 10);
            },
            "rejectionStarted",
            1,
        ),
        (
            "it is under way, and an earlier rejection after it",
            |hub| {
                hub.serves(Approval, 2, 5);
                hub.serves(Rejection, 2, 10);
            },
            "underWay",
            0,
        ),
        (
            "it is being taken back by this rejection",
            |hub| {
                live(hub, [2, 2]);
                hub.serves(Rejection, 2, 20);
            },
            "rejectionStarted",
            0,
        ),
    ];
    check(always, "Rejected", json!({})).await;
    check(always, "Rejected", json!({"rollbackOnReject": true})).await;
    let live_version: [(_, Given); 3] = [
        ("it is live", |hub| live(hub, [2, 2])),
        ("it is live in one stage", |hub| live(hub, [2, 1])),
        ("it is live in one stage, and another's record cannot be read", |hub| {
            live(hub, [1, 2]);
            hub.put("/mlops/deployments/churn/live/staging", "{}");
        }),
    ];
    check(&live_version.map(|(what, given)| (what, given, "stays", 0)), "Rejected", json!({})).await;
    let rolls_back = json!({"rollbackOnReject": true});
    check(&live_version.map(|(what, given)| (what, given, "rejectionStarted", 1)), "Rejected", rolls_back).await;
}

#[tokio::test]
async fn a_rejection_is_not_decided_by_records_that_cannot_be_read() {
    let hub = Hub::registered(json!({"rollbackOnReject": true}));
    hub.registry_says(2, "Rejected", 20);
    hub.put("/mlops/deployments/churn/live/staging", "nothing");
    hub.put("/mlops/deployments/churn/live/prod", r#"{"version": 2}"#);
    let error = deliver(&hub, &event(2, "Rejected", 20)).await.unwrap_err();
    let text = error.to_string();
    for part in ["version 2", "/live/staging is not", "/live/prod is not", "missing field", "approve the version"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!((Diagnostic::from(error).error_type.as_str(), hub.runs()), ("InvalidRecords", 0));
}

#[tokio::test]
async fn the_same_decision_again_is_answered_with_the_same_execution() {
    for (status, rest) in [("Approved", "deploymentStarted"), ("Rejected", "rejectionStarted")] {
        let hub = Hub::registered(json!({"rollbackOnReject": true}));
        hub.registry_says(2, status, 20);
        if status == "Rejected" {
            live(&hub, [2, 2]);
        }
        let first = deliver(&hub, &event(2, status, 20)).await.unwrap();
        assert_eq!(said(&first), rest);
        assert_eq!(deliver(&hub, &event(2, status, 20)).await.unwrap(), first);
        // The version changed in the meantime: the event is still that of the one decision.
        hub.registry_says(2, status, 25);
        assert_eq!(deliver(&hub, &event(2, status, 20)).await.unwrap(), first);
        hub.end_all();
        assert_eq!(said(&deliver(&hub, &event(2, status, 20)).await.unwrap()), "endedBefore");
        assert_eq!(hub.runs(), 1, "{status}");
    }
}

#[tokio::test]
async fn a_failed_deployment_is_tried_again_by_a_new_approval_only() {
    let hub = Hub::registered(json!({}));
    hub.registry_says(2, "Approved", 20);
    deliver(&hub, &event(2, "Approved", 20)).await.unwrap();
    hub.end_all();
    hub.registry_says(2, "Approved", 30);
    assert_eq!(said(&deliver(&hub, &event(2, "Approved", 30)).await.unwrap()), "deploymentStarted");
    assert_eq!(hub.runs(), 2);
}

#[tokio::test]
async fn duties_are_separated_where_the_registration_says_so() {
    let (ann, bob) = (Some(principal("ann")), Some(principal("bob")));
    let profile = User {
        profile: Some("arn:aws:sagemaker:eu-west-1:111111111111:user-profile/d-1/ann".to_owned()),
        ..principal("SageMaker")
    };
    // Who registered, who changed last, when, and what the error says; nothing: the version is deployed.
    type Row = (Option<User>, Option<User>, i64, &'static [&'static str]);
    let rows: [Row; 7] = [
        (ann.clone(), bob.clone(), 20, &[]),
        (Some(profile.clone()), bob.clone(), 20, &[]),
        (
            ann.clone(),
            ann.clone(),
            20,
            &[
                "version 2 of churn",
                "registered by arn:aws:sts::111111111111:assumed-role/people/ann",
                "approved by arn:aws:sts::111111111111:assumed-role/people/ann",
                "another person has to approve it: set its status to PendingManualApproval and approve it again",
            ],
        ),
        (Some(profile.clone()), Some(profile), 20, &["user-profile/d-1/ann and approved by", "another person"]),
        (None, bob.clone(), 20, &["registered by somebody the registry does not name", "register the model again"]),
        (ann.clone(), None, 20, &["approved by somebody the registry does not name", "PendingManualApproval"]),
        // Bob only edited it: who approved is not known any more.
        (ann, bob, 30, &["approved by somebody the registry does not name", "changed after this approval"]),
    ];
    for separated in [true, false] {
        for (registered, changed, at, expected) in &rows {
            let hub = Hub::registered(json!({"separationOfDuties": separated}));
            hub.registry_says(2, "Approved", *at);
            hub.registered_and_changed_by(2, registered, changed);
            match deliver(&hub, &event(2, "Approved", 20)).await {
                Ok(outcome) => {
                    assert!(!separated || expected.is_empty(), "{expected:?}");
                    assert_eq!((said(&outcome).as_str(), hub.runs()), ("deploymentStarted", 1));
                }
                Err(error) => {
                    let text = error.to_string();
                    assert!(separated && !expected.is_empty(), "{text}");
                    for part in *expected {
                        assert!(text.contains(part), "{part}: {text}");
                    }
                    assert_eq!(Diagnostic::from(error).error_type, "SeparationOfDuties");
                    assert_eq!(hub.runs(), 0, "{text}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_rejection_by_who_registered_counts() {
    let hub = Hub::registered(json!({"separationOfDuties": true}));
    hub.registry_says(2, "Rejected", 20);
    let ann = Some(principal("ann"));
    hub.registered_and_changed_by(2, &ann, &ann);
    hub.serves(Approval, 2, 10);
    assert_eq!(said(&deliver(&hub, &event(2, "Rejected", 20)).await.unwrap()), "rejectionStarted");
}

#[tokio::test]
async fn an_event_that_the_registry_has_moved_on_from_decides_nothing() {
    for (status, now) in [("Approved", "Rejected"), ("Rejected", "Approved"), ("Approved", "PendingManualApproval")] {
        let hub = Hub::registered(json!({"rollbackOnReject": true}));
        hub.registry_says(2, now, 30);
        live(&hub, [2, 1]);
        assert_eq!(said(&deliver(&hub, &event(2, status, 20)).await.unwrap()), "outOfDate", "{status} {now}");
        assert_eq!(hub.runs(), 0);
    }
}

#[tokio::test]
async fn a_registration_that_cannot_be_used_is_named_with_its_faults() {
    let hub = Hub::default();
    hub.put("/mlops/deployments/churn/registration", r#"{"stages": []}"#);
    let error = deliver(&hub, &event(1, "Approved", 20)).await.unwrap_err();
    assert!(matches!(error, Error::InvalidRegistration { .. }));
    let text = error.to_string();
    for part in ["/mlops/deployments/churn/registration", "stages", "modelExecutionRoleName", "stackSet"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[tokio::test]
async fn whatever_call_fails_the_event_delivered_again_ends_the_same() {
    for (status, expected) in [("Approved", "rollBackStarted"), ("Rejected", "rejectionStarted")] {
        let operations = [
            "ssm:GetParameters",
            "sagemaker:DescribeModelPackage",
            "states:ListExecutions",
            "states:DescribeExecution",
            "states:StartExecution",
        ];
        for operation in operations {
            if (status, operation) == ("Rejected", "states:DescribeExecution") {
                continue;
            }
            let hub = Hub::registered(json!({"rollbackOnReject": true}));
            hub.registry_says(2, status, 20);
            live(&hub, if status == "Approved" { [3, 3] } else { [2, 2] });
            hub.serves(Approval, 4, 10);
            hub.state().failing = Some((operation, "ThrottlingException"));
            let error = deliver(&hub, &event(2, status, 20)).await.unwrap_err();
            assert!(error.to_string().starts_with(&format!("{operation} answered ThrottlingException")), "{error}");
            hub.state().failing = None;
            assert_eq!(said(&deliver(&hub, &event(2, status, 20)).await.unwrap()), expected, "{operation}");
            assert_eq!(hub.runs(), 2, "{operation}");
        }
    }
}
