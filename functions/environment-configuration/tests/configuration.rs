//! Which attributes a project's template is given, over an account in memory.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, where it is set up too"
)]

mod account;

use std::collections::BTreeSet;
use std::time::Duration;

use account::{Account, DOMAIN, PARAMETERS, PROJECT, TAGS, domain};
use custom_resource::{
    Attributes, CustomResource, Failure, PhysicalId, Progress, Request, Scope, TimeLeft, read_properties,
};
use environment_configuration::{Domain, EnvironmentConfiguration, Properties};
use proptest::prelude::*;
use serde_json::{Value, json};

const STACK: &str = "arn:aws:cloudformation:eu-central-1:123456789012:stack/project/0f1e2d3c";
const CHURN_DEV: [(&str, &str); 2] = [("EnvironmentName", "churn"), ("EnvironmentType", "dev")];

fn scope() -> Scope {
    Scope::new(STACK, "Environment").unwrap()
}

fn properties(more: &Value) -> Properties {
    let mut properties = json!({"SageMakerProjectName": "model"});
    properties.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    read_properties(&properties).unwrap()
}

fn request<P>(properties: P) -> Request<P> {
    Request {
        properties,
        physical_id: PhysicalId::new("environment-configuration", ["project", "0f1e2d3c", "Environment"]),
        scope: scope(),
        request_id: "5e0c2b4a".into(),
        time: TimeLeft::lasting(Duration::from_secs(60)),
        state: None,
    }
}

fn attributes(progress: Progress) -> Attributes {
    match progress {
        Progress::Done(attributes) => attributes,
        Progress::Unfinished { waiting_for, .. } => panic!("waiting for {waiting_for}"),
    }
}

async fn create(account: &Account, more: Value) -> Result<Attributes, Failure> {
    let resource = EnvironmentConfiguration::new(account.clone());
    resource.create(&request(properties(&more))).await.map(attributes)
}

async fn reason(account: &Account, more: Value) -> String {
    let failure = create(account, more).await.unwrap_err();
    assert!(!failure.is_half_made(), "nothing is ever made");
    failure.to_string()
}

/// A project made in Studio, whose domain is tagged.
fn studio() -> Account {
    Account::default()
        .with_project("model", true)
        .with_tags("domain/d-home", vec![CHURN_DEV.to_vec()])
        .with_parameter("/churn/dev/data-bucket-name", "churn-data")
        .with_parameter("/churn/dev/model-bucket-name", "churn-models")
}

#[tokio::test]
async fn e01_the_answer_is_named_fields_of_the_domain_and_the_parameters_all_texts() {
    let account = studio().with_parameter("/churn/dev/network/private-subnet-ids", "subnet-1,subnet-2");
    let answered = create(
        &account,
        json!({"Parameters": ["DataBucketName=data-bucket-name", "Subnets=network/private-subnet-ids"]}),
    )
    .await
    .unwrap();
    assert_eq!(
        answered.iter().collect::<Vec<_>>(),
        [
            ("DataBucketName", "churn-data"),
            ("DomainArn", "arn:aws:sagemaker:eu-central-1:123456789012:domain/d-home"),
            ("DomainId", "d-home"),
            ("EnvironmentName", "churn"),
            ("EnvironmentType", "dev"),
            ("ExecutionRole", "arn:aws:iam::123456789012:role/studio/Execution"),
            ("SecurityGroups", "sg-1,sg-2"),
            ("SubnetIds", "subnet-2,subnet-1"),
            ("Subnets", "subnet-1,subnet-2"),
            ("VpcId", "vpc-0a1b"),
        ]
    );
    assert_eq!(account.operations(), [PROJECT, DOMAIN, TAGS, PARAMETERS]);
}

