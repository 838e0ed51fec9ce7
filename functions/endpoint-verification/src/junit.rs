use crate::results::{Check, EndpointResults, Invocation, Outcome, Results};
use quick_junit::{NonSuccessKind, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};
use std::time::Duration;

/// The same as JUnit has it: a suite is an endpoint, a case is a check. quick-junit counts, escapes, and leaves out what XML
/// cannot hold.
pub(crate) fn junit(results: &Results<'_>) -> Result<String, SerializeError> {
    let mut report = Report::new(format!("{} {} {}", results.endpoint, results.stage, results.wave));
    report.add_test_suites(results.endpoints.iter().map(|endpoint| suite(endpoint, results.endpoint)));
    report.to_string()
}

fn suite(endpoint: &EndpointResults, name: &str) -> TestSuite {
    let mut suite = TestSuite::new(format!("{} {}", endpoint.account, endpoint.region));
    let latencies = endpoint.invocations.iter().map(|Invocation { latency_ms, .. }| *latency_ms);
    suite.set_time(Duration::from_millis(latencies.sum()));
    suite.add_test_cases(endpoint.checks.iter().map(|check| {
        let mut case = TestCase::new(check.name.as_str(), status(check));
        case.set_classname(name);
        case
    }));
    suite
}

fn status(check: &Check) -> TestCaseStatus {
    let mut status = match check.outcome {
        Outcome::Passed => return TestCaseStatus::success(),
        Outcome::Failed => TestCaseStatus::non_success(NonSuccessKind::Failure),
        Outcome::Waiting | Outcome::Skipped => TestCaseStatus::skipped(),
    };
    status.set_message(format!("expected {}, found {}", check.expected, check.found));
    status
}
