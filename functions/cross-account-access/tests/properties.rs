//! What the template may say, and what it is told when it says something else.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, where it is set up too")]

use cross_account_access::{KeyArn, OrganizationPath, PrincipalPattern, Properties};
use custom_resource::read_properties;
use proptest::prelude::*;
use serde_json::{Value, json};

#[test]
fn faults_come_all_at_once() {
    let rows: [(Value, &[&str]); 4] = [
        (
            json!({}),
            &[
                "BucketName is missing, expected a bucket's name of 3 to 63 lower-case letters, digits, dots and hyphens",
                "RoleName is missing, expected a role's name of 1 to 64",
                "Accounts and OrganizationPaths are both empty, expected one of the two",
            ],
        ),
        (
            json!({"BucketName": "Models", "KeyArns": ["alias/models"], "ModelPackageGroupNames": ["-churn"],
                "Accounts": ["1234"], "OrganizationPaths": ["ou-ab12-11111111"], "RoleName": "a/b",
                "ExecutionRoleName": "stacksets-exec-*",
                "BreakGlassPrincipalArns": ["arn:aws:iam::111111111111:role/*"]}),
            &[
                "BucketName is \"Models\"",
                "KeyArns[0] is \"alias/models\", expected a key's ARN such as arn:aws:kms:",
                "(not an alias)",
                "ModelPackageGroupNames[0] is \"-churn\"",
                "Accounts[0] is \"1234\", expected an account id of 12 digits",
                "OrganizationPaths[0] is \"ou-ab12-11111111\", expected a path such as o-a1b2c3d4e5/r-ab12/",
                "RoleName is \"a/b\"",
                "ExecutionRoleName is \"stacksets-exec-*\", expected a role's name of 1 to 64 letters",
                "BreakGlassPrincipalArns[0] is \"arn:aws:iam::111111111111:role/*\"",
                "not for all of it",
            ],
        ),
        (
            json!({"BucketName": "models", "RoleName": "r", "Accounts": ["222222222222"],
                "OrganizationPaths": ["o-a1b2c3d4e5/r-ab12/"]}),
            &["Accounts and OrganizationPaths are both given, expected one of the two"],
        ),
        (
            json!({"BucketName": "models", "RoleName": "r", "AccountIds": ["222222222222"], "Account": "x",
                "KeyArns": ["arn:aws:kms:eu-west-1:111111111111:key/1", "arn:aws:kms:eu-west-1:111111111111:key/1"],
                "OrganizationPaths": ["o-a1b2c3d4e5/r-ab12/", "o-a1b2c3d4e5/r-ab12/*"]}),
            &[
                "KeyArns holds arn:aws:kms:eu-west-1:111111111111:key/1 more than once",
                "OrganizationPaths holds o-a1b2c3d4e5/r-ab12/* more than once",
                "AccountIds is unknown, did you mean Accounts?",
                "Account is unknown, did you mean Accounts?",
            ],
        ),
    ];
    for (given, expected) in rows {
        let faults = read_properties::<Properties>(&given).err().unwrap().to_string();
        for part in expected {
            assert!(faults.contains(part), "{part}: {faults}");
        }
    }
}

