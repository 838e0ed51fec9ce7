use crate::judging::{job, switched_on};
use crate::{Action, Control, Kind, Reference, Severity, Tool};

const SWITCH: &str = "EnableInterContainerTrafficEncryption";

pub(super) const CONTROL: Control = Control {
    id: "job-traffic-encryption",
    title: "Jobs on several instances encrypt what passes between them",
    severity: Severity::Medium,
    kinds: &[Kind::TrainingJob, Kind::HyperParameterTuningJob, Kind::ProcessingJob, Kind::AutoMlJob],
    needs: &[],
    references: &[
        Reference::of(Tool::Prowler, "sagemaker_training_jobs_intercontainer_encryption_enabled", &[Kind::TrainingJob]),
        Reference::of(Tool::Custodian, "value: EnableInterContainerTrafficEncryption", &[Kind::TrainingJob]),
        Reference::of(
            Tool::Custodian,
            "value: NetworkConfig.EnableInterContainerTrafficEncryption",
            &[Kind::ProcessingJob],
        ),
        Reference::of(
            Tool::Custodian,
            "value: TrainingJobDefinition.EnableInterContainerTrafficEncryption",
            &[Kind::HyperParameterTuningJob],
        ),
        Reference::of(
            Tool::Custodian,
            "value: SecurityConfig.EnableInterContainerTrafficEncryption",
            &[Kind::AutoMlJob],
        ),
        Reference::of(
            Tool::Steampipe,
            "sagemaker_training_job_inter_container_traffic_encryption_enabled",
            &[Kind::TrainingJob],
        ),
    ],
    remediation: "A job cannot be changed: run it again with EnableInterContainerTrafficEncryption true (in \
                  NetworkConfig of a processing job, in SecurityConfig of an AutoML job, in each definition of a \
                  tuning job), and set it where the job comes from, such as the pipeline. Its security groups have to \
                  let UDP 500 and IP protocol 50 pass among themselves.",
    actions: &[Action::Notify, Action::Stop],
    evaluate: |resource, _| {
        job::each(resource, |job| match resource.kind {
            // It chooses its instances itself, and may choose several.
            Kind::AutoMlJob => job::security(job, |security| switched_on(security, SWITCH)),
            Kind::ProcessingJob => job::cluster(resource.kind, job, |cluster| {
                cluster.where_several(|| job::network(resource.kind, job, |network| switched_on(network, SWITCH)))
            }),
            // The service always answers it.
            kind => job::cluster(kind, job, |cluster| cluster.where_several(|| job.is_true(SWITCH))),
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
    &[
        Case::pass(
            TRAINING,
            r#"{"TrainingJobArn": "arn", "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 2},
                "EnableInterContainerTrafficEncryption": true}"#,
        ),
        Case::fail(
            TRAINING,
            r#"{"TrainingJobArn": "arn", "TrainingJobStatus": "Completed",
                "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 2},
                "EnableInterContainerTrafficEncryption": false}"#,
        ),
        Case::not_applicable(
            TRAINING,
            r#"{"TrainingJobArn": "arn", "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
                "EnableInterContainerTrafficEncryption": false}"#,
        ),
        Case::not_applicable(
            TRAINING,
            r#"{"TrainingJobArn": "arn", "ServerlessJobConfig": {"BaseModelArn": "arn", "JobType": "FineTuning"},
                "EnableInterContainerTrafficEncryption": false}"#,
        ),
        // Two groups of one instance each are two instances.
        Case::fail(
            TRAINING,
            r#"{"TrainingJobArn": "arn",
                "EnableInterContainerTrafficEncryption": false, "ResourceConfig": {"InstanceGroups": [
                {"InstanceGroupName": "data", "InstanceType": "ml.c5.large", "InstanceCount": 1},
                {"InstanceGroupName": "train", "InstanceType": "ml.p3.2xlarge", "InstanceCount": 1}]}}"#,
        ),
        // Of the types to choose from the second was, with one instance.
        Case::not_applicable(
            TRAINING,
            r#"{"TrainingJobArn": "arn", "EnableInterContainerTrafficEncryption": false, "ResourceConfig": {
                "InstancePreferences": [{"InstanceType": "ml.m5.large", "InstanceCount": 2},
                                        {"InstanceType": "ml.m5.4xlarge", "InstanceCount": 1}],
                "SelectedInstanceType": "ml.m5.4xlarge", "SelectedInstanceCount": 1}}"#,
        ),
        Case::fail(
            TRAINING,
            r#"{"TrainingJobArn": "arn",
                "EnableInterContainerTrafficEncryption": false, "ResourceConfig": {"InstanceCount": 2,
                "InstancePreferences": [{"InstanceType": "ml.m5.large"}, {"InstanceType": "ml.m5.xlarge"}]}}"#,
        ),
        // Recorded before the member existed.
        Case::unknown(
            TRAINING,
            r#"{"TrainingJobArn": "arn", "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 2}}"#,
        ),
        Case::unknown(TRAINING, r#"{"TrainingJobArn": "arn", "EnableInterContainerTrafficEncryption": false}"#),
        Case::unknown(
            TRAINING,
            r#"{"TrainingJobArn": "arn",
                "EnableInterContainerTrafficEncryption": false, "ResourceConfig": {"InstanceGroups": [
                {"InstanceGroupName": "data", "InstanceType": "ml.c5.large", "InstanceCount": 1}, {"InstanceCount": null}]}}"#,
        ),
        Case::pass(
            TUNING,
            r#"{"HyperParameterTuningJobArn": "arn", "TrainingJobDefinition": {
                "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 2},
                "EnableInterContainerTrafficEncryption": true}}"#,
        ),
        // One definition of two is enough.
        Case::fail(
            TUNING,
            r#"{"HyperParameterTuningJobArn": "arn", "TrainingJobDefinitions": [
                {"ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
                 "EnableInterContainerTrafficEncryption": false},
                {"HyperParameterTuningResourceConfig": {"AllocationStrategy": "Prioritized", "InstanceConfigs": [
                    {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30},
                    {"InstanceType": "ml.c5.large", "InstanceCount": 2, "VolumeSizeInGB": 30}]},
                 "EnableInterContainerTrafficEncryption": false}]}"#,
        ),
        Case::unknown(TUNING, r#"{"HyperParameterTuningJobArn": "arn"}"#),
        Case::pass(
            PROCESSING,
            r#"{"ProcessingJobArn": "arn", "NetworkConfig": {"EnableInterContainerTrafficEncryption": true},
                "ProcessingResources": {"ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 3}}}"#,
        ),
        // Nobody set a network, and off is what it is without.
        Case::fail(
            PROCESSING,
            r#"{"ProcessingJobArn": "arn",
                "ProcessingResources": {"ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 3}}}"#,
        ),
        Case::not_applicable(
            PROCESSING,
            r#"{"ProcessingJobArn": "arn",
                "ProcessingResources": {"ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1}}}"#,
        ),
        Case::unknown(
            PROCESSING,
            r#"{"ProcessingJobArn": "arn", "NetworkConfig": "none",
                "ProcessingResources": {"ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 3}}}"#,
        ),
        Case::pass(
            AUTO_ML,
            r#"{"AutoMLJobArn": "arn", "SecurityConfig": {"EnableInterContainerTrafficEncryption": true}}"#,
        ),
        Case::fail(
            AUTO_ML,
            r#"{"AutoMLJobArn": "arn", "SecurityConfig": {"EnableInterContainerTrafficEncryption": false}}"#,
        ),
        Case::fail(AUTO_ML, r#"{"AutoMLJobArn": "arn"}"#),
        Case::pass(
            AUTO_ML,
            r#"{"AutoMLJobArn": "arn",
                "AutoMLJobConfig": {"SecurityConfig": {"EnableInterContainerTrafficEncryption": true}}}"#,
        ),
    ]
};
