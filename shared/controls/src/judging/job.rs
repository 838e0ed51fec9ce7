use super::{Cluster, Part, answered, within};
use crate::{Kind, Resource, Verdict};

/// Judges what runs: the job itself or, of a tuning job, each of the definitions that its training jobs are made from.
///
/// Training jobs that another job started are listed and judged as any other; the tuning job is judged for those to come.
pub(crate) fn each<'a>(resource: &'a Resource, judge: impl Fn(&Part<'a>) -> Verdict) -> Verdict {
    answered(resource, |job| {
        if resource.kind != Kind::HyperParameterTuningJob {
            return judge(job);
        }
        let mut definitions = job.member("TrainingJobDefinitions").items();
        definitions.extend(Some(job.member("TrainingJobDefinition")).filter(Part::is_present));
        Verdict::worst(definitions.iter().map(judge)).unwrap_or_else(|| {
            Verdict::Unknown(
                "neither TrainingJobDefinition nor TrainingJobDefinitions is in the service's answer".to_owned(),
            )
        })
    })
}

/// Judges the instances of what [`each`] gives.
pub(crate) fn cluster<'a>(kind: Kind, job: &Part<'a>, judge: impl FnOnce(Cluster<'a>) -> Verdict) -> Verdict {
    let config = match kind {
        Kind::ProcessingJob => job.member("ProcessingResources.ClusterConfig"),
        Kind::TransformJob => job.member("TransformResources"),
        Kind::HyperParameterTuningJob if job.member("HyperParameterTuningResourceConfig").is_present() => {
            job.member("HyperParameterTuningResourceConfig")
        }
        _ if job.member("ServerlessJobConfig").is_present() => {
            return Verdict::NotApplicable("a serverless job has no instances of its own".to_owned());
        }
        _ => job.member("ResourceConfig"),
    };
    judge(Cluster::of(config))
}

/// Judges the object that holds `VpcConfig` and the switches of the network. A transform job has none: its containers
/// are those of its model.
pub(crate) fn network<'a>(kind: Kind, job: &Part<'a>, judge: impl FnOnce(&Part<'a>) -> Verdict) -> Verdict {
    match kind {
        Kind::ProcessingJob => within(job, "NetworkConfig", judge),
        Kind::AutoMlJob => security(job, judge),
        _ => judge(job),
    }
}

/// Judges an `AutoML` job's `SecurityConfig`, which the answers about jobs of the first version have in `AutoMLJobConfig`.
pub(crate) fn security<'a>(job: &Part<'a>, judge: impl FnOnce(&Part<'a>) -> Verdict) -> Verdict {
    let of_first_version = job.member("AutoMLJobConfig");
    let is_first_version = of_first_version.is_present() && !job.member("SecurityConfig").is_present();
    within(if is_first_version { &of_first_version } else { job }, "SecurityConfig", judge)
}