#[test]
fn names_of_every_form() {
    for good in
        ["o-a1b2c3d4e5/r-ab12/", "o-a1b2c3d4e5/r-ab12/*", "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/ou-ab12-22222222/"]
    {
        let path: OrganizationPath = good.parse().unwrap();
        assert_eq!(path.as_str(), format!("{}*", good.trim_end_matches('*')));
        assert_eq!(path.organization(), "o-a1b2c3d4e5");
    }
    for bad in [
        "",
        "/",
        "*",
        "o-a1b2c3d4e5/",
        "o-a1b2c3d4e5/r-ab12",
        "o-a1b2c3d4e5/*",
        "o-short/r-ab12/",
        "o-a1b2c3d4e5/r-*/",
        "o-a1b2c3d4e5/r-ab12/ou-*",
        "o-a1b2c3d4e5/r-ab12//",
        // A unit of another root cannot lie below this one.
        "o-a1b2c3d4e5/r-ab12/ou-zz99-11111111/",
        "o-a1b2c3d4e5/r-ab12/ou-ab12-1111/",
        "o-A1B2C3D4E5/r-ab12/",
        "r-ab12/ou-ab12-11111111/",
    ] {
        assert!(bad.parse::<OrganizationPath>().is_err(), "{bad}");
    }
    for good in [
        "arn:aws:kms:eu-west-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        "arn:aws-us-gov:kms:us-gov-west-1:111111111111:key/mrk-1234abcd12ab34cd56ef1234567890ab",
    ] {
        assert_eq!(good.parse::<KeyArn>().unwrap().as_str(), good);
    }
    for bad in [
        "1234abcd-12ab-34cd-56ef-1234567890ab",
        "arn:aws:kms:eu-west-1:111111111111:alias/models",
        "arn:aws:kms:eu-west-1:1111:key/1",
        "arn:aws:kms::111111111111:key/1",
        "arn:aws:s3:eu-west-1:111111111111:key/1",
        "arn:aws:kms:eu-west-1:111111111111:key/*",
        "arn:azure:kms:eu-west-1:111111111111:key/1",
    ] {
        assert!(bad.parse::<KeyArn>().is_err(), "{bad}");
    }
    for good in [
        "arn:aws:iam::111111111111:role/break-glass",
        "arn:aws:iam::111111111111:user/security/*",
        "arn:aws-cn:iam::111111111111:role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_Admin_*",
    ] {
        assert_eq!(good.parse::<PrincipalPattern>().unwrap().as_str(), good);
    }
    for bad in [
        "break-glass",
        "arn:aws:iam::111111111111:role/*",
        "arn:aws:iam::111111111111:role/*/*",
        "arn:aws:iam::111111111111:user/?*",
        "arn:aws:iam::*:role/break-glass",
        "arn:aws:iam::111111111111:root",
        "arn:aws:iam::111111111111:group/admins",
        "arn:aws:sts::111111111111:assumed-role/break-glass/session",
        "arn:*:iam::111111111111:role/break-glass",
        "arn:aws:iam:eu-west-1:111111111111:role/break-glass",
    ] {
        assert!(bad.parse::<PrincipalPattern>().is_err(), "{bad}");
    }
}

#[test]
fn the_sample_events_are_accepted() {
    for event in [
        include_str!("../../../events/cross-account-access-create.json"),
        include_str!("../../../events/cross-account-access-update.json"),
        include_str!("../../../events/cross-account-access-delete.json"),
    ] {
        let event: Value = serde_json::from_str(event).unwrap();
        for properties in ["ResourceProperties", "OldResourceProperties"] {
            if let Some(properties) = event.get(properties) {
                let properties = read_properties::<Properties>(properties).unwrap();
                assert_eq!(properties.bucket.as_str(), "churn-dev-models");
            }
        }
        if let Some(id) = event.get("PhysicalResourceId") {
            assert_eq!(id, "cross-account-access/churn-dev/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0/CrossAccountAccess");
        }
    }
}

proptest! {
    #[test]
    fn documented_paths_are_read(root in "[0-9a-z]{4,32}", units in prop::collection::vec("[0-9a-z]{8,32}", 0..4)) {
        let units: String = units.iter().map(|unit| format!("ou-{root}-{unit}/")).collect();
        let path = format!("o-a1b2c3d4e5/r-{root}/{units}");
        prop_assert_eq!(path.parse::<OrganizationPath>().unwrap().to_string(), format!("{path}*"));
    }

    #[test]
    fn nothing_panics(text in "\\PC{0,40}|arn:aws:(iam|kms):\\PC{0,20}|o-[a-z0-9/*-]{0,40}") {
        let _ = (text.parse::<OrganizationPath>(), text.parse::<KeyArn>(), text.parse::<PrincipalPattern>());
    }
}
