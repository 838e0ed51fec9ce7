//! What Create, Update and Delete do to the associations of an account, over an account in memory.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking, where it is set up too")]

mod account;

use std::collections::BTreeSet;
use std::time::Duration;

use account::{ASSOCIATE, Account, ENABLE, LIST, someones_share};
use custom_resource::{
    Attributes, CustomResource, Failure, PhysicalId, Progress, Request, Scope, TimeLeft, read_properties,
};
use identifiers::RoleArn;
use proptest::prelude::*;
use sagemaker_projects::{Properties, SageMakerProjects};
use serde_json::{Value, json};

const STACK: &str = "arn:aws:cloudformation:eu-central-1:123456789012:stack/platform/0f1e2d3c";

fn role(name: &str) -> RoleArn {
    format!("arn:aws:iam::123456789012:role/studio/{name}").parse().unwrap()
}

fn properties(names: &[&str]) -> Properties {
    Properties { execution_role_arns: names.iter().map(|name| role(name)).collect() }
}

fn scope() -> Scope {
    Scope::new(STACK, "Projects").unwrap()
}

fn request<P>(properties: P, state: Option<Value>) -> Request<P> {
    let scope = scope();
    Request {
        properties,
        physical_id: PhysicalId::new("sagemaker-projects", [&scope.stack_name, &scope.stack_guid, &scope.logical_id]),
        scope,
        request_id: "5e0c2b4a".into(),
        time: TimeLeft::lasting(Duration::from_secs(60)),
        state,
    }
}

/// How one delivery of a request ended, and how often it said that it was not finished.
struct Ended {
    result: Result<Attributes, Failure>,
    pauses: Vec<(String, Duration)>,
}

impl Ended {
    fn portfolio(&self) -> Option<&str> {
        self.result.as_ref().unwrap().get("PortfolioId")
    }

