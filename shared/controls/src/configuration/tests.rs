use super::*;
use crate::control;

const ARN: &str = "arn:aws:sagemaker:eu-central-1:111111111111:notebook-instance/lab-7";

fn faults(document: &str) -> Vec<String> {
    Configuration::from_json(document).unwrap_err().faults.iter().map(ToString::to_string).collect()
}

fn root_access() -> &'static Control {
    control("notebook-no-root-access").unwrap()
}

#[test]
fn an_empty_document_turns_every_control_on_and_every_correction_off() {
    let configuration = Configuration::from_json("{}").unwrap();
    assert_eq!(configuration.parameters, Parameters::default());
    let account = "111111111111".parse().unwrap();
    for control in crate::CONTROLS {
        assert!(configuration.is_enabled(control));
        assert_eq!(configuration.correction(control, &account), None);
        assert!(configuration.exemption(control, ARN, Timestamp::UNIX_EPOCH).is_none());
    }
}

/// The one of [`Configuration`]'s documentation.
#[test]
fn the_documented_example_is_read() {
    let example: String = include_str!("../configuration.rs")
        .lines()
        .skip_while(|line| *line != "/// ```json")
        .skip(1)
        .take_while(|line| *line != "/// ```")
        .map(|line| line.trim_start_matches("///"))
        .collect();
    let configuration = Configuration::from_json(&example).unwrap();
    assert_eq!(configuration.parameters.idle_hours, IdleHours { apps: Some(8), notebooks: Some(24) });
    assert_eq!(configuration.parameters.hourly_prices.get("ml.t3.medium"), Some(&0.05));
    assert_eq!(configuration.disabled, ["image-tagged"]);
    assert!(!configuration.is_enabled(control("image-tagged").unwrap()));
    assert_eq!(configuration.corrective.cap, Cap { resources: 5, percent: 10 });
    let [stop, delete] = configuration.corrective.corrections.as_slice() else { panic!("{configuration:?}") };
    assert_eq!((stop.action, stop.mode, stop.grace_hours), (Action::Stop, CorrectionMode::Act, 24));
    assert_eq!((delete.action, delete.mode, delete.accounts.len()), (Action::Delete, CorrectionMode::DryRun, 0));
}

#[test]
fn every_fault_is_named_with_its_path() {
    let found = faults(
        r#"{
            "parameter": {},
            "parameters": {
                "notebookPlatforms": ["notebook-al2023-v1", " "], "subnets": ["vpc-1"], "maxPresignedSeconds": 60,
                "requiredTags": ["a", "b", "c", "d", "e", "f", "g"], "jobLookBackDays": 0, "idleHours": {"app": 8, "notebooks": 721},
                "hourlyPrices": {"t3.medium": 1, "ml.t3.medium": -1}
            },
            "disabled": ["image-tagged", "image-tagged", "no-such-control"],
            "exemptions": [
                {"control": "app-idle", "resource": "arn:aws:s3:::churn", "owner": " ", "expires": "2027-02-29"},
                {"control": "app-idle", "resource": "arn:*:sagemaker:*", "owner": "a", "reason": "b", "expires": "2027-03-31T12:00:00"}
            ],
            "corrective": {
                "corrections": [
                    {"control": "notebook-in-vpc", "action": "delete", "mode": "act"},
                    {"control": "notebook-in-vpc", "accounts": [], "action": "Stop", "mode": "on", "graceHours": -1},
                    {"accounts": ["11111"]}
                ],
                "cap": {"resources": 0, "percent": 101}
            }
        }"#,
    );
    assert_eq!(
        found,
        [
            r#"$.parameters.notebookPlatforms[1]: expected a name, found " ""#,
            r#"$.parameters.subnets[0]: expected a subnet's id, subnet-..., found "vpc-1""#,
            "$.parameters: requiredTags has more than 6 keys",
            "$.parameters.maxPresignedSeconds: expected a whole number from 1800 to 43200, found 60",
            "$.parameters.jobLookBackDays: expected a whole number from 1 to 90, found 0",
            "$.parameters.idleHours.notebooks: expected a whole number from 1 to 720, found 721",
            r#"$.parameters.idleHours.app: is not known; did you mean "apps"?"#,
            r#"$.parameters.hourlyPrices: "t3.medium" is not an instance type, ml.<family>.<size>"#,
            r#"$.parameters.hourlyPrices: the price of "ml.t3.medium" is -1, expected a number from 0"#,
            r#"$.disabled[1]: "image-tagged" is in the list more than once"#,
            r#"$.disabled[2]: expected the id of a control, found "no-such-control""#,
            r#"$.exemptions[0].resource: expected an ARN of SageMaker, in which * stands for any characters, found "arn:aws:s3:::churn""#,
            r#"$.exemptions[0].owner: expected who answers for it, found " ""#,
            r#"$.exemptions[0]: has no "reason", which is required"#,
            r#"$.exemptions[0].expires: expected the last day, YYYY-MM-DD, found "2027-02-29""#,
            r#"$.exemptions[1].resource: expected an ARN of SageMaker, in which * stands for any characters, found "arn:*:sagemaker:*""#,
            r#"$.exemptions[1].expires: expected the last day, YYYY-MM-DD, found "2027-03-31T12:00:00""#,
            "$.corrective.corrections[0].action: notebook-in-vpc has no action delete; it has notify, stop",
            "$.corrective.corrections[1].accounts: expected a list of at least one item, found []",
            "$.corrective.corrections[1].action: expected notify, stop, harden or delete",
            r#"$.corrective.corrections[1].mode: expected dryRun or act, found "on""#,
            "$.corrective.corrections[1].graceHours: expected a whole number from 0 to 720, found -1",
            r#"$.corrective.corrections[2]: has no "control", which is required"#,
            "$.corrective.corrections[2].accounts[0]: expected an account id of 12 digits, found \"11111\"",
            r#"$.corrective.corrections[2]: has no "action", which is required"#,
            r#"$.corrective.corrections[2]: has no "mode", which is required"#,
            "$.corrective.cap.resources: expected a whole number from 1 to 1000, found 0",
            "$.corrective.cap.percent: expected a whole number from 1 to 100, found 101",
            r#"$.parameter: is not known; did you mean "parameters"?"#,
        ]
    );
}

