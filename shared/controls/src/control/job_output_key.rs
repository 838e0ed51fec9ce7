use crate::judging::job;
use crate::{Action, Control, Kind, Reference, Severity, Tool, Verdict};

pub(super) const CONTROL: Control = Control {
    id: "job-output-key",
    title: "What jobs write is encrypted with a key of their own",
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
        Reference::of(Tool::Custodian, "value: OutputDataConfig.KmsKeyId", &[Kind::TrainingJob, Kind::AutoMlJob]),
        Reference::of(
            Tool::Custodian,
            "value: TrainingJobDefinition.OutputDataConfig.KmsKeyId",
            &[Kind::HyperParameterTuningJob],
        ),
        Reference::of(Tool::Custodian, "value: ProcessingOutputConfig.KmsKeyId", &[Kind::ProcessingJob]),
        Reference::of(Tool::Custodian, "value: TransformOutput.KmsKeyId", &[Kind::TransformJob]),
        // It looks at the output alone, its name notwithstanding.
        Reference::of(
            Tool::Steampipe,
            "sagemaker_training_job_volume_and_data_encryption_enabled",
            &[Kind::TrainingJob],
        ),
    ],
    remediation: "Run the job again with the environment's KMS key as KmsKeyId of its output (OutputDataConfig of \
                  training, tuning and AutoML jobs, ProcessingOutputConfig, TransformOutput), and set it where the \
                  job comes from, such as the pipeline. Copy what the job has written onto itself under the key, or \
                  delete it.",
    actions: &[Action::Notify, Action::Stop],
    evaluate: |resource, _| {
        job::each(resource, |job| match resource.kind {
            Kind::ProcessingJob if !job.member("ProcessingOutputConfig").is_present() => {
                Verdict::NotApplicable("it has no output".to_owned())
            }
            Kind::ProcessingJob => job.member("ProcessingOutputConfig").names("KmsKeyId"),
            Kind::TransformJob => job.member("TransformOutput").names("KmsKeyId"),
            _ => job.member("OutputDataConfig").names("KmsKeyId"),
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
                "OutputDataConfig": {"S3OutputPath": "s3://churn/", "KmsKeyId": "alias/churn"}}"#,
        ),
        Case::fail(TRAINING, r#"{"TrainingJobArn": "arn", "OutputDataConfig": {"S3OutputPath": "s3://churn/"}}"#),
        Case::fail(
            TRAINING,
            r#"{"TrainingJobArn": "arn", "OutputDataConfig": {"S3OutputPath": "s3://churn/", "KmsKeyId": ""}}"#,
        ),
        // A key for the volume is none for the output.
        Case::fail(
            TRAINING,
            r#"{"TrainingJobArn": "arn", "OutputDataConfig": {"S3OutputPath": "s3://churn/"},
                "ResourceConfig": {"VolumeKmsKeyId": "alias/churn"}}"#,
        ),
        Case::unknown(TRAINING, r#"{"TrainingJobArn": "arn"}"#),
        Case::pass(
            TUNING,
            r#"{"HyperParameterTuningJobArn": "arn",
                "TrainingJobDefinition": {"OutputDataConfig": {"S3OutputPath": "s3://churn/", "KmsKeyId": "alias/churn"}}}"#,
        ),
        Case::fail(
            TUNING,
            r#"{"HyperParameterTuningJobArn": "arn", "TrainingJobDefinitions": [
                {"OutputDataConfig": {"S3OutputPath": "s3://churn/", "KmsKeyId": "alias/churn"}},
                {"OutputDataConfig": {"S3OutputPath": "s3://churn/"}}]}"#,
        ),
        Case::pass(
            PROCESSING,
            r#"{"ProcessingJobArn": "arn", "ProcessingOutputConfig": {"Outputs": [], "KmsKeyId": "alias/churn"}}"#,
        ),
        Case::fail(PROCESSING, r#"{"ProcessingJobArn": "arn", "ProcessingOutputConfig": {"Outputs": []}}"#),
        Case::not_applicable(PROCESSING, r#"{"ProcessingJobArn": "arn"}"#),
        Case::pass(
            TRANSFORM,
            r#"{"TransformJobArn": "arn",
                "TransformOutput": {"S3OutputPath": "s3://churn/", "KmsKeyId": "alias/churn"}}"#,
        ),
        Case::fail(
            TRANSFORM,
            r#"{"TransformJobArn": "arn", "TransformOutput": {"S3OutputPath": "s3://churn/", "KmsKeyId": ""}}"#,
        ),
        Case::pass(
            AUTO_ML,
            r#"{"AutoMLJobArn": "arn",
                "OutputDataConfig": {"S3OutputPath": "s3://churn/", "KmsKeyId": "alias/churn"}}"#,
        ),
        Case::fail(AUTO_ML, r#"{"AutoMLJobArn": "arn", "OutputDataConfig": {"S3OutputPath": "s3://churn/"}}"#),
    ]
};
