//! Everything in an account and region is looked at, however many invocations that takes, and what was not is said.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on should say where"
)]

mod world;

use control_records::ResourceRecord;
use controls::{CONTROLS, Kind, Verdict};
use serde_json::{Value, json};
use world::{HUB, REGION, TARGET, World, scope};

const ISOLATION: &str = "job-network-isolation";

fn job(status: &str) -> Value {
    json!({
        "TrainingJobStatus": status, "EnableNetworkIsolation": false, "EnableInterContainerTrafficEncryption": false,
        "RoleArn": "arn:aws:iam::111111111111:role/Train", "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 2},
        "OutputDataConfig": {"S3OutputPath": "s3://a/b"}, "AlgorithmSpecification": {"TrainingImage": "1.dkr.ecr.eu-central-1.amazonaws.com/a@sha256:b"},
    })
}

/// Some of each kind that is looked at.
fn populate(world: &World, account: &str) -> Vec<String> {
    let mut arns = Vec::new();
    for kind in Kind::ALL.iter().copied().filter(|kind| CONTROLS.iter().any(|control| control.kinds.contains(kind))) {
        if kind == Kind::PresignedUrl {
            continue;
        }
        for number in 0..if kind == Kind::Model { 7 } else { 3 } {
            let name = format!("r{number}");
            let (members, arn_name) = match kind {
                Kind::App => (
                    json!({"DomainId": "d-1", "UserProfileName": "alice", "AppType": "JupyterLab", "Status": "InService"}),
                    format!("d-1/alice/jupyterlab/{name}"),
                ),
                Kind::Space => (json!({"DomainId": "d-1", "Status": "InService"}), format!("d-1/{name}")),
                Kind::TrainingJob => (job(if number == 0 { "InProgress" } else { "Completed" }), name.clone()),
                _ => (json!({}), name.clone()),
            };
            arns.push(world.make_as(account, kind, &name, &arn_name, members));
        }
    }
    arns
}

#[tokio::test]
async fn everything_is_looked_at_page_by_page() {
    let world = World::default();
    let arns = populate(&world, HUB);
    let answer = world.sweep(HUB).await;
    assert_eq!((answer["listed"].as_u64(), answer["unread"].as_u64()), (Some(arns.len() as u64), Some(0)), "{answer}");
    for arn in &arns {
        assert!(world.record(HUB, arn).await.is_some_and(|record| !record.verdicts.is_empty()), "{arn}");
    }
    world.assert_agreement(HUB, "swept").await;
    assert_eq!(world.calls("sagemaker:ListModels"), 4);
    let record = world.sweep_record(HUB).await;
    assert_eq!((record.listed[&Kind::Model], record.listed[&Kind::App], record.unread.len()), (7, 3, 0));
    assert!(record.finished.is_some() && record.calls as usize >= arns.len(), "{record:?}");
    // Findings are imported a page at a time, not a resource at a time.
    let before = world.bus.events().len();
    world.sweep(HUB).await;
    assert_eq!(world.bus.events().len(), before, "nothing has changed");
    world.assert_agreement(HUB, "swept twice").await;
}

#[tokio::test]
async fn what_roles_and_keys_have_in_common_is_read_once() {
    let world = World::default();
    for number in 0..6 {
        let members = json!({"ExecutionRoleArn": "arn:aws:iam::111111111111:role/Model", "PrimaryContainer": {}});
        world.make(HUB, Kind::Model, &format!("m{number}"), members);
    }
    world.sweep(HUB).await;
    assert_eq!((world.calls("sagemaker:DescribeModel"), world.calls("iam:ListAttachedRolePolicies")), (6, 1));
    assert_eq!((world.calls("iam:GetPolicyVersion"), world.calls("iam:GetRolePolicy")), (1, 1));
}

async fn verdicts(world: &World) -> Vec<(String, String, Verdict)> {
    let records = world.all_records(HUB).await.into_iter();
    let of =
        |record: ResourceRecord| record.verdicts.into_iter().map(move |(id, it)| (record.arn.clone(), id, it.verdict));
    records.flat_map(of).collect()
}