#[tokio::test]
async fn d02_the_references_attributes_are_all_there_and_take_two_batches() {
    let event: Value =
        serde_json::from_str(include_str!("../../../events/environment-configuration-update.json")).unwrap();
    let properties = read_properties::<Properties>(&event["ResourceProperties"]).unwrap();
    let mut account =
        Account::default().with_project("churn-model", true).with_tags("domain/d-home", vec![CHURN_DEV.to_vec()]);
    for wanted in &properties.parameters {
        account = account.with_parameter(&format!("/churn/dev/{}", wanted.assignment.key), "x");
    }
    let resource = EnvironmentConfiguration::new(account.clone());
    let answered = attributes(resource.update(&request(properties), None).await.unwrap());
    let expected = [
        "DataBucketName",
        "ModelBucketName",
        "S3VPCEId",
        "S3KmsKeyId",
        "PipelineExecutionRole",
        "OUStagingId",
        "OUProdId",
        "ProdAccountList",
        "StagingAccountList",
        "ModelExecutionRole",
        "StackSetExecutionRole",
        "StackSetAdministrationRole",
        "EbsKmsKeyArn",
        "EnvTypeStagingName",
        "EnvTypeProdName",
        "SeedCodeS3BucketName",
        "SecurityGroups",
        "SubnetIds",
        "VpcId",
        "ExecutionRole",
        "EnvironmentName",
        "EnvironmentType",
    ];
    for name in expected {
        assert!(answered.get(name).is_some_and(|value| !value.is_empty()), "{name}");
    }
    assert_eq!(answered.iter().count(), expected.len() + 2, "and DomainId and DomainArn");
    let batches = account.state().batches.iter().map(Vec::len).collect::<Vec<_>>();
    assert_eq!(batches, [10, 6], "e01: not sixteen calls");
}

#[tokio::test]
async fn e01_the_environments_tags_are_found_on_any_page() {
    let account = studio().with_tags(
        "domain/d-home",
        vec![vec![("Owner", "x")], vec![CHURN_DEV[1]], vec![], vec![("Team", "y"), CHURN_DEV[0]]],
    );
    let answered = create(&account, json!({})).await.unwrap();
    assert_eq!((answered.get("EnvironmentName"), answered.get("EnvironmentType")), (Some("churn"), Some("dev")));
    assert_eq!(account.operations(), [PROJECT, DOMAIN, TAGS, TAGS, TAGS, TAGS], "no parameters, no call for them");
}

#[tokio::test]
async fn e01_properties_come_before_the_domains_tags_and_those_before_the_projects() {
    let other = vec![vec![("EnvironmentName", "fraud"), ("EnvironmentType", "prod")]];
    let rows = [
        (json!({"EnvironmentName": "given", "EnvironmentType": "x"}), CHURN_DEV.to_vec(), "given/x", 0),
        (json!({}), CHURN_DEV.to_vec(), "churn/dev", 1),
        (json!({}), vec![], "fraud/prod", 2),
        (json!({}), vec![("EnvironmentType", "dev")], "fraud/prod", 2),
        (
            json!({"EnvironmentName": "", "EnvironmentType": ""}),
            vec![("EnvironmentName", "NO!"), CHURN_DEV[1]],
            "fraud/prod",
            2,
        ),
    ];
    for (given, of_the_domain, expected, listings) in rows {
        let account =
            studio().with_tags("domain/d-home", vec![of_the_domain]).with_tags("project/model", other.clone());
        let answered = create(&account, given).await.unwrap();
        let environment =
            format!("{}/{}", answered.get("EnvironmentName").unwrap(), answered.get("EnvironmentType").unwrap());
        assert_eq!(environment, expected);
        assert_eq!(account.operations().iter().filter(|operation| **operation == TAGS).count(), listings);
    }
}

#[tokio::test]
async fn e01_without_a_hint_one_reason_says_what_was_looked_at_and_the_way_out() {
    let account =
        studio().with_tags("domain/d-home", vec![vec![("EnvironmentName", "Churn"), ("environmenttype", "dev")]]);
    assert_eq!(
        reason(&account, json!({})).await,
        "nothing says which environment project model belongs to: the properties EnvironmentName and EnvironmentType are \
         not given; arn:aws:sagemaker:eu-central-1:123456789012:domain/d-home: tag EnvironmentName is \"Churn\", expected an \
         environment name of 1 to 20 lower-case letters, digits and inner hyphens that begins with a letter and with neither \
         aws nor ssm, tag EnvironmentType is missing; arn:aws:sagemaker:eu-central-1:123456789012:project/model: tag \
         EnvironmentName is missing, tag EnvironmentType is missing; tag the domain or the project with both, or give both \
         properties"
    );
    let account = Account::default().with_project("model", false);
    let text = reason(&account, json!({})).await;
    assert!(text.contains("; the project was not made in Studio, so no domain is known; arn:"), "{text}");
}

