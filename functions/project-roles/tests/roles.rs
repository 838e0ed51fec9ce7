//! Which roles a stack makes, over the roles of an account in memory.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, where it is set up too"
)]

mod account;

use std::collections::BTreeMap;
use std::time::Duration;

use account::Account;
use custom_resource::{
    Attributes, CustomResource, Failure, PhysicalId, Progress, Request, Scope, TimeLeft, read_properties,
};
use identifiers::RoleName;
use project_roles::{KNOWN_ROLES, OWNER_TAG, PATH, ProjectRoles, Properties, Role};
use proptest::prelude::*;
use serde_json::{Value, json};

const LAUNCH: &str = "AmazonSageMakerServiceCatalogProductsLaunchRole";
const USE: &str = "AmazonSageMakerServiceCatalogProductsUseRole";
const EXECUTION: &str = "AmazonSageMakerServiceCatalogProductsExecutionRole";
const STACK: &str = "arn:aws:cloudformation:eu-central-1:123456789012:stack/core/0f1e2d3c";
const OTHER_STACK: &str = "arn:aws:cloudformation:eu-central-1:123456789012:stack/core/old";

fn properties(names: &[&str]) -> Properties {
    read_properties(&json!({ "RoleNames": names })).unwrap()
}

fn request<P>(properties: P, stack: &str) -> Request<P> {
    let scope = Scope::new(stack, "Roles").unwrap();
    Request {
        properties,
        physical_id: PhysicalId::new("project-roles", [&scope.stack_name, &scope.stack_guid, &scope.logical_id]),
        scope,
        request_id: "5e0c2b4a".into(),
        time: TimeLeft::lasting(Duration::from_secs(60)),
        state: None,
    }
}

/// Calls Create as the library does until it is done; says how often it waited.
async fn waiting_create(account: &Account, names: &[&str], stack: &str) -> (Result<Attributes, Failure>, Vec<String>) {
    let resource = ProjectRoles::new(account.clone());
    let mut waited = Vec::new();
    loop {
        match resource.create(&request(properties(names), stack)).await {
            Ok(Progress::Done(attributes)) => return (Ok(attributes), waited),
            Ok(Progress::Unfinished { waiting_for, .. }) => waited.push(waiting_for),
            Err(failure) => return (Err(failure), waited),
        }
        assert!(waited.len() < 20, "never ends");
    }
}

async fn create_in(account: &Account, names: &[&str], stack: &str) -> Result<BTreeMap<String, String>, String> {
    let (result, waited) = waiting_create(account, names, stack).await;
    assert_eq!(waited, Vec::<String>::new());
    result.map(|attributes| by_name(&attributes)).map_err(|failure| failure.to_string())
}

async fn create(account: &Account, names: &[&str]) -> Result<BTreeMap<String, String>, String> {
    create_in(account, names, STACK).await
}

fn by_name(attributes: &Attributes) -> BTreeMap<String, String> {
    attributes.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn answer(stack: &str, roles: &[(&str, &str)]) -> BTreeMap<String, String> {
    let owner = [("OwnerTagValue", stack)];
    roles.iter().chain(&owner).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn trusting(services: &[&str]) -> String {
    json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": services}, "Action": "sts:AssumeRole"}
    ]})
    .to_string()
}

/// As SageMaker's console makes it.
fn good(name: &str) -> Role {
    let services = KNOWN_ROLES.iter().find(|(known, _)| *known == name).unwrap().1;
    let principals: Vec<String> = services.iter().map(|service| format!("{service}.amazonaws.com")).collect();
    Role {
        path: PATH.into(),
        trust_policy: trusting(&principals.iter().map(String::as_str).collect::<Vec<_>>()),
        tags: BTreeMap::new(),
    }
}

/// As the nested stack makes it.
fn made_by(stack: &str, name: &str) -> Role {
    Role { tags: [(OWNER_TAG.to_owned(), stack.to_owned())].into(), ..good(name) }
}

fn with(roles: &[(&str, Role)]) -> Account {
    let account = Account::default();
    account.state().roles = roles.iter().map(|(name, role)| ((*name).to_owned(), role.clone())).collect();
    account
}

