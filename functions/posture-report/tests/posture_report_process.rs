//! The built function as a process, with DynamoDB and S3 on loopback: the sample event, what it logs, and a large estate.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, where it is set up too"
)]

mod world;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use control_records::{Record, ResourceRecord, Scope};
use controls::{CONTROLS, Verdict};
use lambda_process::{Function, Outcome, Process, Reply, Request, Server};
use posture_report::Report;
use serde_json::{Value, json};
use world::{INTERNET, SWEEP, fail, notebook, scope, swept};

/// Without optimisation, on a machine that does other things too.
const LIMIT: Duration = Duration::from_secs(600);
/// Of one answer of a query, as DynamoDB has it.
const PAGE_BYTES: usize = 1024 * 1024;

/// A table and a bucket.
#[derive(Default)]
struct Account {
    /// By `<account>/<region>` and id, the items as they are on the wire.
    items: BTreeMap<(String, String), Value>,
    objects: BTreeMap<String, Vec<u8>>,
}

impl Account {
    fn put<R: Record>(&mut self, scope: &Scope, record: &R) {
        let document = serde_json::to_string(record).unwrap();
        let item = json!({"scope": {"S": scope.to_string()}, "id": {"S": record.id()},
            "version": {"N": "1"}, "document": {"S": document}});
        self.items.insert((scope.to_string(), record.id()), item);
    }

    fn answer(&mut self, request: &Request) -> Reply {
        let target = request.headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
        let input: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let path = request.target.split('?').next().unwrap_or_default().replace("%3A", ":");
        let key = path.strip_prefix("/controls/").unwrap_or_default().to_owned();
        match (request.method.as_str(), target) {
            ("POST", "DynamoDB_20120810.GetItem") => {
                let key = (text(&input["Key"]["scope"]), text(&input["Key"]["id"]));
                let item = self.items.get(&key).map_or_else(|| json!({}), |item| json!({"Item": item}));
                Reply::status(200, item.to_string())
            }
            ("POST", "DynamoDB_20120810.Query") => Reply::status(200, self.query(&input)),
            ("GET", _) => match self.objects.get(&key) {
                Some(object) => Reply::status(200, object.clone()),
                None => Reply::status(404, "<Error><Code>NoSuchKey</Code><Message>none</Message></Error>"),
            },
            ("PUT", _) => {
                self.objects.insert(key, request.body.to_vec());
                Reply::status(200, "")
            }
            other => panic!("{other:?}"),
        }
    }

    /// In pages of a megabyte.
    fn query(&self, input: &Value) -> String {
        let values = &input["ExpressionAttributeValues"];
        let (scope, prefix) = (text(&values[":scope"]), text(&values[":prefix"]));
        let after = input.pointer("/ExclusiveStartKey/id").map(text).unwrap_or_default();
        let of = self.items.range((scope.clone(), prefix.clone())..);
        let of =
            of.take_while(|((of, id), _)| *of == scope && id.starts_with(&prefix)).filter(|((_, id), _)| *id > after);
        let (mut items, mut bytes, mut last) = (Vec::new(), 0, None);
        for ((_, id), item) in of {
            let text = item.to_string();
            if bytes + text.len() > PAGE_BYTES {
                let next = json!({"scope": {"S": scope}, "id": {"S": last}});
                return format!("{{\"Items\":[{}],\"LastEvaluatedKey\":{next}}}", items.join(","));
            }
            bytes += text.len();
            items.push(text);
            last = Some(id);
        }
        format!("{{\"Items\":[{}]}}", items.join(","))
    }
}

fn text(value: &Value) -> String {
    value["S"].as_str().unwrap_or_default().to_owned()
}

type Shared = Arc<Mutex<Account>>;

async fn serving(account: Account) -> (Server, Shared) {
    let shared = Arc::new(Mutex::new(account));
    let served = Arc::clone(&shared);
    let server =
        Server::start(move |request| std::future::ready(served.lock().unwrap().answer(&request))).await.unwrap();
    (server, shared)
}

async fn function(endpoint: &str) -> Process {
    Function::new(env!("CARGO_BIN_EXE_posture-report"))
        .timeout(LIMIT)
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("PLATFORM_NAME", "mlops")
        .env("PARTITION", "aws")
        .env("CONTROLS_BUCKET", "controls")
        .env("CONTROL_RECORDS_TABLE", "mlops-control-records")
        .start()
        .await
        .unwrap()
}

async fn invoked(process: &mut Process, event: &Value) -> Result<Value, Value> {
    match process.invoke(event.to_string()).await.unwrap().outcome {
        Outcome::Response(body) => Ok(serde_json::from_slice(&body).unwrap()),
        Outcome::Error { body, .. } => Err(serde_json::from_slice(&body).unwrap()),
        other => panic!("{other:?}"),
    }
}

fn sample() -> Value {
    serde_json::from_slice(&std::fs::read("../../events/posture-report-sweep.json").unwrap()).unwrap()
}

