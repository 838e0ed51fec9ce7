//! What a policy says of an access that is known as far as it can be beforehand.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking, where it is set up too")]

use policy_document::{Access, Decision, Fact, Facts, PolicyDocument};
use proptest::prelude::*;
use serde_json::{Value, json};

const ACCOUNT: &str = "222222222222";
const ROLE: &str = "arn:aws:iam::222222222222:role/model";
const OBJECT: &str = "arn:aws:s3:::models/churn/7/model.tar.gz";

fn facts() -> Facts {
    let endpoint = vec![vec![ACCOUNT.to_owned()], Vec::new()];
    Facts::default()
        .is("aws:PrincipalAccount", ACCOUNT)
        .is("aws:PrincipalArn", ROLE)
        .is("aws:SecureTransport", "true")
        .lacks("aws:SourceAccount")
        .with("aws:PrincipalTags", Fact::Is(vec!["a".to_owned(), "b".to_owned()]))
        .with("aws:VpceAccount", Fact::Usually(endpoint))
}

/// `allowed`, `allowed if <keys>`, each with `unless <keys>`; `denied by <index>`; `not allowed`.
fn decided(policy: &Value) -> String {
    let policy: PolicyDocument = policy.to_string().parse().unwrap();
    let facts = facts();
    let access = Access { role: ROLE, account: ACCOUNT, action: "s3:GetObject", resource: OBJECT, facts: &facts };
    let words = |word: &str, keys: &std::collections::BTreeSet<String>| {
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        if keys.is_empty() { String::new() } else { format!(" {word} {}", keys.join(" ")) }
    };
    match policy.decide(access) {
        Decision::Denied(by) => format!("denied by {}", by.index),
        Decision::NotAllowed => "not allowed".to_owned(),
        Decision::Allowed { by, unless } => {
            let unless: String = unless.iter().map(|doubt| words("unless", &doubt.keys)).collect();
            format!("allowed{}{unless}", words("if", &by.keys))
        }
    }
}

