//! What Create, Update and Delete do to a domain, over SageMaker in memory.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking, where it is set up too")]

mod account;

use std::time::{Duration, Instant};

use account::{Account, DELETE_APP, DELETE_SPACE, Fate, LIST_APPS, LIST_SPACES, app, of_space, of_user};
use custom_resource::{CustomResource, Failure, PhysicalId, Progress, Request, Scope, TimeLeft, read_properties};
use proptest::prelude::*;
use serde_json::{Value, json};
use studio_apps::{Properties, StudioApps};

const STACK: &str = "arn:aws:cloudformation:eu-central-1:123456789012:stack/studio/0f1e2d3c";
const DOMAIN: &str = "d-0a1b2c3d4e5f";

fn scope() -> Scope {
    Scope::new(STACK, "StudioApps").unwrap()
}

fn properties(domain: &str) -> Properties {
    Properties { domain_id: domain.parse().unwrap() }
}

fn id(domain: &str) -> PhysicalId {
    let resource = StudioApps::new(Account::default());
    PhysicalId::new("studio-apps", resource.identity(&scope(), &properties(domain)))
}

fn request<P>(properties: P, physical_id: PhysicalId, state: Option<Value>) -> Request<P> {
    let time = TimeLeft::lasting(Duration::from_secs(60));
    Request { properties, physical_id, scope: scope(), request_id: "5e0c2b4a".into(), time, state }
}

/// How one delivery of a Delete ended, and what it was waiting for before.
struct Ended {
    result: Result<(), Failure>,
    waited_for: Vec<String>,
}

/// Calls as the library does, with the state it handed over, up to so many looks.
async fn looks(account: &Account, most: usize) -> Ended {
    let resource = StudioApps::new(account.clone());
    let (mut state, mut waited_for) = (None, Vec::new());
    while waited_for.len() < most {
        match resource.delete(&request(Some(properties(DOMAIN)), id(DOMAIN), state)).await {
            Ok(Progress::Done(attributes)) => {
                assert!(attributes.is_empty());
                return Ended { result: Ok(()), waited_for };
            }
            Ok(Progress::Unfinished { waiting_for, state: next, again_in }) => {
                assert!((5..=30).contains(&again_in.as_secs()), "{again_in:?}");
                assert!(next.to_string().len() < 100, "what is handed over must stay small: {next}");
                waited_for.push(waiting_for);
                state = Some(next);
            }
            Err(failure) => return Ended { result: Err(failure), waited_for },
        }
    }
    Ended { result: Err(Failure::new("still waiting")), waited_for }
}

async fn delete(account: &Account) -> Ended {
    looks(account, 400).await
}

/// Apps of every type that the service has today and of one that it has not, of users and of both kinds of spaces.
fn studio() -> Account {
    let mut account = Account::default().with_space(DOMAIN, "team", "InService", Fate::Goes(1)).with_space(
        DOMAIN,
        "anna-private",
        "InService",
        Fate::Goes(2),
    );
    let kinds = [
        "JupyterServer",
        "KernelGateway",
        "JupyterLab",
        "CodeEditor",
        "Canvas",
        "RStudioServerPro",
        "RSessionGateway",
        "TensorBoard",
        "DetailedProfiler",
        "NextYears",
    ];
    for (number, kind) in kinds.into_iter().enumerate() {
        for (owner, looks) in [(of_user("anna"), 1), (of_space("team"), number), (of_space("anna-private"), 2)] {
            account = account.with_app(DOMAIN, app(kind, "default", owner, "InService"), Fate::Goes(looks));
        }
    }
    account.with_app("d-other", app("KernelGateway", "k", of_user("anna"), "InService"), Fate::Goes(1)).with_space(
        "d-other",
        "team",
        "InService",
        Fate::Goes(1),
    )
}

#[tokio::test]
async fn e05_apps_of_every_type_and_owner_go_and_then_the_spaces() {
    let account = studio();
    assert_eq!(account.holds(DOMAIN).len(), 32);
    let ended = delete(&account).await;
    ended.result.unwrap();
    assert_eq!(account.holds(DOMAIN), Vec::<String>::new());
    assert_eq!(account.holds("d-other").len(), 2, "another domain stays as it is");
    assert_eq!(account.count(DELETE_APP), 30, "each app is asked once");
    assert_eq!(account.count(DELETE_SPACE), 2, "a space is asked when its apps are gone");
    assert!(ended.waited_for[0].starts_with(
        "30 apps (3 Canvas, 3 CodeEditor, 3 DetailedProfiler, 3 JupyterLab, 3 JupyterServer, 3 KernelGateway, \
         3 NextYears, 3 RSessionGateway, 3 RStudioServerPro, 3 TensorBoard) and 2 spaces of domain d-0a1b2c3d4e5f to go: \
         Canvas app default of space anna-private (InService), "
    ), "{}", ended.waited_for[0]);
    assert!(ended.waited_for[0].ends_with(", 27 more"), "{}", ended.waited_for[0]);
}

