use serde_json::Value;

use super::{Cluster, Part, answered};
use crate::{Kind, Need, Resource, Verdict};

/// What a monitoring job runs as.
#[derive(Debug)]
pub(crate) struct MonitoringJob<'a> {
    /// Its instances.
    pub(crate) cluster: Cluster<'a>,
    /// The object that holds `NetworkConfig`.
    pub(crate) definition: Part<'a>,
    /// Where its report goes, and under which key.
    pub(crate) output: Part<'a>,
}

const OUTPUTS: [&str; 4] = [
    "DataQualityJobOutputConfig",
    "ModelQualityJobOutputConfig",
    "ModelBiasJobOutputConfig",
    "ModelExplainabilityJobOutputConfig",
];

/// Judges a job definition, or the one that a schedule holds or names.
pub(crate) fn monitoring_job<'a>(resource: &'a Resource, judge: impl FnOnce(&MonitoringJob<'a>) -> Verdict) -> Verdict {
    answered(resource, |description| {
        if resource.kind != Kind::MonitoringSchedule {
            return judged(description, "JobResources", output(description), judge);
        }
        if description.member("MonitoringScheduleStatus").text() == Some("Failed") {
            return Verdict::NotApplicable("the schedule has failed and starts no jobs".to_owned());
        }
        let held = description.member("MonitoringScheduleConfig.MonitoringJobDefinition");
        if held.is_present() {
            return judged(&held, "MonitoringResources", held.member("MonitoringOutputConfig"), judge);
        }
        let name = description.member("MonitoringScheduleConfig.MonitoringJobDefinitionName");
        let named = Part::beside("JobDefinition", resource.related(Need::JobDefinition));
        match name.text() {
            Some(_) if named.is_present() => judged(&named, "JobResources", output(&named), judge),
            Some(name) => Verdict::Unknown(format!("the job definition {name:?} could not be read")),
            None => held.unreadable(held.value()),
        }
    })
}

/// Every answer has the job's instances: without them it is none, and what is absent from it was not left unset.
fn judged<'a>(
    definition: &Part<'a>,
    resources: &str,
    output: Part<'a>,
    judge: impl FnOnce(&MonitoringJob<'a>) -> Verdict,
) -> Verdict {
    let cluster = definition.member(resources).member("ClusterConfig");
    match cluster.value() {
        Some(Value::Object(_)) => {
            judge(&MonitoringJob { cluster: Cluster::of(cluster), definition: definition.clone(), output })
        }
        other => cluster.unreadable(other),
    }
}

/// The output of a job definition, whose member is named after what it monitors.
fn output<'a>(definition: &Part<'a>) -> Part<'a> {
    let mut outputs = OUTPUTS.iter().map(|name| definition.member(name));
    outputs.find(Part::is_present).unwrap_or_else(|| definition.member("MonitoringOutputConfig"))
}
