//! What a Delete leaves, over an account in memory.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, where it is set up too"
)]

mod account;

use std::time::Duration;

use account::{Account, OTHER_VPC, VPC};
use custom_resource::{CustomResource, Failure, PhysicalId, Progress, Request, Scope, TimeLeft, read_properties};
use environment::Environment;
use proptest::prelude::*;
use serde_json::{Value, json};
use studio_storage::{Destination, OnDelete, Properties, StudioStorage};

fn backup() -> OnDelete {
    let role = "arn:aws:iam::123456789012:role/service-role/Backup".parse().unwrap();
    OnDelete::Backup(Destination { vault: "studio".parse().unwrap(), role })
}

fn properties(environment: &str, vpc: &str, on_delete: OnDelete) -> Properties {
    let (name, kind) = environment.split_once('/').unwrap();
    let environment = Environment::new(name.parse().unwrap(), kind.parse().unwrap());
    Properties { environment, vpc_id: vpc.parse().unwrap(), on_delete }
}

fn scope() -> Scope {
    let stack = "arn:aws:cloudformation:eu-central-1:123456789012:stack/environment/0f1e2d3c";
    Scope::new(stack, "StudioStorage").unwrap()
}

fn id(properties: &Properties) -> PhysicalId {
    PhysicalId::new("studio-storage", StudioStorage::new(Account::new()).identity(&scope(), properties))
}

fn request<P>(properties: P, physical_id: PhysicalId, state: Option<Value>) -> Request<P> {
    Request {
        properties,
        physical_id,
        scope: scope(),
        request_id: "5e0c2b4a".into(),
        time: TimeLeft::lasting(Duration::from_secs(60)),
        state,
    }
}

/// What was waited for until the end, and the end.
struct Ended {
    waits: Vec<String>,
    result: Result<(), Failure>,
}

impl Ended {
    fn reason(&self) -> String {
        self.result.as_ref().unwrap_err().to_string()
    }

    fn waited_for(&self, what: &str) -> bool {
        self.waits.iter().any(|wait| wait.contains(what))
    }
}

/// One delivery of a Delete, called again with its state as the library does; `forgetting` loses the state now and then, as
/// a delivery from the start does.
async fn deliver(account: &Account, properties: Properties, forgetting: bool) -> Ended {
    let resource = StudioStorage::new(account.clone());
    let physical_id = id(&properties);
    let (mut waits, mut state) = (Vec::new(), None);
    loop {
        match resource.delete(&request(Some(properties.clone()), physical_id.clone(), state.take())).await {
            Ok(Progress::Done(_)) => return Ended { waits, result: Ok(()) },
            Ok(Progress::Unfinished { waiting_for, state: next, again_in }) => {
                assert!(!waiting_for.is_empty() && again_in >= Duration::from_secs(1));
                waits.push(waiting_for);
                assert!(waits.len() < 200, "never ends: {waits:?}");
                state = Some(next).filter(|_| !(forgetting && waits.len() % 3 == 2));
            }
            Err(failure) => return Ended { waits, result: Err(failure) },
        }
    }
}

async fn delete(account: &Account, on_delete: OnDelete) -> Ended {
    deliver(account, properties("churn/dev", VPC, on_delete), false).await
}

#[tokio::test]
async fn e09_delete_takes_everything_in_an_order_that_works() {
    let account = Account::new().with_leftovers("one", "churn/dev", VPC);
    let ended = delete(&account, OnDelete::Delete).await;
    ended.result.as_ref().unwrap();
    assert_eq!(account.ids(), Vec::<String>::new());
    for what in
        ["fsmt-one-1 of fs-one", "network interfaces to be let go: eni-fsmt-one-1", "file systems to go: fs-one"]
    {
        assert!(ended.waited_for(what), "{what}: {:?}", ended.waits);
    }
    assert!(account.state().backed_up.is_empty());
    // Once more, as a second delivery does.
    delete(&account, OnDelete::Delete).await.result.unwrap();
}