    fn failure(&self) -> &Failure {
        self.result.as_ref().err().unwrap()
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

async fn create(account: &Account, roles: &[&str]) -> Ended {
    let resource = SageMakerProjects::new(account.clone());
    to_the_end(async |state| resource.create(&request(properties(roles), state)).await).await
}

async fn update(account: &Account, roles: &[&str], old: Option<&[&str]>) -> Ended {
    let resource = SageMakerProjects::new(account.clone());
    let old = old.map(properties);
    to_the_end(async |state| resource.update(&request(properties(roles), state), old.as_ref()).await).await
}

async fn delete(account: &Account, roles: Option<&[&str]>) -> Ended {
    let resource = SageMakerProjects::new(account.clone());
    to_the_end(async |state| resource.delete(&request(roles.map(properties), state)).await).await
}

fn set(associations: &[&str]) -> BTreeSet<String> {
    associations.iter().map(|name| format!("port-sagemaker {name}")).collect()
}

#[tokio::test]
async fn create_enables_and_associates_each_role() {
    let account = Account::default();
    assert_eq!(create(&account, &["a", "b"]).await.portfolio(), Some("port-sagemaker"));
    assert!(account.state().enabled);
    assert_eq!(account.associated(), set(&["a", "b"]));
}

#[tokio::test]
async fn e00a_update_adds_removes_and_answers_the_attribute() {
    let account = Account::default();
    create(&account, &["a", "b"]).await;
    let ended = update(&account, &["b", "c"], Some(&["a", "b"])).await;
    assert_eq!(ended.portfolio(), Some("port-sagemaker"));
    assert_eq!(account.associated(), set(&["b", "c"]));
}

#[tokio::test]
async fn e00a_an_update_without_changes_answers_the_attribute_and_heals() {
    let account = Account::default();
    create(&account, &["a"]).await;
    account.state().associations.clear();
    assert_eq!(update(&account, &["a"], Some(&["a"])).await.portfolio(), Some("port-sagemaker"));
    assert_eq!(account.associated(), set(&["a"]));
}

#[tokio::test]
async fn an_update_that_rolls_back_ends_where_it_began() {
    let account = Account::default();
    create(&account, &["a", "b"]).await;
    let disassociation = account.state().calls.len() + 5;
    account.state().failing = Some((disassociation, "InternalFailure", true));
    assert!(update(&account, &["b", "c"], Some(&["a", "b"])).await.result.is_err());
    assert_eq!(account.associated(), set(&["b", "c"]));
    update(&account, &["a", "b"], Some(&["b", "c"])).await.result.unwrap();
    assert_eq!(account.associated(), set(&["a", "b"]));
}

#[tokio::test]
async fn an_update_with_unreadable_old_properties_takes_nothing_away() {
    let account = Account::default();
    create(&account, &["a"]).await;
    update(&account, &["b"], None).await.result.unwrap();
    assert_eq!(account.associated(), set(&["a", "b"]));
}

#[test]
fn e00b_the_id_does_not_depend_on_the_properties() {
    let resource = SageMakerProjects::new(Account::default());
    let id = |roles: &[&str]| {
        PhysicalId::new("sagemaker-projects", resource.identity(&scope(), &properties(roles))).as_str().to_owned()
    };
    assert_eq!(id(&["a"]), id(&["b", "c"]));
    assert_eq!(id(&["a"]), "sagemaker-projects/platform/0f1e2d3c/Projects");
}

#[tokio::test]
async fn e00c_delete_removes_its_own_associations_and_no_others() {
    let account = Account::default();
    create(&account, &["a", "b"]).await;
    account.state().associations.insert(("port-sagemaker".into(), role("another-stacks")));
    account.state().associations.insert(("port-other".into(), role("a")));
    delete(&account, Some(&["a", "b"])).await.result.unwrap();
    assert_eq!(account.associated(), ["port-other a", "port-sagemaker another-stacks"].map(String::from).into());
}

#[tokio::test]
async fn e00c_delete_leaves_the_accounts_switch_on() {
    let account = Account::default();
    create(&account, &["a"]).await;
    delete(&account, Some(&["a"])).await.result.unwrap();
    assert!(account.state().enabled);
}

#[tokio::test]
async fn e00c_delete_is_content_when_everything_is_gone() {
    let account = Account::default();
    delete(&account, Some(&["a"])).await.result.unwrap();
    assert_eq!(account.state().calls, [LIST], "without a portfolio there is nothing to disassociate");
    account.state().enabled = true;
    delete(&account, Some(&["a"])).await.result.unwrap();
    delete(&account, None).await.result.unwrap();
    assert_eq!(account.associated(), BTreeSet::new());
}

#[tokio::test]
async fn e00c_delete_is_content_when_a_role_was_deleted_first() {
    let account = Account::default();
    create(&account, &["a", "b"]).await;
    let first_disassociation = account.state().calls.len() + 2;
    account.state().failing = Some((first_disassociation, "InvalidParametersException", false));
    delete(&account, Some(&["a", "b"])).await.result.unwrap();
    assert_eq!(account.associated(), set(&["a"]), "the other role is looked after all the same");
}

#[tokio::test]
async fn e00g_a_throttled_or_denied_call_is_a_failure_with_its_code() {
    for (call, operation) in [(1, ENABLE), (2, LIST), (3, ASSOCIATE)] {
        for code in ["ThrottlingException", "AccessDeniedException"] {
            let account = Account::default();
            account.state().failing = Some((call, code, false));
            let ended = create(&account, &["a"]).await;
            let reason = ended.failure().to_string();
            assert!(reason.starts_with(&format!("{operation} answered {code}: ")), "{reason}");
            assert!(ended.failure().is_half_made(), "an earlier delivery may have associated roles");
        }
    }
}

#[tokio::test]
async fn e03_the_portfolio_is_found_on_any_page() {
    let account = Account::default();
    account.state().others = vec![vec![someones_share("p1"), someones_share("p2")], vec![], vec![someones_share("p3")]];
    assert_eq!(create(&account, &["a"]).await.portfolio(), Some("port-sagemaker"));
    assert_eq!(account.associated(), set(&["a"]));
    assert_eq!(account.count(LIST), 4);
}

#[tokio::test]
async fn e03_the_share_is_waited_for_and_enabled_once() {
    let account = Account::default();
    account.state().hidden_for = 3;
    let ended = create(&account, &["a"]).await;
    assert_eq!(ended.portfolio(), Some("port-sagemaker"));
    assert_eq!(ended.pauses.len(), 3);
    assert!(ended.pauses.iter().all(|(waiting_for, again_in)| {
        waiting_for.contains("portfolio") && waiting_for.contains("123456789012") && again_in.as_secs() >= 1
    }));
    assert_eq!(account.count(ENABLE), 1);
}

#[tokio::test]
async fn e03_several_roles_of_several_stacks_stand_side_by_side() {
    let account = Account::default();
    create(&account, &["a", "b"]).await;
    create(&account, &["c"]).await;
    delete(&account, Some(&["a", "b"])).await.result.unwrap();
    assert_eq!(account.associated(), set(&["c"]));
}

#[tokio::test]
async fn e03_a_role_made_anew_is_associated_again_by_an_update() {
    let account = Account::default();
    create(&account, &["a"]).await;
    account.state().associations.clear();
    update(&account, &["a", "b"], Some(&["a"])).await.result.unwrap();
    assert_eq!(account.associated(), set(&["a", "b"]));
}

#[tokio::test]
async fn e03_a_role_just_made_is_waited_for() {
    let account = Account::default();
    account.state().unknown_roles = vec![(role("a"), 2)];
    let ended = create(&account, &["a"]).await;
    assert_eq!(ended.portfolio(), Some("port-sagemaker"));
    assert_eq!(ended.pauses.len(), 2);
    assert!(ended.pauses.iter().all(|(waiting_for, _)| waiting_for.contains("role/studio/a")));
}

#[tokio::test]
async fn e03_a_role_that_does_not_exist_fails_within_a_minute_and_is_named() {
    let account = Account::default();
    account.state().unknown_roles = vec![(role("typo"), usize::MAX)];
    let ended = create(&account, &["a", "typo"]).await;
    let reason = ended.failure().to_string();
    for part in ["ExecutionRoleArns", "role/studio/typo", "expected a role that exists", "InvalidParametersException"] {
        assert!(reason.contains(part), "{reason}");
    }
    assert!(ended.pauses.iter().map(|(_, again_in)| *again_in).sum::<Duration>() < Duration::from_secs(60));
    assert!(ended.failure().is_half_made());
    delete(&account, Some(&["a", "typo"])).await.result.unwrap();
    assert_eq!(account.associated(), BTreeSet::new());
}

#[tokio::test]
async fn roles_of_another_account_or_partition_are_all_named_before_any_call() {
    let account = Account::default();
    let resource = SageMakerProjects::new(account.clone());
    let roles = ["arn:aws:iam::210987654321:role/x", "arn:aws-cn:iam::123456789012:role/y", role("a").as_str()]
        .map(|role| role.parse().unwrap());
    let failure =
        resource.create(&request(Properties { execution_role_arns: roles.into() }, None)).await.err().unwrap();
    assert_eq!(
        failure.to_string(),
        "ExecutionRoleArns holds arn:aws-cn:iam::123456789012:role/y of account 123456789012 in partition aws-cn, \
         expected a role of account 123456789012 in partition aws; ExecutionRoleArns holds \
         arn:aws:iam::210987654321:role/x of account 210987654321 in partition aws, expected a role of account \
         123456789012 in partition aws"
    );
    assert!(!failure.is_half_made());
    assert!(account.state().calls.is_empty());
}

#[test]
fn faults_of_the_properties_come_all_at_once() {
    let a = role("a");
    let rows: [(Value, &[&str]); 6] = [
        (json!({}), &["ExecutionRoleArns is empty, expected at least one role's ARN"]),
        (json!({"ExecutionRoleArns": [""]}), &["ExecutionRoleArns is empty, expected at least one role's ARN"]),
        (json!({"ExecutionRoleArn": [a.as_str()]}), &["ExecutionRoleArn is unknown, did you mean ExecutionRoleArns?"]),
        (json!({"ExecutionRoleArns": {"a": "b"}}), &["ExecutionRoleArns is an object, expected a list"]),
        (
            json!({"ExecutionRoleArns": ["Studio", a.as_str(), "arn:aws:iam::12345678901:role/x"]}),
            &[
                "ExecutionRoleArns[0] is \"Studio\", expected a role's ARN such as arn:aws:iam::123456789012:role/path/name",
                "ExecutionRoleArns[2] is \"arn:aws:iam::12345678901:role/x\", expected a role's ARN",
            ],
        ),
        (
            json!({"ExecutionRoleArns": format!("{a}, {a},{a}"), "Region": "x"}),
            &[
                "ExecutionRoleArns holds arn:aws:iam::123456789012:role/studio/a more than once, expected each role once",
                "Region is unknown",
            ],
        ),
    ];
    for (given, expected) in rows {
        let faults = read_properties::<Properties>(&given).err().unwrap().to_string();
        for part in expected {
            assert!(faults.contains(part), "{given}: {faults}");
        }
    }
    let read = read_properties::<Properties>(&json!({"ServiceToken": "x", "ExecutionRoleArns": [a.as_str(), "  "]}));
    assert_eq!(read.unwrap(), properties(&["a"]));
}

/// Cut off at each call, before and after its effect, and delivered again: the same end as undisturbed.
#[tokio::test]
async fn redelivery_after_a_cut_at_any_call_converges() {
    for request_type in ["Create", "Update", "Delete"] {
        for takes_place in [false, true] {
            for at in 1.. {
                let account = Account::default();
                account.state().others = vec![vec![someones_share("p1")]];
                if request_type != "Create" {
                    create(&account, &["a", "b"]).await;
                }
                let deliver = async || match request_type {
                    "Create" => create(&account, &["a", "b"]).await,
                    "Update" => update(&account, &["b", "c", "d"], Some(&["a", "b"])).await,
                    _ => delete(&account, Some(&["a", "b"])).await,
                };
                let before = account.state().calls.len();
                account.state().failing = Some((before + at, "InternalFailure", takes_place));
                if deliver().await.result.is_ok() {
                    assert!(account.state().calls.len() < before + at, "the cut must be seen");
                    assert!(at > 2, "the cut must have happened");
                    break;
                }
                account.state().failing = None;
                deliver().await.result.unwrap();
                let expected = match request_type {
                    "Create" => set(&["a", "b"]),
                    "Update" => set(&["b", "c", "d"]),
                    _ => set(&[]),
                };
                assert_eq!(account.associated(), expected, "{request_type} cut at call {at}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Any updates, each cut off or not, then an undisturbed delivery of the last: exactly the listed roles, and the role
    /// of another stack untouched.
    #[test]
    fn any_sequence_of_updates_converges(
        steps in prop::collection::vec((prop::collection::btree_set("[a-d]", 1..4), prop::option::of((1usize..9, any::<bool>()))), 1..6)
    ) {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            let account = Account::default();
            account.state().associations.insert(("port-sagemaker".into(), role("another-stacks")));
            create(&account, &["a"]).await;
            let mut settled: Vec<String> = vec!["a".into()];
            for (wanted, cut) in &steps {
                let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
                let old: Vec<&str> = settled.iter().map(String::as_str).collect();
                if let Some((at, takes_place)) = *cut {
                    let at = account.state().calls.len() + at;
                    account.state().failing = Some((at, "InternalFailure", takes_place));
                }
                let failed = update(&account, &wanted, Some(&old)).await.result.is_err();
                account.state().failing = None;
                if failed {
                    // CloudFormation rolls back: the same update with the properties swapped.
                    update(&account, &old, Some(&wanted)).await.result.unwrap();
                } else {
                    settled = wanted.iter().map(ToString::to_string).collect();
                }
                let mut expected = set(&settled.iter().map(String::as_str).collect::<Vec<_>>());
                expected.insert("port-sagemaker another-stacks".into());
                assert_eq!(account.associated(), expected);
            }
        });
    }
}
