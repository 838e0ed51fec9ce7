//! Creates, updates, rollbacks and deletes that are disturbed, over an account in memory.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking, where it is set up too")]

mod account;

use account::{
    Account, BUCKET, EXECUTION_ROLE, Fault, GROUP, HUB, KEY, KEY_POLICY, create, create_in, delete, delete_in, others,
    own, scope, update,
};
use custom_resource::Scope;
use serde_json::json;

const THEIRS: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"Theirs","Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::models/*"}]}"#;

#[tokio::test]
async fn e00a_an_update_answers_its_attribute_whether_or_not_anything_changed() {
    let account = Account::new();
    let created = create(&account, json!({})).await.done();
    let again = update(&account, json!({}), Some(json!({}))).await.done();
    let changed = update(&account, json!({"RoleName": "other"}), None).await.done();
    for attributes in [created, again, changed] {
        assert!(attributes.get("FullestPolicyPercent").unwrap().parse::<u8>().unwrap() > 0);
    }
}

/// The role that makes endpoints comes into the groups' statements beside the model role and into no others, and an update
/// without it takes it away again. Given as the model role itself it changes nothing.
#[tokio::test]
async fn the_role_that_makes_endpoints_is_let_into_groups_alone() {
    let account = Account::new();
    create(&account, json!({})).await.done();
    let without = account.policies();
    account.calls();
    let with = json!({"ExecutionRoleName": EXECUTION_ROLE});
    update(&account, with.clone(), Some(json!({}))).await.done();
    assert_eq!(account.writes(), [format!("sagemaker:PutModelPackageGroupPolicy {GROUP}")]);
    let statements = own(&account.policy(GROUP).unwrap());
    assert_eq!(statements.len(), 2);
    for statement in statements {
        let roles = ["secure-mlops-model", EXECUTION_ROLE].map(|role| format!("arn:aws:iam::*:role/{role}"));
        assert_eq!(statement["Condition"]["ArnLike"], json!({"aws:PrincipalArn": roles}));
    }
    for same in [json!({}), json!({"ExecutionRoleName": "secure-mlops-model"}), json!({"ExecutionRoleName": ""})] {
        update(&account, same, Some(with.clone())).await.done();
        assert_eq!(account.policies(), without);
        update(&account, with.clone(), Some(json!({}))).await.done();
    }
    delete(&account, Some(with)).await.done();
    assert_eq!(account.policy(GROUP), None);
}

#[tokio::test]
async fn a_bucket_key_or_group_that_leaves_is_closed_after_the_new_one_is_open() {
    let account = Account::new();
    let (bucket, key, group) = ("more-models", "arn:aws:kms:eu-west-1:111111111111:key/mrk-1", "fraud");
    account.has(bucket, Some(THEIRS));
    account.has(key, Some(KEY_POLICY));
    account.has(group, None);
    let untouched = account.policies();
    create(&account, json!({})).await.done();
    account.calls();
    let wanted = json!({"BucketName": bucket, "KeyArns": [key], "ModelPackageGroupNames": [group]});
    update(&account, wanted.clone(), Some(json!({}))).await.done();
    assert_eq!(
        account.writes(),
        [
            format!("s3:PutBucketPolicy {bucket}"),
            format!("kms:PutKeyPolicy {key}"),
            format!("sagemaker:PutModelPackageGroupPolicy {group}"),
            format!("s3:DeleteBucketPolicy {BUCKET}"),
            format!("kms:PutKeyPolicy {KEY}"),
            format!("sagemaker:DeleteModelPackageGroupPolicy {GROUP}"),
        ]
    );
    for place in [BUCKET, KEY, GROUP] {
        assert_eq!(account.policy(place), untouched[place], "{place}");
    }
    // The rollback of a later failure.
    update(&account, json!({}), Some(wanted)).await.done();
    for place in [bucket, key, group] {
        assert_eq!(account.policy(place), untouched[place], "{place}");
    }
    assert_eq!(own(&account.policy(BUCKET).unwrap()).len(), 4);
}

