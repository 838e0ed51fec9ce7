use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::population::Population;
use super::records::{Judged, Records};
use super::sagemaker::SageMaker;
use crate::bench::canned::{self, Operations};
use crate::bench::scale::lock;
use crate::bench::services::Call;
use crate::bench::wire::{Answer, Refusal};

/// What a call may bring at most.
const MOST_EVENTS: usize = 10;
const MOST_FINDINGS: usize = 100;
/// Refusals that are answers like others: a configuration that nobody wrote, a job definition that a schedule names and that
/// is gone, what only an organization's management account may ask.
const EXPECTED: [&str; 3] = ["NoSuchKey", "ResourceNotFound", "AccessDeniedException"];

/// One account's services: SageMaker with a population, what a sweep keeps and tells, and of everything else what is canned.
pub(crate) struct World {
    account: String,
    region: String,
    sagemaker: SageMaker,
    canned: BTreeMap<String, Operations>,
    told: Mutex<Told>,
    seen: Mutex<Seen>,
}

/// What was kept and told.
#[derive(Default)]
struct Told {
    records: Records,
    /// The statuses of findings, by their ids.
    findings: BTreeMap<String, String>,
}

/// What the calls were like.
#[derive(Default)]
pub(crate) struct Seen {
    /// The first and the last call to SageMaker.
    sagemaker: Option<(Instant, Instant)>,
    /// What nobody should have asked.
    pub(crate) refused: BTreeSet<String>,
}

impl Seen {
    /// From the first call to SageMaker to the last.
    pub(crate) fn at_sagemaker(&self) -> Duration {
        self.sagemaker.map_or(Duration::ZERO, |(first, last)| last - first)
    }
}

impl World {
    pub(crate) fn new(population: Population, canned: BTreeMap<String, Operations>) -> Self {
        let (account, region) = (population.account.clone(), population.region.clone());
        let sagemaker = SageMaker::new(population);
        Self { account, region, sagemaker, canned, told: Mutex::default(), seen: Mutex::default() }
    }

    /// Keeps nothing of what was told before.
    pub(crate) fn forget(&self) {
        *lock(&self.told) = Told::default();
    }

    pub(crate) fn judged(&self) -> Judged {
        lock(&self.told).records.judged()
    }

    /// How many findings there are.
    pub(crate) fn findings(&self) -> usize {
        lock(&self.told).findings.len()
    }

    /// What the calls were like since this was last asked.
    pub(crate) fn take_seen(&self) -> Seen {
        std::mem::take(&mut *lock(&self.seen))
    }

    pub(crate) fn answer(&self, call: &Call<'_>) -> Answer {
        let asked = Instant::now();
        let answer = match (call.service, call.operation) {
            ("sagemaker", _) => self.sagemaker.answer(call),
            ("dynamodb", _) => lock(&self.told).records.answer(call),
            ("events", "PutEvents") => events(call),
            // What a path says that is nobody else's.
            ("securityhub", "POST /findings/import") => self.import(call),
            ("sts", "GetCallerIdentity") => Answer::Text(format!(
                "<Arn>arn:aws:iam::{0}:user/auditor</Arn><UserId>AIDAEXAMPLEEXAMPLE00</UserId><Account>{0}</Account>",
                self.account
            )),
            ("ec2", "DescribeRegions") => Answer::Text(format!(
                "<regionInfo><item><regionName>{0}</regionName><regionEndpoint>ec2.{0}.amazonaws.com</regionEndpoint>\
                 <optInStatus>opt-in-not-required</optInStatus></item></regionInfo>",
                self.region
            )),
            ("organizations", "DescribeAccount") => Answer::refusal("AccessDeniedException", "You are not authorized"),
            _ => canned::answer(&self.canned, call),
        };
        let mut seen = lock(&self.seen);
        if let Answer::Refusal { refusal: Refusal { code, message, .. } } = &answer
            && !EXPECTED.contains(&code.as_str())
        {
            seen.refused.insert(format!("{}:{}: {code}: {message}", call.service, call.operation));
        }
        if call.service == "sagemaker" {
            let first = seen.sagemaker.map_or(asked, |(first, _)| first);
            seen.sagemaker = Some((first, asked));
        }
        answer
    }

    fn import(&self, call: &Call<'_>) -> Answer {
        let Value::Array(findings) = call.field("Findings") else {
            return Answer::refusal("InvalidInputException", "no findings");
        };
        if findings.len() > MOST_FINDINGS {
            return Answer::refusal("InvalidInputException", format!("{} findings", findings.len()));
        }
        let text =
            |finding: &Value, pointer| finding.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let statuses = findings.iter().map(|finding| (text(finding, "/Id"), text(finding, "/Compliance/Status")));
        lock(&self.told).findings.extend(statuses);
        Answer::Document(json!({"FailedCount": 0, "SuccessCount": findings.len(), "FailedFindings": []}))
    }
}

fn events(call: &Call<'_>) -> Answer {
    let Value::Array(entries) = call.field("Entries") else {
        return Answer::refusal("ValidationException", "no entries");
    };
    if entries.len() > MOST_EVENTS {
        return Answer::refusal("ValidationException", format!("{} entries", entries.len()));
    }
    let taken = vec![json!({"EventId": "17793124-05d4-b198-2fde-7ededc63b103"}); entries.len()];
    Answer::Document(json!({"FailedEntryCount": 0, "Entries": taken}))
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::bench::controls::population::tests::population;
    use crate::bench::wire::tests::request;

    fn ask(world: &World, service: &str, operation: &str, body: &Value) -> Answer {
        let request = request(service, Method::POST, "/", None, &body.to_string());
        world.answer(&Call { service, operation, request: &request })
    }

    #[test]
    fn findings_are_kept_by_their_ids_and_more_than_a_call_may_bring_are_refused() {
        let world = World::new(population(1), BTreeMap::new());
        let import = |ids: std::ops::Range<usize>| {
            let findings: Vec<_> =
                ids.map(|id| json!({"Id": id.to_string(), "Compliance": {"Status": "FAILED"}})).collect();
            ask(&world, "securityhub", "POST /findings/import", &json!({"Findings": findings}))
        };
        assert!(matches!(import(0..100), Answer::Document(_)) && matches!(import(50..150), Answer::Document(_)));
        assert_eq!(world.findings(), 150);
        assert!(matches!(import(0..101), Answer::Refusal { .. }));
        assert_eq!(world.take_seen().refused.len(), 1);
        let entries = |count| json!({"Entries": vec![json!({}); count]});
        assert!(matches!(ask(&world, "events", "PutEvents", &entries(10)), Answer::Document(_)));
        assert!(matches!(ask(&world, "events", "PutEvents", &entries(11)), Answer::Refusal { .. }));
        world.forget();
        assert_eq!(world.findings(), 0);
    }

    #[test]
    fn what_nobody_should_ask_is_noticed_and_what_is_gone_is_not() {
        let world = World::new(population(2), BTreeMap::new());
        let gone = ask(&world, "sagemaker", "DescribeTrainingJob", &json!({"TrainingJobName": "gone"}));
        assert!(matches!(gone, Answer::Refusal { .. }));
        ask(&world, "sagemaker", "ListTrainingJobs", &json!({}));
        assert!(world.take_seen().refused.is_empty());
        ask(&world, "sagemaker", "DeleteModel", &json!({}));
        ask(&world, "sagemaker", "ListTrainingJobs", &json!({}));
        let seen = world.take_seen();
        assert!(seen.at_sagemaker() > Duration::ZERO);
        assert_eq!(seen.refused.len(), 1, "{:?}", seen.refused);
    }
}
