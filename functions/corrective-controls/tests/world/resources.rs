use std::collections::BTreeMap;

use aws_ports::AwsError;
use control_records::Scope;
use controls::{Kind, Need, Resource};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::{State, Trace, World};

/// The controls that the detective of these tests knows.
pub(crate) const USED: &[&str] = &[
    "app-idle",
    "job-network-isolation",
    "notebook-idle",
    "notebook-imdsv2",
    "notebook-no-direct-internet",
    "notebook-no-root-access",
];

/// A resource of SageMaker.
#[derive(Debug, Clone)]
pub(crate) struct Thing {
    pub(crate) kind: Kind,
    pub(crate) key: BTreeMap<String, String>,
    pub(crate) arn: String,
    pub(crate) created: Timestamp,
    /// Everything but the state and the times.
    pub(crate) members: Map<String, Value>,
    pub(crate) status: &'static str,
    pub(crate) modified: Timestamp,
    pub(crate) last_opened: Option<Timestamp>,
    /// A correction has stopped this very one.
    pub(crate) stopped_by_us: bool,
}

impl Thing {
    fn new(kind: Kind, name: &str, key: &[(&str, &str)], members: Value) -> Self {
        let facts = kind.facts();
        let arn = format!("arn:aws:sagemaker:eu-central-1:111111111111:{}/{}", facts.arn_type, name.to_lowercase());
        let Value::Object(members) = members else { panic!("members are an object") };
        let zero = Timestamp::UNIX_EPOCH;
        let key = key.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self {
            kind,
            key,
            arn,
            created: zero,
            members,
            status: if facts.ends { "InProgress" } else { "InService" },
            modified: zero,
            last_opened: None,
            stopped_by_us: false,
        }
    }

    /// Fails four controls.
    pub(crate) fn notebook(name: &str) -> Self {
        let members = json!({
            "RootAccess": "Enabled", "DirectInternetAccess": "Enabled", "InstanceType": "ml.t3.medium",
            "InstanceMetadataServiceConfiguration": {"MinimumInstanceMetadataServiceVersion": "1"},
        });
        Self::new(Kind::NotebookInstance, name, &[("NotebookInstanceName", name)], members)
    }

    pub(crate) fn training_job(name: &str) -> Self {
        let members = json!({
            "EnableNetworkIsolation": false, "Environment": {"TOKEN": "s3cr3t"}, "HyperParameters": {"key": "s3cr3t"},
        });
        Self::new(Kind::TrainingJob, name, &[("TrainingJobName", name)], members)
    }

    pub(crate) fn app(name: &str) -> Self {
        let key = [
            ("DomainId", "d-abcdefghijkl"),
            ("UserProfileName", "Alice"),
            ("AppType", "JupyterLab"),
            ("AppName", name),
        ];
        Self::new(Kind::App, &format!("d-abcdefghijkl/alice/jupyterlab/{name}"), &key, json!({}))
    }

    pub(crate) fn make(&mut self, now: Timestamp) {
        (self.created, self.modified, self.stopped_by_us) = (now, now, false);
        if self.kind == Kind::App {
            self.members.insert("LastUserActivityTimestamp".to_owned(), seconds(now));
        }
    }

    pub(crate) fn status(&self) -> &'static str {
        self.status
    }

    /// Enters a state.
    pub(crate) fn enter(&mut self, status: &'static str, now: Timestamp) {
        (self.status, self.modified) = (status, now);
    }

    /// Arrives where it is on the way to; `false`: it is gone.
    pub(crate) fn settle(&mut self, now: Timestamp) -> bool {
        match self.status {
            "Pending" => self.enter("InService", now),
            "Stopping" | "Updating" => self.enter("Stopped", now),
            "Deleting" => return false,
            _ => {}
        }
        true
    }

    pub(crate) fn description(&self) -> Value {
        let facts = self.kind.facts();
        let mut description = self.members.clone();
        for (name, value) in &self.key {
            description.insert(name.clone(), value.as_str().into());
        }
        description.insert(facts.arn.trim_start_matches('/').to_owned(), self.arn.as_str().into());
        description.insert(facts.status.unwrap().trim_start_matches('/').to_owned(), self.status.into());
        description.insert("CreationTime".to_owned(), seconds(self.created));
        if self.kind != Kind::App {
            description.insert("LastModifiedTime".to_owned(), seconds(self.modified));
        }
        Value::Object(description)
    }

    pub(crate) fn resource(&self, scope: &Scope, now: Timestamp) -> Resource {
        let opened = self.last_opened.map(|at| (Need::LastOpened, json!({"at": at})));
        Resource {
            kind: self.kind,
            account: scope.account.clone(),
            region: scope.region.clone(),
            name: self.key[self.kind.facts().key.last().unwrap().0].clone(),
            arn: self.arn.clone(),
            description: self.description(),
            related: opened.into_iter().collect(),
            looked_at: now,
        }
    }
}

/// As on the wire.
fn seconds(at: Timestamp) -> Value {
    json!(at.as_millisecond() as f64 / 1000.0)
}

impl World {
    /// SageMaker.
    pub(crate) fn perform(&self, operation: &'static str, input: &Value) -> Result<Value, AwsError> {
        let key: BTreeMap<String, String> = input
            .as_object()
            .unwrap()
            .iter()
            .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
            .filter(|(name, _)| name != "RootAccess")
            .collect();
        let mut state = self.lock();
        let arn = state.things.values().find(|thing| thing.key == key).map(|thing| thing.arn.clone());
        let Some(arn) = arn else {
            return Err(AwsError::answered(operation, "ValidationException", "RecordNotFound"));
        };
        if operation.starts_with("sagemaker:Describe") {
            return Ok(state.things[&arn].description());
        }
        self.justify(&mut state, operation, &arn);
        let now = state.now;
        state.trace.push(Trace::Called { operation, input: input.clone(), arn: arn.clone() });
        let State { things, violations, at_once, .. } = &mut *state;
        let thing = things.get_mut(&arn).unwrap();
        let (from, to): (&[&str], _) = match operation {
            "sagemaker:StopNotebookInstance" => (&["InService"], "Stopping"),
            "sagemaker:UpdateNotebookInstance" => (&["Stopped"], "Updating"),
            "sagemaker:StartNotebookInstance" => (&["Stopped"], "Pending"),
            "sagemaker:StopTrainingJob" => (&["InProgress"], "Stopping"),
            "sagemaker:DeleteApp" => (&["InService"], "Deleting"),
            _ => panic!("{operation} is not known here"),
        };
        if !from.contains(&thing.status) {
            // Of two runs at once the other may have called in this very instant.
            if !*at_once || thing.modified < now {
                violations.push(format!("{operation} of {arn}, which is {}", thing.status));
            }
            let message = format!("Status ({}) not in ({from:?})", thing.status);
            return Err(AwsError::answered(operation, "ValidationException", &message));
        }
        if operation == "sagemaker:UpdateNotebookInstance" {
            for name in ["RootAccess", "InstanceMetadataServiceConfiguration"] {
                thing.members.insert(name.to_owned(), input[name].clone());
            }
        }
        thing.stopped_by_us |= operation == "sagemaker:StopNotebookInstance";
        thing.enter(to, now.checked_add(SignedDuration::from_millis(1)).unwrap());
        Ok(json!({}))
    }
}