#[tokio::test]
async fn c06_retain_clears_the_network_and_keeps_the_files_with_their_tags() {
    let account = Account::new().with_leftovers("one", "churn/dev", VPC);
    delete(&account, OnDelete::Retain).await.result.unwrap();
    assert_eq!(account.ids(), ["fs-one"]);
    let tags = account.state().file_systems["fs-one"].0.tags.clone();
    assert_eq!(tags.len(), 4, "the three that it had, and the one that says why it is here");
}

#[tokio::test]
async fn what_was_retained_once_is_not_deleted_later() {
    let account = Account::new().with_leftovers("one", "churn/dev", VPC);
    delete(&account, OnDelete::Retain).await.result.unwrap();
    let account = account.with_leftovers("two", "churn/dev", VPC);
    for on_delete in [OnDelete::Delete, backup()] {
        delete(&account, on_delete).await.result.unwrap();
        assert_eq!(account.ids(), ["fs-one"]);
    }
    assert!(account.state().backed_up.is_empty());
    // The tag is all that keeps it.
    account.state().file_systems.get_mut("fs-one").unwrap().0.tags.retain(|(key, _)| key != "StudioStorage");
    delete(&account, OnDelete::Delete).await.result.unwrap();
    assert_eq!(account.ids(), Vec::<String>::new());
}

#[tokio::test]
async fn e09_a_backup_is_complete_before_anything_is_deleted() {
    let account = Account::new().with_leftovers("one", "churn/dev", VPC).with_leftovers("two", "churn/dev", VPC);
    let resource = StudioStorage::new(account.clone());
    let wanted = properties("churn/dev", VPC, backup());
    let (mut state, mut looks) = (None, 0);
    while let Progress::Unfinished { state: next, waiting_for, .. } =
        resource.delete(&request(Some(wanted.clone()), id(&wanted), state)).await.unwrap()
    {
        looks += 1;
        state = Some(next);
        let completed = account.state().jobs.values().filter(|(job, _)| job.state == "COMPLETED").count();
        if completed < 2 {
            assert!(waiting_for.contains("backup job job-1 of file system fs-one, which is RUNNING"), "{waiting_for}");
            assert_eq!(account.deletions(), Vec::<String>::new());
        }
    }
    assert!(looks > 3);
    assert_eq!(account.ids(), Vec::<String>::new());
    let expected = ["arn:aws:elasticfilesystem:::fs-one", "arn:aws:elasticfilesystem:::fs-two"];
    assert_eq!(account.state().backed_up, expected, "each once");
}

