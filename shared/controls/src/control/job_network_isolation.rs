use crate::judging::{job, switched_on};
use crate::{Action, Control, Kind, Reference, Severity, Tool};

const SWITCH: &str = "EnableNetworkIsolation";

pub(super) const CONTROL: Control = Control {
    id: "job-network-isolation",
    title: "Training and processing containers reach no network",
    severity: Severity::Medium,
    // An AutoML job has no such switch, and a transform job's is its model's.
    kinds: &[Kind::TrainingJob, Kind::HyperParameterTuningJob, Kind::ProcessingJob],
    needs: &[],
    references: &[
        Reference::of(Tool::Prowler, "sagemaker_training_jobs_network_isolation_enabled", &[Kind::TrainingJob]),
        Reference::of(Tool::Custodian, "value: EnableNetworkIsolation", &[Kind::TrainingJob]),
        Reference::of(Tool::Custodian, "value: NetworkConfig.EnableNetworkIsolation", &[Kind::ProcessingJob]),
        Reference::of(
            Tool::Custodian,
            "value: TrainingJobDefinition.EnableNetworkIsolation",
            &[Kind::HyperParameterTuningJob],
        ),
        Reference::of(Tool::Steampipe, "sagemaker_training_job_network_isolation_enabled", &[Kind::TrainingJob]),
    ],
    remediation: "A job cannot be changed: run it again with EnableNetworkIsolation true (in NetworkConfig of a \
                  processing job, in each definition of a tuning job), and set it where the job comes from, such as \
                  the pipeline. SageMaker still brings the data and takes the result; what the container fetched by \
                  itself has to be an input channel or in its image.",
    actions: &[Action::Notify, Action::Stop],
    evaluate: |resource, _| {
        job::each(resource, |job| match resource.kind {
            Kind::ProcessingJob => job::network(resource.kind, job, |network| switched_on(network, SWITCH)),
            // The service always answers it.
            _ => job.is_true(SWITCH),
        })
    },
};

#[cfg(test)]
pub(super) const CASES: &[crate::case::Case] = {
    use crate::case::Case;
    const TRAINING: Kind = Kind::TrainingJob;
    const TUNING: Kind = Kind::HyperParameterTuningJob;
    const PROCESSING: Kind = Kind::ProcessingJob;
    &[
        Case::pass(TRAINING, r#"{"TrainingJobArn": "arn", "EnableNetworkIsolation": true}"#),
        Case::fail(
            TRAINING,
            r#"{"TrainingJobArn": "arn", "TrainingJobStatus": "Stopped", "EnableNetworkIsolation": false}"#,
        ),
        Case::not_applicable(TRAINING, r#"{"TrainingJobStatus": "Deleting", "EnableNetworkIsolation": false}"#),
        // Recorded before the member existed.
        Case::unknown(TRAINING, r#"{"TrainingJobArn": "arn", "TrainingJobStatus": "Completed"}"#),
        Case::unknown(TRAINING, r#"{"TrainingJobArn": "arn", "EnableNetworkIsolation": "true"}"#),
        Case::pass(
            TUNING,
            r#"{"HyperParameterTuningJobArn": "arn", "TrainingJobDefinition": {"EnableNetworkIsolation": true}}"#,
        ),
        Case::fail(
            TUNING,
            r#"{"HyperParameterTuningJobArn": "arn",
                "TrainingJobDefinitions": [{"EnableNetworkIsolation": true}, {"EnableNetworkIsolation": false}]}"#,
        ),
        Case::unknown(
            TUNING,
            r#"{"HyperParameterTuningJobArn": "arn",
                "TrainingJobDefinitions": [{"EnableNetworkIsolation": true}, {}]}"#,
        ),
        Case::pass(PROCESSING, r#"{"ProcessingJobArn": "arn", "NetworkConfig": {"EnableNetworkIsolation": true}}"#),
        Case::fail(PROCESSING, r#"{"ProcessingJobArn": "arn", "NetworkConfig": {"EnableNetworkIsolation": false}}"#),
        // A network without the switch, and none at all: both are off.
        Case::fail(
            PROCESSING,
            r#"{"ProcessingJobArn": "arn", "NetworkConfig": {"VpcConfig": {"Subnets": ["subnet-0a1b2c3d4e5f60718"]}}}"#,
        ),
        Case::fail(PROCESSING, r#"{"ProcessingJobArn": "arn"}"#),
        Case::unknown(PROCESSING, r#"{"NetworkConfig": {"EnableNetworkIsolation": false}}"#),
    ]
};
