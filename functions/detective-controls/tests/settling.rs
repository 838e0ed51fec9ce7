//! What is known, Security Hub and the bus agree with what is there: whatever changes, whoever else looks, wherever an
//! invocation ends.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test that cannot go on should say where"
)]

mod world;

use controls::Kind;
use findings::FailedFinding;
use serde_json::{Value, json};
use world::{HUB, World};

const INTERNET: &str = "notebook-no-direct-internet";

fn changed(name: &str) -> Value {
    json!({
        "source": "aws.sagemaker", "detail-type": "AWS API Call via CloudTrail", "account": HUB, "region": "eu-central-1",
        "detail": {
            "eventSource": "sagemaker.amazonaws.com", "eventName": "UpdateNotebookInstance", "awsRegion": "eu-central-1",
            "recipientAccountId": HUB, "eventID": "e-1", "requestParameters": {"notebookInstanceName": name},
            "userIdentity": {"arn": "arn:aws:iam::111111111111:user/intern"},
        },
    })
}

fn lab(world: &World, internet: &str) -> String {
    world.make(
        HUB,
        Kind::NotebookInstance,
        "Lab",
        json!({"NotebookInstanceStatus": "InService", "DirectInternetAccess": internet}),
    )
}

fn heard(pairs: &[(Option<&str>, &str)]) -> Vec<(Option<String>, String)> {
    pairs.iter().map(|(from, to)| (from.map(str::to_owned), (*to).to_owned())).collect()
}

#[tokio::test]
async fn a_failure_is_told_once_and_so_is_its_end() {
    let world = World::default();
    let arn = lab(&world, "Enabled");
    for _ in 0..3 {
        world.invoke(changed("Lab")).await.unwrap();
    }
    assert_eq!(world.heard(INTERNET, &arn), heard(&[(None, "fail")]));
    assert_eq!(world.finding(INTERNET, &arn), Some(("FAILED".to_owned(), "ACTIVE".to_owned())));
    let first = world.record(HUB, &arn).await.unwrap().verdicts[INTERNET].clone();
    assert_eq!(first.first_failed, Some(first.since));

    world.change(&arn, json!({"DirectInternetAccess": "Disabled"}));
    world.invoke(changed("Lab")).await.unwrap();
    assert_eq!(world.heard(INTERNET, &arn)[1..], heard(&[(Some("fail"), "pass")]));
    let now = world.record(HUB, &arn).await.unwrap().verdicts[INTERNET].clone();
    assert!(now.since > first.since && now.first_failed == first.first_failed, "{now:?}");
    world.assert_agreement(HUB, "mended").await;
}

#[tokio::test]
async fn what_passes_is_imported_but_no_event() {
    let world = World::default();
    let arn = lab(&world, "Disabled");
    world.invoke(changed("Lab")).await.unwrap();
    assert_eq!(world.heard(INTERNET, &arn), []);
    assert_eq!(world.finding(INTERNET, &arn), Some(("PASSED".to_owned(), "ACTIVE".to_owned())));
    // What does not apply has no finding, and closes the one it had.
    assert_eq!(world.finding("notebook-idle", &arn), None);
    world.change(&arn, json!({"NotebookInstanceStatus": "Deleting"}));
    world.invoke(changed("Lab")).await.unwrap();
    assert_eq!(world.finding(INTERNET, &arn), Some(("PASSED".to_owned(), "ARCHIVED".to_owned())));
    world.assert_agreement(HUB, "leaving").await;
}

#[tokio::test]
async fn an_exemption_is_told_when_it_begins_and_when_it_ends() {
    let world = World::default();
    let arn = lab(&world, "Enabled");
    world.invoke(changed("Lab")).await.unwrap();
    let exemption = json!({"control": INTERNET, "resource": arn, "owner": "lab team", "reason": "drivers", "expires": "2026-11-10"});
    world.configure(json!({"exemptions": [exemption]}));
    world.invoke(changed("Lab")).await.unwrap();
    assert_eq!(world.finding(INTERNET, &arn), Some(("WARNING".to_owned(), "ACTIVE".to_owned())));
    world.assert_agreement(HUB, "exempt").await;
    world.pass_days(10);
    world.invoke(changed("Lab")).await.unwrap();
    let expected = [(None, "fail"), (Some("fail"), "exempt"), (Some("exempt"), "fail")];
    assert_eq!(world.heard(INTERNET, &arn), heard(&expected));
    world.assert_agreement(HUB, "over").await;
}

