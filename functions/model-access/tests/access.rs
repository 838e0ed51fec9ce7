//! What is found, repaired and said about the access of a deployment's targets.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, where it is set up too"
)]

mod hub;

use hub::{BUCKET, EXECUTION_ROLE, GROUP, HUB, Hub, IMAGE, KEY, PACKAGE, REPOSITORY, ROLE, event, key, opening, stage};
use model_access::{Answer, Container, Error, ImageName, ModelData};
use serde_json::{Value, json};

const TARGETS: [&str; 2] = ["222222222222", "333333333333"];

fn contains(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no {part} in: {text}");
    }
}

/// All but the one that is in every answer.
fn notes(answer: Answer) -> Vec<String> {
    let of_objects = |note: &String| note.starts_with("the objects of bucket ");
    let (of_objects, others): (Vec<_>, Vec<_>) = answer.notes.into_iter().partition(of_objects);
    assert!(of_objects.iter().all(|note| note.contains("encrypted with another key than")), "{of_objects:?}");
    others
}

#[tokio::test]
async fn what_is_ours_is_opened_and_then_nothing_is_missing() {
    let hub = Hub::opened_to(&TARGETS);
    let answer = hub.opened(event(&TARGETS)).await;
    assert_eq!(
        answer.repaired,
        [
            "repository churn: role secure-mlops-model of accounts 222222222222, 333333333333 may use it",
            "model package group churn-group: role secure-mlops-model of accounts 222222222222, 333333333333 and role \
             secure-mlops-stack-set-execution of accounts 222222222222, 333333333333 may use it",
        ]
    );
    assert_eq!(
        answer.notes,
        [format!(
            "the objects of bucket models were not looked at, as this function may read none: one that is missing, or \
             encrypted with another key than the bucket's default {KEY}, is not seen"
        )]
    );
    assert_eq!(hub.writes(), ["ecr:SetRepositoryPolicy churn", "sagemaker:PutModelPackageGroupPolicy churn-group"]);
    let group: Value = serde_json::from_str(&hub.policy(GROUP).unwrap()).unwrap();
    let describe = "sagemaker:DescribeModelPackage";
    let expected = [(ROLE, json!([describe])), (EXECUTION_ROLE, json!(["sagemaker:CreateModel", describe]))];
    assert_eq!(group["Statement"].as_array().unwrap().len(), expected.len());
    for (statement, (role, actions)) in group["Statement"].as_array().unwrap().iter().zip(expected) {
        assert_eq!(statement["Principal"], json!({"AWS": "*"}));
        assert_eq!(statement["Resource"], "arn:aws:sagemaker:eu-west-1:111111111111:model-package/churn/*");
        assert_eq!(statement["Action"], actions);
        assert_eq!(
            statement["Condition"],
            json!({"StringEquals": {"aws:PrincipalAccount": TARGETS},
                "ArnLike": {"aws:PrincipalArn": format!("arn:aws:iam::*:role/{role}")}})
        );
    }
    let again = hub.opened(event(&TARGETS)).await;
    assert_eq!((again.repaired.len(), hub.writes().len()), (0, 0), "nothing is missing, so nothing is written");
}

#[tokio::test]
async fn an_answer_is_what_the_state_machine_reads() {
    let hub = Hub::opened_to(&[]);
    let answer = hub.opened(event(&[HUB])).await;
    let answer = serde_json::to_value(answer).unwrap();
    assert_eq!(
        answer,
        json!({"status": "done", "faults": [], "repaired": [], "notes": answer["notes"]}),
        "the hub needs no policy but its roles'"
    );
    hub.state().package = None;
    let answer = hub.asked(event(&[HUB])).await.unwrap();
    assert_eq!(
        serde_json::to_value(answer).unwrap(),
        json!({"status": "done", "repaired": [], "notes": [], "faults": [{
            "path": format!("model package {PACKAGE}"),
            "problem": format!(
                "what it is made of cannot be read: sagemaker:DescribeModelPackage answered ValidationException: ModelPackage \
                 does not exist. (request id 00000000-0000-0000-0000-000000000000); expected in the account and region of the \
                 registry: {PACKAGE}"
            ),
        }]})
    );
}

