use crate::judging::{monitoring_job, switched_on, within};
use crate::{Action, Control, Kind, Need, Reference, Severity, Tool};

pub(super) const CONTROL: Control = Control {
    id: "monitoring-job-traffic-encryption",
    title: "Monitoring jobs on several instances encrypt what passes between them",
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
        Reference::of(Tool::SecurityHub, "SageMaker.9", &[Kind::DataQualityJobDefinition]),
        Reference::of(Tool::SecurityHub, "SageMaker.13", &[Kind::ModelQualityJobDefinition]),
        Reference::of(Tool::SecurityHub, "SageMaker.15", &[Kind::ModelBiasJobDefinition]),
        Reference::of(Tool::SecurityHub, "SageMaker.10", &[Kind::ModelExplainabilityJobDefinition]),
        Reference::of(Tool::SecurityHub, "SageMaker.22", &[Kind::MonitoringSchedule]),
        Reference::of(Tool::Config, "sagemaker-data-quality-job-encrypt-in-transit", &[Kind::DataQualityJobDefinition]),
        Reference::of(
            Tool::Config,
            "sagemaker-model-quality-job-encrypt-in-transit",
            &[Kind::ModelQualityJobDefinition],
        ),
        Reference::of(Tool::Config, "sagemaker-model-bias-job-encrypt-in-transit", &[Kind::ModelBiasJobDefinition]),
        Reference::of(
            Tool::Config,
            "sagemaker-model-explainability-job-encrypt-in-transit",
            &[Kind::ModelExplainabilityJobDefinition],
        ),
        Reference::of(Tool::Config, "sagemaker-monitoring-schedule-traffic-encryption", &[Kind::MonitoringSchedule]),
        Reference::of(Tool::Checkov, "CKV_AWS_369", &[Kind::DataQualityJobDefinition]),
        Reference::of(
            Tool::Custodian,
            "value: NetworkConfig.EnableInterContainerTrafficEncryption",
            &[
                Kind::DataQualityJobDefinition,
                Kind::ModelQualityJobDefinition,
                Kind::ModelBiasJobDefinition,
                Kind::ModelExplainabilityJobDefinition,
            ],
        ),
    ],
    remediation: "A job definition cannot be changed: make a new one with \
                  NetworkConfig.EnableInterContainerTrafficEncryption true and name it in the schedule with \
                  UpdateMonitoringSchedule, then delete the old one. A definition that the schedule holds itself is \
                  replaced by the same call. One instance needs no encryption.",
    actions: &[Action::Notify],
    evaluate: |resource, _| {
        monitoring_job(resource, |job| {
            job.cluster.where_several(|| {
                within(&job.definition, "NetworkConfig", |network| {
                    switched_on(network, "EnableInterContainerTrafficEncryption")
                })
            })
        })
    },
};

#[cfg(test)]
pub(super) const CASES: &[crate::case::Case] = {
    use crate::case::Case;
    const ON: &str = r#"{"JobDefinitionArn": "arn", "JobResources": {"ClusterConfig": {"InstanceCount": 2}},
        "NetworkConfig": {"EnableInterContainerTrafficEncryption": true}}"#;
    const OFF: &str = r#"{"JobDefinitionArn": "arn", "JobResources": {"ClusterConfig": {"InstanceCount": 2}},
        "NetworkConfig": {"EnableInterContainerTrafficEncryption": false}}"#;
    const NO_NETWORK: &str = r#"{"JobDefinitionArn": "arn", "JobResources": {"ClusterConfig": {"InstanceCount": 2}}}"#;
    const ONE: &str = r#"{"JobDefinitionArn": "arn", "JobResources": {"ClusterConfig": {"InstanceCount": 1}}}"#;
    const NAMING: &str = r#"{"MonitoringScheduleArn": "arn", "MonitoringScheduleStatus": "Scheduled",
        "MonitoringScheduleConfig": {"MonitoringJobDefinitionName": "churn", "MonitoringType": "DataQuality"}}"#;
    &[
        Case::pass(Kind::DataQualityJobDefinition, ON),
        Case::fail(Kind::DataQualityJobDefinition, OFF),
        Case::fail(Kind::DataQualityJobDefinition, NO_NETWORK),
        Case::not_applicable(Kind::DataQualityJobDefinition, ONE),
        Case::unknown(Kind::DataQualityJobDefinition, r#"{"JobDefinitionArn": "arn"}"#),
        Case::unknown(
            Kind::DataQualityJobDefinition,
            r#"{"JobDefinitionArn": "arn", "JobResources": {"ClusterConfig": {"InstanceCount": 2.5}}}"#,
        ),
        Case::pass(Kind::ModelQualityJobDefinition, ON),
        Case::fail(Kind::ModelQualityJobDefinition, OFF),
        Case::pass(Kind::ModelBiasJobDefinition, ON),
        Case::fail(Kind::ModelBiasJobDefinition, OFF),
        Case::pass(Kind::ModelExplainabilityJobDefinition, ON),
        Case::fail(Kind::ModelExplainabilityJobDefinition, OFF),
        Case::pass(
            Kind::MonitoringSchedule,
            r#"{"MonitoringScheduleArn": "arn", "MonitoringScheduleConfig": {"MonitoringJobDefinition": {
                "MonitoringResources": {"ClusterConfig": {"InstanceCount": 2}},
                "NetworkConfig": {"EnableInterContainerTrafficEncryption": true}}}}"#,
        ),
        Case::fail(
            Kind::MonitoringSchedule,
            r#"{"MonitoringScheduleArn": "arn", "MonitoringScheduleConfig": {"MonitoringJobDefinition": {
                "MonitoringResources": {"ClusterConfig": {"InstanceCount": 2}}}}}"#,
        ),
        Case::pass(Kind::MonitoringSchedule, NAMING).related(&[(Need::JobDefinition, ON)]),
        Case::fail(Kind::MonitoringSchedule, NAMING).related(&[(Need::JobDefinition, OFF)]),
        Case::not_applicable(Kind::MonitoringSchedule, NAMING).related(&[(Need::JobDefinition, ONE)]),
        // The definition that it names could not be read.
        Case::unknown(Kind::MonitoringSchedule, NAMING),
        Case::unknown(Kind::MonitoringSchedule, r#"{"MonitoringScheduleArn": "arn", "MonitoringScheduleConfig": {}}"#),
    ]
};
