//! The policies as files, so that a person can read them and a simulator of IAM can hold requests against them.
//!
//! After a wanted change: `RENDER_POLICIES=1 cargo nextest run -p cross-account-access rendered`.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking, where it is set up too")]

mod account;

use std::path::Path;

use account::{Account, BUCKET, EXECUTION_ROLE, GROUP, KEY, create, own, units};
use serde_json::{Value, json};

async fn compare(mode: &str, wanted: Value) {
    let account = Account::new();
    create(&account, wanted).await.done();
    for (name, place) in [("bucket", BUCKET), ("key", KEY), ("model-package-group", GROUP)] {
        let policy = json!({"Version": "2012-10-17", "Statement": own(&account.policy(place).unwrap())});
        let path = Path::new("tests/rendered").join(mode).join(format!("{name}.json"));
        let made = format!("{policy:#}\n");
        if std::env::var_os("RENDER_POLICIES").is_some() {
            std::fs::write(&path, &made).unwrap();
        }
        assert_eq!(made, std::fs::read_to_string(&path).unwrap(), "{}", path.display());
    }
}

#[tokio::test]
async fn rendered_with_accounts() {
    compare("accounts", json!({"ExecutionRoleName": EXECUTION_ROLE})).await;
}

#[tokio::test]
async fn rendered_with_units() {
    let mut wanted = units();
    wanted["ExecutionRoleName"] = EXECUTION_ROLE.into();
    compare("units", wanted).await;
}
