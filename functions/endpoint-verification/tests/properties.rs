//! Whatever is found, JSON and JUnit say the same of it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failed assumption of a test is a failed test")]

mod world;

use proptest::prelude::*;
use quick_junit::{Report, TestCaseStatus};
use serde_json::Value;
use world::{ACCOUNTS, World, plan, registration, task};

/// Any text that a service could put into a message: XML's own characters, what XML cannot hold, and others.
fn hostile() -> impl Strategy<Value = String> {
    proptest::string::string_regex("[<>&\"'\\]a-z\u{0}-\u{1f}\u{7f}\u{fffe}\u{1f600} ]{0,24}").unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn json_and_junit_agree(
        texts in proptest::collection::vec(hostile(), 4),
        statuses in proptest::collection::vec(0_usize..4, 3),
        watch: bool,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let plan = plan(&registration());
        let world = World::of(&plan);
        for (account, status) in ACCOUNTS.iter().zip(&statuses) {
            world.change(account, |it| {
                it.endpoint.status = ["InService", "Failed", "InService", "InService"][*status].into();
                it.endpoint.failure_reason = Some(texts[0].clone());
                if *status == 2 {
                    it.endpoint.config_name.clone_from(&texts[1]);
                    it.config.variants[0].name.clone_from(&texts[2]);
                    it.alarms = vec![format!("{}-{}", plan.endpoint_name, texts[3])];
                }
                it.content_type.clone_from(&texts[3]);
            });
        }
        let task = task(if watch { "watch" } else { "verify" }, &plan);
        let (answer, json, xml) = runtime.block_on(world.results(&task));
        let report = Report::deserialize_from_str(&xml).unwrap();
        let count = |name: &str| usize::try_from(json["summary"][name].as_u64().unwrap()).unwrap();
        prop_assert_eq!((report.tests, report.failures, report.errors), (count("tests"), count("failures"), 0));
        prop_assert_eq!(answer["status"] == "failed", count("failures") > 0);
        let mut skipped = 0;
        let endpoints = json["endpoints"].as_array().unwrap();
        prop_assert_eq!(report.test_suites.len(), endpoints.len());
        for (suite, endpoint) in report.test_suites.iter().zip(endpoints) {
            let name = format!("{} {}", endpoint["account"].as_str().unwrap(), endpoint["region"].as_str().unwrap());
            prop_assert_eq!(suite.name.as_str(), name);
            let outcomes: Vec<_> = suite.test_cases.iter().map(|case| match &case.status {
                TestCaseStatus::Success { .. } => "passed",
                TestCaseStatus::NonSuccess { .. } => "failed",
                TestCaseStatus::Skipped { .. } => "skipped",
            }).collect();
            let checks: Vec<_> = endpoint["checks"].as_array().unwrap().iter().map(|check: &Value| check["outcome"].as_str().unwrap()).collect();
            skipped += outcomes.iter().filter(|outcome| **outcome == "skipped").count();
            prop_assert_eq!(outcomes, checks);
        }
        prop_assert_eq!(skipped, count("skipped"));
    }
}