#[tokio::test]
async fn e05_no_kernel_dies_on_create_and_update() {
    let account = studio();
    let resource = StudioApps::new(account.clone());
    let request = request(properties(DOMAIN), id(DOMAIN), None);
    assert!(matches!(resource.create(&request).await.unwrap(), Progress::Done(_)));
    for old in [None, Some(properties(DOMAIN)), Some(properties("d-other"))] {
        assert!(matches!(resource.update(&request, old.as_ref()).await.unwrap(), Progress::Done(_)), "e00a");
    }
    assert!(account.state().calls.is_empty(), "not a single call");
}

#[tokio::test]
async fn e05_failed_and_deleted_apps_are_not_waited_for() {
    let account = Account::default()
        .with_app(DOMAIN, app("JupyterLab", "a", of_user("anna"), "Failed"), Fate::Goes(0))
        .with_app(DOMAIN, app("JupyterLab", "b", of_space("team"), "Failed"), Fate::Goes(0))
        .with_app(DOMAIN, app("JupyterLab", "c", of_user("anna"), "Deleted"), Fate::Goes(0))
        .with_space(DOMAIN, "team", "InService", Fate::Goes(1));
    let ended = delete(&account).await;
    ended.result.unwrap();
    assert_eq!(ended.waited_for, ["1 space of domain d-0a1b2c3d4e5f to go: space team (InService)"]);
    assert_eq!(account.holds(DOMAIN), Vec::<String>::new());
}

#[tokio::test]
async fn e05_an_app_that_failed_in_being_deleted_is_asked_again_and_given_some_looks() {
    let account = Account::default().with_app(DOMAIN, app("Canvas", "a", of_user("anna"), "Failed"), Fate::Goes(4));
    let ended = delete(&account).await;
    ended.result.unwrap();
    assert_eq!(ended.waited_for.len(), 4);
    assert_eq!(account.count(DELETE_APP), 1);

    let account = Account::default().with_app(DOMAIN, app("Canvas", "a", of_user("anna"), "Failed"), Fate::Ignored);
    let ended = delete(&account).await;
    ended.result.unwrap();
    assert_eq!(ended.waited_for.len(), 3, "not for ever");
    assert_eq!(
        ended.waited_for[2],
        "1 app that had failed of domain d-0a1b2c3d4e5f to go; 1 app Failed, among them Canvas app a of user profile anna"
    );
}

#[tokio::test]
async fn e05_pending_and_deleting_apps_are_waited_for() {
    let account = Account::default()
        .with_app(DOMAIN, app("JupyterLab", "a", of_space("team"), "Pending"), Fate::Goes(1))
        .with_app(DOMAIN, app("KernelGateway", "b", of_user("anna"), "Deleting"), Fate::Goes(1))
        .with_space(DOMAIN, "team", "Pending", Fate::Goes(1))
        .with_space(DOMAIN, "leaving", "Deleting", Fate::Goes(1));
    let ended = looks(&account, 1).await;
    assert_eq!(
        ended.waited_for[0],
        "2 apps (1 JupyterLab, 1 KernelGateway) and 2 spaces of domain d-0a1b2c3d4e5f to go: JupyterLab app a of space team \
         (Pending; sagemaker:DeleteApp answered ValidationException: App default is in Pending status. (request id \
         00000000-0000-0000-0000-000000000000)), space team (Pending), KernelGateway app b of user profile anna (Deleting), \
         space leaving (Deleting)"
    );
    assert_eq!(account.count(DELETE_APP), 1, "what is going is not asked to go");
    delete(&account).await.result.unwrap();
    assert_eq!(account.holds(DOMAIN), Vec::<String>::new());
}

