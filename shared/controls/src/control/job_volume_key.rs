use crate::judging::job;
use crate::{Action, Control, Kind, Reference, Severity, Tool};

pub(super) const CONTROL: Control = Control {
    id: "job-volume-key",
    title: "Jobs' volumes are encrypted with a key of their own",
    severity: Severity::Medium,
    kinds: &[
        Kind::TrainingJob,
        Kind::HyperParameterTuningJob,
        Kind::ProcessingJob,
        Kind::TransformJob,
        Kind::AutoMlJob,
    ],
    needs: &[],
    references: &[
        // It looks at the volume alone, its name notwithstanding.
        Reference::of(
            Tool::Prowler,
            "sagemaker_training_jobs_volume_and_output_encryption_enabled",
            &[Kind::TrainingJob],
        ),
        Reference::of(Tool::Custodian, "value: ResourceConfig.VolumeKmsKeyId", &[Kind::TrainingJob]),
        Reference::of(
            Tool::Custodian,
            "value: TrainingJobDefinition.ResourceConfig.VolumeKmsKeyId",
            &[Kind::HyperParameterTuningJob],
        ),
        Reference::of(
            Tool::Custodian,
            "value: ProcessingResources.ClusterConfig.VolumeKmsKeyId",
            &[Kind::ProcessingJob],
        ),
        Reference::of(Tool::Custodian, "value: TransformResources.VolumeKmsKeyId", &[Kind::TransformJob]),
        Reference::of(Tool::Custodian, "value: SecurityConfig.VolumeKmsKeyId", &[Kind::AutoMlJob]),
    ],
    remediation: "A job cannot be changed: run it again with the environment's KMS key as VolumeKmsKeyId (in \
                  ResourceConfig of a training job and of a tuning job's definitions, in \
                  ProcessingResources.ClusterConfig, in TransformResources, in SecurityConfig of an AutoML job), and \
                  set it where the job comes from, such as the pipeline. A warm pool keeps its volume, and takes only \
                  jobs of the same key.",
    actions: &[Action::Notify, Action::Stop],
    evaluate: |resource, _| {
        job::each(resource, |job| match resource.kind {
            // It chooses its instances itself.
            Kind::AutoMlJob => job::security(job, |security| security.names("VolumeKmsKeyId")),
            kind => job::cluster(kind, job, |cluster| cluster.has_volume_key()),
        })
    },
};

