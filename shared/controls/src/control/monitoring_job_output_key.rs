use crate::judging::monitoring_job;
use crate::{Action, Control, Kind, Need, Reference, Severity, Tool};

pub(super) const CONTROL: Control = Control {
    id: "monitoring-job-output-key",
    title: "What monitoring jobs write is encrypted with a key of their own",
    severity: Severity::Medium,
    kinds: &[
        Kind::DataQualityJobDefinition,
        Kind::ModelQualityJobDefinition,
        Kind::ModelBiasJobDefinition,
        Kind::ModelExplainabilityJobDefinition,
        Kind::MonitoringSchedule,
    ],
    needs: &[Need::JobDefinition],
    references: &[
        Reference::of(Tool::Checkov, "CKV_AWS_367", &[Kind::DataQualityJobDefinition]),
        Reference::of(Tool::Custodian, "value: DataQualityJobOutputConfig.KmsKeyId", &[Kind::DataQualityJobDefinition]),
        Reference::of(
            Tool::Custodian,
            "value: ModelQualityJobOutputConfig.KmsKeyId",
            &[Kind::ModelQualityJobDefinition],
        ),
        Reference::of(Tool::Custodian, "value: ModelBiasJobOutputConfig.KmsKeyId", &[Kind::ModelBiasJobDefinition]),
        Reference::of(
            Tool::Custodian,
            "value: ModelExplainabilityJobOutputConfig.KmsKeyId",
            &[Kind::ModelExplainabilityJobDefinition],
        ),
    ],
    remediation: "A job definition cannot be changed: make a new one with the environment's KMS key as KmsKeyId of \
                  its output and name it in the schedule with UpdateMonitoringSchedule, then delete the old one. A \
                  definition that the schedule holds itself is replaced by the same call. Copy what was written onto \
                  itself under the key.",
    actions: &[Action::Notify],
    evaluate: |resource, _| monitoring_job(resource, |job| job.output.names("KmsKeyId")),
};

#[cfg(test)]
pub(super) const CASES: &[crate::case::Case] = {
    use crate::case::Case;
    const NAMING: &str = r#"{"MonitoringScheduleArn": "arn", "MonitoringScheduleStatus": "Scheduled",
        "MonitoringScheduleConfig": {"MonitoringJobDefinitionName": "churn", "MonitoringType": "ModelBias"}}"#;
    &[
        Case::pass(
            Kind::DataQualityJobDefinition,
            r#"{"JobDefinitionArn": "arn", "JobResources": {"ClusterConfig": {}},
                "DataQualityJobOutputConfig": {"MonitoringOutputs": [], "KmsKeyId": "alias/churn"}}"#,
        ),
        Case::fail(
            Kind::DataQualityJobDefinition,
            r#"{"JobDefinitionArn": "arn", "JobResources": {"ClusterConfig": {}},
                "DataQualityJobOutputConfig": {"MonitoringOutputs": [], "KmsKeyId": ""}}"#,
        ),
        Case::unknown(
            Kind::DataQualityJobDefinition,
            r#"{"JobDefinitionArn": "arn", "JobResources": {"ClusterConfig": {}}}"#,
        ),
        Case::pass(
            Kind::ModelQualityJobDefinition,
            r#"{"JobDefinitionArn": "arn", "JobResources": {"ClusterConfig": {}},
                "ModelQualityJobOutputConfig": {"KmsKeyId": "alias/churn"}}"#,
        ),
        Case::fail(
            Kind::ModelQualityJobDefinition,
            r#"{"JobDefinitionArn": "arn", "JobResources": {"ClusterConfig": {}},
                "ModelQualityJobOutputConfig": {"MonitoringOutputs": []}}"#,
        ),
        Case::pass(
            Kind::ModelBiasJobDefinition,
            r#"{"JobDefinitionArn": "arn", "JobResources": {"ClusterConfig": {}},
                "ModelBiasJobOutputConfig": {"KmsKeyId": "alias/churn"}}"#,
        ),
        Case::fail(
            Kind::ModelBiasJobDefinition,
            r#"{"JobDefinitionArn": "arn", "JobResources": {"ClusterConfig": {}},
                "ModelBiasJobOutputConfig": {"MonitoringOutputs": []}}"#,
        ),
        Case::pass(
            Kind::ModelExplainabilityJobDefinition,
            r#"{"JobDefinitionArn": "arn", "JobResources": {"ClusterConfig": {}},
                "ModelExplainabilityJobOutputConfig": {"KmsKeyId": "alias/churn"}}"#,
        ),
        Case::fail(
            Kind::ModelExplainabilityJobDefinition,
            r#"{"JobDefinitionArn": "arn", "JobResources": {"ClusterConfig": {}},
                "ModelExplainabilityJobOutputConfig": {"MonitoringOutputs": []}}"#,
        ),
        Case::pass(Kind::MonitoringSchedule, NAMING).related(&[(
            Need::JobDefinition,
            r#"{"JobResources": {"ClusterConfig": {}}, "ModelBiasJobOutputConfig": {"KmsKeyId": "alias/churn"}}"#,
        )]),
        Case::fail(
            Kind::MonitoringSchedule,
            r#"{"MonitoringScheduleArn": "arn", "MonitoringScheduleConfig": {"MonitoringJobDefinition": {
                "MonitoringResources": {"ClusterConfig": {}}, "MonitoringOutputConfig": {"MonitoringOutputs": []}}}}"#,
        ),
        Case::not_applicable(
            Kind::MonitoringSchedule,
            r#"{"MonitoringScheduleArn": "arn", "MonitoringScheduleStatus": "Failed",
                "MonitoringScheduleConfig": {"MonitoringJobDefinitionName": "churn"}}"#,
        ),
        Case::unknown(Kind::MonitoringSchedule, NAMING),
    ]
};
