//! What a registration says, and what is said about one that is wrong.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

use deployment::{CallAs, Canary, Draft, Permissions, Registration, Stage, StageApproval, Targets, Waves};
use proptest::prelude::*;
use serde_json::{Value, json};

fn endpoint(instance_type: &str, count: u32) -> Value {
    json!({"type": "realTime", "variants": [{"name": "AllTraffic", "instance": {"type": instance_type, "count": count}}]})
}

fn valid() -> Value {
    json!({
        "stages": [
            {"name": "staging", "organizationalUnitIds": ["ou-ab12-staging1", "r-ab12"], "exclude": ["111111111111"]},
            {"name": "prod", "accountIds": ["222222222222"], "regions": ["eu-central-1", "eu-west-1"],
             "endpoint": endpoint("ml.m5.xlarge", 2),
             "waves": {"canary": {"accountIds": ["222222222222"], "bakeSeconds": 900, "alarmNames": ["churn"]},
                       "rest": {"maxConcurrentPercentage": 50}},
             "approval": {"expiresAfterHours": 72}}
        ],
        "endpoint": endpoint("ml.m5.large", 1),
        "verification": {"payload": {"text": "1,2"}, "contentType": "text/csv"},
        "modelExecutionRoleName": "SageMakerModelExecutionRole",
        "stackSet": {"permissionModel": "SELF_MANAGED", "executionRoleName": "StackSetExecution",
            "administrationRoleArn": "arn:aws:iam::111111111111:role/StackSetAdministration"},
        "rollbackOnReject": true,
        "separationOfDuties": true
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
    let types = |stage: &Stage| stage.endpoint.instance_types().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!((types(staging), types(prod)), (vec!["ml.m5.large".to_owned()], vec!["ml.m5.xlarge".to_owned()]));
    assert_eq!((&staging.waves, staging.approval), (&Waves::default(), None));
    assert!(staging.regions.is_empty() && staging.exclude.len() == 1);
    assert!(matches!(&prod.targets, Targets::Accounts(accounts) if accounts.len() == 1));
    let (canary, settings) = prod.waves.canary.as_ref().unwrap();
    assert!(matches!(canary, Canary::AccountIds(accounts) if accounts.len() == 1));
    assert_eq!((settings.bake_seconds, settings.alarm_names.as_slice()), (900, ["churn".to_owned()].as_slice()));
    assert_eq!(prod.waves.rest.operation_preferences.max_concurrent_percentage, 50);
    assert_eq!(prod.approval, Some(StageApproval { expires_after_hours: 72 }));
    assert!(
        registration.rollback_on_reject && registration.separation_of_duties && registration.verification.is_some()
    );
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
            {"name": "prod", "accountIds": [], "regions": "eu-west-1",
             "waves": {"canary": {"accounts": 1, "accountIds": ["222222222222"]}, "rest": {"bakeSeconds": 86401}}},
            {"name": "both", "accountIds": ["222222222222"], "organizationalUnitIds": ["r-ab12"], "approval": {}},
            {"accountIds": [222222222222u64],
             "waves": {"canary": {}, "rest": {"maxConcurrentPercentage": 101, "alarmNames": ["", "a", "a"]}, "last": {}}},
            "x"
        ],
        "endpoint": endpoint("ml.m5.large", 1),
        "modelExecutionRoleName": "path/Role",
        "stackset": {},
        "rollbackOnReject": "true"
    });
    assert_eq!(
        faults(&document),
        [
            r#"$.stages[0].name: expected a stage name of 1 to 20 lower-case letters, digits and inner hyphens that begins with a letter, found "Staging""#,
            r#"$.stages[0].organizationalUnitIds[0]: expected an organizational unit id such as ou-ab12-cdef3456 or a root id such as r-ab12, found "ou-1""#,
            r#"$.stages[0].organizationalUnitIds[2]: "ou-ab12-staging1" is in the list more than once"#,
            r#"$.stages[0].excludes: is not known; did you mean "exclude"?"#,
            "$.stages[1].accountIds: expected a list of at least one item, found []",
            r#"$.stages[1].regions: expected a list, found "eu-west-1""#,
            r#"$.stages[1].waves.canary: has both "accounts" and "accountIds"; expected one of them"#,
            "$.stages[1].waves.rest.bakeSeconds: expected a whole number from 0 to 86400, found 86401",
            r#"$.stages[2]: has both "organizationalUnitIds" and "accountIds"; expected one of them"#,
            r#"$.stages[2].approval: has no "expiresAfterHours", which is required"#,
            r#"$.stages[3]: has no "name", which is required"#,
            "$.stages[3].accountIds[0]: expected a string, found 222222222222",
            r#"$.stages[3].waves.canary: has neither "accounts" nor "accountIds"; expected one of them"#,
            "$.stages[3].waves.rest.maxConcurrentPercentage: expected a whole number from 1 to 100, found 101",
            r#"$.stages[3].waves.rest.alarmNames[0]: expected an alarm's name of 1 to 255 characters, found """#,
            r#"$.stages[3].waves.rest.alarmNames[2]: "a" is in the list more than once"#,
            r#"$.stages[3].waves.last: is not known; did you mean "rest"?"#,
            r#"$.stages[4]: expected an object, found "x""#,
            r#"$.modelExecutionRoleName: expected a role name of 1 to 64 characters, without a path, found "path/Role""#,
            r#"$: has no "stackSet", which is required"#,
            r#"$.rollbackOnReject: expected true or false, found "true""#,
            r#"$.stackset: is not known; did you mean "stackSet"?"#,
        ]
    );
}