#[tokio::test]
async fn e05_a_denied_call_is_never_taken_for_a_domain_that_is_gone() {
    for operation in [LIST_APPS, LIST_SPACES, DELETE_APP, DELETE_SPACE] {
        let account = Account::default()
            .with_app(DOMAIN, app("JupyterLab", "a", of_user("anna"), "InService"), Fate::Goes(1))
            .with_space(DOMAIN, "team", "InService", Fate::Goes(1));
        let message = "no identity-based policy allows this, or the resource does not exist";
        account.state().always = Some((operation, "AccessDeniedException", message));
        let ended = delete(&account).await;
        let reason = ended.result.unwrap_err().to_string();
        assert!(reason.contains(&format!("{operation} answered AccessDeniedException: {message}")), "{reason}");
        assert!(!account.holds(DOMAIN).is_empty());
    }
}

#[tokio::test]
async fn e05_a_domain_that_is_gone_is_a_success() {
    for answer in [
        None,
        Some(("ResourceNotFound", "Domain [d-0a1b2c3d4e5f] not found")),
        Some(("ValidationException", "Domain d-0a1b2c3d4e5f does not exist.")),
    ] {
        let account = Account::default();
        account.state().unknown_domain = answer;
        let ended = delete(&account).await;
        assert!(ended.result.is_ok() && ended.waited_for.is_empty(), "{answer:?}");
    }
}

#[tokio::test]
async fn e05_what_goes_between_listing_and_deletion_is_a_success() {
    for (code, message) in [
        ("ResourceNotFound", "App [default] does not exist"),
        ("ValidationException", "App default has already been deleted."),
        ("ValidationException", "App default previously failed and was automatically deleted."),
    ] {
        let gone = Fate::Refused(code, message);
        let account = Account::default()
            .with_app(DOMAIN, app("JupyterLab", "a", of_user("anna"), "InService"), gone)
            .with_space(DOMAIN, "team", "InService", gone);
        let ended = delete(&account).await;
        assert!(ended.result.is_ok() && ended.waited_for.is_empty(), "{code} {message}");
    }
}

#[tokio::test]
async fn e05_an_app_that_takes_twenty_minutes_is_waited_for_look_by_look() {
    let account =
        Account::default().with_app(DOMAIN, app("Canvas", "default", of_user("anna"), "InService"), Fate::Goes(120));
    let ended = delete(&account).await;
    ended.result.unwrap();
    assert_eq!(ended.waited_for.len(), 120);
    let expected =
        "1 app (1 Canvas) of domain d-0a1b2c3d4e5f to go: Canvas app default of user profile anna (Deleting)";
    assert!(ended.waited_for[1..].iter().all(|text| text == expected));
    assert_eq!((account.count(DELETE_APP), account.count(LIST_APPS)), (1, 121));
}

#[tokio::test]
async fn e05_a_deletion_that_fails_is_tried_again_and_named_before_those_that_go_on() {
    let mut account = Account::default()
        .with_app(DOMAIN, app("JupyterLab", "stuck", of_user("zoe"), "InService"), Fate::Returns("InService"))
        .with_space(DOMAIN, "team", "InService", Fate::Refused("ResourceInUse", "App(s) are associated with it."))
        .with_space(DOMAIN, "old", "InService", Fate::Returns("Delete_Failed"))
        .with_app(DOMAIN, app("Canvas", "broken", of_space("team"), "InService"), Fate::Returns("Failed"));
    for number in 0..10 {
        let name = format!("a{number}");
        account = account.with_app(DOMAIN, app("Canvas", &name, of_user("anna"), "InService"), Fate::Goes(1000));
    }
    let ended = looks(&account, 20).await;
    let last = ended.waited_for.last().unwrap();
    assert!(
        last.starts_with(
            "11 apps (10 Canvas, 1 JupyterLab) and 2 spaces of domain d-0a1b2c3d4e5f to go: space team (InService; \
             sagemaker:DeleteSpace answered ResourceInUse: App(s) are associated with it. (request id "
        ),
        "{last}"
    );
    for part in [
        "JupyterLab app stuck of user profile zoe (InService), space old (Delete_Failed), Canvas app a0 of user profile anna (Deleting), ",
        ", 8 more; 1 app Failed, among them Canvas app broken of space team",
    ] {
        assert!(last.contains(part), "{last}");
    }
    assert!(account.count(DELETE_APP) > 30, "what came back is asked again in each look");
}

