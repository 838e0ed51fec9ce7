use crate::aws::Deployments;
use crate::error::Error;
use deployment::{Approval, DeploymentRequest, LiveRecord, ParameterNames, Registration};
use identifiers::ModelPackageArn;

/// What is live in each stage of a registration, in its order.
pub(crate) struct Stages(Vec<Stage>);

struct Stage {
    parameter: String,
    record: Option<Result<LiveRecord, serde_json::Error>>,
}

impl Stages {
    /// Reads the records. One that cannot be understood is kept as such: only a rejection depends on it.
    pub(crate) async fn read(
        aws: &impl Deployments,
        names: &ParameterNames<'_>,
        registration: &Registration,
    ) -> Result<Self, Error> {
        let names: Vec<_> = registration.stages.iter().map(|stage| names.live(&stage.name)).collect();
        let mut values = aws.parameters(&names).await?;
        let stage = |parameter: String| {
            let record = values.remove(&parameter).map(|text| serde_json::from_str(&text));
            Stage { parameter, record }
        };
        Ok(Self(names.into_iter().map(stage).collect()))
    }

    /// Whether every stage runs the version by the request's own decision. A record that cannot be understood counts as
    /// another version's: deploying once more writes it anew, not deploying would leave it.
    pub(crate) fn are_live_by(&self, request: &DeploymentRequest) -> bool {
        let version = request.model_package_arn.version();
        let is_live_by = |record: &LiveRecord| record.version == version && record.approval.id == request.approval.id;
        self.0.iter().all(|stage| stage.readable().is_some_and(is_live_by))
    }

    /// Whether some stage runs the version.
    ///
    /// # Errors
    /// Records that cannot be understood, unless another one answers the question.
    pub(crate) fn any_runs(&self, version: u32) -> Result<bool, Error> {
        if self.records().any(|record| record.version == version) {
            return Ok(true);
        }
        let fault = |stage: &Stage| match &stage.record {
            Some(Err(error)) => Some(format!("{} is not a record of a live version: {error}", stage.parameter)),
            _ => None,
        };
        let faults: Vec<_> = self.0.iter().filter_map(fault).collect();
        if faults.is_empty() { Ok(false) } else { Err(Error::InvalidRecords { version, faults }) }
    }

    /// The record of the last stage.
    pub(crate) fn last(&self) -> Option<&LiveRecord> {
        self.0.last().and_then(Stage::readable)
    }

    /// The live versions and when each was approved, in milliseconds since the epoch.
    pub(crate) fn approvals(&self) -> impl Iterator<Item = (ModelPackageArn, i64)> {
        self.records().filter_map(|record| Some((record.model_package_arn.clone(), decided_at(&record.approval)?)))
    }

    fn records(&self) -> impl Iterator<Item = &LiveRecord> {
        self.0.iter().filter_map(Stage::readable)
    }
}

impl Stage {
    fn readable(&self) -> Option<&LiveRecord> {
        self.record.as_ref()?.as_ref().ok()
    }
}

/// When a decision was made, in milliseconds since the epoch: its id, if it is one of this function's.
pub(crate) fn decided_at(approval: &Approval) -> Option<i64> {
    approval.id.parse().ok()
}