#[tokio::test]
async fn bucket_and_key_are_told_with_the_statement_and_the_property_and_nothing_is_written() {
    let hub = Hub::new();
    let text = hub.refusal(&TARGETS).await;
    contains(
        &text,
        &[
            "2 faults: ",
            "bucket models: its policy does not allow s3:GetObject on arn:aws:s3:::models/churn/7/model.tar.gz to role \
             secure-mlops-model of accounts 222222222222, 333333333333: give the environment's Custom::CrossAccountAccess \
             BucketName models, RoleName secure-mlops-model, and these accounts in Accounts or their units in \
             OrganizationPaths, or add this statement to it: {\"Sid\":\"ModelAccess",
            "\"Action\":[\"s3:GetObject\"],\"Resource\":\"arn:aws:s3:::models/*\",\"Condition\":{\"StringEquals\":\
             {\"aws:PrincipalAccount\":[\"222222222222\",\"333333333333\"]}",
            &format!("key {KEY}: its policy does not allow kms:Decrypt"),
            &format!("KeyArns {KEY}"),
        ],
    );
    assert_eq!(hub.writes(), [""; 0], "what is ours waits until the rest is right");
}

/// The statements that the fault prints make the fault go away.
#[tokio::test]
async fn the_printed_statements_are_what_is_missing() {
    let hub = Hub::new();
    let text = hub.refusal(&TARGETS).await;
    let printed: Vec<Value> = text
        .match_indices("statement to it: ")
        .map(|(at, words)| {
            let rest = &text[at + words.len()..];
            serde_json::Deserializer::from_str(rest).into_iter::<Value>().next().unwrap().unwrap()
        })
        .collect();
    assert_eq!(printed.len(), 2);
    hub.has(BUCKET, &json!({"Version": "2012-10-17", "Statement": [printed[0]]}));
    hub.has(KEY, &json!({"Version": "2012-10-17", "Statement": [printed[1]]}));
    assert_eq!(hub.opened(event(&TARGETS)).await.repaired.len(), 2);
}

/// The policies that `Custom::CrossAccountAccess` writes, network Denies included.
#[tokio::test]
async fn what_cross_account_access_writes_is_enough() {
    let rendered = |name: &str| -> Value {
        let path = format!("../cross-account-access/tests/rendered/{name}.json");
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
    };
    for (targets, count) in [("accounts", 0), ("units", 4)] {
        let hub = Hub::new();
        hub.has(BUCKET, &rendered(&format!("{targets}/bucket")));
        hub.has(KEY, &rendered(&format!("{targets}/key")));
        hub.has(GROUP, &rendered(&format!("{targets}/model-package-group")));
        let answer = hub.opened(event(&TARGETS)).await;
        assert_eq!(hub.writes(), ["ecr:SetRepositoryPolicy churn"], "{targets}: the group is open already");
        let notes = notes(answer);
        assert_eq!(notes.len(), count, "{notes:?}");
        for note in notes {
            contains(&note, &["statement CrossAccount", "depending on aws:PrincipalOrgID, aws:PrincipalOrgPaths"]);
        }
    }
    let hub = Hub::new();
    hub.has(BUCKET, &rendered("accounts/bucket"));
    hub.has(KEY, &rendered("accounts/key"));
    let text = hub.refusal(&["222222222222", "444444444444"]).await;
    contains(&text, &["bucket models: its policy does not allow s3:GetObject", "of account 444444444444: give"]);
}