#[tokio::test]
async fn e01_a_project_that_was_not_made_in_studio_has_the_environments_domain() {
    let account = || {
        Account::default()
            .with_project("model", false)
            .with_parameter("/churn/dev/sagemaker-domain-id", "d-home")
            .with_parameter("/churn/dev/a", "x")
    };
    for (given, tags) in [
        (json!({"Parameters": ["A=a"], "EnvironmentName": "churn", "EnvironmentType": "dev"}), vec![]),
        (json!({"Parameters": ["A=a", "Id=sagemaker-domain-id"]}), vec![CHURN_DEV.to_vec()]),
    ] {
        let account = account().with_tags("project/model", tags);
        let answered = create(&account, given).await.unwrap();
        assert_eq!((answered.get("DomainId"), answered.get("VpcId")), (Some("d-home"), Some("vpc-0a1b")));
        assert_eq!(answered.get("A"), Some("x"));
        let calls = account.state().calls.clone();
        assert_eq!(calls.last().unwrap(), &(DOMAIN, "d-home".to_owned()));
        assert_eq!(account.state().batches, [["/churn/dev/a", "/churn/dev/sagemaker-domain-id"]], "in the one call");
    }

    let account = Account::default().with_project("model", false);
    let text = reason(&account, json!({"EnvironmentName": "churn", "EnvironmentType": "dev"})).await;
    assert_eq!(
        text,
        "parameters that do not exist: /churn/dev/sagemaker-domain-id (the domain, which a project that was not made in \
         Studio does not name); create them, or name in OptionalParameters instead of Parameters what the environment may lack"
    );
}

#[tokio::test]
async fn e01_all_missing_parameters_are_named_at_once_and_optional_ones_are_empty() {
    let account = studio();
    let given = json!({
        "Parameters": ["A=a", "DataBucketName=data-bucket-name", "B=deep/b"],
        "OptionalParameters": ["C=c", "ModelBucketName=model-bucket-name"],
    });
    assert_eq!(
        reason(&account, given).await,
        "parameters that do not exist: /churn/dev/a (A), /churn/dev/deep/b (B); create them, or name in OptionalParameters \
         instead of Parameters what the environment may lack"
    );
    let answered = create(&account, json!({"OptionalParameters": ["C=c", "M=model-bucket-name"]})).await.unwrap();
    assert_eq!((answered.get("C"), answered.get("M")), (Some(""), Some("churn-models")));
}

#[tokio::test]
async fn e01_denied_and_throttled_calls_are_no_missing_parameters() {
    for operation in [PROJECT, DOMAIN, TAGS, PARAMETERS] {
        for code in ["AccessDeniedException", "ThrottlingException", "InternalServerError"] {
            let account = studio();
            account.state().always = Some((operation, code));
            let text = reason(&account, json!({"OptionalParameters": ["A=a"]})).await;
            assert!(
                text.starts_with(&format!("{operation} answered {code}: arranged by the test (request id ")),
                "{text}"
            );
        }
    }
}

#[tokio::test]
async fn a_project_or_a_domain_that_does_not_exist_is_named() {
    let text = reason(&Account::default(), json!({})).await;
    let expected = "SageMakerProjectName is model, expected a project of this account and region: \
                    sagemaker:DescribeProject answered ValidationException: model does not exist";
    assert!(text.starts_with(expected), "{text}");
    let account = studio();
    account.state().domains.clear();
    let text = reason(&account, json!({})).await;
    assert!(text.starts_with("sagemaker:DescribeDomain answered ValidationException: d-home does not exist"), "{text}");
}

#[tokio::test]
async fn a_secret_never_becomes_an_attribute() {
    let account = studio().with_secret("/churn/dev/token").with_secret("/churn/dev/key");
    let text =
        reason(&account, json!({"Parameters": ["Token=token", "A=a"], "OptionalParameters": ["Key=key", "B=b"]})).await;
    for part in [
        "parameters that do not exist: /churn/dev/a (A); ",
        "; parameters of type SecureString, which would be shown as attributes: /churn/dev/token (Token), /churn/dev/key (Key); ",
    ] {
        assert!(text.contains(part), "{text}");
    }
    assert!(!text.contains("AQICAHh"), "not even encrypted");
}

