//! What holds for every policy and every set of targets.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking, where it is set up too")]

mod hub;

use std::collections::BTreeSet;

use hub::{GROUP, HUB, Hub, event};
use policy_document::PolicyDocument;
use proptest::prelude::*;
use serde_json::{Value, json};

/// Few accounts, so that they meet; the hub is one of them.
fn account() -> impl Strategy<Value = String> {
    (0u8..6).prop_map(|n| {
        if n == 0 { HUB.to_owned() } else { format!("{n}").repeat(12).replace("111111111111", "777777777777") }
    })
}

fn accounts() -> impl Strategy<Value = BTreeSet<String>> {
    prop::collection::btree_set(account(), 0..6)
}

/// A statement of somebody else that no target is certainly shut out by.
fn statement() -> impl Strategy<Value = Value> {
    let action = prop_oneof![
        Just("*"),
        Just("ecr:*"),
        Just("sagemaker:CreateModel"),
        Just("ecr:BatchGetImage"),
        Just("sagemaker:Describe*")
    ];
    let condition = prop_oneof![
        Just(json!({})),
        Just(json!({"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}})),
        Just(json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/secure-*"}})),
        Just(json!({"Bool": {"aws:SecureTransport": "false"}})),
    ];
    let sid = prop_oneof![Just(None), Just(Some("Theirs")), Just(Some("ModelAccessOfSomebodyElse"))];
    (accounts(), action, condition, sid).prop_map(|(accounts, action, condition, sid)| {
        let mut statement = json!({
            "Effect": "Allow", "Principal": {"AWS": accounts}, "Action": action, "Condition": condition,
        });
        if let Some(sid) = sid {
            statement["Sid"] = sid.into();
        }
        statement
    })
}

/// A policy in one of the spellings that services and people write.
fn policy() -> impl Strategy<Value = Option<String>> {
    let statements = prop::collection::vec(statement(), 0..4);
    (statements, any::<bool>(), any::<bool>()).prop_map(|(statements, pretty, exists)| {
        let document = json!({"Version": "2012-10-17", "Id": "theirs", "Statement": statements});
        let text = if pretty { format!("{document:#}") } else { document.to_string() };
        exists.then_some(text)
    })
}

fn asked(accounts: &BTreeSet<String>) -> Value {
    event(&accounts.iter().map(String::as_str).collect::<Vec<_>>())
}

/// The statements that are not this platform's, to the byte.
fn others(policy: Option<&str>) -> Vec<String> {
    let Some(policy) = policy else { return Vec::new() };
    let document: PolicyDocument = policy.parse().unwrap();
    let is_own = |sid: Option<&str>| {
        sid.and_then(|sid| sid.strip_prefix("ModelAccess"))
            .is_some_and(|hash| hash.bytes().all(|b| b.is_ascii_hexdigit()))
    };
    document.statements().filter(|it| !is_own(it.sid())).map(|it| it.json().to_owned()).collect()
}

fn opened(targets: &BTreeSet<String>, group: Option<&String>, repository: Option<&String>) -> Hub {
    let hub = Hub::opened_to(&targets.iter().map(String::as_str).collect::<Vec<_>>());
    let policies = [(GROUP, group), ("ecr/churn", repository)];
    for (place, policy) in policies.into_iter().filter_map(|(place, policy)| Some((place, policy?))) {
        hub.state().policies.insert(place.to_owned(), policy.clone());
    }
    hub
}

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

proptest! {
    /// With a stack set of either kind.
    #[test]
    fn after_a_repair_nothing_is_missing_and_nobody_lost_anything(
        first in accounts(), second in accounts(), group in policy(), repository in policy(), service_managed in any::<bool>(),
    ) {
        let all: BTreeSet<String> = first.union(&second).cloned().collect();
        let hub = opened(&all, group.as_ref(), repository.as_ref());
        let asked = |accounts: &BTreeSet<String>| {
            let mut asked = asked(accounts);
            if service_managed {
                asked["stages"][0]["permissions"] = json!({"permissionModel": "SERVICE_MANAGED", "callAs": "SELF"});
            }
            asked
        };
        let before = (others(group.as_deref()), others(repository.as_deref()));
        for targets in [&first, &second] {
            let answer = block_on(hub.opened(asked(targets)));
            prop_assert_eq!(hub.writes().len(), answer.repaired.len());
            let policies = hub.state().policies.clone();
            // Of either deployment, nothing is missing now: the later one took nothing away.
            for targets in [targets, &first] {
                let again = block_on(hub.opened(asked(targets)));
                prop_assert_eq!((again.repaired, hub.writes()), (Vec::new(), Vec::new()));
            }
            prop_assert_eq!(&hub.state().policies, &policies);
        }
        let after = |place: &str| others(hub.policy(place).as_deref());
        prop_assert_eq!((after(GROUP), after("ecr/churn")), before);
    }

    /// Two platforms and two groups that share a repository keep their own statements.
    #[test]
    fn platforms_side_by_side_do_not_touch_each_other(mine in accounts(), theirs in accounts(), share_group in any::<bool>()) {
        let all: BTreeSet<String> = mine.union(&theirs).cloned().collect();
        let hub = opened(&all, None, None);
        let mut other = asked(&theirs);
        if share_group {
            other["platformName"] = "other".into();
        } else {
            other["modelPackageGroupName"] = "fraud".into();
        }
        block_on(hub.opened(asked(&mine)));
        hub.owns("churn", if share_group { "other" } else { "mlops" });
        block_on(hub.opened(other.clone()));
        let policies = hub.state().policies.clone();
        hub.writes();
        for event in [asked(&mine), other] {
            prop_assert_eq!(block_on(hub.opened(event)).repaired, Vec::<String>::new());
        }
        prop_assert_eq!(hub.writes(), Vec::<String>::new());
        prop_assert_eq!(&hub.state().policies, &policies);
    }

    /// Any text where a policy should be, and any address where a part should be, is answered.
    #[test]
    fn nothing_panics(policy in "[\\[\\]{}\":,a-zA-Z*$ ]{0,60}", image in "[a-z0-9./:@-]{0,40}", uri in "(s3://)?[a-z/]{0,12}") {
        let hub = Hub::opened_to(&["222222222222"]);
        hub.state().policies.insert(GROUP.to_owned(), policy);
        {
            let mut state = hub.state();
            let container = state.package.as_mut().unwrap().containers.first_mut().unwrap();
            container.image = image;
            container.data.first_mut().unwrap().uri = uri;
        }
        let _ = block_on(hub.asked(event(&["222222222222"])));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// An answer holds no more than the state machine carries on, and with a fault nothing was written.
    #[test]
    fn answers_are_bounded(count in 0u64..900, opened in any::<bool>(), buckets in 0usize..60) {
        let accounts: Vec<String> = (0..count).map(|n| format!("{}", 200_000_000_000 + n)).collect();
        let accounts: Vec<&str> = accounts.iter().map(String::as_str).collect();
        let hub = if opened { Hub::opened_to(&accounts) } else { Hub::new() };
        {
            let mut state = hub.state();
            let data = &mut state.package.as_mut().unwrap().containers.first_mut().unwrap().data;
            data.extend((0..buckets).map(|n| model_access::ModelData { uri: format!("s3://bucket-{n}/a"), is_prefix: false }));
        }
        let answer = block_on(hub.asked(event(&accounts))).unwrap();
        let faults = answer.faults.iter().flat_map(|fault| [&fault.path, &fault.problem]);
        let characters: usize =
            faults.chain(&answer.repaired).chain(&answer.notes).map(|text| text.chars().count()).sum();
        prop_assert!(characters <= 24_000, "{}", characters);
        prop_assert!(answer.faults.is_empty() || hub.writes().is_empty());
    }
}
