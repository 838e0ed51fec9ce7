//! What a registration says, and what is said about one that is wrong.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

use deployment::{CallAs, OperationPreferences, Permissions, Registration, Targets};
use proptest::prelude::*;
use serde_json::{Value, json};

fn valid() -> Value {
    json!({
        "stages": [
            {"name": "staging", "organizationalUnitIds": ["ou-ab12-staging1", "r-ab12"], "exclude": ["111111111111"]},
            {"name": "prod", "accountIds": ["222222222222"], "regions": ["eu-central-1", "eu-west-1"],
             "instance": {"type": "ml.m5.xlarge", "count": 2}, "operationPreferences": {"maxConcurrentPercentage": 50}}
        ],
        "instance": {"type": "ml.m5.large", "count": 1},
        "modelExecutionRoleName": "SageMakerModelExecutionRole",
        "stackSet": {"permissionModel": "SELF_MANAGED", "executionRoleName": "StackSetExecution",
            "administrationRoleArn": "arn:aws:iam::111111111111:role/StackSetAdministration"}
    })
}

fn faults(document: &Value) -> Vec<String> {
    let error = document.to_string().parse::<Registration>().unwrap_err();
    error.faults.iter().map(ToString::to_string).collect()
}

#[test]
fn a_whole_document() {
    let registration: Registration = valid().to_string().parse().unwrap();
    let [staging, prod] = registration.stages.as_slice() else { panic!("{registration:?}") };
    assert!(matches!(&staging.targets, Targets::OrganizationalUnits(units) if units.len() == 2));
    assert_eq!((staging.instance.instance_type.as_str(), staging.instance.count), ("ml.m5.large", 1));
    assert_eq!(staging.operation_preferences, OperationPreferences::default());
    assert!(staging.regions.is_empty() && staging.exclude.len() == 1);
    assert!(matches!(&prod.targets, Targets::Accounts(accounts) if accounts.len() == 1));
    assert_eq!((prod.instance.instance_type.as_str(), prod.instance.count), ("ml.m5.xlarge", 2));
    assert_eq!(prod.operation_preferences.max_concurrent_percentage, 50);
    assert!(
        matches!(&registration.permissions, Permissions::SelfManaged { execution_role_name, .. } if execution_role_name == "StackSetExecution")
    );
}

#[test]
fn service_managed_stack_sets() {
    let mut document = valid();
    document["stackSet"] = json!({"permissionModel": "SERVICE_MANAGED"});
    let registration: Registration = document.to_string().parse().unwrap();
    assert_eq!(registration.permissions, Permissions::ServiceManaged { call_as: CallAs::Itself });
    document["stackSet"]["callAs"] = json!("DELEGATED_ADMIN");
    let registration: Registration = document.to_string().parse().unwrap();
    assert_eq!(registration.permissions, Permissions::ServiceManaged { call_as: CallAs::DelegatedAdmin });
}