#[tokio::test]
async fn a13_missing_roles_are_made_and_those_of_others_are_used() {
    for (there, launch, use_role) in [
        (vec![], LAUNCH, USE),
        (vec![(LAUNCH, good(LAUNCH))], "", USE),
        (vec![(LAUNCH, good(LAUNCH)), (USE, good(USE))], "", ""),
        (vec![(LAUNCH, made_by(OTHER_STACK, LAUNCH))], "", USE),
    ] {
        let expected = answer(STACK, &[(LAUNCH, launch), (USE, use_role)]);
        assert_eq!(create(&with(&there), &[LAUNCH, USE]).await.unwrap(), expected);
    }
}

#[tokio::test]
async fn e02_a_role_that_this_stack_made_stays_its_own() {
    let resource_tag =
        Role { tags: [("aws:cloudformation:stack-id".to_owned(), STACK.to_owned())].into(), ..good(LAUNCH) };
    for own in [made_by(STACK, LAUNCH), resource_tag] {
        let account = with(&[(LAUNCH, own)]);
        assert_eq!(create(&account, &[LAUNCH]).await.unwrap(), answer(STACK, &[(LAUNCH, LAUNCH)]));
        assert_eq!(create_in(&account, &[LAUNCH], OTHER_STACK).await.unwrap(), answer(OTHER_STACK, &[(LAUNCH, "")]));
    }
}

#[tokio::test]
async fn e02_own_roles_are_not_judged() {
    let role = Role { path: "/".into(), trust_policy: "broken".into(), ..made_by(STACK, LAUNCH) };
    assert_eq!(create(&with(&[(LAUNCH, role)]), &[LAUNCH]).await.unwrap(), answer(STACK, &[(LAUNCH, LAUNCH)]));
}

#[tokio::test]
async fn a14_e02_roles_of_others_that_projects_could_not_use_are_refused_all_at_once() {
    let account = with(&[
        (LAUNCH, Role { path: "/".into(), ..good(LAUNCH) }),
        (
            USE,
            Role {
                trust_policy: trusting(&["sagemaker.amazonaws.com", "lambda.amazonaws.com"]),
                ..made_by(OTHER_STACK, USE)
            },
        ),
        (EXECUTION, Role { path: "/x/".into(), trust_policy: "{}".into(), tags: BTreeMap::new() }),
    ]);
    let glue = "AmazonSageMakerServiceCatalogProductsGlueRole";
    assert_eq!(
        create(&account, &[LAUNCH, USE, EXECUTION, glue]).await.unwrap_err(),
        format!(
            "role {LAUNCH} has the path /, expected /service-role/, which only a new role can have; role {USE} of \
             {OTHER_STACK} does not trust apigateway.amazonaws.com, cloudformation.amazonaws.com, \
             codebuild.amazonaws.com, codepipeline.amazonaws.com, events.amazonaws.com, firehose.amazonaws.com, \
             glue.amazonaws.com, states.amazonaws.com; role {EXECUTION} has the path /x/, expected /service-role/, which \
             only a new role can have, and has a trust policy that cannot be read: the policy document has no Statement; \
             expected one for sagemaker.amazonaws.com. This stack does not change roles that it did not make: let the \
             services assume them, or delete the roles that no project uses any more, and an update of this stack makes \
             them"
        )
    );
}