#[tokio::test]
async fn a_control_that_is_turned_off_closes_its_findings() {
    let world = World::default();
    let arn = lab(&world, "Enabled");
    world.invoke(changed("Lab")).await.unwrap();
    world.configure(json!({"disabled": [INTERNET]}));
    world.invoke(changed("Lab")).await.unwrap();
    assert_eq!(world.finding(INTERNET, &arn), Some(("PASSED".to_owned(), "ARCHIVED".to_owned())));
    assert!(!world.record(HUB, &arn).await.unwrap().verdicts.contains_key(INTERNET));
    assert_eq!(world.heard(INTERNET, &arn)[1..], heard(&[(Some("fail"), "notApplicable")]));
    world.assert_agreement(HUB, "turned off").await;
}

#[tokio::test]
async fn what_is_gone_is_archived_and_forgotten() {
    let world = World::default();
    let arn = lab(&world, "Enabled");
    world.invoke(changed("Lab")).await.unwrap();
    world.delete(&arn);
    world.invoke(changed("Lab")).await.unwrap();
    assert_eq!(world.record(HUB, &arn).await, None);
    assert_eq!(world.heard(INTERNET, &arn)[1..], heard(&[(Some("fail"), "gone")]));
    world.assert_agreement(HUB, "gone").await;
    // Nothing is known of it any more, and an event that comes again finds nothing.
    let events = world.bus.events().len();
    let answer = world.invoke(changed("Lab")).await.unwrap();
    assert_eq!((answer["missing"].as_u64(), world.bus.events().len()), (Some(1), events));
}

/// One of the same name that was made later is another one: it has its own first failure.
#[tokio::test]
async fn one_that_was_made_anew_is_another_one() {
    let world = World::default();
    let arn = lab(&world, "Enabled");
    world.invoke(changed("Lab")).await.unwrap();
    let first = world.record(HUB, &arn).await.unwrap().verdicts[INTERNET].since;
    world.delete(&arn);
    lab(&world, "Enabled");
    world.invoke(changed("Lab")).await.unwrap();
    let verdict = world.record(HUB, &arn).await.unwrap().verdicts[INTERNET].clone();
    assert!(verdict.since > first && verdict.first_failed == Some(verdict.since), "{verdict:?}");
    assert_eq!(world.heard(INTERNET, &arn), heard(&[(None, "fail"), (None, "fail")]));
    world.delete(&arn);
    lab(&world, "Disabled");
    world.invoke(changed("Lab")).await.unwrap();
    assert_eq!(world.heard(INTERNET, &arn)[2..], heard(&[(Some("fail"), "pass")]));
    world.assert_agreement(HUB, "made anew").await;
}

/// Security Hub forgets what nobody imports for long.
#[tokio::test]
async fn findings_are_imported_again_before_they_are_forgotten() {
    let world = World::default();
    let arn = lab(&world, "Enabled");
    world.invoke(changed("Lab")).await.unwrap();
    let imported = |world: &World| world.findings.lock().unwrap().values().next().unwrap()["UpdatedAt"].clone();
    let first = imported(&world);
    world.pass_days(29);
    world.invoke(changed("Lab")).await.unwrap();
    assert_eq!(imported(&world), first);
    world.pass_days(2);
    world.invoke(changed("Lab")).await.unwrap();
    assert_ne!(imported(&world), first);
    assert_eq!(world.heard(INTERNET, &arn).len(), 1);
    world.assert_agreement(HUB, "fresh").await;
}

