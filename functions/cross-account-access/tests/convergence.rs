//! Whatever was done before, by requests or by others: the next request ends with the wish and nothing else.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking, where it is set up too")]

mod account;

use account::{Account, KEY_POLICY, create, delete, others, own, update};
use proptest::prelude::*;
use serde_json::{Value, json};

const BUCKETS: [&str; 2] = ["models", "more-models"];
const KEYS: [&str; 2] = ["arn:aws:kms:eu-west-1:111111111111:key/1", "arn:aws:kms:eu-west-1:111111111111:key/2"];
const GROUPS: [&str; 2] = ["churn", "fraud"];

/// What is done to the account.
#[derive(Debug, Clone)]
enum Step {
    Create(Value),
    Update(Value),
    /// An update that fails at this call, and is rolled back.
    FailedUpdate(Value, usize),
    Delete,
    /// Somebody writes this policy over what is there. A key always has one.
    Overwritten(usize, Option<&'static str>),
    /// Somebody changes the texts of statements, ours too.
    Edited(usize, &'static str, &'static str),
}

const POLICIES: [Option<&str>; 4] = [
    None,
    Some(r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"x:*","Resource":"*"}}"#),
    Some(KEY_POLICY),
    Some(
        r#"{ "Id":"x", "Version":"2012-10-17", "Statement":[ {"Sid":"CrossAccountSomebodyElses","Effect":"Deny","Principal":{"AWS":["*"]},"Action":"x:*","Resource":"*"} ,{"NotAction":["a"]}],"Future":1.50}"#,
    ),
];

