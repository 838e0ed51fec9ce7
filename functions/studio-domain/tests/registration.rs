//! What Create, Update and Delete do to a domain's tags and its environment's parameter, over an account in memory.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, where it is set up too"
)]

mod account;

use std::time::Duration;

use account::{Account, Group, SERVICE_TAG};
use custom_resource::{
    Attributes, CustomResource, Failure, PhysicalId, Progress, Request, Scope, TimeLeft, read_properties,
};
use environment::Environment;
use proptest::prelude::*;
use serde_json::{Value, json};
use studio_domain::{Properties, StudioDomain};

const PARAMETER: &str = "/churn/dev/sagemaker-domain-id";

fn properties(domain: &str, environment: &str) -> Properties {
    let (name, kind) = environment.split_once('/').unwrap();
    let environment = Environment::new(name.parse().unwrap(), kind.parse().unwrap());
    Properties { domain_id: domain.parse().unwrap(), environment }
}

fn scope() -> Scope {
    let stack = "arn:aws:cloudformation:eu-central-1:123456789012:stack/environment/0f1e2d3c";
    Scope::new(stack, "StudioDomain").unwrap()
}

fn id(properties: &Properties) -> PhysicalId {
    PhysicalId::new("studio-domain", StudioDomain::new(Account::default()).identity(&scope(), properties))
}

fn request<P>(properties: P, physical_id: PhysicalId) -> Request<P> {
    Request {
        properties,
        physical_id,
        scope: scope(),
        request_id: "5e0c2b4a".into(),
        time: TimeLeft::lasting(Duration::from_secs(60)),
        state: None,
    }
}

async fn create(account: &Account, domain: &str, environment: &str) -> Result<Progress, Failure> {
    let properties = properties(domain, environment);
    let id = id(&properties);
    StudioDomain::new(account.clone()).create(&request(properties, id)).await
}

async fn update(account: &Account, domain: &str, old: Option<&str>) -> Result<Progress, Failure> {
    let new = properties(domain, "churn/dev");
    let old = old.map(|old| properties(old, "churn/dev"));
    let id = id(&new);
    StudioDomain::new(account.clone()).update(&request(new, id), old.as_ref()).await
}

async fn delete(account: &Account, domain: &str, environment: &str) -> Result<Progress, Failure> {
    let properties = properties(domain, environment);
    let id = id(&properties);
    StudioDomain::new(account.clone()).delete(&request(Some(properties), id)).await
}

fn done(progress: Result<Progress, Failure>) -> Attributes {
    match progress.unwrap() {
        Progress::Done(attributes) => attributes,
        Progress::Unfinished { waiting_for, .. } => panic!("waits for {waiting_for}"),
    }
}

fn waiting(progress: Result<Progress, Failure>) -> String {
    match progress.unwrap() {
        Progress::Done(_) => panic!("is done"),
        Progress::Unfinished { waiting_for, again_in, .. } => {
            assert!(again_in >= Duration::from_secs(1));
            waiting_for
        }
    }
}

fn reason(progress: Result<Progress, Failure>) -> String {
    progress.err().unwrap().to_string()
}

fn registered(account: &Account) -> Option<String> {
    account.state().parameters.get(PARAMETER).cloned()
}

#[tokio::test]
async fn create_tags_what_the_service_made_registers_and_answers_every_attribute() {
    let account = Account::default().with_domain("one", "vpc-1");
    let attributes = done(create(&account, "d-one", "churn/dev").await);
    let expected = Attributes::new()
        .with("DomainArn", "arn:aws:sagemaker:eu-central-1:123456789012:domain/d-one")
        .with("Url", "https://d-one.studio.eu-central-1.sagemaker.aws")
        .with("HomeEfsFileSystemId", "fs-one")
        .with("VpcId", "vpc-1")
        .with("SubnetIds", "subnet-b,subnet-a")
        .with("SecurityGroupIds", "sg-in-one,sg-out-one");
    assert!(attributes == expected, "{:?}", attributes.iter().collect::<Vec<_>>());
    for id in ["fs-one", "sg-in-one", "sg-out-one"] {
        assert_eq!(account.tagged(id), "churn/dev", "{id}");
    }
    assert_eq!(registered(&account).as_deref(), Some("d-one"));
}