#[tokio::test]
async fn e09_a_failed_backup_deletes_nothing_and_says_why() {
    for state in ["FAILED", "ABORTED", "EXPIRED", "PARTIAL"] {
        let account = Account::new().with_leftovers("one", "churn/dev", VPC);
        account.state().backups_end = (state, Some("the role may not read fs-one"));
        let ended = delete(&account, backup()).await;
        let expected = format!(
            "backup job job-1 of file system fs-one ended {state}: the role may not read fs-one; nothing was deleted, clear \
             the cause and delete again; left: file system fs-one with fsmt-one-1, fsmt-one-2, sg-in-one"
        );
        assert!(ended.reason().starts_with(&expected), "{}", ended.reason());
        assert_eq!(account.deletions(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn e09_a_backup_that_takes_longer_than_a_request_is_found_again() {
    let account = Account::new().with_leftovers("one", "churn/dev", VPC);
    account.state().pace = 5;
    let resource = StudioStorage::new(account.clone());
    let wanted = properties("churn/dev", VPC, backup());
    for number in 0..4 {
        let mut request = request(Some(wanted.clone()), id(&wanted), None);
        request.request_id = format!("request-{number}");
        assert!(matches!(resource.delete(&request).await.unwrap(), Progress::Unfinished { .. }));
    }
    assert_eq!(account.state().jobs.len(), 1, "one job for all requests");
    // A job that failed in an earlier request is not today's answer.
    for (job, left) in account.state().jobs.values_mut() {
        (job.state, job.created, *left) = ("FAILED".into(), Some(1), 0);
    }
    deliver(&account, wanted, false).await.result.unwrap();
    assert_eq!(account.state().jobs.len(), 2);
    assert_eq!(account.ids(), Vec::<String>::new());
}

#[tokio::test]
async fn e09_what_lacks_a_tag_or_is_anothers_is_not_touched() {
    let account = Account::new()
        .with_leftovers("mine", "churn/dev", VPC)
        .with_leftovers("prod", "churn/prod", VPC)
        .with_leftovers("fraud", "fraud/dev", VPC)
        .with_leftovers("far", "churn/dev", OTHER_VPC)
        .with_leftovers("bare", "churn/dev", VPC)
        .with_leftovers("abroad", "churn/dev", VPC);
    {
        let mut state = account.state();
        state.file_systems.get_mut("fs-bare").unwrap().0.tags.clear();
        for id in ["sg-in-bare", "sg-out-bare"] {
            state.groups.get_mut(id).unwrap().1.tags.retain(|(key, _)| !key.starts_with("Managed"));
        }
        // A domain of another account, and something of the service that is no domain's.
        let manager = |tags: &mut Vec<(String, String)>, value: &str| tags.last_mut().unwrap().1 = value.into();
        let elsewhere = "arn:aws:sagemaker:eu-central-1:999999999999:domain/d-abroad";
        manager(&mut state.file_systems.get_mut("fs-abroad").unwrap().0.tags, elsewhere);
        manager(&mut state.groups.get_mut("sg-in-abroad").unwrap().1.tags, elsewhere);
        let other = "arn:aws:sagemaker:eu-central-1:123456789012:notebook-instance/x";
        manager(&mut state.groups.get_mut("sg-out-abroad").unwrap().1.tags, other);
    }
    let mine = |id: &String| id.contains("mine");
    let others: Vec<String> = account.ids().into_iter().filter(|id| !mine(id)).collect();
    delete(&account, OnDelete::Delete).await.result.unwrap();
    assert_eq!(account.ids(), others);
    let deletions = account.deletions();
    assert!(deletions.iter().all(mine), "{deletions:?}");
}

#[tokio::test]
async fn what_a_living_domain_has_is_left_alone() {
    for on_delete in [OnDelete::Retain, backup(), OnDelete::Delete] {
        let account = Account::new().with_leftovers("gone", "churn/dev", VPC).with_leftovers("lives", "churn/dev", VPC);
        for status in ["InService", "Failed", "Delete_Failed", "Updating"] {
            account.state().domains.insert("d-lives".into(), status.into());
            delete(&account, on_delete.clone()).await.result.unwrap();
        }
        let left = account.ids();
        assert_eq!(left.iter().filter(|id| id.contains("lives")).count(), 8, "{left:?}");
        assert!(account.deletions().iter().all(|call| call.contains("gone")));
    }
}

#[tokio::test]
async fn a_domain_that_is_being_deleted_is_waited_for() {
    let account = Account::new().with_leftovers("one", "churn/dev", VPC);
    account.state().domains.insert("d-one".into(), "Deleting".into());
    let resource = StudioStorage::new(account.clone());
    let wanted = properties("churn/dev", VPC, OnDelete::Delete);
    let progress = resource.delete(&request(Some(wanted.clone()), id(&wanted), None)).await.unwrap();
    let Progress::Unfinished { waiting_for, .. } = progress else { panic!("is done") };
    assert_eq!(waiting_for, "domain d-one to be deleted");
    assert_eq!(account.deletions(), Vec::<String>::new());
}

#[tokio::test]
async fn e09_interfaces_in_use_are_waited_for_by_name() {
    let account = Account::new().with_leftovers("one", "churn/dev", VPC);
    account.state().put_interface("eni-kernel", "in-use", "sg-out-one");
    account.state().interfaces.get_mut("eni-kernel").unwrap().1 = Some(60);
    let ended = delete(&account, OnDelete::Delete).await;
    ended.result.as_ref().unwrap();
    let waits = ended.waits.iter().filter(|wait| wait.contains("eni-kernel (in-use, of a test)")).count();
    assert!(waits >= 50, "{waits}: longer than the patience with groups");
    assert_eq!(account.ids(), Vec::<String>::new());
}

#[tokio::test]
async fn e09_a_group_that_something_refers_to_is_waited_for_and_then_named_with_it() {
    let account = Account::new().with_leftovers("one", "churn/dev", VPC);
    account.state().put_group("sg-app", VPC, "sg-in-one");
    let ended = delete(&account, OnDelete::Delete).await;
    assert_eq!(
        ended.reason(),
        "security group sg-in-one (security-group-for-inbound-nfs-d-one) is in use by a rule of sg-app (made-sg-app); take \
         away what uses it and delete again; left: file system fs-one, sg-in-one (security-group-for-inbound-nfs-d-one)"
    );
    assert!(ended.waits.iter().filter(|wait| wait.contains("sg-app")).count() >= 30, "minutes, not looks");
    assert_eq!(account.ids(), ["fs-one", "sg-app", "sg-in-one"], "what could go is gone");
    // The cause is cleared and the stack deleted again.
    account.state().groups.remove("sg-app");
    delete(&account, OnDelete::Delete).await.result.unwrap();
    assert_eq!(account.ids(), Vec::<String>::new());
}

#[tokio::test]
async fn a_file_system_that_is_in_use_is_waited_for_and_then_named() {
    let account = Account::new().with_leftovers("one", "churn/dev", VPC);
    account.state().file_systems.get_mut("fs-one").unwrap().0.tags.push(("replicated".into(), String::new()));
    let ended = delete(&account, OnDelete::Delete).await;
    assert!(ended.reason().starts_with("file system fs-one is in use: as the service has it; "), "{}", ended.reason());
    assert_eq!(account.ids(), ["fs-one"]);
}

#[tokio::test]
async fn e00g_a_denied_call_says_what_is_left_and_a_throttled_one_is_made_later() {
    let total = {
        let account = Account::new().with_leftovers("one", "churn/dev", VPC);
        delete(&account, OnDelete::Delete).await.result.unwrap();
        account.state().calls.len()
    };
    assert!(total > 20, "{total}");
    for at in 1..=total {
        let account = Account::new().with_leftovers("one", "churn/dev", VPC);
        account.state().failing = Some((at, "AccessDeniedException", false));
        let reason = delete(&account, OnDelete::Delete).await.reason();
        let operation = account.state().calls[at - 1].split(' ').next().unwrap().to_owned();
        assert!(reason.starts_with(&format!("{operation} answered AccessDeniedException: ")), "{reason}");
        assert!(reason.contains("request id") && reason.contains("; left: "), "{reason}");

        let account = Account::new().with_leftovers("one", "churn/dev", VPC);
        account.state().failing = Some((at, "ThrottlingException", false));
        delete(&account, OnDelete::Delete).await.result.unwrap();
        assert_eq!(account.ids(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn e00a_create_and_update_call_nothing_and_take_any_choice() {
    let account = Account::new().with_leftovers("one", "churn/dev", VPC);
    let resource = StudioStorage::new(account.clone());
    for (old, new) in [(OnDelete::Retain, backup()), (backup(), OnDelete::Delete), (OnDelete::Delete, OnDelete::Retain)]
    {
        let (old, new) = (properties("churn/dev", VPC, old), properties("churn/dev", VPC, new));
        let physical_id = id(&old);
        assert_eq!(physical_id, id(&new), "e00b: the choice is no identity");
        let request = request(new, physical_id, None);
        assert!(matches!(resource.create(&request).await.unwrap(), Progress::Done(_)));
        assert!(matches!(resource.update(&request, Some(&old)).await.unwrap(), Progress::Done(_)));
        assert!(matches!(resource.update(&request, None).await.unwrap(), Progress::Done(_)));
    }
    assert_eq!(account.state().calls, Vec::<String>::new());
}

#[test]
fn e00b_environment_and_network_are_the_identity() {
    let one = id(&properties("churn/dev", VPC, OnDelete::Retain));
    assert_eq!(one.as_str(), format!("studio-storage/churn/dev/{VPC}/0f1e2d3c/StudioStorage"));
    assert_ne!(one, id(&properties("churn/prod", VPC, OnDelete::Retain)));
    assert_ne!(one, id(&properties("churn/dev", OTHER_VPC, OnDelete::Retain)));
}

#[tokio::test]
async fn e00c_a_new_network_leaves_only_the_old_one_to_be_cleared() {
    // The old domain is gone, the new one serves, and CloudFormation deletes the old resource.
    let account = Account::new().with_leftovers("old", "churn/dev", VPC).with_leftovers("new", "churn/dev", OTHER_VPC);
    account.state().domains.insert("d-new".into(), "InService".into());
    delete(&account, OnDelete::Delete).await.result.unwrap();
    let left = account.ids();
    assert!(left.len() == 8 && left.iter().all(|id| id.contains("new")), "{left:?}");
}

#[tokio::test]
async fn e00c_without_readable_properties_the_network_is_cleared_and_the_files_stay() {
    let account = Account::new().with_leftovers("one", "churn/dev", VPC);
    let resource = StudioStorage::new(account.clone());
    let physical_id = id(&properties("churn/dev", VPC, OnDelete::Delete));
    while let Progress::Unfinished { .. } = resource.delete(&request(None, physical_id.clone(), None)).await.unwrap() {}
    assert_eq!(account.ids(), ["fs-one"]);
    let unknown = PhysicalId::new("studio-storage", ["OLD"]);
    assert!(matches!(resource.delete(&request(None, unknown, None)).await.unwrap(), Progress::Done(_)));
}

#[tokio::test]
async fn e00c_nothing_to_delete_is_a_success() {
    let account = Account::new();
    for on_delete in [OnDelete::Retain, backup(), OnDelete::Delete] {
        let ended = delete(&account, on_delete).await;
        assert!(ended.result.is_ok() && ended.waits.is_empty());
    }
}

#[tokio::test]
async fn a_role_of_another_account_or_partition_is_refused_before_any_call() {
    for role in ["arn:aws:iam::999999999999:role/Backup", "arn:aws-cn:iam::123456789012:role/Backup"] {
        let vault = "studio".parse().unwrap();
        let on_delete = OnDelete::Backup(Destination { vault, role: role.parse().unwrap() });
        let wanted = properties("churn/dev", VPC, on_delete);
        let physical_id = id(&wanted);
        let failure =
            StudioStorage::new(Account::new()).create(&request(wanted, physical_id, None)).await.err().unwrap();
        assert!(failure.to_string().starts_with(&format!("BackupRoleArn holds {role} of account ")), "{failure}");
        assert!(!failure.is_half_made());
    }
}

#[test]
fn faults_of_the_properties_come_all_at_once() {
    let base = json!({"EnvironmentName": "churn", "EnvironmentType": "dev", "VpcId": VPC});
    let role = "arn:aws:iam::123456789012:role/service-role/Backup";
    let with = |more: Value| {
        let mut given = base.clone();
        given.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        given
    };
    let accepted = [
        (json!({}), OnDelete::Retain),
        (json!({"OnDelete": ""}), OnDelete::Retain),
        (json!({"OnDelete": "Retain", "BackupVaultName": "studio", "BackupRoleArn": role}), OnDelete::Retain),
        (json!({"OnDelete": "Delete", "BackupVaultName": "", "BackupRoleArn": ""}), OnDelete::Delete),
        (json!({"OnDelete": "Backup", "BackupVaultName": "studio", "BackupRoleArn": role}), backup()),
    ];
    for (given, on_delete) in accepted {
        assert_eq!(read_properties::<Properties>(&with(given)).unwrap(), properties("churn/dev", VPC, on_delete));
    }
    let refused: [(Value, &[&str]); 5] = [
        (
            json!({"OnDelete": "Backup"}),
            &["BackupVaultName is missing, which OnDelete Backup needs", "BackupRoleArn is missing, which OnDelete"],
        ),
        (
            json!({"OnDelete": "Delete", "BackupVaultName": "studio", "BackupRoleArn": role}),
            &[
                "BackupVaultName is given although OnDelete is Delete",
                "BackupRoleArn is given although OnDelete is Delete",
            ],
        ),
        (
            json!({"OnDelete": "Keep", "BackupVaultName": "a b", "BackupRoleArn": "Backup"}),
            &[
                "OnDelete is \"Keep\", expected Retain, Backup or Delete",
                "BackupVaultName is \"a b\", expected a backup vault's name",
                "BackupRoleArn is \"Backup\", expected a role's ARN",
            ],
        ),
        (json!({"OnDelete": "Backup", "BackupVaultName": "studio"}), &["BackupRoleArn is missing, which OnDelete"]),
        (
            json!({"VpcId": "vpc", "EnvironmentName": "", "OnDelet": "Delete"}),
            &[
                "VpcId is \"vpc\", expected a VPC id",
                "EnvironmentName is empty",
                "OnDelet is unknown, did you mean OnDelete?",
            ],
        ),
    ];
    for (given, parts) in refused {
        let faults = read_properties::<Properties>(&with(given)).err().unwrap().to_string();
        for part in parts {
            assert!(faults.contains(part), "{faults}");
        }
    }
}

/// Cut off at each call, before and after its effect, and delivered again from the start: the same end as undisturbed.
#[tokio::test]
async fn redelivery_after_a_cut_at_any_call_converges() {
    for on_delete in [OnDelete::Retain, backup(), OnDelete::Delete] {
        for takes_place in [false, true] {
            for at in 1.. {
                let account = Account::new().with_leftovers("one", "churn/dev", VPC);
                account.state().failing = Some((at, "AccessDeniedException", takes_place));
                if delete(&account, on_delete.clone()).await.result.is_ok() {
                    assert!(at > 15, "the cut must have happened");
                    break;
                }
                delete(&account, on_delete.clone()).await.result.unwrap();
                let left = if on_delete == OnDelete::Retain { vec!["fs-one".to_owned()] } else { vec![] };
                assert_eq!(account.ids(), left, "{on_delete:?} cut at call {at}");
                assert!(account.state().jobs.len() <= 1, "one backup");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever leftovers there are, however slowly they go and however often the state is lost: those of this environment
    /// in this network go, and nothing else.
    #[test]
    fn only_and_all_of_the_environments_leftovers_go(
        domains in prop::collection::vec((prop::sample::select(vec!["churn/dev", "churn/prod", "fraud/dev"]),
            prop::sample::select(vec![VPC, OTHER_VPC]), any::<bool>()), 0..5),
        pace in 0u32..4,
        forgetting in any::<bool>(),
    ) {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            let mut account = Account::new();
            account.state().pace = pace;
            let mut kept = Vec::new();
            for (number, (environment, vpc, lives)) in domains.iter().enumerate() {
                account = account.with_leftovers(&number.to_string(), environment, vpc);
                if *lives {
                    account.state().domains.insert(format!("d-{number}"), "InService".into());
                }
                if *lives || *environment != "churn/dev" || *vpc != VPC {
                    kept.push(number.to_string());
                }
            }
            let is_kept = |id: &String| id.split('-').any(|part| kept.iter().any(|kept| kept == part));
            let before: Vec<String> = account.ids();
            deliver(&account, properties("churn/dev", VPC, OnDelete::Delete), forgetting).await.result.unwrap();
            for id in account.ids() {
                assert!(before.contains(&id) && is_kept(&id), "{id} should be gone");
            }
            // Mount targets are numbered too, so what was kept is counted by its domains.
            assert_eq!(account.state().file_systems.len(), kept.len());
            assert_eq!(account.state().groups.len(), 2 * kept.len());
        });
    }
}