fn wish() -> impl Strategy<Value = Value> {
    let subset = |of: [&'static str; 2]| prop::sample::subsequence(of.to_vec(), 0..=2);
    let targets = prop_oneof![
        prop::sample::subsequence(vec!["222222222222", "333333333333", "444444444444"], 1..=3)
            .prop_map(|accounts| json!({"Accounts": accounts})),
        Just(account::units()),
    ];
    let break_glass = prop::sample::subsequence(vec!["arn:aws:iam::111111111111:role/break-glass"], 0..=1);
    let roles = ("role-[ab]", "(role-[abc])?");
    (prop::sample::select(BUCKETS.to_vec()), subset(KEYS), subset(GROUPS), targets, break_glass, roles).prop_map(
        |(bucket, keys, groups, mut wish, break_glass, (role, execution_role))| {
            wish["BucketName"] = json!(bucket);
            wish["KeyArns"] = json!(keys);
            wish["ModelPackageGroupNames"] = json!(groups);
            wish["BreakGlassPrincipalArns"] = json!(break_glass);
            wish["RoleName"] = json!(role);
            wish["ExecutionRoleName"] = json!(execution_role);
            wish
        },
    )
}

fn step() -> impl Strategy<Value = Step> {
    let edits =
        [("Allow", "Deny"), ("sagemaker:", "other:"), (r#""222222222222""#, r#""AROAEXAMPLEEXAMPLE12""#), (",", ", ")];
    prop_oneof![
        3 => wish().prop_map(Step::Create),
        3 => wish().prop_map(Step::Update),
        2 => (wish(), 1..24_usize).prop_map(|(wish, at)| Step::FailedUpdate(wish, at)),
        1 => Just(Step::Delete),
        2 => (0..6_usize, prop::sample::select(POLICIES.to_vec())).prop_map(|(place, policy)| Step::Overwritten(place, policy)),
        2 => (0..6_usize, prop::sample::select(edits.to_vec())).prop_map(|(place, (from, to))| Step::Edited(place, from, to)),
    ]
}

fn places() -> Vec<&'static str> {
    [BUCKETS, KEYS, GROUPS].concat()
}

/// The account, what its stack holds, and what others have in its policies.
struct World {
    account: Account,
    stack: Option<Value>,
}

impl World {
    fn new(rewriting: bool) -> Self {
        let account = Account::default();
        for place in places() {
            account.has(place, place.starts_with("arn:").then_some(KEY_POLICY));
        }
        account.state().rewriting = rewriting;
        Self { account, stack: None }
    }

    async fn take(&mut self, step: &Step) {
        match (step, self.stack.clone()) {
            (Step::Create(wish) | Step::Update(wish) | Step::FailedUpdate(wish, _), None) => {
                create(&self.account, wish.clone()).await.done();
                self.stack = Some(wish.clone());
            }
            (Step::Create(wish) | Step::Update(wish), Some(old)) => {
                update(&self.account, wish.clone(), Some(old)).await.done();
                self.stack = Some(wish.clone());
            }
            (Step::FailedUpdate(wish, at), Some(old)) => {
                self.account.calls();
                self.account.fails(*at, "AccessDeniedException", "no");
                if update(&self.account, wish.clone(), Some(old.clone())).await.result.is_ok() {
                    self.account.state().failing = None;
                    self.stack = Some(wish.clone());
                } else {
                    update(&self.account, old, Some(wish.clone())).await.done();
                }
            }
            (Step::Delete, Some(old)) => {
                delete(&self.account, Some(old)).await.done();
                self.stack = None;
            }
            (Step::Delete, None) => {}
            (Step::Overwritten(place, policy), _) => {
                let place = places()[*place];
                let policy = policy.or(place.starts_with("arn:").then_some(KEY_POLICY));
                self.account.has(place, policy);
            }
            (Step::Edited(place, from, to), _) => {
                let place = places()[*place];
                if let Some(policy) = self.account.policy(place) {
                    self.account.has(place, Some(&policy.replace(from, to)));
                }
            }
        }
    }

    fn others(&self) -> Vec<String> {
        places().iter().map(|place| others_of(self.account.policy(place).as_deref())).collect()
    }
}

/// Without the statement that only looks like ours, `others` would take it away too.
fn others_of(policy: Option<&str>) -> String {
    others(policy.map(|policy| policy.replace("CrossAccountSomebodyElses", "SomebodyElses")).as_deref())
}

/// In what order the service keeps lists and keys does not matter, nor whether a list of one is a text.
fn plain(value: &Value) -> Value {
    match value {
        Value::Array(items) if items.len() == 1 => plain(&items[0]),
        Value::Array(items) => {
            let mut items: Vec<Value> = items.iter().map(plain).collect();
            items.sort_by_key(Value::to_string);
            Value::Array(items)
        }
        Value::Object(object) => {
            let sorted: std::collections::BTreeMap<_, _> = object.iter().map(|(k, v)| (k.clone(), plain(v))).collect();
            json!(sorted)
        }
        other => other.clone(),
    }
}

fn statements(account: &Account, place: &str) -> Value {
    let own = account.policy(place).map(|policy| own(&policy)).unwrap_or_default();
    let own = own.into_iter().filter(|statement| statement["Sid"] != "CrossAccountSomebodyElses");
    let own: Value = own.collect();
    if own == json!([]) { own } else { plain(&json!([own, "list"])) }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn any_history_ends_with_the_last_wish(
        steps in prop::collection::vec(step(), 0..8), last in wish(), rewriting in any::<bool>()
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut world = World::new(rewriting);
            for step in &steps {
                let before = world.others();
                world.take(step).await;
                if !matches!(step, Step::Overwritten(..) | Step::Edited(..)) {
                    assert_eq!(world.others(), before, "others' statements, to the byte, at {step:?}");
                }
            }
            world.take(&Step::Update(last.clone())).await;

            // Where nothing ever happened but this one wish.
            let mut fresh = World::new(false);
            fresh.take(&Step::Create(last.clone())).await;
            // Places that left the wish while somebody's overwriting hid them are open again by nothing we did.
            let wished: Vec<&str> = places()
                .into_iter()
                .filter(|place| {
                    last["BucketName"] == *place
                        || [&last["KeyArns"], &last["ModelPackageGroupNames"]].iter().any(|list| {
                            list.as_array().unwrap().iter().any(|item| item == place)
                        })
                })
                .collect();
            for place in &wished {
                assert_eq!(statements(&world.account, place), statements(&fresh.account, place), "{place}");
            }
            for place in places().iter().filter(|place| !wished.contains(place)) {
                assert_eq!(statements(&world.account, place), json!([]), "{place}");
            }

            // Twice is as good as once.
            world.account.calls();
            let policies = world.account.policies();
            world.take(&Step::Update(last.clone())).await;
            assert_eq!((world.account.policies(), world.account.writes()), (policies, vec![]));

            let before = world.others();
            world.take(&Step::Delete).await;
            assert_eq!(world.others(), before);
            assert!(places().iter().all(|place| statements(&world.account, place) == json!([])));
        });
    }
}
