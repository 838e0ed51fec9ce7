//! A platform's account in memory, and somebody at its terminal.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_ports::AwsError;
use clap::Parser;
use mlops::{Arguments, Caller, Execution, HubAccount, Parameter, Records, Terminal};
use serde_json::{Value, json};

pub const TOKEN: &str = "AQCEAAAAKgAAAAMAAAAAtask+token/==";
pub const BUCKET: &str = "records-111111111111";
pub const ALICE: &str = "arn:aws:sts::111111111111:assumed-role/AWSReservedSSO_Science_01/alice@bank.example";
pub const BOB: &str = "arn:aws:sts::111111111111:assumed-role/AWSReservedSSO_Release_02/bob@bank.example";

/// What Parameter Store, Step Functions and S3 hold.
#[derive(Default)]
pub struct World {
    pub caller: String,
    pub parameters: BTreeMap<String, String>,
    pub executions: Vec<Execution>,
    pub objects: BTreeMap<String, Vec<u8>>,
    /// Operations that fail, with code and message.
    pub failing: HashMap<&'static str, (&'static str, String)>,
    pub sent: Mutex<Vec<(String, Value)>>,
    pub state_machines: Mutex<Vec<String>>,
    pub read: Mutex<Vec<String>>,
    pub listed: AtomicUsize,
}

impl World {
    pub fn new() -> Self {
        let bucket = ("/secure-mlops/deployment-records-bucket".to_owned(), BUCKET.to_owned());
        Self { caller: BOB.to_owned(), parameters: [bucket].into(), ..Self::default() }
    }

    pub fn with(mut self, name: &str, value: &Value) -> Self {
        self.parameters.insert(name.to_owned(), value.to_string());
        self
    }

    fn refuse(&self, operation: &'static str) -> Result<(), AwsError> {
        match self.failing.get(operation) {
            Some((code, message)) => Err(AwsError::answered(operation, code, message)),
            None => Ok(()),
        }
    }
}

impl HubAccount for World {
    async fn caller(&self) -> Result<Caller, AwsError> {
        self.refuse("sts:GetCallerIdentity")?;
        let (account, region) = ("111111111111".to_owned(), "eu-central-1".to_owned());
        Ok(Caller { arn: self.caller.clone(), account, region })
    }

    async fn parameters_under(&self, path: &str, decrypted: bool) -> Result<Vec<Parameter>, AwsError> {
        self.refuse("ssm:GetParametersByPath")?;
        let under = |name: &str| name.strip_prefix(path).is_some_and(|rest| !decrypted || !rest.contains('/'));
        let found = self.parameters.iter().filter(|(name, _)| under(name));
        Ok(found
            .map(|(name, value)| {
                let secret = name.contains("/approval/") && !decrypted;
                let value = if secret { "AQICAHciphertext".to_owned() } else { value.clone() };
                Parameter { name: name.clone(), value }
            })
            .collect())
    }

    async fn parameters(&self, names: &[String]) -> Result<HashMap<String, String>, AwsError> {
        self.refuse("ssm:GetParameters")?;
        Ok(names.iter().filter_map(|name| Some((name.clone(), self.parameters.get(name)?.clone()))).collect())
    }

    async fn running(&self, state_machine: &str) -> Result<Vec<Execution>, AwsError> {
        self.state_machines.lock().unwrap().push(state_machine.to_owned());
        self.refuse("states:ListExecutions")?;
        Ok(self.executions.clone())
    }

    async fn succeed(&self, token: &str, output: &str) -> Result<(), AwsError> {
        self.refuse("states:SendTaskSuccess")?;
        self.sent.lock().unwrap().push((token.to_owned(), serde_json::from_str(output).unwrap()));
        Ok(())
    }
}

impl Records for World {
    async fn folders(&self, bucket: &str, prefix: &str) -> Result<Vec<String>, AwsError> {
        assert_eq!(bucket, BUCKET);
        let names = self.objects.keys().filter_map(|key| key.strip_prefix(prefix)?.split_once('/'));
        Ok(names.map(|(name, _)| name.to_owned()).collect::<BTreeSet<_>>().into_iter().collect())
    }

    async fn keys(&self, bucket: &str, prefix: &str, end: &str) -> Result<Vec<String>, AwsError> {
        assert_eq!(bucket, BUCKET);
        self.listed.fetch_add(1, Ordering::Relaxed);
        Ok(self.objects.range(prefix.to_owned()..end.to_owned()).map(|(key, _)| key.clone()).collect())
    }

    async fn object(&self, bucket: &str, key: &str) -> Result<Vec<u8>, AwsError> {
        assert_eq!(bucket, BUCKET);
        self.refuse("s3:GetObject")?;
        self.read.lock().unwrap().push(key.to_owned());
        Ok(self.objects[key].clone())
    }
}

/// Somebody who answers, or nobody.
#[derive(Default)]
pub struct Somebody {
    pub answers: Option<bool>,
    pub shown: String,
    pub asked: Vec<String>,
}

impl Somebody {
    pub fn answering(yes: bool) -> Self {
        Self { answers: Some(yes), ..Self::default() }
    }
}

impl Terminal for Somebody {
    fn is_interactive(&self) -> bool {
        self.answers.is_some()
    }

    fn show(&mut self, lines: &str) -> io::Result<()> {
        self.shown.push_str(lines);
        Ok(())
    }

    fn confirm(&mut self, question: &str) -> io::Result<bool> {
        self.asked.push(question.to_owned());
        Ok(self.answers.unwrap())
    }
}

/// As the command line has them.
pub fn arguments(line: &str) -> Arguments {
    Arguments::try_parse_from(line.split(' ')).unwrap()
}

pub fn package(version: u32) -> String {
    format!("arn:aws:sagemaker:eu-central-1:111111111111:model-package/churn/{version}")
}

/// A question as the platform puts it.
pub fn question(stage: &str, version: u32) -> Value {
    json!({
        "taskToken": TOKEN,
        "execution": format!("churn-v{version}-01234567"),
        "stage": stage,
        "version": version,
        "modelPackageArn": package(version),
        "registeredBy": ALICE,
        "separationOfDuties": true,
        "expires": "2026-02-03T12:00:00Z",
        "summary": "version 7 instead of version 6\n12 accounts in eu-central-1",
        "results": ["s3://records-111111111111/results/churn/churn-v7-01234567/staging-all.json"],
    })
}

/// What is live as the platform records it.
pub fn live(version: u32) -> Value {
    json!({
        "version": version,
        "modelPackageArn": package(version),
        "endpointName": "secure-mlops-churn-prod-89abcdef",
        "execution": format!("churn-v{version}-01234567"),
        "time": "2026-01-31T12:00:00.000Z",
        "kind": "stage",
        "approval": {"id": "a", "time": "2026-01-31T11:00:00Z", "by": ALICE},
        "decision": {"decision": "approved", "by": BOB, "at": "2026-01-31T11:30:00Z", "comment": "CHG-4711"},
        "accounts": 12,
        "regions": ["eu-central-1", "eu-west-1"],
        "record": "history/churn/2026-01-31T12:00:00.000Z-prod-stage-churn-v6-01234567.json",
        "earlier": [{"modelPackageArn": package(5), "approval": {"id": "z"}}],
    })
}