#[tokio::test]
async fn without_security_hub_everything_else_goes_on() {
    let mut world = World::default();
    world.settings.security_hub = false;
    let arn = lab(&world, "Enabled");
    world.invoke(changed("Lab")).await.unwrap();
    assert!(world.findings.lock().unwrap().is_empty());
    assert_eq!(world.heard(INTERNET, &arn), heard(&[(None, "fail")]));
    // Turned on later, it hears of everything.
    world.settings.security_hub = true;
    *world.hub_enabled.lock().unwrap() = false;
    world.invoke(changed("Lab")).await.unwrap();
    assert!(world.findings.lock().unwrap().is_empty());
    *world.hub_enabled.lock().unwrap() = true;
    world.invoke(changed("Lab")).await.unwrap();
    assert_eq!(world.heard(INTERNET, &arn).len(), 1);
    world.assert_agreement(HUB, "turned on").await;
}

#[tokio::test(start_paused = true)]
async fn what_was_not_taken_is_said_and_told_again() {
    let world = World::default();
    let arn = lab(&world, "Enabled");
    let id = format!("mlops/{HUB}/eu-central-1/{INTERNET}/{arn}");
    let refusal = || FailedFinding { id: id.clone(), code: "InvalidInput".to_owned(), message: "too long".to_owned() };
    *world.refused_findings.lock().unwrap() = vec![refusal()];
    let error = world.invoke(changed("Lab")).await.unwrap_err();
    assert_eq!(error.error_type(), "Untold");
    assert!(error.to_string().contains("InvalidInput too long"), "{error}");
    assert!(world.record(HUB, &arn).await.unwrap().untold.contains_key(INTERNET));
    world.invoke(changed("Lab")).await.unwrap();
    assert_eq!(world.heard(INTERNET, &arn).len(), 1, "the bus has heard of it");

    world.change(&arn, json!({"DirectInternetAccess": "Disabled"}));
    let refused =
        findings::RefusedEvent { code: "NotAuthorizedForSourceException".to_owned(), message: "no".to_owned() };
    world.bus.refuse(vec![refused]);
    assert_eq!(world.invoke(changed("Lab")).await.unwrap_err().error_type(), "Untold");
    world.invoke(changed("Lab")).await.unwrap();
    assert_eq!(world.heard(INTERNET, &arn)[1..], heard(&[(Some("fail"), "pass")]));
    world.assert_agreement(HUB, "told").await;
}

#[tokio::test]
async fn what_cannot_be_read_fails_the_event_and_what_is_needed_beside_it_does_not() {
    let world = World::default();
    let arn = lab(&world, "Enabled");
    world.change(&arn, json!({"KmsKeyId": "k-1", "RoleArn": "arn:aws:iam::111111111111:role/Lab"}));
    world.refuse("kms:DescribeKey", "AccessDeniedException", "no");
    world.invoke(changed("Lab")).await.unwrap();
    let record = world.record(HUB, &arn).await.unwrap();
    assert_eq!(record.verdicts["volume-key-customer-managed"].verdict.word(), "unknown");
    assert_eq!(record.verdicts["execution-role-not-administrator"].verdict.word(), "pass");
    world.refuse("sagemaker:DescribeNotebookInstance", "AccessDeniedException", "not authorized");
    let error = world.invoke(changed("Lab")).await.unwrap_err();
    assert_eq!(error.error_type(), "Unread");
    let message = error.to_string();
    assert!(message.contains("sagemaker:DescribeNotebookInstance answered AccessDeniedException"), "{message}");
    assert_eq!(world.record(HUB, &arn).await.unwrap(), record, "nothing is decided");
}

#[tokio::test]
async fn an_invalid_configuration_stops_everything_and_names_its_faults() {
    let world = World::default();
    lab(&world, "Enabled");
    world.configure(json!({"disabled": ["no-such-control"], "exemptions": [{}]}));
    let error = world.invoke(changed("Lab")).await.unwrap_err();
    assert_eq!(error.error_type(), "InvalidConfiguration");
    let message = error.to_string();
    assert!(message.contains("$.disabled[0]") && message.contains("$.exemptions[0]"), "{message}");
    assert!(world.asked.lock().unwrap().is_empty() && world.records.ids().is_empty());
}

/// What happens to the resource before the event is delivered again.
#[derive(Debug, Clone, Copy)]
enum Then {
    Nothing,
    Mended,
    Broken,
    Deleted,
    MadeAnew,
}