#[tokio::test]
async fn e05_what_is_refused_keeps_nothing_else() {
    let refused = Fate::Refused("ValidationException", "1 validation error detected: Value 'Odd' at 'appType'");
    let account = Account::default()
        .with_app(DOMAIN, app("Odd", "x", of_user("anna"), "InService"), refused)
        .with_app(DOMAIN, app("JupyterLab", "a", of_user("anna"), "InService"), Fate::Goes(1))
        .with_space(DOMAIN, "team", "InService", Fate::Refused("AccessDeniedException", "explicit deny"))
        .with_space(DOMAIN, "other", "InService", Fate::Goes(1));
    let reason = delete(&account).await.result.unwrap_err().to_string();
    for part in [
        "2 deletions were refused; clear the cause and delete again: Odd app x of user profile anna: sagemaker:DeleteApp \
         answered ValidationException: 1 validation error detected",
        "; space team: sagemaker:DeleteSpace answered AccessDeniedException: explicit deny",
    ] {
        assert!(reason.contains(part), "{reason}");
    }
    let _ = delete(&account).await;
    assert_eq!(account.holds(DOMAIN), ["Odd app x of user profile anna", "space team"]);
}

#[tokio::test]
async fn e05_a_thousand_apps_are_spread_over_looks_when_they_are_throttled() {
    let mut account = Account::default();
    for number in 0..1000 {
        let name = format!("a{number:04}");
        account = account.with_app(DOMAIN, app("JupyterLab", &name, of_user("anna"), "InService"), Fate::Goes(1));
    }
    account.state().deletions_per_look = Some(50);
    let ended = delete(&account).await;
    ended.result.unwrap();
    assert_eq!(account.holds(DOMAIN), Vec::<String>::new());
    assert!((20..30).contains(&ended.waited_for.len()), "{}", ended.waited_for.len());
    assert!(account.count(DELETE_APP) < 1000 + 5 * ended.waited_for.len(), "a throttled look asks for no more");
    assert_eq!(account.state().most_at_once, 5);
    assert_eq!(account.count(LIST_APPS), 10 * (ended.waited_for.len() + 1), "a hundred a page");
}

#[tokio::test]
async fn a_look_ends_within_its_part_of_the_invocation() {
    let mut account = Account::default();
    for number in 0..200 {
        let name = format!("a{number}");
        account = account.with_app(DOMAIN, app("JupyterLab", &name, of_user("anna"), "InService"), Fate::Goes(1));
    }
    for (delay, expected) in [(30, "200 apps (200 JupyterLab)"), (60_000, "SageMaker to answer within")] {
        account.state().delay = Duration::from_millis(delay);
        let resource = StudioApps::new(account.clone());
        let began = Instant::now();
        let mut request = request(Some(properties(DOMAIN)), id(DOMAIN), None);
        request.time = TimeLeft::lasting(Duration::from_millis(800));
        let Progress::Unfinished { waiting_for, .. } = resource.delete(&request).await.unwrap() else {
            panic!("there is more to do")
        };
        assert!(waiting_for.starts_with(expected), "{waiting_for}");
        assert!(began.elapsed() < Duration::from_millis(800), "{:?}", began.elapsed());
    }
}

#[tokio::test]
async fn e00g_throttling_that_outlasts_the_retries_is_waited_out() {
    for code in ["ThrottlingException", "InternalFailure"] {
        for operation in [LIST_APPS, LIST_SPACES, DELETE_APP, DELETE_SPACE] {
            let account = studio();
            if operation == DELETE_SPACE {
                let ended = looks(&account, 9).await;
                assert!(ended.result.is_err());
            }
            account.state().always = Some((operation, code, "arranged by the test"));
            let ended = looks(&account, 3).await;
            assert_eq!(ended.waited_for.len(), 3, "{operation} {code}");
            account.state().always = None;
            delete(&account).await.result.unwrap();
            assert_eq!(account.holds(DOMAIN), Vec::<String>::new(), "{operation} {code}");
        }
    }
}

#[test]
fn e00b_the_id_is_the_domain_and_its_stack() {
    assert_eq!(id(DOMAIN).as_str(), "studio-apps/d-0a1b2c3d4e5f/0f1e2d3c/StudioApps");
    assert_ne!(
        id(DOMAIN),
        id("d-other"),
        "R22: another domain is another resource, and a Delete of the old one follows"
    );
}

#[tokio::test]
async fn e00c_the_delete_of_an_old_id_empties_the_old_domain_whatever_the_properties_say() {
    for properties in [Some(properties(DOMAIN)), Some(properties("d-other")), None] {
        let account = studio();
        let resource = StudioApps::new(account.clone());
        for _ in 0..20 {
            let request = request(properties.clone(), id("d-other"), None);
            if matches!(resource.delete(&request).await.unwrap(), Progress::Done(_)) {
                break;
            }
        }
        assert_eq!(account.holds("d-other"), Vec::<String>::new());
        assert_eq!(account.holds(DOMAIN).len(), 32, "the new domain stays as it is");
    }
}

