//! Which accounts are found, over an organization in memory.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, where it is set up too"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use aws_ports::AwsError;
use custom_resource::{
    Attributes, CustomResource, Failure, PhysicalId, Progress, Request, Scope, TimeLeft, read_properties,
};
use identifiers::OrganizationNode;
use organization::{Account, Listing, Page};
use organization_accounts::{OrganizationAccounts, Parent, Ports, Properties};
use proptest::prelude::*;
use serde_json::{Value, json};

const STACK: &str = "arn:aws:cloudformation:eu-central-1:123456789012:stack/platform/0f1e2d3c";
const ROOT: &str = "r-ab12";

/// Units by id with their parent; accounts with their parent and state.
#[derive(Default)]
struct State {
    units: BTreeMap<String, String>,
    accounts: Vec<(String, String, &'static str)>,
    page_size: usize,
    /// The first page of every listing is empty and has a successor.
    empty_first_page: bool,
    calls: Vec<String>,
    at_once: usize,
    most_at_once: usize,
    /// The call, from 1, that fails, and its code.
    failing: Option<(usize, &'static str)>,
    /// A unit that is deleted as soon as it was listed.
    vanishing: Option<String>,
}

#[derive(Clone)]
struct Organization(Arc<Mutex<State>>);

impl Organization {
    fn new(units: &[(&str, &str)], accounts: &[(&str, &str, &'static str)]) -> Self {
        Self(Arc::new(Mutex::new(State {
            units: units.iter().map(|(unit, parent)| (unit_id(unit), node_id(parent))).collect(),
            accounts: accounts.iter().map(|(id, parent, state)| (account_id(id), node_id(parent), *state)).collect(),
            page_size: 20,
            ..State::default()
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    async fn call<T>(
        &self,
        operation: &'static str,
        about: &str,
        answer: impl FnOnce(&mut State) -> Result<T, &'static str> + Send,
    ) -> Result<T, AwsError> {
        let number = {
            let mut state = self.state();
            state.calls.push(format!("{operation} {about}"));
            state.at_once += 1;
            state.most_at_once = state.most_at_once.max(state.at_once);
            state.calls.len()
        };
        tokio::task::yield_now().await;
        let mut state = self.state();
        state.at_once -= 1;
        match state.failing {
            Some((at, code)) if at == number => Err(AwsError::answered(operation, code, "arranged by the test")),
            _ => answer(&mut state).map_err(|code| AwsError::answered(operation, code, "not there")),
        }
    }
}

impl State {
    fn exists(&self, node: &str) -> bool {
        node == ROOT || self.units.contains_key(node)
    }

    fn page<T>(&self, all: Vec<T>, page: Option<String>) -> Page<T> {
        if self.empty_first_page && page.is_none() {
            return Page { items: Vec::new(), next: Some("0".into()) };
        }
        let from: usize = page.map_or(0, |token| token.parse().unwrap());
        let to = from + self.page_size;
        let next = (to < all.len()).then(|| to.to_string());
        Page { items: all.into_iter().skip(from).take(self.page_size).collect(), next }
    }
}

impl Ports for Organization {
    async fn describe_organization(&self) -> Result<String, AwsError> {
        self.call("organizations:DescribeOrganization", "", |_| Ok("o-a1b2c3d4e5".into())).await
    }

    async fn list_parents(&self, unit: &str) -> Result<Option<Parent>, AwsError> {
        self.call("organizations:ListParents", unit, |state| {
            let parent = state.units.get(unit).ok_or("ChildNotFoundException")?;
            Ok(Some(Parent { id: parent.clone(), is_root: parent == ROOT }))
        })
        .await
    }
}

impl Listing for Organization {
    async fn list_accounts_for_parent(
        &self,
        parent: &OrganizationNode,
        page: Option<String>,
    ) -> Result<Page<Account>, AwsError> {
        let parent = parent.as_str();
        self.call("organizations:ListAccountsForParent", parent, |state| {
            if !state.exists(parent) || state.vanishing.as_deref() == Some(parent) {
                return Err("ParentNotFoundException");
            }
            let under = state.accounts.iter().filter(|(_, at, _)| at == parent);
            let all = under.map(|(id, _, state)| Account { id: id.clone(), state: (*state).to_owned() }).collect();
            Ok(state.page(all, page))
        })
        .await
    }

    async fn list_organizational_units_for_parent(
        &self,
        parent: &OrganizationNode,
        page: Option<String>,
    ) -> Result<Page<String>, AwsError> {
        let parent = parent.as_str();
        self.call("organizations:ListOrganizationalUnitsForParent", parent, |state| {
            if !state.exists(parent) || state.vanishing.as_deref() == Some(parent) {
                return Err("ParentNotFoundException");
            }
            let under = state.units.iter().filter(|(_, at)| *at == parent);
            Ok(state.page(under.map(|(unit, _)| unit.clone()).collect(), page))
        })
        .await
    }
}

/// `prod` stands for `ou-ab12-prod0000`.
fn unit_id(name: &str) -> String {
    format!("ou-ab12-{name:0<8}")
}

fn node_id(name: &str) -> String {
    if name == ROOT { ROOT.into() } else { unit_id(name) }
}

/// `7` stands for `000000000007`.
fn account_id(number: &str) -> String {
    format!("{number:0>12}")
}

fn request<P>(properties: P) -> Request<P> {
    let scope = Scope::new(STACK, "Accounts").unwrap();
    Request {
        properties,
        physical_id: PhysicalId::new(
            "organization-accounts",
            [&scope.stack_name, &scope.stack_guid, &scope.logical_id],
        ),
        scope,
        request_id: "5e0c2b4a".into(),
        time: TimeLeft::lasting(Duration::from_secs(60)),
        state: None,
    }
}

fn done(result: Result<Progress, Failure>) -> Result<Attributes, Failure> {
    match result? {
        Progress::Done(attributes) => Ok(attributes),
        Progress::Unfinished { waiting_for, .. } => panic!("waits for {waiting_for}"),
    }
}

async fn create(organization: &Organization, properties: Value) -> Result<Attributes, Failure> {
    let properties = read_properties::<Properties>(&properties)?;
    done(OrganizationAccounts::new(organization.clone()).create(&request(properties)).await)
}

async fn update(organization: &Organization, properties: Value, old: Value) -> Result<Attributes, Failure> {
    let old = read_properties::<Properties>(&old).ok();
    let properties = read_properties::<Properties>(&properties)?;
    done(OrganizationAccounts::new(organization.clone()).update(&request(properties), old.as_ref()).await)
}

fn under(units: &[&str]) -> Value {
    json!({"OrganizationalUnitIds": units.iter().map(|unit| node_id(unit)).collect::<Vec<_>>()})
}

/// Numbers without their leading zeros.
fn accounts(attributes: &Attributes) -> Vec<String> {
    let text = attributes.get("Accounts").unwrap();
    let numbers: Vec<String> =
        text.split(',').filter(|id| !id.is_empty()).map(|id| id.trim_start_matches('0').to_owned()).collect();
    assert_eq!(attributes.get("Count"), Some(numbers.len().to_string().as_str()));
    numbers
}

#[tokio::test]
async fn e00a_update_computes_again() {
    let organization =
        Organization::new(&[("prod", ROOT), ("test", ROOT)], &[("1", "prod", "ACTIVE"), ("2", "test", "ACTIVE")]);
    let first = create(&organization, under(&["prod"])).await.unwrap();
    assert_eq!(accounts(&first), ["1"]);
    organization.state().accounts.push((account_id("3"), unit_id("prod"), "ACTIVE"));
    let second = update(&organization, under(&["prod", "test"]), under(&["prod"])).await.unwrap();
    assert_eq!(accounts(&second), ["1", "2", "3"]);
    let same = update(&organization, under(&["prod"]), under(&["prod"])).await.unwrap();
    assert_eq!(accounts(&same), ["1", "3"], "an update that changes nothing has attributes all the same");
}

#[test]
fn e00b_the_id_does_not_depend_on_the_properties() {
    let resource = OrganizationAccounts::new(Organization::new(&[], &[]));
    let scope = Scope::new(STACK, "Accounts").unwrap();
    let identity = |properties: Value| resource.identity(&scope, &read_properties(&properties).unwrap());
    assert_eq!(identity(under(&["prod"])), identity(json!({"AccountIds": ["123456789012"]})));
}

#[tokio::test]
async fn e00c_delete_has_nothing_to_undo_and_calls_nothing() {
    let organization = Organization::new(&[], &[]);
    let resource = OrganizationAccounts::new(organization.clone());
    for properties in [Some(under(&["gone"])), None] {
        let properties = properties.map(|properties| read_properties(&properties).unwrap());
        done(resource.delete(&request(properties)).await).unwrap();
    }
    assert!(organization.state().calls.is_empty());
}

#[tokio::test]
async fn e00g_a_failing_call_is_a_failure_at_any_place_and_asking_again_answers_the_same() {
    let organization = || {
        let units = [("prod", ROOT), ("inner", "prod")];
        Organization::new(&units, &[("1", "prod", "ACTIVE"), ("2", "inner", "ACTIVE")])
    };
    let undisturbed = organization();
    let expected = create(&undisturbed, under(&["inner", "prod", ROOT])).await.unwrap();
    let calls = undisturbed.state().calls.len();
    assert!(calls >= 10);
    for at in 1..=calls {
        let organization = organization();
        organization.state().failing = Some((at, "TooManyRequestsException"));
        let failure = create(&organization, under(&["inner", "prod", ROOT])).await.unwrap_err();
        assert!(failure.to_string().contains("answered TooManyRequestsException"), "{failure}");
        assert!(!failure.is_half_made());
        organization.state().failing = None;
        assert_eq!(create(&organization, under(&["inner", "prod", ROOT])).await.unwrap(), expected, "cut at call {at}");
    }
}

#[tokio::test]
async fn e06_units_of_more_than_one_page_are_whole() {
    let numbers: Vec<String> = (1..=137).map(|number| number.to_string()).collect();
    let listed: Vec<_> = numbers.iter().map(|number| (number.as_str(), "prod", "ACTIVE")).collect();
    for empty_first_page in [false, true] {
        let organization = Organization::new(&[("prod", ROOT)], &listed);
        organization.state().empty_first_page = empty_first_page;
        let attributes = create(&organization, under(&["prod"])).await.unwrap();
        assert_eq!(accounts(&attributes), numbers);
    }
}

#[tokio::test]
async fn e06_nested_units_and_many_of_them_are_looked_into() {
    let names: Vec<String> = (0..45).map(|number| format!("u{number:02}")).collect();
    let mut units = vec![("prod", ROOT), ("eu", "prod"), ("bank", "eu"), ("cards", "bank")];
    units.extend(names.iter().map(|name| (name.as_str(), "cards")));
    let numbers: Vec<String> = (100..145).map(|number| number.to_string()).collect();
    let mut listed = vec![("1", "prod", "ACTIVE"), ("2", "cards", "ACTIVE")];
    listed.extend(numbers.iter().zip(&names).map(|(number, name)| (number.as_str(), name.as_str(), "ACTIVE")));
    let organization = Organization::new(&units, &listed);
    let attributes = create(&organization, under(&["prod"])).await.unwrap();
    assert_eq!(accounts(&attributes).len(), 47);
    let state = organization.state();
    assert!((2..=4).contains(&state.most_at_once), "{} calls at once", state.most_at_once);
}

#[tokio::test]
async fn e06_suspended_accounts_are_left_out() {
    let states = ["ACTIVE", "SUSPENDED", "PENDING_CLOSURE", "PENDING_ACTIVATION", "CLOSED", "", "ACTIVE"];
    let numbers: Vec<String> = (1..=states.len()).map(|number| number.to_string()).collect();
    let listed: Vec<_> = numbers.iter().zip(states).map(|(number, state)| (number.as_str(), "prod", state)).collect();
    let organization = Organization::new(&[("prod", ROOT)], &listed);
    assert_eq!(accounts(&create(&organization, under(&["prod"])).await.unwrap()), ["1", "7"]);
}

#[tokio::test]
async fn e06_list_mode_makes_no_call() {
    let organization = Organization::new(&[], &[]);
    let properties = json!({"AccountIds": " 210987654321, 123456789012 ", "Exclude": ["210987654321"]});
    let attributes = create(&organization, properties.clone()).await.unwrap();
    assert_eq!(attributes.get("Accounts"), Some("123456789012"));
    assert_eq!(attributes.get("OrganizationPaths"), Some(""));
    update(&organization, properties.clone(), properties).await.unwrap();
    assert!(organization.state().calls.is_empty());
}

#[tokio::test]
async fn e06_a_root_is_a_place_like_a_unit() {
    let organization = Organization::new(
        &[("prod", ROOT)],
        &[("1", ROOT, "ACTIVE"), ("2", "prod", "ACTIVE"), ("3", "prod", "SUSPENDED")],
    );
    let attributes = create(&organization, under(&[ROOT])).await.unwrap();
    assert_eq!(accounts(&attributes), ["1", "2"]);
    assert_eq!(attributes.get("OrganizationPaths"), Some("o-a1b2c3d4e5/r-ab12/*"));
}

#[tokio::test]
async fn paths_lead_from_the_organization_to_each_unit() {
    let organization = Organization::new(&[("prod", ROOT), ("eu", "prod"), ("us", "prod"), ("bank", "eu")], &[]);
    let attributes = create(&organization, under(&["us", "bank", "prod"])).await.unwrap();
    assert_eq!(
        attributes.get("OrganizationPaths"),
        Some(
            "o-a1b2c3d4e5/r-ab12/ou-ab12-prod0000/*,\
             o-a1b2c3d4e5/r-ab12/ou-ab12-prod0000/ou-ab12-eu000000/ou-ab12-bank0000/*,\
             o-a1b2c3d4e5/r-ab12/ou-ab12-prod0000/ou-ab12-us000000/*"
        )
    );
    let asked = organization.state().calls.iter().filter(|call| call.contains("ListParents")).count();
    assert_eq!(asked, 4, "an ancestor of two units is asked for once");
    assert_eq!((attributes.get("Accounts"), attributes.get("Count")), (Some(""), Some("0")));
}

#[tokio::test]
async fn units_inside_one_another_count_once() {
    let organization =
        Organization::new(&[("prod", ROOT), ("eu", "prod")], &[("1", "prod", "ACTIVE"), ("2", "eu", "ACTIVE")]);
    let attributes = create(&organization, under(&["eu", "prod"])).await.unwrap();
    assert_eq!(accounts(&attributes), ["1", "2"]);
    let listings = organization.state().calls.iter().filter(|call| call.contains("ListAccountsForParent")).count();
    assert_eq!(listings, 2);
}

#[tokio::test]
async fn all_units_that_do_not_exist_are_named_at_once() {
    let organization = Organization::new(&[("prod", ROOT)], &[("1", "prod", "ACTIVE")]);
    let mut properties = under(&["prod", "typo", "gone"]);
    properties["OrganizationalUnitIds"].as_array_mut().unwrap().push(json!("r-zz99"));
    let failure = create(&organization, properties).await.unwrap_err().to_string();
    let fault = |node: &str| {
        format!(
            "OrganizationalUnitIds holds {node}, which does not exist, expected a unit or root of organization o-a1b2c3d4e5"
        )
    };
    assert_eq!(failure, [fault("r-zz99"), fault("ou-ab12-gone0000"), fault("ou-ab12-typo0000")].join("; "));
}

#[tokio::test]
async fn a_unit_deleted_meanwhile_is_passed_over() {
    let organization = Organization::new(&[("prod", ROOT), ("old", "prod")], &[("1", "prod", "ACTIVE")]);
    organization.state().vanishing = Some(unit_id("old"));
    assert_eq!(accounts(&create(&organization, under(&["prod"])).await.unwrap()), ["1"]);
}

#[tokio::test]
async fn an_account_without_rights_is_told_the_way_out() {
    for (code, parts) in [
        ("AccessDeniedException", ["delegated administrator", "give AccountIds instead of OrganizationalUnitIds"]),
        (
            "AWSOrganizationsNotInUseException",
            ["in no organization", "give AccountIds instead of OrganizationalUnitIds"],
        ),
    ] {
        for at in [1, 2] {
            let organization = Organization::new(&[("prod", ROOT)], &[]);
            organization.state().failing = Some((at, code));
            let failure = create(&organization, under(&["prod"])).await.unwrap_err().to_string();
            assert!(failure.starts_with("organizations:") && failure.contains(code), "{failure}");
            assert!(parts.iter().all(|part| failure.contains(part)), "{failure}");
        }
    }
}

#[tokio::test]
async fn an_exclusion_that_is_not_there_is_no_fault() {
    let organization = Organization::new(&[("prod", ROOT)], &[("1", "prod", "ACTIVE"), ("2", "prod", "ACTIVE")]);
    let mut properties = under(&["prod"]);
    properties["Exclude"] = json!([account_id("2"), "999999999999"]);
    assert_eq!(accounts(&create(&organization, properties).await.unwrap()), ["1"]);
}

#[test]
fn faults_of_the_properties_come_all_at_once() {
    let neither = "OrganizationalUnitIds and AccountIds are both empty, expected one of the two";
    let rows: [(Value, &[&str]); 8] = [
        (json!({}), &[neither]),
        (json!({"OrganizationalUnitIds": [""], "AccountIds": ""}), &[neither]),
        (
            json!({"OrganizationalUnitIds": ["ou-ab12-prod0000"], "AccountIds": ["123456789012"]}),
            &["OrganizationalUnitIds and AccountIds are both given, expected one of the two"],
        ),
        (
            json!({"AccountIds": ["12345678901", "123456789012"], "Exclude": ["x"], "Accounts": []}),
            &[
                "AccountIds[0] is \"12345678901\", expected an account id of 12 digits",
                "Exclude[0] is \"x\", expected an account id of 12 digits",
                "Accounts is unknown, did you mean AccountIds?",
            ],
        ),
        (
            json!({"AccountIds": "123456789012,123456789012", "Exclude": ["210987654321", "210987654321"]}),
            &[
                "AccountIds holds 123456789012 more than once, expected each value once",
                "Exclude holds 210987654321 more than once",
            ],
        ),
        (
            json!({"OrganizationalUnitIds": ["ou-AB12-x", "r-ab12", "r-ab12"], "Exclude": ["1"]}),
            &[
                "OrganizationalUnitIds[0] is \"ou-AB12-x\", expected an organizational unit id such as ou-ab12-cdef3456 or a \
               root id such as r-ab12",
                "Exclude[0] is \"1\"",
            ],
        ),
        (
            json!({"OrganizationalUnitIds": ["r-ab12", "r-ab12"]}),
            &["OrganizationalUnitIds holds r-ab12 more than once, expected each value once"],
        ),
        (json!({"AccountIds": {"a": 1}}), &["AccountIds is an object, expected a list"]),
    ];
    for (given, expected) in rows {
        let faults = read_properties::<Properties>(&given).err().unwrap().to_string();
        for part in expected {
            assert!(faults.contains(part), "{given}: {faults}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Any tree, any accounts, any page size: the active accounts below the units, and no others.
    #[test]
    fn the_answer_is_what_lies_below(
        parents in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        placed in prop::collection::vec((any::<prop::sample::Index>(), any::<bool>()), 0..40),
        asked in prop::collection::vec(any::<prop::sample::Index>(), 1..4),
        excluded in prop::collection::btree_set(0usize..40, 0..5),
        page_size in 1usize..5,
    ) {
        let names: Vec<String> = (0..parents.len()).map(|number| format!("u{number:02}")).collect();
        let mut nodes: Vec<&str> = vec![ROOT];
        let mut above: BTreeMap<&str, &str> = BTreeMap::new();
        for (name, parent) in names.iter().zip(&parents) {
            above.insert(name, nodes[parent.index(nodes.len())]);
            nodes.push(name);
        }
        let numbers: Vec<String> = (1..=placed.len()).map(|number| number.to_string()).collect();
        let listed: Vec<(&str, &str, &'static str)> = numbers.iter().zip(&placed)
            .map(|(number, (node, active))| (number.as_str(), nodes[node.index(nodes.len())], if *active { "ACTIVE" } else { "SUSPENDED" }))
            .collect();
        let asked: BTreeSet<&str> = asked.iter().map(|node| nodes[node.index(nodes.len())]).collect();
        let excluded: BTreeSet<&str> = excluded.iter().filter_map(|at| numbers.get(*at)).map(String::as_str).collect();

        let mut expected: Vec<String> = listed.iter()
            .filter(|(number, _, state)| *state == "ACTIVE" && !excluded.contains(number))
            .filter(|(_, node, _)| {
                let mut node = *node;
                loop {
                    if asked.contains(node) { break true; }
                    match above.get(node) { Some(parent) => node = parent, None => break false }
                }
            })
            .map(|(number, _, _)| (*number).to_owned()).collect();
        expected.sort_by_key(|number| number.parse::<u32>().unwrap());

        let units: Vec<(&str, &str)> = above.iter().map(|(unit, parent)| (*unit, *parent)).collect();
        let organization = Organization::new(&units, &listed);
        organization.state().page_size = page_size;
        let mut properties = under(&asked.iter().copied().collect::<Vec<_>>());
        properties["Exclude"] = excluded.iter().map(|number| account_id(number)).collect();
        let attributes = tokio::runtime::Builder::new_current_thread().build().unwrap()
            .block_on(create(&organization, properties)).unwrap();
        prop_assert_eq!(accounts(&attributes), expected);
        let paths = attributes.get("OrganizationPaths").unwrap().split(',').count();
        prop_assert_eq!(paths, asked.len());
    }
}