#[tokio::test]
async fn an_update_to_a_bucket_that_is_not_ours_fails_by_name_and_rolls_back() {
    for (code, message) in [
        ("NoSuchBucket", "The specified bucket does not exist"),
        ("AccessDenied", "Access Denied"),
        (
            "PermanentRedirect",
            "The bucket you are attempting to access must be addressed using the specified endpoint.",
        ),
    ] {
        let account = Account::new();
        create(&account, json!({})).await.done();
        let made = account.policies();
        account.calls();
        let wanted = json!({"BucketName": "somebody-elses"});
        account.fails(1, code, message);
        let reason = update(&account, wanted.clone(), Some(json!({}))).await.failure().to_string();
        assert!(
            reason.starts_with(
                "BucketName holds bucket somebody-elses, expected one of account 111111111111 in region eu-west-1"
            ) && reason.contains(code),
            "{reason}"
        );
        account.calls();
        // The bucket, the key and twice the group are read before the one that leaves.
        account.fails(5, code, message);
        update(&account, json!({}), Some(wanted)).await.done();
        assert_eq!((account.policies(), account.writes()), (made, vec![]));
    }
}

#[tokio::test]
async fn a_bucket_of_ours_that_denies_us_is_no_bucket_of_somebody_else() {
    let account = Account::new();
    create(&account, json!({})).await.done();
    account.has("new-models", None);
    account.calls();
    account.fails(5, "AccessDenied", "not authorized with an explicit deny in a resource-based policy");
    let reason = update(&account, json!({"BucketName": "new-models"}), Some(json!({}))).await.failure().to_string();
    assert!(reason.contains("bucket models") && reason.contains("explicit deny"), "{reason}");
    assert_eq!(account.policy("new-models"), None, "nothing is opened while the old one cannot be closed");
}

#[tokio::test]
async fn everything_that_cannot_be_reached_is_named_at_once_and_nothing_was_called_for_keys_of_others() {
    let account = Account::new();
    let keys = [
        "arn:aws:kms:eu-west-1:999999999999:key/1",
        "arn:aws:kms:us-east-1:111111111111:key/1",
        "arn:aws-cn:kms:eu-west-1:111111111111:key/1",
    ];
    let wanted = json!({"KeyArns": keys, "BreakGlassPrincipalArns": ["arn:aws-cn:iam::111111111111:user/x"]});
    let failure = create(&account, wanted.clone()).await.failure();
    let reason = failure.to_string();
    for key in keys {
        let fault = format!(
            "KeyArns holds {key}, expected a key of account 111111111111 in region eu-west-1 and partition aws"
        );
        assert!(reason.contains(&fault), "{reason}");
    }
    assert!(reason.contains("BreakGlassPrincipalArns holds arn:aws-cn:iam::111111111111:user/x"), "{reason}");
    assert!(!failure.is_half_made() && account.calls().is_empty());
    delete(&account, Some(wanted)).await.done();
    assert!(account.calls().iter().all(|call| !call.starts_with("kms:")));

    let wanted = json!({"BucketName": "absent", "KeyArns": ["arn:aws:kms:eu-west-1:111111111111:key/absent"],
        "ModelPackageGroupNames": ["absent"]});
    let failure = create(&account, wanted).await.failure();
    let reason = failure.to_string();
    for part in
        ["BucketName holds bucket absent", "KeyArns holds key arn", "ModelPackageGroupNames holds model package"]
    {
        assert!(reason.contains(part), "{reason}");
    }
    assert!(!failure.is_half_made());
}