#[tokio::test]
async fn e00c_an_id_without_a_domain_is_the_properties_domain_or_none() {
    let nameless = || PhysicalId::new("studio-apps", ["handmade"]);
    let account = studio();
    let resource = StudioApps::new(account.clone());
    assert!(matches!(resource.delete(&request(None, nameless(), None)).await.unwrap(), Progress::Done(_)));
    assert!(account.state().calls.is_empty());
    let progress = resource.delete(&request(Some(properties(DOMAIN)), nameless(), None)).await.unwrap();
    assert!(matches!(progress, Progress::Unfinished { .. }));
    assert_eq!(account.count(DELETE_APP), 30);
}

#[test]
fn faults_of_the_properties_come_all_at_once() {
    let rows: [(Value, &[&str]); 4] = [
        (json!({}), &["DomainId is missing, expected a Studio domain's id such as d-0a1b2c3d4e5f"]),
        (json!({"DomainId": " "}), &["DomainId is empty, expected a Studio domain's id"]),
        (json!({"DomainId": ["d-a"]}), &["DomainId is a list, expected a Studio domain's id"]),
        (
            json!({"DomainId": "vpc-1", "Domain": "d-a"}),
            &["DomainId is \"vpc-1\", expected a Studio domain's id", "Domain is unknown, did you mean DomainId?"],
        ),
    ];
    for (given, expected) in rows {
        let faults = read_properties::<Properties>(&given).err().unwrap().to_string();
        for part in expected {
            assert!(faults.contains(part), "{given}: {faults}");
        }
    }
    assert_eq!(read_properties::<Properties>(&json!({"DomainId": DOMAIN})), Ok(properties(DOMAIN)));
}

/// Cut off at each call, before and after its effect, and delivered again from the start: the same end as undisturbed.
#[tokio::test]
async fn redelivery_after_a_cut_at_any_call_converges() {
    let undisturbed = {
        let account = studio();
        delete(&account).await.result.unwrap();
        account.state().calls.len()
    };
    assert!(undisturbed > 50, "{undisturbed}");
    for at in 1..=undisturbed {
        for takes_place in [false, true] {
            let account = studio();
            account.state().failing = Some((at, "UnrecognizedClientException", "arranged by the test", takes_place));
            let ended = delete(&account).await;
            assert!(ended.result.is_err(), "call {at}");
            delete(&account).await.result.unwrap();
            assert_eq!(account.holds(DOMAIN), Vec::<String>::new(), "cut at call {at}");
            assert_eq!(account.holds("d-other").len(), 2);
        }
    }
}

fn fates() -> impl Strategy<Value = Fate> {
    prop_oneof![(1usize..6).prop_map(Fate::Goes), Just(Fate::Goes(0))]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Whatever a domain holds, in whatever state, throttled or not: in the end it is empty, and others are untouched.
    #[test]
    fn any_domain_ends_empty(
        apps in prop::collection::vec(
            (prop::sample::select(vec!["JupyterLab", "Canvas", "New"]), 0u8..4, any::<bool>(),
             prop::sample::select(vec!["InService", "Pending", "Deleting", "Failed", "Deleted", "Unheard"]), fates()), 0..30),
        spaces in prop::collection::vec(
            (prop::sample::select(vec!["InService", "Updating", "Deleting", "Failed", "Update_Failed", "Delete_Failed"]), fates()), 0..4),
        deletions_per_look in prop::option::of(1usize..5),
        cut in prop::option::of((1usize..40, any::<bool>())),
    ) {
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
            let mut account = studio();
            account.state().deletions_per_look = deletions_per_look;
            for (number, (status, fate)) in spaces.into_iter().enumerate() {
                account = account.with_space(DOMAIN, &format!("s{number}"), status, fate);
            }
            for (number, (kind, owner, of_a_space, status, fate)) in apps.into_iter().enumerate() {
                let owner = if of_a_space { of_space(&format!("s{owner}")) } else { of_user(&format!("u{owner}")) };
                account = account.with_app(DOMAIN, app(kind, &format!("x{number}"), owner, status), fate);
            }
            if let Some((at, takes_place)) = cut {
                account.state().failing = Some((at, "InternalFailure", "arranged by the test", takes_place));
            }
            delete(&account).await.result.unwrap();
            assert_eq!(account.holds(DOMAIN), Vec::<String>::new());
            assert_eq!(account.holds("d-other").len(), 2);
        });
    }
}