#[tokio::test]
async fn b14_no_environment_is_given_another_ones_parameters() {
    let account = studio().with_parameter("/churn/dev2/only-there", "x").with_parameter("/churn/dev/only-there2", "x");
    let text = reason(&account, json!({"Parameters": ["A=only-there"]})).await;
    assert!(text.contains("/churn/dev/only-there (A)"), "{text}");
    let answered = create(
        &account,
        json!({"Parameters": ["A=only-there"], "EnvironmentName": "churn", "EnvironmentType": "dev2"}),
    )
    .await
    .unwrap();
    assert_eq!(answered.get("A"), Some("x"));
    let names: Vec<_> = account.state().batches.concat();
    assert_eq!(names, ["/churn/dev/only-there", "/churn/dev2/only-there"]);
}

#[tokio::test]
async fn a_domain_without_what_every_domain_has_is_a_failure_that_says_so() {
    let account = studio();
    account.state().domains.insert("d-home", Domain { security_groups: vec![], ..domain("d-home") });
    assert_eq!(create(&account, json!({})).await.unwrap().get("SecurityGroups"), Some(""), "a domain may do without");
    let bare = Domain { execution_role: String::new(), subnet_ids: vec![], ..domain("d-home") };
    account.state().domains.insert("d-home", bare);
    assert_eq!(
        reason(&account, json!({})).await,
        "sagemaker:DescribeDomain answered without SubnetIds, DefaultUserSettings.ExecutionRole"
    );
}

#[tokio::test]
async fn e00a_update_computes_everything_again() {
    let account = studio();
    let resource = EnvironmentConfiguration::new(account.clone());
    let properties = properties(&json!({"Parameters": ["D=data-bucket-name"]}));
    for old in [None, Some(properties.clone())] {
        let account =
            account.clone().with_parameter("/churn/dev/data-bucket-name", if old.is_some() { "b" } else { "a" });
        let answered = attributes(resource.update(&request(properties.clone()), old.as_ref()).await.unwrap());
        assert_eq!(answered.get("D"), Some(if old.is_some() { "b" } else { "a" }));
        assert_eq!(account.operations().len() % 4, 0);
    }
}

#[test]
fn e00b_the_id_does_not_depend_on_the_properties() {
    let resource = EnvironmentConfiguration::new(Account::default());
    let id = |more: Value| resource.identity(&scope(), &properties(&more));
    assert_eq!(id(json!({})), id(json!({"EnvironmentName": "a", "EnvironmentType": "b", "Parameters": ["A=a"]})));
}

#[tokio::test]
async fn e00c_nothing_is_made_so_delete_calls_nothing() {
    let account = studio();
    let resource = EnvironmentConfiguration::new(account.clone());
    for properties in [None, Some(properties(&json!({})))] {
        assert!(attributes(resource.delete(&request(properties)).await.unwrap()).is_empty());
    }
    assert!(account.state().calls.is_empty());
}

