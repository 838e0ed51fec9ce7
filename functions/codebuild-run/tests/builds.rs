//! What Create, Update and Delete do with the builds of an account in memory.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, where it is set up too"
)]

mod account;

use std::time::Duration;

use account::{Account, GET, LIST, START, STOP};
use codebuild_run::{CodeBuildRun, Mark, Properties, Status};
use custom_resource::{
    Attributes, CustomResource, Failure, PhysicalId, Progress, Request, Scope, TimeLeft, read_properties,
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn scope() -> Scope {
    Scope::new("arn:aws:cloudformation:eu-central-1:123456789012:stack/platform/0f1e2d3c", "Package").unwrap()
}

fn id() -> PhysicalId {
    PhysicalId::new("codebuild-run", ["platform", "0f1e2d3c", "Package"])
}

fn properties_of(project: &str, version: &str) -> Properties {
    read_properties(&json!({"ProjectName": project, "SourceVersion": version})).unwrap()
}

fn properties(version: &str) -> Properties {
    properties_of("package", version)
}

fn request<P>(properties: P, request_id: &str, state: Option<Value>) -> Request<P> {
    Request {
        properties,
        physical_id: id(),
        scope: scope(),
        request_id: request_id.into(),
        time: TimeLeft::lasting(Duration::from_secs(60)),
        state,
    }
}

/// How one delivery of a request ended, and what it waited for.
struct Ended {
    result: Result<Attributes, Failure>,
    pauses: Vec<(String, Duration)>,
}

impl Ended {
    fn build_id(&self) -> &str {
        self.result.as_ref().unwrap().get("BuildId").unwrap()
    }

    fn reason(&self) -> String {
        self.result.as_ref().unwrap_err().to_string()
    }
}

/// Calls a method as the library does: again with the state it handed over, until it is done.
async fn to_the_end<F: Future<Output = Result<Progress, Failure>>>(method: impl Fn(Option<Value>) -> F) -> Ended {
    let mut pauses = Vec::new();
    let mut state = None;
    loop {
        match method(state).await {
            Ok(Progress::Done(attributes)) => return Ended { result: Ok(attributes), pauses },
            Ok(Progress::Unfinished { waiting_for, state: next, again_in }) => {
                pauses.push((waiting_for, again_in));
                assert!(pauses.len() < 100, "never ends");
                state = Some(next);
            }
            Err(failure) => return Ended { result: Err(failure), pauses },
        }
    }
}

async fn create(account: &Account, properties: &Properties, request_id: &str) -> Ended {
    let resource = CodeBuildRun::new(account.clone());
    to_the_end(async |state| resource.create(&request(properties.clone(), request_id, state)).await).await
}

async fn update(account: &Account, new: &Properties, old: Option<&Properties>, request_id: &str) -> Ended {
    let resource = CodeBuildRun::new(account.clone());
    to_the_end(async |state| resource.update(&request(new.clone(), request_id, state), old).await).await
}

async fn delete(account: &Account, properties: Option<&Properties>) -> Ended {
    let resource = CodeBuildRun::new(account.clone());
    to_the_end(async |state| resource.delete(&request(properties.cloned(), "gone", state)).await).await
}

/// The first call of Create, after which the function is cut off.
async fn begin(account: &Account, version: &str, request_id: &str) {
    let progress = CodeBuildRun::new(account.clone()).create(&request(properties(version), request_id, None)).await;
    assert!(matches!(progress, Ok(Progress::Unfinished { .. })));
}

fn failed() -> Status {
    Status::Ended("FAILED".into())
}

#[tokio::test]
async fn e08_create_answers_when_the_build_has_succeeded() {
    let account = Account::with_projects(&["package"]);
    account.state().looks = 3;
    let ended = create(&account, &properties("v1"), "r1").await;
    let attributes: Vec<_> = ended.result.as_ref().unwrap().iter().collect();
    assert_eq!(
        attributes,
        [
            ("BuildArn", "arn:aws:codebuild:eu-central-1:123456789012:build/package:1"),
            ("BuildId", "package:1"),
            ("BuildNumber", "1"),
            ("LogsUrl", "https://logs.example/package:1"),
            ("ResolvedSourceVersion", "v1"),
        ]
    );
    let waited: Vec<_> = ended.pauses.iter().map(|(waiting_for, _)| waiting_for.as_str()).collect();
    let building = "build package:1, in phase BUILD";
    assert_eq!(waited, ["build package:1, in phase SUBMITTED", building, building, building]);
    assert!(ended.pauses.iter().all(|(_, again_in)| *again_in >= Duration::from_secs(5)));
}

#[tokio::test]
async fn e08_what_codebuild_does_not_say_is_an_empty_attribute() {
    let account = Account::with_projects(&["package"]);
    let mark = Mark { started_by: id().to_string(), request: "r0".into(), source: properties("v1").digest() };
    let build = account.state().add("package", Some(mark), Status::Succeeded, None);
    account.state().projects.get_mut("package").unwrap()[0] = codebuild_run::Build { arn: None, number: None, ..build };
    let ended = update(&account, &properties("v1"), Some(&properties("v1")), "r1").await;
    let attributes: Vec<_> = ended.result.as_ref().unwrap().iter().collect();
    assert_eq!(
        attributes,
        [
            ("BuildArn", ""),
            ("BuildId", "package:1"),
            ("BuildNumber", ""),
            ("LogsUrl", ""),
            ("ResolvedSourceVersion", "")
        ]
    );
}

#[tokio::test]
async fn e08_a_build_that_fails_fails_the_request_with_its_phase_and_log() {
    for status in ["FAILED", "FAULT", "TIMED_OUT", "STOPPED"] {
        let account = Account::with_projects(&["package"]);
        account.state().fates.insert("bad".into(), Status::Ended(status.into()));
        let ended = create(&account, &properties("bad"), "r1").await;
        assert_eq!(
            ended.reason(),
            format!(
                "build package:1 ended as {status} in phase BUILD: COMMAND_EXECUTION_ERROR: make. Reason: exit status 2; \
                 its log: https://logs.example/package:1"
            )
        );
        assert!(ended.result.unwrap_err().is_half_made());
        let ended = update(&account, &properties("bad"), Some(&properties("v1")), "r2").await;
        assert!(ended.reason().starts_with(&format!("build package:2 ended as {status}")), "{}", ended.reason());
    }
}

#[test]
fn long_messages_of_a_failed_phase_are_clipped() {
    let phase = codebuild_run::Phase {
        name: "INSTALL".into(),
        messages: vec!["ü".repeat(601), "b".repeat(600), "c".into(), "d".into(), "e".into()],
    };
    let error = codebuild_run::Error::Build {
        id: "package:1".into(),
        status: "FAILED".into(),
        phase: Some(phase),
        logs_url: None,
    };
    assert_eq!(
        error.to_string(),
        format!(
            "build package:1 ended as FAILED in phase INSTALL: {}...; {}; c; and 2 more messages",
            "ü".repeat(600),
            "b".repeat(600)
        )
    );
}

#[tokio::test]
async fn e08_a_project_that_does_not_exist_is_named_and_nothing_was_made() {
    let ended = create(&Account::default(), &properties("v1"), "r1").await;
    let reason = ended.reason();
    assert!(reason.starts_with("ProjectName is package, which CodeBuild does not have"), "{reason}");
    assert!(reason.contains("ResourceNotFoundException") && reason.contains("request id"), "{reason}");
    assert!(!ended.result.unwrap_err().is_half_made());
}

#[tokio::test]
async fn e08_e00a_update_runs_a_build_when_a_property_changed() {
    let account = Account::with_projects(&["package", "other"]);
    create(&account, &properties("v1"), "r1").await;
    assert_eq!(update(&account, &properties("v2"), Some(&properties("v1")), "r2").await.build_id(), "package:2");
    assert_eq!(
        update(&account, &properties_of("other", "v2"), Some(&properties("v2")), "r3").await.build_id(),
        "other:1"
    );
    let as_of = |day: &str| -> Properties {
        read_properties(&json!({"ProjectName": "package", "SourceLocation": "bucket/key.zip", "AsOf": day})).unwrap()
    };
    assert_eq!(update(&account, &as_of("monday"), Some(&properties("v2")), "r4").await.build_id(), "package:3");
    assert_eq!(update(&account, &as_of("tuesday"), Some(&as_of("monday")), "r5").await.build_id(), "package:4");
    assert_eq!(update(&account, &properties("v2"), None, "r6").await.build_id(), "package:5", "unreadable old ones");
}

#[tokio::test]
async fn e00a_an_update_without_changes_answers_the_last_good_build_and_runs_none() {
    let account = Account::with_projects(&["package"]);
    account.state().fates.insert("bad".into(), failed());
    create(&account, &properties("v1"), "r1").await;
    assert!(update(&account, &properties("bad"), Some(&properties("v1")), "r2").await.result.is_err());
    account.state().add("package", None, Status::Succeeded, Some("somebody's"));
    let ended = update(&account, &properties("v1"), Some(&properties("v1")), "r3").await;
    assert_eq!((ended.build_id(), account.count(START)), ("package:1", 2));
}

#[tokio::test]
async fn an_update_without_changes_runs_a_build_when_none_is_known() {
    let account = Account::with_projects(&["package"]);
    create(&account, &properties("v1"), "r1").await;
    for _ in 0..100 {
        account.state().add("package", None, Status::Succeeded, None);
    }
    let ended = update(&account, &properties("v1"), Some(&properties("v1")), "r2").await;
    assert_eq!((ended.build_id(), account.count(START)), ("package:102", 2));
}

#[tokio::test]
async fn e08_a_rolled_back_update_runs_the_old_source_again_and_alone() {
    let account = Account::with_projects(&["package"]);
    create(&account, &properties("v1"), "r1").await;
    account.state().looks = 50;
    let (v1, v2) = (properties("v1"), properties("v2"));
    // Cancelled while its build runs.
    let resource = CodeBuildRun::new(account.clone());
    resource.update(&request(v2.clone(), "r2", None), Some(&v1)).await.unwrap();
    account.state().looks = 1;
    let ended = update(&account, &v1, Some(&v2), "r3").await;
    assert_eq!(ended.build_id(), "package:3");
    assert_eq!(ended.pauses[0].0, "build package:2 of an earlier request to stop");
    let builds = account.builds("package");
    assert_eq!(builds[1].status, Status::Ended("STOPPED".into()));
    assert_eq!(builds[2].resolved_source_version.as_deref(), Some("v1"));
    assert!(!account.state().side_by_side);
}

#[tokio::test]
async fn a_build_of_the_project_that_is_left_is_stopped() {
    let account = Account::with_projects(&["package", "other"]);
    account.state().looks = 50;
    begin(&account, "v1", "r1").await;
    account.state().looks = 0;
    let (new, old) = (properties_of("other", "v1"), properties("v1"));
    assert_eq!(update(&account, &new, Some(&old), "r2").await.build_id(), "other:1");
    assert_eq!(account.builds("package")[0].status, Status::Ended("STOPPED".into()));
    account.state().projects.remove("package");
    assert_eq!(update(&account, &new, Some(&old), "r3").await.build_id(), "other:2", "a project that is gone is left");
}

#[tokio::test]
async fn e08_a_redelivered_event_starts_no_second_build() {
    for looks in [0, 10] {
        for unlisted in [false, true] {
            let account = Account::with_projects(&["package"]);
            account.state().looks = looks;
            begin(&account, "v1", "r1").await;
            if unlisted {
                // At once: the token tells.
                account.state().unlisted = vec!["package:1".into()];
            } else {
                // After more than five minutes: the mark tells.
                account.state().tokens.clear();
            }
            assert_eq!(create(&account, &properties("v1"), "r1").await.build_id(), "package:1");
            assert_eq!(account.builds("package").len(), 1);
        }
    }
}

#[tokio::test]
async fn r31_a_retried_deployment_with_the_same_request_id_builds_again_after_a_failure() {
    let account = Account::with_projects(&["package"]);
    account.state().fates.insert("v1".into(), failed());
    assert!(create(&account, &properties("v1"), "r1").await.result.is_err());
    assert!(create(&account, &properties("v1"), "r1").await.reason().starts_with("build package:2"));
    account.state().fates.clear();
    assert_eq!(create(&account, &properties("v1"), "r1").await.build_id(), "package:3");
    assert_eq!(create(&account, &properties("v2"), "r1").await.build_id(), "package:4", "nor with other properties");
}

#[tokio::test]
async fn builds_of_others_are_neither_stopped_nor_answered() {
    let account = Account::with_projects(&["package"]);
    let mark = |started_by: &str| Mark {
        started_by: started_by.into(),
        request: "r1".into(),
        source: properties("v1").digest(),
    };
    let another_stacks = mark("codebuild-run/platform/another-guid/Package");
    for mark in [None, Some(another_stacks)] {
        account.state().add("package", mark, Status::InProgress, Some("theirs"));
    }
    account.state().looks = 1;
    assert_eq!(create(&account, &properties("v1"), "r1").await.build_id(), "package:3");
    update(&account, &properties("v2"), Some(&properties("v1")), "r2").await.result.unwrap();
    delete(&account, Some(&properties("v2"))).await.result.unwrap();
    assert_eq!(account.count(STOP), 0);
}

#[tokio::test]
async fn e00c_delete_stops_a_build_that_still_runs_and_waits_for_it() {
    let account = Account::with_projects(&["package"]);
    account.state().looks = 50;
    begin(&account, "v1", "r1").await;
    let ended = delete(&account, Some(&properties("v1"))).await;
    assert!(ended.result.unwrap().is_empty());
    assert_eq!(ended.pauses.len(), 1);
    assert_eq!(account.builds("package")[0].status, Status::Ended("STOPPED".into()));
}

#[tokio::test]
async fn e00c_delete_is_content_when_nothing_runs_or_everything_is_gone() {
    let account = Account::with_projects(&["package"]);
    create(&account, &properties("v1"), "r1").await;
    delete(&account, Some(&properties("v1"))).await.result.unwrap();
    delete(&account, None).await.result.unwrap();
    account.state().projects.clear();
    delete(&account, Some(&properties("v1"))).await.result.unwrap();
    assert_eq!(account.count(STOP), 0);
}

#[tokio::test]
async fn e00c_delete_is_content_when_the_build_goes_before_it_is_stopped() {
    let account = Account::with_projects(&["package"]);
    account.state().looks = 50;
    begin(&account, "v1", "r1").await;
    let stop = account.state().calls.len() + 3;
    account.state().failing = Some((stop, "ResourceNotFoundException", false));
    delete(&account, Some(&properties("v1"))).await.result.unwrap();
    assert_eq!(account.count(STOP), 1);
}

#[test]
fn e00b_the_id_does_not_depend_on_the_properties() {
    let resource = CodeBuildRun::new(Account::default());
    assert_eq!(
        resource.identity(&scope(), &properties("v1")),
        resource.identity(&scope(), &properties_of("other", "v2"))
    );
    assert_eq!(PhysicalId::new("codebuild-run", resource.identity(&scope(), &properties("v1"))), id());
}

#[tokio::test]
async fn e00g_a_service_that_throttles_is_waited_for_and_a_denial_is_not() {
    for (call, operation) in [(1, LIST), (2, GET), (3, START), (4, GET)] {
        let account = Account::with_projects(&["package"]);
        account.state().looks = 2;
        account.state().failing = Some((call, "ThrottlingException", false));
        let ended = create(&account, &properties("v1"), "r1").await;
        assert_eq!((ended.build_id(), account.builds("package").len()), ("package:1", 1));
        let throttled = format!("{operation} answered ThrottlingException");
        assert!(ended.pauses.iter().any(|(waiting_for, _)| waiting_for.starts_with(&throttled)));

        let account = Account::with_projects(&["package"]);
        account.state().failing = Some((call, "AccessDeniedException", false));
        let ended = create(&account, &properties("v1"), "r1").await;
        assert!(
            ended.reason().starts_with(&format!("{operation} answered AccessDeniedException")),
            "{}",
            ended.reason()
        );
        assert!(ended.result.unwrap_err().is_half_made(), "an earlier delivery may have started a build");
    }
}

#[tokio::test]
async fn a_full_queue_of_builds_is_waited_for() {
    let account = Account::with_projects(&["package"]);
    account.state().full_for = 3;
    let ended = create(&account, &properties("v1"), "r1").await;
    assert_eq!((ended.build_id(), account.count(START)), ("package:1", 4));
    assert!(
        ended.pauses[0].0.starts_with("CodeBuild to take another build: codebuild:StartBuild answered AccountLimit")
    );
}

#[tokio::test]
async fn a_build_that_is_not_known_yet_is_waited_for_and_one_that_is_gone_is_an_error() {
    let account = Account::with_projects(&["package"]);
    begin(&account, "v1", "r0").await;
    account.state().unknown_for = 4;
    assert_eq!(create(&account, &properties("v1"), "r1").await.build_id(), "package:2");
    account.state().unknown_for = usize::MAX;
    let ended = create(&account, &properties("v1"), "r2").await;
    assert!(ended.reason().starts_with("build package:3, which was started for this request, is unknown"));
    let waited: Duration = ended.pauses.iter().map(|(_, again_in)| *again_in).sum();
    assert!(waited < Duration::from_secs(60), "{waited:?}");
}

#[test]
fn faults_of_the_properties_come_all_at_once() {
    let rows: [(Value, &[&str]); 4] = [
        (json!({}), &["ProjectName is missing, expected the name of a CodeBuild project: 2 to 255 letters"]),
        (
            json!({"ProjectName": "arn:aws:codebuild:x", "SourceVersion": ["a"], "SourceLocation": {}, "Asof": "x"}),
            &[
                "ProjectName is \"arn:aws:codebuild:x\", expected the name",
                "SourceVersion is a list",
                "SourceLocation is an object",
                "Asof is unknown, did you mean AsOf?",
            ],
        ),
        (json!({"ProjectName": "-a"}), &["ProjectName is \"-a\""]),
        (json!({"ProjectName": "a".repeat(256)}), &["ProjectName is"]),
    ];
    for (given, expected) in rows {
        let faults = read_properties::<Properties>(&given).err().unwrap().to_string();
        for part in expected {
            assert!(faults.contains(part), "{given}: {faults}");
        }
    }
    let blank: Properties =
        read_properties(&json!({"ProjectName": "package", "SourceVersion": " ", "AsOf": ""})).unwrap();
    assert_eq!((blank.source_version, blank.as_of), (None, None), "parameters that are not set");
}

#[test]
fn the_sample_events_are_accepted() {
    for event in [
        include_str!("../../../events/codebuild-run-create.json"),
        include_str!("../../../events/codebuild-run-update.json"),
        include_str!("../../../events/codebuild-run-delete.json"),
    ] {
        let event: Value = serde_json::from_str(event).unwrap();
        let new = read_properties::<Properties>(&event["ResourceProperties"]).unwrap();
        assert_eq!(new.project_name.as_str(), "platform-package");
        if let Some(old) = event.get("OldResourceProperties") {
            assert_ne!(read_properties::<Properties>(old).unwrap().digest(), new.digest());
        }
    }
}

/// Cut off at each call, before and after its effect, and delivered again: one build, and the same end as undisturbed.
#[tokio::test]
async fn redelivery_after_a_cut_at_any_call_converges() {
    for request_type in ["Create", "Update"] {
        for takes_place in [false, true] {
            for at in 1.. {
                let account = Account::with_projects(&["package"]);
                let mut expected = 1;
                if request_type == "Update" {
                    create(&account, &properties("v1"), "r1").await;
                    expected = 2;
                }
                account.state().looks = 2;
                let deliver = async || match request_type {
                    "Create" => create(&account, &properties("v1"), "r2").await,
                    _ => update(&account, &properties("v2"), Some(&properties("v1")), "r2").await,
                };
                let before = account.state().calls.len();
                account.state().failing = Some((before + at, "AccessDeniedException", takes_place));
                if deliver().await.result.is_ok() {
                    assert!(account.state().calls.len() < before + at && at > 4, "the cut must be seen");
                    break;
                }
                account.state().failing = None;
                assert_eq!(
                    deliver().await.build_id(),
                    format!("package:{expected}"),
                    "{request_type} cut at call {at}"
                );
                assert_eq!(account.builds("package").len(), expected);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Any updates, each undisturbed, cut off and rolled back, or with a build that fails and rolled back: what is answered
    /// was built from the properties asked for, and no two builds ran at a time.
    #[test]
    fn any_sequence_of_updates_ends_with_the_build_of_its_properties(
        steps in prop::collection::vec(("(v1|v2|bad)", 0usize..4, prop::option::of((1usize..8, any::<bool>()))), 1..6)
    ) {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            let account = Account::with_projects(&["package"]);
            account.state().fates.insert("bad".into(), failed());
            create(&account, &properties("v1"), "r0").await.result.unwrap();
            let mut settled = properties("v1");
            for (at, (version, looks, cut)) in steps.iter().enumerate() {
                let wanted = properties(version);
                account.state().looks = *looks;
                if let Some((call, takes_place)) = *cut {
                    let call = account.state().calls.len() + call;
                    account.state().failing = Some((call, "AccessDeniedException", takes_place));
                }
                let mut ended = update(&account, &wanted, Some(&settled), &format!("r{at}-on")).await;
                account.state().failing = None;
                if ended.result.is_err() {
                    ended = update(&account, &settled, Some(&wanted), &format!("r{at}-back")).await;
                } else {
                    settled = wanted;
                }
                let build = account.builds("package").into_iter().find(|build| build.id == ended.build_id()).unwrap();
                assert_eq!(build.resolved_source_version, settled.source_version);
                assert_eq!(build.status, Status::Succeeded);
            }
            assert!(!account.state().side_by_side);
        });
    }
}
