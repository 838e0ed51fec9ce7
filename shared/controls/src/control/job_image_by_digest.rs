use crate::judging::{is_named_by_digest, job};
use crate::{Action, Control, Kind, Reference, Severity, Tool, Verdict};

pub(super) const CONTROL: Control = Control {
    id: "job-image-by-digest",
    title: "Jobs name the account's own images by digest",
    severity: Severity::Medium,
    kinds: &[Kind::TrainingJob, Kind::HyperParameterTuningJob, Kind::ProcessingJob],
    needs: &[],
    references: &[
        Reference::of(Tool::Custodian, "value: AlgorithmSpecification.TrainingImage", &[Kind::TrainingJob]),
        Reference::of(
            Tool::Custodian,
            "value: TrainingJobDefinition.AlgorithmSpecification.TrainingImage",
            &[Kind::HyperParameterTuningJob],
        ),
        Reference::of(Tool::Custodian, "value: AppSpecification.ImageUri", &[Kind::ProcessingJob]),
    ],
    remediation: "Name the image as registry/repository@sha256:..., with the digest that aws ecr describe-images \
                  gives for the tag, where the job comes from, such as the pipeline; let the pipeline that builds the \
                  image write the new digest there. Tag immutability of the repository helps, but not against its \
                  deletion and re-creation.",
    actions: &[Action::Notify, Action::Stop],
    evaluate: |resource, _| {
        job::each(resource, |job| {
            if resource.kind == Kind::ProcessingJob {
                return is_named_by_digest(&job.member("AppSpecification.ImageUri"));
            }
            let algorithm = job.member("AlgorithmSpecification");
            let image = algorithm.member("TrainingImage");
            if job.member("ServerlessJobConfig").is_present() {
                Verdict::NotApplicable("a serverless job runs an image of AWS".to_owned())
            } else if algorithm.member("AlgorithmName").is_present() && !image.is_present() {
                Verdict::NotApplicable("its image is that of a published algorithm".to_owned())
            } else {
                is_named_by_digest(&image)
            }
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
        Case::pass(
            TRAINING,
            r#"{"TrainingJobArn": "arn", "AlgorithmSpecification": {"TrainingImage":
                "111111111111.dkr.ecr.eu-central-1.amazonaws.com/churn@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}}"#,
        ),
        Case::pass(
            TRAINING,
            r#"{"TrainingJobArn": "arn", "AlgorithmSpecification": {"TrainingImage":
                "111111111111.dkr.ecr.eu-central-1.amazonaws.com/churn:7@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}}"#,
        ),
        Case::fail(
            TRAINING,
            r#"{"TrainingJobArn": "arn", "AlgorithmSpecification":
                {"TrainingImage": "111111111111.dkr.ecr.eu-central-1.amazonaws.com/churn:latest"}}"#,
        ),
        Case::fail(
            TRAINING,
            r#"{"TrainingJobArn": "arn", "AlgorithmSpecification":
                {"TrainingImage": "111111111111.dkr.ecr.eu-central-1.amazonaws.com/churn@sha256:9f86d0"}}"#,
        ),
        // AWS's account, but not in the place of the registry's.
        Case::fail(
            TRAINING,
            r#"{"TrainingJobArn": "arn", "AlgorithmSpecification":
                {"TrainingImage": "registry.example.com/763104351884.dkr.ecr.eu-central-1.amazonaws.com/churn:1"}}"#,
        ),
        Case::fail(
            TRAINING,
            r#"{"TrainingJobArn": "arn", "AlgorithmSpecification":
                {"TrainingImage": "763104351884.dkr.ecr.example.com/churn:1"}}"#,
        ),
        Case::not_applicable(
            TRAINING,
            r#"{"TrainingJobArn": "arn", "AlgorithmSpecification": {"TrainingImage":
                "763104351884.dkr.ecr.eu-central-1.amazonaws.com/pytorch-training:2.5.1-cpu-py311-ubuntu22.04-sagemaker"}}"#,
        ),
        Case::not_applicable(
            TRAINING,
            r#"{"TrainingJobArn": "arn", "AlgorithmSpecification": {"TrainingImage":
                "450853457545.dkr.ecr.cn-north-1.amazonaws.com.cn/sagemaker-xgboost:1.7-1"}}"#,
        ),
        Case::not_applicable(
            TRAINING,
            r#"{"TrainingJobArn": "arn", "AlgorithmSpecification":
                {"AlgorithmName": "arn:aws:sagemaker:eu-central-1:111111111111:algorithm/churn"}}"#,
        ),
        Case::not_applicable(
            TRAINING,
            r#"{"TrainingJobArn": "arn", "ServerlessJobConfig": {"BaseModelArn": "arn", "JobType": "FineTuning"}}"#,
        ),
        Case::unknown(TRAINING, r#"{"TrainingJobArn": "arn"}"#),
        Case::pass(
            TUNING,
            r#"{"HyperParameterTuningJobArn": "arn",
                "TrainingJobDefinition": {"AlgorithmSpecification": {"TrainingImage":
                "111111111111.dkr.ecr.eu-central-1.amazonaws.com/churn@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}}}"#,
        ),
        Case::fail(
            TUNING,
            r#"{"HyperParameterTuningJobArn": "arn", "TrainingJobDefinitions": [
                {"AlgorithmSpecification": {"AlgorithmName": "churn"}},
                {"AlgorithmSpecification": {"TrainingImage": "111111111111.dkr.ecr.eu-central-1.amazonaws.com/churn"}}]}"#,
        ),
        Case::pass(
            PROCESSING,
            r#"{"ProcessingJobArn": "arn", "AppSpecification": {"ImageUri":
                "111111111111.dkr.ecr.eu-central-1.amazonaws.com/churn@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}}"#,
        ),
        Case::fail(
            PROCESSING,
            r#"{"ProcessingJobArn": "arn", "AppSpecification": {"ImageUri":
                "111111111111.dkr.ecr.eu-central-1.amazonaws.com/churn:7"}}"#,
        ),
        Case::unknown(PROCESSING, r#"{"ProcessingJobArn": "arn", "AppSpecification": {"ImageUri": ""}}"#),
    ]
};