#[tokio::test]
async fn the_sample_event_is_answered_and_no_reason_is_logged() {
    let mut account = Account::default();
    for (id, name) in [("111111111111", "lab"), ("222222222222", "other")] {
        let scope = scope(id, "eu-central-1");
        account.put(&scope, &notebook(&scope, name, &[(INTERNET, fail("somebody's secret words"))]));
        account.put(&scope, &swept(&scope, SWEEP));
    }
    let (server, account) = serving(account).await;
    let mut process = function(&server.url()).await;
    let answer = invoked(&mut process, &sample()).await.unwrap();
    let expected = json!({
        "report": "posture/2026-01-31T12:00:00.000Z.json", "page": "posture/2026-01-31T12:00:00.000Z.html",
        "complete": false, "totals": {"fail": 2, "exempt": 0, "unknown": 0, "pass": 0, "notApplicable": 0},
        "new": null, "recovered": null, "gone": null,
    });
    assert_eq!(answer, expected);
    let first = account.lock().unwrap().objects.clone();
    assert_eq!(first.len(), 4);
    assert_eq!(first["posture/latest.json"], first["posture/2026-01-31T12:00:00.000Z.json"]);
    assert_eq!(invoked(&mut process, &sample()).await.unwrap(), expected);
    assert_eq!(account.lock().unwrap().objects, first);
    assert_eq!(invoked(&mut process, &json!({"sweep": SWEEP})).await.unwrap_err()["errorType"], "InvalidInput");

    let log = process.stop().await.unwrap().log;
    let lines: Vec<Value> = log.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let metrics: Vec<_> = lines.iter().filter(|line| line.get("_aws").is_some()).collect();
    assert_eq!(metrics.len(), 2 * (1 + 3), "a control and three accounts, twice");
    assert!(metrics.iter().all(|line| line["PlatformName"] == "mlops"));
    assert!(lines.iter().any(|line| line["message"] == "report written" && line["failed"] == 2));
    assert!(!log.join("\n").contains("secret words"));
}

#[tokio::test]
async fn a_function_without_its_environment_says_what_is_missing() {
    let mut process = Function::new(env!("CARGO_BIN_EXE_posture-report")).start().await.unwrap();
    let error = invoked(&mut process, &sample()).await.unwrap_err();
    assert_eq!(error["errorType"], "InvalidConfiguration");
    assert!(error["errorMessage"].as_str().unwrap().contains("CONTROLS_BUCKET"), "{error}");
}

/// Ten verdicts on each of 2,400 resources in 12 accounts, or what comes nearest to it with the controls there are.
fn large(account: &mut Account, verdict: impl Fn(usize) -> Verdict) -> (Vec<Scope>, usize) {
    let scopes: Vec<Scope> = (1..=12).map(|number| scope(&format!("{number:012}"), "eu-central-1")).collect();
    let each = CONTROLS.len().min(10);
    let resources = 24_000 / each;
    for index in 0..resources {
        let scope = &scopes[index % scopes.len()];
        let verdicts: Vec<_> =
            CONTROLS.iter().take(each).enumerate().map(|(at, it)| (it.id, verdict(index * each + at))).collect();
        let record: ResourceRecord = notebook(scope, &format!("notebook-of-a-person-{index:05}"), &verdicts);
        account.put(scope, &record);
    }
    for scope in &scopes {
        account.put(scope, &swept(scope, SWEEP));
        account.put(scope, &swept(scope, NEXT));
    }
    (scopes, resources * each)
}

async fn measured(sweeps: &[&str], verdict: impl Fn(usize) -> Verdict) -> (Report, usize, u64) {
    let mut account = Account::default();
    let (scopes, verdicts) = large(&mut account, verdict);
    let (server, account) = serving(account).await;
    let mut process = function(&server.url()).await;
    for sweep in sweeps {
        invoked(&mut process, &json!({"sweep": sweep, "scopes": scopes})).await.unwrap();
    }
    let peak = process.memory().unwrap().peak_kib;
    let objects = &account.lock().unwrap().objects;
    let report: Report = serde_json::from_slice(&objects["posture/latest.json"]).unwrap();
    assert_eq!(report.totals.verdicts() as usize, verdicts);
    let page = objects["posture/latest.html"].len();
    (report, page, peak)
}

const NEXT: &str = "2026-02-01T12:00:00.000Z";
const REASON: &str = "VpcConfig.Subnets names subnet-0a1b2c3d4e5f60718, which is none of those that are configured";

/// One in twelve fails, one in forty is not known.
#[tokio::test]
async fn a_large_estate_fits() {
    let (report, page, peak_kib) = measured(&[SWEEP, NEXT], |index| match index {
        _ if index % 12 == 0 => fail(REASON),
        _ if index % 40 == 1 => Verdict::Unknown(REASON.to_owned()),
        _ => Verdict::Pass,
    })
    .await;
    let trend = report.trend.unwrap();
    assert_eq!((trend.new, trend.unchanged), (0, report.totals.fail));
    assert!(page < 2 * 1024 * 1024, "{page}");
    assert!(peak_kib < 64 * 1024, "{peak_kib}");
}

/// The worst that 24,000 verdicts can be. One sweep, for twelve megabytes take their time without optimisation.
#[tokio::test]
async fn a_large_estate_in_which_everything_fails_fits() {
    let (report, page, peak_kib) = measured(&[SWEEP], |_| fail(REASON)).await;
    assert_eq!(report.totals.fail, report.totals.verdicts());
    assert!(page < 2 * 1024 * 1024, "{page}");
    assert!(peak_kib < 128 * 1024, "{peak_kib}");
}