#[tokio::test]
async fn a_document_of_the_older_version_is_refused_since_variables_are_text_in_it() {
    for (version, said) in [(r#""Version":"2008-10-17","#, "has Version 2008-10-17,"), ("", "as it names none")] {
        let old = THEIRS.replace(r#""Version":"2012-10-17","#, version);
        let account = Account::new();
        account.has(BUCKET, Some(&old));
        let reason = create(&account, json!({})).await.failure().to_string();
        assert!(reason.contains("bucket models") && reason.contains(said), "{reason}");
        assert_eq!(account.writes(), Vec::<String>::new());
        account.has(GROUP, Some(&old));
        create(&account, json!({"BucketName": "b-2", "KeyArns": []})).await.failure();
    }
}

#[tokio::test]
async fn a_policy_that_is_none_is_named() {
    let account = Account::new();
    account.has(BUCKET, Some("{"));
    let reason = create(&account, json!({})).await.failure().to_string();
    assert!(reason.contains("the policy of bucket models cannot be read"), "{reason}");
}

#[tokio::test]
async fn an_operation_in_conflict_is_tried_again_and_not_for_ever() {
    for code in ["OperationAborted", "ConflictException", "ThrottlingException", "InternalError"] {
        let account = Account::new();
        account.fails(6, code, "arranged by the test");
        let ended = create(&account, json!({})).await;
        assert_eq!(ended.pauses.len(), 1);
        assert!(ended.pauses[0].0.contains("bucket models") && ended.pauses[0].0.contains(code));
        ended.done();
        assert_eq!(own(&account.policy(BUCKET).unwrap()).len(), 4);

        let account = Account::new();
        let untouched = account.policies();
        account.state().failing =
            Some(Fault { at: 8, code, message: "arranged by the test", takes_place: false, lasts: true });
        let ended = create(&account, json!({})).await;
        assert!(ended.pauses.iter().map(|(_, again_in)| again_in.as_secs()).sum::<u64>() <= 60);
        let reason = ended.failure().to_string();
        assert!(reason.contains(code) && reason.contains("put back as before: "), "{reason}");
        // Without a definite answer the key is put back too, and that fails like the write before it.
        let unsure = code == "InternalError";
        assert_eq!(reason.contains("could not be put back"), unsure, "{reason}");
        assert_eq!(account.policies(), untouched);
    }
}

#[tokio::test]
async fn what_cannot_be_put_back_is_said_and_taken_away_by_the_delete() {
    let account = Account::new();
    account.has(BUCKET, Some(THEIRS));
    account.state().failing = Some(Fault { at: 6, code: "InternalError", message: "", takes_place: true, lasts: true });
    let failure = create(&account, json!({})).await.failure();
    let reason = failure.to_string();
    assert!(reason.contains("bucket models could not be put back and holds the new policy: "), "{reason}");
    assert!(failure.is_half_made(), "its Delete must come");
    assert_ne!(account.policy(BUCKET).as_deref(), Some(THEIRS));
}

#[tokio::test]
async fn somebody_who_keeps_changing_a_policy_does_not_lose_it() {
    let account = Account::new();
    create(&account, json!({})).await.done();
    account.calls();
    account.has(BUCKET, Some(THEIRS));
    account.state().interference = Some((5, BUCKET.into(), Box::new(|policy| policy.map(|text| format!("{text} ")))));
    update(&account, json!({}), Some(json!({}))).await.done();
    assert_eq!(others(account.policy(BUCKET).as_deref()), others(Some(&format!("{THEIRS} "))));
}

#[tokio::test]
async fn a_failure_while_something_is_made_reaches_the_delete() {
    let account = Account::new();
    create(&account, json!({})).await.done();
    account.calls();
    // The same Create once more, as Lambda delivers it again after a run that was cut off.
    account.fails(2, "AccessDeniedException", "no");
    assert!(create(&account, json!({})).await.failure().is_half_made());
}

#[tokio::test]
async fn e00c_delete_is_content_with_what_is_gone_or_going() {
    let account = Account::new();
    create(&account, json!({})).await.done();
    account.state().policies.remove(BUCKET);
    account.state().policies.remove(GROUP);
    account.calls();
    account.fails(3, "KMSInvalidStateException", "key is pending deletion");
    delete(&account, Some(json!({}))).await.done();
    account.state().policies.remove(KEY);
    delete(&account, Some(json!({}))).await.done();
}

#[tokio::test]
async fn e00c_a_delete_takes_away_what_it_can_and_says_what_it_cannot() {
    let account = Account::new();
    create(&account, json!({})).await.done();
    account.calls();
    account.fails(4, "AccessDeniedException", "no");
    let ended = delete(&account, Some(json!({}))).await;
    assert!(ended.pauses.is_empty());
    let reason = ended.failure().to_string();
    assert!(reason.starts_with(&format!("key {KEY} keeps the statements of this stack: kms:PutKeyPolicy")), "{reason}");
    assert_eq!((account.policy(BUCKET), account.policy(GROUP)), (None, None));
    delete(&account, Some(json!({}))).await.done();
    assert_eq!(account.policy(KEY).as_deref(), Some(KEY_POLICY));
}

#[tokio::test]
async fn e00c_a_delete_that_is_denied_is_no_success() {
    let account = Account::new();
    create(&account, json!({})).await.done();
    account.calls();
    account.fails(1, "AccessDenied", "no identity-based policy allows the s3:GetBucketPolicy action");
    assert!(delete(&account, Some(json!({}))).await.failure().to_string().contains("bucket models"));
}

#[tokio::test]
async fn a_key_whose_policy_holds_nothing_else_keeps_it() {
    let account = Account::new();
    create(&account, json!({})).await.done();
    let lone = json!({"Version": "2012-10-17", "Statement": own(&account.policy(KEY).unwrap())}).to_string();
    account.has(KEY, Some(&lone));
    delete(&account, Some(json!({}))).await.done();
    assert_eq!(account.policy(KEY), Some(lone));
}

#[tokio::test]
async fn two_stacks_on_one_bucket_do_not_see_each_other() {
    let account = Account::new();
    let other =
        Scope::new(&format!("arn:aws:cloudformation:eu-west-1:{HUB}:stack/environment/ffffffff"), "Access").unwrap();
    create(&account, json!({})).await.done();
    let made = account.policies();
    create_in(&other, &account, json!({"Accounts": ["444444444444"]})).await.done();
    assert_eq!(own(&account.policy(BUCKET).unwrap()).len(), 8);
    delete_in(&other, &account, Some(json!({"Accounts": ["444444444444"]}))).await.done();
    assert_eq!(account.policies(), made);
    assert_ne!(scope(), other);
}

/// Cut off at each call, before and after its effect, and delivered again: the same end as undisturbed.
#[tokio::test]
async fn redelivery_after_a_cut_at_any_call_converges() {
    let next = json!({"BucketName": "more-models", "KeyArns": [], "Accounts": ["444444444444"]});
    for request_type in ["Create", "Update", "Delete"] {
        let setting = async || {
            let account = Account::new();
            account.has("more-models", Some(THEIRS));
            if request_type != "Create" {
                create(&account, json!({})).await.done();
            }
            account.calls();
            account
        };
        let deliver = async |account: &Account| match request_type {
            "Create" => create(account, json!({})).await,
            "Update" => update(account, next.clone(), Some(json!({}))).await,
            _ => delete(account, Some(json!({}))).await,
        };
        let undisturbed = setting().await;
        deliver(&undisturbed).await.done();
        let calls = undisturbed.calls().len();
        assert!(calls >= 6, "{calls}");
        for takes_place in [false, true] {
            for at in 1..=calls {
                let account = setting().await;
                // A definite refusal, so that nothing is tried again in this delivery.
                account.state().failing = Some(Fault { at, code: "Cut", message: "", takes_place, lasts: false });
                assert!(deliver(&account).await.result.is_err(), "{request_type} cut at call {at}");
                deliver(&account).await.done();
                assert_eq!(account.policies(), undisturbed.policies(), "{request_type} cut at call {at}");
            }
        }
    }
}
