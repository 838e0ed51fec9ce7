//! What of a document stays as it is, what a rewrite by a service means, and who a role trusts.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, where it is set up too")]

use std::collections::BTreeSet;

use policy_document::{Effect, Error, PolicyDocument, Principal, Statement};
use proptest::prelude::*;
use serde_json::{Value, json};

fn document(text: &str) -> PolicyDocument {
    text.parse().unwrap()
}

fn statement(value: &Value) -> Statement {
    Statement::new(value).unwrap()
}

fn is_own(sid: Option<&str>) -> bool {
    sid.is_some_and(|sid| sid.starts_with("Own"))
}

#[test]
fn a_document_that_was_empty_has_what_was_put_in() {
    let mut made = PolicyDocument::empty();
    assert!(made.is_empty());
    assert!(made.replace(is_own, vec![statement(&json!({"Sid": "OwnA", "Effect": "Allow"}))]));
    let text = r#"{"Version":"2012-10-17","Statement":[{"Sid":"OwnA","Effect":"Allow"}]}"#;
    assert_eq!((made.to_string().as_str(), made.version(), made.size()), (text, Some("2012-10-17"), text.len()));
    assert!(made.replace(is_own, Vec::new()));
    assert_eq!(made, PolicyDocument::empty());
}

#[test]
fn positions_and_unknown_elements_stay() {
    let mut policy = document(
        "{ \"Statement\" : [\n  {\"Sid\":\"OwnB\",\"Effect\":\"Allow\"} ,\n\t{\"NotAction\": \"x:*\"},{\"Sid\":\"OwnC\"}, {\"Sid\":\"OwnB\"}\n ]\n, \"Future\": [1.0, {}] }\n",
    );
    let new = vec![statement(&json!({"Sid": "OwnA"})), statement(&json!({"Sid": "OwnB", "Effect": "Deny"}))];
    assert!(policy.replace(is_own, new.clone()));
    let after = "{ \"Statement\" : [\n  {\"Sid\":\"OwnB\",\"Effect\":\"Deny\"} ,\n\t{\"NotAction\": \"x:*\"},{\"Sid\":\"OwnA\"}]\n, \"Future\": [1.0, {}] }\n";
    assert_eq!(policy.to_string(), after);
    assert!(!policy.replace(is_own, new), "the second time changes nothing");
    assert_eq!((policy.to_string().as_str(), policy.size()), (after, after.len()));
}