#[test]
fn every_fault_at_once() {
    let document = json!({
        "stages": [
            {"name": "Staging", "organizationalUnitIds": ["ou-1", "ou-ab12-staging1", "ou-ab12-staging1"], "excludes": []},
            {"name": "prod", "accountIds": [], "regions": "eu-west-1", "instance": {"type": "m5.large", "count": 0}},
            {"name": "both", "accountIds": ["222222222222"], "organizationalUnitIds": ["r-ab12"]},
            {"accountIds": [222222222222u64], "operationPreferences": {"maxConcurrentPercentage": 101}},
            "x"
        ],
        "instance": {"type": "ml.m5.large"},
        "modelExecutionRoleName": "path/Role",
        "stackset": {}
    });
    assert_eq!(
        faults(&document),
        [
            r#"$.instance: has no "count", which is required"#,
            r#"$.stages[0].name: expected a stage name of 1 to 20 lower-case letters, digits and inner hyphens that begins with a letter, found "Staging""#,
            r#"$.stages[0].organizationalUnitIds[0]: expected an organizational unit id such as ou-ab12-cdef3456 or a root id such as r-ab12, found "ou-1""#,
            r#"$.stages[0].organizationalUnitIds[2]: "ou-ab12-staging1" is in the list more than once"#,
            r#"$.stages[0].excludes: is not known; did you mean "exclude"?"#,
            "$.stages[1].accountIds: expected a list of at least one item, found []",
            r#"$.stages[1].regions: expected a list, found "eu-west-1""#,
            r#"$.stages[1].instance.type: expected an instance type such as ml.m5.large, found "m5.large""#,
            "$.stages[1].instance.count: expected a whole number from 1 to 1000, found 0",
            r#"$.stages[2]: has both "organizationalUnitIds" and "accountIds"; expected one of them"#,
            r#"$.stages[3]: has no "name", which is required"#,
            "$.stages[3].accountIds[0]: expected a string, found 222222222222",
            "$.stages[3].operationPreferences.maxConcurrentPercentage: expected a whole number from 1 to 100, found 101",
            r#"$.stages[4]: expected an object, found "x""#,
            r#"$.modelExecutionRoleName: expected a role name of 1 to 64 characters, without a path, found "path/Role""#,
            r#"$: has no "stackSet", which is required"#,
            r#"$.stackset: is not known; did you mean "stackSet"?"#,
        ]
    );
}

#[test]
fn one_fault_is_named_where_it_is() {
    let cases: [(&str, Value, &str); 8] = [
        ("/stages", json!([]), "$.stages: expected a list of at least one item, found []"),
        ("/stages/1/name", json!("staging"), r#"$.stages[1].name: is the name of an earlier stage: "staging""#),
        (
            "/stages/1/accountIds/0",
            json!("22222222222"),
            r#"$.stages[1].accountIds[0]: expected an account id of 12 digits, found "22222222222""#,
        ),
        (
            "/stackSet/permissionModel",
            json!("NONE"),
            r#"$.stackSet.permissionModel: expected SELF_MANAGED or SERVICE_MANAGED, found "NONE""#,
        ),
        ("/stackSet/administrationRoleArn", json!("role"), "$.stackSet.administrationRoleArn: expected "),
        ("/instance/count", json!(1.5), "$.instance.count: expected a whole number from 1 to 1000, found 1.5"),
        ("/stages/0/exclude", json!({}), "$.stages[0].exclude: expected a list, found {}"),
        ("/modelExecutionRoleName", Value::Null, "$.modelExecutionRoleName: expected a string, found null"),
    ];
    for (pointer, value, expected) in cases {
        let mut document = valid();
        *document.pointer_mut(pointer).unwrap() = value;
        let faults = faults(&document);
        assert!(matches!(faults.as_slice(), [fault] if fault.starts_with(expected)), "{pointer}: {faults:?}");
    }
}

#[test]
fn the_message_counts_and_lists() {
    let error = "{".parse::<Registration>().unwrap_err().to_string();
    assert!(error.starts_with("1 fault in the registration: $: is not JSON: "), "{error}");
    let error = r#"{"stages": 1}"#.parse::<Registration>().unwrap_err().to_string();
    assert!(error.starts_with("3 faults in the registration: $.stages: expected"), "{error}");
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map("[a-zA-Z]{0,8}", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    /// Whatever replaces whichever part, the answer is a registration or at least one fault, and never a panic.
    #[test]
    fn any_part_may_be_anything(replacement in any_json(), part in 0usize..12) {
        let pointers = ["", "/stages", "/stages/0", "/stages/0/name", "/stages/0/organizationalUnitIds", "/stages/0/exclude",
            "/stages/1/regions", "/stages/1/instance", "/instance", "/modelExecutionRoleName", "/stackSet", "/stackSet/executionRoleName"];
        let mut document = valid();
        *document.pointer_mut(pointers[part]).unwrap() = replacement;
        if let Err(error) = document.to_string().parse::<Registration>() {
            prop_assert!(!error.faults.is_empty());
        }
    }
}
