use crate::judging::{in_subnets, job, within};
use crate::{Action, Control, Kind, Reference, Severity, Tool};

pub(super) const CONTROL: Control = Control {
    id: "job-in-vpc",
    title: "Jobs run in subnets of the environment",
    severity: Severity::High,
    // A transform job's network is its model's.
    kinds: &[Kind::TrainingJob, Kind::HyperParameterTuningJob, Kind::ProcessingJob, Kind::AutoMlJob],
    needs: &[],
    references: &[
        Reference::of(Tool::Prowler, "sagemaker_training_jobs_vpc_settings_configured", &[Kind::TrainingJob]),
        Reference::of(Tool::Custodian, "value: VpcConfig.Subnets", &[Kind::TrainingJob]),
        Reference::of(Tool::Custodian, "value: NetworkConfig.VpcConfig.Subnets", &[Kind::ProcessingJob]),
        Reference::of(
            Tool::Custodian,
            "value: TrainingJobDefinition.VpcConfig.Subnets",
            &[Kind::HyperParameterTuningJob],
        ),
        Reference::of(Tool::Custodian, "value: SecurityConfig.VpcConfig.Subnets", &[Kind::AutoMlJob]),
        Reference::of(Tool::Steampipe, "sagemaker_training_job_in_vpc", &[Kind::TrainingJob]),
    ],
    remediation: "A job cannot be changed: run it again with the environment's subnets and security group in \
                  VpcConfig (in NetworkConfig of a processing job, in SecurityConfig of an AutoML job, in each \
                  definition of a tuning job), and set them where the job comes from, such as the pipeline. Without \
                  them its containers reach the internet from a network that no rule of the account applies to.",
    actions: &[Action::Notify, Action::Stop],
    evaluate: |resource, parameters| {
        job::each(resource, |job| {
            job::network(resource.kind, job, |network| {
                within(network, "VpcConfig", |vpc| in_subnets(vpc, "Subnets", parameters))
            })
        })
    },
};

#[cfg(test)]
pub(super) const CASES: &[crate::case::Case] = {
    use crate::case::Case;
    const TRAINING: Kind = Kind::TrainingJob;
    const TUNING: Kind = Kind::HyperParameterTuningJob;
    const PROCESSING: Kind = Kind::ProcessingJob;
    const AUTO_ML: Kind = Kind::AutoMlJob;
    const OWN: &str = r#"{"subnets": ["subnet-0a1b2c3d4e5f60718", "subnet-0f1e2d3c4b5a69788"]}"#;
    &[
        Case::pass(
            TRAINING,
            r#"{"TrainingJobArn": "arn", "VpcConfig": {"SecurityGroupIds": ["sg-0a1b2c3d4e5f60718"],
                "Subnets": ["subnet-0a1b2c3d4e5f60718"]}}"#,
        ),
        Case::pass(TRAINING, r#"{"TrainingJobArn": "arn", "VpcConfig": {"Subnets": ["subnet-0f1e2d3c4b5a69788"]}}"#)
            .parameters(OWN),
        Case::fail(
            TRAINING,
            r#"{"TrainingJobArn": "arn",
                "VpcConfig": {"Subnets": ["subnet-0f1e2d3c4b5a69788", "subnet-00000000000000000"]}}"#,
        )
        .parameters(OWN),
        Case::fail(TRAINING, r#"{"TrainingJobArn": "arn", "TrainingJobStatus": "Completed"}"#),
        Case::fail(TRAINING, r#"{"TrainingJobArn": "arn", "VpcConfig": {"Subnets": []}}"#),
        Case::not_applicable(TRAINING, r#"{"TrainingJobStatus": "Deleting"}"#),
        Case::unknown(TRAINING, r#"{"TrainingJobStatus": "Completed"}"#),
        Case::unknown(TRAINING, r#"{"TrainingJobArn": "arn", "VpcConfig": {"Subnets": [7]}}"#),
        Case::pass(
            TUNING,
            r#"{"HyperParameterTuningJobArn": "arn",
                "TrainingJobDefinition": {"VpcConfig": {"Subnets": ["subnet-0a1b2c3d4e5f60718"]}}}"#,
        ),
        Case::fail(
            TUNING,
            r#"{"HyperParameterTuningJobArn": "arn",
                "TrainingJobDefinitions": [{"VpcConfig": {"Subnets": ["subnet-0a1b2c3d4e5f60718"]}}, {}]}"#,
        ),
        Case::unknown(TUNING, r#"{"HyperParameterTuningJobArn": "arn", "TrainingJobDefinitions": []}"#),
        Case::pass(
            PROCESSING,
            r#"{"ProcessingJobArn": "arn", "NetworkConfig": {"VpcConfig": {"Subnets": ["subnet-0a1b2c3d4e5f60718"]}}}"#,
        ),
        Case::fail(PROCESSING, r#"{"ProcessingJobArn": "arn", "NetworkConfig": {"EnableNetworkIsolation": true}}"#),
        Case::fail(PROCESSING, r#"{"ProcessingJobArn": "arn"}"#),
        Case::pass(
            AUTO_ML,
            r#"{"AutoMLJobArn": "arn", "SecurityConfig": {"VpcConfig": {"Subnets": ["subnet-0a1b2c3d4e5f60718"]}}}"#,
        ),
        Case::pass(
            AUTO_ML,
            r#"{"AutoMLJobArn": "arn",
                "AutoMLJobConfig": {"SecurityConfig": {"VpcConfig": {"Subnets": ["subnet-0a1b2c3d4e5f60718"]}}}}"#,
        ),
        Case::fail(
            AUTO_ML,
            r#"{"AutoMLJobArn": "arn", "SecurityConfig": {"EnableInterContainerTrafficEncryption": true}}"#,
        ),
    ]
};
