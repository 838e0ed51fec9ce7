//! Answers to questions that wait, over an account in memory.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod world;

use deployment::Verdict;
use mlops::{Answered, Command, Error, answer};
use serde_json::json;
use world::{ALICE, BOB, Somebody, TOKEN, World, arguments, package, question};

const PROD: &str = "/secure-mlops/deployments/churn/approval/prod";
const STAGING: &str = "/secure-mlops/deployments/churn/approval/staging";

async fn run(world: &World, somebody: &mut Somebody, line: &str) -> Result<Answered, Error> {
    let arguments = arguments(line);
    let (verdict, question) = match &arguments.command {
        Command::Approve(question) => (Verdict::Approved, question),
        Command::Reject(question) => (Verdict::Rejected, question),
        other => panic!("{other:?}"),
    };
    answer(world, somebody, &arguments.global.platform, question, verdict).await
}

#[tokio::test]
async fn the_answer_says_who_when_and_why() {
    let world = World::new().with(PROD, &question("prod", 7));
    let mut somebody = Somebody::answering(true);
    let answered = run(&world, &mut somebody, "mlops approve --group churn --comment CHG-4711").await.unwrap();
    let sent = world.sent.lock().unwrap().clone();
    let [(token, output)] = sent.as_slice() else { panic!("{sent:?}") };
    assert_eq!(token, TOKEN);
    assert_eq!(*output, json!({"decision": "approved", "by": BOB, "at": answered.decision.at, "comment": "CHG-4711"}));
    assert!(answered.decision.at.ends_with('Z') && answered.decision.at.parse::<mlops::Moment>().is_ok());
    assert_eq!((answered.stage.as_str(), answered.version), ("prod", 7));
    assert_eq!(answered.model_package_arn.as_str(), package(7));
    for shown in ["Version 7 of churn", "prod", "2026-02-03T12:00:00Z", ALICE, "12 accounts", "staging-all.json"] {
        assert!(somebody.shown.contains(shown), "{shown}: {}", somebody.shown);
    }
    assert_eq!(somebody.asked, [format!("Approve version 7 of churn for stage prod as {BOB}?")]);
    assert!(!somebody.shown.contains(TOKEN));

    let mut nobody = Somebody::default();
    let rejected = run(&world, &mut nobody, "mlops reject --group churn --stage prod --yes").await.unwrap();
    assert_eq!(rejected.decision.decision, Verdict::Rejected);
    let (_, output) = world.sent.lock().unwrap().pop().unwrap();
    assert_eq!(output, json!({"decision": "rejected", "by": BOB, "at": rejected.decision.at}));
    assert!(nobody.shown.contains("12 accounts") && nobody.asked.is_empty(), "shown even if nothing is asked");
}