#[tokio::test]
async fn a14_trust_is_read_as_iam_means_it() {
    let service = "codebuild.amazonaws.com";
    let allow = json!({"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"});
    let with_action = |action: Value| json!({"Effect": "Allow", "Principal": {"Service": service}, "Action": action});
    let name = "AmazonSageMakerServiceCatalogProductsCodeBuildRole";
    for (what, statement, trusted) in [
        ("one statement outside a list", allow.clone(), true),
        ("a list of actions", json!([with_action(json!(["sts:TagSession", "sts:assumerole"]))]), true),
        ("a wildcard", json!([with_action(json!("sts:*"))]), true),
        ("another action", json!([with_action(json!("sts:TagSession"))]), false),
        ("no statement", json!([]), false),
        (
            "an account",
            json!([{"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "sts:AssumeRole"}]),
            false,
        ),
        (
            "a condition",
            json!([{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}}}]),
            true,
        ),
        ("a denial", json!([allow, {"Effect": "Deny", "Principal": {"Service": service}, "Action": "sts:*"}]), false),
        (
            "the principal of this region",
            json!([{"Effect": "Allow", "Principal": {"Service": "codebuild.eu-central-1.amazonaws.com"},
                "Action": "sts:AssumeRole"}]),
            true,
        ),
    ] {
        let trust_policy = json!({"Version": "2012-10-17", "Statement": statement}).to_string();
        let account = with(&[(name, Role { trust_policy, ..good(name) })]);
        assert_eq!(create(&account, &[name]).await.is_ok(), trusted, "{what}");
    }
}

#[tokio::test]
async fn a14_every_known_role_is_held_to_its_own_services() {
    for (name, services) in KNOWN_ROLES {
        assert_eq!(create(&with(&[(name, good(name))]), &[name]).await.unwrap(), answer(STACK, &[(name, "")]));
        let account = with(&[(name, Role { trust_policy: trusting(&["ec2.amazonaws.com"]), ..good(name) })]);
        let reason = create(&account, &[name]).await.unwrap_err();
        for service in services {
            assert!(reason.contains(&format!("{service}.amazonaws.com")), "{name}: {reason}");
        }
    }
}

#[tokio::test]
async fn principals_of_another_partition_are_known() {
    let stack = "arn:aws-cn:cloudformation:cn-north-1:123456789012:stack/core/0f1e2d3c";
    let launch = Role { trust_policy: trusting(&["servicecatalog.amazonaws.com.cn"]), ..good(LAUNCH) };
    for role in [launch, good(LAUNCH)] {
        let attributes = create_in(&with(&[(LAUNCH, role)]), &[LAUNCH], stack).await.unwrap();
        assert_eq!(attributes, answer(stack, &[(LAUNCH, "")]));
    }
}

#[tokio::test]
async fn of_a_role_that_is_no_project_role_only_the_existence_is_looked_at() {
    let account = with(&[("Studio", Role { path: "/".into(), trust_policy: String::new(), tags: BTreeMap::new() })]);
    let expected = answer(STACK, &[("Studio", ""), ("Other", "Other")]);
    assert_eq!(create(&account, &["Studio", "Other"]).await.unwrap(), expected);
}

#[tokio::test]
async fn e00a_update_looks_again_whatever_the_old_properties_were() {
    let account = with(&[(LAUNCH, good(LAUNCH))]);
    let resource = ProjectRoles::new(account.clone());
    let (new, old) = (properties(&[LAUNCH, USE]), properties(&[EXECUTION]));
    for old in [None, Some(&old), Some(&new)] {
        let Ok(Progress::Done(attributes)) = resource.update(&request(new.clone(), STACK), old).await else {
            panic!("not done");
        };
        assert_eq!(by_name(&attributes), answer(STACK, &[(LAUNCH, ""), (USE, USE)]));
    }
}

#[test]
fn e00b_the_id_does_not_depend_on_the_properties() {
    let resource = ProjectRoles::new(Account::default());
    let scope = Scope::new(STACK, "Roles").unwrap();
    let id = |names: &[&str]| resource.identity(&scope, &properties(names));
    assert_eq!(id(&[LAUNCH]), id(&[USE, EXECUTION]));
    assert_eq!(id(&[LAUNCH]), ["core", "0f1e2d3c", "Roles"]);
}

#[tokio::test]
async fn e00c_delete_calls_nothing() {
    let account = with(&[(LAUNCH, made_by(STACK, LAUNCH))]);
    let resource = ProjectRoles::new(account.clone());
    for properties in [None, Some(properties(&[LAUNCH]))] {
        let progress = resource.delete(&request(properties, STACK)).await;
        assert!(matches!(progress, Ok(Progress::Done(attributes)) if attributes.is_empty()));
    }
    assert_eq!(account.state().looks, Vec::<String>::new());
}

#[tokio::test]
async fn e02_a_denied_look_names_the_role_and_what_to_allow() {
    let account = Account::default();
    account.state().failing = Some((USE.into(), "AccessDenied", usize::MAX));
    let reason = create(&account, &[LAUNCH, USE]).await.unwrap_err();
    assert!(
        reason.starts_with(&format!("role {USE} cannot be looked at: iam:GetRole answered AccessDenied: ")),
        "{reason}"
    );
    assert!(reason.contains("request id") && reason.ends_with("must allow iam:GetRole"), "{reason}");
}

#[tokio::test]
async fn e00g_a_throttled_look_is_repeated_and_another_failure_is_not() {
    let account = Account::default();
    account.state().failing = Some((USE.into(), "Throttling", 2));
    let (result, waited) = waiting_create(&account, &[LAUNCH, USE], STACK).await;
    assert_eq!(by_name(&result.unwrap()), answer(STACK, &[(LAUNCH, LAUNCH), (USE, USE)]));
    let throttled = format!("role {USE} cannot be looked at: iam:GetRole answered Throttling: ");
    assert!(waited.len() == 2 && waited.iter().all(|waiting_for| waiting_for.starts_with(&throttled)), "{waited:?}");

    account.state().failing = Some((USE.into(), "InvalidInput", 1));
    let reason = create(&account, &[LAUNCH, USE]).await.unwrap_err();
    assert!(reason.contains("answered InvalidInput") && !reason.contains("must allow"), "{reason}");
}

#[tokio::test]
async fn roles_are_looked_at_a_few_at_a_time() {
    let account = Account::default();
    let names: Vec<String> = (0..30).map(|n| format!("role-{n}")).collect();
    create(&account, &names.iter().map(String::as_str).collect::<Vec<_>>()).await.unwrap();
    let state = account.state();
    assert_eq!(state.looks.len(), 30);
    assert!((2..=4).contains(&state.most_at_a_time), "{}", state.most_at_a_time);
}

#[test]
fn faults_of_the_properties_come_all_at_once() {
    let rows: [(Value, &[&str]); 5] = [
        (json!({}), &["RoleNames is empty, expected at least one role's name"]),
        (json!({"RoleNames": [""]}), &["RoleNames is empty"]),
        (json!({"RoleName": [LAUNCH]}), &["RoleName is unknown, did you mean RoleNames?"]),
        (
            json!({"RoleNames": ["service-role/Launch", "a b", "Studio"]}),
            &["RoleNames[0] is \"service-role/Launch\", expected a role's name of 1 to 64", "RoleNames[1] is \"a b\""],
        ),
        (
            json!({"RoleNames": "Studio, STUDIO,OwnerTagValue", "Region": "x"}),
            &[
                "RoleNames holds STUDIO more than once, expected each role once",
                "RoleNames holds OwnerTagValue, which is the name of an attribute with another meaning",
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
}

#[test]
fn the_sample_events_are_accepted() {
    for event in [
        include_str!("../../../events/project-roles-create.json"),
        include_str!("../../../events/project-roles-update.json"),
        include_str!("../../../events/project-roles-delete.json"),
    ] {
        let event: Value = serde_json::from_str(event).unwrap();
        for properties in ["ResourceProperties", "OldResourceProperties"].map(|name| &event[name]) {
            if !properties.is_null() {
                let names = read_properties::<Properties>(properties).unwrap().role_names;
                let known = |name: &RoleName| KNOWN_ROLES.iter().any(|(known, _)| *known == name.as_str());
                assert!(names.len() >= 2 && names.iter().all(known));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Two stacks that make what they are told to make, and lose it when they are deleted, in any order: no role has two
    /// owners, no Update takes an own role away, and in the end every role that a living stack wants is there.
    #[test]
    fn stacks_side_by_side_agree_on_who_makes_a_role(
        there in prop::collection::btree_set(0usize..3, 0..3),
        steps in prop::collection::vec((any::<bool>(), prop::bool::weighted(0.2)), 1..10),
    ) {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            let names = [LAUNCH, USE, EXECUTION];
            let account = with(&there.iter().map(|at| (names[*at], good(names[*at]))).collect::<Vec<_>>());
            for (first, deleted) in steps {
                let stack = if first { STACK } else { OTHER_STACK };
                let own = |account: &Account| -> Vec<String> {
                    let state = account.state();
                    let own = state.roles.iter().filter(|(_, role)| role.owner() == Some(stack));
                    own.map(|(name, _)| name.clone()).collect()
                };
                let before = own(&account);
                if deleted {
                    account.state().roles.retain(|_, role| role.owner() != Some(stack));
                    continue;
                }
                let attributes = create_in(&account, &names, stack).await.unwrap();
                for name in names {
                    let mut state = account.state();
                    if attributes[name] == name {
                        let role = state.roles.entry(name.into()).or_insert_with(|| made_by(stack, name));
                        assert_eq!(role.owner(), Some(stack), "another's role was taken");
                    } else {
                        assert_ne!(state.roles[name].owner(), Some(stack), "an own role would be deleted");
                    }
                }
                assert!(before.iter().all(|name| own(&account).contains(name)));
                assert_eq!(account.state().roles.len(), names.len());
            }
        });
    }
}