/// All alarms are looked for in one call before anything is touched, so there is one limit for all waves.
#[test]
fn alarms_are_counted_over_all_waves() {
    let mut document = valid();
    let names = |from: usize, to: usize| (from..to).map(|number| format!("alarm-{number}")).collect::<Vec<_>>();
    document["stages"][0]["waves"] = json!({"rest": {"alarmNames": names(0, 60)}});
    document["stages"][1]["waves"]["rest"]["alarmNames"] = json!(names(0, 99));
    document.to_string().parse::<Registration>().unwrap();
    document["stages"][1]["waves"]["rest"]["alarmNames"] = json!(names(1, 101));
    assert_eq!(faults(&document), ["$: names 102 alarms in all waves together, expected at most 100"]);
}

/// What can be read is there although other parts cannot: later checks look at it before the deployment is refused.
#[test]
fn a_draft_has_what_could_be_read() {
    let mut document = valid();
    document["stages"][0]["endpoint"] = json!({"type": "realTime", "variants": []});
    document["stages"][1]["name"] = json!(7);
    let draft = Draft::read(&document.to_string());
    assert_eq!(draft.faults.len(), 2, "{:?}", draft.faults);
    let [staging, prod] = draft.stages.as_slice() else { panic!("{draft:?}") };
    assert!(staging.name.is_some() && staging.targets.is_some() && staging.endpoint.is_none());
    assert!(prod.name.is_none() && prod.targets.is_some() && prod.endpoint.is_some());
    assert_eq!(prod.path, "$.stages[1]");
    assert_eq!(draft.clone().finish().unwrap_err().faults, draft.faults);
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
        ("/separationOfDuties", json!(1), "$.separationOfDuties: expected true or false, found 1"),
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
            "/stages/1/regions", "/stages/1/endpoint", "/stages/1/waves", "/modelExecutionRoleName", "/stackSet", "/stackSet/executionRoleName"];
        let mut document = valid();
        *document.pointer_mut(pointers[part]).unwrap() = replacement;
        if let Err(error) = document.to_string().parse::<Registration>() {
            prop_assert!(!error.faults.is_empty());
        }
    }
}