#[tokio::test]
async fn policies_that_are_and_are_not_enough() {
    let object = "arn:aws:s3:::models/churn/7/model.tar.gz";
    let allow = |more: Value| {
        let mut statement = opening("s3:GetObject", "arn:aws:s3:::models/*", &TARGETS);
        statement.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        statement
    };
    let deny = |more: Value| {
        let mut statement = allow(more);
        statement["Effect"] = "Deny".into();
        json!([statement, allow(json!({}))])
    };
    let role = "arn:aws:iam::222222222222:role/secure-mlops-model";
    // Part of the fault, or of the note, or nothing.
    let rows: [(Value, Result<&str, &str>); 13] = [
        (json!([allow(json!({}))]), Ok("")),
        (json!([allow(json!({"Resource": object}))]), Ok("")),
        (json!([allow(json!({"Principal": {"AWS": [role, TARGETS[1]]}}))]), Ok("")),
        (json!([allow(json!({"Principal": {"AWS": role}}))]), Err("of account 333333333333: give")),
        (json!([allow(json!({"Resource": "arn:aws:s3:::models"}))]), Err("does not allow s3:GetObject")),
        (json!([allow(json!({"Action": "s3:GetObjectVersion"}))]), Err("does not allow s3:GetObject")),
        (
            json!([allow(json!({"Condition": {"StringEquals": {"aws:SourceVpce": "vpce-1"}}}))]),
            Ok("statement number 1 (without a Sid, counted from 1) of the policy of bucket models lets role"),
        ),
        (
            json!([allow(json!({"Condition": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/other"}}}))]),
            Err("does not allow s3:GetObject"),
        ),
        (
            json!([allow(json!({"Condition": {"StringEquals": {"aws:SourceAccount": TARGETS}}}))]),
            Err("does not allow s3:GetObject"),
        ),
        (
            deny(json!({"Sid": "NoModels", "Principal": "*"})),
            Err(
                "bucket models: statement NoModels of its policy denies s3:GetObject on arn:aws:s3:::models/churn/7/model.tar.gz",
            ),
        ),
        (deny(json!({"Condition": {"Bool": {"aws:SecureTransport": "false"}}})), Ok("")),
        (
            deny(json!({"Condition": {"Null": {"aws:PrincipalAccount": "false"}}})),
            Err("statement number 1 (without a Sid, counted from 1)"),
        ),
        (
            deny(json!({"Sid": "Office", "Condition": {"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}})),
            Ok(
                "statement Office of the policy of bucket models may shut role secure-mlops-model of accounts 222222222222, \
                333333333333 out depending on aws:SourceIp",
            ),
        ),
    ];
    for (statements, expected) in rows {
        let hub = Hub::opened_to(&TARGETS);
        hub.has(BUCKET, &json!({"Version": "2012-10-17", "Statement": statements}));
        match expected {
            Ok("") => assert_eq!(notes(hub.opened(event(&TARGETS)).await), [""; 0], "{statements}"),
            Ok(note) => contains(&notes(hub.opened(event(&TARGETS)).await).join("; "), &[note]),
            Err(part) => contains(&hub.refusal(&TARGETS).await, &["1 fault: ", part]),
        }
    }
}

#[tokio::test]
async fn a_key_has_to_be_open_in_the_hub_too() {
    let hub = Hub::opened_to(&[]);
    hub.opened(event(&[HUB])).await;
    hub.has(KEY, &json!({"Version": "2012-10-17", "Statement": [opening("kms:Decrypt", "*", &TARGETS)]}));
    contains(&hub.refusal(&[HUB]).await, &["does not allow kms:Decrypt", "of account 111111111111"]);
}

#[tokio::test]
async fn keys_that_decrypt_nothing_or_for_nobody_else() {
    let hub = Hub::opened_to(&TARGETS);
    hub.state().keys.insert(KEY.to_owned(), model_access::Key { is_aws_managed: true, ..key(KEY) });
    contains(
        &hub.refusal(&TARGETS).await,
        &[&format!("key {KEY}: is the default of bucket models and managed by AWS")],
    );
    hub.opened(event(&[HUB])).await;

    let hub = Hub::opened_to(&TARGETS);
    hub.state().keys.insert(KEY.to_owned(), model_access::Key { state: "PendingDeletion".to_owned(), ..key(KEY) });
    contains(
        &hub.refusal(&TARGETS).await,
        &[&format!("key {KEY}: is the default of bucket models and is PendingDeletion, expected Enabled")],
    );

    let foreign = "arn:aws:kms:eu-west-1:999999999999:key/1";
    let hub = Hub::opened_to(&TARGETS);
    hub.state().buckets.insert(BUCKET.to_owned(), Some(foreign.to_owned()));
    let notes = hub.opened(event(&TARGETS)).await.notes;
    contains(&notes.join("; "), &[foreign, "another account's", "kms:Decrypt"]);

    let hub = Hub::opened_to(&TARGETS);
    hub.state().buckets.insert(BUCKET.to_owned(), None);
    contains(&hub.opened(event(&TARGETS)).await.notes[0], &["another key than S3's own"]);
    assert!(!hub.calls().iter().any(|call| call.contains("kms:")), "what no key encrypts needs none");
    hub.fails("s3:GetEncryptionConfiguration", "ServerSideEncryptionConfigurationNotFoundError", "none");
    hub.opened(event(&TARGETS)).await;
    assert!(!hub.calls().iter().any(|call| call.contains("kms:")), "nor where the bucket says nothing");
}

#[tokio::test]
async fn a_repository_of_somebody_else_is_not_written() {
    for tags in [None, Some("other-platform")] {
        let hub = Hub::opened_to(&TARGETS);
        hub.state().tags.insert(REPOSITORY.to_owned(), std::collections::BTreeMap::new());
        if let Some(platform) = tags {
            hub.owns(REPOSITORY, platform);
        }
        let text = hub.refusal(&TARGETS).await;
        contains(
            &text,
            &[
                "repository churn: its policy does not allow ecr:BatchGetImage, ecr:GetDownloadUrlForLayer on \
                 arn:aws:ecr:eu-west-1:111111111111:repository/churn to role",
                "tag the repository secure-mlops:platform=mlops, and this platform adds what is missing",
                "\"ecr:BatchCheckLayerAvailability\"",
            ],
        );
        assert_eq!(hub.writes(), [""; 0]);
    }
    let hub = Hub::opened_to(&TARGETS);
    hub.state().tags.insert(REPOSITORY.to_owned(), std::collections::BTreeMap::new());
    let pull = json!(["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]);
    hub.has(
        "ecr/churn",
        &json!({"Version": "2008-10-17", "Statement": [
        {"Sid": "Theirs", "Effect": "Allow", "Principal": {"AWS": TARGETS}, "Action": pull}]}),
    );
    hub.opened(event(&TARGETS)).await;
    assert_eq!(hub.writes(), ["sagemaker:PutModelPackageGroupPolicy churn-group"], "open already, whoever did it");
}

#[tokio::test]
async fn images_that_are_not_there_or_not_to_be_seen() {
    let image = |hub: &Hub, image: &str, digest: Option<&str>| {
        let mut state = hub.state();
        let container = &mut state.package.as_mut().unwrap().containers[0];
        (container.image, container.digest) = (image.to_owned(), digest.map(str::to_owned));
    };
    let hub = Hub::opened_to(&TARGETS);
    image(&hub, &IMAGE.replace(":7", ":8"), None);
    contains(
        &hub.refusal(&TARGETS).await,
        &[&format!(
            "image {}: what it is cannot be read: ecr:DescribeImages answered ImageNotFoundException",
            IMAGE.replace(":7", ":8")
        )],
    );
    image(&hub, &IMAGE.replace("/churn", "/fraud"), None);
    contains(&hub.refusal(&TARGETS).await, &["amazonaws.com/fraud:7: what it is", "RepositoryNotFoundException"]);

    for (found, note) in [
        ("763104351884.dkr.ecr.eu-west-1.amazonaws.com/pytorch-inference:2", "is another account's"),
        ("public.ecr.aws/team/churn:7", "was not looked at: it is in no bucket and no registry of ECR"),
    ] {
        image(&hub, found, None);
        contains(&hub.opened(event(&TARGETS)).await.notes.join("; "), &[note]);
    }

    image(&hub, IMAGE, Some("sha256:0f1e"));
    contains(&hub.refusal(&TARGETS).await, &[&format!("image {IMAGE}@sha256:0f1e: what it is")]);
    let digest = ImageName::Digest("sha256:0f1e".to_owned());
    hub.state().images.insert((REPOSITORY.to_owned(), digest.clone()), vec!["8".to_owned()]);
    let moved = notes(hub.opened(event(&TARGETS)).await);
    assert_eq!(moved, [format!("image {IMAGE}@sha256:0f1e is no longer what tag 7 names")]);
    hub.state().images.insert((REPOSITORY.to_owned(), digest), vec!["7".to_owned(), "8".to_owned()]);
    assert_eq!(notes(hub.opened(event(&TARGETS)).await), [""; 0]);
}

#[tokio::test]
async fn a_region_that_has_neither_image_nor_data_is_a_fault() {
    let hub = Hub::opened_to(&TARGETS);
    let mut asked = event(&TARGETS);
    asked["stages"] = json!([
        stage("staging", &TARGETS, &["eu-west-1"]),
        stage("prod", &TARGETS, &["eu-west-1", "eu-central-1"]),
        stage("dr", &TARGETS, &["eu-central-1"]),
    ]);
    let text = hub.refused(asked).await;
    contains(
        &text,
        &[
            "2 faults: ",
            "bucket models: is in region eu-west-1",
            &format!("image {IMAGE}: is in region eu-west-1"),
            "take eu-central-1 out of the regions of stages dr, prod",
        ],
    );

    let hub = Hub::opened_to(&TARGETS);
    hub.state().elsewhere.insert(BUCKET.to_owned(), "us-east-1");
    contains(
        &hub.refusal(&TARGETS).await,
        &["1 fault: ", "is in region us-east-1", "take eu-west-1 out of the regions of stage staging"],
    );
}

#[tokio::test]
async fn data_of_every_kind() {
    let hub = Hub::opened_to(&TARGETS);
    let other = "arn:aws:kms:eu-west-1:111111111111:key/2";
    {
        let mut state = hub.state();
        let data = |uri: &str, is_prefix| ModelData { uri: uri.to_owned(), is_prefix };
        let containers = vec![Container {
            image: IMAGE.to_owned(),
            digest: None,
            data: vec![
                data("s3://models/llm/", true),
                data("s3://models/llm/manifest.json", false),
                data("s3://adapters/llm.tar.gz", false),
                data("https://models.s3.amazonaws.com/x", false),
            ],
        }];
        state.package.as_mut().unwrap().containers = containers;
        // Keys are given in every spelling that KMS takes.
        state.buckets.insert("adapters".to_owned(), Some("alias/adapters".to_owned()));
        state.keys.insert("alias/adapters".to_owned(), key(other));
    }
    hub.has("adapters", &json!({"Version": "2012-10-17", "Statement": []}));
    hub.has(other, &json!({"Version": "2012-10-17", "Statement": []}));
    let text = hub.refusal(&TARGETS).await;
    contains(
        &text,
        &[
            "2 faults: bucket adapters: its policy does not allow s3:GetObject on arn:aws:s3:::adapters/llm.tar.gz",
            &format!("key {other}: its policy does not allow kms:Decrypt"),
        ],
    );
    let calls = hub.calls();
    assert_eq!(calls.iter().filter(|call| call.starts_with("s3:GetEncryptionConfiguration")).count(), 2, "{calls:?}");
    assert!(!calls.iter().any(|call| call.starts_with("s3:GetObject")), "no artifact is looked at: {calls:?}");

    let adapters = opening("s3:GetObject", "arn:aws:s3:::adapters/*", &TARGETS);
    hub.has("adapters", &json!({"Version": "2012-10-17", "Statement": [adapters]}));
    hub.has(other, &json!({"Version": "2012-10-17", "Statement": [opening("kms:Decrypt", "*", &TARGETS)]}));
    contains(&hub.opened(event(&TARGETS)).await.notes.join("; "), &["model data https://models.s3.amazonaws.com/x"]);

    // A statement that opens one object does not open all of them.
    let one = opening("s3:GetObject", "arn:aws:s3:::models/llm/0*", &TARGETS);
    hub.has(BUCKET, &json!({"Version": "2012-10-17", "Statement": [one]}));
    contains(
        &hub.refusal(&TARGETS).await,
        &["does not allow s3:GetObject on arn:aws:s3:::models/llm/*, arn:aws:s3:::models/llm/manifest.json"],
    );
}

#[tokio::test]
async fn a_bucket_that_is_missing_or_somebody_elses_is_a_fault() {
    let hub = Hub::opened_to(&TARGETS);
    hub.state().buckets.clear();
    contains(
        &hub.refusal(&TARGETS).await,
        &[
            "1 fault: bucket models: its default encryption cannot be read: s3:GetEncryptionConfiguration answered NoSuchBucket",
            "; expected in the account and region of the registry: arn:aws:s3:::models",
        ],
    );
    let hub = Hub::opened_to(&TARGETS);
    hub.fails("s3:GetEncryptionConfiguration", "AccessDenied", "Access Denied");
    hub.fails("s3:GetBucketPolicy", "AccessDenied", "Access Denied");
    contains(
        &hub.refusal(&TARGETS).await,
        &[
            "2 faults: bucket models: its default encryption cannot be read",
            "bucket models: its policy cannot be read",
            "it has to be a bucket of the registry's account",
        ],
    );
    assert_eq!(hub.writes(), [""; 0]);
}

/// AWS chooses the name of the role that a service-managed stack set uses in an account.
#[tokio::test]
async fn the_role_of_a_service_managed_stack_set_is_admitted_by_what_its_name_begins_with() {
    let mut asked = event(&TARGETS);
    asked["stages"][0]["permissions"] = json!({"permissionModel": "SERVICE_MANAGED", "callAs": "DELEGATED_ADMIN"});
    let hub = Hub::opened_to(&TARGETS);
    let answer = hub.opened(asked.clone()).await;
    contains(
        &answer.repaired.join("; "),
        &["and role stacksets-exec-* of accounts 222222222222, 333333333333 may use it"],
    );
    let policy: Value = serde_json::from_str(&hub.policy(GROUP).unwrap()).unwrap();
    assert_eq!(
        policy["Statement"][1]["Condition"]["ArnLike"],
        json!({"aws:PrincipalArn": "arn:aws:iam::*:role/stacksets-exec-*"})
    );
    let allow = |roles: &str| {
        let mut statement = opening("sagemaker:*", "*", &TARGETS);
        statement["Condition"] = json!({"ArnLike": {"aws:PrincipalArn": format!("arn:aws:iam::*:role/{roles}")}});
        statement
    };
    for (roles, writes) in [("stacksets-*", 0), ("stacksets-exec-0f1e2d3c4b5a6978", 1), ("StackSets-*", 1)] {
        let hub = Hub::opened_to(&TARGETS);
        hub.has(GROUP, &json!({"Version": "2012-10-17", "Statement": [allow(ROLE), allow(roles)]}));
        hub.opened(asked.clone()).await;
        assert_eq!(hub.writes().len() - 1, writes, "{roles}: beside the repository");
    }
}

/// The model role needs the description alone, and the role that makes the model needs that and to make it.
#[tokio::test]
async fn each_role_needs_its_own_rights_to_the_group() {
    let both = [ROLE, EXECUTION_ROLE].map(|role| format!("arn:aws:iam::*:role/{role}"));
    for (action, roles, repaired) in [
        ("sagemaker:DescribeModelPackage", &both[..], Some("churn-group: role secure-mlops-stack-set-execution of")),
        ("sagemaker:*", &both[..1], Some("churn-group: role secure-mlops-stack-set-execution of")),
        ("sagemaker:*", &both[1..], Some("churn-group: role secure-mlops-model of")),
        ("sagemaker:*", &both[..], None),
    ] {
        let hub = Hub::opened_to(&TARGETS);
        let mut statement = opening(action, "*", &TARGETS);
        statement["Condition"] = json!({"ArnLike": {"aws:PrincipalArn": roles}});
        hub.has(GROUP, &json!({"Version": "2012-10-17", "Statement": [statement]}));
        let answer = hub.opened(event(&TARGETS)).await;
        match repaired {
            Some(repaired) => contains(&answer.repaired[1], &[repaired]),
            None => assert_eq!(answer.repaired.len(), 1, "the repository's"),
        }
    }
    let hub = Hub::opened_to(&TARGETS);
    let deny = json!({"Sid": "NoModels", "Effect": "Deny", "Principal": "*", "Action": "sagemaker:CreateModel", "Resource": "*"});
    hub.has(GROUP, &json!({"Version": "2012-10-17", "Statement": [deny]}));
    contains(
        &hub.refusal(&TARGETS).await,
        &[
            "1 fault: model package group churn-group: statement NoModels of its policy denies sagemaker:CreateModel on",
            "to role secure-mlops-stack-set-execution of accounts",
        ],
    );
}

const PAYLOAD: &str = "s3://records/payloads/churn.csv";

fn with_payload(mut asked: Value) -> Value {
    asked["payload"] = json!({"path": "$.verification.payload.s3Uri", "s3Uri": PAYLOAD, "limit": 4_194_304});
    asked
}

#[tokio::test]
async fn a_payload_is_looked_at_whether_or_not_there_are_stages() {
    for stages in [true, false] {
        let hub = Hub::opened_to(&TARGETS);
        let mut asked = with_payload(event(&TARGETS));
        if !stages {
            asked["stages"] = json!([]);
        }
        let begins = "1 fault: $.verification.payload.s3Uri: is s3://records/payloads/churn.csv";
        contains(
            &hub.refused(asked.clone()).await,
            &[
                begins,
                "s3:GetObject answered Forbidden",
                "; put the payload under payloads/ of the platform's records bucket",
                "if it names that, nothing is there",
            ],
        );
        hub.fails("s3:GetObject", "NotFound", "");
        contains(&hub.refused(asked.clone()).await, &[begins, "answered NotFound", "put the payload under payloads/"]);
        hub.state().failing.clear();
        hub.state().objects.insert(PAYLOAD.to_owned(), 4_194_305);
        contains(
            &hub.refused(asked.clone()).await,
            &[begins, " of 4194305 bytes, and the endpoints take at most 4194304: give a smaller sample"],
        );
        hub.state().elsewhere.insert("records".to_owned(), "us-east-1");
        contains(&hub.refused(asked.clone()).await, &[begins, "of a bucket in region us-east-1: put the payload"]);
        hub.state().elsewhere.clear();
        assert_eq!(hub.writes(), [""; 0], "nothing is opened for a deployment that cannot be verified");
        for code in ["SlowDown", "InternalError"] {
            hub.fails("s3:GetObject", code, "later");
            assert_eq!(hub.asked(asked.clone()).await.unwrap_err().error_type(), "RetryableAwsError", "{code}");
        }
        hub.state().failing.clear();
        hub.calls();
        hub.state().objects.insert(PAYLOAD.to_owned(), 4_194_304);
        let answer = hub.opened(asked).await;
        assert_eq!(answer.repaired.len(), if stages { 2 } else { 0 });
        if !stages {
            assert_eq!(hub.calls(), [format!("s3:GetObject {PAYLOAD}")], "the package is not even described");
        }
    }
    let hub = Hub::new();
    let mut asked = event(&TARGETS);
    asked["stages"] = json!([]);
    asked["payload"] = Value::Null;
    assert_eq!(hub.opened(asked).await, Answer::default());
    assert_eq!(hub.calls(), [""; 0]);
}

/// One answer has the payload's fault and the policies'.
#[tokio::test]
async fn a_payload_fault_comes_with_the_others() {
    let hub = Hub::new();
    let text = hub.refused(with_payload(event(&TARGETS))).await;
    contains(&text, &["3 faults: ", "$.verification.payload.s3Uri: ", "bucket models: ", "key arn:"]);
}

#[tokio::test]
async fn an_error_that_says_nothing_about_the_thing_stays_one() {
    let hub = Hub::opened_to(&TARGETS);
    for (operation, code) in
        [("ecr:DescribeImages", "UnrecognizedClientException"), ("s3:GetEncryptionConfiguration", "InvalidAccessKeyId")]
    {
        hub.fails(operation, code, "no");
        let error = hub.asked(event(&TARGETS)).await.unwrap_err();
        assert_eq!(error.error_type(), "AwsError", "{error}");
        contains(&error.to_string(), &[operation, code]);
        hub.state().failing.clear();
    }
}

#[tokio::test]
async fn a_denied_read_is_a_fault_with_the_action_to_allow() {
    let rows = [
        ("sagemaker:DescribeModelPackage", PACKAGE),
        (
            "sagemaker:GetModelPackageGroupPolicy",
            "arn:aws:sagemaker:eu-west-1:111111111111:model-package-group/churn-group",
        ),
        ("s3:GetEncryptionConfiguration", "arn:aws:s3:::models"),
        ("s3:GetBucketPolicy", "arn:aws:s3:::models"),
        ("kms:DescribeKey", KEY),
        ("kms:GetKeyPolicy", KEY),
        ("ecr:DescribeImages", "arn:aws:ecr:eu-west-1:111111111111:repository/churn"),
        ("ecr:GetRepositoryPolicy", "arn:aws:ecr:eu-west-1:111111111111:repository/churn"),
        ("ecr:ListTagsForResource", "arn:aws:ecr:eu-west-1:111111111111:repository/churn"),
        ("ecr:SetRepositoryPolicy", "arn:aws:ecr:eu-west-1:111111111111:repository/churn"),
        (
            "sagemaker:PutModelPackageGroupPolicy",
            "arn:aws:sagemaker:eu-west-1:111111111111:model-package-group/churn-group",
        ),
    ];
    for (operation, on) in rows {
        let hub = Hub::opened_to(&TARGETS);
        hub.fails(operation, "AccessDeniedException", "no");
        let text = hub.refusal(&TARGETS).await;
        contains(
            &text,
            &[&format!("{operation} answered AccessDeniedException"), &format!("allow {operation} on {on} to")],
        );
        for code in ["ThrottlingException", "ServerException", "InternalError"] {
            hub.fails(operation, code, "later");
            let error = hub.asked(event(&TARGETS)).await.unwrap_err();
            assert_eq!(error.error_type(), "RetryableAwsError", "{operation} {code}: {error}");
        }
    }
    let hub = Hub::opened_to(&TARGETS);
    hub.fails("sagemaker:PutModelPackageGroupPolicy", "ConflictException", "another change is under way");
    assert_eq!(hub.asked(event(&TARGETS)).await.unwrap_err().error_type(), "RetryableAwsError");
    hub.fails("sagemaker:PutModelPackageGroupPolicy", "ValidationException", "Invalid principal in policy");
    contains(&hub.refusal(&TARGETS).await, &["was not written with what is missing", "Invalid principal in policy"]);
}

#[tokio::test]
async fn a_policy_that_is_none_and_a_version_that_is_gone() {
    let hub = Hub::opened_to(&TARGETS);
    hub.state().policies.insert(BUCKET.to_owned(), "{}".to_owned());
    contains(&hub.refusal(&TARGETS).await, &["bucket models: its policy cannot be read", "has no Statement"]);
    let hub = Hub::opened_to(&TARGETS);
    hub.state().package = None;
    contains(
        &hub.refusal(&TARGETS).await,
        &[PACKAGE, "does not exist", "expected in the account and region of the registry"],
    );
}

#[tokio::test]
async fn bad_input_is_refused_with_its_place() {
    let mut accounts = event(&TARGETS);
    accounts["stages"][0]["accounts"][1] = "3".into();
    let mut version = event(&TARGETS);
    version["stages"][0]["modelPackageArn"] = PACKAGE.replace("/7", "/8").into();
    let mut payload = with_payload(event(&TARGETS));
    payload["payload"]["s3Uri"] = "churn.csv".into();
    for (asked, part) in [
        (payload, "the address of an object such as s3://"),
        (accounts, "expected an account id of 12 digits"),
        (version, "stage staging deploys arn:aws:sagemaker:eu-west-1:111111111111:model-package/churn/8"),
        (json!({"platformName": "mlops"}), "missing field `modelPackageArn`"),
    ] {
        let hub = Hub::new();
        let error = hub.asked(asked).await.unwrap_err();
        assert!(matches!(error, Error::InvalidInput(_) | Error::OtherVersion { .. }));
        assert_eq!(error.error_type(), "InvalidInput");
        contains(&error.to_string(), &[part]);
        assert_eq!(hub.calls(), [""; 0]);
    }
    assert_eq!(ROLE, "secure-mlops-model");
}

fn many(count: u64) -> Vec<String> {
    (0..count).map(|n| format!("{}", 200_000_000_000 + n)).collect()
}

#[tokio::test]
async fn calls_do_not_grow_with_accounts() {
    let mut counts = Vec::new();
    for count in [4, 400] {
        let accounts = many(count);
        let accounts: Vec<&str> = accounts.iter().map(String::as_str).collect();
        let hub = Hub::opened_to(&accounts);
        hub.opened(event(&accounts)).await;
        counts.push(hub.calls());
    }
    assert_eq!(counts[0], counts[1]);
    assert_eq!(counts[0].len(), 11, "{:?}", counts[0]);
}

#[tokio::test]
async fn a_fault_about_many_accounts_is_one_and_fits() {
    let accounts = many(400);
    let accounts: Vec<&str> = accounts.iter().map(String::as_str).collect();
    let hub = Hub::new();
    let text = hub.refusal(&accounts).await;
    contains(
        &text,
        &["2 faults: bucket models: ", "of 400 accounts (200000000000 to 200000000399)", "\"200000000399\"]}"],
    );
    assert!(text.chars().count() < 24_000, "{}", text.chars().count());
    let accounts = many(3_000);
    let accounts: Vec<&str> = accounts.iter().map(String::as_str).collect();
    let text = Hub::new().refusal(&accounts).await;
    assert!(text.chars().count() < 24_000, "{}", text.chars().count());
    contains(&text, &["more characters)", "more are not shown"]);
}

#[tokio::test]
async fn a_policy_that_would_be_too_large_is_refused_with_numbers() {
    let accounts = many(700);
    let accounts: Vec<&str> = accounts.iter().map(String::as_str).collect();
    let hub = Hub::opened_to(&accounts);
    let text = hub.refusal(&accounts).await;
    contains(
        &text,
        &[
            "2 faults: ",
            "repository churn: its policy would have 10",
            "10240 is the limit",
            "model package group churn-group: its policy would have 21",
            "20480 is the limit",
            "aws:PrincipalOrgPaths",
        ],
    );
    assert_eq!(hub.writes(), [""; 0], "not the group's either");
}