#[test]
fn a_lone_statement_becomes_a_list_when_one_is_added() {
    let mut policy = document(r#"{"Statement": {"Effect": "Deny"} }"#);
    assert_eq!(policy.statements().len(), 1);
    assert!(policy.replace(is_own, vec![statement(&json!({"Sid": "OwnA"}))]));
    assert_eq!(policy.to_string(), r#"{"Statement": [{"Effect": "Deny"},{"Sid":"OwnA"}] }"#);
    assert!(policy.replace(is_own, Vec::new()));
    assert_eq!(policy.to_string(), r#"{"Statement": [{"Effect": "Deny"}] }"#);
    let mut own = document(r#"{"Statement":{"Sid":"OwnA"}}"#);
    assert!(own.replace(is_own, vec![statement(&json!({"Sid": "OwnA", "Effect": "Deny"}))]));
    assert_eq!(own.to_string(), r#"{"Statement":{"Sid":"OwnA","Effect":"Deny"}}"#);
    assert!(own.replace(is_own, Vec::new()));
    assert_eq!((own.to_string().as_str(), own.is_empty()), (r#"{"Statement":[]}"#, true));
}

#[test]
fn what_is_no_policy_is_refused() {
    for (text, expected) in [
        ("", "the policy document is not a JSON object: EOF while parsing a value at line 1 column 0"),
        (
            "[]",
            "the policy document is not a JSON object: invalid type: sequence, expected a policy document at line 1 column 0",
        ),
        (r#"{"Version":"2012-10-17"}"#, "the policy document has no Statement"),
        (r#"{"Statement":[],"Statement":[]}"#, "the policy document has the element Statement more than once"),
        (r#"{"Statement":"Allow"}"#, "Statement is neither a statement nor a list of statements"),
        (r#"{"Statement":[{},["a"]]}"#, "statement 1 is not a JSON object"),
    ] {
        assert_eq!(text.parse::<PolicyDocument>().unwrap_err().to_string(), expected, "{text}");
    }
    assert!(matches!(Statement::new(&"Allow"), Err(Error::NotAStatement { index: 0 })));
}

#[test]
fn a_rewrite_by_a_service_is_no_change() {
    let own = statement(&json!({
        "Sid": "OwnA", "Effect": "Allow", "Principal": "*", "Action": ["s3:GetObject"], "Resource": ["b", "a"],
        "Condition": {"Bool": {"aws:ViaAWSService": false}, "StringEquals": {"aws:PrincipalAccount": ["1", "2", "2"]}},
    }));
    let same = statement(&json!({
        "Effect": "Allow", "Action": "s3:GetObject", "Principal": {"AWS": ["*"]}, "Resource": ["a", "b"], "Sid": "OwnA",
        "Condition": {"StringEquals": {"aws:PrincipalAccount": ["2", "1"]}, "Bool": {"aws:ViaAWSService": ["false"]}},
    }));
    assert!(own.means_the_same(&same) && own != same);
    let account = |principal| statement(&json!({"Principal": {"AWS": principal}}));
    assert!(account(json!("111122223333")).means_the_same(&account(json!(["arn:aws-cn:iam::111122223333:root"]))));
    for (a, b) in [
        (json!({"Action": ["a", "b"]}), json!({"Action": ["a"]})),
        (json!({"Action": "a"}), json!({"NotAction": "a"})),
        (json!({"Action": []}), json!({})),
        (json!({"Effect": "Allow"}), json!({"Effect": "Deny"})),
        (json!({"Principal": {"AWS": "*"}}), json!({"Principal": {"Service": "*"}})),
        (
            json!({"Principal": {"AWS": "111122223333"}}),
            json!({"Principal": {"AWS": "arn:aws:iam::111122223334:root"}}),
        ),
        (json!({"Condition": {"StringEquals": {"k": "v"}}}), json!({"Condition": {"StringEquals": {"k": "V"}}})),
        (json!({"Condition": {"StringEquals": {"k": "v"}}}), json!({"Condition": {"StringLike": {"k": "v"}}})),
    ] {
        assert!(!statement(&a).means_the_same(&statement(&b)), "{a} {b}");
    }
}

#[test]
fn elements_are_read_in_every_spelling() {
    let read = statement(&json!({
        "Effect": "Deny", "Action": ["a:B", 1],
        "Principal": {"AWS": ["*", "arn:aws:iam::111122223333:role/x"], "Service": "s.amazonaws.com", "CanonicalUser": "c"},
    }));
    assert_eq!((read.sid(), read.effect()), (None, Some(Effect::Deny)));
    assert_eq!(read.actions().collect::<Vec<_>>(), ["a:B"]);
    assert_eq!(
        read.principals(),
        [
            Principal::Everyone,
            Principal::Aws("arn:aws:iam::111122223333:role/x"),
            Principal::Service("s.amazonaws.com"),
            Principal::Other("CanonicalUser", "c"),
        ]
    );
    assert_eq!(statement(&json!({"Principal": "*"})).principals(), [Principal::Everyone]);
    assert!(statement(&json!({"NotPrincipal": "*", "Effect": "allow"})).principals().is_empty());
    assert_eq!(statement(&json!({"Effect": "allow"})).effect(), None);
}

#[test]
fn actions_match_as_iam_matches_them() {
    let rows = [
        (json!({"Action": "sts:AssumeRole"}), true),
        (json!({"Action": ["sts:TagSession", "STS:assumerole"]}), true),
        (json!({"Action": "*"}), true),
        (json!({"Action": "sts:*Role"}), true),
        (json!({"Action": "sts:Assume?ole"}), true),
        (json!({"Action": "sts:AssumeRole?"}), false),
        (json!({"Action": "sts:AssumeRoleWithSAML"}), false),
        (json!({"Action": "s3:*"}), false),
        (json!({"Action": ""}), false),
        (json!({"NotAction": "s3:*"}), true),
        (json!({"NotAction": ["s3:*", "sts:*"]}), false),
        (json!({}), false),
    ];
    for (given, expected) in rows {
        assert_eq!(statement(&given).matches_action("sts:AssumeRole"), expected, "{given}");
    }
}

#[test]
fn a_trust_policy_names_its_services() {
    let policy = document(
        &json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "sts:AssumeRole",
             "Principal": {"Service": ["sagemaker.amazonaws.com", "events.amazonaws.com"]},
             "Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"}}},
            {"Effect": "Allow", "Action": ["sts:*"], "Principal": {"Service": "lambda.amazonaws.com", "AWS": "111122223333"}},
            {"Effect": "Allow", "Action": "sts:TagSession", "Principal": {"Service": "codebuild.amazonaws.com"}},
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": "*"},
            {"Effect": "Deny", "Action": "sts:AssumeRole", "Principal": {"Service": "events.amazonaws.com"}},
            {"Effect": "Deny", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"},
             "Condition": {"StringNotEquals": {"aws:SourceAccount": "111122223333"}}},
        ]})
        .to_string(),
    );
    assert_eq!(policy.trusted_services(), BTreeSet::from(["lambda.amazonaws.com", "sagemaker.amazonaws.com"]));
    assert!(PolicyDocument::empty().trusted_services().is_empty());
}

/// JSON with white space wherever it may stand, numbers in unusual spellings and escapes.
fn json_text() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![
        r#""[a-zA-Z*:,\[\]{} ]{0,8}""#.prop_map(String::from),
        Just(r#""\u0041\"\\ \u00e9ü""#.to_owned()),
        Just("1.0e+2".to_owned()),
        Just("-0".to_owned()),
        Just("true".to_owned()),
        Just("null".to_owned()),
    ];
    scalar.prop_recursive(3, 12, 3, |inner| {
        let space = "[ \n\t]{0,2}";
        prop_oneof![
            (prop::collection::vec(inner.clone(), 0..3), space)
                .prop_map(|(items, space)| format!("[{space}{}{space}]", items.join(&format!("{space},")))),
            (prop::collection::vec(("[a-z]{1,4}", inner), 0..3), space).prop_map(|(members, space)| {
                let members: Vec<String> =
                    members.iter().map(|(name, value)| format!("{space}\"{name}\"{space}:{space}{value}")).collect();
                format!("{{{}{space}}}", members.join(","))
            }),
        ]
    })
}

/// Statements of others and of one's own, as texts.
fn statement_text() -> impl Strategy<Value = String> {
    let sid = prop_oneof![
        Just(String::new()),
        "\"Sid\" : \"Own[A-C]\"".prop_map(String::from),
        "\"Sid\":\"Their[A-C]\" ".prop_map(String::from)
    ];
    (sid, json_text()).prop_map(|(sid, value)| {
        let comma = if sid.is_empty() { "" } else { "," };
        format!("{{{sid}{comma}\"Action\":{value}\n}}")
    })
}

fn document_text(statements: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let list = (prop::collection::vec(statements, 1..5), "[ \n]{0,2}", "[ \n]{0,2}")
        .prop_map(|(items, before, behind)| format!("[{before}{}{behind}]", items.join(&format!("{behind},{before}"))));
    (list, json_text(), json_text(), "[ \n]{0,2}").prop_map(|(list, first, last, space)| {
        format!("{space}{{\"Version\":\"2012-10-17\",{space}\"X\": {first},\"Statement\"{space}:{space}{list},\"Z\":{last}{space}}}{space}")
    })
}

fn new_statements() -> impl Strategy<Value = Vec<Statement>> {
    prop::collection::btree_map("Own[A-D]", "[a-c]{1,2}", 0..4).prop_map(|new| {
        new.into_iter().map(|(sid, action)| statement(&json!({"Sid": sid, "Action": [action]}))).collect()
    })
}

proptest! {
    #[test]
    fn parse_and_write_is_the_identity(text in document_text(statement_text())) {
        let parsed = document(&text);
        prop_assert_eq!(parsed.size(), text.len());
        prop_assert_eq!(parsed.to_string(), text);
    }

    #[test]
    fn replace_leaves_the_others_and_repeats_without_effect(text in document_text(statement_text()), new in new_statements()) {
        let before = document(&text);
        let mut after = before.clone();
        let changed = after.replace(is_own, new.clone());
        prop_assert_eq!(changed, after != before);
        let others = |document: &PolicyDocument| -> Vec<String> {
            document.statements().filter(|s| !is_own(s.sid())).map(|s| s.json().to_owned()).collect()
        };
        prop_assert_eq!(others(&after), others(&before));
        let own: Vec<&Statement> = after.statements().filter(|s| is_own(s.sid())).collect();
        prop_assert_eq!(own.len(), new.len());
        for wished in &new {
            prop_assert!(own.iter().any(|own| own.means_the_same(wished)));
        }
        // What a service holds is the text, and it parses to the same.
        let written = after.to_string();
        prop_assert_eq!(after.size(), written.len());
        let mut again = document(&written);
        prop_assert!(!again.replace(is_own, new));
        prop_assert_eq!(again.to_string(), written);
    }

    #[test]
    fn taking_away_gives_back_the_document(text in document_text(statement_text()), new in new_statements()) {
        let mut without = document(&text);
        without.replace(is_own, Vec::new());
        prop_assume!(!without.is_empty());
        let without = without.to_string();
        let mut with = document(&without);
        with.replace(is_own, new);
        let mut back = document(&with.to_string());
        back.replace(is_own, Vec::new());
        prop_assert_eq!(back.to_string(), without);
    }

    #[test]
    fn nothing_panics(text in r#"[\[\]{}",:a-zS ]{0,40}|\{"Statement":[\[\]{},"a ]{0,20}\}"#) {
        if let Ok(parsed) = text.parse::<PolicyDocument>() {
            prop_assert_eq!(parsed.to_string(), text);
        }
    }
}