#[test]
fn faults_of_the_properties_come_all_at_once() {
    let long_key = format!("A={}", "k".repeat(901));
    let deep_key = format!("A={}", vec!["k"; 14].join("/"));
    let key =
        "expected a key of 1 to 900 letters, digits, dots, hyphens, underscores and at most 12 single inner slashes";
    let rows: Vec<(Value, Vec<String>)> = vec![
        (json!({}), vec!["SageMakerProjectName is missing, expected a project's name of 1 to 32 letters".into()]),
        (
            json!({"SageMakerProjectName": "-x", "EnvironmentName": "Churn", "EnvironmentType": "d_v", "Parameter": []}),
            vec![
                "SageMakerProjectName is \"-x\", expected a project's name".into(),
                "EnvironmentName is \"Churn\", expected an environment name of".into(),
                "EnvironmentType is \"d_v\", expected an environment type of".into(),
                "Parameter is unknown, did you mean Parameters?".into(),
            ],
        ),
        (
            json!({"SageMakerProjectName": "x", "EnvironmentName": "churn"}),
            vec!["EnvironmentType is missing, expected it beside EnvironmentName, or neither of the two".into()],
        ),
        (
            json!({"SageMakerProjectName": "x", "EnvironmentType": "dev"}),
            vec!["EnvironmentName is missing, expected it beside EnvironmentType, or neither of the two".into()],
        ),
        (
            json!({
                "SageMakerProjectName": "x",
                "Parameters": ["data-bucket-name", "Data Bucket=a", "=a", "VpcId=vpc-id", "A=a", "B=b b"],
                "OptionalParameters": ["A=x", "C=", "D=/x", "E=x/", "F=a//b", "G=a:3", "H=a", "H=a"],
            }),
            vec![
                "Parameters[0] is \"data-bucket-name\", expected Attribute=key such as DataBucketName=data-bucket-name"
                    .into(),
                "Parameters[1] is \"Data Bucket=a\", expected an attribute of 1 to 128 letters and digits".into(),
                "Parameters[2] is \"=a\", expected an attribute".into(),
                "Parameters[3] is \"VpcId=vpc-id\", expected another attribute, for VpcId is always".into(),
                format!("Parameters[5] is \"B=b b\", {key}"),
                "OptionalParameters[0] gives attribute A, as Parameters[4] does, expected each attribute once".into(),
                format!("OptionalParameters[1] is \"C=\", {key}"),
                format!("OptionalParameters[2] is \"D=/x\", {key}"),
                format!("OptionalParameters[3] is \"E=x/\", {key}"),
                format!("OptionalParameters[4] is \"F=a//b\", {key}"),
                format!("OptionalParameters[5] is \"G=a:3\", {key}"),
                "OptionalParameters[7] gives attribute H, as OptionalParameters[6] does, expected each".into(),
            ],
        ),
        (
            json!({"SageMakerProjectName": "x", "Parameters": [long_key], "OptionalParameters": [deep_key]}),
            vec![format!("\", {key}"), format!("OptionalParameters[0] is \"A=k/k/k/k/k/k/k/k/k/k/k/k/k/k\", {key}")],
        ),
        (
            json!({"SageMakerProjectName": "x", "Parameters": {"A": "a"}, "OptionalParameters": [["A=a"]]}),
            vec!["Parameters is an object, expected a list".into(), "OptionalParameters[0] is not a text".into()],
        ),
    ];
    for (given, expected) in rows {
        let faults = read_properties::<Properties>(&given).err().unwrap().to_string();
        for part in expected {
            assert!(faults.contains(&part), "{part} in {faults}");
        }
    }
    let empty =
        json!({"SageMakerProjectName": "x", "Parameters": [""], "EnvironmentName": "", "EnvironmentType": null});
    let read = read_properties::<Properties>(&empty).unwrap();
    assert!(read.parameters.is_empty() && read.environment.is_none(), "an unset parameter's default is no value");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Any parameters: as few calls as ten names a call allow, each name once, each attribute the value of its own.
    #[test]
    fn each_attribute_is_its_own_parameters_value(
        wanted in prop::collection::btree_map("[A-Z][a-z0-9]{1,6}x", "[a-c]{1,2}(/[a-z0-9._-]{1,3})?", 0..60),
        optional in any::<bool>(),
    ) {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            let mut account = studio();
            let names: BTreeSet<_> = wanted.values().collect();
            for (number, key) in names.iter().enumerate() {
                // With optional ones, every third is missing.
                if !(optional && number % 3 == 0) {
                    account = account.with_parameter(&format!("/churn/dev/{key}"), &format!("value of {key}"));
                }
            }
            let list: Vec<_> = wanted.iter().map(|(attribute, key)| format!("{attribute}={key}")).collect();
            let property = if optional { "OptionalParameters" } else { "Parameters" };
            let answered = create(&account, json!({property: list})).await.unwrap();
            for (attribute, key) in &wanted {
                let number = names.iter().position(|name| *name == key).unwrap();
                let expected = if optional && number % 3 == 0 { String::new() } else { format!("value of {key}") };
                assert_eq!(answered.get(attribute), Some(expected.as_str()));
            }
            let batches = account.state().batches.clone();
            assert_eq!(batches.len(), names.len().div_ceil(10));
            assert!(batches.iter().all(|batch| (1..=10).contains(&batch.len())));
            assert_eq!(batches.concat().len(), names.len(), "each name once");
        });
    }
}