#[tokio::test]
async fn e00a_an_update_answers_every_attribute_and_writes_only_what_is_missing() {
    let account = Account::default().with_domain("one", "vpc-1");
    done(create(&account, "d-one", "churn/dev").await);
    let before = account.writes().len();
    let attributes = done(update(&account, "d-one", Some("d-one")).await);
    assert_eq!(attributes.iter().count(), 6);
    assert_eq!(account.writes().len(), before, "nothing is written that is there already");

    account.state().groups.get_mut("sg-out-one").unwrap().tags.remove("EnvironmentType");
    account.state().parameters.clear();
    done(update(&account, "d-one", Some("d-one")).await);
    let healed = account.writes().split_off(before);
    assert_eq!(healed, ["ec2:CreateTags sg-out-one", &format!("ssm:PutParameter {PARAMETER}")]);
    assert_eq!(account.tagged("sg-out-one"), "churn/dev");
}

#[test]
fn e00b_the_id_follows_the_environment_and_not_the_domain() {
    let one = id(&properties("d-one", "churn/dev"));
    assert_eq!(one.as_str(), "studio-domain/churn/dev/0f1e2d3c/StudioDomain");
    assert_eq!(one, id(&properties("d-two", "churn/dev")));
    assert_ne!(one, id(&properties("d-one", "churn/prod")));
    assert_ne!(id(&properties("d-one", "a/b-c")), id(&properties("d-one", "a-b/c")));
}

#[tokio::test]
async fn e00c_delete_removes_the_registration_and_leaves_the_tags() {
    let account = Account::default().with_domain("one", "vpc-1");
    done(create(&account, "d-one", "churn/dev").await);
    done(delete(&account, "d-one", "churn/dev").await);
    assert_eq!(registered(&account), None);
    assert_eq!(account.tagged("fs-one"), "churn/dev", "studio-storage finds it by its tags");
    done(delete(&account, "d-one", "churn/dev").await);
}

#[tokio::test]
async fn e00c_delete_needs_no_domain() {
    let account = Account::default().with_domain("one", "vpc-1");
    done(create(&account, "d-one", "churn/dev").await);
    account.state().domains.clear();
    done(delete(&account, "d-one", "churn/dev").await);
    assert_eq!(registered(&account), None);
}

#[tokio::test]
async fn e00c_delete_keeps_a_parameter_that_names_another_domain() {
    let account = Account::default();
    for value in ["d-two", "somebody's"] {
        account.state().parameters.insert(PARAMETER.into(), value.into());
        done(delete(&account, "d-one", "churn/dev").await);
        assert_eq!(registered(&account).as_deref(), Some(value));
    }
}

#[tokio::test]
async fn e00c_without_readable_properties_only_what_names_nothing_is_removed() {
    let account = Account::default().with_domain("one", "vpc-1");
    done(create(&account, "d-one", "churn/dev").await);
    let resource = StudioDomain::new(account.clone());
    let unread = || request(None, id(&properties("d-one", "churn/dev")));
    done(resource.delete(&unread()).await);
    assert_eq!(registered(&account).as_deref(), Some("d-one"), "the domain exists");
    account.state().domains.clear();
    done(resource.delete(&unread()).await);
    assert_eq!(registered(&account), None);
    // An id of another release, from which no environment can be read.
    done(resource.delete(&request(None, PhysicalId::new("studio-domain", ["OLD"]))).await);
}

#[tokio::test]
async fn e00d_the_longest_answer_fits() {
    let account = Account::default().with_domain("one", "vpc-1");
    account.state().domains.get_mut("d-one").unwrap().subnet_ids = vec!["subnet-0a1b2c3d4e5f67890".into(); 16];
    let attributes = done(create(&account, "d-one", "churn/dev").await);
    let bytes: usize = attributes.iter().map(|(name, value)| name.len() + value.len() + 6).sum();
    assert!(bytes < 2048, "{bytes} of 4096");
}

#[tokio::test]
async fn e00g_a_throttled_or_denied_call_is_a_failure_with_its_operation_and_code() {
    for call in 1..=7 {
        for code in ["ThrottlingException", "AccessDeniedException"] {
            let account = Account::default().with_domain("one", "vpc-1");
            account.state().failing = Some((call, code, false));
            let failure = create(&account, "d-one", "churn/dev").await.err().unwrap();
            let operation = account.state().calls.last().unwrap().split(' ').next().unwrap().to_owned();
            assert!(failure.to_string().starts_with(&format!("{operation} answered {code}: ")), "{failure}");
            assert!(failure.is_half_made(), "an earlier delivery may have written");
        }
    }
}