/// Ended at each call, in each of several states, with each of several things happening before the event comes again.
#[tokio::test(start_paused = true)]
async fn ended_anywhere_and_repeated_it_ends_the_same() {
    let mut ends = 0;
    for before in ["nothing known", "passed", "failed", "gone"] {
        for then in [Then::Nothing, Then::Mended, Then::Broken, Then::Deleted, Then::MadeAnew] {
            for call in 0.. {
                let world = World::default();
                let arn = lab(&world, if before == "passed" { "Disabled" } else { "Enabled" });
                match before {
                    "nothing known" => {}
                    "passed" => {
                        world.invoke(changed("Lab")).await.unwrap();
                        world.change(&arn, json!({"DirectInternetAccess": "Enabled"}));
                    }
                    "failed" => {
                        world.invoke(changed("Lab")).await.unwrap();
                        world.change(&arn, json!({"DirectInternetAccess": "Disabled"}));
                    }
                    _ => {
                        world.invoke(changed("Lab")).await.unwrap();
                        world.delete(&arn);
                    }
                }
                let what = format!("{before}, ended at {call}, then {then:?}");
                if !world.invoke_and_end_at(changed("Lab"), call).await {
                    assert!(call > 5, "{what}");
                    break;
                }
                ends += 1;
                match then {
                    Then::Nothing => {}
                    Then::Mended => world.change(&arn, json!({"DirectInternetAccess": "Disabled"})),
                    Then::Broken => world.change(&arn, json!({"DirectInternetAccess": "Enabled"})),
                    Then::Deleted => world.delete(&arn),
                    Then::MadeAnew => {
                        world.delete(&arn);
                        _ = lab(&world, "Enabled");
                    }
                }
                world.invoke(changed("Lab")).await.unwrap();
                world.assert_agreement(HUB, &what).await;
                let last = world.heard(INTERNET, &arn).pop().map(|(_, to)| to);
                let there = world.record(HUB, &arn).await.map(|record| record.verdicts[INTERNET].verdict.word());
                match (there, last.as_deref()) {
                    (Some(word), Some(last)) => {
                        assert!(word == last || (last == "gone" && word == "pass"), "{what}: {word}, {last}");
                    }
                    (Some(word), None) => assert_eq!(word, "pass", "{what}"),
                    (None, last) => assert!(matches!(last, None | Some("gone" | "pass")), "{what}: {last:?}"),
                }
            }
        }
    }
    println!("{ends} ends");
}

/// Two invocations look at the same resource, in every order that chance finds, while it changes between any two calls.
#[tokio::test(start_paused = true)]
async fn two_that_look_at_once_agree() {
    let mut meetings = 0;
    for state in ["Enabled", "Disabled", "gone"] {
        for chance in 0..12 {
            for call in 0.. {
                let world = World::default();
                *world.chance.lock().unwrap() = chance;
                let arn = lab(&world, if state == "Enabled" { "Disabled" } else { "Enabled" });
                if chance % 2 == 0 {
                    world.invoke(changed("Lab")).await.unwrap();
                }
                let of = arn.clone();
                *world.meanwhile.lock().unwrap() = Some((
                    call,
                    Box::new(move |world: &World| match state {
                        "gone" => world.delete(&of),
                        _ => world.change(&of, json!({"DirectInternetAccess": state})),
                    }),
                ));
                let (one, two) = tokio::join!(world.invoke(changed("Lab")), world.invoke(changed("Lab")));
                let what = format!("{state} at {call}, chance {chance}");
                one.unwrap_or_else(|error| panic!("{what}: {error}"));
                two.unwrap_or_else(|error| panic!("{what}: {error}"));
                let happened = world.meanwhile.lock().unwrap().take().is_none();
                // The event of that change.
                world.invoke(changed("Lab")).await.unwrap();
                world.assert_agreement(HUB, &what).await;
                if !happened {
                    break;
                }
                meetings += 1;
            }
        }
    }
    println!("{meetings} meetings");
    assert!(meetings > 300, "{meetings}");
}
