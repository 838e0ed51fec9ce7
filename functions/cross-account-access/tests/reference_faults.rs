//! What the function that this one takes the place of gets wrong, row by row, over an account in memory.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking, where it is set up too")]

mod account;

use account::{
    Account, BUCKET, GROUP, HUB, KEY, KEY_POLICY, UNIT, create, delete, given, others, own, properties, request, scope,
    units, update,
};
use cross_account_access::{CrossAccountAccess, Properties};
use custom_resource::{CustomResource, Progress, Scope, read_properties};
use serde_json::{Value, json};

/// As many ids of accounts.
fn accounts(count: u64) -> Value {
    (0..count).map(|number| json!(format!("{:012}", 200_000_000_000 + number))).collect()
}

fn sids(policy: &str) -> Vec<String> {
    own(policy).iter().map(|statement| statement["Sid"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn e04_01_the_number_of_calls_does_not_depend_on_the_number_of_accounts() {
    for count in [1, 10, 100, 500] {
        let account = Account::new();
        create(&account, json!({"Accounts": accounts(count)})).await.done();
        assert_eq!(
            account.calls(),
            [
                format!("s3:GetBucketPolicy {BUCKET}"),
                format!("kms:GetKeyPolicy {KEY}"),
                format!("sagemaker:DescribeModelPackageGroup {GROUP}"),
                format!("sagemaker:GetModelPackageGroupPolicy {GROUP}"),
                format!("s3:GetBucketPolicy {BUCKET}"),
                format!("s3:PutBucketPolicy {BUCKET}"),
                format!("kms:GetKeyPolicy {KEY}"),
                format!("kms:PutKeyPolicy {KEY}"),
                format!("sagemaker:GetModelPackageGroupPolicy {GROUP}"),
                format!("sagemaker:PutModelPackageGroupPolicy {GROUP}"),
            ],
            "{count} accounts"
        );
        let named =
            own(&account.policy(BUCKET).unwrap())[0]["Condition"]["StringEquals"]["aws:PrincipalAccount"].clone();
        assert_eq!(named, accounts(count));
    }
}

#[tokio::test]
async fn e04_02_running_twice_changes_nothing_and_a_double_account_is_named() {
    let account = Account::new();
    create(&account, json!({})).await.done();
    let made = account.policies();
    account.calls();
    create(&account, json!({})).await.done();
    update(&account, json!({}), Some(json!({}))).await.done();
    assert_eq!((account.policies(), account.writes()), (made, vec![]));

    let twice = given(json!({"Accounts": ["222222222222", "333333333333", " 222222222222"]}));
    assert_eq!(
        read_properties::<Properties>(&twice).err().unwrap().to_string(),
        "Accounts holds 222222222222 more than once, expected each value once"
    );
}

#[tokio::test]
async fn e04_03_a_write_that_fails_leaves_every_policy_as_it_was() {
    let before = r#"{ "Statement": {"Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::models/x"}, "Version": "2012-10-17" }"#;
    for (policy, code) in [(None, "AccessDeniedException"), (Some(before), "MalformedPolicyDocumentException")] {
        let account = Account::new();
        account.has(BUCKET, policy);
        let untouched = account.policies();
        account.fails(8, code, "no");
        let ended = create(&account, json!({})).await;
        assert!(ended.pauses.is_empty(), "trying again does not help");
        let failure = ended.failure();
        assert_eq!(account.policies(), untouched, "to the byte, and deleted where there was none");
        assert_eq!(
            failure.to_string(),
            format!(
                "the policy of key {KEY} was not written: kms:PutKeyPolicy answered {code}: no (request id \
                 00000000-0000-0000-0000-000000000000); put back as before: bucket models"
            )
        );
        assert!(!failure.is_half_made(), "nothing is left that a Delete could take away");
    }
}

#[tokio::test]
async fn e04_04_an_update_adds_and_takes_away_accounts() {
    let account = Account::new();
    create(&account, json!({})).await.done();
    let wanted = json!({"Accounts": ["333333333333", "444444444444"]});
    update(&account, wanted, Some(json!({}))).await.done();
    for place in [BUCKET, KEY, GROUP] {
        let policy = account.policy(place).unwrap();
        assert!(policy.contains("444444444444") && !policy.contains("222222222222"), "{place}");
    }
}

#[tokio::test]
async fn e04_05_delete_takes_away_every_grant_and_nothing_else() {
    let account = Account::new();
    let untouched = account.policies();
    create(&account, json!({})).await.done();
    assert_ne!(account.policies(), untouched);
    delete(&account, Some(json!({}))).await.done();
    assert_eq!(account.policies(), untouched, "to the byte, and no empty policy is left");
}

#[tokio::test]
async fn e04_06_statements_without_sid_and_for_everybody_are_left_alone() {
    let theirs = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::models/*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}"#;
    let account = Account::new();
    account.has(BUCKET, Some(theirs));
    create(&account, json!({})).await.done();
    let policy = account.policy(BUCKET).unwrap();
    assert!(policy.starts_with(theirs.strip_suffix("]}").unwrap()), "theirs first, and untouched: {policy}");
    assert_eq!(sids(&policy).len(), 4);
    delete(&account, Some(json!({}))).await.done();
    assert_eq!(account.policy(BUCKET).as_deref(), Some(theirs));
}

#[tokio::test]
async fn e04_07_a_bucket_without_a_policy_gets_one_and_loses_it_again() {
    let account = Account::new();
    create(&account, json!({"KeyArns": [], "ModelPackageGroupNames": [""]})).await.done();
    assert_eq!(account.writes(), [format!("s3:PutBucketPolicy {BUCKET}")]);
    delete(&account, Some(json!({"KeyArns": [], "ModelPackageGroupNames": []}))).await.done();
    assert_eq!(account.writes(), [format!("s3:DeleteBucketPolicy {BUCKET}")]);
}

#[tokio::test]
async fn e04_08_what_another_stacks_update_overwrote_is_there_again_after_the_next_one() {
    let account = Account::new();
    create(&account, json!({})).await.done();
    let made = account.policies();
    account.has(BUCKET, None);
    account.has(KEY, Some(KEY_POLICY));
    let changed = account.policy(GROUP).unwrap().replace("CreateModel", "UpdateModelPackage");
    account.has(GROUP, Some(&changed));
    update(&account, json!({}), Some(json!({}))).await.done();
    assert_eq!(account.policies(), made);
}

#[tokio::test]
async fn e04_09_an_own_statement_never_holds_an_id_and_is_rewritten_when_somebody_put_one_in() {
    let account = Account::new();
    create(&account, json!({})).await.done();
    let made = account.policies();
    let stale = account.policy(KEY).unwrap().replacen(r#"{"AWS":"*"}"#, r#"{"AWS":"AROAEXAMPLEEXAMPLE12"}"#, 1);
    account.has(KEY, Some(&stale));
    update(&account, json!({}), Some(json!({}))).await.done();
    assert_eq!(account.policies(), made);
}

#[tokio::test]
async fn e04_09_a_stale_principal_in_somebody_elses_statement_is_named_with_the_way_out() {
    let stale = r#"{"Version":"2012-10-17","Statement":[{"Sid":"Old","Effect":"Allow","Principal":{"AWS":["AROAEXAMPLEEXAMPLE12","arn:aws:iam::111111111111:root"]},"Action":"s3:GetObject","Resource":"arn:aws:s3:::models/*"},{"Effect":"Allow","Principal":{"AWS":"AROAEXAMPLEEXAMPLE34"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::models/*"}]}"#;
    let account = Account::new();
    account.has(BUCKET, Some(stale));
    let reason = create(&account, json!({})).await.failure().to_string();
    for part in [
        "the policy of bucket models was not written",
        "statement Old with AROAEXAMPLEEXAMPLE12; statement 1 with AROAEXAMPLEEXAMPLE34",
        "remove that id from the statement",
        "MalformedPolicy",
    ] {
        assert!(reason.contains(part), "{reason}");
    }
    assert_eq!(account.policy(BUCKET).as_deref(), Some(stale));
}

#[tokio::test]
async fn e04_10_policies_too_large_are_refused_with_the_numbers_before_anything_is_written() {
    let account = Account::new();
    let reason = create(&account, json!({"Accounts": accounts(1300)})).await.failure().to_string();
    for part in [
        "the policy of bucket models would have ",
        "and 20480 is the limit",
        &format!("the policy of key {KEY} would have "),
        "and 32768 is the limit",
        "the policy of model package group churn would have ",
        "give OrganizationPaths instead of Accounts",
    ] {
        assert!(reason.contains(part), "{reason}");
    }
    assert_eq!(account.writes(), Vec::<String>::new());
    create(&account, units()).await.done();
    assert!(account.policies().values().flatten().all(|policy| policy.len() < 3000), "a unit of any size is small");
}

#[tokio::test]
async fn e04_10_the_size_counts_every_byte_and_the_last_one_that_fits_is_taken() {
    let filled = |bytes: usize| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::models/{}"}}]}}"#,
            "x".repeat(bytes)
        )
    };
    let account = Account::new();
    account.has(BUCKET, Some(&filled(0)));
    create(&account, json!({})).await.done();
    let room = 20480 - account.policy(BUCKET).unwrap().len();
    let account = Account::new();
    account.has(BUCKET, Some(&filled(room)));
    let full = create(&account, json!({})).await.done();
    assert_eq!((account.policy(BUCKET).unwrap().len(), full.get("FullestPolicyPercent")), (20480, Some("100")));
    let account = Account::new();
    account.has(BUCKET, Some(&filled(room + 1)));
    let reason = create(&account, json!({})).await.failure().to_string();
    assert!(reason.contains("would have 20481 bytes"), "{reason}");
}

/// A role that was made a moment ago cannot be unknown to a policy that names no role.
#[tokio::test]
async fn e04_11_no_principal_is_named_so_none_has_to_be_known_everywhere() {
    for wanted in [json!({}), units()] {
        let account = Account::new();
        create(&account, wanted).await.done();
        for place in [BUCKET, KEY, GROUP] {
            for statement in own(&account.policy(place).unwrap()) {
                let principal = &statement["Principal"];
                assert!(*principal == json!("*") || *principal == json!({"AWS": "*"}), "{principal}");
                let bound = &statement["Condition"]["ArnLike"]["aws:PrincipalArn"];
                let is_allow = statement["Effect"] == "Allow";
                assert_eq!(*bound == json!("arn:aws:iam::*:role/secure-mlops-model"), is_allow, "{statement}");
            }
        }
    }
}

#[tokio::test]
async fn e04_12_a_change_of_somebody_else_between_reading_and_writing_is_kept() {
    let theirs = r#"{"Version":"2012-10-17","Statement":[{"Sid":"New","Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::models/*"}]}"#;
    let account = Account::new();
    // Just before the bucket's policy is read for the second time.
    account.state().interference = Some((5, BUCKET.into(), Box::new(|_| Some(theirs.into()))));
    let ended = create(&account, json!({})).await;
    assert_eq!(ended.pauses.len(), 1);
    assert!(ended.pauses[0].0.contains("somebody else keeps changing it"), "{}", ended.pauses[0].0);
    ended.done();
    let policy = account.policy(BUCKET).unwrap();
    assert!(policy.contains(r#""Sid":"New""#) && sids(&policy).len() == 4, "{policy}");
}

#[test]
fn e04_13_white_space_in_lists_is_trimmed() {
    let spaced = given(json!({"Accounts": " 222222222222 ,333333333333,", "KeyArns": [format!(" {KEY} "), ""]}));
    assert!(read_properties::<Properties>(&spaced).unwrap() == properties(json!({})));
}

#[tokio::test]
async fn e04_14_every_arn_and_host_is_of_the_stacks_partition() {
    for (partition, region, host) in [
        ("aws-cn", "cn-north-1", "s3.cn-north-1.amazonaws.com.cn"),
        ("aws-us-gov", "us-gov-west-1", "s3.us-gov-west-1.amazonaws.com"),
        ("aws-iso-b", "us-isob-east-1", "s3.us-isob-east-1.sc2s.sgov.gov"),
    ] {
        let scope =
            Scope::new(&format!("arn:{partition}:cloudformation:{region}:{HUB}:stack/e/0f1e2d3c"), "Access").unwrap();
        let key = format!("arn:{partition}:kms:{region}:{HUB}:key/1");
        let account = Account::new();
        account.has(&key, Some(KEY_POLICY));
        let wanted = json!({"KeyArns": [key], "ModelPackageGroupNames": [],
            "BreakGlassPrincipalArns": [format!("arn:{partition}:iam::{HUB}:role/break-glass")]});
        account::create_in(&scope, &account, wanted).await.done();
        for place in [BUCKET, &key] {
            let text = Value::from(own(&account.policy(place).unwrap())).to_string();
            assert!(!text.contains("arn:aws:"), "{text}");
            assert!(text.contains(&format!("arn:{partition}:iam::*:role/secure-mlops-model")), "{text}");
        }
        assert!(account.policy(&key).unwrap().contains(&format!(r#""{host}""#)), "{host}");
    }
}

/// The policies of the function's role in the platform's template.
fn role_policies() -> &'static str {
    let template = include_str!("../../../template.yaml");
    let (_, role) = template.split_once("\n  CrossAccountAccessRole:\n").unwrap();
    let (role, _) = role.split_once("\n  CrossAccountAccess:\n").unwrap();
    role.split_once("      Policies:\n").unwrap().1
}

#[test]
fn e04_15_no_session_is_opened_anywhere_so_none_is_guessed_or_shared() {
    let ports = include_str!("../src/aws.rs");
    assert!(!role_policies().contains("sts:") && !ports.contains("sts:") && !ports.contains("aws_sdk_sts"));
}

/// Each call's action is documented where it is called.
#[test]
fn e04_17_the_functions_own_role_allows_what_it_calls_and_nothing_more() {
    let actions = |text: &str| -> std::collections::BTreeSet<String> {
        text.split(|c: char| !c.is_ascii_alphanumeric() && c != ':')
            .filter(|word| ["s3:", "kms:", "sagemaker:"].iter().any(|service| word.starts_with(service)))
            .filter(|word| !word.ends_with(':') && word.matches(':').count() == 1)
            .map(str::to_owned)
            .collect()
    };
    let (_, own) = role_policies().split_once("Sid: OpenBucket").unwrap();
    assert_eq!(actions(own), actions(include_str!("../src/aws.rs")));
    assert_eq!(actions(own).len(), 9);
}

#[tokio::test]
async fn c11_targets_may_not_approve_models() {
    let account = Account::new();
    create(&account, json!({})).await.done();
    let policy = account.policy(GROUP).unwrap();
    assert!(
        policy.contains("sagemaker:CreateModel") && !policy.contains("Update") && !policy.contains(":*\""),
        "{policy}"
    );
    assert!(!policy.contains(":root"), "one role of each account, not all of it");
}

#[tokio::test]
async fn c11_other_statements_of_a_groups_policy_stay() {
    let theirs = r#"{"Version":"2012-10-17","Statement":[{"Sid":"Audit","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::555555555555:root"},"Action":"sagemaker:DescribeModelPackageGroup","Resource":"arn:aws:sagemaker:eu-west-1:111111111111:model-package-group/churn"}]}"#;
    let account = Account::new();
    account.has(GROUP, Some(theirs));
    create(&account, json!({})).await.done();
    assert_eq!(others(account.policy(GROUP).as_deref()), others(Some(theirs)));
    delete(&account, Some(json!({}))).await.done();
    assert_eq!(account.policy(GROUP).as_deref(), Some(theirs));
}

#[tokio::test]
async fn c11_a_group_named_like_a_part_of_an_arn_is_spelled_as_the_registry_does() {
    let name = "Model-Package-Group";
    let account = Account::new();
    account.has(name, None);
    create(&account, json!({"ModelPackageGroupNames": [name]})).await.done();
    let resources: Vec<Value> = own(&account.policy(name).unwrap()).iter().map(|s| s["Resource"].clone()).collect();
    assert_eq!(
        resources,
        [
            "arn:aws:sagemaker:eu-west-1:111111111111:model-package-group/model-package-group",
            "arn:aws:sagemaker:eu-west-1:111111111111:model-package/model-package-group/*",
        ]
    );
}

#[tokio::test]
async fn c11_a_validation_error_is_not_taken_for_a_missing_policy() {
    let account = Account::new();
    account.fails(4, "ValidationException", "1 validation error detected");
    let reason = create(&account, json!({})).await.failure().to_string();
    assert!(reason.contains("ModelPackageGroupNames holds model package group churn"), "{reason}");
    assert!(reason.contains("1 validation error detected"), "{reason}");
    assert_eq!(account.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn c11_a_group_that_leaves_the_list_loses_its_policy() {
    let account = Account::new();
    create(&account, json!({})).await.done();
    update(&account, json!({"ModelPackageGroupNames": []}), Some(json!({}))).await.done();
    assert_eq!(account.policy(GROUP), None);
}

/// The condition is asked at each request, so an account that moves gains or loses access without an update.
#[tokio::test]
async fn c13_a_unit_is_named_by_its_place_and_no_account_of_it_is() {
    let account = Account::new();
    let below = format!("{UNIT}ou-ab12-22222222/*");
    create(&account, json!({"Accounts": [""], "OrganizationPaths": [UNIT, below]})).await.done();
    for place in [BUCKET, KEY, GROUP] {
        let statements = own(&account.policy(place).unwrap());
        let condition = &statements[0]["Condition"];
        assert_eq!(
            condition["ForAnyValue:StringLike"],
            json!({"aws:PrincipalOrgPaths": [format!("{UNIT}*"), below]}),
            "{place}"
        );
        assert_eq!(condition["StringEquals"]["aws:PrincipalOrgID"], json!(["o-a1b2c3d4e5"]));
        assert_eq!(condition["StringEquals"]["aws:PrincipalAccount"], Value::Null);
    }
}

#[test]
fn e00b_the_id_depends_on_stack_and_logical_id_alone() {
    let resource = CrossAccountAccess::new(Account::new());
    let of = |wanted| resource.identity(&scope(), &properties(wanted));
    assert_eq!(of(json!({})), ["environment", "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0", "Access"]);
    assert_eq!(of(json!({})), of(json!({"BucketName": "others", "KeyArns": [], "Accounts": ["444444444444"]})));
}

#[tokio::test]
async fn e00c_delete_without_readable_properties_succeeds_and_calls_nothing() {
    let account = Account::new();
    let resource = CrossAccountAccess::new(account.clone());
    assert!(matches!(resource.delete(&request(&scope(), None, None)).await, Ok(Progress::Done(_))));
    assert_eq!(account.calls(), Vec::<String>::new());
}

#[tokio::test]
async fn e00d_the_answer_is_small_whatever_the_number_of_accounts() {
    let account = Account::new();
    let attributes = create(&account, json!({"Accounts": accounts(500)})).await.done();
    assert_eq!(attributes.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>(), 22);
}