#[tokio::test]
async fn nothing_is_sent_without_a_yes() {
    let world = World::new().with(PROD, &question("prod", 7));
    let declined = run(&world, &mut Somebody::answering(false), "mlops approve --group churn").await.unwrap_err();
    assert!(matches!(declined, Error::NotConfirmed) && declined.exit_code() == 1, "{declined}");
    let nobody = run(&world, &mut Somebody::default(), "mlops approve --group churn").await.unwrap_err();
    assert!(nobody.exit_code() == 2 && nobody.to_string().contains("--yes"), "{nobody}");
    assert!(world.sent.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_question_that_is_meant() {
    let world = World::new().with(PROD, &question("prod", 7)).with(STAGING, &question("staging", 8));
    let error = run(&world, &mut Somebody::default(), "mlops approve --group churn --yes").await.unwrap_err();
    assert_eq!(error.exit_code(), 2);
    assert!(error.to_string().contains("stage prod (version 7), stage staging (version 8)"), "{error}");

    for (line, code) in [
        ("mlops approve --group churn --yes --stage canary", 3),
        ("mlops approve --group churn --yes --stage prod --model-version 8", 3),
        ("mlops approve --group other --yes", 3),
        ("mlops approve --group churn --yes --stage prod --platform other", 3),
    ] {
        let error = run(&world, &mut Somebody::default(), line).await.unwrap_err();
        assert_eq!(error.exit_code(), code, "{line}: {error}");
    }
    assert!(world.sent.lock().unwrap().is_empty());
    let line = "mlops approve --group churn --yes --model-version 8";
    assert_eq!(run(&world, &mut Somebody::default(), line).await.unwrap().stage.as_str(), "staging");
}

#[tokio::test]
async fn who_registered_a_version_does_not_decide_on_it() {
    let line = "mlops approve --group churn --yes";
    let mut world = World::new().with(PROD, &question("prod", 7));
    world.caller = ALICE.replace("Science_01", "Release_02");
    for line in [line, "mlops reject --group churn --yes"] {
        let error = run(&world, &mut Somebody::default(), line).await.unwrap_err();
        assert_eq!(error.exit_code(), 4, "{error}");
        assert!(error.to_string().contains("somebody else has to decide"), "{error}");
    }
    assert!(world.sent.lock().unwrap().is_empty());

    let mut unknown = question("prod", 7);
    unknown.as_object_mut().unwrap().remove("registeredBy");
    let world = world.with(PROD, &unknown);
    let error = run(&world, &mut Somebody::default(), line).await.unwrap_err();
    assert!(error.exit_code() == 4 && error.to_string().contains("registry does not say"), "{error}");
    assert!(run(&world, &mut Somebody::default(), "mlops reject --group churn --yes").await.is_ok());

    let mut lenient = question("prod", 7);
    lenient["separationOfDuties"] = json!(false);
    assert!(run(&world.with(PROD, &lenient), &mut Somebody::default(), line).await.is_ok());
}

#[tokio::test]
async fn an_answer_that_comes_too_late_and_one_that_fails() {
    for (code, exit) in [
        ("TaskTimedOut", 5),
        ("TaskDoesNotExist", 5),
        ("InvalidToken", 5),
        ("ValidationException", 1),
        ("AccessDeniedException", 1),
    ] {
        let mut world = World::new().with(PROD, &question("prod", 7));
        let message = format!("Value '{TOKEN}' at 'taskToken'");
        world.failing.insert("states:SendTaskSuccess", (code, message));
        let error = run(&world, &mut Somebody::default(), "mlops approve --group churn --yes").await.unwrap_err();
        assert_eq!(error.exit_code(), exit, "{code}: {error}");
        for said in [code, "states:SendTaskSuccess", "00000000-0000-0000-0000-000000000000"] {
            assert!(error.to_string().contains(said), "{said}: {error}");
        }
        assert!(!format!("{error} {error:?}").contains(TOKEN), "{error:?}");
    }
}

#[tokio::test]
async fn documents_that_cannot_be_read_are_all_named_and_not_quoted() {
    let mut broken = question("prod", 7);
    broken["version"] = json!(TOKEN);
    let mut world = World::new().with(PROD, &broken);
    world.parameters.insert(STAGING.to_owned(), format!("{{{TOKEN}"));
    let error = run(&world, &mut Somebody::default(), "mlops approve --group churn --yes").await.unwrap_err();
    let text = error.to_string();
    assert!(error.exit_code() == 1 && text.contains(PROD) && text.contains(STAGING), "{text}");
    assert!(!text.contains(TOKEN), "{text}");
}

#[tokio::test]
async fn what_others_wrote_does_not_steer_the_terminal() {
    let mut steering = question("prod", 7);
    steering["summary"] = json!("\u{1b}[2Jnothing changes");
    let world = World::new().with(PROD, &steering);
    let mut somebody = Somebody::answering(true);
    run(&world, &mut somebody, "mlops approve --group churn").await.unwrap();
    assert!(!somebody.shown.contains('\u{1b}') && somebody.shown.contains("nothing changes"), "{}", somebody.shown);
}