#[tokio::test]
async fn b84_a_domain_that_failed_says_why() {
    let account = Account::default().with_domain("one", "vpc-1");
    for status in ["Failed", "Update_Failed", "Delete_Failed", "Deleting", "NewStatus"] {
        {
            let mut state = account.state();
            let domain = state.domains.get_mut("d-one").unwrap();
            domain.status = status.into();
            domain.failure_reason = Some("subnet-a has no free addresses".into());
        }
        let reason = reason(create(&account, "d-one", "churn/dev").await);
        assert_eq!(reason, format!("domain d-one is {status}, expected InService: subnet-a has no free addresses"));
    }
    assert_eq!(account.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn b84_a_domain_that_is_not_ready_is_waited_for() {
    let account = Account::default().with_domain("one", "vpc-1");
    for status in ["Pending", "Updating"] {
        account.state().domains.get_mut("d-one").unwrap().status = status.into();
        let waiting_for = waiting(update(&account, "d-one", None).await);
        assert_eq!(waiting_for, format!("domain d-one, which is {status}, to be in service"));
    }
    account.state().domains.get_mut("d-one").unwrap().status = "InService".into();
    done(update(&account, "d-one", None).await);
}

#[tokio::test]
async fn e12_a_domain_that_does_not_exist_is_named() {
    let reason = reason(create(&Account::default(), "d-typo", "churn/dev").await);
    assert!(
        reason.starts_with("DomainId is \"d-typo\", expected a Studio domain of this account and region: "),
        "{reason}"
    );
    assert!(reason.contains("ResourceNotFound") && reason.contains("request id"), "{reason}");
}

#[tokio::test]
async fn e12_an_environment_has_one_domain() {
    let account = Account::default().with_domain("one", "vpc-1").with_domain("two", "vpc-1");
    done(create(&account, "d-one", "churn/dev").await);
    let before = account.writes();
    assert_eq!(
        reason(create(&account, "d-two", "churn/dev").await),
        "environment churn of type dev has domain d-one already, which exists, so d-two is not registered; delete d-one \
         or give d-two an environment of its own"
    );
    assert_eq!(account.writes(), before);
    // The Delete that follows a failed Create leaves the other one's registration.
    done(delete(&account, "d-two", "churn/dev").await);
    assert_eq!(registered(&account).as_deref(), Some("d-one"));

    account.state().parameters.insert(PARAMETER.into(), "studio".into());
    let expected =
        format!("parameter {PARAMETER} holds \"studio\", expected the id of a Studio domain; delete the parameter");
    assert_eq!(reason(create(&account, "d-two", "churn/dev").await), expected);
}

#[tokio::test]
async fn e12_the_registration_of_a_domain_that_is_gone_is_taken_over() {
    for status in [None, Some("Deleting")] {
        let account = Account::default().with_domain("old", "vpc-1").with_domain("new", "vpc-1");
        done(create(&account, "d-old", "churn/dev").await);
        match status {
            None => drop(account.state().domains.remove("d-old")),
            Some(status) => account.state().domains.get_mut("d-old").unwrap().status = status.into(),
        }
        done(create(&account, "d-new", "churn/dev").await);
        assert_eq!(registered(&account).as_deref(), Some("d-new"));
    }
}

#[tokio::test]
async fn e12_a_domain_registered_at_the_same_moment_is_not_written_over() {
    let account = Account::default().with_domain("one", "vpc-1").with_domain("two", "vpc-1");
    account.state().race = Some((PARAMETER.into(), "d-one".into()));
    assert!(waiting(create(&account, "d-two", "churn/dev").await).contains(PARAMETER));
    assert!(reason(create(&account, "d-two", "churn/dev").await).contains("has domain d-one already"));
    assert_eq!(registered(&account).as_deref(), Some("d-one"));
}

#[tokio::test]
async fn a_replaced_domain_is_followed_in_place_and_back_again() {
    let account = Account::default().with_domain("one", "vpc-1").with_domain("two", "vpc-1");
    done(create(&account, "d-one", "churn/dev").await);
    let attributes = done(update(&account, "d-two", Some("d-one")).await);
    assert_eq!(attributes.get("HomeEfsFileSystemId"), Some("fs-two"));
    assert_eq!(registered(&account).as_deref(), Some("d-two"));
    assert_eq!((account.tagged("fs-one"), account.tagged("fs-two")), ("churn/dev".into(), "churn/dev".into()));
    // The rollback, while both domains exist.
    done(update(&account, "d-one", Some("d-two")).await);
    assert_eq!(registered(&account).as_deref(), Some("d-one"));
}

#[tokio::test]
async fn an_update_whose_old_properties_are_unreadable_writes_over_no_living_domain() {
    let account = Account::default().with_domain("one", "vpc-1").with_domain("two", "vpc-1");
    done(create(&account, "d-one", "churn/dev").await);
    assert!(reason(update(&account, "d-two", None).await).contains("d-one"));
    account.state().domains.remove("d-one");
    done(update(&account, "d-two", None).await);
    assert_eq!(registered(&account).as_deref(), Some("d-two"));
}

#[tokio::test]
async fn two_domains_in_two_environments_do_not_touch_each_other() {
    let account = Account::default().with_domain("one", "vpc-1").with_domain("two", "vpc-1");
    done(create(&account, "d-one", "churn/dev").await);
    done(create(&account, "d-two", "churn/dev2").await);
    assert_eq!((account.tagged("sg-in-one"), account.tagged("sg-in-two")), ("churn/dev".into(), "churn/dev2".into()));
    done(delete(&account, "d-one", "churn/dev").await);
    assert_eq!(account.state().parameters.clone(), [("/churn/dev2/sagemaker-domain-id".into(), "d-two".into())].into());
}

#[tokio::test]
async fn what_is_anothers_is_refused_all_at_once_and_nothing_is_written() {
    let account = Account::default().with_domain("one", "vpc-1");
    {
        let mut state = account.state();
        let of_another = [("EnvironmentName".to_owned(), "fraud".to_owned())];
        state.file_systems.get_mut("fs-one").unwrap().extend(of_another);
        let manager = "arn:aws:sagemaker:eu-central-1:123456789012:domain/d-two";
        state.groups.get_mut("sg-in-one").unwrap().tags.insert(SERVICE_TAG.into(), manager.into());
    }
    assert_eq!(
        reason(create(&account, "d-one", "churn/dev").await),
        "fs-one is tagged for environment fraud of type (none), expected churn of type dev; if the domain has changed \
         its environment, take the tags EnvironmentName and EnvironmentType off; sg-in-one is managed by \
         arn:aws:sagemaker:eu-central-1:123456789012:domain/d-two, expected \
         arn:aws:sagemaker:eu-central-1:123456789012:domain/d-one"
    );
    assert_eq!(account.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn what_the_service_did_not_tag_is_left_alone() {
    let account = Account::default().with_domain("one", "vpc-1");
    account.state().groups.get_mut("sg-out-one").unwrap().tags.clear();
    let attributes = done(create(&account, "d-one", "churn/dev").await);
    assert_eq!(attributes.get("SecurityGroupIds"), Some("sg-in-one"));
    assert_eq!(account.tagged("sg-out-one"), "-/-");
}

#[tokio::test]
async fn a_group_of_the_same_name_in_another_network_is_not_looked_at() {
    let account = Account::default().with_domain("one", "vpc-1");
    let name = "security-group-for-inbound-nfs-d-one".to_owned();
    let group = Group { vpc_id: "vpc-2".into(), name, tags: [(SERVICE_TAG.into(), "another's".into())].into() };
    account.state().groups.insert("sg-elsewhere".into(), group);
    done(create(&account, "d-one", "churn/dev").await);
    assert_eq!(account.tagged("sg-elsewhere"), "-/-");
}

#[tokio::test]
async fn rstudios_group_belongs_to_the_domain_too() {
    let account = Account::default().with_domain("one", "vpc-1");
    {
        let mut state = account.state();
        let domain = state.domains.get_mut("d-one").unwrap();
        domain.boundary_group_id = Some("sg-boundary".into());
        let tags = [(SERVICE_TAG.into(), domain.arn.clone())].into();
        let group = Group { vpc_id: "vpc-1".into(), name: "rstudio".into(), tags };
        state.groups.insert("sg-boundary".into(), group);
    }
    let attributes = done(create(&account, "d-one", "churn/dev").await);
    assert_eq!(attributes.get("SecurityGroupIds"), Some("sg-in-one,sg-out-one,sg-boundary"));
    assert_eq!(account.tagged("sg-boundary"), "churn/dev");
}

#[tokio::test]
async fn a_domain_without_a_file_system_is_registered_all_the_same() {
    let account = Account::default().with_domain("one", "vpc-1").with_domain("two", "vpc-1");
    account.state().file_systems.remove("fs-one");
    assert_eq!(done(create(&account, "d-one", "churn/dev").await).get("HomeEfsFileSystemId"), Some("fs-one"));
    account.state().domains.get_mut("d-two").unwrap().file_system_id = None;
    assert_eq!(done(create(&account, "d-two", "churn/prod").await).get("HomeEfsFileSystemId"), Some(""));
}

#[test]
fn faults_of_the_properties_come_all_at_once() {
    let given = json!({"DomainId": "one", "EnvironmentName": "Churn", "EnvironmentTyp": "dev"});
    let faults = read_properties::<Properties>(&given).err().unwrap().to_string();
    for part in [
        "DomainId is \"one\", expected a Studio domain's id such as d-0a1b2c3d4e5f",
        "EnvironmentName is \"Churn\", expected an environment name",
        "EnvironmentType is missing, expected an environment type",
        "EnvironmentTyp is unknown, did you mean EnvironmentType?",
    ] {
        assert!(faults.contains(part), "{faults}");
    }
    let read: Value = json!({"DomainId": "d-one", "EnvironmentName": "churn", "EnvironmentType": "dev"});
    assert_eq!(read_properties::<Properties>(&read).unwrap(), properties("d-one", "churn/dev"));
}

/// Cut off at each call, before and after its effect, and delivered again: the same end as undisturbed.
#[tokio::test]
async fn redelivery_after_a_cut_at_any_call_converges() {
    for request_type in ["Create", "Update", "Delete"] {
        for takes_place in [false, true] {
            for at in 1.. {
                let account = Account::default().with_domain("one", "vpc-1").with_domain("two", "vpc-1");
                if request_type != "Create" {
                    done(create(&account, "d-one", "churn/dev").await);
                }
                let deliver = async || match request_type {
                    "Create" => create(&account, "d-one", "churn/dev").await,
                    "Update" => update(&account, "d-two", Some("d-one")).await,
                    _ => delete(&account, "d-one", "churn/dev").await,
                };
                let before = account.state().calls.len();
                account.state().failing = Some((before + at, "InternalFailure", takes_place));
                if deliver().await.is_ok() {
                    assert!(at > 2, "the cut must have happened");
                    break;
                }
                done(deliver().await);
                let expected = match request_type {
                    "Create" => Some("d-one"),
                    "Update" => Some("d-two"),
                    _ => None,
                };
                assert_eq!(registered(&account).as_deref(), expected, "{request_type} cut at call {at}");
                let tagged = account.tagged(if request_type == "Update" { "sg-out-two" } else { "sg-out-one" });
                assert_eq!(tagged, "churn/dev", "{request_type} cut at call {at}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Any updates to other domains, each cut off or not and then rolled back: the parameter names the settled domain.
    #[test]
    fn any_sequence_of_updates_converges(
        steps in prop::collection::vec((prop::sample::select(vec!["d-one", "d-two", "d-three"]),
            prop::option::of((1usize..8, any::<bool>()))), 1..6)
    ) {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            let account = Account::default().with_domain("one", "vpc-1").with_domain("two", "vpc-1").with_domain("three", "vpc-1");
            done(create(&account, "d-one", "churn/dev").await);
            let mut settled = "d-one";
            for (wanted, cut) in steps {
                account.state().failing = None;
                if let Some((at, takes_place)) = cut {
                    let at = account.state().calls.len() + at;
                    account.state().failing = Some((at, "InternalFailure", takes_place));
                }
                if update(&account, wanted, Some(settled)).await.is_ok() {
                    settled = wanted;
                } else {
                    done(update(&account, settled, Some(wanted)).await);
                }
                assert_eq!(registered(&account).as_deref(), Some(settled));
            }
        });
    }
}