#[tokio::test]
async fn a_sweep_goes_on_where_the_time_was_up() {
    let whole = World::default();
    let arns = populate(&whole, HUB);
    let expected = whole.sweep(HUB).await;

    let world = World::default();
    populate(&world, HUB);
    let (sweep, mut cursor, mut tasks) = (world.time(), Value::Null, 0);
    let last = loop {
        tasks += 1;
        let task = world.sweep_task(HUB, sweep, cursor.clone());
        // No time at all: one page is done all the same.
        let answer = world.invoke_until(task.clone(), world.time()).await.unwrap();
        // The state machine may deliver a task twice.
        let again = world.invoke_until(task, world.time()).await.unwrap();
        let of =
            |answer: &Value| (answer["cursor"]["position"].clone(), answer["listed"].clone(), answer["unread"].clone());
        assert_eq!(of(&answer), of(&again));
        if answer["cursor"].is_null() {
            break answer;
        }
        cursor = answer["cursor"].clone();
    };
    assert!(tasks > 40, "{tasks}");
    assert_eq!((&last["listed"], &last["unread"]), (&expected["listed"], &expected["unread"]));
    world.assert_agreement(HUB, "in pieces").await;
    assert_eq!(verdicts(&world).await, verdicts(&whole).await);
    assert_eq!(world.all_records(HUB).await.len(), arns.len());
    let foreign = json!({"task": "sweep", "scope": scope(TARGET), "sweep": sweep, "cursor": cursor});
    assert_eq!(world.invoke(foreign).await.unwrap_err().error_type(), "InvalidInput");
}

#[tokio::test]
async fn a_sweep_that_is_ended_anywhere_and_repeated_ends_the_same() {
    for call in 0.. {
        let world = World::default();
        let arn = world.make(HUB, Kind::TrainingJob, "Churn", job("InProgress"));
        let lab = world.make(HUB, Kind::NotebookInstance, "Lab", json!({"DirectInternetAccess": "Enabled"}));
        world.sweep(HUB).await;
        world.delete(&lab);
        world.change(&arn, json!({"EnableNetworkIsolation": true}));
        let task = world.sweep_task(HUB, world.time(), Value::Null);
        let ended = world.invoke_and_end_at(task.clone(), call).await;
        world.invoke(task).await.unwrap();
        let what = format!("ended at {call}");
        world.assert_agreement(HUB, &what).await;
        assert_eq!(world.record(HUB, &lab).await, None, "{what}");
        assert_eq!(world.record(HUB, &arn).await.unwrap().verdicts[ISOLATION].verdict.word(), "pass", "{what}");
        assert_eq!(world.sweep_record(HUB).await.listed[&Kind::TrainingJob], 1, "{what}");
        if !ended {
            assert!(call > 30, "{call}");
            break;
        }
    }
}

#[tokio::test]
async fn jobs_that_have_ended_are_described_once() {
    let world = World::default();
    let arn = world.make(HUB, Kind::TrainingJob, "Churn", job("InProgress"));
    let described = |world: &World| world.calls("sagemaker:DescribeTrainingJob");
    world.sweep(HUB).await;
    world.sweep(HUB).await;
    assert_eq!(described(&world), 2, "it runs");
    world.change(&arn, json!({"TrainingJobStatus": "Completed"}));
    for _ in 0..3 {
        world.sweep(HUB).await;
    }
    assert_eq!(described(&world), 3);
    // Exemptions end by themselves, so they are looked up without a description.
    let exemption =
        json!({"control": ISOLATION, "resource": arn, "owner": "a", "reason": "b", "expires": "2026-11-03"});
    world.configure(json!({"exemptions": [exemption]}));
    world.sweep(HUB).await;
    assert_eq!(described(&world), 4, "the rules are others");
    assert_eq!(world.finding(ISOLATION, &arn).unwrap().0, "WARNING");
    world.pass_days(3);
    world.sweep(HUB).await;
    assert_eq!((described(&world), world.finding(ISOLATION, &arn).unwrap().0.as_str()), (4, "FAILED"));
    world.assert_agreement(HUB, "ended").await;
    // One that could not be judged whole is described again.
    let other = world.make(HUB, Kind::TrainingJob, "Other", job("Stopped"));
    world.refuse("iam:ListRolePolicies", "AccessDenied", "no");
    world.sweep(HUB).await;
    world.refused.lock().unwrap().clear();
    world.sweep(HUB).await;
    let word = world.record(HUB, &other).await.unwrap().verdicts["execution-role-not-administrator"].verdict.word();
    assert_eq!(word, "pass");
}