#[cfg(test)]
pub(super) const CASES: &[crate::case::Case] = {
    use crate::case::Case;
    const TRAINING: Kind = Kind::TrainingJob;
    const TUNING: Kind = Kind::HyperParameterTuningJob;
    const PROCESSING: Kind = Kind::ProcessingJob;
    const TRANSFORM: Kind = Kind::TransformJob;
    const AUTO_ML: Kind = Kind::AutoMlJob;
    &[
        Case::pass(
            TRAINING,
            r#"{"TrainingJobArn": "arn",
                "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeKmsKeyId": "alias/churn"}}"#,
        ),
        Case::fail(
            TRAINING,
            r#"{"TrainingJobArn": "arn", "TrainingJobStatus": "Completed", "WarmPoolStatus": {"Status": "Available"},
                "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "KeepAlivePeriodInSeconds": 600}}"#,
        ),
        Case::fail(
            TRAINING,
            r#"{"TrainingJobArn": "arn",
                "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeKmsKeyId": ""}}"#,
        ),
        // The service refuses a key for these.
        Case::not_applicable(
            TRAINING,
            r#"{"TrainingJobArn": "arn", "ResourceConfig": {"InstanceType": "ml.g4dn.xlarge", "InstanceCount": 1}}"#,
        ),
        Case::not_applicable(
            TRAINING,
            r#"{"TrainingJobArn": "arn", "ResourceConfig": {"InstanceGroups": [
                {"InstanceGroupName": "data", "InstanceType": "ml.c5.large", "InstanceCount": 2},
                {"InstanceGroupName": "train", "InstanceType": "ml.p4d.24xlarge", "InstanceCount": 1}]}}"#,
        ),
        Case::fail(
            TRAINING,
            r#"{"TrainingJobArn": "arn", "ResourceConfig": {"InstanceGroups": [
                {"InstanceGroupName": "data", "InstanceType": "ml.c5.large", "InstanceCount": 2},
                {"InstanceGroupName": "train", "InstanceType": "ml.p3.2xlarge", "InstanceCount": 1}]}}"#,
        ),
        Case::fail(
            TRAINING,
            r#"{"TrainingJobArn": "arn", "ResourceConfig": {"SelectedInstanceType": "ml.m5.large",
                "InstancePreferences": [{"InstanceType": "ml.g5.xlarge"}, {"InstanceType": "ml.m5.large"}]}}"#,
        ),
        Case::not_applicable(
            TRAINING,
            r#"{"TrainingJobArn": "arn", "ServerlessJobConfig": {"BaseModelArn": "arn", "JobType": "FineTuning"}}"#,
        ),
        Case::unknown(TRAINING, r#"{"TrainingJobArn": "arn"}"#),
        Case::unknown(TRAINING, r#"{"TrainingJobArn": "arn", "ResourceConfig": {"InstanceCount": 1}}"#),
        Case::unknown(
            TRAINING,
            r#"{"TrainingJobArn": "arn", "ResourceConfig": {"InstanceType": "ml.m5.large", "VolumeKmsKeyId": 7}}"#,
        ),
        Case::pass(
            TUNING,
            r#"{"HyperParameterTuningJobArn": "arn", "TrainingJobDefinition": {"HyperParameterTuningResourceConfig": {
                "InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeKmsKeyId": "alias/churn"}}}"#,
        ),
        Case::fail(
            TUNING,
            r#"{"HyperParameterTuningJobArn": "arn", "TrainingJobDefinitions": [
                {"ResourceConfig": {"InstanceType": "ml.m5d.large", "InstanceCount": 1}},
                {"HyperParameterTuningResourceConfig": {"InstanceConfigs": [
                    {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30},
                    {"InstanceType": "ml.c5.large", "InstanceCount": 1, "VolumeSizeInGB": 30}]}}]}"#,
        ),
        Case::pass(
            PROCESSING,
            r#"{"ProcessingJobArn": "arn", "ProcessingResources": {"ClusterConfig": {"InstanceType": "ml.m5.large",
                "InstanceCount": 1, "VolumeSizeInGB": 30, "VolumeKmsKeyId": "alias/churn"}}}"#,
        ),
        Case::fail(
            PROCESSING,
            r#"{"ProcessingJobArn": "arn", "ProcessingResources": {"ClusterConfig": {"InstanceType": "ml.m5.large",
                "InstanceCount": 1, "VolumeSizeInGB": 30}}}"#,
        ),
        Case::pass(
            TRANSFORM,
            r#"{"TransformJobArn": "arn", "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1,
                "VolumeKmsKeyId": "alias/churn"}}"#,
        ),
        Case::fail(
            TRANSFORM,
            r#"{"TransformJobArn": "arn", "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1}}"#,
        ),
        Case::not_applicable(
            TRANSFORM,
            r#"{"TransformJobArn": "arn", "TransformResources": {"InstanceType": "ml.g5.xlarge", "InstanceCount": 1}}"#,
        ),
        Case::pass(AUTO_ML, r#"{"AutoMLJobArn": "arn", "SecurityConfig": {"VolumeKmsKeyId": "alias/churn"}}"#),
        Case::fail(AUTO_ML, r#"{"AutoMLJobArn": "arn", "SecurityConfig": {}}"#),
        Case::fail(
            AUTO_ML,
            r#"{"AutoMLJobArn": "arn",
                "AutoMLJobConfig": {"SecurityConfig": {"EnableInterContainerTrafficEncryption": true}}}"#,
        ),
    ]
};