fn document(statements: &Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn allow(more: Value) -> Value {
    let mut statement = json!({"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"});
    let Value::Object(more) = more else { panic!("an object") };
    statement.as_object_mut().unwrap().extend(more);
    statement
}

#[test]
fn who_what_and_where() {
    let rows = [
        (json!({}), "allowed"),
        (json!({"Principal": {"AWS": "*"}}), "allowed"),
        (json!({"Principal": {"AWS": ROLE}}), "allowed"),
        (json!({"Principal": {"AWS": ["111111111111", ACCOUNT]}}), "allowed"),
        (json!({"Principal": {"AWS": "arn:aws:iam::222222222222:root"}}), "allowed"),
        (json!({"Principal": {"AWS": "arn:aws:iam::111111111111:root"}}), "not allowed"),
        (json!({"Principal": {"AWS": "arn:aws:iam::222222222222:role/model-2"}}), "not allowed"),
        (json!({"Principal": {"AWS": "AROAEXAMPLEEXAMPLE00"}}), "not allowed"),
        (json!({"Principal": {"Service": "sagemaker.amazonaws.com"}}), "not allowed"),
        (json!({"Action": ["s3:PutObject", "S3:get*"]}), "allowed"),
        (json!({"Action": "s3:GetObjectVersion"}), "not allowed"),
        (json!({"Resource": "arn:aws:s3:::models/*"}), "allowed"),
        (json!({"Resource": ["arn:aws:s3:::models", "arn:aws:s3:::other/*"]}), "not allowed"),
        (json!({"Resource": "arn:aws:s3:::models/churn/?/model.tar.gz"}), "allowed"),
        (json!({"Resource": "arn:aws:s3:::MODELS/*"}), "not allowed"),
        (json!({"Resource": "arn:aws:s3:::models/${aws:PrincipalTag/team}/*"}), "allowed if aws:PrincipalTag/team"),
        (json!({"Resource": "arn:aws:s3:::other/${aws:PrincipalTag/team}/*"}), "not allowed"),
        (json!({"Resource": ["arn:aws:s3:::models/${aws:PrincipalTag/team}/*", "arn:aws:s3:::models/*"]}), "allowed"),
    ];
    for (more, expected) in rows {
        assert_eq!(decided(&document(&json!([allow(more.clone())]))), expected, "{more}");
    }
    let lone = json!({"Effect": "Allow", "Principal": "*", "Action": "s3:*"});
    assert_eq!(decided(&document(&lone)), "allowed", "a repository's statement has no Resource");
    let others =
        json!({"Effect": "Allow", "Principal": "*", "NotAction": "s3:Put*", "NotResource": "arn:aws:s3:::other/*"});
    assert_eq!(decided(&document(&others)), "allowed");
    assert_eq!(decided(&document(&json!([]))), "not allowed");
}

#[test]
fn conditions() {
    let rows = [
        (json!({"StringEquals": {"aws:PrincipalAccount": ["111111111111", ACCOUNT]}}), "allowed"),
        (json!({"StringEquals": {"AWS:principalaccount": ACCOUNT}}), "allowed"),
        (json!({"StringEquals": {"aws:PrincipalAccount": "111111111111"}}), "not allowed"),
        (json!({"StringNotEquals": {"aws:PrincipalAccount": "111111111111"}}), "allowed"),
        (json!({"StringNotEquals": {"aws:PrincipalAccount": ["111111111111", ACCOUNT]}}), "not allowed"),
        (json!({"StringLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/mod?l"}}), "allowed"),
        (json!({"StringNotLike": {"aws:PrincipalArn": "arn:aws:iam::*"}}), "not allowed"),
        (json!({"StringEqualsIgnoreCase": {"aws:PrincipalArn": ROLE.to_uppercase()}}), "allowed"),
        (json!({"ArnLike": {"aws:PrincipalArn": "arn:*:iam::*:role/model"}}), "allowed"),
        (json!({"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::2*:role/*"}}), "allowed"),
        (json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:*:role/model"}}), "not allowed"),
        (json!({"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/admin"}}), "allowed"),
        (json!({"Bool": {"aws:SecureTransport": true}}), "allowed"),
        (json!({"Bool": {"aws:SecureTransport": "false"}}), "not allowed"),
        (json!({"StringEquals": {"aws:SourceAccount": ACCOUNT}}), "not allowed"),
        (json!({"StringEqualsIfExists": {"aws:SourceAccount": "1"}}), "allowed"),
        (json!({"StringNotEquals": {"aws:SourceAccount": "1"}}), "allowed"),
        (json!({"Null": {"aws:SourceAccount": "true", "aws:PrincipalArn": "false"}}), "allowed"),
        (json!({"Null": {"aws:SourceAccount": "false"}}), "not allowed"),
        (json!({"ForAnyValue:StringEquals": {"aws:PrincipalTags": ["b", "c"]}}), "allowed"),
        (json!({"ForAllValues:StringEquals": {"aws:PrincipalTags": ["b", "c"]}}), "not allowed"),
        (json!({"ForAllValues:StringLike": {"aws:PrincipalTags": "?", "aws:SourceAccount": "x"}}), "allowed"),
        (json!({"ForAnyValue:StringLike": {"aws:SourceAccount": "*"}}), "not allowed"),
        (json!({"StringEquals": {"aws:PrincipalAccount": "${aws:PrincipalAccount}"}}), "allowed"),
        (json!({"StringEquals": {"aws:PrincipalAccount": "${aws:SourceAccount, '222222222222'}"}}), "allowed"),
        (json!({"StringEquals": {"aws:PrincipalAccount": "${aws:userid}"}}), "allowed if aws:userid"),
        (json!({"StringEquals": {"aws:VpceAccount": "${aws:PrincipalAccount}"}}), "allowed"),
        (json!({"StringEquals": {"aws:VpceAccount": "999999999999"}}), "allowed if aws:VpceAccount"),
        (json!({"StringEquals": {"aws:PrincipalOrgID": "o-a", "aws:PrincipalAccount": "1"}}), "not allowed"),
        (
            json!({"StringEquals": {"aws:PrincipalOrgID": "o-a"}, "IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),
            "allowed if aws:PrincipalOrgID aws:SourceIp",
        ),
        (json!({"StringSoundsLike": {"aws:PrincipalAccount": "x"}}), "allowed if aws:PrincipalAccount"),
    ];
    for (condition, expected) in rows {
        let statement = allow(json!({ "Condition": condition }));
        assert_eq!(decided(&document(&json!([statement]))), expected, "{condition}");
    }
    let literal = json!({"StringEquals": {"aws:PrincipalAccount": "${aws:PrincipalAccount}"}});
    let old = json!({"Version": "2008-10-17", "Statement": [allow(json!({ "Condition": literal }))]});
    assert_eq!(decided(&old), "not allowed", "in the older version a variable is text");
}

#[test]
fn a_deny_counts_only_when_it_is_certain() {
    let rows = [
        (json!({}), "denied by 1"),
        (json!({"Principal": {"AWS": ACCOUNT}}), "denied by 1"),
        (json!({"Principal": {"AWS": "111111111111"}}), "allowed"),
        (json!({"Action": "s3:PutObject"}), "allowed"),
        (json!({"Condition": {"Bool": {"aws:SecureTransport": "false"}}}), "allowed"),
        (json!({"Condition": {"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}}), "denied by 1"),
        (
            json!({"Condition": {"StringNotEquals": {"aws:VpceAccount": "${aws:PrincipalAccount, 'none'}"},
                "ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::1:role/break-glass"}}}),
            "allowed",
        ),
        (
            json!({"Condition": {"StringNotEquals": {"aws:VpceAccount": "999999999999"}}}),
            "allowed unless aws:VpceAccount",
        ),
        (json!({"Condition": {"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}}), "allowed unless aws:SourceVpce"),
    ];
    for (more, expected) in rows {
        let mut deny = allow(more.clone());
        deny["Effect"] = json!("Deny");
        assert_eq!(decided(&document(&json!([allow(json!({})), deny]))), expected, "{more}");
    }
    for (spared, expected) in [
        (json!({"AWS": "arn:aws:iam::111111111111:root"}), "denied by 0"),
        (json!({"AWS": "arn:aws:iam::222222222222:root"}), "denied by 0"),
        (json!({"AWS": [ROLE, ACCOUNT]}), "allowed unless NotPrincipal"),
        (json!("*"), "allowed"),
    ] {
        let deny = json!({"Effect": "Deny", "NotPrincipal": spared, "Action": "s3:*", "Resource": "*"});
        assert_eq!(decided(&document(&json!([deny, allow(json!({}))]))), expected, "{spared}");
    }
}

#[test]
fn of_several_allows_the_one_that_depends_on_the_least_counts() {
    let on = |key: &str| allow(json!({"Condition": {"StringEquals": {key: "x"}}}));
    let policy = json!([
        allow(json!({"Condition": {"StringEquals": {"a:B": "x", "a:C": "x"}}})),
        on("a:D"),
        allow(json!({"Principal": {"AWS": "111111111111"}})),
    ]);
    assert_eq!(decided(&document(&policy)), "allowed if a:D");
}

proptest! {
    /// Statements about others change nothing, wherever they stand.
    #[test]
    fn other_accounts_statements_do_not_count(
        accounts in prop::collection::vec("[013-9]{12}", 0..6), deny in any::<bool>(), at in 0usize..7,
    ) {
        let mut statements: Vec<Value> = accounts.iter().map(|account| json!({
            "Effect": if deny { "Deny" } else { "Allow" }, "Principal": {"AWS": account}, "Action": "*", "Resource": "*",
        })).collect();
        prop_assert_eq!(decided(&document(&json!(statements))), "not allowed");
        statements.insert(at.min(statements.len()), allow(json!({})));
        prop_assert_eq!(decided(&document(&json!(statements))), "allowed");
    }

    /// Whatever stands in a policy, judging it ends.
    #[test]
    fn any_text_is_judged(pattern in "[a:/*?${}',]{0,24}", operator in "[A-Za-z:]{0,20}") {
        let condition = json!({operator: {"aws:PrincipalArn": pattern}});
        decided(&document(&json!([allow(json!({"Resource": pattern, "Condition": condition}))])));
    }
}