#[tokio::test]
async fn jobs_are_forgotten_after_a_while_and_never_while_they_run() {
    let world = World::default();
    let old = world.make(HUB, Kind::TrainingJob, "Old", job("Completed"));
    let running = world.make(HUB, Kind::TrainingJob, "Running", job("InProgress"));
    let never_seen = world.make(HUB, Kind::ProcessingJob, "Unseen", json!({"ProcessingJobStatus": "InProgress"}));
    world.sweep(HUB).await;
    let events = world.bus.events().len();
    world.pass_days(8);
    let too_old = world.make(
        HUB,
        Kind::TransformJob,
        "Past",
        json!({"TransformJobStatus": "Completed", "CreationTime": 1_790_000_000}),
    );
    world.sweep(HUB).await;
    assert_eq!((world.record(HUB, &old).await, world.record(HUB, &too_old).await), (None, None));
    assert!(world.record(HUB, &running).await.is_some() && world.record(HUB, &never_seen).await.is_some());
    assert_eq!(world.finding(ISOLATION, &old), Some(("FAILED".to_owned(), "ARCHIVED".to_owned())));
    assert_eq!(world.bus.events().len(), events, "that a job is old is no news");
    world.assert_agreement(HUB, "old").await;
}

#[tokio::test]
async fn what_nobody_lists_any_more_is_asked_for_once_and_archived() {
    let world = World::default();
    let app = json!({"DomainId": "d-1", "SpaceName": "s", "AppType": "JupyterLab", "Status": "InService"});
    let app = world.make_as(HUB, Kind::App, "default", "d-1/s/jupyterlab/default", app);
    let model = world.make(
        HUB,
        Kind::Model,
        "Churn",
        json!({"PrimaryContainer": {"Image": "xgboost"}, "EnableNetworkIsolation": false}),
    );
    let kept = world.make(
        HUB,
        Kind::Model,
        "Kept",
        json!({"PrimaryContainer": {"Image": "xgboost"}, "EnableNetworkIsolation": true}),
    );
    world.sweep(HUB).await;
    world.change(&app, json!({"Status": "Deleted"}));
    world.delete(&model);
    let answer = world.sweep(HUB).await;
    assert_eq!(answer["settled"]["archived"], 2, "{answer}");
    assert_eq!((world.record(HUB, &app).await, world.record(HUB, &model).await), (None, None));
    assert!(world.record(HUB, &kept).await.is_some());
    assert_eq!(world.heard("model-network-isolation", &model).pop().unwrap().1, "gone");
    world.assert_agreement(HUB, "gone").await;
}

#[tokio::test]
async fn what_could_not_be_read_is_in_the_record_and_nothing_of_it_is_archived() {
    let world = World::default();
    let arns = populate(&world, HUB);
    world.sweep(HUB).await;
    world.refuse("sagemaker:ListImages", "AccessDeniedException", "not authorized to perform sagemaker:ListImages");
    world.refuse("sagemaker:DescribeFeatureGroup", "InternalFailure", "try later");
    world.throttled.lock().unwrap().push("sagemaker:ListModels");
    let answer = world.sweep(HUB).await;
    let record = world.sweep_record(HUB).await;
    let unread: Vec<(Kind, Option<&str>, &str)> =
        record.unread.iter().map(|unread| (unread.kind, unread.name.as_deref(), unread.operation.as_str())).collect();
    let group = |name| (Kind::FeatureGroup, Some(name), "sagemaker:DescribeFeatureGroup");
    assert_eq!(unread.len(), 5, "{unread:?}");
    for expected in [
        (Kind::Image, None, "sagemaker:ListImages"),
        (Kind::Model, None, "sagemaker:ListModels"),
        group("r0"),
        group("r1"),
        group("r2"),
    ] {
        assert!(unread.contains(&expected), "{expected:?}");
    }
    assert!(record.unread.iter().all(|unread| unread.error.contains("request id 00000000")), "{record:?}");
    assert_eq!(answer["unread"], 5);
    assert_eq!(world.all_records(HUB).await.len(), arns.len());
    world.assert_agreement(HUB, "unread").await;
}

