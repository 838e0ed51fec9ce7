use crate::judging::monitoring_job;
use crate::{Action, Control, Kind, Need, Reference, Severity, Tool};

pub(super) const CONTROL: Control = Control {
    id: "monitoring-job-volume-key",
    title: "Monitoring jobs' volumes are encrypted with a key of their own",
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
        Reference::of(Tool::Checkov, "CKV_AWS_368", &[Kind::DataQualityJobDefinition]),
        Reference::of(
            Tool::Custodian,
            "value: JobResources.ClusterConfig.VolumeKmsKeyId",
            &[
                Kind::DataQualityJobDefinition,
                Kind::ModelQualityJobDefinition,
                Kind::ModelBiasJobDefinition,
                Kind::ModelExplainabilityJobDefinition,
            ],
        ),
    ],
    remediation: "A job definition cannot be changed: make a new one with the environment's KMS key as \
                  JobResources.ClusterConfig.VolumeKmsKeyId and name it in the schedule with \
                  UpdateMonitoringSchedule, then delete the old one. A definition that the schedule holds itself is \
                  replaced by the same call.",
    actions: &[Action::Notify],
    evaluate: |resource, _| monitoring_job(resource, |job| job.cluster.has_volume_key()),
};

#[cfg(test)]
pub(super) const CASES: &[crate::case::Case] = {
    use crate::case::Case;
    const KEY: &str = r#"{"JobDefinitionArn": "arn",
        "JobResources": {"ClusterConfig": {"InstanceType": "ml.m5.large", "VolumeKmsKeyId": "alias/churn"}}}"#;
    const NO_KEY: &str = r#"{"JobDefinitionArn": "arn",
        "JobResources": {"ClusterConfig": {"InstanceType": "ml.m5.large", "VolumeKmsKeyId": ""}}}"#;
    const NAMING: &str = r#"{"MonitoringScheduleArn": "arn", "MonitoringScheduleStatus": "Scheduled",
        "MonitoringScheduleConfig": {"MonitoringJobDefinitionName": "churn", "MonitoringType": "ModelQuality"}}"#;
    &[
        Case::pass(Kind::DataQualityJobDefinition, KEY),
        Case::fail(Kind::DataQualityJobDefinition, NO_KEY),
        Case::not_applicable(
            Kind::DataQualityJobDefinition,
            r#"{"JobDefinitionArn": "arn", "JobResources": {"ClusterConfig": {"InstanceType": "ml.g4dn.xlarge"}}}"#,
        ),
        Case::unknown(
            Kind::DataQualityJobDefinition,
            r#"{"JobDefinitionArn": "arn", "JobResources": {"ClusterConfig": {}}}"#,
        ),
        Case::pass(Kind::ModelQualityJobDefinition, KEY),
        Case::fail(Kind::ModelQualityJobDefinition, NO_KEY),
        Case::pass(Kind::ModelBiasJobDefinition, KEY),
        Case::fail(Kind::ModelBiasJobDefinition, NO_KEY),
        Case::pass(Kind::ModelExplainabilityJobDefinition, KEY),
        Case::fail(Kind::ModelExplainabilityJobDefinition, NO_KEY),
        Case::pass(Kind::MonitoringSchedule, NAMING).related(&[(Need::JobDefinition, KEY)]),
        Case::fail(Kind::MonitoringSchedule, NAMING).related(&[(Need::JobDefinition, NO_KEY)]),
        Case::fail(
            Kind::MonitoringSchedule,
            r#"{"MonitoringScheduleArn": "arn", "MonitoringScheduleConfig": {"MonitoringJobDefinition": {
                "MonitoringResources": {"ClusterConfig": {"InstanceType": "ml.m5.large"}}}}}"#,
        ),
        Case::unknown(Kind::MonitoringSchedule, NAMING),
    ]
};