#[test]
fn what_is_no_object_is_refused() {
    for (document, problem) in [
        ("", "$: is not JSON: EOF while parsing a value at line 1 column 0"),
        ("null", "$: expected an object, found null"),
        ("[]", "$: expected an object, found []"),
        (r#"{"corrective": null}"#, "$.corrective: expected an object, found null"),
        (r#"{"exemptions": {}}"#, "$.exemptions: expected a list"),
        (
            r#"{"parameters": {"hourlyPrices": 1}}"#,
            "$.parameters.hourlyPrices: expected an object of prices by instance type",
        ),
    ] {
        assert_eq!(faults(document), [problem], "{document}");
    }
}

#[test]
fn one_error_lists_all_faults() {
    let error = Configuration::from_json(r#"{"a": 1, "b": 2}"#).unwrap_err().to_string();
    assert!(error.contains("2 fault(s)") && error.contains("\n- $.a: ") && error.contains("\n- $.b: "), "{error}");
}

#[test]
fn an_exemption_ends_with_its_last_day_in_utc() {
    let configuration = Configuration::from_json(
        r#"{"exemptions": [{
            "control": "notebook-no-root-access", "owner": "ml-platform@example.com", "reason": "drivers",
            "resource": "arn:aws:sagemaker:*:111111111111:notebook-instance/lab-*", "expires": "2027-03-31"
        }]}"#,
    )
    .unwrap();
    let exempt = |control, arn: &str, at: &str| configuration.exemption(control, arn, at.parse().unwrap()).is_some();
    assert!(exempt(root_access(), ARN, "2027-03-31T23:59:59.999Z"));
    assert!(!exempt(root_access(), ARN, "2027-04-01T00:00:00Z"));
    // Already April where the reader is, but not in UTC; and the other way round.
    assert!(exempt(root_access(), ARN, "2027-04-01T01:30:00+02:00"));
    assert!(!exempt(root_access(), ARN, "2027-03-31T20:00:00-05:00"));
    // Another control, account, name.
    let now = "2027-01-01T00:00:00Z";
    assert!(!exempt(control("notebook-imdsv2").unwrap(), ARN, now));
    assert!(!exempt(root_access(), &ARN.replace("1111", "2222"), now));
    assert!(!exempt(root_access(), &ARN.replace("lab", "prod"), now));
    assert!(!exempt(root_access(), &format!("x{ARN}"), now));
}

/// An expired one does not hide another that still holds.
#[test]
fn of_several_exemptions_one_that_holds_counts() {
    let one = |expires: &str, owner: &str| {
        format!(
            r#"{{"control": "notebook-no-root-access", "resource": "{ARN}", "owner": "{owner}", "reason": "r", "expires": "{expires}"}}"#
        )
    };
    let document = format!(r#"{{"exemptions": [{}, {}]}}"#, one("2026-01-01", "a"), one("2028-01-01", "b"));
    let configuration = Configuration::from_json(&document).unwrap();
    let found = configuration.exemption(root_access(), ARN, "2027-01-01T00:00:00Z".parse().unwrap());
    assert_eq!(found.map(|exemption| exemption.owner.as_str()), Some("b"));
}

#[test]
fn the_first_correction_that_names_control_and_account_counts() {
    let configuration = Configuration::from_json(
        r#"{"corrective": {"corrections": [
            {"control": "notebook-no-root-access", "accounts": ["222222222222"], "action": "notify", "mode": "act"},
            {"control": "notebook-in-vpc", "action": "stop", "mode": "act"},
            {"control": "notebook-no-root-access", "action": "harden", "mode": "dryRun", "graceHours": 0},
            {"control": "notebook-no-root-access", "accounts": ["333333333333"], "action": "stop", "mode": "act"}
        ]}}"#,
    )
    .unwrap();
    let action = |account: &str| {
        configuration
            .correction(root_access(), &account.parse().unwrap())
            .map(|found| (found.action, found.grace_hours))
    };
    assert_eq!(action("222222222222"), Some((Action::Notify, 24)));
    assert_eq!(action("111111111111"), Some((Action::Harden, 0)));
    assert_eq!(action("333333333333"), Some((Action::Harden, 0)));
    assert_eq!(configuration.correction(control("app-idle").unwrap(), &"111111111111".parse().unwrap()), None);
}