#[tokio::test]
async fn an_account_that_lets_nobody_in_is_said_and_the_others_go_on() {
    let world = World::default();
    let here = world.make(
        HUB,
        Kind::Model,
        "Churn",
        json!({"PrimaryContainer": {"Image": "xgboost"}, "EnableNetworkIsolation": false}),
    );
    let there = world.make(
        TARGET,
        Kind::Model,
        "Churn",
        json!({"PrimaryContainer": {"Image": "xgboost"}, "EnableNetworkIsolation": false}),
    );
    world.sweep(HUB).await;
    world.sweep(TARGET).await;
    world.assert_agreement(HUB, "hub").await;
    world.assert_agreement(TARGET, "target").await;
    assert_ne!(here, there);
    assert_eq!(world.all_records(HUB).await.len(), 1);

    world.closed.lock().unwrap().push(TARGET.to_owned());
    let answer = world.sweep(TARGET).await;
    assert_eq!((&answer["cursor"], &answer["shut"]), (&Value::Null, &json!(true)));
    let record = world.sweep_record(TARGET).await;
    assert!(record.finished.is_some() && record.unread.len() > 15, "{record:?}");
    assert!(record.unread.iter().all(|unread| unread.operation == "sts:AssumeRole" && unread.name.is_none()));
    assert!(world.record(TARGET, &there).await.is_some(), "what cannot be seen is not gone");
    let hub = world.sweep(HUB).await;
    assert_eq!((&hub["unread"], &hub["shut"]), (&json!(0), &json!(false)));

    // A role that went while its session lasts lets in, and lets see nothing.
    world.closed.lock().unwrap().clear();
    let lists = Kind::ALL.iter().filter_map(|kind| kind.facts().list.as_ref());
    lists.for_each(|list| world.refuse(list.operation, "AccessDeniedException", "no policy allows it"));
    assert_eq!(world.sweep(TARGET).await["shut"], true);
    world.refused.lock().unwrap().remove("sagemaker:ListModels");
    assert_eq!(world.sweep(TARGET).await["shut"], false);
}

#[tokio::test]
async fn other_partitions_have_arns_of_their_own() {
    let world = World::of_partition("aws-cn");
    let arn = world.make(HUB, Kind::NotebookInstance, "Lab", json!({"DirectInternetAccess": "Enabled"}));
    assert!(arn.starts_with("arn:aws-cn:"));
    world.sweep(HUB).await;
    let finding = world.findings.lock().unwrap().values().next().unwrap().clone();
    let product = format!("arn:aws-cn:securityhub:{REGION}:{HUB}:product/{HUB}/default");
    assert_eq!((&finding["ProductArn"], &finding["Resources"][0]["Partition"]), (&json!(product), &json!("aws-cn")));
    world.delete(&arn);
    // By its name: the ARN that it makes is of the partition too.
    let event = json!({
        "source": "aws.sagemaker", "detail-type": "AWS API Call via CloudTrail", "account": HUB, "region": REGION,
        "detail": {"eventSource": "sagemaker.amazonaws.com.cn", "eventName": "DeleteNotebookInstance", "awsRegion": REGION,
            "recipientAccountId": HUB, "requestParameters": {"notebookInstanceName": "Lab"}},
    });
    world.invoke(event).await.unwrap();
    assert_eq!(world.record(HUB, &arn).await, None);
}

#[tokio::test]
async fn controls_that_are_turned_off_take_their_records_with_them() {
    let world = World::default();
    let arn = world.make(
        HUB,
        Kind::FlowDefinition,
        "Review",
        json!({"OutputConfig": {"S3OutputPath": "s3://a"}, "FlowDefinitionStatus": "Active"}),
    );
    world.sweep(HUB).await;
    let off: Vec<&str> = controls::CONTROLS
        .iter()
        .filter(|it| it.kinds.contains(&Kind::FlowDefinition))
        .map(|control| control.id)
        .collect();
    assert!(!off.is_empty());
    let listed = world.calls("sagemaker:ListFlowDefinitions");
    world.configure(json!({"disabled": off}));
    world.sweep(HUB).await;
    assert_eq!(world.record(HUB, &arn).await, None);
    assert_eq!(world.calls("sagemaker:ListFlowDefinitions"), listed, "nobody looks at them");
    assert!(world.findings.lock().unwrap().values().all(|finding| finding["RecordState"] == "ARCHIVED"));
    // And a presigned address is looked back at as long as a job.
    world.configure(json!({"parameters": {"maxPresignedSeconds": 1800}}));
    let event = json!({
        "source": "aws.sagemaker", "detail-type": "AWS API Call via CloudTrail", "account": HUB, "region": REGION,
        "detail": {"eventSource": "sagemaker.amazonaws.com", "eventName": "CreatePresignedDomainUrl", "awsRegion": REGION,
            "recipientAccountId": HUB, "requestParameters": {"domainId": "d-1", "userProfileName": "alice"}},
    });
    world.invoke(event).await.unwrap();
    world.sweep(HUB).await;
    assert_eq!(world.all_records(HUB).await.iter().filter(|record| record.kind == Kind::PresignedUrl).count(), 1);
    world.pass_days(8);
    world.sweep(HUB).await;
    assert!(world.all_records(HUB).await.iter().all(|record| record.kind != Kind::PresignedUrl));
    world.assert_agreement(HUB, "looked back").await;
}
